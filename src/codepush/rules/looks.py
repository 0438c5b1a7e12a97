"""Looks: the trials that count for a decision about a rollout, and the look computed from their numbers.

The server sums trials in its database and a replay sums recorded ones; both look through the same windows.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from codepush.insight_models import TrialTotals  # noqa: TC001 - a named tuple has it as a field
from codepush.rules.conductor import Look, Silence
from codepush.rules.evidence import SETTLE
from codepush.rules.trials import COHORT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codepush.rollout_models import RolloutBaseline
    from codepush.rules.baseline import Age

__all__ = ["Sums", "Window", "Windows", "gap", "look", "reference_windows", "windows"]

_HOUR: Final = 3_600_000
_DAY: Final = 24 * _HOUR


class Window(NamedTuple):
    """The cohorts that began from ``since`` on and before ``until``, in milliseconds since 1970."""

    since: int
    until: int


class Windows(NamedTuple):
    """The windows of a look at one release.

    Attributes:
        verdicts: What counts as evidence of failures.
        settled: What counts as evidence of health: cohorts that ended long enough ago.
        silent: What counts as evidence of silence: cohorts that ended a day ago.
        silent_1h: The same for an hour, without older cohorts: a held release gets no new ones, and older ones count
            for the day.

    """

    verdicts: Window
    settled: Window
    silent: Window
    silent_1h: Window


class Sums(NamedTuple):
    """The sums of the trials in each of the windows, in their order."""

    verdicts: TrialTotals
    settled: TrialTotals
    silent: TrialTotals
    silent_1h: TrialTotals


def windows(at: int, *, since: int, ripen: timedelta = timedelta(0)) -> Windows:
    """Return the windows of a look.

    Args:
        at: When, in milliseconds since 1970.
        since: When the evidence began, likewise.
        ripen: Cohorts that ended less than this ago do not count as evidence of failures.

    """
    unripe = ripen // timedelta(milliseconds=1)
    return Windows(
        verdicts=Window(since, _ended(at - unripe) if unripe else at + 1),
        settled=Window(since, _ended(at - max(SETTLE, unripe))),
        silent=Window(since, _ended(at - _DAY)),
        silent_1h=Window(max(since, at - _DAY), _ended(at - _HOUR)),
    )


def reference_windows(at: int, *, since: int) -> tuple[Window, Window, Window]:
    """Return the windows of a release that others are compared with: its verdicts, and its silence at both ages."""
    return Window(since, at + 1), Window(since, _ended(at - _HOUR)), Window(since, _ended(at - _DAY))


def look(
    at: int,
    soaked: timedelta,
    sums: Sums,
    baseline: RolloutBaseline | None,
    *,
    others: Iterable[TrialTotals] = (),
    is_stopped: bool = False,
    was_calm: bool = False,
    since_halt: timedelta | None = None,
) -> Look:
    """Return the look at a rollout at a moment.

    Args:
        at: When, in milliseconds since 1970.
        soaked: The time at its stage.
        sums: The sums of its trials, by window.
        baseline: What it is compared with.
        others: The sums of other releases' trials since the rollout began.
        is_stopped: Whether the deployment is stopped.
        was_calm: Whether the look before found no suspicion either.
        since_halt: How long ago evidence halted the rollout; ``None`` for all others, and if the halt has a note.

    """
    limits = {} if baseline is None else baseline.silence_limits
    rest = list(others)
    return Look(
        at=datetime.fromtimestamp(at / 1000, UTC),
        soaked=soaked,
        verdicts=sums.verdicts.verdicts,
        failures=sums.verdicts.failures,
        settled_verdicts=sums.settled.verdicts,
        settled_failures=sums.settled.failures,
        silence=_silence(sums.silent, "24h", limits.get("24h")),
        silence_1h=_silence(sums.silent_1h, "1h", limits.get("1h")),
        other_verdicts=sum(one.verdicts for one in rest),
        other_failures=sum(one.failures for one in rest),
        is_stopped=is_stopped,
        was_calm=was_calm,
        since_halt=since_halt,
    )


def gap(totals: TrialTotals, age: Age) -> float | None:
    """Return the share of downloads without a verdict within an age; ``None`` without downloads."""
    return 1 - totals.answered(age) / totals.began if totals.began else None


def _silence(totals: TrialTotals, age: Age, limit: float | None) -> Silence | None:
    if limit is None:
        return None
    return Silence(began=totals.began, gone=totals.began - totals.answered(age), limit=limit)


def _ended(at: int) -> int:
    """Return before when cohorts have to begin that have ended by then."""
    return at - COHORT + 1
