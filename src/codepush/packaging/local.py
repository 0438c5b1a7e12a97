"""Local packages, prepared for upload.

A release is a directory, an archive or a single file. Each becomes one file to send and its package hash, before
anything is sent, so that a build job can compare the hash first. A directory becomes a normalised archive with names
relative to its parent, as the original tools create it. A directory or a single file can be signed: the signature is
only in the archive, and nothing is written next to the released files.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from msgspec import Struct

from codepush.errors import PackageError
from codepush.packaging.archive import DEFAULT_LEVEL, RELEASE_LIMITS, Limits, is_archive, read_manifest
from codepush.packaging.manifest import (
    SIGNATURE_NAME,
    FileOnDisk,
    Manifest,
    hash_file,
    is_empty,
    is_ignored,
    list_files,
    unreadable,
)
from codepush.packaging.names import check_name, check_together
from codepush.packaging.releasable import check_releasable
from codepush.packaging.signing import read_private_key, sign
from codepush.packaging.writer import Item, write_archive

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["LocalPackage", "package_directory", "prepare"]

_PIECE: Final = 1 << 20
_ADVICE: Final = "Pass the directory, archive or bundle that your build wrote."

_APP_FOLDER: Final = "CodePush"
"""Folder for a signed single file, in which React Native apps look for the signature."""


class LocalPackage(Struct, frozen=True, kw_only=True):
    """A package ready to be sent. A context manager: leaving it removes the temporary archive, if there is one.

    Attributes:
        path: The file to send.
        hash: The package hash, or for a single file the sha256 of its bytes (lower-case hex).
        manifest: The files in it; ``None`` for a single file.
        size: Bytes to send.
        is_archive: Whether the file to send is an archive.
        is_temporary: Whether the file to send was made for this package.

    """

    path: Path
    hash: str
    manifest: Manifest | None
    size: int
    is_archive: bool
    is_temporary: bool = False

    @property
    def archive(self) -> Path | None:
        """The file to send, if it is an archive: always for a directory, only if signed for a single file."""
        return self.path if self.is_archive else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the temporary archive, if there is one. The released files are not changed."""
        if self.is_temporary:
            self.path.unlink(missing_ok=True)


def prepare(
    path: str | os.PathLike[str],
    *,
    private_key_path: str | os.PathLike[str] | None = None,
    limits: Limits = RELEASE_LIMITS,
    level: int = DEFAULT_LEVEL,
) -> LocalPackage:
    """Return a directory, an archive or a single file as a package ready to be sent.

    Archives are checked and sent as they are; single files too, unless they are signed: then they become an archive
    with the file and the signature in a folder named ``CodePush``.

    Args:
        path: What to release. A file that starts like an archive is one, whatever its name.
        private_key_path: File with the signing key: an RSA key in PEM form without a passphrase.
        limits: Limits of a directory or an archive.
        level: Compression level of a directory, 1 (fast) to 12 (small).

    Raises:
        PackageError: The path does not exist, it has no file of a package, a file cannot be read or stored in an
            archive, the archive is invalid, or it is to be signed.
        ConfigurationError: The key cannot be read or is invalid, or the extra ``signing`` is not installed.

    """
    _refuse_empty_path(path)
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise PackageError(f'"{path}" cannot be released ({reason}). {_ADVICE}') from error
    if stat.S_ISDIR(mode):
        return package_directory(path, private_key_path=private_key_path, limits=limits, level=level)
    if not stat.S_ISREG(mode):
        raise PackageError(f'"{path}" is neither a file nor a directory. {_ADVICE}')
    if private_key_path is None:
        return _package_file(Path(path), limits)
    return _package_signed_file(Path(path), read_private_key(private_key_path), limits, level)


