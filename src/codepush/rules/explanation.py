"""Explanations of update decisions: why each release of a deployment is offered to a device or not.

:mod:`codepush.rules.selection` decides; this module lists reasons in a readable order, newest release first. Tests
compare the results of both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from codepush.models import Package
from codepush.rules import rollout as rollouts, semver
from codepush.rules.selection import as_received, can_apply

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from codepush.models import UpdateCheck

__all__ = ["Explanation", "Verdict", "consider"]

Verdict: TypeAlias = Literal[
    "chosen", "runs_already", "disabled", "held", "other_version", "held_back", "older", "stopped"
]
"""Result for a release, in this order: it is offered; the device runs its package; it is disabled; it is held, so that
only devices that run it keep it; it is for other binary versions; its rollout excludes the device; a newer release was
found; all updates of the deployment are stopped."""


class Explanation(Struct, frozen=True, kw_only=True):
    """A release, and the result for one device.

    Attributes:
        release: The release.
        verdict: The result.
        bucket: The device's bucket in the rollout, 0 to 99, if it decided; buckets below the percentage are included.
        is_unfit: Whether the device cannot apply the diff from the package it runs, and gets the whole package.

    """

    release: Package
    verdict: Verdict
    bucket: int | None = None
    is_unfit: bool = False


def consider(history: Sequence[Package], check: UpdateCheck, *, is_stopped: bool = False) -> tuple[Explanation, ...]:
    """Return the result of an update check for each release, newest first.

    Args:
        history: Releases of the deployment, oldest first.
        check: The check as the device sent it; ``None`` for each missing value.
        is_stopped: Whether the deployment's updates are stopped.

    Raises:
        ValueError: The binary version is not a version, even with missing parts filled in.

    """
    version = semver.normalise_app_version(check.app_version)
    if version is None:
        raise ValueError(f"Invalid version: {check.app_version}")
    if is_stopped:
        return tuple(Explanation(release=release, verdict="stopped") for release in reversed(history))
    return tuple(_consider(reversed(history), replace(as_received(check), app_version=version)))


def _consider(releases: Iterator[Package], check: UpdateCheck) -> Iterator[Explanation]:
    is_decided = is_left_out = False
    for release in releases:
        found = _one(release, check, is_left_out=is_left_out)
        if is_decided:
            found = Explanation(release=release, verdict="older")
        elif found.verdict == "chosen":
            diff = release.diff_package_map.get(check.package_hash or "")
            found = replace(found, is_unfit=diff is not None and not can_apply(check, diff))
        yield found
        is_decided = is_decided or found.verdict in {"chosen", "runs_already"}
        # A device that the newest rollout excludes is in no other rollout.
        is_left_out = is_left_out or found.verdict == "held_back"


def _one(release: Package, check: UpdateCheck, *, is_left_out: bool) -> Explanation:
    if release.is_disabled:
        return Explanation(release=release, verdict="disabled")
    if release.is_held and release.package_hash != check.package_hash:
        return Explanation(release=release, verdict="held")
    if not (check.is_companion or semver.satisfies(check.app_version, release.app_version)):
        return Explanation(release=release, verdict="other_version")
    is_rolling_out = rollouts.is_unfinished(release.rollout) and not release.is_held
    if is_rolling_out and is_left_out:
        return Explanation(release=release, verdict="held_back")
    if release.package_hash == check.package_hash:
        return Explanation(release=release, verdict="runs_already")
    return _rolling_out(release, check) if is_rolling_out else Explanation(release=release, verdict="chosen")


def _rolling_out(release: Package, check: UpdateCheck) -> Explanation:
    if not check.client_unique_id:  # an empty id is never selected
        return Explanation(release=release, verdict="held_back")
    bucket = rollouts.bucket(check.client_unique_id, release.label or release.package_hash)
    verdict: Verdict = "chosen" if bucket < (release.rollout or 0) else "held_back"
    return Explanation(release=release, verdict=verdict, bucket=bucket)
