"""Strangers who know a deployment key, which every copy of an app holds, and what their reports can write."""

import sqlite3
from contextlib import asynccontextmanager, closing

import anyio
import httpx2
import pytest

from codepush import CodePush
from codepush.server.app import create_app
from codepush.testing import live_server

DEPLOY = "/v0.1/public/codepush/report_status/deploy"
DOWNLOAD = "/v0.1/public/codepush/report_status/download"
ADDRESS = "203.0.113.7"

NAMING_TABLES = ("counters", "counter_series", "devices")
TABLES = (*NAMING_TABLES, "trial_series")


@pytest.fixture
def attacked(tmp_path):
    """Give a running server, a client, and the key of a deployment that has one release."""
    with live_server(tmp_path / "data") as server, server.client() as code_push:
        yield server, code_push, deployment(code_push, tmp_path)


def deployment(code_push, tmp_path):
    code_push.add_app("App", os="iOS", platform="React-Native")
    (tmp_path / "index.js").write_text("1")
    code_push.release("App", "Staging", tmp_path / "index.js", "1.0.0")
    return code_push.get_deployment("App", "Staging").key


def rows(settings):
    """Return how many rows each table has that reports write to."""
    with closing(sqlite3.connect(settings.data / "codepush.db")) as database:
        return {table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}


def stored_texts(settings):
    """Return the longest text that reports have stored."""
    with closing(sqlite3.connect(settings.data / "codepush.db")) as database:
        queries = (f"SELECT max(length(subject)) FROM {table}" for table in NAMING_TABLES)
        return max(database.execute(query).fetchone()[0] or 0 for query in queries)


def succeeded(key, label, **fields):
    return {
        "deployment_key": key,
        "app_version": "1.0.0",
        "label": label,
        "status": "DeploymentSucceeded",
    } | fields


def test_reports_that_cannot_be_counted_write_nothing(attacked):
    """Long, malformed and unreleased labels, versions and keys are acknowledged, and no row is written."""
    server, code_push, key = attacked
    bad_labels = ["v" + "9" * 9000, "x" * 9000, "v2", "v0", "v01", "V1", "café", "v1 ", "1.0.0"]
    bad_versions = ["9" * 9000, "1.0.0.1", "other", "1.0.0-" + "a" * 59, "latest", "^1.0.0"]
    with httpx2.Client(base_url=server.url, timeout=60) as client:
        for label in bad_labels:
            for path in (DEPLOY, DOWNLOAD):
                answer = client.post(path, json=succeeded(key, label, client_unique_id="device"))
                assert (answer.status_code, answer.text) == (200, "OK"), label
        for version in bad_versions:
            report = {"deployment_key": key, "app_version": version, "client_unique_id": "device"}
            assert client.post(DEPLOY, json=report).text == "OK", version
        for bad_key in ("k" * 9000, "no-such-deployment-key", "x", "ключ-развертывания"):
            assert client.post(DOWNLOAD, json={"deployment_key": bad_key, "label": "v1"}).text == "OK"
    assert rows(server.settings) == dict.fromkeys(TABLES, 0)
    assert code_push.get_deployment_metrics("App", "Staging") == {}


def test_bodies_that_are_no_reports_get_a_400(attacked):
    """NULs, half surrogates, deep and broken JSON are rejected at once, and reports go on."""
    server, code_push, key = attacked
    bodies = [
        b'{"deployment_key":"%s","label":"v1\\u0000"}' % key.encode(),
        b'{"deployment_key":"%s","label":"v\\ud800"}' % key.encode(),
        b'{"deployment_key":"%s","label":"v1","client_unique_id":"\\udfff"}' % key.encode(),
        b'{"deployment_key":"%s","label":"\xed\xa0\x80"}' % key.encode(),
        b"[" * 5000,
        b'{"label":' * 1000,
        b"[]",
        b"null",
    ]
    with httpx2.Client(base_url=server.url, timeout=60) as client:
        for body in bodies:
            assert client.post(DOWNLOAD, content=body).status_code == 400, body[:40]
        assert client.post(DOWNLOAD, content=b'{"label":"' + b"v" * 11_000 + b'"}').status_code == 413
        assert client.post(DOWNLOAD, json={"deployment_key": key, "label": "v1"}).text == "OK"
    assert code_push.get_deployment_metrics("App", "Staging")["v1"].downloaded == 1


