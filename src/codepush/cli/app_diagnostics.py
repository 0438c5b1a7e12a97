"""The checks of ``codepush doctor`` in an app's project: build settings and version."""

from __future__ import annotations

import re
import textwrap
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias, get_args

from codepush.cli.download_diagnostics import is_known_key, setting_fault
from codepush.cli.findings import Finding, guarded
from codepush.errors import PackageError, ProjectError
from codepush.packaging import signing
from codepush.projects.clients import default_client, foreign_client, installed_client
from codepush.projects.cordova import CORDOVA_PLATFORMS, CordovaProject
from codepush.projects.gradle import find_gradle_script, gradle_version
from codepush.projects.hermes import find_hermes_compiler, uses_hermes
from codepush.projects.plist import PlistOptions, plist_version
from codepush.projects.react_native import ReactNativeProject
from codepush.projects.wiring import (
    android_wiring,
    capacitor_configuration,
    capacitor_wiring,
    cordova_wiring,
    ios_wiring,
)
from codepush.rules import semver

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

    from codepush.cli.context import Cli
    from codepush.models import Deployment
    from codepush.projects.clients import Client, Installed, SettingName
    from codepush.projects.wiring import Wiring

__all__ = ["examine_app"]

_Platform: TypeAlias = Literal["android", "ios"]

_BASE64: Final = re.compile(r"-----BEGIN [A-Z ]+-----(.*?)-----END [A-Z ]+-----", re.DOTALL)
_ANY_HASH: Final = "0" * 64

_HOOKS: Final = {
    "android": "getJSBundleFile() of MainApplication returns CodePush.getJSBundleFile()",
    "ios": "the bundle URL of AppDelegate is CodePush.bundleURL()",
}
_IMPORT: Final = {"android": "import {java_class}", "ios": "import CodePush"}
_REACT_NATIVE, _CORDOVA, _CAPACITOR = "react-native-code-push", "cordova-plugin-code-push", "cap-codepush"


class _Half(NamedTuple):
    """One platform of an app: its client and configuration."""

    platform: str
    client: Client
    wiring: Wiring

    def usual(self, setting: SettingName) -> str:
        """Return the client's name of a setting."""
        return self.client.names[self.platform].of(setting)[0]

    @property
    def place(self) -> str:
        """The file with the client's settings."""
        return self.client.names[self.platform].place


def examine_app(cli: Cli, folder: Path, deployments: Sequence[Deployment]) -> Iterator[Finding]:
    """Check the app's project in a folder, if there is one.

    Args:
        cli: Context of the command.
        folder: The folder.
        deployments: Deployments of the project's app; empty if unknown.

    """
    try:
        installed = installed_client(folder)
        foreign = foreign_client(folder)
    except ProjectError as error:
        yield Finding(subject="client", verdict="error", found=error.message)
        return
    configuration = capacitor_configuration(folder)
    if configuration is not None:
        client = yield from _client(folder, installed, foreign, _CAPACITOR)
        for platform in CORDOVA_PLATFORMS:
            look = partial(_capacitor_platform, cli, configuration, client, platform, deployments)
            yield from guarded(platform, look)
    elif (folder / "config.xml").is_file():
        client = yield from _client(folder, installed, foreign, _CORDOVA)
        yield from _cordova(cli, folder, client, deployments)
    else:
        yield from _react_native_app(cli, folder, installed, foreign, deployments)


def _client(
    folder: Path, installed: Installed | None, foreign: str | None, default: str
) -> Generator[Finding, None, Client]:
    """Check the app's client package and return it; Microsoft's if the app has none."""
    if installed is not None:
        found = f"{installed.client.package} {installed.version} ({installed.source})."
        yield Finding(subject="client", verdict="ok", found=found)
        return installed.client
    if foreign is not None:
        yield Finding(
            subject="client",
            verdict="error",
            found=f"{foreign} uses another protocol and cannot use a CodePush server.",
            advice=f"Use a CodePush client instead, such as {default}.",
        )
    elif (folder / "package.json").is_file():
        yield Finding(
            subject="client",
            verdict="warning",
            found="package.json has no CodePush client; the settings of Microsoft's client are checked.",
            advice=f"Add a client, such as {default}, or run the command in the app's folder.",
        )
    else:
        yield Finding(subject="client", verdict="skipped", found="No package.json contains one.")
    return default_client(default)


