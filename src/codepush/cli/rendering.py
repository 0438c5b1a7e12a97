"""Formats of times, releases and metrics. Pure functions: the current time is an argument."""

from __future__ import annotations

import textwrap
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from codepush.models import COMPLETE_ROLLOUT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from codepush.models import Metrics, Package

__all__ = ["long_moment", "metrics_lines", "moment", "origin", "release_lines", "total_active"]

_RECENT: Final = timedelta(days=30)
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DESCRIPTION_WIDTH: Final = 70
_TINY: Final = 0.01
_NEARLY_ALL: Final = 99.5

# Upper limit in seconds of each phrase; {} is the number of units.
_AGES: Final = (
    (45, 1, "a few seconds"),
    (90, 60, "a minute"),
    (45 * 60, 60, "{} minutes"),
    (90 * 60, 3600, "an hour"),
    (22 * 3600, 3600, "{} hours"),
    (36 * 3600, 86400, "a day"),
    (26 * 86400, 86400, "{} days"),
    (46 * 86400, 86400, "a month"),
)


def moment(time: datetime, now: datetime) -> str:
    """Return a time: relative if it is near, otherwise as a date in the zone of ``now``."""
    age = now - time
    if abs(age) < _RECENT:
        return _distance(age.total_seconds())
    local = time.astimezone(now.tzinfo)
    day = f"{_MONTHS[local.month - 1][:3]} {local.day}"
    return day if local.year == now.year else f"{day}, {local.year}"


def long_moment(time: datetime) -> str:
    """Return a time to the minute, in its own zone: ``Wednesday, August 17, 2016 12:07 PM``."""
    day = f"{_WEEKDAYS[time.weekday()]}, {_MONTHS[time.month - 1]} {time.day}, {time.year}"
    return f"{day} {time.hour % 12 or 12}:{time.minute:02} {'AM' if time.hour < 12 else 'PM'}"  # noqa: PLR2004 - noon


def release_lines(release: Package | None, now: datetime) -> str:
    """Return the lines about the newest release of a deployment."""
    if release is None:
        return "No updates released"
    lines = [
        f"Label: {release.label}",
        f"App Version: {release.app_version}",
        f"Mandatory: {yes_or_no(release.is_mandatory)}",
    ]
    if release.upload_time:
        lines.append(f"Release Time: {moment(release.upload_time, now)}")
    if release.released_by:
        lines.append(f"Released By: {release.released_by}")
    if release.description:
        lines += textwrap.wrap(f"Description: {release.description}", _DESCRIPTION_WIDTH)
    if release.is_disabled:
        lines.append("Disabled: Yes")
    return "\n".join(lines)


def metrics_lines(release: Package, metrics: Mapping[str, Metrics]) -> str:
    """Return the metrics of a release, a line for each."""
    lines = [*_installs(metrics.get(release.label), total_active(metrics))]
    if release.rollout is not None and release.rollout != COMPLETE_ROLLOUT:
        lines.append(f"Rollout: {release.rollout:n}%")
    return "\n".join(lines)


def origin(release: Package) -> str:
    """Return the origin of a release that was not uploaded, otherwise nothing."""
    if release.release_method == "Promote" and release.original_label:
        return f'(Promoted {release.original_label} from "{release.original_deployment}")'
    if release.release_method == "Rollback" and release.original_label:
        before = f"v{int(release.label[1:]) - 1}" if release.label[1:].isdigit() else "the release before"
        return f"(Rolled back {before} to {release.original_label})"
    return ""


def total_active(metrics: Mapping[str, Metrics]) -> int:
    """Return the number of active devices of a deployment."""
    return sum(one.active for one in metrics.values())


def yes_or_no(truth: bool | None) -> str:
    """Return "Yes" or "No"."""
    return "Yes" if truth else "No"


def _installs(counted: Metrics | None, everyone: int) -> list[str]:
    if counted is None:
        return ["No installs recorded"]
    downloaded, installed, failed = counted.downloaded or 0, counted.installed or 0, counted.failed or 0
    pending = downloaded - installed - failed
    total = f"Total: {installed:,}" + (f" ({pending:,} pending)" if pending > 0 else "")
    lines = [f"Active: {_percent(counted.active, everyone)} ({counted.active:,} of {everyone:,})", total]
    return lines + ([f"Rollbacks: {failed:,}"] if failed else [])


def _percent(part: int, whole: int) -> str:
    """Return a percentage with two significant digits."""
    percent = 100 * part / whole if whole else 0.0
    if percent in {0.0, 100.0}:
        return f"{percent:.0f}%"
    if percent < _TINY:
        return f"<{_TINY}%"
    if percent >= _NEARLY_ALL:
        return "99%"
    return f"{percent:#.2g}".rstrip(".") + "%"


def _distance(seconds: float) -> str:
    """Return how long ago a time was, with tolerance for clock skew."""
    unit, text = next((unit, text) for limit, unit, text in _AGES if abs(seconds) < limit)
    distance = text.format(round(abs(seconds) / unit))
    return f"in {distance}" if seconds <= -_AGES[0][0] else f"{distance} ago"
