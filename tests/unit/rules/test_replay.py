"""Replays: the devices that were recorded, with faults added, and what a plan does about them."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings, strategies as st
from msgspec.structs import replace

from codepush.insight_models import TrialTotals
from codepush.rollout_models import RolloutBaseline
from codepush.rules import plans
from codepush.rules.conductor import Position, next_step
from codepush.rules.looks import Window
from codepush.rules.replay import Cohort, Faults, as_baseline, modelled, replay
from codepush.rules.replay.cohorts import devices, size
from codepush.rules.replay.run import _Counts
from codepush.rules.trials import COHORT
from support.decisions import look_from

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PATIENT = plans.parse("5% 4h, 25% 1d, 100%")
QUICK = plans.parse("5% 1h, 25% 6h, 100%")
FLEET = modelled(20_000)
AGES = ("1h", "24h", "later", "none")


def kinds(result):
    return [(one.decision.kind, one.decision.reason, one.decision.percent) for one in result.moments]


@st.composite
def cohorts(draw):
    verdicts = st.dictionaries(st.sampled_from(AGES), st.integers(0, 20), max_size=4)
    found = []
    for number in range(draw(st.integers(1, 4))):
        ok, bad = draw(verdicts), draw(verdicts)
        answered = sum(count for some in (ok, bad) for age, count in some.items() if age != "none")
        silent = draw(st.integers(0, 10))
        found.append(Cohort(at=NOON + number * HOUR, span=HOUR, began=answered + silent, ok=ok, bad=bad))
    return found


# Devices.


@given(cohorts(), st.integers(0, 5))
def test_the_devices_of_cohorts_are_those_that_were_counted(recorded, seed):
    found = list(devices(recorded, Faults(), Random(seed)))
    assert len(found) == sum(map(size, recorded))
    assert sum(one.downloads for one in found) == sum(one.began for one in recorded)
    answers = [one for one in found if one.answers_after is not None]
    assert sum(one.is_bad for one in answers) == sum(sum(one.bad.values()) for one in recorded)
    assert len(answers) == sum(sum(one.ok.values()) + sum(one.bad.values()) for one in recorded)
    within = Counter()
    for one in recorded:
        within.update(one.ok)
        within.update(one.bad)
    bounds = {"1h": (0, 1), "24h": (1, 24), "later": (24, 96)}
    for age, (least, most) in bounds.items():
        hours = [one.answers_after / 3_600_000 for one in answers if one.downloads]
        assert sum(least <= hour < most for hour in hours) == within[age]


@given(cohorts(), st.floats(0, 1), st.floats(0, 1), st.integers(0, 5))
def test_more_faults_hurt_the_same_devices_and_more(recorded, less, more, seed):
    less, more = sorted((less, more))
    few = devices(recorded, Faults(failing=less), Random(seed))
    many = devices(recorded, Faults(failing=more), Random(seed))
    for one, other in zip(few, many, strict=True):
        assert one.is_hurt <= other.is_hurt
        assert (one.checks_at, one.place) == (other.checks_at, other.place)


def test_a_release_that_fails_on_all_devices_reports_no_success():
    found = list(devices(FLEET[:20], Faults(failing=1.0), Random(1)))
    assert all(one.is_hurt and one.is_bad for one in found)
    reported = sum(one.answers_after is not None for one in found) / len(found)
    assert 0.8 < reported < 0.95  # a tenth of the crashes is never reported


def test_silenced_devices_report_nothing():
    found = list(devices(FLEET[:20], Faults(silent=1.0), Random(1)))
    assert all(one.is_hurt and one.answers_after is None for one in found)


def test_the_model_is_that_of_an_ordinary_fleet():
    began = sum(one.began for one in FLEET)
    verdicts = sum(sum(one.ok.values()) + sum(one.bad.values()) for one in FLEET)
    at_once = sum(one.ok.get("1h", 0) + one.bad.get("1h", 0) for one in FLEET)
    assert began == 20_000
    assert verdicts / began == pytest.approx(0.97, abs=0.01)
    assert sum(sum(one.bad.values()) for one in FLEET) / verdicts == pytest.approx(0.005, abs=0.002)
    assert 0.58 < at_once / began < 0.64
    assert modelled(20_000) == FLEET
    assert modelled(20_000, seed=2) != FLEET


def test_a_recorded_release_is_its_own_baseline():
    found = as_baseline("v41", FLEET)
    assert found.releases == ("v41",)
    assert found.share == pytest.approx(0.006, abs=0.002)
    assert found.gaps["24h"] < found.gaps["1h"]


@given(
    st.lists(st.tuples(st.integers(0, 5 * COHORT), st.sampled_from(["began", "ok", "bad"])), max_size=30),
    st.integers(-1, 6 * COHORT),
    st.integers(-1, 6 * COHORT),
)
def test_counts_of_a_window_are_those_of_its_cohorts(added, since, until):
    begins = 1_000 * COHORT
    counts = _Counts(begins)
    for at, kind in added:
        counts.add(begins + at, kind, "1h")
    expected = Counter(kind for at, kind in added if since <= at - at % COHORT < until)
    window = Window(begins + since, begins + until)
    assert counts.totals(window) == TrialTotals({(kind, "1h", "known"): count for kind, count in expected.items()})


# Plans.


def test_a_replay_is_the_same_every_time():
    first, again, other = (replay(FLEET, QUICK, faults=Faults(failing=0.1), seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert other != first


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("plan", [PATIENT, QUICK], ids=plans.spell)
def test_a_crash_is_halted_after_three_failures_and_soon(plan, seed):
    result = replay(FLEET, plan, faults=Faults(failing=1.0), seed=seed)
    *_, halt = result.moments
    assert (result.state, result.percent, halt.decision.reason) == ("halted", 5, "failures")
    assert halt.decision.numbers["failures"] == 3
    assert result.after < HOUR
    assert result.hurt < 100
    assert result.reached == halt.reached


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("plan", [PATIENT, QUICK], ids=plans.spell)
def test_nothing_wrong_reaches_all_devices(plan, seed):
    result = replay(FLEET, plan, seed=seed)
    assert (result.state, result.percent) == ("completed", 100)
    assert result.reached > 18_000
    assert not any(one.decision.reason == "suspect" for one in result.moments)
    least = plan.stages[0].soak + plan.stages[1].soak + plan.stages[2].soak
    assert least <= result.after < least + 8 * HOUR


def test_silent_devices_are_held_at_once_and_halted_after_a_day():
    result = replay(FLEET, PATIENT, faults=Faults(silent=0.5))
    held = next(one for one in result.moments if one.decision.kind == "hold")
    assert held.after < 4 * HOUR
    assert (result.state, result.moments[-1].decision.reason) == ("halted", "silence")
    assert 24 * HOUR < result.after < 30 * HOUR


def test_too_few_devices_wait_for_a_person():
    result = replay(modelled(300), PATIENT)
    assert kinds(result)[-1] == ("hold", "inconclusive", 5)
    assert (result.state, result.percent) == ("holding", 5)


def test_persons_approve_at_once():
    result = replay(FLEET, plans.parse("5% 4h, wait, 100% 1h"))
    approved = kinds(result).index(("hold", "approval", 5))
    assert kinds(result)[approved + 1 : approved + 3] == [("resume", None, 5), ("advance", None, 100)]
    assert result.moments[approved + 1].after == result.moments[approved].after


def test_a_plan_that_only_notifies_ends_suspect():
    result = replay(FLEET, replace(PATIENT, on_halt="notify"), faults=Faults(failing=1.0))
    assert kinds(result) == [("start", None, 5), ("hold", "suspect", 5)]
    assert result.state == "holding"
    assert result.reached > 900  # it goes on at its percentage


def test_a_given_baseline_and_limit_decide():
    strict = replay(FLEET, replace(PATIENT, limit=0.001), seed=3)
    assert strict.limit == 0.001
    assert strict.state == "halted"
    lenient = replay(FLEET, PATIENT, faults=Faults(failing=0.03), baseline=RolloutBaseline(share=0.1, verdicts=5000))
    assert lenient.limit == pytest.approx(0.15)
    assert lenient.state == "completed"


def test_what_cannot_be_replayed_is_refused():
    with pytest.raises(ValueError, match="needs cohorts"):
        replay([], PATIENT)
    with pytest.raises(ValueError, match="up to 1,000,000 devices"):
        replay([Cohort(at=NOON, began=2_000_000)], PATIENT)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(200, 3_000),
    st.sampled_from([Faults(), Faults(failing=0.03), Faults(failing=0.1), Faults(failing=1.0), Faults(silent=0.5)]),
    st.sampled_from(["20% 1h, 100% 1h", "5% 1h, 25% 4h, wait, 100% 2h", "50% 10m, 100%"]),
    st.integers(0, 100),
)
def test_every_decision_is_the_conductors(count, faults, text, seed):
    """Each follows from its numbers alone, and nothing is offered to more devices meanwhile."""
    plan = plans.parse(text)
    result = replay(modelled(count, seed=seed), plan, faults=faults, seed=seed)
    position = Position(plan=plan, state="running", percent=plan.stages[0].percent, limit=result.limit)
    assert kinds(result)[0] == ("start", None, position.percent)
    reached = 0
    for one in result.moments[1:]:
        assert one.hurt <= one.reached
        assert one.reached >= reached
        assert one.decision.text
        reached = one.reached
        found = one.decision.numbers
        if one.decision.actor == "system:rollout":
            step = next_step(position, replace(look_from(found, at=one.decision.at), was_calm=True))
            assert (step.kind, step.position.percent) == (one.decision.kind, one.decision.percent)
            position = step.position
        else:
            stages = [replace(stage, needs_approval=False) for stage in position.plan.stages]
            position = replace(position, state="running", reason=None, plan=replace(plan, stages=tuple(stages)))
    assert (position.state, position.percent) == (result.state, result.percent)
