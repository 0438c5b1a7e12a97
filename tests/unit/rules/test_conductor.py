"""The conductor: every row of the table of states, and what must hold of every step whatever happens."""

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from msgspec.structs import replace

from codepush.rollout_models import RolloutPlan
from codepush.rules import plans
from codepush.rules.conductor import (
    BASELINE_ROSE,
    Look,
    NoteNeededError,
    Position,
    Silence,
    WrongStateError,
    by_hand,
    is_calm,
    is_suspect,
    next_step,
    noticed,
    waits_for,
    weigh,
)
from codepush.rules.evidence import ADVANCE, HALT, HOLD

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)  # a Monday
NIGHT = NOON + timedelta(hours=11)
HOUR = timedelta(hours=1)
PLAN = plans.parse("5% 4h, 25% 1d, wait, 100% 2d")
WINDOW = "Mon-Fri 09:00-17:00 UTC"
WELL = {"verdicts": 400, "failures": 1, "settled_verdicts": 400, "settled_failures": 1}
CRASHING = {"verdicts": 3, "failures": 3}
WORSE = {"verdicts": 30, "failures": 3}

VERBS = ("pause", "resume", "advance", "halt", "complete", "cancel")
NOTICES = ("patched", "completed", "disabled", "enabled", "superseded", "restored")
ACTIVE = ("scheduled", "running", "holding", "paused")
OVER = ("completed", "superseded", "cancelled")

TABLE = {
    "start": {("scheduled", "running")},
    "advance": {("running", "running"), ("holding", "running")},
    "hold": {("running", "holding"), ("holding", "holding"), ("paused", "paused")},
    "clear": {("holding", "running")},
    "halt": {(state, "halted") for state in ("running", "holding", "paused")},
    "note": {("halted", "halted")},
    "pause": {(state, "paused") for state in ("scheduled", "running", "holding")},
    "resume": {(state, "running") for state in ("halted", "holding", "paused")},
    "complete": {(state, "completed") for state in ACTIVE},
    "supersede": {(state, "superseded") for state in (*ACTIVE, "halted")},
    "cancel": {(state, "cancelled") for state in ACTIVE},
}
"""Every step that there is, with the states before and after it."""

HOLDS = {"hold", "halt"}
RELEASES = {"clear", "resume", "complete", "cancel"}


def position(**fields):
    return Position(**{"plan": PLAN, "state": "running", "percent": 5, "limit": 0.01, **fields})


def look(**fields):
    return Look(**{"at": NOON, **fields})


def after(before, **fields):
    """Return the position after the server's next step."""
    return next_step(before, look(**fields)).position


# The evidence.


def test_the_evidence_is_that_of_the_counts():
    weighed = weigh(position(), look(verdicts=100, failures=5, silence=Silence(began=200, gone=3, limit=0.1)))
    assert weighed.failures > 10
    assert weighed.total == pytest.approx(0.8 * weighed.failures)
    assert weighed.silence < 1
    assert weighed.silence_1h is None


def test_without_a_limit_nothing_is_known():
    assert weigh(position(limit=None), look(**CRASHING)).total == 1


def test_two_failures_are_not_enough_for_a_suspicion():
    weighed = weigh(position(), look(verdicts=2, failures=2))
    assert weighed.failures > HALT
    assert weighed.total == 1
    assert is_calm(weighed)


def test_two_silent_devices_are_not_enough_either():
    weighed = weigh(position(), look(silence_1h=Silence(began=2, gone=2, limit=0.05)))
    assert not is_suspect(weighed)


# What the server does, row by row.


def test_a_rollout_starts_at_its_time():
    before = position(plan=replace(PLAN, starts_at=NOON), state="scheduled", is_disabled=True, limit=None)
    assert next_step(before, look(at=NOON - HOUR)) is None
    step = next_step(before, look())
    assert (step.kind, step.position.state, step.position.percent) == ("start", "running", 5)
    assert not step.position.is_disabled
    assert step.restarts_stage
    assert step.restarts_evidence


