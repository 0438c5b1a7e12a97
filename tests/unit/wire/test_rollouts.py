"""Rollouts, decisions and previews on the wire."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st
from msgspec.structs import replace

from codepush.errors import DecodeError
from codepush.models import Package, PackageInfo
from codepush.rollout_models import (
    Rollout,
    RolloutBaseline,
    RolloutCounts,
    RolloutDecision,
    RolloutEvidence,
    RolloutGap,
    RolloutPreview,
    StagePreview,
)
from codepush.rules import plans
from codepush.wire import standalone
from codepush.wire.messages import Response, decode_json, encode_json

NOW = datetime(2026, 3, 2, 9, 0, 0, 7_000, tzinfo=UTC)
PLAN = plans.parse("5% 4h, wait, 100%")
BASELINE = RolloutBaseline(
    share=0.007,
    verdicts=5120,
    releases=("v41", "v40"),
    gaps={"1h": 0.05, "24h": 0.029},
    silence_limits={"24h": 0.079},
    strangers=0.25,
)
DECISION = RolloutDecision(
    at=NOW,
    actor="account:17",
    kind="halt",
    reason="failures",
    stage=2,
    percent=5,
    note="crashes",
    numbers={"verdicts": 214, "share": 5.14, "baseline": {"releases": ["v41"]}},
    text="Halted.",
)
ROLLOUT = Rollout(
    label="v42",
    state="halted",
    plan=PLAN,
    reason="failures",
    stage=2,
    percent=5,
    is_held=True,
    limit=0.012,
    baseline=BASELINE,
    counts=RolloutCounts(
        began=230, ok=203, bad=11, interval=(0.016, 0.114), standing={"known": 198, "stray": 2}, strangers=0.07
    ),
    evidence=RolloutEvidence(total=346.5, failures=433.1, silence=0.4, silence_1h=0.1, others=0.2, health=0.001),
    gaps=(RolloutGap(age="1h", share=0.031, usual=0.029), RolloutGap(age="24h")),
    soaked=timedelta(seconds=1260),
    waits_for="A person has to resume it.",
    decisions=(DECISION,),
    started_at=NOW,
    version=9,
)
PREVIEW = RolloutPreview(
    plan=PLAN,
    baseline=RolloutBaseline(share=0.01, is_assumed=True),
    limit=0.015,
    audience=2000,
    stages=(
        StagePreview(percent=5, devices=100, verdicts={1: 40, 24: 90}, needed=92),
        StagePreview(percent=100, devices=2000),
    ),
    noticed={50: 0.012, 95: 0.03},
    warnings=("Begin with 20 %.",),
)


def answer(body):
    return Response(status=200, body=body)


def test_rollouts_survive_the_wire():
    """What the server's side writes is what the client's side reads."""
    bare = Rollout(label="v1", state="running", plan=PLAN)
    package = Package(app_version="1.0.0", package_hash="ab" * 32, label="v1", size=5, rollout=5, rollout_plan=PLAN)
    exchanges: list[tuple[standalone.Call[Any], Any, object]] = [
        (standalone.rollout("a", "d", "v42"), standalone.rollout_body, ROLLOUT),
        (standalone.rollouts("a", "d"), standalone.rollouts_body, [ROLLOUT, bare]),
        (standalone.plan_rollout("a", "d", "v42", "100%"), standalone.rollout_body, bare),
        (standalone.rollout_decisions("a", "d", "v42"), standalone.decisions_body, [DECISION]),
        (
            standalone.preview_rollout("a", "d", PLAN, app_version=None, is_mandatory=None),
            standalone.preview_body,
            PREVIEW,
        ),
        (standalone.default_plan("a", "d"), standalone.plan_body, PLAN),
        (standalone.default_plan("a", "d"), standalone.plan_body, None),
        (standalone.set_default_plan("a", "d", PLAN), standalone.plan_body, PLAN),
        (standalone.promote("a", "s", "d", PackageInfo(), PLAN), standalone.package_body, package),
    ]
    for call, body, value in exchanges:
        assert call.read(answer(body(value))) == value


def test_shares_are_percent_on_the_wire():
    """Durations are seconds, times milliseconds."""
    said = decode_json(standalone.rollout_body(ROLLOUT))["rollout"]
    assert said["limitPercent"] == 1.2
    assert said["soakedSeconds"] == 1260
    assert said["startedAt"] == said["decisions"][0]["at"] == 1_772_442_000_007
    assert said["counts"]["interval"] == [1.6, 11.4]
    assert said["baseline"] == {
        "percent": 0.7,
        "verdicts": 5120,
        "releases": ["v41", "v40"],
        "assumed": False,
        "gaps": {"1h": 5.0, "24h": 2.9},
        "silenceLimits": {"24h": 7.9},
        "strangersPercent": 25.0,
    }
    assert said["gaps"] == [{"age": "1h", "percent": 3.1, "usualPercent": 2.9}, {"age": "24h"}]
    assert said["decisions"][0]["numbers"] == DECISION.numbers
    assert said["evidence"]["silence1h"] == 0.1


def test_a_package_without_a_plan_does_not_mention_one():
    """Answers and histories are as old tools know them."""
    package = Package(app_version="1.0.0", package_hash="ab" * 32, label="v1", size=5)
    for body in (standalone.package_body(package), standalone.history_body([package])):
        assert b"ollout" not in body.replace(b'"rollout":100', b"")


def test_unknown_fields_are_kept():
    """A newer server may say more, and have more states."""
    said = decode_json(standalone.rollout_body(ROLLOUT))["rollout"] | {"mood": "calm", "state": "dreaming"}
    read = standalone.rollout("a", "d", "v42").read(answer(encode_json({"rollout": said})))
    assert read == replace(ROLLOUT, state="dreaming", extra={"mood": "calm"})
    preview = decode_json(standalone.preview_body(PREVIEW))["preview"] | {"mood": "calm"}
    call = standalone.preview_rollout("a", "d", PLAN, app_version=None, is_mandatory=None)
    assert call.read(answer(encode_json({"preview": preview}))).extra == {"mood": "calm"}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"rollout":null}', b'{"rollout":{"label":"v1"}}', b"<html></html>"]
)
def test_answers_that_lack_what_is_needed_are_decode_errors(body):
    """No answer makes reading fail otherwise."""
    with pytest.raises(DecodeError):
        standalone.rollout("a", "d", "v1").read(answer(body))


@given(
    st.dictionaries(st.sampled_from(sorted(standalone.RolloutShape.__struct_encode_fields__)), st.floats() | st.none())
)
def test_strange_values_are_decode_errors(values):
    """Numbers out of range and missing fields are no crash."""
    said = decode_json(standalone.rollout_body(ROLLOUT))["rollout"] | values
    try:
        standalone.rollout("a", "d", "v42").read(answer(encode_json({"rollout": said})))
    except DecodeError:
        return


def test_requests_have_the_documented_routes():
    """Names are segments of the path; bodies say what was given and nothing else."""
    control = standalone.ControlShape.of(note="why", limit=0.02)
    below = "/apps/o~~a/deployments/d"
    sent: list[tuple[standalone.Call[Any], tuple[str, str, object]]] = [
        (
            standalone.preview_rollout("o/a", "d", "100%", app_version="^1", is_mandatory=False),
            ("POST", "/rollouts/preview", {"rolloutPlan": "100%", "appVersion": "^1", "isMandatory": False}),
        ),
        (standalone.rollouts("o/a", "d"), ("GET", "/rollouts", None)),
        (standalone.rollout("o/a", "d", "v/1"), ("GET", "/rollouts/v%2F1", None)),
        (standalone.plan_rollout("o/a", "d", "v1", "100%"), ("PUT", "/rollouts/v1", {"rolloutPlan": "100%"})),
        (standalone.rollout_decisions("o/a", "d", "v1"), ("GET", "/rollouts/v1/decisions", None)),
        (standalone.stop_deployment("o/a", "d", "why"), ("POST", "/stop", {"note": "why"})),
        (standalone.stop_deployment("o/a", "d", None), ("POST", "/stop", {})),
        (standalone.start_deployment("o/a", "d"), ("DELETE", "/stop", None)),
        (standalone.default_plan("o/a", "d"), ("GET", "/plan", None)),
        (standalone.set_default_plan("o/a", "d", "100%"), ("PUT", "/plan", {"rolloutPlan": "100%"})),
        (standalone.remove_default_plan("o/a", "d"), ("DELETE", "/plan", None)),
        *(
            (
                standalone.control_rollout("o/a", "d", "v1", verb, control),
                ("POST", f"/rollouts/v1/{verb}", {"note": "why", "limitPercent": 2.0}),
            )
            for verb in standalone.VERBS
        ),
    ]
    for call, (method, path, fields) in sent:
        body = None if call.request.body is None else decode_json(call.request.body)
        assert (call.request.method, call.request.path, body) == (method, below + path, fields)


def test_verbs_are_not_repeatable_and_what_is_set_is():
    """A second `advance` would go on to the next stage; stopping what is stopped does nothing."""
    control = standalone.ControlShape.of()
    assert not any(standalone.control_rollout("a", "d", "v1", verb, control).repeatable for verb in standalone.VERBS)
    assert not standalone.plan_rollout("a", "d", "v1", "100%").repeatable
    assert standalone.stop_deployment("a", "d", None).repeatable
    assert standalone.set_default_plan("a", "d", "100%").repeatable
