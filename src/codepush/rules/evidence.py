"""Evidence about the share of failing trials of a release, from its verdicts.

A *verdict* is a device's first report that a release succeeded or failed. *Evidence* is a mean of likelihood ratios:
how many times as likely the verdicts are if more trials fail than a limit allows. While each trial fails with at
most the limit's probability, evidence is a non-negative supermartingale that begins at 1. By Ville's inequality it
then ever reaches ``x`` with a probability of at most ``1 / x``, however often it is computed. It depends on two counts
only, so that their order and the moments of computation are irrelevant.

The thresholds below are part of this guarantee. All times are milliseconds.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from itertools import count
from math import exp, fsum, log, log1p
from typing import TYPE_CHECKING, Final

from codepush.rules.walks import stopping_time

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "ADVANCE",
    "CLEAR",
    "FLOOR",
    "HALT",
    "HOLD",
    "LEAST_FAILURES",
    "POINTS",
    "RATIOS",
    "SETTLE",
    "SHARE",
    "SHARED_CAUSE",
    "SILENCE_POINTS_1H",
    "SILENCE_POINTS_24H",
    "evidence",
    "health",
    "interval",
    "is_failing",
    "needed",
    "total",
    "verdicts_to_advance",
    "worst",
]

HALT: Final = 100.0
"""A release is halted from this total evidence on: at most 1 in 100 releases within the limit."""

HOLD: Final = 10.0
"""A release is held from this total evidence on."""

CLEAR: Final = 5.0
"""A suspicion ends below this evidence."""

ADVANCE: Final = 10.0
"""A rollout advances from this `health` on."""

SHARED_CAUSE: Final = 20.0
"""From this evidence of other labels on, a fault outside the release is the likelier cause."""

LEAST_FAILURES: Final = 3
"""Without this many failures, a release is neither held nor halted."""

SETTLE: Final = 30 * 60 * 1000
"""Health counts trials that began at least this long ago, because failures are reported later than successes."""

RATIOS: Final = (1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0, 1000.0)
"""The odds of a failure for which likelihoods are compared, as multiples of the limit's odds."""

FLOOR: Final = 0.005
"""The least limit that is computed from a baseline."""

POINTS: Final = 0.005
"""How far a computed limit is above its baseline, at least."""

SHARE: Final = 0.5
"""How far a computed limit is above its baseline, at least, as a share of the baseline."""

SILENCE_POINTS_1H: Final = 0.10
"""How far the limit of silence is above its references one hour after a download."""

SILENCE_POINTS_24H: Final = 0.05
"""How far the limit of silence is above its references a day after a download."""

_WEIGHT_OF_FAILURES: Final = 0.8
_WEIGHT_OF_SILENCE: Final = 0.2
_INTERVAL: Final = 40.0
"""Both ends of an interval of 95 % have 2.5 % each."""

_HALVINGS: Final = 34
_LARGEST_EXPONENT: Final = 700.0
_WORST_MULTIPLE: Final = 3
_LEAST_WORST: Final = 0.03
_INVERSES: Final = tuple(1 / ratio for ratio in RATIOS)
_MOST_VERDICTS: Final = 50_000
_MOST_FAILURES: Final = 300
"""`needed` walks no further, so that it fits into a request."""


def evidence(failures: int, verdicts: int, limit: float) -> float:
    """Return how many times as likely the verdicts are if more trials than the limit fail.

    Args:
        failures: Verdicts that are failures.
        verdicts: All verdicts.
        limit: Tolerated share of failures, from 0 to 1.

    Returns:
        1 without verdicts; never infinite.

    """
    return _mean_likelihood(failures, verdicts, limit, RATIOS)


def health(failures: int, verdicts: int, worst: float) -> float:
    """Return how many times as likely the verdicts are if fewer trials than the share ``worst`` fail.

    Args:
        failures: Verdicts that are failures.
        verdicts: All verdicts.
        worst: Share of failures to rule out, from 0 to 1; see the function `worst`.

    Returns:
        1 without verdicts; never infinite.

    """
    return _mean_likelihood(failures, verdicts, worst, _INVERSES)


