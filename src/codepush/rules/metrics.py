"""Changes of counters by status reports.

For every device with an ID, a deployment stores the label or binary version that it last ran. So a repeated report
changes nothing, and ``active`` is the number of devices that last ran a label or version. Devices without an ID are
counted by the previous version in their reports, in a separate counter, so that wrong reports never lower the count of
stored devices.

``docs/device-states.md`` has the table of states and transitions. These functions only compute changes; the caller
stores them in one transaction and keeps counters at zero or above.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from msgspec import Struct

from codepush.models import Metrics, StatusReport
from codepush.rules.reports import FAILED

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Change", "CounterChange", "CounterKind", "change", "is_arrival", "other_deployment_key", "summarise"]

CounterKind: TypeAlias = Literal["active", "anonymous", "downloaded", "failed", "installed"]
"""Kind of a counter. ``anonymous`` is the part of the active devices without an ID."""

_LABEL: Final = re.compile(r"v[0-9]+")


class CounterChange(Struct, frozen=True):
    """An addition to one counter. ``subject`` is a label or a binary version."""

    deployment_key: str
    subject: str
    kind: CounterKind
    delta: int


class Change(Struct, frozen=True, kw_only=True):
    """The changes that a report makes.

    Attributes:
        counters: The additions, applied in this order with a floor of zero.
        remember: New stored label or version of the device in the report's deployment; None: unchanged.
        is_moved: Whether to delete the device from the other deployment (:func:`other_deployment_key`).

    """

    counters: tuple[CounterChange, ...] = ()
    remember: str | None = None
    is_moved: bool = False


def is_arrival(report: StatusReport) -> bool:
    """Return whether a report is about a running version, not a download or a failure."""
    return report.kind == "deploy" and not (report.label and report.status == FAILED)


def other_deployment_key(report: StatusReport) -> str | None:
    """Return the previous deployment key of a report, if it differs from the current one."""
    previous = report.previous_deployment_key
    return previous if previous != report.deployment_key else None


def change(
    report: StatusReport, *, runs: str | None = None, ran_elsewhere: str | None = None, is_repeat: bool = False
) -> Change:
    """Return the changes that a report makes.

    The stored state of a device has precedence over the previous version in its report.

    Args:
        report: The validated report; its label, versions and previous ones are subjects of counters.
        runs: Stored label or version of the device in the report's deployment.
        ran_elsewhere: Stored label or version of the device in its previous deployment.
        is_repeat: Whether the device reported this download or failure before (`codepush.rules.trials`).

    """
    if not is_arrival(report):
        kind: CounterKind = "downloaded" if report.kind == "download" else "failed"
        return Change() if is_repeat else Change(counters=_added(report, kind))
    if not report.client_unique_id:
        return _of_unnamed_device(report)
    return _of_device(report, runs, ran_elsewhere)


def summarise(counters: Mapping[tuple[str, CounterKind], int]) -> Mapping[str, Metrics]:
    """Return the metrics of a deployment for display.

    Args:
        counters: Value of each counter by subject and kind.

    Returns:
        Metrics by subject, in order of first appearance: all four counters of a label, only the active devices of a
        binary version.

    """
    subjects = dict.fromkeys(subject for subject, _ in counters)
    return {subject: _shown(subject, counters) for subject in subjects}


def _of_device(report: StatusReport, runs: str | None, ran_elsewhere: str | None) -> Change:
    """Return the change for a device with an id: it leaves what it ran, in both deployments, and arrives."""
    origin = other_deployment_key(report)
    left = (CounterChange(origin, ran_elsewhere, "active", -1),) if origin and ran_elsewhere else ()
    is_moved = bool(left)
    if runs == _subject(report):
        return Change(counters=left, is_moved=is_moved)
    if runs:
        left = (*left, CounterChange(report.deployment_key, runs, "active", -1))
    arrived = _added(report, "installed", "active")
    return Change(counters=(*left, *arrived), remember=_subject(report), is_moved=is_moved)


def _of_unnamed_device(report: StatusReport) -> Change:
    """Return the change for a device without an ID, by the previous version in its report.

    It counts in the report's own deployment only: otherwise anyone could lower the counters of any deployment.
    """
    previous = None if other_deployment_key(report) else report.previous_label_or_app_version
    if previous == _subject(report):
        return Change()
    left = (CounterChange(report.deployment_key, previous, "anonymous", -1),) if previous else ()
    return Change(counters=(*left, *_added(report, "installed", "anonymous")))


def _subject(report: StatusReport) -> str:
    return report.label or report.app_version or ""


def _added(report: StatusReport, *kinds: CounterKind) -> tuple[CounterChange, ...]:
    return tuple(CounterChange(report.deployment_key, _subject(report), kind, 1) for kind in kinds)


def _shown(subject: str, counters: Mapping[tuple[str, CounterKind], int]) -> Metrics:
    active = counters.get((subject, "active"), 0) + counters.get((subject, "anonymous"), 0)
    if not _LABEL.fullmatch(subject):
        return Metrics(active=active)
    return Metrics(
        active=active,
        downloaded=counters.get((subject, "downloaded"), 0),
        failed=counters.get((subject, "failed"), 0),
        installed=counters.get((subject, "installed"), 0),
    )