def package_directory(
    path: str | os.PathLike[str],
    *,
    private_key_path: str | os.PathLike[str] | None = None,
    limits: Limits = RELEASE_LIMITS,
    level: int = DEFAULT_LEVEL,
) -> LocalPackage:
    """Return a directory as a package: a temporary archive with names that start with the directory's own.

    The same content gives the same bytes, on any day and machine with the same version of libdeflate. Hidden files
    are part of it, links to files are followed, empty folders and what macOS leaves behind are not part of it.

    When it is signed, the archive gets a ``.codepushrelease`` directly below the directory's name, in place of one
    that may be there; the directory is left as it is, and so is the package hash. The signature holds the time, so the
    archive's bytes differ from second to second. The directory's name is kept: React Native apps look for the
    signature in ``CodePush`` and Cordova apps in ``www``, so a signed directory should have that name.

    Args:
        path: The directory.
        private_key_path: The file with the key to sign with: an RSA key in PEM form without a passphrase.
        limits: Limits of the package.
        level: The libdeflate level, 1 (fast) to 12 (small).

    Raises:
        PackageError: It is not a directory, has no file of a package, a file cannot be read or stored in
            an archive, or it changes while it is being signed.
        ConfigurationError: The key cannot be read or is invalid, or the extra ``signing`` is not installed.

    """
    _refuse_empty_path(path)
    private_key = None if private_key_path is None else read_private_key(private_key_path)
    root = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would use the name of a link's target
    items = _items(root, (_below(root.name, file) for file in list_files(root)), limits)
    if private_key is None:
        return _package(items, level)
    return _package_signed(root, root.name, items, private_key, level)


def _refuse_empty_path(path: str | os.PathLike[str]) -> None:
    """Reject an empty path: ``Path("")`` would be the working directory."""
    if not os.fspath(path):
        raise PackageError(f"The path of what to release is empty. {_ADVICE}")


def _package(items: list[Item], level: int) -> LocalPackage:
    with ExitStack() as undo:
        handle, name = tempfile.mkstemp(prefix="codepush-", suffix=".zip")
        archive = Path(name)
        undo.callback(archive.unlink)
        with os.fdopen(handle, "w+b") as target:
            index = write_archive(items, target, level=level)
        RELEASE_LIMITS.check_ratio(
            sum(item.size for item in items), sum(entry.compressed_size for entry in index.entries)
        )
        undo.pop_all()
    return LocalPackage(
        path=archive,
        hash=index.manifest.package_hash,
        manifest=index.manifest,
        size=index.size,
        is_archive=True,
        is_temporary=True,
    )


def _package_signed(path: Path, folder: str, items: list[Item], private_key: bytes, level: int) -> LocalPackage:
    """Pack the files of a folder with their signature; signing reads all files an extra time."""
    name = f"{folder}/{SIGNATURE_NAME}"
    unsigned = [item for item in items if item.name != name]
    check_together([name, *(item.name for item in unsigned)])
    package_hash = Manifest.of((item.name, _sha256(item)) for item in unsigned).package_hash
    token = sign(package_hash, private_key, issued_at=int(time.time())).encode()
    package = _package([*unsigned, Item(name, len(token), partial(iter, (token,)))], level)
    if package.hash != package_hash:
        package.close()
        raise PackageError(f'"{path}" changed while it was being signed. Release it again when nothing writes to it.')
    return package


def _package_signed_file(path: Path, private_key: bytes, limits: Limits, level: int) -> LocalPackage:
    package = _package_file(path, limits)
    if package.is_archive:
        raise PackageError(f'"{path}" is an archive, which cannot be signed. Pass the directory it was made of.')
    file = FileOnDisk(f"{_APP_FOLDER}/{path.name}", path, package.size)
    return _package_signed(path, _APP_FOLDER, _items(path, [file], limits), private_key, level)


def _package_file(path: Path, limits: Limits) -> LocalPackage:
    try:
        with path.open("rb") as source:
            manifest = read_manifest(source, limits=limits) if is_archive(source) else None
            check_releasable(() if manifest is None else manifest.files)
            size = source.seek(0, os.SEEK_END)
    except OSError as error:
        raise unreadable(path, error) from error
    except PackageError as error:
        raise PackageError(f'"{path}" cannot be released. {error.message}') from error
    if size == 0:
        raise PackageError(f'"{path}" is empty. {_ADVICE}')
    package_hash = hash_file(path) if manifest is None else manifest.package_hash
    return LocalPackage(path=path, hash=package_hash, manifest=manifest, size=size, is_archive=manifest is not None)


def _items(root: Path, files: Iterable[FileOnDisk], limits: Limits) -> list[Item]:
    """Check that the files fit into an archive within the limits, and return them ready for packing."""
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
    check_releasable(file.name for file in kept)
    return [Item(file.name, file.size, partial(_pieces, file.path)) for file in kept]


def _below(folder: str, file: FileOnDisk) -> FileOnDisk:
    return FileOnDisk(f"{folder}/{file.name}", file.path, file.size)


def _sha256(item: Item) -> str:
    digest = hashlib.sha256()
    for piece in item.pieces():
        digest.update(piece)
    return digest.hexdigest()


def _pieces(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece
    except OSError as error:
        raise unreadable(path, error) from error