def _react_native_app(
    cli: Cli, folder: Path, installed: Installed | None, foreign: str | None, deployments: Sequence[Deployment]
) -> Iterator[Finding]:
    try:
        project = ReactNativeProject.open(folder)
    except ProjectError as error:
        yield Finding(subject="app project", verdict="skipped", found=error.message)
        return
    client = yield from _client(folder, installed, foreign, _REACT_NATIVE)
    platforms = [platform for platform in get_args(_Platform) if (folder / platform).is_dir()]
    if not platforms:
        yield Finding(
            subject="app project",
            verdict="warning",
            found="There is no folder android or ios, so the settings that the app is built with cannot be checked.",
            advice="In an Expo app, generate these folders first: npx expo prebuild",
        )
    for platform in platforms:
        yield from guarded(platform, partial(_react_native, cli, project, client, platform, deployments))


def _cordova(cli: Cli, folder: Path, client: Client, deployments: Sequence[Deployment]) -> Iterator[Finding]:
    for platform in CORDOVA_PLATFORMS:
        yield from guarded(platform, partial(_cordova_platform, cli, folder, client, platform, deployments))
    yield from guarded("version", lambda: _version("version", CordovaProject(folder).version().value, deployments))


def _cordova_platform(
    cli: Cli, folder: Path, client: Client, platform: str, deployments: Sequence[Deployment]
) -> Iterator[Finding]:
    return _settings(cli, _Half(platform, client, cordova_wiring(folder, client, platform)), deployments)


def _capacitor_platform(
    cli: Cli, configuration: Path, client: Client, platform: str, deployments: Sequence[Deployment]
) -> Iterator[Finding]:
    return _settings(cli, _Half(platform, client, capacitor_wiring(configuration, client, platform)), deployments)


def _react_native(
    cli: Cli, project: ReactNativeProject, client: Client, platform: _Platform, deployments: Sequence[Deployment]
) -> Iterator[Finding]:
    wiring = (android_wiring if platform == "android" else ios_wiring)(project.root, client)
    half = _Half(platform, client, wiring)
    yield from _settings(cli, half, deployments)
    yield _hook(half)
    yield from guarded(f"{platform} Hermes", lambda: [_hermes(project, platform)])
    subject = f"{platform} version"
    yield from guarded(subject, lambda: _version(subject, _version_of(project, platform), deployments))


def _settings(cli: Cli, half: _Half, deployments: Sequence[Deployment]) -> Iterator[Finding]:
    """Check the settings of an app: deployment key, server and public key."""
    yield from _ignored(half)
    yield from _deployment_key(cli, half, deployments)
    yield from _server_url(half, cli.server_url)
    yield from _public_key(half, cli.project.private_key_path)


def _ignored(half: _Half) -> Iterator[Finding]:
    for one in half.wiring.ignored:
        yield Finding(
            subject=f"{half.platform} settings",
            verdict="error",
            found=f"{one.source}: {half.client.package} does not read {one.key} on this platform.",
            advice=f"Rename it to {half.usual(one.name)}.",
        )


def _deployment_key(cli: Cli, half: _Half, deployments: Sequence[Deployment]) -> Iterator[Finding]:
    subject = f"{half.platform} deployment key"
    names = {one.key: one.name for one in deployments}
    found = half.wiring.values("deployment_key")
    if not found:
        yield Finding(
            subject=subject,
            verdict="warning",
            found="No deployment key found: unless JavaScript sets one, the app checks for no updates.",
            advice=f"Set {half.usual('deployment_key')} in {half.place}; to list the keys: codepush deployment list -k",
        )
    for one in found:
        if not one.is_literal:
            yield Finding(subject=subject, verdict="skipped", found=f"{one.source}: set by the build.")
        elif one.value in names:
            yield Finding(subject=subject, verdict="ok", found=f"{one.source}: the key of {names[one.value]}.")
        elif deployments and is_known_key(cli, one.value):
            yield Finding(
                subject=subject,
                verdict="warning",
                found=f"{one.source}: the key belongs to another app on this server than that of the project file.",
                advice="This is correct if each platform has its own app and the key is that of the right one.",
            )
        elif deployments:
            yield Finding(
                subject=subject,
                verdict="error",
                found=f"{one.source}: the key belongs to no deployment on this server.",
                advice="To list the keys: codepush deployment list -k",
            )
        else:
            yield Finding(subject=subject, verdict="skipped", found=f"{one.source}: the key could not be checked.")


