"""Xcode projects: targets, and the settings that they are built with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Final

from msgspec import Struct

from codepush.errors import ProjectError
from codepush.projects.files import read_text, shown
from codepush.projects.openstep import Item, parse_openstep
from codepush.projects.unknown import Unknown
from codepush.projects.xcconfig import MISSING, Level, is_of_pods, read_xcconfig

__all__ = ["Settings", "XcodeProject", "find_xcode_project"]

_FILE_NAME: Final = "project.pbxproj"
_APPLICATION: Final = "com.apple.product-type.application"
_REFERENCE: Final = re.compile(r"\$[({]([A-Za-z_]\w*)(:[^(){}$]*)?[)}]", re.ASCII)
_CONDITION: Final = re.compile(r"\[(\w+)=([^\]]*)\]")
_OTHER_SYSTEMS: Final = ("iphonesimulator", "macosx", "watch", "appletv", "xr")
_INHERITED: Final = re.compile(r"\$[({]inherited[)}]")
_DEEPEST: Final = 20

_Object = Mapping[str, Item]


def find_xcode_project(root: Path, package_name: str, given: Path | None = None) -> Path | None:
    """Return the ``project.pbxproj`` of an app; ``None`` if there is none and none was configured.

    Args:
        root: Folder of the project.
        package_name: Its name in ``package.json``.
        given: The file, or its ``.xcodeproj`` or other folder, from the options, if any.

    Raises:
        ProjectError: The given file does not exist, or there are several to choose from.

    """
    if given is not None:
        return _given(root / given)
    folder = root / "ios"
    for path in (folder / f"{package_name}.xcodeproj" / _FILE_NAME, folder / _FILE_NAME):
        if path.is_file():
            return path
    found = sorted(folder.glob(f"*.xcodeproj/{_FILE_NAME}"))
    if len(found) > 1:
        names = ", ".join(f'"{shown(path.parent)}"' for path in found)
        raise ProjectError(f"There are several Xcode projects: {names}. Choose one with --xcode-project-file (-xp).")
    return found[0] if found else None


def _given(path: Path) -> Path:
    for candidate in (path, path / _FILE_NAME):
        if candidate.is_file():
            return candidate
    raise ProjectError(f'There is no Xcode project "{shown(path)}". Correct --xcode-project-file (-xp).')


class Settings(Struct, frozen=True):
    """The build settings of one target in one configuration.

    Attributes:
        target: The target's name.
        configuration: The configuration's name.
        folder: The folder of the project.
        levels: The settings, those that win first.

    """

    target: str
    configuration: str
    folder: Path
    levels: Sequence[Level]

    def get(self, name: str) -> str | None:
        """Return a setting with its references filled in; ``None`` if it is not set.

        Raises:
            Unknown: The value needs Xcode.

        """
        return self._get(name, 0, 0)

    def expand(self, text: str) -> str:
        """Return a text with every ``$(SETTING)`` in it filled in.

        Raises:
            Unknown: A setting is not set, or needs Xcode.

        """
        return self._expand(text, 0)

    def _get(self, name: str, start: int, depth: int) -> str | None:
        if depth > _DEEPEST:
            raise Unknown(f"{name} refers to itself")
        if (built_in := self._built_in(name)) is not None:
            return built_in
        for index, level in enumerate(self.levels[start:], start):
            if (found := self._own(level, name)) is not None:
                parts = _INHERITED.split(found)
                below = self._get(name, index + 1, depth + 1) if len(parts) > 1 else None
                return self._expand((below or "").join(parts), depth + 1)
        return None

    def _own(self, level: Level, name: str) -> str | None:
        """Return the value at one level; nothing if the next level decides."""
        for key in level:
            if key.startswith(f"{name}[") and self._may_hold(key):
                raise Unknown(f"{key} holds for certain builds only")
        found = level.get(name)
        if found is None:
            found = level.get(MISSING)
        if isinstance(found, Unknown):
            raise Unknown(f"{name} is not known: {found.reason}", found.file, found.line)
        return found

    def _may_hold(self, key: str) -> bool:
        """Whether the conditions of ``NAME[sdk=iphoneos*][config=Release]`` may hold for a device."""
        for what, pattern in _CONDITION.findall(key):
            if what == "config" and not fnmatchcase(self.configuration, pattern):
                return False
            if what == "sdk" and pattern.startswith(_OTHER_SYSTEMS):
                return False
        return True

    def _built_in(self, name: str) -> str | None:
        if name in {"TARGET_NAME", "TARGETNAME"}:
            return self.target
        if name in {"SRCROOT", "PROJECT_DIR", "SOURCE_ROOT"}:
            return str(self.folder.resolve())
        return self.configuration if name == "CONFIGURATION" else None

    def _expand(self, text: str, depth: int) -> str:
        def filled(match: re.Match[str]) -> str:
            value = self._get(match[1], 0, depth + 1)
            if value is None:
                raise Unknown(f"{match[1]} is not set")
            if match[2]:
                raise Unknown(f"{match[0]} changes the setting")
            return value

        while (expanded := _REFERENCE.sub(filled, text)) != text:
            text = expanded
        return expanded


class XcodeProject:
    """An Xcode project, read.

    Attributes:
        path: Its ``project.pbxproj``.

    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._shown = shown(path)

    def settings(self, target: str | None = None, configuration: str | None = None) -> Settings:
        """Return the build settings of a target.

        Args:
            target: Its name; by default the application, and of several the first whose name the project has, or
                the first.
            configuration: Name of the configuration; by default ``Release`` if it exists, else the project's default.

        Raises:
            ProjectError: There is no such target or configuration, or the file cannot be read.

        """
        chosen = self._target(target)
        name = str(chosen.get("name", ""))
        own = self._configuration(chosen, configuration, f'the target "{name}"')
        of_project = self._configuration(self._root, str(own.get("name")), None)
        levels = [level for one in (own, of_project) for level in self._levels(one)]
        return Settings(name, str(own.get("name", "")), self.folder, levels)

    @cached_property
    def targets(self) -> list[str]:
        """The names of the applications in it."""
        return [str(target.get("name")) for target in self._targets if target.get("productType") == _APPLICATION]

    @cached_property
    def _objects(self) -> Mapping[str, _Object]:
        tree = parse_openstep(read_text(self.path), self._shown)
        objects = tree.get("objects") if isinstance(tree, dict) else None
        if not isinstance(objects, dict):
            raise ProjectError(f'"{self._shown}" is not an Xcode project that can be read.')
        return {key: value for key, value in objects.items() if isinstance(value, dict)}

    @cached_property
    def _root(self) -> _Object:
        return next((one for one in self._objects.values() if one.get("isa") == "PBXProject"), {})

    @cached_property
    def _targets(self) -> list[_Object]:
        return self._those(self._root, "targets")

    def _those(self, parent: _Object, key: str) -> list[_Object]:
        """Return the objects that a list of an object refers to."""
        names = parent.get(key, [])
        return [self._objects[name] for name in names if isinstance(name, str) and name in self._objects]

    def _one(self, parent: _Object, key: str) -> _Object:
        """Return the object that an object refers to; an empty one if it refers to none."""
        name = parent.get(key)
        return self._objects.get(name, {}) if isinstance(name, str) else {}

    def _target(self, name: str | None) -> _Object:
        if name is not None:
            found = [target for target in self._targets if target.get("name") == name]
            names = ", ".join(str(target.get("name")) for target in self._targets)
            option = f"--xcode-target-name (-xt). It has {names or 'none'}."
            problem = f'no target "{name}". Correct {option}'
        else:
            found = [target for target in self._targets if target.get("productType") == _APPLICATION]
            found.sort(key=lambda target: target.get("name") != self.path.parent.stem)
            problem = "no application among its targets. Choose one with --xcode-target-name (-xt)."
        if not found:
            raise ProjectError(f'"{self._shown}" has {problem}')
        return found[0]

    def _configuration(self, owner: _Object, name: str | None, whose: str | None) -> _Object:
        """Return one of an owner's configurations; an empty one if it is optional (``whose`` is ``None``)."""
        known = self._one(owner, "buildConfigurationList")
        those = {str(one.get("name")): one for one in self._those(known, "buildConfigurations")}
        if name is None:
            name = "Release" if "Release" in those else str(known.get("defaultConfigurationName", ""))
        if name not in those and whose is not None:
            raise ProjectError(
                f'"{self._shown}" has no build configuration "{name}" for {whose}. '
                f"Correct --build-configuration-name (-c). It has {', '.join(those) or 'none'}."
            )
        return those.get(name, {})

    def _levels(self, configuration: _Object) -> list[Level]:
        """Return a configuration's own settings, then those of the file that it is based on."""
        settings = configuration.get("buildSettings")
        own = settings.items() if isinstance(settings, dict) else ()
        levels: list[Level] = [{key: value for key, value in own if isinstance(value, str)}]
        based_on = [self._based_on(path) for path in self._bases(configuration)]
        if len(based_on) < 2:  # noqa: PLR2004 - a reference and an anchor
            return levels + based_on
        both = Unknown("the configuration is based on two files, and only Xcode can choose between them", self.path)
        return [*levels, {name: both for level in based_on for name in level}]

    def _bases(self, configuration: _Object) -> list[Path | Unknown]:
        """Return the files that a configuration is based on: by a reference, or in a folder of Xcode 16."""
        found: list[Path | Unknown] = []
        if (reference := configuration.get("baseConfigurationReference")) is not None:
            found.append(self._path(reference))
        if (anchor := configuration.get("baseConfigurationReferenceAnchor")) is not None:
            folder = self._path(anchor)
            relative = str(configuration.get("baseConfigurationReferenceRelativePath", ""))
            found.append(folder / relative if isinstance(folder, Path) else folder)
        return found

    def _based_on(self, path: Path | Unknown) -> Level:
        if isinstance(path, Unknown):
            return {MISSING: path}
        if path.is_file() or is_of_pods(path):
            return read_xcconfig(path)
        return {MISSING: Unknown(f'there is no configuration file "{shown(path)}"', self.path)}

    def _path(self, key: Item) -> Path | Unknown:
        """Return the path of a file of the project, following its groups."""
        unknown = Unknown(f"the configuration file {key} cannot be found", self.path)
        if not isinstance(key, str) or key not in self._objects:
            return unknown
        parts: list[str] = []
        for _ in range(_DEEPEST):
            one = self._objects[key]
            parts.insert(0, str(one.get("path", "")))
            tree = one.get("sourceTree")
            if tree == "<absolute>":
                return Path(*parts)
            if tree == "SOURCE_ROOT" or (tree == "<group>" and key not in self._parents):
                return self.folder.joinpath(*parts)
            if tree != "<group>":
                return unknown
            key = self._parents[key]
        return unknown

    def shell_scripts(self, target: str | None = None) -> list[str]:
        """Return the scripts that Xcode runs when it builds a target.

        Raises:
            ProjectError: There is no such target, or the file cannot be read.

        """
        phases = self._those(self._target(target), "buildPhases")
        return [str(phase.get("shellScript", "")) for phase in phases if phase.get("isa") == "PBXShellScriptBuildPhase"]

    @property
    def folder(self) -> Path:
        """The folder that paths in the project start from."""
        return self.path.parent.parent / str(self._root.get("projectDirPath", ""))

    @cached_property
    def _parents(self) -> Mapping[str, str]:
        groups = {key: one.get("children") for key, one in self._objects.items()}
        return {
            child: key
            for key, children in groups.items()
            if isinstance(children, list)
            for child in children
            if isinstance(child, str)
        }
