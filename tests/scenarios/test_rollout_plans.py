"""Rollout plans through the SDK and plain HTTP, against a real server."""

import json
from datetime import UTC, datetime

import httpx2
import pytest

from codepush import (
    NO_PLAN,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    PackageInfo,
    RolloutPlan,
    RolloutStage,
)
from codepush.rules import plans
from codepush.testing import live_server
from support.databases import ENGINES, database_settings
from support.packages import make_bundle

TEXT = "5% 4h, 25% 1d, 100%"
STAGING = ("App", "Staging")
BELOW = "/apps/App/deployments/Staging"
FRIEND = "friend@example.test"


@pytest.fixture(params=ENGINES)
def server(request, tmp_path):
    with live_server(tmp_path / "server", rate_limits="off", **database_settings(request, request.param)) as server:
        yield server


@pytest.fixture
def client(server):
    with server.client() as client:
        client.add_app("App")
        yield client


@pytest.fixture
def http(server):
    headers = {"Authorization": f"Bearer {server.access_key}", "Accept": "application/problem+json"}
    with httpx2.Client(base_url=server.url, headers=headers, timeout=60) as http:
        yield http


@pytest.fixture
def bundles(tmp_path):
    """Different bundles, one after the other."""
    return (make_bundle(tmp_path / f"bundle{number}", f"console.log({number})") for number in range(10))


def test_a_plan_from_release_to_completion(client, bundles):
    """Every method, in the order of a rollout that a person drives."""
    expected = client.preview_rollout(*STAGING, TEXT, app_version="1.0.0")
    assert expected.plan == plans.parse(TEXT)
    assert expected.baseline.is_assumed
    assert [stage.percent for stage in expected.stages] == [5, 25, 100]

    package = client.release(*STAGING, next(bundles), "1.0.0", plan=TEXT)
    assert (package.label, package.rollout, package.rollout_plan) == ("v1", 5, plans.parse(TEXT))
    rollout = client.get_rollout(*STAGING)
    assert (rollout.label, rollout.state, rollout.stage, rollout.percent) == ("v1", "running", 1, 5)
    assert client.get_rollout(*STAGING, "v1").plan == plans.parse(TEXT)

    assert client.pause_rollout(*STAGING, "v1", note="lunch").state == "paused"
    with pytest.raises(Conflict, match="paused") as error:
        client.advance_rollout(*STAGING, "v1")
    assert error.value.code == "wrong_state"
    assert client.resume_rollout(*STAGING, "v1").state == "running"
    advanced = client.advance_rollout(*STAGING, "v1", note="looks good")
    assert (advanced.stage, advanced.percent) == (2, 25)
    with pytest.raises(Conflict) as error:
        client.halt_rollout(*STAGING, "v1", expected_version=advanced.version - 1)
    assert error.value.code == "version_moved"
    halted = client.halt_rollout(*STAGING, "v1", note="crashes", expected_version=advanced.version)
    assert (halted.state, halted.is_held) == ("halted", True)
    with pytest.raises(Invalid, match="note") as missing:
        client.resume_rollout(*STAGING, "v1")
    assert missing.value.field == "note"
    resumed = client.resume_rollout(*STAGING, "v1", note="fixed", limit=0.02)
    assert (resumed.state, resumed.limit) == ("running", 0.02)
    replanned = client.plan_rollout(*STAGING, "v1", "10%, 50%, 100% 1h")
    assert (replanned.plan, replanned.percent) == (plans.parse("10%, 50%, 100% 1h"), 25)

    assert client.complete_rollout(*STAGING, "v1").state == "completed"
    [shown] = client.get_deployment_history(*STAGING)
    assert (shown.rollout, shown.rollout_plan) == (None, None)
    assert [one.state for one in client.watch_rollout(*STAGING)] == ["completed"]
    with pytest.raises(Conflict) as error:
        client.pause_rollout(*STAGING, "v1")
    assert error.value.code == "rollout_over"
    decisions = client.get_rollout_decisions(*STAGING, "v1")
    assert {"complete", "halt", "advance", "pause"} <= {decision.kind for decision in decisions}
    assert max(decision.at for decision in decisions) == decisions[0].at
    assert "crashes" in {decision.note for decision in decisions}
    assert [one.label for one in client.get_rollouts(*STAGING)] == ["v1"]


