"""An Android app as its Gradle files describe it; Gradle itself is not run.

A value may be a variable of the script, of one it applies or of the root project's script, a line of a
``gradle.properties``, or an entry of the version catalog. Of these the nearest wins.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from codepush.errors import ProjectError
from codepush.projects.files import first_file, read_json, read_text, shown
from codepush.projects.gradle.expressions import UnknownValue, Value, evaluate
from codepush.projects.gradle.script import Script, parse_script
from codepush.projects.gradle.tokens import Token, text_of
from codepush.projects.properties import parse_properties

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SCRIPT_NAMES", "GradleProject"]

SCRIPT_NAMES: Final = ("build.gradle", "build.gradle.kts")
_SETTINGS_NAMES: Final = ("settings.gradle", "settings.gradle.kts")
_PROPERTIES_NAME: Final = "gradle.properties"
_MOST_SCRIPTS: Final = 50


class GradleProject:
    """The Gradle files of an Android app: its script and what the script can see.

    Attributes:
        path: the app's own script.
        root: the folder of the root project.

    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = _root_of(path)

    @cached_property
    def script(self) -> Script:
        """What the app's own script says."""
        return parse_script(read_text(self.path))

    @cached_property
    def properties(self) -> Mapping[str, tuple[str, Path]]:
        """The project's properties, each with the file it is from; the app's own go before the root project's."""
        found: dict[str, tuple[str, Path]] = {}
        for folder in (self.root, self.path.parent):
            file = folder / _PROPERTIES_NAME
            if file.is_file():
                found |= {name: (value, file) for name, value in parse_properties(read_text(file)).items()}
        return found

    def text(self, value: Sequence[Token]) -> str:
        """Return the text that an expression of the app's script comes to.

        Raises:
            UnknownValue: only Gradle can tell.

        """
        told = evaluate(value, self._lookup(0))
        if not isinstance(told, str):
            raise UnknownValue
        return told

    def variable(self, name: str) -> Value | None:
        """Return what a variable or property is; ``None`` when there is none or only Gradle can tell."""
        try:
            return self._lookup(0)((name,))
        except UnknownValue:
            return None

    def _lookup(self, depth: int) -> _Lookup:
        return _Lookup(self, depth)

    @cached_property
    def scripts(self) -> list[tuple[Path, Script]]:
        """The app's script, what it applies, and the same of the root project."""
        root = first_file(*(self.root / name for name in SCRIPT_NAMES))
        waiting = [self.path, *([root] if root and root != self.path else [])]
        found: dict[Path, Script] = {}
        while waiting and len(found) < _MOST_SCRIPTS:
            path = waiting.pop(0)
            if path in found:
                continue
            script = self.script if path == self.path else parse_script(read_text(path))
            found[path] = script
            waiting = [*self._included(path, script), *waiting]
        return list(found.items())

    def _included(self, path: Path, script: Script) -> Iterator[Path]:
        for words in script.includes:
            texts = [token.text for token in words if token.kind in {"text", "literal"}]
            if len(texts) == 1 and "from" in (token.text for token in words):
                file = self.file(texts[0], path.parent)
                if file.is_file():
                    yield file

    def file(self, written: str, folder: Path) -> Path:
        """Return the path that a script in a folder means."""
        places = {"rootDir": self.root, "rootProject.projectDir": self.root, "projectDir": self.path.parent}
        named = re.sub(
            r"\$\{?(rootDir|rootProject\.projectDir|projectDir)\}?", lambda match: str(places[match[1]]), written
        )
        return Path(os.path.normpath(folder / named))

    @cached_property
    def catalog(self) -> Mapping[str, str]:
        """The versions of the version catalog, by the names that scripts use: ``libs.versions.app.name``."""
        path = self.root / "gradle" / "libs.versions.toml"
        if not path.is_file():
            return {}
        try:
            versions = tomllib.loads(read_text(path)).get("versions", {})
        except tomllib.TOMLDecodeError as error:
            raise ProjectError(f'"{shown(path)}" is not valid TOML: {error}.') from error
        texts = {name: version for name, version in versions.items() if isinstance(version, str)}
        return {f"libs.versions.{re.sub('[-_]', '.', name)}": version for name, version in texts.items()}


class _Lookup:
    """Tells what names in the scripts stand for."""

    def __init__(self, project: GradleProject, depth: int) -> None:
        self._project = project
        self._depth = depth

    def __call__(self, names: tuple[str, ...]) -> Value | None:
        dotted = ".".join(names)
        catalogued = dotted.removesuffix(".get").removesuffix(".asProvider")
        if catalogued in self._project.catalog:
            return self._project.catalog[catalogued]
        if dotted in self._project.properties:
            return self._project.properties[dotted][0]
        value = self._variable(names[0])
        for name in names[1:]:
            if not isinstance(value, Mapping):
                return None
            value = value.get(name)
        return value

    def _variable(self, name: str) -> Value | None:
        for path, script in self._project.scripts:
            kept = script.functions.get(name[:-2], ()) if name.endswith("()") else script.variables.get(name, ())
            told = [self._told(path, value) for value in kept]
            if told:
                return self._agreed(told)
        found = self._project.properties.get(name)
        return found[0] if found else None

    def _agreed(self, told: list[Value]) -> Value:
        """A variable that is given different values has the one that Gradle's conditions choose: unknown to us."""
        if any(value != told[0] for value in told):
            raise UnknownValue
        return told[0]

    def _told(self, path: Path, value: tuple[Token, ...]) -> Value:
        if (file := self._json_file(path, value)) is not None:
            return _texts(read_json(file))
        return evaluate(value, _Lookup(self._project, self._depth + 1), depth=self._depth + 1)

    def _json_file(self, path: Path, value: tuple[Token, ...]) -> Path | None:
        """Return the file of ``new JsonSlurper().parse(file("../../package.json"))``, which many apps have."""
        texts = [token.text for token in value if token.kind in {"text", "literal"}]
        if len(texts) != 1 or not texts[0].endswith(".json") or Token("name", "JsonSlurper") not in value:
            return None
        folder = self._project.root if Token("name", "rootProject") in value else path.parent
        return self._project.file(texts[0].removeprefix("/") if "rootDir" in text_of(list(value)) else texts[0], folder)


def _texts(value: object) -> Value:
    """Return JSON as the values of scripts, in which numbers are texts."""
    if isinstance(value, dict):
        return {str(name): _texts(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_texts(one) for one in value]
    return value if isinstance(value, str) else _number(value)


def _number(value: object) -> str:
    """Return a number or a boolean as a script writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _root_of(path: Path) -> Path:
    """Return the folder with the settings script; where there is none, the one above the app's."""
    for folder in path.parents:
        if first_file(*(folder / name for name in _SETTINGS_NAMES)):
            return folder
    return path.parent.parent
