"""Rollout plans with both clients, against a server with scripted answers."""

import pytest
from msgspec.structs import replace

from codepush import (
    NO_PLAN,
    CodePushError,
    Conflict,
    Invalid,
    NotFound,
    Package,
    PackageInfo,
    PlanIgnoredError,
    Rollout,
    RolloutDecision,
    RolloutPlan,
    RolloutStage,
)
from codepush.packaging.local import prepare
from codepush.rules import plans
from codepush.wire import standalone
from codepush.wire.messages import PROBLEM_TYPE, Problem, decode_json, encode_problem
from unit.wire.test_rollouts import PREVIEW, ROLLOUT

TEXT = "5% 4h, 100%"
PLAN = plans.parse(TEXT)
V3 = Package(app_version="1.0.0", package_hash="ab" * 32, label="v3", rollout=5, size=1)
PLANNED = replace(V3, rollout_plan=PLAN)
RUNNING = Rollout(label="v3", state="running", plan=PLAN, percent=5)
BELOW = "/apps/App/deployments/Staging"


@pytest.fixture
def bundle(tmp_path):
    """A single file to release."""
    path = tmp_path / "main.jsbundle"
    path.write_bytes(b"console.log(1)\n")
    return path


def package_hash(path):
    with prepare(path) as package:
        return package.hash


def sent_info(received):
    """Return the packageInfo of a release or a promotion."""
    if received.body.startswith(b"{"):
        return decode_json(received.body)["packageInfo"]
    _, info = received.parts()
    return decode_json(info.raw)


@pytest.mark.parametrize(
    ("method", "arguments", "body", "request_line", "sent", "expected"),
    [
        (
            "preview_rollout",
            ("App", "Staging", TEXT),
            standalone.preview_body(PREVIEW),
            f"POST {BELOW}/rollouts/preview",
            {"rolloutPlan": TEXT},
            PREVIEW,
        ),
        (
            "get_rollouts",
            ("App", "Staging"),
            standalone.rollouts_body([ROLLOUT, RUNNING]),
            f"GET {BELOW}/rollouts",
            None,
            [ROLLOUT, RUNNING],
        ),
        (
            "get_rollout",
            ("App", "Staging", "v42"),
            standalone.rollout_body(ROLLOUT),
            f"GET {BELOW}/rollouts/v42",
            None,
            ROLLOUT,
        ),
        (
            "plan_rollout",
            ("App", "Staging", "v3", TEXT),
            standalone.rollout_body(RUNNING),
            f"PUT {BELOW}/rollouts/v3",
            {"rolloutPlan": TEXT},
            RUNNING,
        ),
        (
            "get_rollout_decisions",
            ("App", "Staging", "v42"),
            standalone.decisions_body(ROLLOUT.decisions),
            f"GET {BELOW}/rollouts/v42/decisions",
            None,
            list[RolloutDecision](ROLLOUT.decisions),
        ),
        ("stop_deployment", ("App", "Staging", "outage"), b"", f"POST {BELOW}/stop", {"note": "outage"}, None),
        ("start_deployment", ("App", "Staging"), b"", f"DELETE {BELOW}/stop", None, None),
        ("get_default_plan", ("App", "Staging"), standalone.plan_body(PLAN), f"GET {BELOW}/plan", None, PLAN),
        ("get_default_plan", ("App", "Staging"), standalone.plan_body(None), f"GET {BELOW}/plan", None, None),
        (
            "set_default_plan",
            ("App", "Staging", TEXT),
            standalone.plan_body(PLAN),
            f"PUT {BELOW}/plan",
            {"rolloutPlan": TEXT},
            PLAN,
        ),
        ("set_default_plan", ("App", "Staging", None), b"", f"DELETE {BELOW}/plan", None, None),
    ],
)
def test_methods_send_one_request_and_return_its_answer(  # noqa: PLR0917 - one column of the table each
    server, connect, method, arguments, body, request_line, sent, expected
):
    """The route is the documented one, and the result a value of ours."""
    server.answer(body)
    assert connect()(method, *arguments) == expected
    (received,) = server.received
    assert f"{received.method} {received.path}" == request_line
    assert (decode_json(received.body) if received.body else None) == sent


@pytest.mark.parametrize(
    ("verb", "settings", "sent"),
    [
        ("pause", {"note": "wait", "expected_version": 3}, {"note": "wait", "expectedVersion": 3}),
        ("resume", {"note": "fixed", "limit": 0.02}, {"note": "fixed", "limitPercent": 2.0}),
        ("advance", {"note": "sure", "force": True}, {"note": "sure", "force": True}),
        ("halt", {}, {}),
        ("complete", {"expected_version": 1}, {"expectedVersion": 1}),
        ("cancel", {"note": "by hand"}, {"note": "by hand"}),
    ],
)
def test_each_verb_has_its_settings(server, connect, verb, settings, sent):
    """Each is one request with a key, so that our servers carry it out only once."""
    server.answer(standalone.rollout_body(RUNNING))
    assert connect()(f"{verb}_rollout", "App", "Staging", "v3", **settings) == RUNNING
    (received,) = server.received
    assert f"{received.method} {received.path}" == f"POST {BELOW}/rollouts/v3/{verb}"
    assert decode_json(received.body) == sent
    assert received.headers["idempotency-key"]


