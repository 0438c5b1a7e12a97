"""The version of an iOS app's binary: ``Info.plist``, and the settings of Xcode that it refers to."""

from __future__ import annotations

import plistlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from codepush.errors import ProjectError
from codepush.projects.binary_version import BinaryVersion, check_version
from codepush.projects.files import shown, unreadable
from codepush.projects.unknown import Unknown
from codepush.projects.xcode import XcodeProject, find_xcode_project

if TYPE_CHECKING:
    from codepush.projects.xcode import Settings

__all__ = ["PlistOptions", "plist_version", "read_plist"]

_KEY: Final = "CFBundleShortVersionString"
_SETTING: Final = "MARKETING_VERSION"
_INSTEAD: Final = "Give the version with --target-binary-version (-t) to do without it."


class PlistOptions(Struct, frozen=True, kw_only=True):
    """Options that locate the version of an iOS app; ``None`` for each value to detect.

    Attributes:
        plist_file: The app's ``Info.plist``.
        plist_file_prefix: Prefix of ``Info.plist`` in its name.
        project_file: The Xcode project.
        target: The target in it.
        configuration: The build configuration.

    """

    plist_file: Path | None = None
    plist_file_prefix: str | None = None
    project_file: Path | None = None
    target: str | None = None
    configuration: str | None = None


def read_plist(path: Path) -> dict[str, Any]:
    """Return a property list in XML or binary form.

    Raises:
        ProjectError: It cannot be read or is invalid.

    """
    try:
        with path.open("rb") as source:
            content = plistlib.load(source)
    except OSError as error:
        raise unreadable(path, error) from error
    except Exception as error:  # plistlib lets through what its parsers raise: ExpatError, ValueError, and others
        raise ProjectError(f'"{shown(path)}" is not a property list that can be read: {error}.') from error
    if not isinstance(content, dict):
        raise ProjectError(f'"{shown(path)}" holds no keys.')
    return content


def plist_version(root: Path, package_name: str, options: PlistOptions) -> BinaryVersion:
    """Return the version of an iOS app.

    Args:
        root: Folder of the project.
        package_name: Its name in ``package.json``.
        options: Options that locate the version.

    Raises:
        ProjectError: It cannot be found; the message names each path that was checked, and the option to use.

    """
    versions = _Versions(root, package_name, options)
    try:
        return versions.version()
    except Unknown as unknown:
        raise versions.error(unknown) from unknown


class _Versions:
    """Searches for the version: in the property list, then in the settings that it refers to."""

    def __init__(self, root: Path, package_name: str, options: PlistOptions) -> None:
        self._root = root
        self._name = package_name
        self._options = options

    def version(self) -> BinaryVersion:
        plist = self._plist()
        if plist is None:
            return self._from_settings(f"There is no Info.plist: looked for {self._places()}")
        text = read_plist(plist).get(_KEY)
        if text is None:
            return self._from_settings(f'"{shown(plist)}" has no {_KEY}')
        if not isinstance(text, str):
            raise ProjectError(f'{_KEY} in "{shown(plist)}" is no text. {_INSTEAD}')
        if "$(" in text or "${" in text:
            return self._expanded(plist, text)
        source = f'"{shown(plist)}" ({_KEY})'
        return BinaryVersion(value=check_version(text, source), source=source)

    def error(self, unknown: Unknown) -> ProjectError:
        """Return the error for users about a value that cannot be evaluated."""
        settings, project = self._settings, self._project
        placed = unknown if project is None else unknown.within(project.path)
        return placed.about(
            f'the version of the target "{settings.target}" in the configuration "{settings.configuration}"',
            f"Choose others with --xcode-target-name (-xt) and --build-configuration-name (-c). {_INSTEAD}",
        )

    def _plist(self) -> Path | None:
        given = self._options.plist_file
        if given is not None:
            path = self._root / given
            if not path.is_file():
                raise ProjectError(f'There is no file "{shown(path)}". Correct --plist-file (-p). {_INSTEAD}')
            return path
        found = next((path for path in self._candidates() if path.is_file()), None)
        if self._options.target is not None or self._options.configuration is not None:
            return self._plist_of_target() or found
        return found or self._plist_of_target()

    def _candidates(self) -> list[Path]:
        prefix = self._options.plist_file_prefix or ""
        if prefix and prefix[-1] not in "-.":
            prefix += "-"
        folder = self._root / "ios"
        return [folder / self._name / f"{prefix}Info.plist", folder / f"{prefix}Info.plist"]

    def _plist_of_target(self) -> Path | None:
        """Return the property list that Xcode puts into the app, unless the options have a prefix."""
        if self._options.plist_file_prefix is not None or self._project is None:
            return None
        written = self._settings.get("INFOPLIST_FILE")
        if not written:
            return None
        path = self._project.folder / written
        if not path.is_file():
            raise Unknown(f'INFOPLIST_FILE is "{written}", which is not there')
        return path

    def _places(self) -> str:
        return " and ".join(f'"{shown(path)}"' for path in self._candidates())

    @cached_property
    def _project(self) -> XcodeProject | None:
        path = find_xcode_project(self._root, self._name, self._options.project_file)
        return None if path is None else XcodeProject(path)

    @cached_property
    def _settings(self) -> Settings:
        if self._project is None:
            raise ProjectError(
                'There is no Xcode project below "ios". Set its path with --xcode-project-file (-xp). ' + _INSTEAD
            )
        return self._project.settings(self._options.target, self._options.configuration)

    def _from_settings(self, problem: str) -> BinaryVersion:
        """Return the version of an app whose property list Xcode generates during the build."""
        version = None if self._project is None else self._settings.get(_SETTING)
        if not version:
            raise ProjectError(
                f"{problem}. Set its path with --plist-file (-p) or --plist-file-prefix, "
                f"or set {_SETTING} in the Xcode project. {_INSTEAD}"
            )
        return self._answer(version)

    def _expanded(self, plist: Path, text: str) -> BinaryVersion:
        try:
            return self._answer(self._settings.expand(text).strip())
        except Unknown as unknown:
            raise Unknown(
                f'{_KEY} in "{shown(plist)}" is {text}, and {unknown.reason}', unknown.file, unknown.line
            ) from unknown

    def _answer(self, version: str) -> BinaryVersion:
        settings, project = self._settings, self._project
        place = "" if project is None else f'"{shown(project.path)}" '
        source = f"{place}({settings.target}, {settings.configuration})"
        return BinaryVersion(value=check_version(version, source), source=source, notes=self._notes(version))

    def _notes(self, chosen: str) -> tuple[str, ...]:
        """Return a note if the project has several applications with other versions and none was chosen."""
        project = self._project
        if project is None or self._options.target is not None:
            return ()
        others = {name: self._version_of(project, name) for name in project.targets}
        differing = [f"{name} ({version})" for name, version in others.items() if version not in {chosen, None}]
        if not differing:
            return ()
        return (f"Other targets have other versions: {', '.join(differing)}. Choose with --xcode-target-name (-xt).",)

    def _version_of(self, project: XcodeProject, name: str) -> str | None:
        try:
            return project.settings(name, self._options.configuration).get(_SETTING)
        except ProjectError:  # another target need not have this configuration, nor a version that can be read
            return None
