"""The project of a React Native app: its package, its entry file, and the names of its bundles."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from codepush.errors import ProjectError
from codepush.projects.files import first_file, read_json, shown
from codepush.projects.node import dependencies, find_package, package_version

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["BUNDLE_NAMES", "NEWEST", "PLATFORMS", "Platform", "ReactNativeProject"]

Platform: TypeAlias = Literal["android", "ios", "windows"]
"""Platform of an app."""

PLATFORMS: Final[tuple[Platform, ...]] = ("android", "ios", "windows")

BUNDLE_NAMES: Final[Mapping[Platform, str]] = {
    "android": "index.android.bundle",
    "ios": "main.jsbundle",
    "windows": "index.windows.bundle",
}
"""Default name of an app's bundle."""

NEWEST: Final = (9999, 0)
"""The version of a React Native without one, such as a build from source."""

_FIRST_NUMBERS: Final = re.compile(r"(\d+)\.(\d+)", re.ASCII)
_SOURCES: Final = ("js", "jsx", "ts", "tsx")


class ReactNativeProject:
    """A folder with a React Native app in it.

    Attributes:
        root: The folder.
        package: Its ``package.json``.
        name: The name in that.

    """

    def __init__(self, root: Path, package: Mapping[str, Any]) -> None:
        self.root = root
        self.package = package
        self.name = str(package["name"])

    @classmethod
    def open(cls, root: Path) -> ReactNativeProject:
        """Return the project in a folder.

        Raises:
            ProjectError: There is no React Native app in it.

        """
        path = root / "package.json"
        if not path.is_file():
            raise ProjectError(
                f'There is no "{shown(path)}". Run this command in the folder of a React Native app, '
                "where its package.json is."
            )
        package = read_json(path)
        if not isinstance(package, dict) or not isinstance(package.get("name"), str):
            raise ProjectError(f'"{shown(path)}" has no name.')
        if "react-native" not in dependencies(package):
            raise ProjectError(
                f'"{shown(path)}" does not depend on react-native. Run this command in the folder of the app itself; '
                "in a monorepo that is the package that uses React Native."
            )
        return cls(root, package)

    @cached_property
    def react_native(self) -> Path:
        """The folder of the React Native that the app uses.

        Raises:
            ProjectError: It is not installed.

        """
        return self.installed("react-native")

    def installed(self, name: str) -> Path:
        """Return the folder of a package that the app uses.

        Raises:
            ProjectError: It is not installed.

        """
        found = find_package(name, self.root)
        if found is None:
            raise ProjectError(
                f'{name} is not installed: it is in no node_modules of "{shown(self.root)}" or of a folder above it. '
                "Install the project's packages first, for example with: npm ci"
            )
        return found

    @cached_property
    def version(self) -> tuple[int, int]:
        """The first two numbers of React Native's version; an unknown version counts as newest."""
        found = _FIRST_NUMBERS.match(package_version(self.react_native))
        numbers = (int(found[1]), int(found[2])) if found else (0, 0)
        return numbers if numbers != (0, 0) else NEWEST

    @cached_property
    def depends_on(self) -> Mapping[str, Any]:
        """All dependencies of the app."""
        return dependencies(self.package)

    def entry_file(self, platform: Platform, given: str | None = None) -> str:
        """Return the file that bundling starts from, relative to the project's folder.

        Args:
            platform: The platform.
            given: File from the options, if any.

        Raises:
            ProjectError: The file does not exist; the message names each path that was checked.

        """
        if given is not None:
            if not (self.root / given).is_file():
                raise ProjectError(f'There is no entry file "{given}". Correct --entry-file (-e).')
            return given
        names = [f"{stem}.{source}" for stem in (f"index.{platform}", "index") for source in _SOURCES]
        found = first_file(*(self.root / name for name in names))
        if found is None:
            raise ProjectError(f"There is no entry file: looked for {', '.join(names)}. Set it with --entry-file (-e).")
        return found.name