def test_a_plan_that_starts_later(client, bundles):
    """All settings of a plan come back as they were given, and the release is not offered yet."""
    stages = (RolloutStage(percent=10), RolloutStage(percent=100, needs_approval=True))
    start = datetime(2999, 1, 1, tzinfo=UTC)
    plan = RolloutPlan(
        stages=stages, limit=0.011, on_halt="disable", starts_at=start, window="Mon-Thu 09:00-17:00 Europe/Berlin"
    )
    package = client.release(*STAGING, next(bundles), "1.0.0", plan=plan)
    assert package.rollout_plan == plans.check(plan)
    assert package.is_disabled
    rollout = client.get_rollout(*STAGING, "v1")
    assert (rollout.state, rollout.plan) == ("scheduled", plans.check(plan))
    assert client.cancel_rollout(*STAGING, "v1").state == "cancelled"


def test_a_default_plan(client, bundles):
    """Releases and promotions that come without a plan get it, unless they ask for none."""
    assert client.get_default_plan(*STAGING) is None
    assert client.set_default_plan(*STAGING, TEXT) == client.get_default_plan(*STAGING) == plans.parse(TEXT)
    assert client.set_default_plan("App", "Production", "50%, 100%")
    package = client.release(*STAGING, next(bundles), "1.0.0")
    assert (package.rollout, package.rollout_plan) == (5, plans.parse(TEXT))
    promoted = client.promote("App", "Staging", "Production", PackageInfo(rollout=35))
    assert promoted.rollout_plan == plans.parse("35%, wait, 100%")
    client.complete_rollout(*STAGING, "v1")
    assert client.release(*STAGING, next(bundles), "1.0.0", plan=NO_PLAN).rollout_plan is None
    assert client.set_default_plan(*STAGING, None) is None
    assert client.get_default_plan(*STAGING) is None
    assert client.release(*STAGING, next(bundles), "1.0.0").rollout_plan is None
    with pytest.raises(NotFound, match="v3"):
        client.get_rollout(*STAGING, "v3")


def test_a_promotion_with_a_plan(client, bundles):
    """It has its own plan, whatever the source had."""
    client.release(*STAGING, next(bundles), "1.0.0", plan=TEXT)
    package = client.promote("App", "Staging", "Production", plan="20%, 100%")
    assert (package.rollout, package.rollout_plan) == (20, plans.parse("20%, 100%"))
    assert client.get_rollout("App", "Production").percent == 20


def test_only_the_newest_release_can_be_planned(client, bundles):
    """A finished one can only be watched."""
    for _ in range(2):
        client.release(*STAGING, next(bundles), "1.0.0")
    with pytest.raises(Conflict) as error:
        client.plan_rollout(*STAGING, "v1", TEXT)
    assert error.value.code == "not_newest"
    with pytest.raises(Conflict) as error:
        client.plan_rollout(*STAGING, "v2", TEXT)
    assert error.value.code == "rollout_over"
    assert client.plan_rollout(*STAGING, "v2", "100% 1h").percent == 100


def test_stopping_and_starting(client):
    """Either may be repeated."""
    for _ in range(2):
        client.stop_deployment(*STAGING, "outage")
    for _ in range(2):
        client.start_deployment(*STAGING)


def test_a_verb_is_carried_out_once(client, http, bundles):
    """A request that is sent again with its key gets the same answer; with other content it is refused."""
    client.release(*STAGING, next(bundles), "1.0.0", plan="5%, 10%, 20%, 100%")
    key = {"Idempotency-Key": "advance-once"}
    path = f"{BELOW}/rollouts/v1/advance"
    first, second = (http.post(path, headers=key, json={"note": "go"}) for _ in range(2))
    assert (first.status_code, second.content) == (200, first.content)
    assert client.get_rollout(*STAGING, "v1").percent == 10
    assert http.post(path, headers=key, json={"note": "again"}).status_code == 422
    planned = [http.put(f"{BELOW}/rollouts/v1", headers=key, json={"rolloutPlan": "10%, 100%"}) for _ in range(2)]
    assert planned[0].status_code == 200
    assert planned[0].content == planned[1].content


