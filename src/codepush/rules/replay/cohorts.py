"""Recorded cohorts, and the devices that they are made of.

Cohorts count devices by the hours in which they reported, so the times within a cohort and an age are drawn. Every
device draws the same numbers whatever faults are added: with more faults, the same devices fail and further ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import expm1, log1p
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec import Struct

from codepush.insight_models import TrialAge
from codepush.rules.baseline import Reference, baseline
from codepush.rules.trials import COHORT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from random import Random

    from codepush.rollout_models import RolloutBaseline

__all__ = ["Cohort", "Device", "Faults", "as_baseline", "devices", "size"]

_MINUTE: Final = 60 * 1000
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_PLACES: Final = 100

_WITHIN: Final[Mapping[TrialAge, tuple[int, int, int]]] = {
    "none": (0, 0, 1),
    "1h": (0, _HOUR, 4 * _MINUTE),
    "24h": (_HOUR, _DAY, 8 * _HOUR),
    "later": (_DAY, 4 * _DAY, _DAY),
}
"""By age of a verdict: the earliest and the latest time after the download, and the mean above the earliest."""

_FAILURES: Final = ((0.7, 3 * _MINUTE), (0.9, 10 * _HOUR))
"""Failures that are reported, as cumulative shares, and the mean time after the crash; the rest never are."""


class Cohort(Struct, frozen=True, kw_only=True):
    """Trials that began at about the same time.

    Attributes:
        at: When the first could begin.
        span: Within how long they began.
        began: Downloads.
        ok: Verdicts of success by age; those without an age belong to no download.
        bad: Verdicts of failure, likewise.

    """

    at: datetime
    span: timedelta = timedelta(milliseconds=COHORT)
    began: int = 0
    ok: Mapping[TrialAge, int] = {}
    bad: Mapping[TrialAge, int] = {}


class Faults(Struct, frozen=True, kw_only=True):
    """Faults that are added to a release.

    Attributes:
        failing: The share of devices on which it fails as well; 1 for all.
        silent: The share of devices that report nothing because of it.

    """

    failing: float = 0.0
    silent: float = 0.0


class Device(NamedTuple):
    """A device of a replay.

    Attributes:
        checks_at: When it checks for updates first, in milliseconds since 1970.
        place: Its place among the percents of a rollout.
        downloads: Whether it reports the download.
        answers_after: How long after the download it reports its verdict; ``None``: never.
        is_bad: Whether the verdict is a failure.
        is_hurt: Whether the release fails on it, reported or not.

    """

    checks_at: int
    place: int
    downloads: bool
    answers_after: int | None
    is_bad: bool
    is_hurt: bool


def devices(cohorts: Iterable[Cohort], faults: Faults, dice: Random) -> Iterator[Device]:
    """Return the devices of cohorts, with faults added."""
    for cohort in cohorts:
        for is_bad, answers in ((False, cohort.ok), (True, cohort.bad)):
            for age, count in answers.items():
                for _ in range(count):
                    yield _device(cohort, age, faults, dice, is_bad=is_bad)
        for _ in range(cohort.began - _answered(cohort)):
            yield _device(cohort, None, faults, dice, is_bad=False)


def as_baseline(label: str, cohorts: Sequence[Cohort]) -> RolloutBaseline:
    """Return what a release leads to expect of the next one, as if it were mandatory alike."""
    began = sum(one.began for one in cohorts)
    within = {age: sum(one.ok.get(age, 0) + one.bad.get(age, 0) for one in cohorts) for age in _WITHIN}
    reference = Reference(
        label=label,
        verdicts=sum(within.values()),
        failures=sum(sum(one.bad.values()) for one in cohorts),
        downloads_1h=began,
        gone_1h=max(0, began - within["1h"]),
        downloads_24h=began,
        gone_24h=max(0, began - within["1h"] - within["24h"]),
    )
    return baseline([reference])


def size(cohort: Cohort) -> int:
    """Return how many devices a cohort has, those included whose download is unknown."""
    return max(cohort.began, _answered(cohort)) + cohort.ok.get("none", 0) + cohort.bad.get("none", 0)


def _answered(cohort: Cohort) -> int:
    """Return how many devices downloaded the release and reported a verdict."""
    return sum(sum(count for age, count in some.items() if age != "none") for some in (cohort.ok, cohort.bad))


def _device(cohort: Cohort, age: TrialAge | None, faults: Faults, dice: Random, *, is_bad: bool) -> Device:
    """Return a device of a cohort, whose verdict had an age, or that reported none."""
    place, moment, delay, failing, silent, report, wait = (dice.random() for _ in range(7))
    fails = failing < faults.failing
    after = None if age is None else _delay(_WITHIN[age], delay)
    if fails and not is_bad and after is not None:
        crashed = _report_of_crash(report, wait)
        after = None if crashed is None else after + crashed
    dies = silent < faults.silent
    return Device(
        checks_at=int(cohort.at.timestamp() * 1000 + moment * cohort.span.total_seconds() * 1000),
        place=int(place * _PLACES),
        downloads=age != "none",
        answers_after=None if dies else after,
        is_bad=is_bad or fails,
        is_hurt=is_bad or fails or dies,
    )


def _delay(within: tuple[int, int, int], drawn: float) -> int:
    """Return an exponential delay between two bounds."""
    least, most, mean = within
    beyond = log1p(drawn * expm1((least - most) / mean))
    return int(least - mean * beyond)


def _report_of_crash(report: float, wait: float) -> int | None:
    """Return how long after a crash it is reported."""
    mean = next((mean for share, mean in _FAILURES if report < share), None)
    return None if mean is None else int(-mean * log1p(-wait))
