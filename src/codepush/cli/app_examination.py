"""What ``codepush doctor`` looks at in an app's own project: what the app is told when it is built, and its version."""

from __future__ import annotations

import re
import textwrap
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from codepush.cli.findings import Finding, guarded
from codepush.errors import PackageError, ProjectError
from codepush.packaging import signing
from codepush.projects.cordova import CORDOVA_PLATFORMS, CordovaProject
from codepush.projects.gradle import find_gradle_script, gradle_version
from codepush.projects.hermes import find_hermes_compiler, uses_hermes
from codepush.projects.plist import PlistOptions, plist_version
from codepush.projects.react_native import ReactNativeProject
from codepush.projects.wiring import android_wiring, cordova_wiring, ios_wiring
from codepush.rules import semver

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from codepush.cli.context import Cli
    from codepush.models import Deployment
    from codepush.projects.wiring import Wiring

__all__ = ["examine_app"]

_Platform: TypeAlias = Literal["android", "ios"]

_CLOSED: Final = "https://codepush.appcenter.ms, which closed on 2025-03-31"
"""Where apps ask that are told nothing else."""

_BASE64: Final = re.compile(r"-----BEGIN [A-Z ]+-----(.*?)-----END [A-Z ]+-----", re.DOTALL)
_ANY_HASH: Final = "0" * 64

_WHERE: Final = {
    "android": "android/app/src/main/res/values/strings.xml",
    "ios": "Info.plist",
}
_HOOKS: Final = {
    "android": "getJSBundleFile() of MainApplication returns CodePush.getJSBundleFile()",
    "ios": "the bundle URL of AppDelegate is CodePush.bundleURL()",
}
_URL_NAMES: Final = {"android": "CodePushServerUrl", "ios": "CodePushServerURL"}


def examine_app(cli: Cli, folder: Path, deployments: Sequence[Deployment]) -> Iterator[Finding]:
    """Look at the app's project in a folder, if there is one.

    Args:
        cli: what the command works with.
        folder: the folder.
        deployments: those of the project's app; none when they are not known.

    """
    if (folder / "config.xml").is_file():
        yield from _cordova(cli, folder, deployments)
        return
    try:
        project = ReactNativeProject.open(folder)
    except ProjectError as error:
        yield Finding(subject="app project", verdict="skipped", found=error.message)
        return
    for platform in ("android", "ios"):
        if (folder / platform).is_dir():
            yield from guarded(platform, partial(_react_native, cli, project, platform, deployments))


def _cordova(cli: Cli, folder: Path, deployments: Sequence[Deployment]) -> Iterator[Finding]:
    for platform in CORDOVA_PLATFORMS:
        yield from guarded(platform, partial(_cordova_platform, cli, folder, platform, deployments))
    yield from guarded("version", lambda: _version("version", CordovaProject(folder).version().value, deployments))


def _cordova_platform(cli: Cli, folder: Path, platform: str, deployments: Sequence[Deployment]) -> Iterator[Finding]:
    return _told(cli, platform, cordova_wiring(folder, platform), deployments)


def _react_native(
    cli: Cli, project: ReactNativeProject, platform: _Platform, deployments: Sequence[Deployment]
) -> Iterator[Finding]:
    wiring = android_wiring(project.root) if platform == "android" else ios_wiring(project.root)
    yield from _told(cli, platform, wiring, deployments)
    yield _hook(platform, wiring)
    yield from guarded(f"{platform} Hermes", lambda: [_hermes(project, platform)])
    subject = f"{platform} version"
    yield from guarded(subject, lambda: _version(subject, _version_of(project, platform), deployments))


def _told(cli: Cli, platform: str, wiring: Wiring, deployments: Sequence[Deployment]) -> Iterator[Finding]:
    """Look at what the app is told: its deployment key, its server, its public key."""
    yield from _deployment_key(platform, wiring, deployments)
    yield from _server_url(platform, wiring, cli.server_url)
    yield from _public_key(platform, wiring, cli.project.private_key_path)


