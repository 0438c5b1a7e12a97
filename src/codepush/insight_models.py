"""The vocabulary of insight: what devices reported of a release, over time.

A *trial* is one device and one label, from the download to the *verdict*: the first report of success or failure. A
*cohort* is the trials that began in the same ten minutes. Shares are fractions of 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from msgspec import Struct

__all__ = ["TrialAge", "TrialKind", "TrialOutcome", "TrialStanding", "TrialTotals"]

TrialOutcome: TypeAlias = Literal["ok", "bad"]
"""The verdict of a trial."""

TrialKind: TypeAlias = Literal["began", "ok", "bad"]
"""What is counted: trials that began with a download, and verdicts."""

TrialAge: TypeAlias = Literal["1h", "24h", "later", "none"]
"""How long after the download a verdict came: within an hour, a day, or later. ``none``: no download was reported."""

TrialStanding: TypeAlias = Literal["known", "new", "nameless", "stray"]
"""Whether a trial counts as evidence.

``known`` and ``new`` do: the device was stored before the label was released, or was not. ``nameless`` and ``stray`` do
not: the report named no device, or one that could not have been offered the release.
"""

_COUNTED: Final[tuple[TrialStanding, ...]] = ("known", "new")
_WITHIN: Final[dict[TrialAge, frozenset[TrialAge]]] = {"1h": frozenset({"1h"}), "24h": frozenset({"1h", "24h"})}


class TrialTotals(Struct, frozen=True):
    """Sums of trials.

    Attributes:
        counts: How many, by kind, age and standing.

    """

    counts: Mapping[tuple[TrialKind, TrialAge, TrialStanding], int] = {}

    @property
    def began(self) -> int:
        """Trials that began and count."""
        return self._sum("began")

    @property
    def verdicts(self) -> int:
        """Verdicts that count."""
        return self._sum("ok", "bad")

    @property
    def failures(self) -> int:
        """Verdicts of failure that count."""
        return self._sum("bad")

    @property
    def standings(self) -> Mapping[str, int]:
        """All verdicts, by standing."""
        found: Counter[str] = Counter()
        for (kind, _, standing), count in self.counts.items():
            if kind != "began":
                found[standing] += count
        return found

    def answered(self, age: Literal["1h", "24h"]) -> int:
        """Return how many verdicts that count came within an age of the download."""
        return sum(
            count
            for (kind, one, standing), count in self.counts.items()
            if kind != "began" and one in _WITHIN[age] and standing in _COUNTED
        )

    def _sum(self, *kinds: TrialKind) -> int:
        return sum(
            count for (kind, _, standing), count in self.counts.items() if kind in kinds and standing in _COUNTED
        )
