"""Audiences: how many devices a release is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codepush.rules import semver
from codepush.rules.duplicates import same_target

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["audience"]


def audience(active: Mapping[str, int], targets: Mapping[str, str], app_version: str) -> int:
    """Return how many devices run a release for the same binary versions, or such a binary version itself.

    Args:
        active: How many devices run each label and binary version.
        targets: The target binary version of each label.
        app_version: The target binary version of the release.

    """
    return sum(count for subject, count in active.items() if _is_reached(subject, targets, app_version))


def _is_reached(subject: str, targets: Mapping[str, str], app_version: str) -> bool:
    if subject in targets:
        return same_target(targets[subject], app_version)
    return semver.is_exact(subject) and semver.satisfies(subject, app_version)
