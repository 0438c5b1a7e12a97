"""Trials: one device and one label, from the download to the first verdict.

Of each device a deployment remembers its last trial. Labels of a deployment only rise, so a trial of a higher label
replaces one of a lower, and nothing that a device reports of a lower label counts as evidence: otherwise one ID could
vote again and again by alternating labels.

The table of changes is in ``docs/device-states.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from codepush.insight_models import TrialAge, TrialKind, TrialOutcome, TrialStanding, TrialTotals
from codepush.rules.reports import FAILED
from codepush.rules.rollout import is_selected

if TYPE_CHECKING:
    from codepush.models import StatusReport

__all__ = [
    "COHORT",
    "Trial",
    "TrialChange",
    "TrialCount",
    "TrialTotals",
    "TriedLabel",
    "change",
    "cohort_of",
]

COHORT: Final = 10 * 60 * 1000
"""Milliseconds that a cohort lasts."""

_HOUR: Final = 60 * 60 * 1000
_DAY: Final = 24 * _HOUR


class Trial(Struct, frozen=True):
    """The last trial of a device.

    Attributes:
        number: The number of the label.
        began_at: When the download was reported, in milliseconds since 1970; ``None`` if it was not.
        outcome: ``bad`` once a failure was reported, else ``ok`` once a success was. The first verdict is counted.

    """

    number: int
    began_at: int | None = None
    outcome: TrialOutcome | None = None


class TriedLabel(Struct, frozen=True, kw_only=True):
    """The facts about a label that counting needs. Times are milliseconds since 1970.

    Attributes:
        number: Its number.
        released_at: When it was released.
        percent: The highest percentage so far, while a rollout plan is below 100 percent.
        evidence_since: When its evidence began, if it has a rollout plan.

    """

    number: int
    released_at: int
    percent: int | None = None
    evidence_since: int | None = None


class TrialCount(Struct, frozen=True):
    """A counter that a report increments."""

    cohort_at: int
    kind: TrialKind
    age: TrialAge
    standing: TrialStanding


class TrialChange(Struct, frozen=True):
    """The changes that a report makes.

    Attributes:
        trial: The trial to remember of the device; ``None``: as before.
        count: What it adds one to.
        is_repeat: Whether the device reported this download or failure before.

    """

    trial: Trial | None = None
    count: TrialCount | None = None
    is_repeat: bool = False


_NOTHING: Final = TrialChange()
_REPEAT: Final = TrialChange(is_repeat=True)


def change(report: StatusReport, trial: Trial | None, label: TriedLabel, *, is_known: bool, at: int) -> TrialChange:
    """Return the changes that a report about a label makes.

    Args:
        report: A download, success or failure of the label. Without a device ID it is counted apart.
        trial: The last trial of the device.
        label: The label.
        is_known: Whether the device was stored before the label was released.
        at: When the report came, in milliseconds since 1970.

    """
    if trial is not None and trial.number > label.number:
        return _NOTHING
    now = trial if trial is not None and trial.number == label.number else Trial(label.number)
    standing = _standing(report, label, is_known=is_known)
    if report.kind == "download":
        return _downloaded(now, label, standing, at)
    return _reported(now, "bad" if report.status == FAILED else "ok", label, standing, at)


def cohort_of(at: int, label: TriedLabel) -> int:
    """Return when the cohort of a trial began: no earlier than its evidence, unless the trial is older than that."""
    begins = at - at % COHORT
    since = label.evidence_since
    return begins if since is None or since > at else max(begins, since)


def _downloaded(trial: Trial, label: TriedLabel, standing: TrialStanding, at: int) -> TrialChange:
    if trial.began_at is not None:
        return _REPEAT
    began = Trial(label.number, at, trial.outcome)
    if trial.outcome is not None:  # its verdict is counted already, as that of a trial without a download
        return TrialChange(began)
    return TrialChange(began, TrialCount(cohort_of(at, label), "began", "none", standing))


def _reported(trial: Trial, outcome: TrialOutcome, label: TriedLabel, standing: TrialStanding, at: int) -> TrialChange:
    after = Trial(label.number, trial.began_at, outcome)
    if trial.outcome is None:
        cohort = cohort_of(at if trial.began_at is None else trial.began_at, label)
        return TrialChange(after, TrialCount(cohort, outcome, _age(trial.began_at, at), standing))
    if outcome == "ok":
        return _NOTHING
    return _REPEAT if trial.outcome == "bad" else TrialChange(after)


def _standing(report: StatusReport, label: TriedLabel, *, is_known: bool) -> TrialStanding:
    if not report.client_unique_id or not report.label:
        return "nameless"
    if label.percent is not None and not is_selected(report.client_unique_id, label.percent, report.label):
        return "stray"
    return "known" if is_known else "new"


def _age(began_at: int | None, at: int) -> TrialAge:
    if began_at is None:
        return "none"
    took = at - began_at
    if took > _DAY:
        return "later"
    return "24h" if took > _HOUR else "1h"