def _server_url(half: _Half, server_url: str) -> Iterator[Finding]:
    subject, found = f"{half.platform} server", half.wiring.values("server_url")
    if not found:
        yield Finding(
            subject=subject,
            verdict="error",
            found=f"No server is set: the app uses {half.client.default_server}.",
            advice=f"Set {half.usual('server_url')} in {half.place} to {server_url}.",
        )
    for one in found:
        if not one.is_literal:
            yield Finding(subject=subject, verdict="skipped", found=f"{one.source}: filled in by the build.")
        elif fault := setting_fault(one.value):
            yield Finding(
                subject=subject,
                verdict="warning",
                found=f"{one.source}: {one.value}: {fault}",
                advice="Use an address that devices reach, with https. The Android emulator reaches this machine at "
                "10.0.2.2.",
            )
        elif one.value.rstrip("/") == server_url:
            yield Finding(subject=subject, verdict="ok", found=f"{one.source}: {one.value}")
        else:
            yield Finding(
                subject=subject,
                verdict="warning",
                found=f"{one.source}: {one.value}, but commands here use {server_url}.",
                advice="Make sure that both are the same server.",
            )


def _public_key(half: _Half, private_key_path: Path | None) -> Iterator[Finding]:
    subject, found = f"{half.platform} public key", half.wiring.values("public_key")
    if not found and private_key_path is not None:
        yield Finding(
            subject=subject,
            verdict="warning",
            found="No public key is set: releases are signed, but the app does not verify signatures.",
            advice=f"Set {half.usual('public_key')} in {half.place}.",
        )
    for one in found:
        if private_key_path is None:
            yield Finding(
                subject=subject,
                verdict="warning",
                found=f"{one.source}: the app accepts only signed releases, but the project file has no signing key.",
                advice="Set private-key-path in the project file, or add --private-key-path to every release.",
            )
        elif _fits(one.value, private_key_path):
            yield Finding(subject=subject, verdict="ok", found=f"{one.source}: matches {private_key_path.name}.")
        else:
            yield Finding(
                subject=subject,
                verdict="error",
                found=f"{one.source}: does not match {private_key_path.name}; devices will reject signed releases.",
                advice="Set the public key of the signing key.",
            )


def _fits(public_key: str, private_key_path: Path) -> bool:
    """Return whether a private key matches the public key in an app."""
    signature = signing.sign(_ANY_HASH, signing.read_private_key(private_key_path), issued_at=0)
    try:
        return signing.verify(signature, _pem(public_key)) == _ANY_HASH
    except PackageError:
        return False


def _pem(text: str) -> str:
    """Return a public key as PEM; property lists and strings often lose its line breaks."""
    found = _BASE64.search(text)
    body = re.sub(r"\\n|\s", "", found[1] if found else text)
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *textwrap.wrap(body, 64), "-----END PUBLIC KEY-----", ""])


def _hook(half: _Half) -> Finding:
    subject, wiring = f"{half.platform} code", half.wiring
    if wiring.hook:
        return Finding(subject=subject, verdict="ok", found=f"{wiring.hook} loads the bundle from CodePush.")
    java_class = half.client.java_class
    looked = f"in {' and '.join(wiring.code)}" if wiring.code else "for its file"
    return Finding(
        subject=subject,
        verdict="warning",
        found=f"Not found {looked}: the app seems to run only the bundle of its build.",
        advice=f"Make sure that {_HOOKS[half.platform]}, with: {_IMPORT[half.platform].format(java_class=java_class)}",
    )


def _hermes(project: ReactNativeProject, platform: _Platform) -> Finding:
    subject = f"{platform} Hermes"
    script = find_gradle_script(project.root) if platform == "android" else None
    decision = uses_hermes(project, platform, gradle_script=script)
    if not decision.is_used:
        return Finding(subject=subject, verdict="ok", found=f"Not used: {decision.reason}.")
    compiler = find_hermes_compiler(project, platform, gradle_script=script)
    return Finding(subject=subject, verdict="ok", found=f"Used ({decision.reason}), compiled by {compiler.name}.")


def _version_of(project: ReactNativeProject, platform: _Platform) -> str:
    if platform == "ios":
        return plist_version(project.root, project.name, PlistOptions()).value
    return gradle_version(find_gradle_script(project.root)).value


def _version(subject: str, version: str, deployments: Sequence[Deployment]) -> Iterator[Finding]:
    """Check whether the newest releases target the version that the project builds."""
    full = semver.normalise_app_version(version) or version
    newest = [(one.name, one.package) for one in deployments if one.package is not None]
    missed = [
        f"{name} ({package.label} is for {package.app_version})"
        for name, package in newest
        if not semver.satisfies(full, package.app_version)
    ]
    if not missed:
        yield Finding(subject=subject, verdict="ok", found=f"{version}.")
        return
    yield Finding(
        subject=subject,
        verdict="warning",
        found=f"{version}: devices with this version cannot receive the newest release of {', '.join(missed)}.",
        advice="This is correct if the version is not in the stores yet; otherwise release for it.",
    )
