"""The layout of a folder to release: folders that no device could run are rejected before the upload."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from codepush.errors import PackageError
from codepush.packaging.manifest import list_files
from codepush.packaging.signing import read_private_key

if TYPE_CHECKING:
    from codepush.cli.context import Cli

__all__ = ["check_layout"]

_START_PAGE: Final = "index.html"
_BUNDLES: Final = frozenset({".bundle", ".cjs", ".hbc", ".htm", ".html", ".js", ".jsbundle", ".mjs"})
"""Suffixes of the files that apps start with: React Native, Hermes, Electron, Cordova and Capacitor."""

_NATIVE_FOLDER: Final = "CodePush"
_WEB_FOLDERS: Final = ("www", "public")
"""Folders in which devices look for the signature: React Native in the first, Cordova and Capacitor in the others."""


def check_layout(cli: Cli, contents: str, *, private_key_path: Path | str | None) -> None:
    """Check that a folder contains a bundle and that devices will find its signature; ``--force`` only warns.

    Single files and archives are not checked: files are put into the right folder, archives are signed by other tools.

    Args:
        cli: Context of the command.
        contents: Path to release.
        private_key_path: Signing key, if the release is to be signed.

    Raises:
        ConfigurationError: The key cannot be read or is invalid.
        PackageError: No device, or none with a public key, could run the folder.

    """
    if private_key_path is not None:
        read_private_key(private_key_path)
    folder = Path(os.path.abspath(contents))  # noqa: PTH100 - resolve() would use the name of a link's target
    if not folder.is_dir():
        return
    for fault in _faults(folder, is_signed=private_key_path is not None):
        if not cli.flags.get("force"):
            raise PackageError(f"{fault} To release it anyway, add --force.")
        cli.out.warn(fault)


def _faults(folder: Path, *, is_signed: bool) -> list[str]:
    names = [file.name for file in list_files(folder)]
    faults = []
    if not any(PurePosixPath(name).suffix.lower() in _BUNDLES for name in names):
        faults.append(
            f'"{folder.name}" contains no bundle, so no app could start it. Release the output folder of the bundler,'
            f" with a file such as main.jsbundle, index.android.bundle or {_START_PAGE}."
        )
    expected = _signed_folders(names)
    if is_signed and folder.name not in expected:
        wanted = " or ".join(f'"{name}"' for name in expected)
        faults.append(
            f"Devices with a public key would reject this release: they look for the signature in the folder {wanted},"
            f' but the folder is named "{folder.name}". Rename it and release again.'
        )
    return faults


def _signed_folders(names: list[str]) -> tuple[str, ...]:
    """Return the valid names of the folder, given the kind of app that its files show."""
    is_native = any(name.lower().endswith((".bundle", ".hbc", ".jsbundle")) for name in names)
    if _START_PAGE in names:
        return (*_WEB_FOLDERS, _NATIVE_FOLDER) if is_native else _WEB_FOLDERS
    return (_NATIVE_FOLDER,) if is_native else (_NATIVE_FOLDER, *_WEB_FOLDERS)
