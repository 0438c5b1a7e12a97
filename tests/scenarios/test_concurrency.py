"""Many at once: no label is given twice, no change is lost, and what fails leaves nothing behind."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import anyio
import httpx2
import pytest

from codepush import CodePush
from codepush.testing import live_server
from support.databases import ENGINES, database_settings
from support.packages import make_bundle
from support.stores import contents, rows

pytestmark = pytest.mark.anyio

CROWD = 50


@pytest.fixture(scope="module", params=ENGINES)
def server(request, tmp_path_factory):
    settings = database_settings(request, request.param)
    with live_server(tmp_path_factory.mktemp("concurrency"), rate_limits="off", **settings) as server:
        yield server


@pytest.fixture
async def http(server):
    limits = httpx2.Limits(max_connections=CROWD)
    headers = {"Authorization": f"Bearer {server.access_key}"}
    async with httpx2.AsyncClient(base_url=server.url, headers=headers, timeout=120, limits=limits) as client:
        yield client


@pytest.fixture
async def app(http, request):
    """Give the path of an app of the test's own."""
    name = request.node.name.replace("[", " ").replace("]", "")
    assert (await http.post("/apps", json={"name": name})).status_code == 201
    return f"/apps/{name}"


async def release(http, deployment, script, **headers):
    """Release a script; as long as the account uploads as much as it may, retry."""
    while True:
        parts = {"package": ("index.js", script), "packageInfo": (None, '{"appVersion":"1.0.0"}')}
        answer = await http.post(f"{deployment}/release", files=parts, headers=headers)
        if answer.status_code != 429:
            return answer
        await anyio.sleep(0.05)


async def all_at_once(*calls):
    """Make calls that start together, and return their answers in order."""
    answers = [None] * len(calls)

    async def make(number, call):
        answers[number] = await call()

    async with anyio.create_task_group() as group:
        for number, call in enumerate(calls):
            group.start_soon(make, number, call)
    return answers


async def history(http, deployment):
    return (await http.get(f"{deployment}/history")).json()["history"]


def labels(packages):
    return [package["label"] for package in packages]


