"""Inspection of stored archives: names, contents and diffs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from codepush.errors import PackageError
from codepush.packaging.archive import is_archive, read_manifest
from codepush.packaging.diff import LIST_NAME
from codepush.packaging.directory import DEFAULT_LIMITS, RELEASE_LIMITS, read_directory
from codepush.packaging.manifest import hash_file, is_ignored, list_files
from codepush.packaging.reader import Reader

if TYPE_CHECKING:
    from codepush.packaging.manifest import Manifest

__all__ = ["leads_to", "names_in", "stored_hash"]


def names_in(path: str | os.PathLike[str]) -> list[str]:
    """Return the names of the files that a release of a directory or an archive holds; of a single file, none.

    Raises:
        PackageError: The directory cannot be read, or the archive is unsafe, damaged or beyond the limits.

    """
    root = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would use the name of a link's target
    if root.is_dir():
        return [f"{root.name}/{file.name}" for file in list_files(root) if not is_ignored(file.name)]
    if not root.is_file():
        return []
    with root.open("rb") as source:
        if not is_archive(source):
            return []
        entries = read_directory(source, RELEASE_LIMITS)
    return [entry.name for entry in entries if not entry.is_folder and not is_ignored(entry.name)]


def stored_hash(path: Path) -> str:
    """Return the package hash of a stored package, computed from all that is in it.

    Raises:
        PackageError: The archive is damaged.

    """
    with path.open("rb") as file:
        if is_archive(file):
            return read_manifest(file).package_hash
    return hash_file(path)


def leads_to(path: Path, old: Manifest, new: Manifest) -> bool:
    """Return whether a diff turns the old package into the new one.

    Raises:
        PackageError: The diff is damaged, or has no list of files to delete.

    """
    with path.open("rb") as file:
        reader = Reader(file, limits=DEFAULT_LIMITS)
        carried = dict(reader.manifest().files)
        listed = next((entry for entry in reader.files if entry.name == LIST_NAME), None)
        if listed is None:
            raise PackageError(f"The diff has no {LIST_NAME}.")
        deleted = _deleted(b"".join(reader.pieces(listed)))
    del carried[LIST_NAME]
    kept = {name: sha256 for name, sha256 in old.files.items() if name not in deleted}
    return kept | carried == new.files


def _deleted(text: bytes) -> set[str]:
    try:
        return set(json.loads(text)["deletedFiles"])
    except (ValueError, KeyError, TypeError) as error:
        raise PackageError(f"The diff's {LIST_NAME} is malformed.") from error
