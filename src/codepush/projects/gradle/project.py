"""An Android app as its Gradle files describe it; Gradle itself is not run.

A value may be a variable of the script, of one it applies or of the root project's script, a property, a variable of
the environment, or an entry of the version catalog. What cannot be followed is ``Unknown``, and never replaced by
what the next place has.
"""

from __future__ import annotations

import os
import re
import tomllib
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from codepush.errors import ProjectError
from codepush.projects.files import first_file, read_json, read_text, shown
from codepush.projects.gradle.expressions import Value, evaluate, member
from codepush.projects.gradle.script import Script, Setting, Variable, parse_script
from codepush.projects.gradle.tokens import text_of
from codepush.projects.node import find_package
from codepush.projects.properties import parse_properties
from codepush.projects.unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from codepush.projects.gradle.tokens import Token

__all__ = ["SCRIPT_NAMES", "GradleProject", "Part"]

SCRIPT_NAMES: Final = ("build.gradle", "build.gradle.kts")
_SETTINGS_NAMES: Final = ("settings.gradle", "settings.gradle.kts")
_PROPERTIES_NAME: Final = "gradle.properties"
_PROPERTY_VARIABLE: Final = "ORG_GRADLE_PROJECT_"
_MOST_SCRIPTS: Final = 50
_DEEPEST: Final = 40
_OF_EACH_PROJECT: Final = frozenset({"version", "name", "group"})
"""Properties that every project has of its own, so that none is taken from the root project."""

_RESOLUTION: Final = re.compile(
    r"""\s*require\.resolve\(\s*['"]([^'"]+)['"]\s*(?:,\s*\{\s*paths:\s*\[\s*require\.resolve\(\s*['"]([^'"]+)['"]\s*\)\s*\]\s*\}\s*)?\)\s*;?\s*"""
)


class Part(Struct, frozen=True):
    """A script that is part of a project's build.

    Attributes:
        path: The script's file.
        script: The parsed script.
        of_root: Whether it is the root project's, or applied by that.
        is_conditional: Whether it is applied under a condition.
        is_of_package: Whether it comes with a package from npm, so that no version of the app is set in it.

    """

    path: Path
    script: Script
    of_root: bool = False
    is_conditional: bool = False
    is_of_package: bool = False


