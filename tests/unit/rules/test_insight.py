"""Insight: points in time, what follows from the verdicts up to each, and how many points there are."""

from datetime import UTC, datetime

import pytest

from codepush.insight_models import InsightPoint, TrialTotals
from codepush.rules import evidence, insight
from codepush.rules.insight import SPANS, CounterEntry, Running
from codepush.rules.series import DAY, HOUR
from codepush.rules.trials import COHORT

NOW = 100 * DAY


def totals(**counts):
    """Return sums by kind and age: ``ok_1h=3``; ``stray=2`` is of verdicts that do not count."""
    cells = {}
    for name, value in counts.items():
        kind, _, age = name.partition("_")
        cells["bad" if kind == "stray" else kind, age or "none", "stray" if kind == "stray" else "known"] = value
    return TrialTotals(cells)


@pytest.mark.parametrize(
    ("age", "span"), [(0, "cohort"), (2 * DAY, "cohort"), (2 * DAY + 1, "hour"), (14 * DAY, "hour"), (90 * DAY, "day")]
)
def test_older_insights_have_longer_points(age, span):
    """There are never more than 402 of them."""
    assert insight.span_of(NOW - age, NOW) == span
    assert age / SPANS[span] <= 400


def test_devices_and_installations_by_point():
    """What ran before the first point is there from it on; installations are of the point alone."""
    entries = [
        CounterEntry(NOW - DAY, "day", "installed", 5),
        CounterEntry(NOW - DAY, "day", "active", 5),
        CounterEntry(NOW - DAY, "day", "downloaded", 9),
        CounterEntry(NOW, "hour", "anonymous", 1),
        CounterEntry(NOW + HOUR, "hour", "active", 4),
        CounterEntry(NOW + HOUR, "hour", "installed", 2),
    ]
    assert insight.running(entries, since=NOW, span=HOUR) == {NOW: Running(6, 0), NOW + HOUR: Running(5, 2)}
    assert insight.running(entries, since=NOW, span=DAY) == {NOW: Running(5, 2)}
    assert insight.running(entries[:1], since=NOW, span=DAY) == {}
    half_past = NOW + HOUR + HOUR // 2
    assert insight.running(entries, since=half_past, span=COHORT) == {half_past: Running(5, 2)}


def test_points_judge_all_verdicts_up_to_them():
    """Those before the first point count too, those that are no evidence do not."""
    shown = {NOW: totals(began=10, ok_1h=5, bad_24h=1, stray_1h=2), NOW + DAY: totals(began=4)}
    judged = {NOW - DAY: totals(ok_1h=3, bad_1h=1), NOW: totals(began=10, ok_1h=5, bad_24h=1, stray_1h=2)}
    ran = {NOW: Running(6, 6), NOW + HOUR: Running(5, 0)}
    first, second, third = insight.points(shown, judged, ran, limit=0.01, span=HOUR, at=NOW + 3 * HOUR)
    assert first == InsightPoint(
        starts_at=datetime.fromtimestamp(NOW / 1000, UTC),
        began=10,
        ok=5,
        bad=1,
        not_counted={"stray": 2},
        active=6,
        installed=6,
        failure_share=0.2,
        interval=evidence.interval(2, 10),
        evidence=evidence.evidence(2, 10, 0.01),
        gaps={"1h": 0.5},
    )
    assert (second.began, second.active, second.failure_share, second.gaps) == (0, 5, 0.2, {})
    assert (third.began, third.active, third.installed, third.gaps) == (4, 5, 0, {})


def test_nothing_is_judged_without_verdicts():
    """Without a limit there is no evidence."""
    assert insight.judge(0, 0, None) == insight.Judgement(None, (0.0, 1.0), None)
    assert insight.judge(10, 1, None).failure_share == 0.1
    assert insight.judge(0, 0, 0.01).evidence == pytest.approx(1)
