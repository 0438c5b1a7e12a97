"""Uploads that cost a server too much: each is rejected early and leaves nothing behind."""

import json
import time
from contextlib import ExitStack

import httpx2
import pytest

from codepush import CodePush, PackageInfo
from codepush.server.services.releasing.uploads import MOST_OPEN
from codepush.server.services.releasing.workspace import UPLOADS_AT_ONCE
from support.crash.server import KillableServer
from support.packages import make_bundle
from support.raw_uploads import RawUpload, form, hurried_server, part, release_path
from support.stores import contents
from unit.packaging.forge import Member, archive

MEGABYTE = 1024 * 1024
FORM = form(b"console.log(1)")


@pytest.fixture
def server(tmp_path):
    """Run a server that takes packages of 1 MB, with an app and an account that may not release to it."""
    with hurried_server(tmp_path / "data", upload_limit_mb=1) as server:
        with server.client() as owner:
            owner.add_app("App")
        yield server


@pytest.fixture
def stranger(server):
    return server.add_account("eve@example.test")


def is_nothing_stored(server):
    tables, files = contents(server.settings)
    return tables["packages"] == [] and files == []


def answers_devices(server):
    """Return whether the server answers an update check."""
    with server.client() as owner:
        key = owner.get_deployment("App", "Staging").key
    query = {"deployment_key": key, "app_version": "1.0.0"}
    checked = httpx2.get(f"{server.url}/v0.1/public/codepush/update_check", params=query, timeout=10)
    return checked.status_code == 200


def wait_until(is_so):
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


REJECTED = {
    "no such app": (404, "owner", release_path("Nope")),
    "no such deployment": (404, "owner", release_path("App", "Nope")),
    "another account's app": (404, "stranger", release_path("owner@example.test:App")),
    "a collaborator's permission": (404, "stranger", release_path()),
    "no access key": (401, None, release_path()),
}


@pytest.mark.parametrize("expects", [True, False], ids=["expecting 100", "not expecting 100"])
@pytest.mark.parametrize("case", REJECTED)
def test_a_release_that_is_not_allowed_is_rejected_before_its_body(server, stranger, case, expects):
    """The response comes although no byte of the body was sent, and the connection is closed."""
    status, who, path = REJECTED[case]
    key = {"owner": server.access_key, "stranger": stranger, None: None}[who]
    expectation = ["Expect: 100-continue"] if expects else []
    with RawUpload(server.url, key) as upload:
        answered, headers, _ = upload.begin(path, *expectation, length=MEGABYTE).response()
        assert (answered, headers["connection"]) == (status, "close")
        assert upload.is_closed()
    assert is_nothing_stored(server)


def test_an_unfinished_rollout_rejects_a_release_before_its_body(server, tmp_path):
    """Both dialects do so: the one at the release, the other when an upload begins."""
    with server.client() as owner:
        owner.release("App", "Staging", make_bundle(tmp_path), "1.0.0", PackageInfo(rollout=20))
    with RawUpload(server.url, server.access_key) as upload:
        status, _, text = upload.begin(release_path(), length=MEGABYTE).response()
    begun = begin(server)
    assert (status, begun.status_code) == (409, 409)
    assert text == begun.json()["message"]
    assert text == "Please update the previous release to 100% rollout before releasing a new package."


