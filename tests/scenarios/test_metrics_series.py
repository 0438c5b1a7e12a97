"""Metrics over time, from phones' reports to the SDK."""

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


def report(server, kind, **fields):
    answer = httpx2.post(f"{server.url}/v0.1/public/codepush/report_status/{kind}", json=fields, timeout=60)
    assert answer.text == "OK"


def test_the_points_of_a_label_add_up_to_its_counters(codepush_server, deployment):
    """A phone's life is in the hour in which it happened, and in the counters."""
    code_push, key = deployment
    device = {"deployment_key": key, "client_unique_id": "device"}
    before = datetime.now(UTC)
    report(codepush_server, "deploy", app_version="1.0.0", **device)
    report(codepush_server, "download", label="v1", **device)
    report(codepush_server, "deploy", app_version="1.0.0", label="v1", status="DeploymentSucceeded", **device)
    report(codepush_server, "deploy", app_version="1.0.0", label="v2", status="DeploymentFailed", **device)
    series = code_push.get_deployment_metrics_series("App", "Staging")
    metrics = code_push.get_deployment_metrics("App", "Staging")
    assert set(series) == {"1.0.0", "v1", "v2"}
    for name in ("downloaded", "installed", "failed"):
        assert sum(getattr(point, name) for point in series["v1"]) == getattr(metrics["v1"], name)
    assert series["v1"][-1].active == metrics["v1"].active == 1
    assert series["1.0.0"][-1].active == 0
    assert before - timedelta(hours=1) < series["v1"][0].starts_at <= datetime.now(UTC)
    assert {point.span for points in series.values() for point in points} == {"hour"}


def test_a_time_is_chosen(codepush_server, deployment):
    """What is outside is left out, and what was active before is where it begins."""
    code_push, key = deployment
    report(codepush_server, "deploy", deployment_key=key, app_version="1.0.0", client_unique_id="device")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    [first] = code_push.get_deployment_metrics_series("App", "Staging", since=tomorrow, until=tomorrow)["1.0.0"]
    assert (first.active, first.starts_at.hour, first.starts_at.date()) == (1, 0, tomorrow.date())
    past = datetime(2020, 1, 1, tzinfo=UTC)
    assert code_push.get_deployment_metrics_series("App", "Staging", since=past, until=past) == {}


@pytest.mark.usefixtures("deployment")
def test_who_may_not_see_the_app_sees_no_metrics(codepush_server):
    """As for the metrics themselves."""
    access_key = codepush_server.add_account("other@example.test")
    with CodePush(access_key, codepush_server.url) as other, pytest.raises(NotFound):
        other.get_deployment_metrics_series("App", "Staging")


@pytest.mark.usefixtures("deployment")
@pytest.mark.parametrize("value", ["yesterday", "-1", "1.5", "9" * 16, "٣"])
def test_a_time_that_is_none_is_refused(codepush_server, value):
    """The refusal names the parameter and says what to send."""
    headers = {"Authorization": f"Bearer {codepush_server.access_key}", "Accept": "application/problem+json"}
    path = f"{codepush_server.url}/apps/App/deployments/Staging/metrics/series"
    answer = httpx2.get(path, params={"since": value}, headers=headers)
    assert (answer.status_code, answer.json()["field"]) == (400, "since")
    assert "milliseconds" in answer.json()["message"]