def test_the_newest_rollout(server, connect):
    """Without a label it is the first one of the list."""
    server.answer(standalone.rollouts_body([RUNNING, ROLLOUT]))
    server.answer(standalone.rollout_body(RUNNING))
    assert connect()("get_rollout", "App", "Staging") == RUNNING
    assert [one.path for one in server.received] == [f"{BELOW}/rollouts", f"{BELOW}/rollouts/v3"]


def test_a_deployment_without_a_rollout(server, connect):
    """There is no newest rollout then."""
    server.answer(standalone.rollouts_body([]))
    with pytest.raises(NotFound, match='No release of the deployment "Staging" has a rollout plan') as error:
        connect()("get_rollout", "App", "Staging")
    assert error.value.code == "rollout_not_found"


def test_a_rollout_is_watched_until_it_is_over(server, connect):
    """What is yielded differs from what was yielded before; that time has passed is no difference."""
    later = replace(RUNNING, soaked=PLAN.stages[0].soak)
    completed = replace(RUNNING, state="completed", percent=100)
    server.answer(standalone.rollouts_body([RUNNING]))
    for rollout in (RUNNING, later, later, completed):
        server.answer(standalone.rollout_body(rollout))
    assert connect().all("watch_rollout", "App", "Staging", interval=0.001) == [RUNNING, completed]
    assert [one.path for one in server.received] == [f"{BELOW}/rollouts", *[f"{BELOW}/rollouts/v3"] * 4]


def test_refusals_have_a_code_and_the_state(server, connect):
    """A state that does not allow something is a conflict."""
    problem = Problem(status=409, code="wrong_state", message="The rollout is paused; resume it first.")
    server.answer(encode_problem(problem), 409, Content_Type=PROBLEM_TYPE)
    with pytest.raises(Conflict, match="is paused") as error:
        connect()("advance_rollout", "App", "Staging", "v3")
    assert error.value.code == "wrong_state"


@pytest.mark.parametrize("plan", [TEXT, PLAN], ids=["text", "value"])
def test_a_release_and_a_promotion_carry_a_plan(server, connect, bundle, plan):
    """Its first stage is the rollout too, for servers that do not know plans."""
    server.answer(standalone.package_body(PLANNED), 201)
    server.answer(standalone.package_body(PLANNED), 201)
    call = connect()
    assert call("release", "App", "Staging", bundle, "1.0.0", plan=plan) == PLANNED
    assert call("promote", "App", "Staging", "Production", plan=plan) == PLANNED
    for received in server.received:
        info = sent_info(received)
        assert info["rollout"] == 5
        assert standalone.read_plan(info["rolloutPlan"]) == PLAN


def test_a_release_without_any_plan(server, connect, bundle):
    """The server learns that not even the default plan is wanted; nothing is expected of its answer."""
    for _ in range(2):
        server.answer(standalone.package_body(V3), 201)
    call = connect()
    info = PackageInfo(rollout=5)
    assert call("release", "App", "Staging", bundle, "1.0.0", info, plan=NO_PLAN) == V3
    assert call("promote", "App", "Staging", "Production", plan=NO_PLAN) == V3
    assert [sent_info(one) for one in server.received] == [
        {"appVersion": "1.0.0", "rollout": 5, "rolloutPlan": None},
        {"rolloutPlan": None},
    ]


def test_a_server_that_ignores_plans(server, connect, bundle):
    """The release is there, at the first stage; the error says so and holds it."""
    call = connect()
    server.answer(standalone.package_body(V3), 201)
    with pytest.raises(PlanIgnoredError, match="v3 is there, for 5% of the devices") as error:
        call("release", "App", "Staging", bundle, "1.0.0", plan=TEXT)
    assert error.value.package == V3
    assert isinstance(error.value, CodePushError)
    server.answer(b"OK", 201)
    server.answer(standalone.history_body([V3]))
    with pytest.raises(PlanIgnoredError, match="v3"):
        call("promote", "App", "Staging", "Production", plan=TEXT)


@pytest.mark.parametrize(
    ("info", "plan", "complaint"),
    [
        (None, "5", "has no percent sign"),
        (None, RolloutPlan(stages=(RolloutStage(percent=5),)), "is the last and must be 100%"),
        (PackageInfo(rollout=50), TEXT, "rollout of 50% differs"),
    ],
)
def test_an_invalid_plan_is_not_sent(  # noqa: PLR0917 - one column of the table each
    server, connect, bundle, info, plan, complaint
):
    """The error names the place, and nothing was released."""
    call = connect()
    with pytest.raises(Invalid, match=complaint):
        call("release", "App", "Staging", bundle, "1.0.0", info, plan=plan)
    with pytest.raises(Invalid, match=complaint):
        call("promote", "App", "Staging", "Production", info, plan=plan)
    assert server.received == []


def test_an_identical_release_has_no_plan(server, connect, bundle):
    """Nothing was released, so nothing was ignored."""
    server.answer(b"The uploaded package is identical to the contents of the current release.", 409)
    server.answer(standalone.history_body([replace(V3, package_hash=package_hash(bundle))]))
    options = {"plan": TEXT, "no_duplicate_release_error": True}
    assert connect()("release", "App", "Staging", bundle, "1.0.0", **options).label == "v3"