def test_a_repeated_release_needs_no_finished_rollout(server):
    """The response to a release with a rollout is given again although that rollout is unfinished."""
    headers = {"Authorization": f"Bearer {server.access_key}", "Idempotency-Key": "one"}
    parts = {
        "package": ("index.js", b"script"),
        "packageInfo": (None, json.dumps({"appVersion": "1.0.0", "rollout": 20})),
    }
    answers = [httpx2.post(server.url + release_path(), files=parts, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content


def test_a_rejected_body_is_not_read_to_its_end(server, stranger):
    """A client that goes on sending is cut off, while devices get answers; it still sees why."""
    with RawUpload(server.url, stranger) as upload:
        upload.begin(release_path(), length=10**9)
        sent = upload.flood(bytes(65536), most=200 * MEGABYTE)
        assert answers_devices(server)
    assert sent < 64 * MEGABYTE  # 1 MiB and what two sockets hold
    assert is_nothing_stored(server)


def test_a_client_that_sends_first_sees_why_it_was_rejected(server, tmp_path):
    """The SDK sends all of the body before it reads; it gets the error of the server, not of the connection."""
    bundle = make_bundle(tmp_path)
    (bundle / "large.bin").write_bytes(bytes(range(256)) * 4 * 4096)
    with server.client() as owner, pytest.raises(Exception, match='App "Nope" does not exist'):
        owner.release("Nope", "Staging", bundle, "1.0.0")


def test_one_account_uploads_two_releases_at_once(server):
    """A third one gets 429 and when to retry; another account is served, and so is this one when a place is free."""
    with server.client() as owner:
        other = server.add_account("ada@example.test")
        owner.add_collaborator("App", "ada@example.test")
    with ExitStack() as stack:
        uploads = [stack.enter_context(RawUpload(server.url, server.access_key)) for _ in range(UPLOADS_AT_ONCE)]
        for upload in uploads:
            upload.begin(release_path(), length=len(FORM)).send(FORM[:20])
        wait_until(lambda: len(list(server.settings.workspace.iterdir())) == UPLOADS_AT_ONCE)
        third = stack.enter_context(RawUpload(server.url, server.access_key))
        status, headers, text = third.begin(release_path(), length=len(FORM)).response()
        assert (status, headers["retry-after"]) == (429, "10")
        assert "already uploading 2 releases" in text
        assert answers_devices(server)
        with server.client(other, max_retries=0) as ada:
            assert ada.get_deployment_history("owner@example.test:App", "Staging") == []
            with RawUpload(server.url, other) as allowed:
                path = release_path("owner@example.test:App")
                assert allowed.begin(path, length=len(FORM)).send(FORM).response()[0] == 201
        uploads[0].send(FORM[20:])
        assert uploads[0].response()[0] == 409  # identical; it was received and packed
        uploads[1].close()
        wait_until(lambda: list(server.settings.workspace.iterdir()) == [])
    assert len(contents(server.settings)[0]["packages"]) == 1


def test_the_workspace_has_a_budget(tmp_path):
    """Uploads of all accounts share it: beyond it both dialects answer 503 and when to retry, and store nothing."""
    with hurried_server(tmp_path / "data", upload_limit_mb=3, workspace_limit_mb=5) as server:
        other = server.add_account("ada@example.test")
        with server.client() as owner, server.client(other) as ada:
            owner.add_app("App")
            ada.add_app("Hers")
        upload = begin(server).json()
        described = send(upload, "set_metadata", file_name="a.zip", file_size=3 * MEGABYTE).json()
        with RawUpload(server.url, server.access_key) as large:
            large.begin(release_path(), length=2 * MEGABYTE).send(FORM[:20])
            wait_until(lambda: list(server.settings.workspace.iterdir()))
            with RawUpload(server.url, other) as beyond:
                status, headers, text = beyond.begin(release_path("Hers"), length=2 * MEGABYTE).response()
            assert (status, headers["retry-after"]) == (503, "30")
            assert "5 MB" in text
            chunk = send(upload, "upload_chunk", bytes(described["chunk_size"])[: 3 * MEGABYTE], block_number=1)
            assert (chunk.status_code, chunk.headers["retry-after"]) == (503, "30")
            assert answers_devices(server)
            with RawUpload(server.url, other) as small:
                released = small.begin(release_path("Hers"), length=len(FORM)).send(FORM).response()
                assert released[0] == 201
        wait_until(lambda: list(server.settings.workspace.iterdir()) == [])
        again = send(upload, "upload_chunk", bytes(3 * MEGABYTE), block_number=1)
        assert again.status_code == 200


def test_one_large_upload_is_possible_in_a_small_workspace(tmp_path):
    """A budget below the largest package does not keep a lone upload out."""
    with hurried_server(tmp_path / "data", workspace_limit_mb=1) as server:
        with server.client() as owner:
            owner.add_app("App")
        content = form(bytes(range(256)) * 4096 * 2)
        with RawUpload(server.url, server.access_key) as upload:
            assert upload.begin(release_path(), length=len(content)).send(content).response()[0] == 201


JUNK = b"x" * 65536
UNWANTED = {
    "one part": [part("junk", b"")[:-2], JUNK],
    "many parts": [part("junk", JUNK)],
    "a preamble": [JUNK],
    "an epilogue": [FORM, JUNK],
    "packageInfo": [part("packageInfo", b"")[:-2], JUNK],
    "part headers": [part("a", b"", *[f"X-{number}: {'y' * 4000}" for number in range(6)])],
    "one part header": [b"--parts\r\nX: ", JUNK],
    "line ends": [b"\r\n" * 32768],
}


@pytest.mark.parametrize("case", UNWANTED)
def test_what_is_no_package_counts_too(server, case):
    """However a body grows without end, it is cut off soon after the limit, and nothing of it is stored."""
    first, *rest = UNWANTED[case]
    with RawUpload(server.url, server.access_key) as upload:
        upload.begin(release_path()).chunk(first)
        piece = (rest or [first])[0]
        framed = f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
        sent = upload.flood(framed, most=200 * MEGABYTE)
        status, _, _ = upload.response()
    assert status in {400, 413}
    assert sent < 64 * MEGABYTE
    wait_until(lambda: list(server.settings.workspace.iterdir()) == [])
    assert is_nothing_stored(server)
    assert answers_devices(server)


def begin(server, key=None, app="owner-example.test/App", deployment="Staging"):
    url = f"{server.url}/v0.1/apps/{app}/deployments/{deployment}/uploads"
    return httpx2.post(url, headers={"X-API-Token": key or server.access_key})


def send(upload, action, content=b"", **query):
    url = f"{upload['upload_domain']}/upload/{action}/{upload['id']}"
    return httpx2.post(url, params={"token": upload["token"], **query}, content=content)


def test_an_account_has_few_uploads_open(server):
    """One more is rejected with what to do; a cancelled or released one makes room, whatever else is open."""
    uploads = [begin(server).json() for _ in range(MOST_OPEN)]
    rejected = begin(server)
    assert rejected.status_code == 409
    assert "already has 5 uploads open" in rejected.json()["message"]
    assert "Release or cancel one of them" in rejected.json()["message"]
    assert send(uploads[0], "cancel").is_success
    made = begin(server)
    assert made.status_code == 200
    upload = made.json()
    assert begin(server).status_code == 409
    send(upload, "set_metadata", file_name="a.js", file_size=3)
    send(upload, "upload_chunk", b"abc", block_number=1)
    send(upload, "finished")
    assert begin(server).status_code == 409
    body = {"release_upload": upload, "target_binary_version": "1.0.0"}
    url = f"{server.url}/v0.1/apps/owner-example.test/App/deployments/Staging/releases"
    assert httpx2.post(url, json=body, headers={"X-API-Token": server.access_key}).status_code == 201
    assert begin(server).status_code == 200


def test_an_account_that_lost_its_rights_cannot_go_on_with_an_upload(server):
    """Every step of an upload checks them, so removing a collaborator ends its uploads at once."""
    key = server.add_account("ada@example.test")
    with server.client() as owner:
        owner.add_collaborator("App", "ada@example.test")
        upload = begin(server, key).json()
        send(upload, "set_metadata", file_name="a.zip", file_size=5 * 1024 * 1000)
        owner.remove_collaborator("App", "ada@example.test")
    for action, content, query in (
        ("upload_chunk", b"x" * 5 * 1024 * 1000, {"block_number": 1}),
        ("set_metadata", b"", {"file_name": "a.zip", "file_size": 5 * 1024 * 1000}),
        ("finished", b"", {}),
        ("status", b"", {}),
    ):
        answer = send(upload, action, content, **query)
        assert answer.status_code == 403, action
        assert "may no longer release to the app" in answer.json()["message"]
    assert is_nothing_stored(server)


def test_a_bomb_is_rejected_before_it_is_packed(server):
    """A small archive that unpacks to 1 GB costs the server nothing."""
    bomb = archive(Member(name="bomb.js", data=b"", payload=bytes(900_000), size=1 << 30, deflated=True))
    content = form(bomb)
    with RawUpload(server.url, server.access_key) as upload:
        status, _, text = upload.begin(release_path(), length=len(content)).send(content).response()
    assert status == 400
    assert "100 times" in text
    assert is_nothing_stored(server)


@pytest.fixture
def killable(tmp_path):
    server = KillableServer(tmp_path / "data", "--workers", "2")
    yield server
    server.kill()


def test_what_a_killed_server_leaves_is_seen_and_removed(killable, tmp_path):
    """``check`` and ``gc --dry-run`` list it, ``gc`` removes it, and so does the next start; nothing in use goes."""
    workspace = tmp_path / "data" / "tmp"
    killable.start()
    key = killable.run("account", "add", "owner@example.test").split()[-1]
    with CodePush(key, killable.url) as owner:
        owner.add_app("App")
    with RawUpload(killable.url, key) as upload:
        upload.begin(release_path(), length=len(FORM)).send(FORM[:20])
        wait_until(lambda: len(list(workspace.iterdir())) == 2)
        assert json.loads(killable.run("gc", "--json"))["leftovers"] == 0
        assert json.loads(killable.run("check", "--json"))["leftovers"] == []
        assert upload.send(FORM[20:]).response()[0] == 201
    abandon(killable, key, workspace)
    left = json.loads(killable.run("check", "--json"))["leftovers"]
    assert sorted(left) == sorted(map(str, workspace.iterdir()))
    assert len(left) == 2
    assert json.loads(killable.run("gc", "--dry-run", "--json"))["leftovers"] == 2
    assert len(list(workspace.iterdir())) == 2
    removed = json.loads(killable.run("gc", "--json"))
    assert (removed["leftovers"], removed["leftover_bytes"] > 0) == (2, True)
    assert list(workspace.iterdir()) == []
    killable.start()
    abandon(killable, key, workspace)
    before = set(workspace.iterdir())
    killable.start()
    wait_until(lambda: not before & set(workspace.iterdir()))


def abandon(server, key, workspace):
    """Kill a server in the middle of an upload, and leave its workers time to end."""
    content = form(bytes(MEGABYTE))
    with RawUpload(server.url, key) as upload:
        upload.begin(release_path(), length=len(content)).send(content[:-10])
        wait_until(lambda: any(path.stat().st_size for path in workspace.glob("upload-*/upload")))
        server.kill()


def zipped(*names):
    return archive(*(Member(name=name, flags=0x0800) for name in names))


def release_both_ways(server, app, package):
    """Release a package in both dialects, and return both responses."""
    url = server.url + release_path(app)
    parts = {"package": ("a.zip", package), "packageInfo": (None, json.dumps({"appVersion": "1.0.0"}))}
    standalone = httpx2.post(url, files=parts, headers={"Authorization": f"Bearer {server.access_key}"})
    upload = begin(server, app=f"owner-example.test/{app}").json()
    send(upload, "set_metadata", file_name="a.zip", file_size=len(package))
    send(upload, "upload_chunk", package, block_number=1)
    send(upload, "finished")
    url = f"{server.url}/v0.1/apps/owner-example.test/{app}/deployments/Staging/releases"
    body = {"release_upload": upload, "target_binary_version": "1.0.0"}
    appcenter = httpx2.post(url, json=body, headers={"X-API-Token": server.access_key})
    send(upload, "cancel")
    return standalone, appcenter


@pytest.mark.parametrize("name", ["hotcodepush.json", "HotCodePush.json/a.js"])
def test_a_package_with_a_list_of_deleted_files_is_rejected(server, name):
    """Devices would treat it as a diff: both dialects answer 400 and name the file."""
    for response in release_both_ways(server, "App", zipped("index.js", name)):
        assert response.status_code == 400
        assert name in response.text
    assert contents(server.settings)[0]["packages"] == []


@pytest.mark.parametrize("name", ["CON", "assets/aux.png", "trailing.", "two:parts"])
def test_an_app_for_windows_has_no_file_that_windows_does_not_store(server, name):
    """Both dialects answer 400 and name the file; an app for another system has it."""
    headers = {"Authorization": f"Bearer {server.access_key}"}
    made = httpx2.post(f"{server.url}/apps", json={"name": "Desktop", "os": "Windows"}, headers=headers)
    assert made.status_code == 201, made.text
    for response in release_both_ways(server, "Desktop", zipped("index.js", name)):
        assert response.status_code == 400
        assert name in response.text
    assert contents(server.settings)[0]["packages"] == []
    first, again = release_both_ways(server, "App", zipped("index.js", name))
    assert (first.status_code, again.status_code) == (201, 409)  # the second is identical


def test_names_in_two_letter_cases_are_released(server):
    """iOS and Android keep them apart."""
    first, again = release_both_ways(server, "App", zipped("a.js", "A.js"))
    assert (first.status_code, again.status_code) == (201, 409)
