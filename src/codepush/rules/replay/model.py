"""A model of a fleet, for a replay without recorded cohorts.

Devices check for updates twice a day on average, in the afternoon nine times as often as at night. Of those that
download a release, 60 % restart after 4 minutes on average, 37 % after 8 hours and 3 % after 2 days; 3 % never report.
"""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from math import cos, log1p, pi
from random import Random
from typing import TYPE_CHECKING, Final

from codepush.rules.replay.cohorts import Cohort
from codepush.rules.trials import COHORT

if TYPE_CHECKING:
    from codepush.insight_models import TrialAge

__all__ = ["modelled"]

_BEGINS: Final = datetime(2026, 1, 5, 8, tzinfo=UTC)
"""A Monday morning."""

_STEP: Final = timedelta(milliseconds=COHORT)
_DAYS: Final = 7
_COHORTS: Final = timedelta(days=_DAYS) // _STEP
_CHECKS: Final = 2 / (timedelta(days=1) / _STEP)
_SWING: Final = 0.8
_PEAK: Final = timedelta(hours=15)
_SILENT: Final = 0.03
_HOUR: Final = 1.0
_DAY: Final = 24.0
_RESTARTS: Final = ((0.6, 4 / 60), (0.97, 8.0), (1.0, 48.0))
"""Cumulative shares of devices, and their mean time to the restart in hours."""


def modelled(devices: int, *, failing: float = 0.005, seed: int = 1) -> tuple[Cohort, ...]:
    """Return the cohorts of a release that is offered to all devices of a modelled fleet at once.

    Args:
        devices: How many devices there are.
        failing: The share of them on which the release fails.
        seed: For other draws.

    """
    dice = Random(seed)  # noqa: S311 - the same fleet every time; nothing here is secret
    checks = list(accumulate(_checks(number) for number in range(_COHORTS)))
    began = Counter(min(bisect(checks, -log1p(-dice.random())), _COHORTS - 1) for _ in range(devices))
    return tuple(_cohort(number, began[number], failing, dice) for number in sorted(began))


def _checks(number: int) -> float:
    """Return how often a device checks for updates during a cohort on average."""
    since_midnight = _BEGINS + number * _STEP - _BEGINS.replace(hour=0)
    return _CHECKS * (1 + _SWING * cos(2 * pi * ((since_midnight - _PEAK) / timedelta(days=1))))


def _cohort(number: int, began: int, failing: float, dice: Random) -> Cohort:
    answers: Counter[tuple[bool, TrialAge]] = Counter()
    for _ in range(began):
        age = _age(dice)
        is_bad = dice.random() < failing
        if dice.random() >= _SILENT:
            answers[is_bad, age] += 1
    ok, bad = ({age: count for (bad, age), count in answers.items() if bad is kind} for kind in (False, True))
    return Cohort(at=_BEGINS + number * _STEP, began=began, ok=ok, bad=bad)


def _age(dice: Random) -> TrialAge:
    """Return how long after the download a device reports its verdict."""
    drawn = dice.random()
    mean = next(mean for share, mean in _RESTARTS if drawn < share)
    hours = -mean * log1p(-dice.random())
    if hours > _DAY:
        return "later"
    return "24h" if hours > _HOUR else "1h"
