"""How an app is wired to its server: what its native halves are told at build time, read without building.

React Native apps have it in ``strings.xml`` or ``build.gradle`` on Android and in ``Info.plist`` on iOS, Cordova apps
in ``config.xml``. One app may have several values, one for each flavour or build type.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from xml.etree import ElementTree as ET

from msgspec import Struct

from codepush.errors import ProjectError
from codepush.projects.files import read_text, shown
from codepush.projects.plist import read_plist

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Setting", "SettingName", "Wiring", "android_wiring", "cordova_wiring", "ios_wiring"]

SettingName: TypeAlias = Literal["deployment_key", "server_url", "public_key"]
"""What an app is told: which deployment it belongs to, where its server is, and by which key it knows its releases."""

_NAMES: Final[dict[str, SettingName]] = {
    "codepushdeploymentkey": "deployment_key",
    "codepushserverurl": "server_url",
    "codepushpublickey": "public_key",
}
_RES_VALUE: Final = re.compile(
    r"""resValue\W+string['"]\s*,\s*['"](?P<name>CodePush\w+)['"]\s*,\s*(?P<value>'[^'\n]*'|"(?:\\.|[^"\\\n])*"|[^\s)]+)"""
)
_STRINGS: Final = "android/app/src/*/res/values*/*.xml"
_ANDROID_CODE: Final = ("android/app/src/main/**/MainApplication.kt", "android/app/src/main/**/MainApplication.java")
_IOS_CODE: Final = ("ios/**/AppDelegate.m", "ios/**/AppDelegate.mm", "ios/**/AppDelegate.swift")
_ANDROID_HOOK: Final = re.compile(r"CodePush\s*\.\s*getJSBundleFile\b")
_IOS_HOOK: Final = re.compile(r"CodePush\s*\.?\s*bundleURL\b")
_OTHERS: Final = frozenset({"Pods", "build", "node_modules"})


class Setting(Struct, frozen=True):
    """One value that an app is told, and the file that tells it."""

    name: SettingName
    value: str
    source: str

    @property
    def is_literal(self) -> bool:
        """Whether the value is written there, and not filled in by the build."""
        return "$" not in self.value and not self.value.startswith("@string/")


class Wiring(Struct, frozen=True, kw_only=True):
    """What one native half of an app is told.

    Attributes:
        settings: every value that was found.
        hook: the file whose code takes the bundle from CodePush; ``None`` when none was found that does.
        code: the files that were looked at for that.

    """

    settings: tuple[Setting, ...]
    hook: str | None = None
    code: tuple[str, ...] = ()

    def values(self, name: SettingName) -> list[Setting]:
        """Return what was found of one setting."""
        return [one for one in self.settings if one.name == name]


def android_wiring(root: Path) -> Wiring:
    """Return how the Android half of a React Native app is wired.

    Raises:
        ProjectError: a file cannot be read.

    """
    settings = [*_of_strings(root), *_of_gradle(root)]
    return _wiring(settings, _files(root, _ANDROID_CODE), _ANDROID_HOOK)


def ios_wiring(root: Path) -> Wiring:
    """Return how the iOS half of a React Native app is wired.

    Raises:
        ProjectError: a file cannot be read.

    """
    settings = [
        Setting(_NAMES[key.lower()], value, shown(path))
        for path in _files(root, ("ios/*/Info.plist", "ios/*Info.plist"))
        for key, value in read_plist(path).items()
        if key.lower() in _NAMES and isinstance(value, str)
    ]
    return _wiring(settings, _files(root, _IOS_CODE), _IOS_HOOK)


def cordova_wiring(root: Path, platform: str) -> Wiring:
    """Return how a Cordova app is wired for a platform. Its plugin needs no code of the app's.

    Raises:
        ProjectError: ``config.xml`` cannot be read.

    """
    path = root / "config.xml"
    named = _xml(path)
    parts = [part for part in named.iter() if _tag(part) == "platform" and part.get("name") == platform] or [named]
    settings = [
        Setting(_NAMES[name], one.get("value") or "", shown(path))
        for part in parts
        for one in part.iter()
        if _tag(one) == "preference" and (name := (one.get("name") or "").lower()) in _NAMES
    ]
    return Wiring(settings=tuple(settings), hook=shown(path))


def _wiring(settings: list[Setting], code: list[Path], hook: re.Pattern[str]) -> Wiring:
    hooked = next((path for path in code if hook.search(read_text(path))), None)
    return Wiring(
        settings=tuple(settings),
        hook=shown(hooked) if hooked else None,
        code=tuple(shown(path) for path in code),
    )


def _files(root: Path, patterns: tuple[str, ...]) -> list[Path]:
    found = (path for pattern in patterns for path in sorted(root.glob(pattern)))
    return [path for path in found if not _OTHERS & set(path.relative_to(root).parts)]


def _of_strings(root: Path) -> Iterator[Setting]:
    for path in _files(root, (_STRINGS,)):
        if "CodePush" not in read_text(path):
            continue
        for one in _xml(path).iter("string"):
            name = (one.get("name") or "").lower()
            if name in _NAMES:
                yield Setting(_NAMES[name], "".join(one.itertext()).strip(), shown(path))


def _of_gradle(root: Path) -> Iterator[Setting]:
    for path in _files(root, ("android/app/build.gradle", "android/app/build.gradle.kts")):
        for match in _RES_VALUE.finditer(read_text(path)):
            name = match["name"].lower()
            if name in _NAMES:
                yield Setting(_NAMES[name], match["value"].strip("'\"\\ "), shown(path))


def _xml(path: Path) -> ET.Element:
    text = read_text(path)
    if "<!ENTITY" in text:
        raise ProjectError(f'"{shown(path)}" defines entities, which no such file needs.')
    try:
        return ET.fromstring(text)  # noqa: S314 - the project's own file, and without entities
    except ET.ParseError as error:
        raise ProjectError(f'"{shown(path)}" is not valid XML: {error}.') from error


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]
