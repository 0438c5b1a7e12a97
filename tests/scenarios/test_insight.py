"""Insight of a release, from the reports of devices to the SDK."""

from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from codepush import CodePush, NotFound


@pytest.fixture
def deployment(codepush_server, tmp_path):
    """Give a deployment with two releases; yield a client and the deployment's key."""
    with codepush_server.client() as code_push:
        code_push.add_app("App", os="iOS", platform="React-Native")
        for number in (1, 2):
            (tmp_path / "index.js").write_text(f"{number}")
            code_push.release("App", "Staging", tmp_path / "index.js", "1.0.0")
        yield code_push, code_push.get_deployment("App", "Staging").key


def report(server, kind, key, device, label="v2", **fields):
    body = {"deployment_key": key, "label": label, "client_unique_id": device, **fields}
    answer = httpx2.post(f"{server.url}/v0.1/public/codepush/report_status/{kind}", json=body, timeout=60)
    assert answer.text == "OK"


def verdict(server, key, device, *, failed=False):
    status = "DeploymentFailed" if failed else "DeploymentSucceeded"
    report(server, "deploy", key, device, status=status, app_version="1.0.0")


def test_the_life_of_a_release(codepush_server, deployment):
    """Devices that download, run, fail and fall silent are in the sums and in their points."""
    code_push, key = deployment
    report(codepush_server, "deploy", key, "old", label=None, app_version="1.0.0")
    for device in ("one", "two", "three", "silent"):
        for _ in range(2):
            report(codepush_server, "download", key, device)
    for _ in range(4):
        verdict(codepush_server, key, "one")
        verdict(codepush_server, key, "two")
        verdict(codepush_server, key, "three", failed=True)
    verdict(codepush_server, key, None, failed=True)
    insight = code_push.get_insight("App", "Staging", "v2")
    assert (insight.label, insight.span, insight.began, insight.ok, insight.bad) == ("v2", "cohort", 4, 2, 1)
    assert insight.not_counted == {"nameless": 1}
    assert (insight.active, insight.installed, insight.audience) == (2, 2, 3)
    assert insight.adoption == pytest.approx(2 / 3, abs=1e-4)
    assert insight.failure_share == pytest.approx(1 / 3, abs=1e-4)
    low, high = insight.interval
    assert low < 1 / 3 < high
    assert (insight.limit, insight.evidence, insight.halted_after) == (None, None, None)
    assert [(gap.age, gap.share, gap.usual) for gap in insight.gaps] == [("1h", None, None), ("24h", None, None)]
    for name in ("began", "ok", "bad", "installed"):
        assert sum(getattr(point, name) for point in insight.points) == getattr(insight, name)
    assert insight.points[-1].active == 2
    assert insight.points[-1].interval == insight.interval
    assert code_push.get_deployment_metrics("App", "Staging")["v2"].failed == 2


def test_a_plan_gives_a_limit_and_evidence(codepush_server, deployment):
    """The evidence of each point is that of the verdicts so far."""
    code_push, key = deployment
    code_push.plan_rollout("App", "Staging", "v2", "100% 1d")
    for number in range(5):
        verdict(codepush_server, key, f"device {number}", failed=number == 0)
    insight = code_push.get_insight("App", "Staging", "v2")
    rollout = code_push.get_rollout("App", "Staging", "v2")
    assert insight.limit == rollout.limit
    assert insight.points[-1].evidence == insight.evidence == pytest.approx(rollout.evidence.failures)
    assert insight.evidence_since is not None


def test_a_time_is_chosen(codepush_server, deployment):
    """Nothing is before the release or after now, and clearing the history clears it."""
    code_push, key = deployment
    verdict(codepush_server, key, "one")
    past, future = datetime(1970, 1, 2, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)
    everything = code_push.get_insight("App", "Staging", "v2", since=past, until=future)
    assert everything.ok == 1
    assert everything.until - everything.since < timedelta(hours=1)
    assert code_push.get_insight("App", "Staging", "v2", since=future).ok == 0
    assert code_push.get_insight("App", "Staging", "v2", until=past).points == ()
    code_push.clear_deployment_history("App", "Staging")
    with pytest.raises(NotFound):
        code_push.get_insight("App", "Staging", "v2")


@pytest.mark.usefixtures("deployment")
def test_a_stranger_gets_no_insight(codepush_server):
    """As for the metrics."""
    key = codepush_server.add_account("stranger@example.test")
    with CodePush(key, codepush_server.url) as other, pytest.raises(NotFound):
        other.get_insight("App", "Staging", "v2")


@pytest.mark.usefixtures("deployment")
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400),
        ({"label": ""}, 400),
        ({"label": "v3"}, 404),
        ({"label": "v" + "9" * 5000}, 404),
        ({"label": "v2\0"}, 404),
        ({"label": "v2", "since": "yesterday"}, 400),
        ({"label": "v2", "since": "-1"}, 400),
        ({"label": "v2", "until": "9" * 16}, 400),
        ({"label": "v2", "since": "9" * 15, "until": "0"}, 200),
        ({"label": "v2", "since": "0", "until": "0"}, 200),
    ],
)
def test_requests_that_cannot_be_answered(codepush_server, query, status):
    """Each gets the fitting error; a time in which nothing can be has no points."""
    headers = {"Authorization": f"Bearer {codepush_server.access_key}"}
    path = f"{codepush_server.url}/apps/App/deployments/Staging/insight"
    assert httpx2.get(path, headers=headers, params=query, timeout=60).status_code == status