def test_long_device_ids_and_previous_labels_store_nothing(attacked):
    """A device id of more than 256 bytes counts like none, and a previous label that was not released like none."""
    server, code_push, key = attacked
    with httpx2.Client(base_url=server.url, timeout=60) as client:
        for number in range(5):
            report = succeeded(
                key, "v1", client_unique_id=f"{number}" + "ü" * 128, previous_label_or_app_version=f"v{number + 2}"
            )
            assert client.post(DEPLOY, json=report).text == "OK"
            report["previous_label_or_app_version"] = f"{number}.0.0-" + "x" * 5000
            assert client.post(DEPLOY, json=report).text == "OK"
    assert rows(server.settings)["devices"] == 0
    assert stored_texts(server.settings) == len("v1")
    [(label, counted)] = code_push.get_deployment_metrics("App", "Staging").items()
    assert (label, counted.active, counted.installed) == ("v1", 10, 10)


def test_300_versions_are_200_and_the_others(attacked):
    """The answer to who asks for the metrics stays small, and no device is lost in it."""
    server, code_push, key = attacked
    with httpx2.Client(base_url=server.url, timeout=60) as client:
        for number in range(300):
            report = {"deployment_key": key, "app_version": f"9.{number}.0", "client_unique_id": f"device {number}"}
            assert client.post(DEPLOY, json=report).text == "OK"
        for number in range(50):
            report = {"deployment_key": key, "app_version": f"8.{number}.0"}
            assert client.post(DEPLOY, json=report).text == "OK"
    metrics = code_push.get_deployment_metrics("App", "Staging")
    assert len(metrics) == 201
    assert metrics["other"].active == 150
    assert sum(one.active for one in metrics.values()) == 350
    assert len(code_push.get_deployment_metrics_series("App", "Staging")) == 201
    found = rows(server.settings)
    assert found["counters"] <= 3 * 201
    assert found["counter_series"] <= 2 * 3 * 201  # the test may run over the turn of an hour


def test_reports_without_an_id_empty_no_other_deployment(attacked):
    """Whatever they say of the previous deployment, its active devices stay, with and without an id."""
    server, code_push, key = attacked
    production = code_push.get_deployment("App", "Production").key
    with httpx2.Client(base_url=server.url, timeout=60) as client:
        for device in ("one", "two", None, None):
            report = succeeded(key, "v1") | ({"client_unique_id": device} if device else {})
            assert client.post(DEPLOY, json=report).text == "OK"
        before = code_push.get_deployment_metrics("App", "Staging")
        for abuse in ({}, {"client_unique_id": "stranger"}, {"client_unique_id": "ü" * 200}):
            for previous in ("v1", "1.0.0", "v2"):
                said = {"previous_deployment_key": key, "previous_label_or_app_version": previous} | abuse
                report = {"deployment_key": production, "app_version": "1.0.0"} | said
                for _ in range(5):
                    assert client.post(DEPLOY, json=report).text == "OK"
    assert before["v1"].active == 4
    assert code_push.get_deployment_metrics("App", "Staging") == before


@asynccontextmanager
async def reached_from(app, address):
    """Give a client of a running application, with this address."""
    transport = httpx2.ASGITransport(app, client=(address, 50_000))
    async with httpx2.AsyncClient(transport=transport, base_url="http://server", timeout=60) as client:
        yield client


async def flood(app, address, key, devices):
    """Report a binary version from many devices at once."""

    async def send(client, some):
        for device in some:
            report = {"deployment_key": key, "app_version": "1.0.0", "client_unique_id": device}
            assert (await client.post(DEPLOY, json=report)).text == "OK"

    async with reached_from(app, address) as client, anyio.create_task_group() as group:
        for start in range(50):
            group.start_soon(send, client, devices[start::50])


async def many_addresses(settings, key):
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        await flood(app, ADDRESS, key, [f"device {number}" for number in range(3000)])
        yield rows(settings)["devices"]
        await flood(app, ADDRESS, key, [f"device {number}" for number in range(100)])
        yield rows(settings)["devices"]
        for number in range(3):  # one site has as many addresses as it likes
            await flood(app, f"2001:db8:0:1::{number}", key, [f"site {number} {one}" for one in range(800)])
        yield rows(settings)["devices"]
        await flood(app, "127.0.0.1", key, [f"local {number}" for number in range(100)])
        yield rows(settings)["devices"]


def test_3000_devices_of_one_address_are_2000_rows(tmp_path):
    """Beyond the limit of the hour, reports are acknowledged and counted, but no device is remembered."""
    with live_server(tmp_path / "data") as server, server.client() as code_push:
        key, settings, access_key = deployment(code_push, tmp_path), server.settings, server.access_key

    async def attack():
        return [number async for number in many_addresses(settings, key)]

    assert anyio.run(attack) == [2000, 2000, 4000, 4100]
    with live_server(tmp_path / "data") as server, CodePush(access_key, server.url) as code_push:
        metrics = code_push.get_deployment_metrics("App", "Staging")
    assert metrics["1.0.0"].active == 3000 + 2400 + 100
    assert rows(settings)["counters"] == 3
