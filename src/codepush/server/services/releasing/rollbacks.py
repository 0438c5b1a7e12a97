"""Rollbacks: the release to return to, and conditions for that (standalone management API, section 7.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codepush.rules import labels
from codepush.server.services.errors import ConflictError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codepush.server.ports.releases import ReleaseRecord

__all__ = ["target"]


def target(history: Sequence[ReleaseRecord], label: str | None) -> ReleaseRecord:
    """Return the target of a rollback: the release with this label, by default the previous one.

    Raises:
        NotFoundError: There is no such release.
        ConflictError: It is the newest one, or targets another app version than the newest one.

    """
    if not history:
        raise NotFoundError(
            "Cannot perform rollback because there are no releases on this deployment.", code="no_releases"
        )
    found = _before_newest(history) if label is None else _labelled(history, label)
    if found.app_version != history[-1].app_version:
        raise ConflictError(
            "Cannot perform rollback to a different app version. Please perform a new release with the desired "
            "replacement package.",
            code="other_app_version",
        )
    return found


def _before_newest(history: Sequence[ReleaseRecord]) -> ReleaseRecord:
    if len(history) == 1:
        raise NotFoundError(
            "Cannot perform rollback because there are no prior releases to rollback to.", code="no_prior_release"
        )
    return history[-2]


def _labelled(history: Sequence[ReleaseRecord], label: str) -> ReleaseRecord:
    found = next((release for release in history if labels.label(release.number) == label), None)
    if found is None:
        raise NotFoundError(
            f"Cannot perform rollback because the target release ({label}) could not be found in the deployment "
            "history.",
            code="release_not_found",
        )
    if found is history[-1]:
        raise ConflictError(
            f"Cannot perform rollback because the target release ({label}) is already the latest release.",
            code="is_latest_release",
        )
    return found
