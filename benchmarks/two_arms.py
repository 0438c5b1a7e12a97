"""A rule that the product does not have: compare a new release with the old one, hour by hour.

Both fail equally. Given the failures of an hour, those of the new release are binomial, with its part of the verdicts
as share, if failures are reported when successes are. So the test is exact. The level is divided among the hours.
"""

from __future__ import annotations

import math
from collections import defaultdict
from random import Random
from typing import Final, NamedTuple

from fleet import binomial
from halting import by_evidence, limit_of
from msgspec import Struct

HOURS: Final = 72
DEVICES: Final = 200_000
OLD_TO_NEW: Final = 100
DELAY: Final = 8
FAILING: Final = 0.005
_LEVEL: Final = 0.01
_CHECKS: Final = 2 / 24
"""Share of the remaining devices that take the new release within an hour."""


class Bias(Struct, frozen=True):
    """How many failures are reported `DELAY` hours late, and by which ratio the new release may be worse."""

    late: float
    margin: float = 1.0


class Arm:
    """A release whose failures come in on time or late."""

    def __init__(self, dice: Random, late: float) -> None:
        self._dice = dice
        self._late = late
        self._coming: defaultdict[int, int] = defaultdict(int)

    def verdicts(self, hour: int, trials: int) -> tuple[int, int]:
        """Return the failures and all verdicts of an hour in which so many trials begin."""
        failures = binomial(self._dice, trials, FAILING)
        late = binomial(self._dice, failures, self._late)
        self._coming[hour + DELAY] += late
        reported = failures - late + self._coming.pop(hour, 0)
        return reported, trials - failures + reported


class Halts(NamedTuple):
    """Which rules halt a release that is as good as the old one."""

    compared: bool
    by_evidence: bool


def halts(bias: Bias, seed: int) -> Halts:
    """Return which rules halt the new release."""
    dice = Random(seed)  # noqa: S311 - the same run every time; nothing here is secret
    new, old = Arm(dice, bias.late), Arm(dice, bias.late)
    waiting, steady = DEVICES, int(OLD_TO_NEW * DEVICES * _CHECKS)
    for hour in range(-DELAY, 0):
        old.verdicts(hour, steady)
    rule, total_failures, total = by_evidence(limit_of(FAILING)), 0, 0
    compared = is_halted = False
    for hour in range(HOURS):
        trials = binomial(dice, waiting, _CHECKS)
        waiting -= trials
        failures, verdicts = new.verdicts(hour, trials)
        total_failures, total = total_failures + failures, total + verdicts
        is_halted = is_halted or rule(total_failures, total)
        old_failures, old_verdicts = old.verdicts(hour, steady)
        odds = bias.margin * verdicts / old_verdicts
        compared = compared or _tail(failures, failures + old_failures, odds / (1 + odds)) < _LEVEL / HOURS
    return Halts(compared, is_halted)


def _tail(successes: int, trials: int, share: float) -> float:
    """Return the probability of so many successes or more."""
    if not successes:
        return 1.0
    log_odds = math.log(share) - math.log1p(-share)
    exponent = trials * math.log1p(-share)
    below = 0.0
    for number in range(successes):
        below += math.exp(exponent)
        exponent += log_odds + math.log((trials - number) / (number + 1))
    return 1 - below