def released(http, **info):
    parts = {"package": ("index.js", b"1"), "packageInfo": (None, json.dumps({"appVersion": "1.0.0"} | info))}
    return http.post(f"{BELOW}/release", files=parts)


@pytest.mark.parametrize(
    ("info", "complaint"),
    [
        (
            {"rolloutPlan": "5 4h, 100%"},
            'stage 1, "5 4h" has no percent sign; write 5%. Example: "5% 4h, ',
        ),
        ({"rolloutPlan": {"stages": [{"percent": 5}]}}, "stage 1, 5%, is the last and must be 100%"),
        ({"rolloutPlan": [1]}, "must be a text"),
        ({"rolloutPlan": TEXT, "rollout": 6}, "rollout of 6% differs from the first stage of the rollout plan, 5%"),
    ],
)
def test_a_wrong_plan_releases_nothing(client, http, info, complaint):
    """The 400 names the place, in a release and in a promotion."""
    for answer in (released(http, **info), http.post(f"{BELOW}/promote/Production", json={"packageInfo": info})):
        assert answer.status_code == 400
        assert answer.json()["code"] == "invalid_plan"
        assert complaint in answer.json()["message"]
    assert client.get_deployment_history(*STAGING) == []


def test_old_tools_see_an_ordinary_rollout(client, http):
    """The rollout of the release is that of the stage, and only the answer to the release mentions the plan."""
    package = released(http, rolloutPlan=TEXT, rollout=5).json()["package"]
    assert (package["rollout"], package["rolloutPlan"]["text"]) == (5, TEXT)
    for path in (f"{BELOW}/history", BELOW):
        text = http.get(path).text
        assert '"rollout":5' in text
        assert "rolloutPlan" not in text
    assert "rolloutPlan" not in http.patch(f"{BELOW}/release", json={"packageInfo": {"rollout": 50}}).text
    assert client.get_rollout(*STAGING).state == "paused"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/rollouts/v1", {}),
        ("PUT", "/rollouts/v1", {"rolloutPlan": None}),
        ("PUT", "/rollouts/v1", []),
        ("PUT", "/plan", {"rolloutPlan": {"text": "100%", "startsAt": 1}}),
        ("PUT", "/plan", {"rolloutPlan": "x" * 5000}),
        ("POST", "/rollouts/preview", {"rolloutPlan": TEXT, "appVersion": "banana"}),
        ("POST", "/rollouts/v1/pause", {"note": 1}),
        ("POST", "/rollouts/v1/advance", {"Force": True}),
        ("POST", "/stop", {"note": "x" * 1001}),
    ],
)
def test_bad_requests_are_refused(client, http, method, path, body):
    """Each is a 400, and nothing has happened."""
    client.set_default_plan(*STAGING, TEXT)
    released(http)
    before = client.get_rollout(*STAGING)
    assert http.request(method, BELOW + path, json=body).status_code == 400
    assert client.get_rollout(*STAGING).version == before.version
    assert client.get_default_plan(*STAGING) == plans.parse(TEXT)


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("label", ["v9", "preview", "v0", "latest"])
def test_a_release_without_a_rollout_is_not_found(http, label):
    """Whatever the label is."""
    for method, path in (("GET", label), ("GET", f"{label}/decisions"), ("POST", f"{label}/pause")):
        assert http.request(method, f"{BELOW}/rollouts/{path}").status_code == 404
    assert http.put(f"{BELOW}/rollouts/{label}", json={"rolloutPlan": TEXT}).status_code == 404


def test_a_collaborator_does_not_set_the_default_plan(server, client):
    """That is the owner's, as the deployment is."""
    key = server.add_account(FRIEND)
    client.add_collaborator("App", FRIEND)
    with server.client(key) as friend, pytest.raises(Forbidden):
        friend.set_default_plan(*STAGING, TEXT)
