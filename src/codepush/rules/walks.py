"""Walks: how soon a rule about failures among verdicts stops.

A rule is given by the most verdicts among which so many failures stop. Such a rule begins to hold with a failure only,
so a walk may go from one of these numbers to the next, instead of from verdict to verdict, and is exact all the same.
"""

from __future__ import annotations

from bisect import bisect_left
from math import exp, fsum, log, log1p
from operator import mul
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["stopping_time"]

_NEGLIGIBLE: Final = 1e-16


class _Running(Struct, frozen=True):
    """The runs that have not stopped: probabilities of ``lowest`` failures, one more, and so on."""

    lowest: int
    probabilities: list[float]


def stopping_time(share: float, latest: Sequence[int], power: float) -> int | None:
    """Return within how many verdicts a rule stops with a given probability.

    Args:
        share: Probability that a verdict is a failure.
        latest: For each number of failures, from 0, the most verdicts among which so many failures stop; ascending.
        power: Probability of the stop, between 0 and 1.

    Returns:
        The least such number; None if it is beyond the last of ``latest``.

    """
    running, verdicts = _Running(0, [1.0]), 0
    for failures, deadline in enumerate(latest):
        steps = range(1, deadline - verdicts + 1)
        if not steps:
            continue
        after = _walk(running, steps[-1], share, failures)
        if _stopped(after) >= power:
            step = bisect_left(steps, power, key=lambda more: _stopped(_walk(running, more, share, failures)))
            return verdicts + steps[step]
        running, verdicts = after, deadline
    return None


def _walk(running: _Running, verdicts: int, share: float, stop: int) -> _Running:
    """Return the runs that have fewer than ``stop`` failures after so many more verdicts."""
    width = stop - running.lowest
    chances = _binomial(verdicts, share, width)[::-1]
    padding = [0.0] * (len(chances) - 1)
    padded = [*padding, *running.probabilities, *padding]
    places = range(min(width, len(running.probabilities) + len(padding)))
    after = [sum(map(mul, chances, padded[place : place + len(chances)])) for place in places]
    negligible = next((place for place in places if after[place] > _NEGLIGIBLE), len(after))
    return _Running(running.lowest + negligible, after[negligible:])


def _stopped(running: _Running) -> float:
    return 1 - fsum(running.probabilities)


def _binomial(verdicts: int, share: float, most: int) -> list[float]:
    """Return the probabilities of 0 failures, 1 and so on: below ``most``, and without a negligible end."""
    if share >= 1:
        return [0.0] * min(verdicts, most - 1) + [float(verdicts < most)]
    exponent, log_odds = verdicts * log1p(-share), log(share) - log1p(-share)
    chances: list[float] = []
    for failures in range(min(verdicts + 1, most)):
        chances.append(exp(exponent))
        if failures > verdicts * share and chances[-1] < _NEGLIGIBLE:
            break
        exponent += log_odds + log((verdicts - failures) / (failures + 1)) if failures < verdicts else 0
    return chances
