"""Packages on this machine, made ready to be sent.

What a person releases is a directory, an archive or a single file. All three become one file to send and the hash the
server will answer with, before anything is sent, so that a build job can know and compare the hash first. A directory
becomes a normalised archive with names relative to its parent, as the original tools make it.
"""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from msgspec import Struct

from codepush.errors import PackageError
from codepush.packaging.archive import DEFAULT_LEVEL, DEFAULT_LIMITS, Limits, is_archive, read_manifest
from codepush.packaging.manifest import FileOnDisk, Manifest, hash_file, is_empty, is_ignored, list_files, unreadable
from codepush.packaging.names import check_name, check_together
from codepush.packaging.writer import Item, write_archive

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LocalPackage", "package_directory", "prepare"]

_PIECE: Final = 1 << 20
_ADVICE: Final = "Pass the directory, archive or bundle that your build wrote."


class LocalPackage(Struct, frozen=True, kw_only=True):
    """A package ready to be sent. A context manager: leaving it removes the temporary archive, if there is one.

    Attributes:
        path: the file to send.
        hash: the package hash, or for a single file the sha256 of its bytes (lower-case hex).
        manifest: the files in it; ``None`` for a single file.
        size: bytes to send.
        is_archive: whether the file to send is an archive.
        is_temporary: whether the file to send was made for this package.

    """

    path: Path
    hash: str
    manifest: Manifest | None
    size: int
    is_archive: bool
    is_temporary: bool = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the temporary archive, if there is one; what a person owns is never touched."""
        if self.is_temporary:
            self.path.unlink(missing_ok=True)


def prepare(
    path: str | os.PathLike[str], *, limits: Limits = DEFAULT_LIMITS, level: int = DEFAULT_LEVEL
) -> LocalPackage:
    """Return a directory, an archive or a single file as a package ready to be sent.

    Archives are checked and sent as they are; single files too.

    Args:
        path: what to release. A file that starts like an archive is one, whatever its name.
        limits: how much a directory or an archive may hold.
        level: how well a directory is deflated, 1 (fast) to 12 (small).

    Raises:
        PackageError: there is nothing at the path, it holds no file that counts, something in it cannot be read or
            carried by an archive, or the archive is refused.

    """
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise PackageError(f'"{path}" cannot be released ({reason}). {_ADVICE}') from error
    if stat.S_ISDIR(mode):
        return package_directory(path, limits=limits, level=level)
    if not stat.S_ISREG(mode):
        raise PackageError(f'"{path}" is neither a file nor a directory. {_ADVICE}')
    return _package_file(Path(path), limits)


def package_directory(
    path: str | os.PathLike[str], *, limits: Limits = DEFAULT_LIMITS, level: int = DEFAULT_LEVEL
) -> LocalPackage:
    """Return a directory as a package: a temporary archive in which the directory's own name comes first.

    The same content gives the same bytes, on any day and machine with the same version of libdeflate. Hidden files
    are part of it, links to files are followed, empty folders and what macOS leaves behind are not part of it.

    Args:
        path: the directory.
        limits: how much it may hold.
        level: the libdeflate level, 1 (fast) to 12 (small).

    Raises:
        PackageError: it is not a directory, holds no file that counts, or something in it cannot be read or carried
            by an archive.

    """
    items = _items(Path(os.path.abspath(path)), limits)  # noqa: PTH100 - resolve() would use the name of a link's target
    with ExitStack() as undo:
        handle, name = tempfile.mkstemp(prefix="codepush-", suffix=".zip")
        archive = Path(name)
        undo.callback(archive.unlink)
        with os.fdopen(handle, "w+b") as target:
            index = write_archive(items, target, level=level)
        undo.pop_all()
    return LocalPackage(
        path=archive,
        hash=index.manifest.package_hash,
        manifest=index.manifest,
        size=index.size,
        is_archive=True,
        is_temporary=True,
    )


def _package_file(path: Path, limits: Limits) -> LocalPackage:
    try:
        with path.open("rb") as source:
            manifest = read_manifest(source, limits=limits) if is_archive(source) else None
            size = source.seek(0, os.SEEK_END)
    except OSError as error:
        raise unreadable(path, error) from error
    except PackageError as error:
        raise PackageError(f'"{path}" cannot be released. {error.message}') from error
    if size == 0:
        raise PackageError(f'"{path}" is empty. {_ADVICE}')
    package_hash = hash_file(path) if manifest is None else manifest.package_hash
    return LocalPackage(path=path, hash=package_hash, manifest=manifest, size=size, is_archive=manifest is not None)


def _items(root: Path, limits: Limits) -> list[Item]:
    """Return the files of a directory, having checked that an archive within the limits can carry them."""
    files = [_below(root.name, file) for file in list_files(root)]
    kept = [file for file in files if not is_ignored(file.name)]
    if is_empty(file.name for file in kept):
        raise PackageError(f'"{root}" holds no files to release. {_ADVICE}')
    if len(kept) > limits.entries:
        raise PackageError(f'"{root}" holds {len(kept)} files; at most {limits.entries} are allowed.')
    if sum(file.size for file in kept) > limits.total_size:
        raise PackageError(f'"{root}" holds more than {limits.total_size} bytes.')
    for file in kept:
        check_name(file.name, longest=limits.name_size)
    check_together(file.name for file in kept)
    return [Item(file.name, file.size, partial(_pieces, file.path)) for file in kept]


def _below(folder: str, file: FileOnDisk) -> FileOnDisk:
    return FileOnDisk(f"{folder}/{file.name}", file.path, file.size)


def _pieces(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece
    except OSError as error:
        raise unreadable(path, error) from error