class GradleProject:
    """The Gradle files of an Android app: its script, and the names in its scope.

    Attributes:
        path: The app's own script.
        root: The folder of the root project.

    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = _root_of(path)
        self.not_followed: list[tuple[Path, Setting]] = []

    @cached_property
    def script(self) -> Script:
        """The parsed script of the app itself."""
        return parse_script(read_text(self.path))

    @cached_property
    def properties(self) -> Mapping[str, tuple[str, Path | str]]:
        """The properties that a build starts with, each with the file or variable it is from, as Gradle orders them."""
        home = Path(os.environ.get("GRADLE_USER_HOME") or Path.home() / ".gradle")
        found: dict[str, tuple[str, Path | str]] = {}
        for folder in (self.root, self.path.parent, home):
            file = folder / _PROPERTIES_NAME
            if file.is_file():
                found |= {name: (value, file) for name, value in parse_properties(read_text(file)).items()}
        for variable, value in os.environ.items():
            if variable.startswith(_PROPERTY_VARIABLE):
                found[variable.removeprefix(_PROPERTY_VARIABLE)] = (value, variable)
        return found

    def setting(self, name: str) -> Value:
        """Return a property in the scope of the app's script; nothing if it is not set.

        Raises:
            Unknown: The value needs Gradle.

        """
        return _Scope(self, self._parts[0], 0).find(name, of_root=False)

    def react(self, name: str) -> Value:
        """Return an option of ``react { }`` or ``project.ext.react``; nothing if it is not set.

        Raises:
            Unknown: The value needs Gradle.

        """
        for path in (("react", name), ("ext", "react", name)):
            if (setting := self.last(*path)) is not None:
                return self.value(*setting)
        options = self.setting("react")
        return None if options is None else member(options, name)

    def last(self, *path: str) -> tuple[Part, Setting] | None:
        """Return the last value that the app's scripts set at a path, if any.

        Raises:
            Unknown: A condition decides, or several scripts have different values.

        """
        found: list[tuple[Part, Setting]] = []
        for part in self.parts:
            settings = [] if part.of_root else part.script.values(*path)
            start = max((at for at, one in enumerate(settings) if not one.is_conditional), default=0)
            found += [(part, one) for one in settings[start:]]
        doubtful = [(part, one) for part, one in found if part.is_conditional or one.is_conditional]
        if len(found) == 1 and not doubtful:
            return found[0]
        if found and (len(doubtful) == len(found) or len({str(self.value(*one)) for one in found}) > 1):
            part, setting = (doubtful or found)[-1]
            reason = "a condition decides which value holds" if doubtful else "several scripts set it"
            raise Unknown(reason, part.path, setting.line)
        return found[-1] if found else None

    def value(self, part: Part, setting: Setting) -> Value:
        """Return the value of a setting in a script.

        Raises:
            Unknown: The value needs Gradle.

        """
        try:
            value = evaluate(setting.value, _Scope(self, part, 0))
        except Unknown as unknown:
            raise unknown.within(part.path, setting.line) from unknown
        if value is None:
            raise Unknown(f"{text_of(setting.value)} is set nowhere", part.path, setting.line)
        return value

    @property
    def parts(self) -> list[Part]:
        """The app's script, the scripts that it applies, and those of the root project.

        Raises:
            Unknown: A script that is applied cannot be followed, or one cannot be read.

        """
        parts = self._parts
        for path, include in self.not_followed:
            raise Unknown(f"apply {text_of(include.value)}: this script cannot be found", path, include.line)
        for part in parts:
            if part.script.broken_at is not None and not part.is_of_package:
                raise Unknown("its brackets do not match from here on", part.path, part.script.broken_at)
        return parts

    @cached_property
    def _parts(self) -> list[Part]:
        root = first_file(*(self.root / name for name in SCRIPT_NAMES))
        waiting = [Part(self.path, self.script)]
        if root is not None and root != self.path:
            waiting.append(Part(root, parse_script(read_text(root)), of_root=True))
        found: dict[Path, Part] = {}
        while waiting and len(found) < _MOST_SCRIPTS:
            part = waiting.pop(0)
            if part.path not in found:
                found[part.path] = part
                waiting = [*self._included(part), *waiting]
        return list(found.values())

    def _included(self, part: Part) -> Iterator[Part]:
        for include in part.script.includes:
            words = _after_from(include.value)
            if not words:
                continue
            is_of_package = part.is_of_package or _is_of_package(words)
            is_conditional = part.is_conditional or include.is_conditional
            file = self._included_file(part, words)
            if file is not None and file.is_file():
                yield Part(
                    file,
                    parse_script(read_text(file)),
                    of_root=part.of_root,
                    is_conditional=is_conditional,
                    is_of_package=is_of_package,
                )
            elif not is_of_package and (file is None or not is_conditional):
                self.not_followed.append((part.path, include))

    def _included_file(self, part: Part, words: Sequence[Token]) -> Path | None:
        try:
            value = evaluate(words, _Scope(self, part, 0, is_alone=True))
        except Unknown:
            return None
        if isinstance(value, Path):
            return value
        return Path(os.path.normpath(part.path.parent / value)) if isinstance(value, str) else None

    @cached_property
    def catalog(self) -> Mapping[str, str]:
        """The versions of the version catalog, by the names that scripts use: ``libs.versions.app.name``.

        Raises:
            Unknown: The settings script changes it.

        """
        path = self.root / "gradle" / "libs.versions.toml"
        if not path.is_file():
            return {}
        settings = first_file(*(self.root / name for name in _SETTINGS_NAMES))
        if settings is not None and any(
            block[-2:] == ("versionCatalogs", "libs") for block in parse_script(read_text(settings)).blocks
        ):
            raise Unknown("this script changes the version catalog", settings)
        try:
            versions = tomllib.loads(read_text(path)).get("versions", {})
        except tomllib.TOMLDecodeError as error:
            raise ProjectError(f'"{shown(path)}" is not valid TOML: {error}.') from error
        texts = {name: version for name, version in versions.items() if isinstance(version, str)}
        return {f"libs.versions.{re.sub('[-_]', '.', name)}": version for name, version in texts.items()}


class _Scope:
    """The scope of the expressions in one script."""

    def __init__(self, project: GradleProject, part: Part, depth: int, *, is_alone: bool = False) -> None:
        self._project = project
        self._part = part
        self._depth = depth
        self._is_alone = is_alone

    def name(self, name: str) -> Value:
        known = [one for one in self._part.script.variables.get(name, ()) if not one.is_extra]
        if known:
            return self._agreed([(self._part, one) for one in known])
        value = self.find(name, of_root=False)
        if value is None:
            raise Unknown(f'"{name}" is set nowhere that can be read without Gradle')
        return value

    def catalogued(self, dotted: str) -> Value:
        return self._project.catalog.get(dotted) if dotted.startswith("libs.") and not self._is_alone else None

    def function(self, name: str) -> Value:
        found = self._part.script.functions.get(name, ())
        if not found:
            raise Unknown(f"{name}() is not known")
        return self._agreed([(self._part, one) for one in found])

    def find(self, name: str, *, of_root: bool) -> Value:
        of_root = of_root or self._part.of_root
        if (folder := self._folder(name, of_root=of_root)) is not None:
            return folder
        for is_root in [True] if of_root else [False, True]:
            if is_root and not of_root and name in _OF_EACH_PROJECT:
                continue
            found = [
                (part, one)
                for part in self._visible_parts
                for one in part.script.variables.get(name, ())
                if one.is_extra and part.of_root == is_root
            ]
            if found:
                return self._agreed(found)
        found_value = None if self._is_alone else self._project.properties.get(name)
        return found_value[0] if found_value else None

    @property
    def _visible_parts(self) -> list[Part]:
        return [self._part] if self._is_alone else self._project.parts

    def _folder(self, name: str, *, of_root: bool) -> Path | None:
        if name == "rootDir" or (name == "projectDir" and of_root):
            return self._project.root
        return self._project.path.parent if name == "projectDir" else None

    def environment(self) -> Mapping[str, str]:
        return os.environ

    def file(self, written: str, *, of_root: bool) -> Path:
        folder = self._project.root if of_root or self._part.of_root else self._project.path.parent
        return Path(os.path.normpath(folder / written))

    def resolved(self, request: str) -> Path:
        match = _RESOLUTION.fullmatch(request)
        if match is None:
            raise Unknown("the output of a command is not known")
        folder = self._project.root
        if match[2]:
            folder = _resolved(match[2], folder).parent
        return _resolved(match[1], folder)

    def _agreed(self, found: Sequence[tuple[Part, Variable]]) -> Value:
        """Return the value assigned to a name; unknown if it has different values under Gradle's conditions."""
        values = [self._value(part, one) for part, one in found]
        doubtful = [(part, one) for part, one in found if part.is_conditional or one.is_conditional]
        if len(doubtful) == len(found) or any(value != values[0] for value in values):
            part, one = (doubtful or found)[-1]
            raise Unknown(f"{text_of(one.value)}: a condition decides, or a later value", part.path, one.line)
        return values[0]

    def _value(self, part: Part, variable: Variable) -> Value:
        depth = self._depth + 1
        if depth > _DEEPEST:
            raise Unknown("it refers to itself", part.path, variable.line)
        try:
            return evaluate(variable.value, _Scope(self._project, part, depth, is_alone=self._is_alone), depth=depth)
        except Unknown as unknown:
            raise unknown.within(part.path, variable.line) from unknown


