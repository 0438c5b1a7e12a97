"""Archives: checked, normalised, unpacked.

Uploaded archives are untrusted, and devices run their contents as code. A reader rejects unsafe archives
(:mod:`codepush.packaging.directory`, :mod:`codepush.packaging.reader`), and a writer creates the stored ones
(:mod:`codepush.packaging.writer`).
"""

from __future__ import annotations

import hashlib
import shutil
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from msgspec import Struct

from codepush.errors import PackageError
from codepush.packaging.directory import DEFAULT_LIMITS, RELEASE_LIMITS, Entry, Limits, is_archive
from codepush.packaging.manifest import Manifest, hash_file
from codepush.packaging.reader import Reader
from codepush.packaging.releasable import check_releasable
from codepush.packaging.writer import DEFAULT_LEVEL, ArchiveIndex, IndexEntry, Item, write_archive

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "DEFAULT_LEVEL",
    "DEFAULT_LIMITS",
    "RELEASE_LIMITS",
    "ArchiveIndex",
    "IndexEntry",
    "Limits",
    "StoredPackage",
    "extract",
    "is_archive",
    "normalise",
    "read_manifest",
    "store_package",
]


class StoredPackage(Struct, frozen=True, kw_only=True):
    """A package as a server stores it.

    Attributes:
        hash: Package hash, or for a single file the sha256 of its bytes (lower-case hex).
        manifest: Files of an archive; ``None`` for a single file.
        index: Index of the stored archive; ``None`` for a single file.
        size: Stored size in bytes.

    """

    hash: str
    manifest: Manifest | None
    index: ArchiveIndex | None
    size: int


def read_manifest(source: BinaryIO, *, limits: Limits = DEFAULT_LIMITS) -> Manifest:
    """Check and read a whole archive, and return its manifest.

    Raises:
        PackageError: The archive is unsafe, damaged, beyond the limits, or has no file that counts.

    """
    return Reader(source, limits=limits).manifest()


def normalise(
    source: BinaryIO, target: BinaryIO, *, limits: Limits = DEFAULT_LIMITS, level: int = DEFAULT_LEVEL
) -> ArchiveIndex:
    """Write the files of an archive as a reproducible archive, whose bytes depend only on its content.

    Folder entries and ignored files are dropped; signatures stay. The package hash does not change.

    Args:
        source: The archive, open and seekable.
        target: An open, seekable and empty file.
        limits: Limits of the archive.
        level: The libdeflate level, 1 (fast) to 12 (small).

    Raises:
        PackageError: The archive is unsafe, damaged, beyond the limits, or has no file of a package; the message names
            the entry and the reason. The target may then hold a part of the archive.

    """
    return _rewrite(Reader(source, limits=limits), target, level)


def _rewrite(reader: Reader, target: BinaryIO, level: int) -> ArchiveIndex:
    items = (Item(entry.name, entry.size, partial(reader.pieces, entry)) for entry in reader.files)
    return write_archive(items, target, level=level)


def extract(source: BinaryIO, directory: Path, *, limits: Limits = DEFAULT_LIMITS) -> Manifest:
    """Unpack an archive into a directory and return its manifest.

    Nothing is ever written outside the directory. Folder entries and ignored files are passed over.

    Args:
        source: The archive, open and seekable.
        directory: Target directory; it must be empty or not exist yet (its parent must).
        limits: Limits of the archive.

    Raises:
        PackageError: The directory is not empty, or the archive is invalid; all written files are removed.

    """
    reader = Reader(source, limits=limits)
    with ExitStack() as undo:
        _claim(directory, undo)
        manifest = Manifest.of([(entry.name, _extract(reader, entry, directory)) for entry in reader.files])
        undo.pop_all()
    return manifest


def store_package(
    source: Path,
    target: Path,
    *,
    limits: Limits = RELEASE_LIMITS,
    level: int = DEFAULT_LEVEL,
    for_windows: bool = False,
) -> StoredPackage:
    """Write an uploaded package to storage: archives normalised, single files as they are.

    Args:
        source: The uploaded file.
        target: The file to write, which must not exist. It is not synced to disk.
        limits: Limits of an archive.
        level: The libdeflate level, 1 (fast) to 12 (small).
        for_windows: Whether the app runs on Windows, where some names are invalid.

    Raises:
        PackageError: The upload is empty or an invalid archive. The target is removed.

    """
    with ExitStack() as undo, source.open("rb") as uploaded, target.open("x+b") as stored:
        undo.callback(target.unlink)
        if is_archive(uploaded):
            reader = Reader(uploaded, limits=limits)
            check_releasable((entry.name for entry in reader.files), for_windows=for_windows)
            index = _rewrite(reader, stored, level)
            manifest = index.manifest
            package = StoredPackage(hash=manifest.package_hash, manifest=manifest, index=index, size=index.size)
        else:
            package = _store_file(source, uploaded, stored)
        undo.pop_all()
    return package


def _store_file(path: Path, uploaded: BinaryIO, stored: BinaryIO) -> StoredPackage:
    uploaded.seek(0)
    shutil.copyfileobj(uploaded, stored)
    if stored.tell() == 0:
        raise PackageError("The package is empty. Upload a bundle, or an archive with files in it.")
    return StoredPackage(hash=hash_file(path), manifest=None, index=None, size=stored.tell())


def _claim(directory: Path, undo: ExitStack) -> None:
    """Create the directory, or use an empty one, and restore its state if anything fails."""
    if not directory.exists():
        directory.mkdir()
        undo.callback(shutil.rmtree, directory)
    elif any(directory.iterdir()):
        raise PackageError(f'"{directory}" is not empty. Unpack into an empty directory, or a new one.')
    else:
        undo.callback(_empty, directory)


def _empty(directory: Path) -> None:
    for child in directory.iterdir():
        shutil.rmtree(child) if child.is_dir() else child.unlink()


def _extract(reader: Reader, entry: Entry, directory: Path) -> str:
    path = directory / entry.name
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with _new_file(path) as file:
        for piece in reader.pieces(entry):
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def _new_file(path: Path) -> BinaryIO:
    try:
        return path.open("xb")
    except FileExistsError as error:
        raise PackageError(f'"{path}" already exists: this file system ignores letter case.') from error
