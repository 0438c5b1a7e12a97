"""The metrics at ``/metrics``."""

import anyio
import pytest
from prometheus_client.parser import text_string_to_metric_families

from codepush.server.assembly.parts import open_parts
from codepush.server.counters import Counters
from codepush.server.ports.errors import UnavailableError
from codepush.server.services.caller import operator
from codepush.server.services.upkeep.overview import Overview
from codepush.server.settings import Settings
from support.serving import serving

pytestmark = pytest.mark.anyio


async def metrics(client):
    """Return the samples by name and labels."""
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return samples(answer.text)


def samples(text):
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            name = (sample.name, *(f"{key}={value}" for key, value in sorted(sample.labels.items())))
            assert name not in found
            found[name] = sample.value
    return found


@pytest.fixture
async def server(tmp_path):
    """Give a client with an access key."""
    data = tmp_path / "data"
    async with open_parts(Settings.load({"data": data}, {})) as parts:
        _, key = await parts.access.accounts.add(operator("test"), "ada@example.com", "Ada")
    async with serving(data) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        yield client


async def make_deployment(client):
    await client.post("/apps", json={"name": "App", "os": "iOS", "platform": "React-Native"})
    [one, _] = (await client.get("/apps/App/deployments")).json()["deployments"]
    return one["key"], one["name"]


async def test_update_checks_and_reports_are_counted(server):
    """Checks by result, reports by outcome, and the commits."""
    key, name = await make_deployment(server)
    files = {"package": ("index.js", b"1"), "packageInfo": (None, '{"appVersion":"1.0.0"}')}
    released = await server.post(f"/apps/App/deployments/{name}/release", files=files)
    assert released.status_code == 201
    check = "/v0.1/public/codepush/update_check"
    for asked in ({"app_version": "1.0.0"}, {"app_version": "2.0.0"}, {"app_version": "x"}):
        await server.get(check, params={"deployment_key": key, **asked})
    await server.get(check, params={"deployment_key": "unknown-key-of-nobody", "app_version": "1.0.0"})
    report = "/v0.1/public/codepush/report_status/download"
    for said in ({"deployment_key": key, "label": "v1"}, {"deployment_key": key}):
        await server.post(report, json=said)
    await server.get(released.json()["package"]["blobUrl"])
    await server.get("/blobs/no-such-blob-0123456789")
    found = await metrics(server)
    for result in ("update", "none", "rejected", "unknown_key"):
        assert found["codepush_update_checks_total", "path=standard", f"result={result}"] == 1
    assert found["codepush_reports_total", "outcome=accepted"] == 1
    assert found["codepush_reports_total", "outcome=rejected"] == 1
    assert found["codepush_report_commit_seconds_count",] == 1
    assert found["codepush_report_commit_seconds_bucket", "le=+Inf"] == 1
    assert found["codepush_releases_total", "method=uploaded"] == 1
    assert found["codepush_upload_bytes_total",] == 1
    assert found["codepush_downloads_total", "outcome=served"] == 1
    assert found["codepush_downloads_total", "outcome=missing"] == 1
    assert found["codepush_snapshots",] == 1
    assert found["codepush_snapshots_behind_seconds",] == 0
    for component in ("database", "storage", "server"):
        assert found["codepush_failures_total", f"component={component}"] == 0


async def test_rollouts_are_counted_by_state(server):
    """Those that are over are left out; the last look is a few seconds ago."""
    _, name = await make_deployment(server)
    below = f"/apps/App/deployments/{name}"
    info = '{"appVersion":"1.0.0","rolloutPlan":"5% 1h, 100%"}'
    files = {"package": ("index.js", b"1"), "packageInfo": (None, info)}
    assert (await server.post(f"{below}/release", files=files)).status_code == 201
    assert (await metrics(server))["codepush_rollouts", "state=running"] == 1
    assert (await server.post(f"{below}/rollouts/v1/halt", json={})).status_code == 200
    found = await metrics(server)
    states = {name[1]: value for name, value in found.items() if name[0] == "codepush_rollouts"}
    assert states == {f"state={one}": 0 for one in ("scheduled", "running", "holding", "paused")} | {"state=halted": 1}
    assert found["codepush_rollout_halt_seconds_count",] == 0  # a person decided, not the evidence
    assert 0 <= found["codepush_rollout_last_look_seconds",] < 60


async def test_management_requests_are_counted_by_the_pattern_of_their_path(server):
    """Names of apps, keys and unknown routes never become labels."""
    for path in ("/apps/One", "/apps/Two", "/no/such/path", "/nor/this", "/accessKeys/secret"):
        await server.get(path)
    await server.request("BREW", "/apps")
    found = await metrics(server)
    counts = {name[1:]: value for name, value in found.items() if name[0] == "codepush_management_requests_total"}
    assert counts["method=GET", "route=/apps/{app}", "status=404"] == 2
    assert counts["method=GET", "route=none", "status=404"] == 2
    assert sum(value for name, value in counts.items() if name[0] == "method=other") == 1
    assert not any("secret" in part or "One" in part for name in found for part in name)
    assert found["codepush_management_request_seconds_count", "method=GET", "route=/apps/{app}"] == 2


async def test_every_metric_exists_from_the_start(tmp_path):
    """Alerts have a value to compare with from the first scrape on; each metric has a description."""
    async with serving(tmp_path / "data") as client:
        text = (await client.get("/metrics")).text
    found = samples(text)
    assert found["codepush_workers",] == 1
    assert found["codepush_database_up",] == 1
    assert found["codepush_jobs", "state=waiting"] == 0
    assert found["codepush_rollouts", "state=halted"] == 0
    assert found["codepush_rollout_halt_seconds_count",] == 0
    assert all(family.documentation for family in text_string_to_metric_families(text))


async def test_metrics_can_be_disabled(tmp_path):
    """The path is then unknown."""
    async with serving(tmp_path / "data", metrics="off") as client:
        assert (await client.get("/metrics")).status_code == 401


class Away:
    """A database that is unreachable or hangs, and counters at zero."""

    def __init__(self, patience):
        self.patience = patience

    def read(self):
        return self

    async def __aenter__(self):
        await anyio.sleep(self.patience)
        raise UnavailableError("gone")

    async def __aexit__(self, *_):
        raise AssertionError

    async def total(self):
        return Counters(), 1


@pytest.mark.parametrize("patience", [0, 60])
async def test_an_unavailable_database_is_reported(patience, monkeypatch):
    """The other metrics are still returned, also when the database hangs."""
    monkeypatch.setattr("codepush.server.services.upkeep.overview._TIMEOUT", 0.05)
    away = Away(patience)
    seen = await Overview(away, away).now()
    assert (seen.jobs, seen.rollouts) == (None, None)
    assert (await Overview(away, away).now()).workers == 1
