"""Insight: the reports about a release, as points in time.

Trials are summed by the span of a point before; a point is named by the moment at which it begins.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from codepush.insight_models import InsightPoint, InsightSpan, TrialTotals
from codepush.rules import evidence
from codepush.rules.metrics import CounterKind
from codepush.rules.series import DAY, HOUR, Span, start_of
from codepush.rules.trials import COHORT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "LONGEST",
    "SPANS",
    "CounterEntry",
    "Judgement",
    "Running",
    "judge",
    "not_counted",
    "points",
    "running",
    "span_of",
    "time",
]

SPANS: Final[Mapping[InsightSpan, int]] = {"cohort": COHORT, "hour": HOUR, "day": DAY}
"""Milliseconds that a point lasts."""

LONGEST: Final = 400 * DAY
"""Milliseconds that an insight covers at most."""

_COHORTS_SHOWN: Final = 2 * DAY
_HOURS_SHOWN: Final = 14 * DAY
_AGES: Final[Mapping[Literal["1h", "24h"], int]] = {"1h": HOUR, "24h": DAY}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class CounterEntry(Struct, frozen=True):
    """A counter of the release in a span: the number at its end, or the number of events within it."""

    starts_at: int
    span: Span
    kind: CounterKind
    value: int


class Running(Struct, frozen=True):
    """Devices that ran a release at the end of a point, and installations within it."""

    active: int = 0
    installed: int = 0


class Judgement(Struct, frozen=True):
    """The evidence from verdicts that count."""

    failure_share: float | None = None
    interval: tuple[float, float] = (0.0, 1.0)
    evidence: float | None = None


def span_of(since: int, at: int) -> InsightSpan:
    """Return how long points last if the first one begins at ``since``: there are never more than 402."""
    if since >= at - _COHORTS_SHOWN:
        return "cohort"
    return "hour" if since >= at - _HOURS_SHOWN else "day"


def running(entries: Iterable[CounterEntry], *, since: int, span: int) -> dict[int, Running]:
    """Return the devices that ran a release, by point.

    Args:
        entries: The counters, in the order of time; a day before an hour of the same moment.
        since: When the first point begins. What ended before only sets how many ran the release then.
        span: How long points last.

    """
    standing: Counter[CounterKind] = Counter()
    rest = [one for one in entries if one.kind in {"active", "anonymous", "installed"}]
    within = [one for one in rest if _is_within(one, since)]
    earlier = [one for one in rest if not _is_within(one, since) and one.kind != "installed"]
    standing.update({one.kind: one.value for one in earlier})
    found = {start_of(span, since): Running(standing.total())} if standing.total() else {}
    for entry in within:
        place = start_of(span, max(since, entry.starts_at))
        installed = found.get(place, Running()).installed
        if entry.kind == "installed":
            installed += entry.value
        else:
            standing[entry.kind] = entry.value
        found[place] = Running(standing.total(), installed)
    return found


def judge(verdicts: int, failures: int, limit: float | None) -> Judgement:
    """Return the evidence from verdicts, given the share of failures that is tolerated."""
    return Judgement(
        failures / verdicts if verdicts else None,
        evidence.interval(failures, verdicts),
        None if limit is None else evidence.evidence(failures, verdicts, limit),
    )


def points(
    shown: Mapping[int, TrialTotals],
    judged: Mapping[int, TrialTotals],
    ran: Mapping[int, Running],
    *,
    limit: float | None,
    span: int,
    at: int,
) -> tuple[InsightPoint, ...]:
    """Return the points in which something was reported, oldest first.

    Args:
        shown: The sums of trials by point.
        judged: The sums of those trials that are evidence, by point, also of points before the first one shown.
        ran: The devices that ran the release, by point.
        limit: The share of failures that is tolerated.
        span: How long points last.
        at: The time, in milliseconds since 1970.

    """
    found: list[InsightPoint] = []
    evident = sorted(judged.items())
    verdicts = failures = taken = 0
    judgement = judge(0, 0, limit)
    last = Running()
    for starts_at in sorted({*shown, *ran}):
        before = verdicts
        while taken < len(evident) and evident[taken][0] <= starts_at:
            verdicts += evident[taken][1].verdicts
            failures += evident[taken][1].failures
            taken += 1
        judgement = judgement if verdicts == before else judge(verdicts, failures, limit)
        last = ran.get(starts_at, Running(last.active))
        ended = starts_at + span
        found.append(_point(starts_at, shown.get(starts_at, TrialTotals()), last, judgement, at - ended))
    return tuple(found)


def not_counted(totals: Iterable[TrialTotals]) -> dict[str, int]:
    """Return how many verdicts do not count, by reason."""
    found: Counter[str] = Counter()
    for one in totals:
        found.update({name: value for name, value in one.standings.items() if name not in {"known", "new"}})
    return dict(found)


def time(milliseconds: int) -> datetime:
    """Return the time that a number of milliseconds since 1970 means."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def _is_within(entry: CounterEntry, since: int) -> bool:
    return entry.starts_at + (HOUR if entry.span == "hour" else DAY) > since


def _point(starts_at: int, totals: TrialTotals, ran: Running, judgement: Judgement, age: int) -> InsightPoint:
    began = totals.began
    old = [name for name, length in _AGES.items() if began and age >= length]
    return InsightPoint(
        starts_at=time(starts_at),
        began=began,
        ok=totals.verdicts - totals.failures,
        bad=totals.failures,
        not_counted=not_counted([totals]),
        active=ran.active,
        installed=ran.installed,
        failure_share=judgement.failure_share,
        interval=judgement.interval,
        evidence=judgement.evidence,
        gaps={name: max(0, began - totals.answered(name)) / began for name in old},
    )
