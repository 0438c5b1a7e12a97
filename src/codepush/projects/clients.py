"""The client packages of apps: the settings that each one reads, and detection of the one that an app uses.

Everything that differs between Microsoft's client and its forks is in this one table, as read from their published
packages. A client ignores a name that it does not read, without a message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from msgspec import Struct

from codepush.projects.files import read_json, read_text, shown
from codepush.projects.node import dependencies, find_package, package_version

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Client", "Installed", "Names", "SettingName", "default_client", "foreign_client", "installed_client"]

SettingName: TypeAlias = Literal["deployment_key", "server_url", "public_key"]
"""A setting of an app: its deployment, its server, and the key that its releases are signed for."""

_CLOSED: Final = "https://codepush.appcenter.ms, which closed on 2025-03-31"
_VENDOR: Final = "its vendor's server"
_STRINGS: Final = "android/app/src/main/res/values/strings.xml"
_MICROSOFT_CLASS: Final = "com.microsoft.codepush.react.CodePush"


class Names(Struct, frozen=True):
    """The names under which a client reads its settings on one platform, the usual one of each first."""

    deployment_key: tuple[str, ...]
    server_url: tuple[str, ...]
    public_key: tuple[str, ...]
    place: str

    def of(self, setting: SettingName) -> tuple[str, ...]:
        """Return the names of one setting."""
        names: tuple[str, ...] = getattr(self, setting)
        return names


class Client(Struct, frozen=True, kw_only=True):
    """A client package.

    Attributes:
        package: Name on npm.
        names: Names of its settings by platform.
        default_server: Server of apps without a setting.
        java_class: Class that Android code imports; empty if the app has no such code.
        since: First major version to which this applies.
        is_exact: Whether the names are case-sensitive.

    """

    package: str
    names: Mapping[str, Names]
    default_server: str = _CLOSED
    java_class: str = _MICROSOFT_CLASS
    since: int = 0
    is_exact: bool = True

    def reads(self, platform: str, setting: SettingName, key: str) -> bool:
        """Return whether the client reads a setting under a name."""
        names = self.names[platform].of(setting)
        return key in names or (not self.is_exact and key.lower() in {name.lower() for name in names})


class Installed(Struct, frozen=True):
    """The client of an app, its version if known, and the source of the version."""

    client: Client
    version: str
    source: str


_MICROSOFT: Final = {
    "android": Names(("CodePushDeploymentKey",), ("CodePushServerUrl",), ("CodePushPublicKey",), _STRINGS),
    "ios": Names(("CodePushDeploymentKey",), ("CodePushServerURL",), ("CodePushPublicKey",), "Info.plist"),
}
_APPZUNG: Final = {
    "android": Names(
        ("CodePushReleaseChannelPublicId",),
        ("CodePushServerUrl", "CodePushServerURL"),
        ("CodePushSigningPublicKey",),
        _STRINGS,
    ),
    "ios": Names(
        ("CodePushReleaseChannelPublicId",),
        ("CodePushServerURL", "CodePushServerUrl"),
        ("CodePushSigningPublicKey",),
        "Info.plist",
    ),
}
_CORDOVA: Final = {
    platform: Names(("CodePushDeploymentKey",), ("CodePushServerUrl",), ("CodePushPublicKey",), "config.xml")
    for platform in ("android", "ios")
}
_CAPACITOR: Final = {
    platform: Names(
        (f"{platform.upper()}_DEPLOY_KEY",),
        ("SERVER_URL",),
        (f"{platform.upper()}_PUBLIC_KEY",),
        "plugins.CodePush of the Capacitor configuration",
    )
    for platform in ("android", "ios")
}
_CLIENTS: Final = (
    Client(package="react-native-code-push", names=_MICROSOFT),
    Client(package="@code-push-next/react-native-code-push", names=_MICROSOFT),
    Client(package="@revopush/react-native-code-push", names=_MICROSOFT, default_server=_VENDOR),
    Client(package="@bitrise/code-push-sdk", names=_MICROSOFT),
    Client(package="@srcpush/react-native-code-push", names=_MICROSOFT, default_server=_VENDOR),
    Client(
        package="@appzung/react-native-code-push",
        names=_APPZUNG,
        default_server=_VENDOR,
        java_class="com.appzung.codepush.react.CodePush",
        since=10,
    ),
    Client(package="@appzung/react-native-code-push", names=_MICROSOFT, default_server=_VENDOR),
    Client(package="cordova-plugin-code-push", names=_CORDOVA, java_class="", is_exact=False),
    Client(package="cap-codepush", names=_CAPACITOR, java_class=""),
)
_FOREIGN: Final = (
    "@bravemobile/react-native-code-push",
    "@hot-updater/react-native",
    "hot-updater",
    "react-native-stallion",
)
"""Packages for updates over protocols of their own: no setting points them at a CodePush server."""

_LOCKS: Final = {
    "package-lock.json": r'"node_modules/{}":\s*\{{\s*"version":\s*"([^"]+)"',
    "yarn.lock": r'^"?{}@[^\n]*:\n\s+version:? "?([^"\n]+)',
    "pnpm-lock.yaml": r"^\s+'?/?{}[@/]([\w.-]+)",
}
"""Lock files, and the location of a package's version in each."""

_MAJOR: Final = re.compile(r"\D*(\d+)")


def installed_client(root: Path) -> Installed | None:
    """Return the client that an app uses, or ``None`` if its ``package.json`` names none.

    The version is that of the installed package, else that of a lock file, else the range in ``package.json``.

    Raises:
        ProjectError: A file cannot be read.

    """
    wanted = _dependencies(root)
    name = next((one.package for one in _CLIENTS if one.package in wanted), None)
    if name is None:
        return None
    version, source = _version(root, name, str(wanted[name]))
    return Installed(_of_version(name, version), version, source)


def foreign_client(root: Path) -> str | None:
    """Return the package of another protocol that an app depends on, if it does.

    Raises:
        ProjectError: ``package.json`` cannot be read.

    """
    return next((name for name in _FOREIGN if name in _dependencies(root)), None)


def default_client(package: str) -> Client:
    """Return a client of the table by its package, for an app that names none."""
    return _of_version(package, "")


def _of_version(package: str, version: str) -> Client:
    """Return the entry of a package for a version; the newest entry for an unknown version."""
    major = _MAJOR.match(version)
    entries = [one for one in _CLIENTS if one.package == package]
    return next((one for one in entries if major is None or int(major[1]) >= one.since), entries[-1])


def _dependencies(root: Path) -> Mapping[str, object]:
    path = root / "package.json"
    package = read_json(path) if path.is_file() else {}
    return dependencies(package) if isinstance(package, dict) else {}


def _version(root: Path, name: str, wanted: str) -> tuple[str, str]:
    folder = find_package(name, root)
    if folder is not None and (version := package_version(folder)):
        return version, "node_modules"
    for file, pattern in _LOCKS.items():
        path = root / file
        found = re.search(pattern.format(re.escape(name)), read_text(path), re.MULTILINE) if path.is_file() else None
        if found:
            return found[1], shown(path)
    return wanted, "package.json"
