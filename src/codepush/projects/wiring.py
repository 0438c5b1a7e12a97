"""The CodePush configuration of an app: the build-time settings of its native projects, read without a build.

React Native apps have it in ``strings.xml`` or ``build.gradle`` on Android and in ``Info.plist`` on iOS, Cordova apps
in ``config.xml``, Capacitor apps in ``capacitor.config.json`` or its JavaScript and TypeScript forms. One app can have
several values, one for each flavour or build type. The names of the settings depend on the client package.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from msgspec import Struct

from codepush.errors import ProjectError
from codepush.projects.clients import SettingName
from codepush.projects.files import first_file, read_json, read_text, shown
from codepush.projects.plist import read_plist

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from codepush.projects.clients import Client

__all__ = [
    "Setting",
    "Wiring",
    "android_wiring",
    "capacitor_configuration",
    "capacitor_wiring",
    "cordova_wiring",
    "ios_wiring",
]

_NAMES: Final[dict[str, SettingName]] = {
    "codepushdeploymentkey": "deployment_key",
    "codepushserverurl": "server_url",
    "codepushpublickey": "public_key",
    "codepushreleasechannelpublicid": "deployment_key",
    "codepushsigningpublickey": "public_key",
}
"""Names of the settings of all clients, in lower case."""

_CAPACITOR_FILES: Final = ("capacitor.config.ts", "capacitor.config.js", "capacitor.config.json")
_CAPACITOR_ENTRY: Final = r"""['"]?\b{}['"]?\s*:\s*(?:'([^'\n]*)'|"([^"\n]*)"|`([^`\n]*)`|([^,\n}}]+))"""
_SETTINGS: Final[tuple[SettingName, ...]] = ("deployment_key", "server_url", "public_key")
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
    """One value of an app's configuration, its file, and its key there."""

    name: SettingName
    value: str
    source: str
    key: str

    @property
    def is_literal(self) -> bool:
        """Whether the value is written there, and not filled in by the build."""
        return "$" not in self.value and not self.value.startswith("@string/")


class Wiring(Struct, frozen=True, kw_only=True):
    """The configuration of one native project of an app.

    Attributes:
        settings: Values that the client reads.
        ignored: Values under names that the client does not read, such as those of another client.
        hook: File whose code loads the bundle from CodePush; ``None`` if none was found.
        code: Files that were checked for it.

    """

    settings: tuple[Setting, ...]
    ignored: tuple[Setting, ...] = ()
    hook: str | None = None
    code: tuple[str, ...] = ()

    def values(self, name: SettingName) -> list[Setting]:
        """Return the values of one setting."""
        return [one for one in self.settings if one.name == name]


def android_wiring(root: Path, client: Client) -> Wiring:
    """Return how the Android half of a React Native app with a client is wired.

    Raises:
        ProjectError: A file cannot be read.

    """
    read, ignored = _sorted([*_of_strings(root), *_of_gradle(root)], client, "android")
    return _wiring(read, ignored, _files(root, _ANDROID_CODE), _ANDROID_HOOK)


def ios_wiring(root: Path, client: Client) -> Wiring:
    """Return how the iOS half of a React Native app with a client is wired.

    Raises:
        ProjectError: A file cannot be read.

    """
    settings = [
        Setting(_NAMES[key.lower()], value, shown(path), key)
        for path in _files(root, ("ios/*/Info.plist", "ios/*Info.plist"))
        for key, value in read_plist(path).items()
        if key.lower() in _NAMES and isinstance(value, str)
    ]
    read, ignored = _sorted(settings, client, "ios")
    return _wiring(read, ignored, _files(root, _IOS_CODE), _IOS_HOOK)


def capacitor_configuration(root: Path) -> Path | None:
    """Return the file with the configuration of a Capacitor app, if there is one, as Capacitor chooses it."""
    return first_file(*(root / name for name in _CAPACITOR_FILES))


def capacitor_wiring(path: Path, client: Client, platform: str) -> Wiring:
    """Return how a Capacitor app is wired for a platform. Its plugin needs no code of the app's.

    Args:
        path: The configuration; in JavaScript and TypeScript, what is not a quoted text counts as filled in.
        client: The app's client.
        platform: ``android`` or ``ios``.

    Raises:
        ProjectError: The file cannot be read.

    """
    names = client.names[platform]
    found = _of_json(path) if path.suffix == ".json" else _of_script(path)
    settings = [
        Setting(setting, value, shown(path), key)
        for setting in _SETTINGS
        for key in names.of(setting)
        if (value := found(key)) is not None
    ]
    return Wiring(settings=tuple(settings), hook=shown(path))


def cordova_wiring(root: Path, client: Client, platform: str) -> Wiring:
    """Return how a Cordova app with a client is wired for a platform. Its plugin needs no code of the app's.

    Raises:
        ProjectError: ``config.xml`` cannot be read.

    """
    path = root / "config.xml"
    named = _xml(path)
    parts = [part for part in named.iter() if _tag(part) == "platform" and part.get("name") == platform] or [named]
    settings = [
        Setting(_NAMES[key.lower()], one.get("value") or "", shown(path), key)
        for part in parts
        for one in part.iter()
        if _tag(one) == "preference" and (key := one.get("name") or "").lower() in _NAMES
    ]
    read, ignored = _sorted(settings, client, platform)
    return Wiring(settings=read, ignored=ignored, hook=shown(path))


def _sorted(settings: list[Setting], client: Client, platform: str) -> tuple[tuple[Setting, ...], tuple[Setting, ...]]:
    """Return the settings that a client reads, and those that it does not."""
    read = tuple(one for one in settings if client.reads(platform, one.name, one.key))
    return read, tuple(one for one in settings if one not in read)


def _wiring(read: tuple[Setting, ...], ignored: tuple[Setting, ...], code: list[Path], hook: re.Pattern[str]) -> Wiring:
    hooked = next((path for path in code if hook.search(read_text(path))), None)
    return Wiring(
        settings=read,
        ignored=ignored,
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
            key = one.get("name") or ""
            if key.lower() in _NAMES:
                yield Setting(_NAMES[key.lower()], "".join(one.itertext()).strip(), shown(path), key)


def _of_gradle(root: Path) -> Iterator[Setting]:
    for path in _files(root, ("android/app/build.gradle", "android/app/build.gradle.kts")):
        for match in _RES_VALUE.finditer(read_text(path)):
            key = match["name"]
            if key.lower() in _NAMES:
                yield Setting(_NAMES[key.lower()], match["value"].strip("'\"\\ "), shown(path), key)


def _of_json(path: Path) -> Callable[[str], str | None]:
    content = read_json(path)
    for name in ("plugins", "CodePush"):
        content = content.get(name) if isinstance(content, dict) else None
    values = content if isinstance(content, dict) else {}
    return lambda key: value if isinstance(value := values.get(key), str) else None


def _of_script(path: Path) -> Callable[[str], str | None]:
    """Return a function that finds a value by its key; an expression becomes a ``${...}`` placeholder."""
    text = re.sub(r"/\*.*?\*/|(?<!:)//[^\n]*", "", read_text(path), flags=re.DOTALL)

    def find(key: str) -> str | None:
        match = re.search(_CAPACITOR_ENTRY.format(key), text)
        if match is None:
            return None
        literal = next((one for one in match.groups()[:3] if one is not None), None)
        return f"${{{match[4].strip()}}}" if literal is None else literal

    return find


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
