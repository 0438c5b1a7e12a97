"""Exact figures of rules that halt or advance rollouts: walks through every number of failures.

The rules of the product are compared with two that are common elsewhere: Wilson's bound, and a plain ratio.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import TYPE_CHECKING, Final, TypeAlias

from codepush.rollout_models import RolloutBaseline
from codepush.rules.baseline import limit
from codepush.rules.evidence import ADVANCE, HALT, evidence, health, is_failing, worst
from support.walks import stops

if TYPE_CHECKING:
    from collections.abc import Iterable

Rule: TypeAlias = Callable[[int, int], bool]
"""Whether so many failures among so many verdicts halt a release."""

BASES: Final = (0.001, 0.005, 0.02)
"""Shares of failures before a release."""

POINT: Final = 0.01
VERDICTS: Final = 50_000
ADVANCING: Final = 20_000
POWERS: Final = (0.5, 0.95)
_WILSON: Final = 1.959964
_LEAST_ATTEMPTS: Final = 50
_LEAST_FAILURES: Final = 3


def limit_of(base: float) -> float:
    """Return the limit that the product computes from a known share."""
    return limit(RolloutBaseline(share=base))


def rise_name(rise: float) -> str:
    """Return what a rise of the share of failures is called."""
    if rise >= 1:
        return "all crash"
    return f"+{100 * rise:g} point{'' if rise == POINT else 's'}"


def by_evidence(limit: float, bar: float = HALT) -> Rule:
    """Return the rule of the product."""
    return lambda failures, verdicts: (
        is_failing(failures, verdicts, limit) and evidence(failures, verdicts, limit) >= bar
    )


def by_wilson(limit: float, attempts: int = _LEAST_ATTEMPTS, least: int = _LEAST_FAILURES) -> Rule:
    """Return the rule that halts when Wilson's lower bound, two-sided at 95 %, is above the limit."""

    def halts(failures: int, verdicts: int) -> bool:
        if verdicts < attempts or failures < least:
            return False
        return failures - verdicts * limit > _WILSON * sqrt(verdicts * limit * (1 - limit))

    return halts


def by_wilson_alone(limit: float) -> Rule:
    """Return the rule of Wilson's bound without a least number of attempts or failures."""
    return by_wilson(limit, attempts=0, least=1)


def by_ratio(share: float) -> Rule:
    """Return the rule that halts above a share of failures, from 50 attempts on."""
    return lambda failures, attempts: attempts >= _LEAST_ATTEMPTS and failures > share * attempts


def by_health(limit: float) -> Rule:
    """Return the rule by which the product advances a rollout."""
    return lambda failures, verdicts: health(failures, verdicts, worst(limit)) >= ADVANCE


def halted(share: float, rule: Rule) -> float:
    """Return the probability of a halt within `VERDICTS`, if the rule is applied after each."""
    *_, (halted, _) = stops(share, VERDICTS, many=rule)
    return halted


def advanced(share: float, limit: float, *, guard: Rule | None = None) -> float:
    """Return the probability that a rollout advances within `ADVANCING` verdicts, and before a guard stops it."""
    *_, (_, advanced) = stops(share, ADVANCING, many=guard, few=by_health(limit))
    return advanced


def halting_times(share: float, rule: Rule) -> list[int]:
    """Return within how many verdicts a rule halts with the probabilities `POWERS`."""
    return _times(halted for halted, _ in stops(share, VERDICTS, many=rule))


def advancing_times(share: float, limit: float) -> list[int]:
    """Return within how many verdicts a rollout advances with the probabilities `POWERS`."""
    return _times(advanced for _, advanced in stops(share, ADVANCING, few=by_health(limit)))


def _times(chances: Iterable[float]) -> list[int]:
    """Return the places, from 1, at which rising chances reach each of `POWERS`."""
    times: list[int] = []
    for number, chance in enumerate(chances, 1):
        times += [number for power in POWERS[len(times) :] if chance >= power]
        if len(times) == len(POWERS):
            break
    return times
