"""Cohorts of a recorded release, from its insight."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from codepush.rules.replay.cohorts import Cohort
from codepush.rules.trials import COHORT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codepush.insight_models import Insight, InsightPoint, InsightSpan, TrialAge

__all__ = ["recorded"]

_SPANS: Final[Mapping[InsightSpan, timedelta]] = {
    "cohort": timedelta(milliseconds=COHORT),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
_MOST_TIME: Final = timedelta(days=401)
"""An insight covers up to 400 days, and its last day may be incomplete."""

_AGES: Final[Sequence[TrialAge]] = ("1h", "24h", "later", "none")


def recorded(insight: Insight) -> tuple[Cohort, ...]:
    """Return the cohorts that a replay needs, oldest first.

    Points count verdicts without their age; their gaps show how many came within an hour and a day. Failures have the
    same ages as successes.

    Args:
        insight: What devices reported of the release.

    Raises:
        ValueError: The insight is impossible: of more than 400 days, with an unknown span or numbers below zero.

    """
    span = _SPANS.get(insight.span)
    if span is None:
        raise ValueError(f'"{insight.span}" is not the span of an insight.')
    points = sorted(insight.points, key=lambda point: point.starts_at)
    if any(number < 0 for point in points for number in (point.began, point.ok, point.bad)):
        raise ValueError("A point has a count below zero.")
    if any(not 0 <= share <= 1 for point in points for share in point.gaps.values()):
        raise ValueError("A point has a gap that is not a share.")
    if points and points[-1].starts_at - points[0].starts_at > _MOST_TIME:
        raise ValueError("The points cover more than 400 days.")
    return tuple(_cohort(point, span) for point in points if point.began or point.ok or point.bad)


def _cohort(point: InsightPoint, span: timedelta) -> Cohort:
    """Return the trials of a point, with its failures spread over the ages of its verdicts."""
    verdicts = point.ok + point.bad
    of_downloads = min(verdicts, point.began)
    within = [_answered(point, age, of_downloads) for age in ("1h", "24h")]
    reached = [0, min(within), within[1], of_downloads, verdicts]
    bad_before = [round(point.bad * count / verdicts) if verdicts else 0 for count in reached]
    answers = dict(zip(_AGES, (after - before for before, after in pairwise(reached)), strict=True))
    bad = dict(zip(_AGES, (after - before for before, after in pairwise(bad_before)), strict=True))
    return Cohort(
        at=point.starts_at,
        span=span,
        began=point.began,
        ok={age: count - bad[age] for age, count in answers.items() if count > bad[age]},
        bad={age: count for age, count in bad.items() if count},
    )


def _answered(point: InsightPoint, age: str, most: int) -> int:
    """Return how many verdicts came within an age. A point without that gap is younger, so all of them did."""
    gap = point.gaps.get(age)
    return most if gap is None else min(most, round(point.began * (1 - gap)))