def test_a_start_missed_by_more_than_a_day_needs_a_person():
    before = position(plan=replace(PLAN, starts_at=NOON), state="scheduled", is_disabled=True, limit=None)
    missed = after(before, at=NOON + timedelta(days=1, seconds=1))
    assert (missed.state, missed.reason, missed.is_disabled) == ("paused", "missed", True)
    resumed = by_hand(missed, look(), "resume")
    assert (resumed.position.state, resumed.position.stage, resumed.position.percent) == ("running", 0, 5)
    assert not resumed.position.is_disabled
    assert resumed.restarts_evidence


def test_a_rollout_advances_when_its_time_is_over_and_enough_devices_succeed():
    assert next_step(position(), look(soaked=3 * HOUR, **WELL)) is None
    step = next_step(position(), look(soaked=4 * HOUR, **WELL))
    assert (step.kind, step.position.stage, step.position.percent) == ("advance", 1, 25)
    assert step.restarts_stage
    assert not step.restarts_evidence


def test_it_waits_for_more_verdicts():
    holding = after(position(), soaked=4 * HOUR, verdicts=20, settled_verdicts=20)
    assert (holding.state, holding.reason, holding.is_held) == ("holding", "inconclusive", False)
    assert next_step(holding, look(soaked=9 * HOUR, verdicts=20, settled_verdicts=20)) is None
    assert after(holding, soaked=9 * HOUR, **WELL).state == "running"


def test_patience_replaces_verdicts():
    patient = position(plan=replace(PLAN, patience=6 * HOUR))
    holding = after(patient, soaked=4 * HOUR)
    assert holding.reason == "inconclusive"
    assert after(holding, soaked=6 * HOUR).state == "running"
    assert after(patient, soaked=6 * HOUR).stage == 1


def test_patience_does_not_outweigh_a_suspicion():
    suspect = after(position(plan=replace(PLAN, patience=HOUR)), soaked=9 * HOUR, **WORSE)
    assert (suspect.state, suspect.reason) == ("holding", "suspect")


def test_a_stage_behind_wait_needs_approval():
    second = position(stage=1, percent=25)
    assert after(second, soaked=timedelta(days=1)).reason == "inconclusive"
    holding = after(second, soaked=timedelta(days=1), **WELL)
    assert holding.reason == "approval"
    assert next_step(holding, look(soaked=timedelta(days=9), **WELL)) is None
    resumed = by_hand(holding, look(**WELL), "resume").position
    assert (resumed.state, resumed.stage, resumed.percent) == ("running", 1, 25)
    assert after(resumed, soaked=timedelta(days=1)).reason == "inconclusive"
    assert after(resumed, soaked=timedelta(days=1), **WELL).percent == 100


def test_advances_happen_only_within_the_window():
    before = position(plan=replace(PLAN, window=WINDOW))
    holding = after(before, at=NIGHT, soaked=4 * HOUR, **WELL)
    assert holding.reason == "window"
    assert next_step(holding, look(at=NIGHT, soaked=4 * HOUR, **WELL)) is None
    assert after(holding, soaked=4 * HOUR, **WELL).state == "running"


def test_halts_happen_outside_the_window_too():
    assert after(position(plan=replace(PLAN, window=WINDOW)), at=NIGHT, **CRASHING).state == "halted"


def test_a_stopped_deployment_holds_until_it_is_started():
    holding = after(position(), is_stopped=True)
    assert (holding.reason, holding.is_held) == ("stopped", False)
    assert next_step(holding, look(is_stopped=True)) is None
    assert after(holding).state == "running"


def test_a_rollout_completes_after_its_last_stage_without_more_verdicts():
    last = position(stage=2, percent=100)
    assert next_step(last, look(soaked=47 * HOUR)) is None
    assert after(last, soaked=48 * HOUR).state == "completed"


def test_the_guard_is_armed_at_100_percent():
    assert after(position(stage=2, percent=100), soaked=48 * HOUR, **CRASHING).state == "halted"