async def test_releases_promotions_and_rollbacks_get_labels_without_gaps(http, app):
    """Fifty at once to one deployment: each that succeeds has a label of its own, and the history has them all."""
    staging, production = f"{app}/deployments/Staging", f"{app}/deployments/Production"
    for number in range(2):
        await release(http, staging, f"first {number}")
        await release(http, production, f"first {number}")

    def one(number):
        if number % 5 == 3:
            return lambda: http.post(f"{production}/promote/Staging", json={"packageInfo": {"label": "v1"}})
        if number % 5 == 4:
            return lambda: http.post(f"{staging}/rollback")
        return lambda: release(http, staging, f"release {number}")

    answers = await all_at_once(*(one(number) for number in range(CROWD)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    made = [answer.json()["package"] for answer in answers if answer.status_code == 201]
    assert len(made) >= CROWD * 4 // 5
    assert {package["releaseMethod"] for package in made} == {"Upload", "Promote", "Rollback"}
    assert len(set(labels(made))) == len(made)
    releases = await history(http, staging)
    assert labels(releases) == [f"v{number}" for number in range(1, len(made) + 3)]
    shown = {package["label"]: (package["packageHash"], package["releaseMethod"]) for package in releases}
    assert all(shown[one["label"]] == (one["packageHash"], one["releaseMethod"]) for one in made)


async def test_the_same_content_at_once_is_released_once(server, http, app):
    """Of fifty releases of one content one succeeds, and the others leave no row and no file."""
    staging = f"{app}/deployments/Staging"
    _, files = contents(server.settings)
    answers = await all_at_once(*(lambda: release(http, staging, "the same") for _ in range(CROWD)))
    statuses = [answer.status_code for answer in answers]
    assert sorted(statuses) == [201] + [409] * (CROWD - 1)
    assert labels(await history(http, staging)) == ["v1"]
    _, files_after = contents(server.settings)
    assert len(files_after) == len(files) + 1
    assert rows(server.settings, "SELECT count(*) FROM blobs") == [(len(files_after),)]


async def test_no_patch_is_lost(http, app):
    """Patches of different fields at once are all there afterwards."""
    staging = f"{app}/deployments/Staging"
    await release(http, staging, "patched")
    wanted = {"description": "new", "isMandatory": True, "isDisabled": True, "appVersion": "^1.0.0"}

    def patch(field):
        return lambda: http.patch(f"{staging}/release", json={"packageInfo": {field: wanted[field]}})

    answers = await all_at_once(*(patch(field) for field in wanted))
    assert [answer.status_code for answer in answers] == [200] * len(wanted)
    [package] = await history(http, staging)
    assert {field: package[field] for field in wanted} == wanted


async def test_a_rollout_only_grows(http, app):
    """Of rollouts set at once, each that succeeds is more than the one before, and the largest one wins."""
    staging = f"{app}/deployments/Staging"
    parts = {"package": ("index.js", "slow"), "packageInfo": (None, '{"appVersion":"1.0.0","rollout":1}')}
    await http.post(f"{staging}/release", files=parts)

    def grow(percent):
        return lambda: http.patch(f"{staging}/release", json={"packageInfo": {"rollout": percent}})

    answers = await all_at_once(*(grow(percent) for percent in range(2, CROWD)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    [package] = await history(http, staging)
    assert package["rollout"] == CROWD - 1


async def test_a_repeated_request_is_done_once(server, http, app):
    """Releases, promotions and rollbacks with one key are done once, be they repeated later or at the same time."""
    staging, production = f"{app}/deployments/Staging", f"{app}/deployments/Production"
    await release(http, staging, "before")
    acts = [
        lambda: release(http, staging, "repeated", **{"Idempotency-Key": "a"}),
        lambda: http.post(f"{staging}/promote/Production", headers={"Idempotency-Key": "a"}),
        lambda: http.post(f"{staging}/rollback", headers={"Idempotency-Key": "a"}),
    ]
    for act in acts:
        answers = await all_at_once(*([act] * 10)) + [await act()]
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.content for answer in answers}) == 1
        assert len({answer.headers["location"] for answer in answers}) == 1
    assert labels(await history(http, staging)) == ["v1", "v2", "v3"]
    assert labels(await history(http, production)) == ["v1"]
    _, files = contents(server.settings)
    assert rows(server.settings, "SELECT count(*) FROM blobs") == [(len(files),)]


async def test_another_key_is_another_request(http, app):
    """The same request with another key, or none, is done again."""
    staging = f"{app}/deployments/Staging"
    for script in ("one", "two"):
        await release(http, staging, script)
    for headers in ({"Idempotency-Key": "a"}, {"Idempotency-Key": "b"}, {}):
        assert (await http.post(f"{staging}/rollback", headers=headers)).status_code == 201
    assert len(await history(http, staging)) == 5
    refused = await http.post(f"{staging}/rollback", headers={"Idempotency-Key": "x" * 256})
    assert (refused.status_code, len(await history(http, staging))) == (400, 5)


async def test_a_refusal_is_not_kept(http, app):
    """What was refused is tried again when it is repeated."""
    staging = f"{app}/deployments/Staging"
    headers = {"Idempotency-Key": "a"}
    assert (await http.post(f"{staging}/rollback", headers=headers)).status_code == 404
    for script in ("one", "two"):
        await release(http, staging, script)
    assert (await http.post(f"{staging}/rollback", headers=headers)).status_code == 201


async def test_a_key_is_its_account_s_own(server, http, app):
    """Two people may make up the same key."""
    staging = f"{app}/deployments/Staging"
    for script in ("one", "two"):
        await release(http, staging, script)
    other = await anyio.to_thread.run_sync(server.add_account, "other@example.test")
    await http.post(f"{app}/collaborators/other@example.test")
    mine = await http.post(f"{staging}/rollback", headers={"Idempotency-Key": "a"})
    theirs = await http.post(
        f"{staging}/rollback", headers={"Idempotency-Key": "a", "Authorization": f"Bearer {other}"}
    )
    assert [json.loads(answer.content)["package"]["label"] for answer in (mine, theirs)] == ["v3", "v4"]


async def test_a_key_with_other_content_is_refused(http, app):
    """A key that made one release makes no other: 422 as text and as a problem document, and nothing is done."""
    staging = f"{app}/deployments/Staging"
    key = {"Idempotency-Key": "a"}
    assert (await release(http, staging, "one", **key)).status_code == 201
    refused = await release(http, staging, "two", **key)
    assert (refused.status_code, refused.headers["content-type"]) == (422, "text/plain; charset=utf-8")
    problem = (await release(http, staging, "two", Accept="application/problem+json", **key)).json()
    assert (problem["status"], problem["code"]) == (422, "idempotency_key_reused")
    other_target = {"package": ("index.js", "one"), "packageInfo": (None, '{"appVersion":"2.0.0"}')}
    assert (await http.post(f"{staging}/release", files=other_target, headers=key)).status_code == 422
    assert labels(await history(http, staging)) == ["v1"]

    promote = f"{staging}/promote/Production"
    promoted = await http.post(promote, json={"packageInfo": {"description": "x"}}, headers=key)
    spelled_otherwise = b'{ "packageInfo" : {"label": null, "description": "x"} }'
    repeated = await http.post(promote, content=spelled_otherwise, headers=key)
    assert (repeated.status_code, repeated.content) == (201, promoted.content)
    assert (await http.post(promote, json={"packageInfo": {"description": "y"}}, headers=key)).status_code == 422
    assert labels(await history(http, f"{app}/deployments/Production")) == ["v1"]


async def test_a_removed_collaborator_gets_no_recorded_answer(server, http, app):
    """Whoever lost the permission gets what everybody without it gets, also for a request that succeeded before."""
    other = await anyio.to_thread.run_sync(server.add_account, "removed@example.test")
    await http.post(f"{app}/collaborators/removed@example.test")
    staging = f"{app.replace('/apps/', '/apps/owner@example.test:')}/deployments/Staging"
    theirs = {"Idempotency-Key": "a", "Authorization": f"Bearer {other}"}
    assert (await release(http, staging, "one", **theirs)).status_code == 201
    assert (await release(http, staging, "one", **theirs)).status_code == 201
    await http.delete(f"{app}/collaborators/removed@example.test")
    assert (await release(http, staging, "one", **theirs)).status_code == 404


async def test_answers_with_secrets_are_not_recorded(server, http, app):
    """A new access key or deployment is made again under the same key, and its secret is stored nowhere."""
    for number in range(2):
        headers = {"Idempotency-Key": "a"}
        made = await http.post("/accessKeys", json={"friendlyName": f"{app}{number}"}, headers=headers)
        added = await http.post(f"{app}/deployments", json={"name": f"New{number}"}, headers=headers)
        assert (made.status_code, added.status_code) == (201, 201)
    secret = made.json()["accessKey"]["name"]
    assert secret not in repr(contents(server.settings))
    assert secret.encode().hex() not in repr(contents(server.settings))
    assert rows(server.settings, "SELECT count(*) FROM idempotency_keys WHERE route LIKE '%accessKeys%'") == [(0,)]


class LossyProxy(ThreadingHTTPServer):
    """A proxy in front of ``target`` that loses the response to the first release; ``lost`` has its status."""

    def __init__(self, target):
        super().__init__(("127.0.0.1", 0), LosesFirstRelease)
        self.target = target
        self.lost = []


class LosesFirstRelease(BaseHTTPRequestHandler):
    """Passes requests on to a server, and closes the connection instead of answering the first release."""

    server: LossyProxy

    def do_GET(self):
        self._pass_on()

    def do_POST(self):
        self._pass_on()

    def _pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in {"host", "connection"}}
        answer = httpx2.request(self.command, self.server.target + self.path, headers=headers, content=body)
        if self.path.endswith("/release") and not self.server.lost:
            self.server.lost.append(answer.status_code)
            self.close_connection = True
            return
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_):
        pass


async def test_the_client_s_own_repeats_have_equal_digests(server, http, app, tmp_path):
    """A release whose response is lost on the way to the SDK is sent again by it, and is one release."""
    with LossyProxy(server.url) as proxy:
        Thread(target=proxy.serve_forever, daemon=True).start()
        try:
            with CodePush(server.access_key, f"http://127.0.0.1:{proxy.server_port}") as code_push:
                arguments = (app.rpartition("/")[2], "Staging", make_bundle(tmp_path / "bundle"), "1.0.0")
                package = await anyio.to_thread.run_sync(code_push.release, *arguments)
        finally:
            proxy.shutdown()
    assert proxy.lost == [201]
    assert package.label == "v1"
    assert labels(await history(http, f"{app}/deployments/Staging")) == ["v1"]
