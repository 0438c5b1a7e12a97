"""The store build of an app, before any update."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from msgspec import Struct

from codepush.errors import PackageError
from codepush.packaging.manifest import Manifest, hash_file, hash_tree

__all__ = ["Binary", "find_bundle"]

_ROOT: Final = "CodePush"
_ASSETS: Final = "assets"


class Binary(Struct, frozen=True, kw_only=True):
    """A binary: its version and content.

    ``path`` is the JavaScript bundle, or the build's folder of bundle and assets, or ``None`` if it does
    not matter. ``bundle_name`` is the file name of the bundle.
    """

    app_version: str
    bundle_name: str
    path: Path | None = None

    def package_hash(self) -> str | None:
        """Return the package hash that a fresh install reports, or ``None`` without a path.

        It equals that of a release of the same files, so such a release is not installed.

        Raises:
            PackageError: The files cannot be read.

        """
        if self.path is None:
            return None
        files = hash_tree(self.path).files if self.path.is_dir() else {self.bundle_name: hash_file(self.path)}
        return Manifest.of((f"{_ROOT}/{name}", sha256) for name, sha256 in files.items()).package_hash

    def bundle(self) -> Path | None:
        """Return the path of the bundle, or ``None`` if unknown."""
        if self.path is None or self.path.is_file():
            return self.path
        name = find_bundle(self.path, self.bundle_name)
        return None if name is None else self.path / name

    def copy_to(self, folder: Path) -> Path | None:
        """Copy the files that iOS copies before it applies a diff: the folder ``assets`` and the bundle, as a package.

        Returns:
            The new folder; ``None`` without a path.

        Raises:
            PackageError: The binary has no ``assets`` or no bundle, so the copy fails on iOS.

        """
        if self.path is None:
            return None
        assets, bundle = self.path / _ASSETS, self.bundle()
        if bundle is None or not assets.is_dir():
            missing = f'"{self.bundle_name}"' if bundle is None else f'"{_ASSETS}"'
            raise PackageError(
                f"The update is a diff, and the store build has no {missing} to apply it to. An iOS device retries it"
                " at every check. Release a whole package for this version."
            )
        shutil.copytree(assets, folder / _ROOT / _ASSETS)
        shutil.copyfile(bundle, folder / _ROOT / bundle.name)
        return folder


def find_bundle(folder: Path, name: str) -> str | None:
    """Return the relative path of the first file with this name below a folder, by path, or ``None``."""
    found = min((path for path in folder.rglob("*") if path.name == name and path.is_file()), default=None)
    return None if found is None else found.relative_to(folder).as_posix()
