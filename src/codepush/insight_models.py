"""The vocabulary of insight: what devices reported of a release, over time.

A *trial* is one device and one label, from the download to the *verdict*: the first report of success or failure. A
*cohort* is the trials that began in the same ten minutes. Shares are fractions of 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from codepush.models import Answered
from codepush.rollout_models import RolloutGap  # noqa: TC001 - fields are typed at runtime

__all__ = [
    "Insight",
    "InsightPoint",
    "InsightSpan",
    "TrialAge",
    "TrialCell",
    "TrialKind",
    "TrialOutcome",
    "TrialStanding",
    "TrialTotals",
]

TrialOutcome: TypeAlias = Literal["ok", "bad"]
"""The verdict of a trial."""

TrialKind: TypeAlias = Literal["began", "ok", "bad"]
"""Counted events: trials that began with a download, and verdicts."""

TrialAge: TypeAlias = Literal["1h", "24h", "later", "none"]
"""How long after the download a verdict came: within an hour, a day, or later. ``none``: no download was reported."""

TrialStanding: TypeAlias = Literal["known", "new", "nameless", "stray"]
"""Whether a trial counts as evidence.

``known`` and ``new`` do: the device was stored before the label was released, or was not. ``nameless`` and ``stray`` do
not: the report named no device, or one that could not have been offered the release.
"""

TrialCell: TypeAlias = tuple[TrialKind, TrialAge, TrialStanding]
"""A counter of a cohort."""

InsightSpan: TypeAlias = Literal["cohort", "hour", "day"]
"""How long a point of an insight lasts; a cohort lasts ten minutes."""

_COUNTED: Final[tuple[TrialStanding, ...]] = ("known", "new")
_WITHIN: Final[dict[TrialAge, frozenset[TrialAge]]] = {"1h": frozenset({"1h"}), "24h": frozenset({"1h", "24h"})}


class TrialTotals(Struct, frozen=True):
    """Sums of trials.

    Attributes:
        counts: How many, by kind, age and standing.

    """

    counts: Mapping[TrialCell, int] = {}

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


class InsightPoint(Struct, frozen=True, kw_only=True):
    """The reports about a release in a cohort, an hour or a day.

    Attributes:
        starts_at: When it began.
        began: Trials that began in it and count.
        ok: Those of them with a verdict of success.
        bad: Those with a verdict of failure.
        not_counted: Verdicts of its trials that do not count, by reason: ``stray`` or ``nameless``.
        active: Devices that ran the release at its end.
        installed: Installations within it. Those older than a week are known by the day, and are in its first point.
        failure_share: The share of failures among all verdicts of trials since the evidence began, up to this point;
            ``None`` without verdicts.
        interval: The 95 percent confidence interval of the share of failures, valid at all points together.
        evidence: How many times as likely these verdicts are if the release fails more often than its limit allows;
            ``None`` without a limit.
        gaps: The share of its trials without a verdict by age, ``1h`` and ``24h``, where it is that old.

    """

    starts_at: datetime
    began: int = 0
    ok: int = 0
    bad: int = 0
    not_counted: Mapping[str, int] = {}
    active: int = 0
    installed: int = 0
    failure_share: float | None = None
    interval: tuple[float, float] = (0.0, 1.0)
    evidence: float | None = None
    gaps: Mapping[str, float] = {}


class Insight(Answered, frozen=True, kw_only=True):
    """The reports about a release.

    Attributes:
        label: The release.
        since: When the first point begins at the earliest.
        until: When the last point begins at the latest, not included.
        span: How long each point lasts.
        began: Trials that began in this time and count.
        ok: Those of them with a verdict of success.
        bad: Those with a verdict of failure.
        not_counted: Verdicts that do not count, by reason: ``stray`` or ``nameless``.
        active: Devices that run the release now.
        installed: Installations so far.
        audience: Devices that run a release for the same binary versions, or such a binary version itself.
        adoption: The share of the audience that runs the release; ``None`` without an audience.
        limit: The share of failing devices that its rollout plan tolerates; ``None`` without a plan.
        evidence_since: When its evidence began, if it has a rollout plan.
        failure_share: The share of failures among the verdicts of trials since then; ``None`` without verdicts.
        interval: The 95 percent confidence interval of the share of failures, valid for any number of looks.
        evidence: How many times as likely these verdicts are if the release fails more often than the limit allows;
            ``None`` without a limit.
        gaps: Trials since then without a verdict, by age, beside what earlier releases lead to expect.
        halted_after: The time from the first counted failure to the halt, if a halt followed; failures are known by
            the cohort of the download.
        points: The times in which something was reported, oldest first.

    """

    label: str
    since: datetime
    until: datetime
    span: InsightSpan
    began: int = 0
    ok: int = 0
    bad: int = 0
    not_counted: Mapping[str, int] = {}
    active: int = 0
    installed: int = 0
    audience: int = 0
    adoption: float | None = None
    limit: float | None = None
    evidence_since: datetime | None = None
    failure_share: float | None = None
    interval: tuple[float, float] = (0.0, 1.0)
    evidence: float | None = None
    gaps: tuple[RolloutGap, ...] = ()
    halted_after: timedelta | None = None
    points: tuple[InsightPoint, ...] = ()