@pytest.mark.parametrize(
    "seen", [WORSE, {"silence_1h": Silence(began=100, gone=40, limit=0.2)}], ids=["failures", "silence"]
)
def test_a_suspect_release_is_held_and_cleared_after_two_calm_looks(seen):
    holding = after(position(), **seen)
    assert (holding.state, holding.reason, holding.is_held) == ("holding", "suspect", True)
    assert next_step(holding, look(**seen, was_calm=True)) is None
    assert next_step(holding, look(**WELL)) is None
    cleared = next_step(holding, look(**WELL, was_calm=True))
    assert (cleared.kind, cleared.position.state, cleared.position.is_held) == ("clear", "running", False)


def test_a_rollout_that_waits_for_verdicts_is_held_too():
    holding = position(state="holding", reason="inconclusive")
    assert after(holding, **WORSE).is_held


def test_a_release_is_never_held_where_the_plan_only_notifies():
    holding = after(position(plan=replace(PLAN, on_halt="notify")), **CRASHING)
    assert (holding.state, holding.reason, holding.is_held) == ("holding", "suspect", False)
    assert next_step(holding, look(**CRASHING)) is None


def test_a_crash_halts_after_three_failures():
    assert next_step(position(), look(verdicts=2, failures=2)) is None
    halted = after(position(), **CRASHING)
    assert (halted.state, halted.reason, halted.is_held, halted.is_disabled) == ("halted", "failures", True, False)


def test_silent_devices_halt():
    silent = {"silence": Silence(began=400, gone=120, limit=0.1)}
    assert after(position(), **silent).reason == "silence"


def test_a_plan_can_disable_the_release_it_halts():
    halted = after(position(plan=replace(PLAN, on_halt="disable")), **CRASHING)
    assert (halted.is_held, halted.is_disabled) == (True, True)


def test_a_fault_that_other_releases_share_only_stops():
    step = next_step(
        position(plan=replace(PLAN, on_halt="disable")), look(**CRASHING, other_verdicts=50, other_failures=5)
    )
    assert (step.position.state, step.position.is_disabled, step.note) == ("halted", False, BASELINE_ROSE)


def test_a_fault_that_others_show_within_an_hour_is_noted():
    before = position(
        plan=replace(PLAN, on_halt="disable"), state="halted", reason="failures", is_held=True, is_disabled=True
    )
    shared = {"other_verdicts": 50, "other_failures": 5}
    step = next_step(before, look(since_halt=HOUR, **shared))
    assert (step.kind, step.note, step.position.is_disabled, step.position.is_held) == (
        "note",
        BASELINE_ROSE,
        False,
        True,
    )
    assert next_step(before, look(since_halt=HOUR)) is None
    assert next_step(before, look(since_halt=2 * HOUR, **shared)) is None
    assert next_step(before, look(**shared)) is None


def test_the_guard_is_armed_while_paused():
    paused = position(state="paused", reason="person")
    assert next_step(paused, look(soaked=timedelta(days=9), **WELL)) is None
    held = after(paused, **WORSE)
    assert (held.state, held.reason, held.is_held) == ("paused", "suspect", True)
    assert next_step(held, look(**WORSE)) is None
    assert next_step(held, look(**WELL, was_calm=True)) is None
    assert after(held, **CRASHING).state == "halted"


# What people do.


def test_pausing_and_resuming_goes_on_at_the_same_stage():
    paused = by_hand(position(), look(), "pause").position
    assert (paused.state, paused.reason) == ("paused", "person")
    step = by_hand(paused, look(**WELL), "resume")
    assert step.position == position()
    assert not step.restarts_stage
    assert not step.restarts_evidence


def test_resuming_finds_the_stage_of_a_percentage_that_was_patched():
    paused = noticed(position(), "patched", 30).position
    assert (paused.state, paused.reason, paused.percent) == ("paused", "patched", 30)
    step = by_hand(paused, look(**WELL), "resume")
    assert (step.position.stage, step.position.percent) == (1, 30)
    assert step.restarts_stage


