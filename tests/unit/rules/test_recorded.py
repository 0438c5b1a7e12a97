"""Cohorts of recorded releases, from the points of an insight."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from codepush.insight_models import Insight, InsightPoint
from codepush.rules.replay import recorded, size

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def insight(*points, span="hour"):
    return Insight(label="v1", since=NOON, until=NOON + timedelta(days=1), span=span, points=points)


def test_ages_follow_from_gaps():
    """Of 100 downloads, 60 were answered within an hour, 90 within a day, 95 in all; ten more had no download."""
    point = InsightPoint(starts_at=NOON, began=100, ok=95, bad=0, gaps={"1h": 0.4, "24h": 0.1})
    [cohort] = recorded(insight(point))
    assert (cohort.at, cohort.span, cohort.began) == (NOON, timedelta(hours=1), 100)
    assert cohort.ok == {"1h": 60, "24h": 30, "later": 5}
    [cohort] = recorded(insight(InsightPoint(starts_at=NOON, began=10, ok=14, bad=6)))
    assert (cohort.ok, cohort.bad) == ({"1h": 7, "none": 7}, {"1h": 3, "none": 3})


def test_a_young_cohort_has_no_late_verdicts():
    """Without the gap of a day, what was not answered within an hour was answered within a day."""
    [cohort] = recorded(insight(InsightPoint(starts_at=NOON, began=10, ok=8, gaps={"1h": 0.5})))
    assert cohort.ok == {"1h": 5, "24h": 3}


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.floats(0, 1), st.floats(0, 1))
def test_no_verdict_is_lost(began, ok, bad, gap_1h, gap_24h):
    """Whatever the gaps are."""
    point = InsightPoint(starts_at=NOON, began=began, ok=ok, bad=bad, gaps={"1h": gap_1h, "24h": gap_24h})
    cohorts = recorded(insight(point))
    assert sum(sum(one.ok.values()) for one in cohorts) == ok
    assert sum(sum(one.bad.values()) for one in cohorts) == bad
    assert all(count > 0 for one in cohorts for some in (one.ok, one.bad) for count in some.values())
    assert sum(map(size, cohorts)) >= max(began, ok + bad)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (insight(span="year"), '"year" is not the span'),
        (insight(InsightPoint(starts_at=NOON, ok=-1)), "below zero"),
        (insight(InsightPoint(starts_at=NOON, began=1, gaps={"1h": 1.5})), "not a share"),
        (
            insight(InsightPoint(starts_at=NOON), InsightPoint(starts_at=NOON + timedelta(days=500))),
            "more than 400 days",
        ),
    ],
)
def test_an_impossible_insight(wrong, complaint):
    with pytest.raises(ValueError, match=complaint):
        recorded(wrong)
