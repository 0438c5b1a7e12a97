"""Simulated devices, configured like the app of a command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codepush.device import Platform
    from codepush.models import App, Package
    from codepush.rules.explanation import Explanation, Verdict

__all__ = ["AppKind", "bundle_name_of", "kind_of_download", "platform_of", "reason"]

_START_PAGE: Final = "index.html"
"""Start page of a Cordova app; other apps start with the bundle of their platform."""

_REASONS: Final[Mapping[Verdict, str]] = {
    "chosen": "chosen",
    "runs_already": "already installed",
    "disabled": "disabled",
    "held": "held: offered to no device that does not run it",
    "other_version": "for {target} only",
    "held_back": "in a rollout, and a newer rollout excludes this device",
    "older": "older",
    "stopped": "all updates of the deployment are stopped",
}


class AppKind(NamedTuple):
    """The kind of app on a device: its platform, and the file it starts with."""

    platform: Platform
    bundle_name: str | None


def platform_of(app: App | None) -> Platform:
    """Return the platform that an app was added for; Android if it has none that can be simulated."""
    return "ios" if app is not None and (app.os or "").lower() == "ios" else "android"


def bundle_name_of(app: App | None) -> str | None:
    """Return the name of an app's start file; ``None`` for the platform's usual name."""
    return _START_PAGE if app is not None and app.platform == "Cordova" else None


def reason(considered: Explanation) -> str:
    """Return why a release was or was not chosen for a device."""
    release, bucket = considered.release, considered.bucket
    unfit = "; whole package, because its diff does not fit the store build" if considered.is_unfit else ""
    if bucket is not None:
        chosen = considered.verdict == "chosen"
        takes = "chosen: the rollout of {}% includes" if chosen else "the rollout of {}% excludes"
        return f"{takes.format(f'{release.rollout:g}')} this device (its position is {bucket}){unfit}"
    return _REASONS[considered.verdict].format(target=release.app_version) + unfit


def kind_of_download(release: Package | None, url: str) -> str:
    """Return the kind of download at an address: a diff, a whole package or a bundle."""
    if release is None:
        return "download"
    return "whole package" if url == release.blob_url else "difference"