def test_a_pause_leaves_a_suspect_release_held_and_resuming_it_needs_a_note():
    paused = by_hand(position(state="holding", reason="suspect", is_held=True), look(**WORSE), "pause").position
    assert paused.is_held
    with pytest.raises(NoteNeededError):
        by_hand(paused, look(**WORSE), "resume", note=" ")
    step = by_hand(paused, look(**WORSE), "resume", note="a test device")
    assert step.restarts_evidence
    assert not step.position.is_held
    assert not by_hand(paused, look(**WELL), "resume").restarts_evidence


@pytest.mark.parametrize(
    "before",
    [
        position(state="halted", reason="failures", is_held=True, is_disabled=True),
        position(state="holding", reason="suspect", is_held=True),
    ],
    ids=["halted", "suspect"],
)
def test_resuming_against_the_evidence_needs_a_note_and_begins_again(before):
    with pytest.raises(NoteNeededError):
        by_hand(before, look(**WORSE), "resume")
    step = by_hand(before, look(**WORSE), "resume", note="fixed on the backend", limit=0.05)
    assert step.position == position(limit=0.05)
    assert step.restarts_stage
    assert step.restarts_evidence


@pytest.mark.parametrize("reason", ["inconclusive", "approval", "window"])
def test_a_person_may_advance_without_time_and_health(reason):
    step = by_hand(position(state="holding", reason=reason), look(), "advance")
    assert (step.position.state, step.position.reason, step.position.stage, step.position.percent) == (
        "running",
        None,
        1,
        25,
    )


def test_a_person_may_advance_a_suspect_release_only_with_force_and_a_note():
    with pytest.raises(WrongStateError, match="suspect"):
        by_hand(position(), look(**WORSE), "advance", note="a test device")
    with pytest.raises(NoteNeededError):
        by_hand(position(), look(**WORSE), "advance", force=True)
    assert by_hand(position(), look(**WORSE), "advance", note="a test device", force=True).position.stage == 1


def test_nothing_follows_the_last_stage():
    with pytest.raises(WrongStateError) as refused:
        by_hand(position(stage=2, percent=100), look(), "advance")
    assert refused.value.code == "rollout_over"


def test_a_person_may_halt_a_rollout_that_only_notifies():
    halted = by_hand(position(plan=replace(PLAN, on_halt="notify")), look(), "halt").position
    assert (halted.state, halted.reason, halted.is_held) == ("halted", "person", True)


def test_completing_is_for_everybody():
    completed = by_hand(position(), look(), "complete").position
    assert (completed.state, completed.percent) == ("completed", 100)
    with pytest.raises(WrongStateError):
        by_hand(position(state="holding", reason="suspect", is_held=True), look(**WORSE), "complete")


def test_cancelling_leaves_a_suspect_release_held():
    suspect = position(state="holding", reason="suspect", is_held=True)
    assert by_hand(suspect, look(**WORSE), "cancel").position.is_held
    assert not by_hand(suspect, look(**WELL), "cancel").position.is_held
    assert by_hand(position(), look(), "cancel").position == position(state="cancelled", reason="person")


