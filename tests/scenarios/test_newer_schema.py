"""A server beside a database that a newer version has migrated: devices get their updates, all else gets a 503."""

import sqlite3
import time
from contextlib import closing

import httpx2
import pytest

from codepush.models import StatusReport, UpdateCheck
from codepush.wire import acquisition
from support.databases import ENGINES
from support.packages import make_bundle

DATABASES = ENGINES
NEWER = "9999"
LOOKS_SECONDS = 20


@pytest.fixture
def released(codepush_server, tmp_path):
    """Release to an app, and give the server with the key that devices carry."""
    with codepush_server.client() as client:
        client.add_app("App")
        bundle = make_bundle(tmp_path / "bundle", "first")
        client.release("App", "Production", bundle, "1.0.0")
        key = client.get_deployment("App", "Production").key
    assert check(codepush_server, key).label == "v1"
    return codepush_server, key


def check(server, key, path=acquisition.update_check_url):
    answer = httpx2.get(path(server.url, UpdateCheck(deployment_key=key, app_version="1.0.0")))
    assert answer.status_code == 200
    return acquisition.read_update(answer.content)


def run(request, server, statement):
    """Run a statement beside the server, and return its rows."""
    url = server.settings.database_url
    if not url.startswith("sqlite"):
        return request.getfixturevalue("postgresql_server").execute(statement, url.rpartition("/")[2])
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
        return connection.execute(statement).fetchall()


def migrate(request, server, revision):
    """Set the revision of the schema as a newer version's migration does."""
    run(request, server, f"UPDATE alembic_version SET version_num = '{revision}'")


def wait_for_503(call):
    deadline = time.monotonic() + LOOKS_SECONDS
    while (answer := call()).status_code != 503:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.1)
    return answer


def test_devices_are_served_and_all_else_is_refused(request, released):
    """Checks and downloads go on; reports, management, readiness and whatever writes get a 503 with the reason."""
    server, key = released
    package = httpx2.get(check(server, key).download_url)
    migrate(request, server, NEWER)
    with httpx2.Client(base_url=server.url, headers={"Authorization": f"Bearer {server.access_key}"}) as http:
        refused = wait_for_503(lambda: http.get("/apps"))
        assert f"schema {NEWER}" in refused.text
        written = http.post("/apps", json={"name": "Other"})
        assert (written.status_code, written.text) == (503, refused.text)
        assert http.get("/v0.1/apps").status_code == 503
        report = StatusReport(kind="deploy", deployment_key=key, app_version="1.0.0", client_unique_id="device")
        url, body = acquisition.report_url(server.url, report), acquisition.report_body(report)
        assert http.post(url, content=body, headers={"Content-Type": "application/json"}).status_code == 503
        assert wait_for_503(lambda: http.get("/ready")).json()["database"] == "unavailable"
        assert http.get("/health").status_code == 200
    assert check(server, key).label == "v1"
    url = acquisition.update_check_url(server.url, UpdateCheck(deployment_key=key, app_version="1.0.0"))
    slow = httpx2.request("GET", url, content=b"{}")  # the fast path leaves requests with a body alone
    assert slow.status_code == 200
    assert acquisition.read_update(slow.content).label == "v1"
    assert httpx2.get(check(server, key).download_url).content == package.content
    assert run(request, server, "SELECT name FROM apps") == [("App",)]
