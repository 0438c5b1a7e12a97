"""Cordova apps: their own command line, its output, and the version in ``config.xml``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from xml.etree import ElementTree as ET

from codepush.errors import ProjectError
from codepush.projects.binary_version import BinaryVersion, check_version
from codepush.projects.files import first_file, read_text, shown
from codepush.projects.node import node_folders
from codepush.projects.tools import find_tool

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["CORDOVA_PLATFORMS", "CordovaPlatform", "CordovaProject"]

CordovaPlatform: TypeAlias = Literal["android", "ios"]
"""Platform of an app."""

CORDOVA_PLATFORMS: Final[tuple[CordovaPlatform, ...]] = ("android", "ios")

_CONTENT: Final[Mapping[CordovaPlatform, tuple[str, ...]]] = {
    "android": ("platforms/android/app/src/main/assets/www", "platforms/android/assets/www"),
    "ios": ("platforms/ios/www",),
}
_TOOLS: Final = ("cordova", "phonegap")
_ADVICE: Final = "Install it in the project, for example with: npm install --save-dev cordova"
_INSTEAD: Final = "Give the version with --target-binary-version (-t)."


class CordovaProject:
    """A folder with a Cordova app in it.

    Attributes:
        root: The folder.

    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def open(cls, root: Path) -> CordovaProject:
        """Return the project in a folder.

        Raises:
            ProjectError: There is no Cordova app in it.

        """
        project = cls(root)
        if project._config is None:
            raise ProjectError('There is no "config.xml". Run this command in the folder of a Cordova app.')
        return project

    def command(self, platform: CordovaPlatform, *, build: bool = False, is_release_build: bool = False) -> list[str]:
        """Return the command that copies the app's content into the platform's project.

        The project's own Cordova is used, else the one on the ``PATH``, else PhoneGap.

        Args:
            platform: The platform.
            build: Whether to build the app too.
            is_release_build: Whether that is a build for a store.

        Raises:
            ProjectError: Neither Cordova nor PhoneGap is installed.

        """
        release = ["--release"] if build and is_release_build else []
        return [self._tool(), "build" if build else "prepare", *release, platform, "--verbose"]

    def _tool(self) -> str:
        near = [folder / ".bin" for folder in node_folders(self.root.resolve())]
        return find_tool(*_TOOLS, advice=_ADVICE, near=near)

    def content(self, platform: CordovaPlatform) -> Path:
        """Return the folder to release, ``www``.

        Raises:
            ProjectError: The platform was not added; the message names each path that was checked.

        """
        places = [self.root / place for place in _CONTENT[platform]]
        found = next((place for place in places if place.is_dir()), None)
        if found is None:
            names = " and ".join(f'"{shown(place)}"' for place in places)
            raise ProjectError(f"There is nothing to release: looked for {names}. Run: cordova platform add {platform}")
        return found

    def version(self) -> BinaryVersion:
        """Return the version of the app in ``config.xml``.

        Raises:
            ProjectError: It gives none, or cannot be read.

        """
        path = self._config or self.root / "config.xml"
        text = read_text(path)
        if "<!ENTITY" in text:
            raise ProjectError(f'"{shown(path)}" defines entities, which no configuration needs.')
        try:
            version = ET.fromstring(text).get("version")  # noqa: S314 - the project's own file, and without entities
        except ET.ParseError as error:
            raise ProjectError(f'"{shown(path)}" is not valid XML: {error}.') from error
        if not version:
            raise ProjectError(f'"{shown(path)}" gives its widget no version. {_INSTEAD}')
        source = f'"{shown(path)}" (widget)'
        return BinaryVersion(value=check_version(version, source), source=source)

    @property
    def _config(self) -> Path | None:
        return first_file(self.root / "config.xml", self.root / "www" / "config.xml")
