"""Decisions: their numbers suffice to decide again, and their texts say what the evidence allows."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, strategies as st
from msgspec.structs import replace

from codepush.rollout_models import RolloutBaseline, RolloutDecision
from codepush.rules import plans
from codepush.rules.conductor import Look, Position, Silence, by_hand, next_step, noticed, weigh
from codepush.rules.decisions import explain, numbers
from support.decisions import look_from

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
PLAN = plans.parse("5% 4h, 25% 1d, wait, 100% 2d")
BASELINE = RolloutBaseline(share=0.007, verdicts=5120, releases=("v41", "v40"), gaps={"24h": 0.029})
ASSUMED = RolloutBaseline(share=0.01, verdicts=12, is_assumed=True)
STANDING = {"known": 198, "new": 16, "stray": 2, "nameless": 5}
WELL = {"verdicts": 400, "failures": 1, "settled_verdicts": 380, "settled_failures": 1}
FAILING = {"verdicts": 214, "failures": 11}
SUSPECT = {"verdicts": 30, "failures": 3}
QUIET = Silence(began=300, gone=9, limit=0.1)
SILENT = Silence(began=400, gone=120, limit=0.1)


def position(**fields):
    return Position(**{"plan": PLAN, "state": "running", "percent": 5, "limit": 0.012, **fields})


def look(**fields):
    return Look(**{"at": NOON, **fields})


def decided(before, seen, step, baseline=BASELINE, actor="system:rollout"):
    found = numbers(before, seen, step, baseline, STANDING)
    stored = msgspec.json.decode(msgspec.json.encode(found))
    return RolloutDecision(at=NOON, actor=actor, kind=step.kind, numbers=stored)


def text_of(before, baseline=BASELINE, **fields):
    seen = look(**fields)
    return explain(decided(before, seen, next_step(before, seen), baseline))


def text_by_hand(before, verb, actor="account:17", *, note="why", limit=None, **fields):
    seen = look(**fields)
    return explain(decided(before, seen, by_hand(before, seen, verb, note=note, limit=limit, force=True), actor=actor))


def test_the_numbers_have_the_names_of_the_api():
    seen = look(**FAILING, settled_verdicts=200, silence=QUIET, soaked=timedelta(seconds=1260))
    before = position()
    found = decided(before, seen, next_step(before, seen)).numbers
    assert list(found) == [
        *("kind", "reason", "stage", "percent", "isHeld", "verdicts", "failures", "share", "interval", "limit"),
        *("baseline", "evidence", "settled", "silence", "others", "gap", "standing", "strangers", "soakSeconds"),
        "restartsEvidence",
    ]
    assert (found["kind"], found["reason"], found["stage"], found["percent"]) == ("halt", "failures", 1, 5)
    assert found["share"] == 100 * 11 / 214
    assert found["interval"] == pytest.approx([1.637, 11.385], abs=0.001)
    assert found["limit"] == 1.2
    assert found["baseline"] == {
        "percent": pytest.approx(0.7),
        "verdicts": 5120,
        "releases": ["v41", "v40"],
        "assumed": False,
    }
    weighed = weigh(before, seen)
    assert found["evidence"] == {
        "total": weighed.total,
        "failures": weighed.failures,
        "silence": weighed.silence,
        "silence1h": None,
        "others": 1.0,
        "health": weighed.health,
        "haltsAt": 100.0,
    }
    assert found["gap"] == {"24h": [3.0, pytest.approx(2.9)]}
    assert found["standing"] == STANDING
    assert found["strangers"] == [pytest.approx(100 * 16 / 214), None]
    assert found["soakSeconds"] == 1260


def test_a_change_by_another_tool_needs_no_look():
    before = position()
    found = numbers(before, None, noticed(before, "patched", 30))
    assert found == {
        "kind": "pause",
        "reason": "patched",
        "stage": 1,
        "percent": 30,
        "isHeld": False,
        "limit": 1.2,
        "verdicts": 0,
        "failures": 0,
        "restartsEvidence": False,
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            text_of(position(), **FAILING, silence=QUIET),
            (
                "Halted: 11 of 214 devices failed (1.6 to 11.4 %), more than the 1.2 % that v41 and v40 allow; "
                "what was seen is 433 times as likely if more fail; 125 times halt."
            ),
        ),
        (
            text_of(position(), **FAILING),
            (
                "Halted: 11 of 214 devices failed (1.6 to 11.4 %), more than the 1.2 % that v41 and v40 allow; "
                "what was seen is 433 times as likely if more fail; 100 times halt."
            ),
        ),
        (
            text_of(position(limit=0.01), **FAILING),
            (
                "Halted: 11 of 214 devices failed (1.6 to 11.4 %), more than the limit of 1 %; what was seen is "
                "1,858 times as likely if more fail; 100 times halt."
            ),
        ),
        (
            text_of(position(limit=0.015), ASSUMED, verdicts=3, failures=3),
            (
                "Halted: 3 of 3 devices failed (21.9 to 100 %), more than the 1.5 % assumed, as earlier releases "
                "have too few verdicts; what was seen is 39,995 times as likely if more fail; 100 times halt."
            ),
        ),
        (
            text_of(position(), silence=SILENT),
            (
                "Halted: 120 of 400 devices reported nothing within 24 h of the download, more than the 10 % that"
                " is tolerated; what was seen is more than a million times as likely if more report nothing; 500 "
                "times halt."
            ),
        ),
        (
            text_of(position(), **FAILING, other_verdicts=200, other_failures=10),
            (
                "Halted: 11 of 214 devices failed (1.6 to 11.4 %), more than the 1.2 % that v41 and v40 allow; "
                "what was seen is 433 times as likely if more fail; 100 times halt. Of devices with other "
                "releases, 10 of 200 failed meanwhile, which is 183 times as likely if more than the limit fail: "
                "a backend or the network is the likelier cause. The halt sends no device back."
            ),
        ),
        (
            text_of(position(), **SUSPECT, silence=QUIET),
            (
                "Held: 3 of 30 devices failed (0.7 to 34.2 %), more than the 1.2 % that v41 and v40 allow; what "
                "was seen is 12.7 times as likely if more fail; 12.5 times hold."
            ),
        ),
        (
            text_of(position(), silence_1h=Silence(began=100, gone=40, limit=0.2)),
            (
                "Held: 40 of 100 devices reported nothing within 1 h of the download, more than the 20 % that is "
                "tolerated; what was seen is 5,500 times as likely if more report nothing; 10 times hold."
            ),
        ),
        (
            text_of(position(plan=replace(PLAN, on_halt="notify")), **SUSPECT),
            (
                "Suspect: 3 of 30 devices failed (0.7 to 34.2 %), more than the 1.2 % that v41 and v40 allow; "
                "what was seen is 12.7 times as likely if more fail; 10 times hold."
            ),
        ),
        (
            text_of(position(), soaked=timedelta(hours=4), settled_verdicts=40, settled_failures=1),
            (
                "Waiting at 5 %: 1 of 40 devices failed; what was seen is 0.5 times as likely if fewer than 3.6 %"
                " fail; 10 times advance."
            ),
        ),
        (
            text_of(position(stage=1, percent=25), soaked=timedelta(days=1), **WELL),
            "Waiting at 25 %: the next stage needs the approval of a person.",
        ),
        (
            text_of(position(), is_stopped=True),
            "Waiting at 5 %: the deployment is stopped.",
        ),
        (
            text_of(position(plan=replace(PLAN, window="Mon-Fri 14:00-15:00 UTC")), soaked=timedelta(hours=4), **WELL),
            "Waiting at 5 %: advances are not allowed at this time.",
        ),
        (
            text_of(position(state="holding", reason="suspect", is_held=True), was_calm=True, **WELL),
            "Cleared: 1 of 400 devices failed (0 to 1.9 %); the evidence against the release is below 5 again.",
        ),
        (
            text_of(position(state="holding", reason="stopped"), **WELL),
            "Going on at 5 %: the deployment is started.",
        ),
        (
            text_of(position(), soaked=timedelta(hours=4), **WELL),
            (
                "Advanced to 25 %: 1 of 380 devices failed; what was seen is 9,842 times as likely if fewer than "
                "3.6 % fail; 10 times advance."
            ),
        ),
        (
            text_of(position(plan=replace(PLAN, patience=timedelta(hours=4))), soaked=timedelta(hours=4)),
            "Advanced to 25 %, as the patience of the plan is over: no device has reported yet.",
        ),
        (
            text_of(position(stage=2, percent=100), soaked=timedelta(days=2), **WELL),
            "Completed: 1 of 400 devices failed (0 to 1.9 %), and the time at 100 % is over.",
        ),
        (
            text_by_hand(position(), "halt", **FAILING),
            "Halted by a person: 11 of 214 devices failed (1.6 to 11.4 %).",
        ),
        (text_by_hand(position(), "pause"), "Paused by a person at 5 %."),
        (text_by_hand(position(state="paused", reason="person"), "resume"), "Resumed by a person at 5 %."),
        (
            text_by_hand(position(state="halted", reason="failures"), "resume", limit=0.05),
            (
                "Resumed by a person at 5 %. Only trials that begin from now on count against a limit of 5 %. A "
                "release within its limit is halted with a probability of up to 1 % once more."
            ),
        ),
        (
            text_by_hand(position(), "advance", **WELL),
            "Advanced by a person to 25 %: 1 of 400 devices failed (0 to 1.9 %).",
        ),
        (
            text_by_hand(position(), "complete", **WELL),
            "Completed by a person: all devices are offered the release; 1 of 400 devices failed (0 to 1.9 %).",
        ),
        (text_by_hand(position(), "cancel"), "Cancelled by a person: the release stays at 5 %."),
        (
            text_by_hand(position(state="holding", reason="suspect", is_held=True), "cancel", **SUSPECT),
            "Cancelled by a person: the release stays at 5 %, and is still withheld from further devices.",
        ),
    ],
)
def test_texts(text, expected):
    assert text == expected


@pytest.mark.parametrize(
    ("limit", "baseline", "expected"),
    [
        (
            0.012,
            BASELINE,
            "Started at 5 %. The limit is 1.2 % failing devices: of v41 and v40, at most 0.7 % fail (5,120 verdicts).",
        ),
        (
            0.015,
            ASSUMED,
            (
                "Started at 5 %. The limit is 1.5 % failing devices, as earlier releases have too few verdicts "
                "(12) to compute it from."
            ),
        ),
        (0.03, BASELINE, "Started at 5 %. The limit is 3 % failing devices, as given."),
    ],
)
def test_texts_of_a_start(limit, baseline, expected):
    before = position(state="scheduled", limit=None)
    step = next_step(before, look())
    started = replace(step, position=replace(step.position, limit=limit))
    assert explain(decided(before, look(), started, baseline)) == expected


@pytest.mark.parametrize(
    ("what", "percent", "expected"),
    [
        ("patched", 30, "Paused at 30 %: the percentage was set by hand."),
        ("patched", None, "Completed: the percentage was set to 100 % by hand."),
        ("disabled", None, "Paused at 5 %: the release was disabled by hand."),
        ("restored", None, "Paused at 5 %: the server was restored from a backup."),
        ("superseded", None, "Superseded at 5 % by a newer release."),
    ],
)
@pytest.mark.parametrize("actor", ["system:rollout", "account:17"])
def test_texts_of_what_other_tools_do(what, percent, expected, actor):
    before = position()
    assert explain(decided(before, None, noticed(before, what, percent), actor=actor)) == expected


@pytest.mark.parametrize("kind", ["plan", "start", "hold", "halt", "note", "clear", "advance", "complete", "cancel"])
def test_a_decision_without_numbers_has_a_text_too(kind):
    assert explain(RolloutDecision(at=NOON, actor="system:rollout", kind=kind)).endswith(".")


# Recomputing.


@st.composite
def a_look(draw):
    def counts():
        whole = draw(st.integers(0, 2000))
        return whole, min(whole, draw(st.integers(0, 8) | st.integers(0, 200)))

    def silence():
        began, gone = counts()
        return draw(st.none() | st.just(Silence(began=began, gone=gone, limit=draw(st.floats(0.05, 0.5)))))

    (verdicts, failures), (others, failed) = counts(), counts()
    return look(
        soaked=timedelta(hours=draw(st.integers(0, 60))),
        verdicts=verdicts,
        failures=failures,
        settled_verdicts=verdicts,
        settled_failures=failures,
        silence=silence(),
        silence_1h=silence(),
        other_verdicts=others,
        other_failures=failed,
        is_stopped=draw(st.booleans()),
    )


@given(a_look(), st.floats(0.005, 0.2), st.sampled_from(["stop", "disable", "notify"]), st.integers(0, 2))
def test_a_decision_can_be_made_again_from_its_numbers(seen, limit, on_halt, stage):
    plan = replace(PLAN, on_halt=on_halt)
    before = position(plan=plan, limit=limit, stage=stage, percent=plan.stages[stage].percent)
    step = next_step(before, seen)
    if step is None:
        return
    found = decided(before, seen, step).numbers
    again = replace(before, limit=found["limit"] / 100)
    repeated = next_step(again, look_from(found, at=NOON))
    assert replace(repeated, position=replace(repeated.position, limit=limit)) == step
    assert weigh(again, look_from(found, at=NOON)).total == pytest.approx(found["evidence"]["total"])
    assert explain(decided(before, seen, step))