def _after_from(words: Sequence[Token]) -> list[Token]:
    """Return the expression in ``apply from: "x"`` or ``apply(from = "x")``; nothing if it applies a plugin."""
    names = [token.name for token in words]
    if "from" not in names:
        return []
    rest = list(words[names.index("from") + 2 :])
    return rest[:-1] if words[0].sign == "(" else rest


def _is_of_package(words: Sequence[Token]) -> bool:
    """Whether a script is from a package: below ``node_modules``, or ``project(":react-native-config")``."""
    texts = [(token.quoted or token.name).lower().replace("_", "") for token in words]
    is_of_project = any(token.name == "project" and following.sign == "(" for token, following in pairwise(words))
    return is_of_project or any("nodemodules" in text or "require.resolve" in text for text in texts)


def _resolved(request: str, folder: Path) -> Path:
    """Return the file that Node finds for ``react-native/package.json`` or ``@expo/cli``, as seen from a folder."""
    parts = request.split("/")
    count = 2 if request.startswith("@") else 1
    package = find_package("/".join(parts[:count]), folder)
    if package is None:
        raise Unknown(f"the package {'/'.join(parts[:count])} is not installed")
    inner = "/".join(parts[count:])
    if inner:
        return package / inner
    main = read_json(package / "package.json").get("main")
    return package / (main if isinstance(main, str) else "index.js")


def _root_of(path: Path) -> Path:
    """Return the folder with the settings script; without one, the parent of the app's folder."""
    for folder in path.parents:
        if first_file(*(folder / name for name in _SETTINGS_NAMES)):
            return folder
    return path.parent.parent