ALLOWED = {
    "scheduled": {"complete", "cancel"},
    "running": {"pause", "advance", "halt", "complete", "cancel"},
    "holding suspect": {"pause", "resume", "halt", "complete", "cancel"},
    "holding inconclusive": {"pause", "advance", "halt", "complete", "cancel"},
    "holding approval": {"pause", "resume", "advance", "halt", "complete", "cancel"},
    "holding window": {"pause", "advance", "halt", "complete", "cancel"},
    "holding stopped": {"pause", "halt", "complete", "cancel"},
    "paused": {"resume", "halt", "complete", "cancel"},
    "halted": {"resume"},
    **{state: set() for state in OVER},
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", ALLOWED)
def test_verbs_by_state(state, verb):
    before = position(state=state.split()[0], reason=(*state.split(), None)[1])
    if verb in ALLOWED[state]:
        assert by_hand(before, look(), verb, note="why", force=True)
        return
    with pytest.raises(WrongStateError, match=before.state) as refused:
        by_hand(before, look(), verb, note="why", force=True)
    assert refused.value.state == before.state
    assert refused.value.code == ("rollout_over" if state in OVER else "wrong_state")


@pytest.mark.parametrize(
    ("before", "verb", "hint"),
    [
        (position(state="paused", reason="person"), "advance", '"resume"'),
        (position(state="holding", reason="inconclusive"), "resume", '"advance"'),
        (position(state="holding", reason="stopped"), "resume", "Start the deployment"),
        (position(state="holding", reason="suspect"), "advance", '"resume"'),
        (position(), "resume", '"advance"'),
    ],
)
def test_errors_name_the_right_verb(before, verb, hint):
    with pytest.raises(WrongStateError, match=hint):
        by_hand(before, look(), verb)


# What other tools do.


@pytest.mark.parametrize("percent", [None, 100])
def test_a_patch_to_all_devices_completes(percent):
    completed = noticed(position(), "patched", percent).position
    assert (completed.state, completed.percent) == ("completed", 100)


@pytest.mark.parametrize("what", ["patched", "completed"])
def test_a_patch_to_all_devices_pauses_a_held_release(what):
    """Completed, it could never be resumed and would stay held for good."""
    held = position(state="holding", reason="suspect", is_held=True)
    paused = noticed(held, what, 100).position
    assert (paused.state, paused.reason, paused.percent, paused.is_held) == ("paused", "patched", 100, True)
    resumed = by_hand(paused, look(**WORSE), "resume", note="a test device").position
    assert (resumed.state, resumed.percent, resumed.is_held) == ("running", 100, False)


def test_enabling_pauses_what_has_not_started_and_completes_nothing():
    before = position(state="scheduled", is_disabled=True, percent=100, plan=replace(PLAN, starts_at=NOON))
    paused = noticed(before, "enabled", 100).position
    assert (paused.state, paused.reason, paused.is_disabled) == ("paused", "patched", False)
    assert noticed(position(state="paused", reason="disabled", percent=100), "enabled", 100) is None


def test_a_start_never_lowers_the_percentage():
    before = position(state="scheduled", plan=replace(PLAN, starts_at=NOON), limit=None, percent=30)
    started = next_step(before, look()).position
    assert (started.state, started.percent, started.stage) == ("running", 30, 1)


def test_disabling_pauses():
    paused = noticed(position(), "disabled").position
    assert (paused.state, paused.reason, paused.is_disabled) == ("paused", "disabled", True)
    assert not by_hand(paused, look(), "resume").position.is_disabled


def test_a_restored_server_pauses():
    for state in ("scheduled", "running", "holding"):
        assert noticed(position(state=state), "restored").position.reason == "restored"


def test_a_newer_release_supersedes_a_halted_one_which_stays_held():
    superseded = noticed(position(state="halted", reason="failures", is_held=True), "superseded").position
    assert (superseded.state, superseded.is_held) == ("superseded", True)


def test_patching_a_halted_release_leaves_its_state():
    assert noticed(position(state="halted"), "patched", 50) is None
    assert noticed(position(state="halted"), "patched", 100) is None


# What it waits for.


@pytest.mark.parametrize(
    ("before", "seen", "sentence"),
    [
        (
            position(state="scheduled", plan=replace(PLAN, starts_at=NOON)),
            {},
            "Starts at 2026-05-04 12:00 UTC.",
        ),
        (
            position(),
            {"soaked": timedelta(minutes=30)},
            "Advances to 25 % in 3 h 30 min at the earliest, if enough devices report success.",
        ),
        (position(stage=1), {}, "Asks for approval of 100 % in 1 d at the earliest."),
        (position(stage=2), {"soaked": 49 * HOUR}, "Completes at the next look, unless too many devices fail."),
        (
            position(state="holding", reason="inconclusive"),
            {"settled_verdicts": 40, "settled_failures": 1},
            "Waits for more verdicts (1 of 40 failed; 92 without a failure suffice), or for a person to advance it.",
        ),
        (position(state="holding", reason="approval"), {}, "Waits for a person to resume it, for 25 %."),
        (position(state="holding", reason="stopped"), {}, "Waits for the deployment to be started."),
        (
            position(state="paused", reason="patched"),
            {},
            "Waits for a person to resume it: its percentage was set by hand.",
        ),
        (
            position(state="halted", reason="failures"),
            {},
            "Waits for a newer release, or for a person to resume it with a note.",
        ),
        (position(state="completed"), {}, ""),
    ],
)
def test_what_it_waits_for(before, seen, sentence):
    assert waits_for(before, look(**seen)) == sentence


# Whatever happens.


@st.composite
def a_plan(draw):
    percents = sorted(draw(st.sets(st.integers(1, 99), max_size=3)))
    soaks = st.sampled_from([timedelta(0), HOUR, timedelta(days=1)])
    steps = [f"{percent}% {draw(st.sampled_from(['1h', '1d']))}" for percent in [*percents, 100]]
    plan = plans.parse(draw(st.sampled_from([", ", ", wait, "])).join(steps))
    return replace(
        plan,
        on_halt=draw(st.sampled_from(["stop", "disable", "notify"])),
        window=draw(st.sampled_from([None, WINDOW])),
        patience=draw(st.none() | soaks),
        starts_at=draw(st.sampled_from([None, NOON])),
    )


@st.composite
def counts(draw):
    total = draw(st.integers(0, 2000))
    return total, min(total, draw(st.integers(0, 4) | st.integers(0, 2000)))


@st.composite
def a_silence(draw):
    began, gone = draw(counts())
    return Silence(began=began, gone=gone, limit=draw(st.floats(0.05, 0.5)))


@st.composite
def a_look(draw):
    verdicts, failures = draw(counts())
    settled = draw(st.integers(0, verdicts))
    other_verdicts, other_failures = draw(counts())
    return Look(
        at=NOON + draw(st.timedeltas(timedelta(days=-2), timedelta(days=2))),
        soaked=draw(st.timedeltas(timedelta(0), timedelta(days=2))),
        verdicts=verdicts,
        failures=failures,
        settled_verdicts=settled,
        settled_failures=min(failures, settled),
        silence=draw(st.none() | a_silence()),
        silence_1h=draw(st.none() | a_silence()),
        other_verdicts=other_verdicts,
        other_failures=other_failures,
        is_stopped=draw(st.booleans()),
        was_calm=draw(st.booleans()),
        since_halt=draw(st.none() | st.timedeltas(timedelta(0), timedelta(hours=2))),
    )


def check(before, step, seen=None):
    """Check a step of anything against the table and the promises."""
    now = step.position
    assert (before.state, now.state) in TABLE[step.kind]
    assert now.percent >= before.percent
    assert now.percent == before.percent or step.kind in {"advance", "complete", "pause", "resume"}
    assert now.stage <= before.stage + 1 or step.kind == "resume"
    if now.is_held and not before.is_held:
        assert step.kind in HOLDS
        assert step.kind == "halt" or (now.reason == "suspect" and now.plan.on_halt != "notify")
    if before.is_held and not now.is_held:
        assert step.kind in RELEASES
    if step.kind == "hold" and now.reason != "suspect":
        assert now.is_held == before.is_held
    if seen is not None:
        check_numbers(before, seen, step)


def check_numbers(before, seen, step):
    """Check a step of the server against the evidence."""
    weighed = weigh(before, seen)
    assert not (step.kind in {"advance", "complete", "clear"} and is_suspect(weighed))
    if step.kind == "advance":
        plan = before.plan
        assert seen.soaked >= plan.stages[before.stage].soak
        assert weighed.health >= ADVANCE or (plan.patience is not None and seen.soaked >= plan.patience)
        assert plan.window is None or plans.is_open(plan.window, seen.at)
        assert not seen.is_stopped
        assert not plan.stages[step.position.stage].needs_approval
    if step.kind == "halt":
        assert weighed.total >= HALT
        assert before.plan.on_halt != "notify"
    if step.kind == "hold" and step.position.reason == "suspect":
        assert max(weighed.total, weighed.silence_1h or 0) >= HOLD
    if step.position.is_disabled and not before.is_disabled:
        assert (step.kind, before.plan.on_halt, step.note) == ("halt", "disable", "")


def first(plan):
    state = "running" if plan.starts_at is None else "scheduled"
    return Position(
        plan=plan,
        state=state,
        percent=plan.stages[0].percent,
        is_disabled=state == "scheduled",
        limit=0.01 if state == "running" else None,
    )


class Rollouts(RuleBasedStateMachine):
    """A rollout that looks, people and other tools move, in any order."""

    @initialize(plan=a_plan())
    def begin(self, plan):
        self.now = first(plan)

    def move(self, step, seen=None):
        if step is None:
            return
        check(self.now, step, seen)
        started = step.position.state == "running" and step.position.limit is None
        self.now = replace(step.position, limit=0.01) if started else step.position

    @rule(seen=a_look())
    def look(self, seen):
        self.move(next_step(self.now, seen), seen)

    @rule(soaked=st.timedeltas(timedelta(days=1), timedelta(days=2)))
    def look_when_well(self, soaked):
        seen = look(soaked=soaked, was_calm=True, **WELL)
        self.move(next_step(self.now, seen), seen)

    @rule(seen=a_look(), verb=st.sampled_from(VERBS), note=st.sampled_from([None, "why"]), force=st.booleans())
    def ask(self, seen, verb, note, force):
        with contextlib.suppress(WrongStateError, NoteNeededError):
            self.move(by_hand(self.now, seen, verb, note=note, force=force))

    @precondition(lambda self: self.now.percent < 99)
    @rule(data=st.data())
    def patch(self, data):
        self.move(noticed(self.now, "patched", data.draw(st.integers(self.now.percent + 1, 100))))

    @rule(what=st.sampled_from(["disabled", "restored"]))
    def change(self, what):
        self.move(noticed(self.now, what))

    @precondition(lambda self: self.now.state in {"halted", "paused"})
    @rule()
    def release(self):
        self.move(noticed(self.now, "superseded"))

    @rule(seen=a_look())
    def ask_what_it_waits_for(self, seen):
        assert bool(waits_for(self.now, seen)) == (self.now.state not in OVER)


TestRollouts = Rollouts.TestCase
TestRollouts.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)


@given(a_plan(), a_look(), st.sampled_from([*ACTIVE, "halted"]), st.data())
def test_a_step_is_taken_once_and_settles(plan, seen, state, data):
    """Looking again at the same counts ends: the server does not go round in circles."""
    now = replace(first(plan), state=state, limit=0.01, stage=data.draw(st.integers(0, len(plan.stages) - 1)))
    seen = replace(seen, since_halt=None)
    taken = 0
    while (step := next_step(now, seen)) is not None:
        check(now, step, seen)
        now, taken = step.position, taken + 1
        assert taken <= 2 * len(plan.stages) + 2


@given(a_plan(), a_look())
def test_a_look_before_the_start_changes_nothing(plan, seen):
    before = replace(first(plan), state="scheduled", plan=replace(plan, starts_at=seen.at + HOUR))
    assert next_step(before, seen) is None


def test_a_plan_of_one_stage_only_watches():
    watched = Position(plan=plans.parse("100% 1h"), state="running", limit=0.01)
    assert next_step(watched, look()) is None
    assert after(watched, soaked=HOUR).state == "completed"
    assert RolloutPlan(stages=watched.plan.stages) == watched.plan
