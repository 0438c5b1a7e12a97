"""Simulated phones, set up as the app of a command would be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codepush.device import Platform
    from codepush.models import App, Package
    from codepush.rules.explanation import Explanation, Verdict

__all__ = ["AppKind", "bundle_name_of", "kind_of_download", "platform_of", "reason"]

_START_PAGE: Final = "index.html"
"""What a Cordova app starts with; other apps have the bundle of their platform."""

_REASONS: Final[Mapping[Verdict, str]] = {
    "chosen": "chosen",
    "runs_already": "the phone runs this very package",
    "disabled": "disabled",
    "held": "held: offered to no device that does not run it",
    "other_version": "for {target} only",
    "held_back": "in a rollout, and a newer one leaves out this phone",
    "older": "older",
    "stopped": "all updates of the deployment are stopped",
}


class AppKind(NamedTuple):
    """What kind of app a phone is to have: its platform, and what it starts with."""

    platform: Platform
    bundle_name: str | None


def platform_of(app: App | None) -> Platform:
    """Return the platform that an app was added for; Android when it says none that a phone can imitate."""
    return "ios" if app is not None and (app.os or "").lower() == "ios" else "android"


def bundle_name_of(app: App | None) -> str | None:
    """Return what an app calls what it starts with; ``None`` for the platform's usual name."""
    return _START_PAGE if app is not None and app.platform == "Cordova" else None


def reason(considered: Explanation) -> str:
    """Return why a release was chosen for a phone or was not, in words."""
    release, bucket = considered.release, considered.bucket
    unfit = "; whole package, because its diff does not fit the store build" if considered.is_unfit else ""
    if bucket is not None:
        chosen = considered.verdict == "chosen"
        takes = "chosen: the rollout of {}% takes in" if chosen else "the rollout of {}% leaves out"
        return f"{takes.format(f'{release.rollout:g}')} this phone (its place is {bucket}){unfit}"
    return _REASONS[considered.verdict].format(target=release.app_version) + unfit


def kind_of_download(release: Package | None, url: str) -> str:
    """Return what an address in an answer leads to."""
    if release is None:
        return "download"
    return "whole package" if url == release.blob_url else "difference"