def _deployment_key(platform: str, wiring: Wiring, deployments: Sequence[Deployment]) -> Iterator[Finding]:
    subject = f"{platform} deployment key"
    names = {one.key: one.name for one in deployments}
    found = wiring.values("deployment_key")
    if not found:
        yield Finding(
            subject=subject,
            verdict="warning",
            found="None was found: the app asks for nothing, unless its JavaScript gives the key.",
            advice=f"Set CodePushDeploymentKey in {_WHERE[platform]}; 'codepush deployment list -k' shows the keys.",
        )
    for one in found:
        if not one.is_literal:
            yield Finding(subject=subject, verdict="skipped", found=f"{one.source}: filled in by the build.")
        elif one.value in names:
            yield Finding(subject=subject, verdict="ok", found=f"{one.source}: that of {names[one.value]}.")
        elif deployments:
            yield Finding(
                subject=subject,
                verdict="fault",
                found=f"{one.source}: it belongs to no deployment of the app on this server.",
                advice="'codepush deployment list -k' shows the keys.",
            )
        else:
            yield Finding(subject=subject, verdict="skipped", found=f"{one.source}: whose it is, is not known.")


def _server_url(platform: str, wiring: Wiring, server_url: str) -> Iterator[Finding]:
    subject, found = f"{platform} server", wiring.values("server_url")
    if not found:
        yield Finding(
            subject=subject,
            verdict="fault",
            found=f"None is set: the app asks {_CLOSED}.",
            advice=f"Set {_URL_NAMES[platform]} in {_WHERE[platform]} to the server's address.",
        )
    for one in found:
        if not one.is_literal:
            yield Finding(subject=subject, verdict="skipped", found=f"{one.source}: filled in by the build.")
        elif one.value.rstrip("/") == server_url:
            yield Finding(subject=subject, verdict="ok", found=f"{one.source}: {one.value}")
        else:
            yield Finding(
                subject=subject,
                verdict="warning",
                found=f"{one.source}: {one.value}, while commands here talk to {server_url}.",
                advice="Make sure that both lead to the same server.",
            )


def _public_key(platform: str, wiring: Wiring, private_key_path: Path | None) -> Iterator[Finding]:
    subject, found = f"{platform} public key", wiring.values("public_key")
    if not found and private_key_path is not None:
        yield Finding(
            subject=subject,
            verdict="warning",
            found="None is set: releases are signed, and the app does not look at signatures.",
            advice=f"Set CodePushPublicKey in {_WHERE[platform]}.",
        )
    for one in found:
        if private_key_path is None:
            yield Finding(
                subject=subject,
                verdict="warning",
                found=f"{one.source}: the app takes signed releases only, and the project names no key to sign with.",
                advice="Set private-key-path in the project file, or give --private-key-path with every release.",
            )
        elif _fits(one.value, private_key_path):
            yield Finding(subject=subject, verdict="ok", found=f"{one.source}: it fits {private_key_path.name}.")
        else:
            yield Finding(
                subject=subject,
                verdict="fault",
                found=f"{one.source}: phones refuse what is signed with {private_key_path.name}, which does not fit.",
                advice="Set the public half of the key that releases are signed with.",
            )


def _fits(public_key: str, private_key_path: Path) -> bool:
    """Return whether what is signed with a private key passes with the public key in an app."""
    signature = signing.sign(_ANY_HASH, signing.read_private_key(private_key_path), issued_at=0)
    try:
        return signing.verify(signature, _pem(public_key)) == _ANY_HASH
    except PackageError:
        return False


def _pem(text: str) -> str:
    """Return a public key as PEM: what stands in property lists and strings has often lost its line breaks."""
    found = _BASE64.search(text)
    body = re.sub(r"\\n|\s", "", found[1] if found else text)
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *textwrap.wrap(body, 64), "-----END PUBLIC KEY-----", ""])


def _hook(platform: _Platform, wiring: Wiring) -> Finding:
    subject = f"{platform} code"
    if wiring.hook:
        return Finding(subject=subject, verdict="ok", found=f"{wiring.hook} takes the bundle from CodePush.")
    looked = f"in {' and '.join(wiring.code)}" if wiring.code else "for its file"
    return Finding(
        subject=subject,
        verdict="warning",
        found=f"Looked {looked}: the app seems to run only the bundle that it was built with.",
        advice=f"Make sure that {_HOOKS[platform]}.",
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
    """Look at whether phones of the version that is built next can take the newest releases."""
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
        found=f"{version}: phones with it cannot take the newest release of {', '.join(missed)}.",
        advice="That is right for a version that is not in the stores yet; else release for it.",
    )
