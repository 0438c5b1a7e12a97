"""A simulated fleet: when devices download a release, and what they report about it.

Devices are alike, so a fleet is a number of devices that have not downloaded yet, and the trials of the others. Time is
in minutes.
"""

from __future__ import annotations

import math
from collections import defaultdict
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

HOUR: Final = 60
DAY: Final = 24 * HOUR
COHORT: Final = 10
"""Minutes whose downloads make a cohort."""

MODEL: Final = """\
Devices check for updates twice a day on average, in the afternoon nine times as often as at night. Of all devices, 60 %
restart the app 4 minutes after the download on average, 37 % after 8 hours, 3 % after 2 days. 3 % never report. Of
failures, 70 % are reported 3 minutes after the restart on average, 20 % after 10 hours, 10 % never."""

_CHECKS: Final = 2 / DAY
_SWING: Final = 0.8
_PEAK: Final = 15 * HOUR
_SILENT: Final = 0.03

Delays: TypeAlias = "Sequence[tuple[float, float]]"
"""Cumulative shares of devices, and the mean delay of each; the devices beyond the last are never there."""

_RESTARTS: Final[Delays] = ((0.6, 4), (0.97, 8 * HOUR), (1.0, 2 * DAY))
_REPORTS: Final[Delays] = ((0.7, 3), (0.9, 10 * HOUR))


class Release(Struct, frozen=True):
    """How a release behaves: the share of devices it fails on, and the share that stop reporting because of it."""

    failing: float
    silent: float = 0.0
    swing: float = 0.0
    """How far the share of failures is above its mean at the worst time of day, as a share of the mean."""


class Verdict(NamedTuple):
    """What a device reports about its trial."""

    downloaded_at: int
    is_failure: bool


class Fleet:
    """Devices that a release is offered to.

    Attributes:
        waiting: Devices that are offered the release and have not downloaded it.
        hurt: Devices that have downloaded the release, and that it fails on.

    """

    def __init__(self, release: Release, *, begins_at: int, until: int, seed: int) -> None:
        self._release = release
        self._begins_at = begins_at
        self._until = until
        self._dice = Random(seed)  # noqa: S311 - the same run every time; nothing here is secret
        self._coming: defaultdict[int, list[Verdict]] = defaultdict(list)
        self.waiting = 0
        self.hurt = 0

    def download(self, minute: int) -> int:
        """Let the devices that check for updates in this minute download the release, and return their number."""
        checks = _CHECKS * (1 + _SWING * self._sun(minute))
        count = binomial(self._dice, self.waiting, 1 - math.exp(-checks))
        self.waiting -= count
        for _ in range(count):
            self._try(minute)
        return count

    def verdicts(self, minute: int) -> list[Verdict]:
        """Return what devices report in this minute."""
        return self._coming.pop(minute, [])

    def _sun(self, minute: float) -> float:
        """Return 1 in the middle of the afternoon, -1 twelve hours later."""
        return math.cos(2 * math.pi * (self._begins_at + minute - _PEAK) / DAY)

    def _try(self, minute: int) -> None:
        dice = self._dice
        at = minute + _delay(dice, _RESTARTS)
        if at >= self._until:
            return
        is_failure = dice.random() < self._failing(at)
        if is_failure:
            self.hurt += 1
            at += _delay(dice, _REPORTS)
        if at < self._until and dice.random() >= _SILENT + self._release.silent:
            self._coming[int(at)].append(Verdict(minute, is_failure))

    def _failing(self, minute: float) -> float:
        """Return the share of devices that fail in a minute."""
        mean, swing = self._release.failing, self._release.swing
        return mean * (1 + swing * self._sun(minute)) if swing else mean


def binomial(dice: Random, trials: int, chance: float) -> int:
    """Return how many of so many trials succeed, by the distances between successes."""
    if not trials or chance <= 0:
        return 0
    if chance >= 1:
        return trials
    successes, place, scale = 0, 0, math.log1p(-chance)
    while (place := place + 1 + int(math.log1p(-dice.random()) / scale)) <= trials:
        successes += 1
    return successes


def _delay(dice: Random, delays: Delays) -> float:
    """Return a delay, endless for devices beyond the last share."""
    chosen = dice.random()
    for share, mean in delays:
        if chosen < share:
            return -mean * math.log1p(-dice.random())
    return math.inf
