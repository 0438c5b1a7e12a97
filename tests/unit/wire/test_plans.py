"""Rollout plans on the wire: what requests may hold, and what answers hold."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, strategies as st
from msgspec.structs import replace

from codepush.errors import Invalid
from codepush.models import PackageInfo
from codepush.rollout_models import NO_PLAN, RolloutPlan, RolloutStage
from codepush.rules import plans
from codepush.wire import standalone
from codepush.wire.messages import decode_json, encode_json
from codepush.wire.standalone.plans import PlanShape
from codepush.wire.standalone.shapes import InfoShape

DAY = timedelta(days=1)
PLAN = RolloutPlan(
    stages=(
        RolloutStage(percent=5, soak=timedelta(hours=4)),
        RolloutStage(percent=25, needs_approval=True),
        RolloutStage(percent=100, soak=DAY),
    ),
    limit=0.015,
    on_halt="disable",
    starts_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
    window="Mon-Thu 09:00-17:00 Europe/Berlin",
    patience=2 * DAY,
    ripen=timedelta(minutes=30),
)
OBJECT = {
    "text": "5% 4h, wait, 25%, 100%",
    "stages": [
        {"percent": 5, "soakSeconds": 14_400, "needsApproval": False},
        {"percent": 25, "soakSeconds": 0, "needsApproval": True},
        {"percent": 100, "soakSeconds": 86_400, "needsApproval": False},
    ],
    "limitPercent": 1.5,
    "onHalt": "disable",
    "startsAt": 1_772_442_000_000,
    "window": "Mon-Thu 09:00-17:00 Europe/Berlin",
    "patienceSeconds": 172_800,
    "ripenSeconds": 1_800,
}


def test_an_answer_holds_a_plan_as_an_object():
    """The text and the stages, and all settings in the units of the API."""
    assert decode_json(standalone.plan_body(PLAN)) == {"rolloutPlan": OBJECT}
    short = decode_json(standalone.plan_body(plans.parse("100%")))
    assert short == {
        "rolloutPlan": {
            "text": "100%",
            "stages": [{"percent": 100, "soakSeconds": 86_400, "needsApproval": False}],
            "onHalt": "stop",
            "ripenSeconds": 0,
        }
    }
    assert decode_json(standalone.plan_body(None)) == {"rolloutPlan": None}


def test_a_request_may_hold_what_an_answer_holds():
    """Also without the text, or without the stages."""
    assert standalone.read_plan(OBJECT) == PLAN
    for left_out in ("text", "stages"):
        assert standalone.read_plan({name: value for name, value in OBJECT.items() if name != left_out}) == PLAN


@given(st.integers(1, 999_999).map(lambda limit: limit / 1_000_000))
def test_limits_survive_the_wire(limit):
    """Percent and shares are the same decimal digits."""
    plan = replace(PLAN, limit=limit)
    shape = msgspec.json.decode(encode_json(PlanShape.of(plan)), type=PlanShape)
    assert shape.plan() == plan == standalone.read_plan(msgspec.to_builtins(shape))
    assert len(repr(shape.limit_percent)) <= 9


def test_a_text_is_a_plan():
    """As on the command line."""
    assert standalone.read_plan("5% 4h, 100%") == plans.parse("5% 4h, 100%")


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        (5, 'rolloutPlan must be a text such as "5% 4h, 25% 1d, 100%"'),
        (["5%"], "rolloutPlan must be a text"),
        (True, "rolloutPlan must be a text"),
        ("5 4h, 100%", 'stage 1, "5 4h" has no percent sign; write 5%'),
        ({}, 'needs "stages" or "text"'),
        ({"text": 5}, 'The field "text" of rolloutPlan must be a text'),
        ({"text": "5%"}, "stage 1, 5%, is the last and must be 100%"),
        ({"stages": {}}, 'The field "stages" of rolloutPlan must be an array'),
        ({"stages": []}, "1 to 20 stages, not 0"),
        ({"stages": [5]}, 'stage 1 must be an object, such as {"percent": 5}'),
        ({"stages": [{}]}, 'The field "percent" of stage 1 of the rollout plan is missing'),
        ({"stages": [{"percent": 5.5}]}, 'The field "percent" of stage 1 of the rollout plan must be a whole number'),
        ({"stages": [{"percent": True}]}, 'The field "percent" of stage 1 of the rollout plan must be a number'),
        ({"stages": [{"percent": 101}]}, "from 0 to 100"),
        ({"stages": [{"percent": 0}, {"percent": 100}]}, "stage 1, 0%, must be a whole percentage from 1 to 100"),
        ({"stages": [{"percent": 100, "soakSeconds": 10**400}]}, '"soakSeconds" of stage 1'),
        ({"stages": [{"percent": 100, "soakSeconds": 1e300}]}, '"soakSeconds" of stage 1'),
        ({"stages": [{"percent": 100, "soakSeconds": 5}]}, "must be 10s to 14d"),
        ({"stages": [{"percent": 100, "soak": 5}]}, "The field 'soak' of stage 1 of the rollout plan is unknown"),
        ({"stages": [{"percent": 100, "needsApproval": 1}]}, '"needsApproval" of stage 1 of the rollout plan must be'),
        ({"text": "5%, 100%", "stages": [{"percent": 100}]}, '"text" and "stages" of the rollout plan differ'),
        ({"text": "100%", "onhalt": "stop"}, "The field 'onhalt' of rolloutPlan is unknown. Known fields: text,"),
        ({"text": "100%", "x\n" * 50: 1}, r"The field 'x\nx\n"),
        ({"text": "100%", "onHalt": "explode"}, '"stop", "disable" or "notify"'),
        ({"text": "100%", "onHalt": 1}, 'The field "onHalt" of rolloutPlan must be a text'),
        ({"text": "100%", "limitPercent": 0}, "limit of a rollout plan must lie between 0 % and 100 %"),
        ({"text": "100%", "limitPercent": "1"}, 'The field "limitPercent" of rolloutPlan must be a number'),
        ({"text": "100%", "startsAt": -1}, 'The field "startsAt"'),
        ({"text": "100%", "startsAt": 1e18}, 'The field "startsAt"'),
        ({"text": "100%", "window": "always"}, "Mon-Thu 09:00-17:00 Europe/Berlin"),
        ({"text": "100%", "window": []}, 'The field "window" of rolloutPlan must be a text'),
        ({"text": "100%", "patienceSeconds": 0}, "patience of a rollout plan must be 10s to 90d"),
        ({"text": "100%", "ripenSeconds": 700_000}, '"ripen" time of a rollout plan must be 10s to 7d'),
    ],
)
def test_a_wrong_plan_is_refused_with_its_place(raw, complaint):
    """The status is 400, and the sentence names the place."""
    with pytest.raises(Invalid) as error:
        standalone.read_plan(raw)
    assert complaint in error.value.message
    assert (error.value.status_code, error.value.code) == (400, "invalid_plan")
    assert len(error.value.message) < 300


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text("a5%, ", max_size=10),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.sampled_from(list(OBJECT)), values, max_size=3),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from([*OBJECT, "percent"]), json_values))
def test_any_object_is_a_plan_or_refused(raw):
    """No value of any field makes reading fail otherwise."""
    try:
        plan = standalone.read_plan({"text": "5%, 100%"} | raw)
    except Invalid:
        return
    assert plans.check(plan) == plan


def test_null_is_as_good_as_left_out():
    """For every field of a plan but the stages."""
    assert standalone.read_plan({**dict.fromkeys(OBJECT), "text": "5%, 100%"}) == plans.parse("5%, 100%")


def test_a_default_plan_has_no_start():
    """A start is that of one release."""
    assert standalone.read_default_plan("5%, 100%") == plans.parse("5%, 100%")
    with pytest.raises(Invalid, match="default plan of a deployment cannot have a start"):
        standalone.read_default_plan(OBJECT)


def test_a_release_says_which_plan_it_gets():
    """A plan, none, or the default one; a rollout beside it must be that of the first stage."""
    plan = plans.parse("5%, 100%")
    assert standalone.package_plan({"rolloutPlan": "5%, 100%"}, None) == plan
    assert standalone.package_plan({"rolloutPlan": "5%, 100%"}, 5) == plan
    assert standalone.package_plan({"rolloutPlan": None}, 50) == NO_PLAN
    assert standalone.package_plan({}, 50) is None
    assert standalone.package_plan("nothing", None) is None
    with pytest.raises(Invalid, match=r"rollout of 50% differs from the first stage of the rollout plan, 5%") as error:
        standalone.package_plan({"rolloutPlan": "5%, 100%"}, 50)
    assert error.value.field == "rollout"


def test_a_client_sends_the_first_stage_as_rollout():
    """A server that does not know plans at least does not release to everyone."""
    info = PackageInfo(app_version="1.0.0")
    assert encoded(InfoShape.of(info)) == {"appVersion": "1.0.0"}
    assert encoded(InfoShape.of(info, NO_PLAN)) == {"appVersion": "1.0.0", "rolloutPlan": None}
    text = encoded(InfoShape.of(info, "5% 4h, 100%"))
    assert text == {"appVersion": "1.0.0", "rollout": 5, "rolloutPlan": "5% 4h, 100%"}
    assert encoded(InfoShape.of(replace(info, rollout=5), PLAN))["rolloutPlan"] == OBJECT
    with pytest.raises(Invalid, match="rollout of 50% differs"):
        InfoShape.of(PackageInfo(rollout=50), PLAN)
    with pytest.raises(Invalid, match="stage 1"):
        InfoShape.of(info, "5")
    with pytest.raises(Invalid, match="1 to 20 stages"):
        InfoShape.of(info, RolloutPlan(stages=()))


def encoded(shape):
    return decode_json(encode_json(shape))


def test_what_a_person_adds_to_a_verb():
    """The limit is percent on the wire and a share elsewhere."""
    raw = {"note": "fixed", "limitPercent": 1.1, "expectedVersion": 7, "force": True}
    expected = {"note": "fixed", "limit": 0.011, "expected_version": 7, "force": True}
    assert standalone.read_control(raw) == expected
    assert encoded(standalone.ControlShape.of(**expected)) == raw
    nothing = {"note": None, "limit": None, "expected_version": None, "force": False}
    assert standalone.read_control({}) == standalone.read_control(dict.fromkeys(raw) | {"note": ""}) == nothing
    assert encoded(standalone.ControlShape.of()) == {}
    assert standalone.read_note({"note": "why"}) == "why"
    assert standalone.read_note({}) is None


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({"note": 1}, "note"),
        ({"note": "x" * 1001}, "note"),
        ({"limitPercent": 0}, "limitPercent"),
        ({"limitPercent": 100}, "limitPercent"),
        ({"limitPercent": "1"}, "limitPercent"),
        ({"expectedVersion": 1.5}, "expectedVersion"),
        ({"expectedVersion": 2**64}, "expectedVersion"),
        ({"force": "yes"}, "force"),
        ({"Force": True}, None),
    ],
)
def test_wrong_additions_are_refused(raw, field):
    """The error names the field."""
    with pytest.raises(Invalid) as error:
        standalone.read_control(raw)
    assert (error.value.code, error.value.field, error.value.status_code) == ("invalid_field", field, 400)
