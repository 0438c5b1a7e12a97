"""From a downloaded file to the folder of a package, and the checks it must pass.

A download is one of three: a zip with the whole package; a zip with ``hotcodepush.json``, which
is a diff to the installed package; or the JavaScript bundle itself.
"""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

import msgspec

from codepush.device.binary import find_bundle
from codepush.errors import PackageError
from codepush.packaging import signing
from codepush.packaging.archive import extract
from codepush.packaging.diff import LIST_NAME
from codepush.packaging.manifest import SIGNATURE_NAME, hash_file, hash_tree

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Assembled", "assemble", "verify"]

_ZIP_START: Final = b"PK\x03\x04"
_SIGNATURE_PATH: Final = f"CodePush/{SIGNATURE_NAME}"


class Assembled(msgspec.Struct, frozen=True):
    """An assembled package: the folder of its files, their hash, and the bundle.

    ``bundle`` is a path inside the folder, with forward slashes, or ``None`` when there is no such file.
    """

    contents: Path
    package_hash: str
    bundle: str | None


class _Diff(msgspec.Struct, frozen=True, rename="camel"):
    deleted_files: tuple[str, ...] = ()


def assemble(
    download: Path, workspace: Path, *, base: Callable[[], Path | None], bundle_name: str, bare_bundle_name: str
) -> Assembled:
    """Assemble a package in a workspace.

    Args:
        download: The file that was downloaded.
        workspace: A separate folder, empty except for the download.
        base: Returns the contents of the package that a diff starts from, ``None`` without one; called for diffs only.
        bundle_name: File name of the bundle in an archive, in any folder.
        bare_bundle_name: File name for a download that is not an archive.

    Raises:
        PackageError: The archive is broken or unsafe, or the diff does not fit its base or would
            delete a file outside the package, or ``base`` raised it.

    """
    contents = workspace / "contents"
    if not _is_zip(download):
        contents.mkdir()
        bundle = download.rename(contents / bare_bundle_name)
        return Assembled(contents, hash_file(bundle), bare_bundle_name)
    unzipped = workspace / "unzipped"
    with download.open("rb") as archive:
        extract(archive, unzipped)
    if (unzipped / LIST_NAME).is_file():
        _apply(unzipped, base(), contents)
    else:
        unzipped.rename(contents)
    return Assembled(contents, hash_tree(contents).package_hash, find_bundle(contents, bundle_name))


def verify(assembled: Assembled, *, package_hash: str, bundle_name: str, public_key: str | None = None) -> str:
    """Verify a package and return the path of its bundle.

    The hash is always checked. Real devices without a public key check it only for diffs and signed
    packages, so they would not notice a wrong hash. The signature is checked only with a public key.

    Args:
        assembled: The package.
        package_hash: The hash from the update check.
        bundle_name: File name of the bundle.
        public_key: The key in PEM form to check the signature with, or ``None``.

    Raises:
        PackageError: The package has no bundle of this name, its hash is not ``package_hash``, or its signature
            is missing or invalid.

    """
    if assembled.bundle is None:
        raise PackageError(
            f'The update has no JavaScript bundle named "{bundle_name}". Release it with the name that the app expects.'
        )
    if assembled.package_hash != package_hash:
        raise PackageError(
            f"The update's files have the hash {assembled.package_hash}, but the server announced {package_hash}."
        )
    if public_key is not None:
        _check_signature(assembled.contents / _SIGNATURE_PATH, package_hash, public_key)
    return assembled.bundle


def _check_signature(path: Path, package_hash: str, public_key: str) -> None:
    if not path.is_file():
        raise PackageError(
            f"The app accepts only signed updates, and this one has no {_SIGNATURE_PATH}."
            ' Release a directory named "CodePush", or the bundle, with the private key.'
        )
    signed = signing.verify(path.read_text(encoding="utf-8", errors="replace"), public_key)
    if signed != package_hash:
        raise PackageError(f"The update has the hash {package_hash}, but its signature is for {signed}.")


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_ZIP_START)) == _ZIP_START


def _apply(unzipped: Path, base: Path | None, contents: Path) -> None:
    """Copy the base, delete the files that the diff lists, and copy the new files over it."""
    deleted = _deleted_files(unzipped / LIST_NAME)
    (unzipped / LIST_NAME).unlink()
    contents.mkdir()
    try:
        if base is not None:
            shutil.copytree(base, contents, dirs_exist_ok=True)
        for name in deleted:
            _delete(contents, name)
        shutil.copytree(unzipped, contents, dirs_exist_ok=True)
    except shutil.Error as error:
        raise PackageError(f"The diff cannot be applied to its base package: {error}") from error


def _deleted_files(path: Path) -> tuple[PurePosixPath, ...]:
    try:
        diff = msgspec.json.decode(path.read_bytes(), type=_Diff)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise PackageError(f"The list of deleted files ({LIST_NAME}) cannot be read: {error}") from error
    return tuple(_inside(name) for name in diff.deleted_files)


def _inside(name: str) -> PurePosixPath:
    """Return a name as a path, if it stays inside the package; real devices do not check."""
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        raise PackageError(f'The update would delete "{name}", which is outside the package.')
    return path


def _delete(contents: Path, name: PurePosixPath) -> None:
    target = contents / name
    if target.is_file():
        target.unlink()