def interval(failures: int, verdicts: int) -> tuple[float, float]:
    """Return the 95 % confidence interval of the share of failures.

    It holds at all times at once, if the share is constant: it contains the shares with neither evidence nor health
    of 40. Verdicts with evidence of `HALT` have an interval that lies above the limit.
    """
    share = failures / verdicts if verdicts else 0.0
    lower = _boundary(0.0, share, lambda limit: evidence(failures, verdicts, limit) < _INTERVAL)
    upper = _boundary(share, 1.0, lambda worst: health(failures, verdicts, worst) >= _INTERVAL)
    return lower, upper


def worst(limit: float) -> float:
    """Return the share of failures that has to be ruled out before a rollout advances."""
    return min(1.0, max(_WORST_MULTIPLE * limit, _LEAST_WORST))


def total(failures: float, silence: float | None) -> float:
    """Return the evidence that decides about a hold or halt.

    The weights divide the 1 % of false halts between both signals, whatever the dependence between them.

    Args:
        failures: Evidence of failures.
        silence: Evidence of downloads without a verdict after 24 hours; None if the signal is off.

    """
    if silence is None:
        return failures
    return max(_WEIGHT_OF_FAILURES * failures, _WEIGHT_OF_SILENCE * silence)


def is_failing(failures: int, verdicts: int, limit: float) -> bool:
    """Return whether failures are enough, and frequent enough, for a hold or halt.

    Otherwise the first verdict of a release, if it were a failure, would hold it.
    """
    return failures >= LEAST_FAILURES and failures > limit * verdicts


def verdicts_to_advance(limit: float) -> int:
    """Return how many verdicts without a failure give enough health to advance."""
    ruled_out = worst(limit)
    return next(verdicts for verdicts in count(1) if health(0, verdicts, ruled_out) >= ADVANCE)


@lru_cache(maxsize=1024)
def needed(limit: float, rise: float, power: float, baseline: float | None = None) -> int | None:
    """Return within how many verdicts failures halt a release that is worse than its baseline.

    Args:
        limit: Tolerated share of failures.
        rise: Share of failures above the baseline.
        power: Probability of the halt, between 0 and 1.
        baseline: Share of failures before the rise. By default the one whose computed limit is ``limit``.

    Returns:
        The least such number, exact for a rule that is applied after each verdict. None if the rise is tolerated, or
        needs more than 50,000 verdicts or 300 failures.

    """
    share = min(1.0, rise + (_baseline_of(limit) if baseline is None else baseline))
    if share <= limit:
        return None
    return stopping_time(share, _latest_halts(limit), power)


def _mean_likelihood(failures: int, verdicts: int, share: float, ratios: tuple[float, ...]) -> float:
    """Return the mean likelihood ratio of shares whose odds are multiples of another share's odds."""
    exponents = [failures * log(ratio) - verdicts * log1p(share * (ratio - 1)) for ratio in ratios]
    largest = max(exponents)
    mean = fsum(exp(exponent - largest) for exponent in exponents) / len(ratios)
    return exp(min(_LARGEST_EXPONENT, largest + log(mean)))


def _boundary(low: float, high: float, is_above: Callable[[float], bool]) -> float:
    """Return where a condition that holds from some share on begins to hold, by bisection."""
    if is_above(low):
        return low
    if not is_above(high):
        return high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if is_above(middle):
            high = middle
        else:
            low = middle
    return (low + high) / 2


def _baseline_of(limit: float) -> float:
    """Return the baseline for which a limit is computed."""
    return max(0.0, min(limit - POINTS, limit / (1 + SHARE)))


@lru_cache(maxsize=64)
def _latest_halts(limit: float) -> tuple[int, ...]:
    """Return, for each number of failures, the most verdicts among which so many failures halt a release."""
    latest = [0] * LEAST_FAILURES
    for failures in range(LEAST_FAILURES, _MOST_FAILURES + 1):
        verdicts = range(max(failures, latest[-1] + 1), _MOST_VERDICTS + 1)
        halting = bisect_right(verdicts, -HALT, key=lambda number: -evidence(failures, number, limit))
        latest.append(verdicts.start + halting - 1)
    return tuple(latest)
