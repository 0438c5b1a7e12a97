"""Both clients against a real server on the loopback interface."""

import inspect
import logging
import re
import socket
import time
import traceback
import tracemalloc
from datetime import UTC, datetime, timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest
from msgspec.structs import replace

from codepush import (
    AccessKey,
    Account,
    App,
    AsyncCodePush,
    CodePush,
    CodePushError,
    Collaborator,
    ConfigurationError,
    Conflict,
    DecodeError,
    Deployment,
    InsecureServerWarning,
    Insight,
    InsightPoint,
    Invalid,
    Metrics,
    MetricsPoint,
    NotFound,
    Package,
    PackageError,
    PackageInfo,
    RateLimited,
    RolloutGap,
    ServerError,
    Session,
    TimeoutError,  # noqa: A004 - ours is also the built-in one
    TransportError,
    Unauthorized,
    __version__,
)
from codepush.packaging import signing
from codepush.packaging.archive import read_manifest
from codepush.packaging.local import prepare
from codepush.wire import standalone
from codepush.wire.messages import Problem, decode_json, encode_problem
from support.keys import make_key_pair

APP = App(name="App", deployments=("Production", "Staging"))
INSIGHT = Insight(
    label="v2",
    since=datetime(2026, 1, 1, tzinfo=UTC),
    until=datetime(2026, 1, 2, tzinfo=UTC),
    span="hour",
    began=9,
    ok=5,
    bad=1,
    not_counted={"stray": 2},
    active=5,
    installed=6,
    audience=50,
    adoption=0.1,
    limit=0.015,
    evidence_since=datetime(2026, 1, 1, tzinfo=UTC),
    failure_share=0.25,
    interval=(0.1, 0.5),
    evidence=12.5,
    gaps=(RolloutGap(age="1h", share=0.25, usual=0.2), RolloutGap(age="24h")),
    halted_after=timedelta(milliseconds=1500),
    points=(
        InsightPoint(
            starts_at=datetime(2026, 1, 1, 5, tzinfo=UTC),
            began=9,
            ok=5,
            bad=1,
            not_counted={"stray": 2},
            active=5,
            installed=6,
            failure_share=0.25,
            interval=(0.1, 0.5),
            evidence=12.5,
            gaps={"1h": 0.25},
        ),
    ),
)
POINT = MetricsPoint(starts_at=datetime(2026, 1, 1, 12, tzinfo=UTC), span="hour", active=3, installed=1)
V1 = Package(app_version="1.0.0", package_hash="ab" * 32, label="v1", size=5)
V2 = Package(app_version="1.0.0", package_hash="cd" * 32, label="v2", rollout=25, blob_url="http://x/2", size=7)
TODAY = datetime.now(UTC).replace(microsecond=0)
BUILD_KEY = AccessKey(name="ci", created_by="build-7", created_time=TODAY, expires=TODAY + timedelta(days=60))
LOGIN = replace(BUILD_KEY, name="Login-1", created_by="laptop", is_session=True)
PEOPLE = {
    "a@x": Collaborator(permission="Owner", is_current_account=True),
    "b@x": Collaborator(permission="Collaborator"),
}
OURS = {"X_CodePush_Server": "codepush/1.0"}
STAGING = Deployment(name="Staging", key="staging-key", package=V1)


@pytest.fixture
def bundle(tmp_path):
    """A single file to release."""
    path = tmp_path / "main.jsbundle"
    path.write_bytes(b"console.log(1)\n" * 20_000)
    return path


@pytest.fixture
def build(tmp_path):
    """A directory to release."""
    folder = tmp_path / "CodePush"
    (folder / "assets").mkdir(parents=True)
    (folder / "main.jsbundle").write_bytes(b"console.log(2)\n" * 5_000)
    (folder / "assets" / "logo.png").write_bytes(bytes(range(256)) * 40)
    return folder


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The folder that temporary files go to, empty at first."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


# Every method: its request, its result


def test_is_authenticated(server, connect):
    """True for a known key; False, or an error if asked for, for an unknown one."""
    call = connect()
    server.answer(standalone.authenticated_body())
    server.answer(b"The key is invalid.", 401)
    server.answer(b"The key is invalid.", 401)
    assert call("is_authenticated") is True
    assert call("is_authenticated") is False
    with pytest.raises(Unauthorized, match="The key is invalid"):
        call("is_authenticated", throw_if_unauthorized=True)


def test_is_authenticated_does_not_hide_other_errors(server, connect):
    """A server that fails has not said that the key is bad."""
    server.answer(b"Internal Server Error", 500)
    with pytest.raises(ServerError):
        connect()("is_authenticated")


@pytest.mark.parametrize(
    ("method", "arguments", "body", "request_line", "expected"),
    [
        ("get_account_info", (), standalone.account_body(Account(email="a@x")), "GET /account", Account(email="a@x")),
        ("get_apps", (), standalone.apps_body([APP]), "GET /apps", [APP]),
        ("get_app", ("org/My App",), standalone.app_body(APP), "GET /apps/org~~My%20App", APP),
        (
            "get_access_key",
            ("my ci",),
            standalone.access_key_body(BUILD_KEY),
            "GET /accessKeys/my%20ci",
            BUILD_KEY,
        ),
        (
            "get_access_keys",
            (),
            standalone.access_keys_body([BUILD_KEY, LOGIN]),
            "GET /accessKeys",
            [BUILD_KEY],
        ),
        (
            "patch_access_key",
            ("ci", "build", timedelta(days=1)),
            standalone.access_key_body(BUILD_KEY),
            "PATCH /accessKeys/ci",
            BUILD_KEY,
        ),
        ("remove_access_key", ("ci",), b"", "DELETE /accessKeys/ci", None),
        (
            "get_sessions",
            (),
            standalone.access_keys_body([BUILD_KEY, LOGIN]),
            "GET /accessKeys",
            [Session(machine_name="laptop", logged_in_time=TODAY)],
        ),
        ("remove_session", ("laptop",), b"", "DELETE /sessions/laptop", None),
        ("add_app", ("App", "iOS"), standalone.app_body(APP), "POST /apps/", APP),
        ("remove_app", ("a@x:App",), b"", "DELETE /apps/a%40x%3AApp", None),
        ("rename_app", ("App", "New"), standalone.app_body(APP), "PATCH /apps/App", None),
        ("transfer_app", ("App", "b@x"), b"Created", "POST /apps/App/transfer/b%40x", None),
        ("add_collaborator", ("App", "b@x"), b"Created", "POST /apps/App/collaborators/b%40x", None),
        (
            "get_collaborators",
            ("App",),
            standalone.collaborators_body(PEOPLE),
            "GET /apps/App/collaborators",
            PEOPLE,
        ),
        ("remove_collaborator", ("App", "b@x"), b"", "DELETE /apps/App/collaborators/b%40x", None),
        (
            "rename_deployment",
            ("App", "Staging", "Beta"),
            standalone.deployment_body(STAGING),
            "PATCH /apps/App/deployments/Staging",
            None,
        ),
        ("remove_deployment", ("App", "Staging"), b"", "DELETE /apps/App/deployments/Staging", None),
        (
            "rollback",
            ("App", "Staging"),
            standalone.package_body(V2),
            "POST /apps/App/deployments/Staging/rollback/",
            V2,
        ),
        (
            "rollback",
            ("App", "Staging", "v1"),
            standalone.package_body(V2),
            "POST /apps/App/deployments/Staging/rollback/v1",
            V2,
        ),
        (
            "clear_deployment_history",
            ("App", "Staging"),
            b"",
            "DELETE /apps/App/deployments/Staging/history",
            None,
        ),
        (
            "add_deployment",
            ("App", "Staging"),
            standalone.deployment_body(STAGING),
            "POST /apps/App/deployments/",
            STAGING,
        ),
        (
            "get_deployments",
            ("App",),
            standalone.deployments_body([STAGING]),
            "GET /apps/App/deployments/",
            [STAGING],
        ),
        (
            "get_deployment",
            ("App", "St/1"),
            standalone.deployment_body(STAGING),
            "GET /apps/App/deployments/St%2F1",
            STAGING,
        ),
        (
            "patch_release",
            ("App", "Staging", "v2", PackageInfo(rollout=25)),
            standalone.package_body(V2),
            "PATCH /apps/App/deployments/Staging/release",
            V2,
        ),
        (
            "promote",
            ("App", "Staging", "Production", PackageInfo(rollout=25)),
            standalone.package_body(V2),
            "POST /apps/App/deployments/Staging/promote/Production",
            V2,
        ),
        (
            "get_deployment_history",
            ("App", "Staging"),
            standalone.history_body([V1, V2]),
            "GET /apps/App/deployments/Staging/history",
            [V1, V2],
        ),
        (
            "get_deployment_metrics",
            ("App", "Staging"),
            standalone.metrics_body({"v1": Metrics(active=1)}),
            "GET /apps/App/deployments/Staging/metrics",
            {"v1": Metrics(active=1)},
        ),
        (
            "get_deployment_metrics_series",
            ("App", "Staging"),
            standalone.series_body({"v1": [POINT], "1.0.0": []}),
            "GET /apps/App/deployments/Staging/metrics/series",
            {"v1": [POINT], "1.0.0": []},
        ),
        (
            "get_insight",
            ("App", "Staging", "v2"),
            standalone.insight_body(INSIGHT),
            "GET /apps/App/deployments/Staging/insight?label=v2",
            INSIGHT,
        ),
    ],
)
def test_methods_send_one_request_and_return_its_answer(  # noqa: PLR0917 - one column of the table each
    server, connect, method, arguments, body, request_line, expected
):
    """The route is the documented one, and the result a value of ours."""
    server.answer(body)
    assert connect()(method, *arguments) == expected
    (received,) = server.received
    assert f"{received.method} {received.path}" == request_line


def test_an_access_key_is_made_for_this_machine(server, connect):
    """The server is told the machine's name, and the secret is told once."""
    created = replace(BUILD_KEY, key="cpk_secret_of_a_build")
    server.answer(standalone.created_access_key_body(created), 201)
    assert connect()("add_access_key", "ci", timedelta(hours=1)) == created
    sent = decode_json(server.received[0].body)
    assert sent == {"createdBy": socket.gethostname(), "friendlyName": "ci", "ttl": 3_600_000}


def test_an_access_key_needs_a_name(server, connect):
    """The sentence is the original's, and nothing is sent."""
    with pytest.raises(Invalid, match="A name must be specified when adding an access key"):
        connect()("add_access_key", "")
    assert server.received == []


def test_every_request_says_who_asks(server, connect):
    """The key, the documented type, our version, and the caller's own headers."""
    server.answer(standalone.apps_body([]))
    connect(headers={"X-Team": "mobile"})("get_apps")
    headers = server.received[0].headers
    assert headers["authorization"].startswith("Bearer ")
    assert headers["accept"].startswith("application/vnd.code-push.v2+json")
    assert "application/problem+json" in headers["accept"]
    assert headers["x-codepush-sdk-version"] == __version__
    assert headers["user-agent"] == f"codepush/{__version__}"
    assert headers["x-team"] == "mobile"


def test_callers_may_say_who_asks(server, connect):
    """A header of ours is replaced, however it is spelled, and not sent twice."""
    server.answer(standalone.apps_body([]))
    connect(headers={"user-agent": "release-bot/2"})("get_apps")
    assert server.received[0].fields.count("user-agent") == 1
    assert server.received[0].headers["user-agent"] == "release-bot/2"


def test_options_for_a_few_calls(server, connect):
    """They replace the client's own, over the same connection, and the client stays as it was."""
    call = connect(headers={"X-Team": "mobile", "X-Build": "1"})
    other = call.client.with_options(headers={"x-build": "2"})
    for client in (call.client, other, call.client):
        server.answer(standalone.apps_body([]))
        call.of(client)("get_apps")
    assert [one.headers["x-build"] for one in server.received] == ["1", "2", "1"]
    assert {one.headers["x-team"] for one in server.received} == {"mobile"}
    assert all(one.fields.count("x-build") == 1 for one in server.received)
    assert len({one.connection for one in server.received}) == 1
    assert repr(other) == repr(call.client)


def test_a_timeout_for_one_call(server, connect):
    """It holds for that call, whatever the client's own is."""
    call = connect(max_retries=5)
    hasty = call.of(call.client.with_options(timeout=0.2, max_retries=0))
    server.stall()
    with pytest.raises(TimeoutError, match=r"within 0\.2 seconds"):
        hasty("get_apps")
    assert len(server.received) == 1
    server.ended.set()


@pytest.mark.parametrize("options", [{"timeout": 0}, {"max_retries": -1}, {"headers": {"Authorization": "x"}}])
def test_options_that_cannot_work_are_refused(connect, options):
    """As they are when a client is made."""
    with pytest.raises(ConfigurationError):
        connect().client.with_options(**options)


def test_only_bodies_have_a_content_type(server, connect):
    """JSON is declared as the original tools do; a request without a body declares nothing."""
    call = connect()
    server.answer(standalone.app_body(APP), 201)
    server.answer(b"", 204)
    call("add_app", "App")
    call("remove_app", "App")
    first, second = server.received
    assert first.headers["content-type"] == "application/json;charset=UTF-8"
    assert "content-type" not in second.headers


def test_patching_picks_the_release_by_label(server, connect):
    """The label of the argument comes before that of the metadata; without either it is the newest."""
    call = connect()
    for _ in range(3):
        server.answer(standalone.package_body(V2))
    call("patch_release", "App", "Staging", "v2", PackageInfo(label="v1", is_mandatory=True))
    call("patch_release", "App", "Staging", update_metadata=PackageInfo(label="v1"))
    call("patch_release", "App", "Staging")
    sent = [decode_json(received.body)["packageInfo"] for received in server.received]
    said: list[dict[str, object]] = [{"label": "v2", "isMandatory": True}, {"label": "v1"}, {}]
    assert sent == [{"appVersion": None, **one} for one in said]


def test_a_patch_that_changes_nothing_returns_none(server, connect):
    """The server says so with 204, and is not asked again."""
    server.answer(status=204)
    assert connect()("patch_release", "App", "Staging", "v1", PackageInfo(is_mandatory=True)) is None
    assert len(server.received) == 1


# Releasing


def test_a_directory_is_released_as_an_archive(server, connect, build, temporary):
    """The archive holds what the directory holds, and nothing is left behind on this machine."""
    server.answer(standalone.package_body(V2), 201)
    info = PackageInfo(description="Faster", is_mandatory=True, rollout=25)
    assert connect()("release", "App", "Staging", build, "^1.0.0", info) == V2
    (received,) = server.received
    package, said = received.parts()
    assert (package.name, package.content_type) == ("package", "application/zip")
    assert re.fullmatch(r"[A-Za-z0-9]{15}\.zip", package.filename)
    expected = {"appVersion": "^1.0.0", "description": "Faster", "isMandatory": True, "rollout": 25}
    assert (said.name, said.filename, decode_json(said.raw)) == ("packageInfo", None, expected)
    with prepare(build) as prepared:
        assert package.raw == prepared.path.read_bytes()
    assert int(received.headers["content-length"]) == received.size
    assert "transfer-encoding" not in received.headers
    assert list(temporary.iterdir()) == []


def test_a_single_file_is_released_as_it_is(server, connect, bundle):
    """Under its own name, and the file of its owner stays."""
    server.answer(standalone.package_body(V2), 201)
    assert connect()("release", "App", "Staging", str(bundle), "1.0.0") == V2
    package, _ = server.received[0].parts()
    assert (package.filename, package.content_type) == ("main.jsbundle", "application/octet-stream")
    assert package.raw == bundle.read_bytes()


def test_a_release_is_signed_on_the_way(server, connect, build, tmp_path, temporary):
    """The archive carries the signature of its hash; the directory is left as it is, and nothing else stays."""
    private_key, public_key = make_key_pair(tmp_path)
    before = {path: path.read_bytes() for path in build.rglob("*") if path.is_file()}
    server.answer(standalone.package_body(V2), 201)
    assert connect()("release", "App", "Staging", build, "1.0.0", private_key_path=private_key) == V2
    package, _ = server.received[0].parts()
    with ZipFile(BytesIO(package.raw)) as archive:
        token = archive.read("CodePush/.codepushrelease").decode()
    assert signing.verify(token, public_key.read_text()) == read_manifest(BytesIO(package.raw)).package_hash
    assert {path: path.read_bytes() for path in build.rglob("*") if path.is_file()} == before
    assert list(temporary.iterdir()) == []


def test_what_cannot_be_signed_is_not_sent(server, connect, build, tmp_path, temporary):
    """A key that is not there and an archive are refused, and the server hears nothing of it."""
    private_key, _ = make_key_pair(tmp_path)
    with pytest.raises(ConfigurationError, match="path specified for the signing key"):
        connect()("release", "App", "Staging", build, "1.0.0", private_key_path=build / "missing.pem")
    with prepare(build) as package, pytest.raises(PackageError, match="cannot be signed"):
        connect()("release", "App", "Staging", package.path, "1.0.0", private_key_path=private_key)
    assert server.received == []
    assert list(temporary.iterdir()) == []


def test_progress_is_told_until_everything_is_sent(server, connect, bundle):
    """The numbers grow and end with the size of the package."""
    server.answer(standalone.package_body(V2), 201)
    told = []
    connect()("release", "App", "Staging", bundle, "1.0.0", on_progress=lambda *step: told.append(step))
    size = bundle.stat().st_size
    assert len(told) > 2
    assert [sent for sent, _ in told] == sorted({sent for sent, _ in told})
    assert {total for _, total in told} == {size}
    assert told[-1] == (size, size)


def test_an_error_in_on_progress_ends_the_release(server, connect, build, temporary):
    """It reaches the caller as it is, and the temporary archive is gone."""
    server.answer(standalone.package_body(V2), 201)

    def stop(sent, total):
        raise KeyError(sent, total)

    with pytest.raises(KeyError):
        connect()("release", "App", "Staging", build, "1.0.0", on_progress=stop)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("change", [-1, 1])
def test_a_file_that_changes_while_it_is_sent_is_not_released(server, connect, bundle, change):
    """The server does not get a whole request, and the sentence says what happened."""
    size = bundle.stat().st_size

    def meanwhile(sent, _):
        if sent == 65536:
            with bundle.open("r+b") as file:
                file.truncate(size + change)

    server.drop()
    with pytest.raises(PackageError, match="changed while it was sent"):
        connect()("release", "App", "Staging", bundle, "1.0.0", on_progress=meanwhile)


def test_a_large_package_does_not_fill_the_memory(server, connect, tmp_path):
    """It is read while it is sent; 48 MiB take less than 4 of memory."""
    size = 48 << 20
    large = tmp_path / "large.jsbundle"
    with large.open("wb") as file:
        file.truncate(size)
    server.answer(standalone.package_body(V2), 201)
    call = connect()
    tracemalloc.start()
    try:
        call("release", "App", "Staging", large, "1.0.0")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert server.received[0].size > size
    assert peak < 4 << 20


@pytest.mark.parametrize("make", ["nothing", "empty directory", "empty file"])
def test_what_cannot_be_released_is_refused_before_anything_is_sent(server, connect, tmp_path, make):
    """The server does not hear of it."""
    path = tmp_path / "release-me"
    if make == "empty directory":
        path.mkdir()
    elif make == "empty file":
        path.touch()
    with pytest.raises(PackageError, match="release-me"):
        connect()("release", "App", "Staging", path, "1.0.0")
    assert server.received == []


@pytest.mark.parametrize("body", [b'{"msg": "succeed"}', b""])
def test_a_release_that_the_server_does_not_describe_is_looked_up(server, connect, bundle, body):
    """The newest release of the history is it."""
    server.answer(body)
    server.answer(standalone.history_body([V2, V1]))
    assert connect()("release", "App", "Staging", bundle, "1.0.0") == V2
    assert server.received[1].path == "/apps/App/deployments/Staging/history"


def test_a_promotion_that_the_server_does_not_describe_is_looked_up_where_it_went(server, connect):
    """In the history of the destination."""
    server.answer(b'{"msg": "succeed"}')
    server.answer(standalone.history_body([V1]))
    assert connect()("promote", "App", "Staging", "Production") == V1
    assert server.received[1].path == "/apps/App/deployments/Production/history"


def test_a_patch_that_the_server_does_not_describe_is_looked_up_by_label(server, connect):
    """Not the newest, but the one that was changed."""
    server.answer(b'{"msg": "succeed"}')
    server.answer(standalone.history_body([V1, V2]))
    assert connect()("patch_release", "App", "Staging", "v1", PackageInfo(is_disabled=True)) == V1


def test_a_deployment_that_the_server_does_not_describe_is_looked_up_in_the_list(server, connect):
    """By its name; when it is not listed either, that is an error."""
    call = connect()
    for _ in range(2):
        server.answer(b'{"deployment": {"isFulfilled": false, "isRejected": false}}')
        server.answer(standalone.deployments_body([Deployment(name="Production", key="k"), STAGING]))
    assert call("get_deployment", "App", "Staging") == STAGING
    with pytest.raises(DecodeError, match="neither returned nor listed"):
        call("get_deployment", "App", "Beta")


def test_a_release_that_is_nowhere_to_be_found_is_an_error(server, connect):
    """The server said yes, but lists nothing."""
    server.answer(b'{"msg": "succeed"}')
    server.answer(standalone.history_body([]))
    with pytest.raises(DecodeError, match="accepted"):
        connect()("promote", "App", "Staging", "Production")


def test_a_refused_release_says_why(server, connect, bundle):
    """The server's words and status, and one attempt only."""
    server.answer(b"The uploaded file is larger than the size limit of 200 megabytes.", 413)
    with pytest.raises(Invalid, match="size limit") as caught:
        connect()("release", "App", "Staging", bundle, "1.0.0")
    assert caught.value.status_code == 413
    assert len(server.received) == 1


def test_a_rollback_that_the_server_does_not_describe_is_looked_up(server, connect):
    """Some servers answer only two letters."""
    server.answer(b"ok")
    server.answer(standalone.history_body([V1, V2]))
    assert connect()("rollback", "App", "Staging") == V2


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (b"The uploaded package was not released because it is identical to the contents of ...", 409),
        (b"The uploaded package is identical to the contents of the specified deployment's current release.", 406),
    ],
)
def test_an_identical_package_can_be_fine(server, connect, bundle, words, status):
    """Then the release that has it is returned, which need not be the newest."""
    call = connect()
    with prepare(bundle) as package:
        there = replace(V1, package_hash=package.hash)
    server.answer(words, status)
    with pytest.raises(CodePushError, match="identical"):
        call("release", "App", "Staging", bundle, "1.0.0")
    for history, expected in [([there, V2], there), ([V1, V2], V2)]:
        server.answer(words, status)
        server.answer(standalone.history_body(history))
        if expected is V2:  # a server that hashes in its own way: looked up once more as the newest
            server.answer(standalone.history_body(history))
        assert call("release", "App", "Staging", bundle, "1.0.0", no_duplicate_release_error=True) == expected


def test_another_conflict_is_never_fine(server, connect, bundle):
    """An unfinished rollout has nothing to do with duplicates."""
    server.answer(b"Please update the previous release to 100% rollout before releasing a new package.", 409)
    with pytest.raises(Conflict, match="100% rollout"):
        connect()("release", "App", "Staging", bundle, "1.0.0", no_duplicate_release_error=True)
    assert len(server.received) == 1


@pytest.mark.parametrize("trouble", ["drop", "busy"])
def test_a_release_is_repeated_by_a_server_that_tells_repetitions(server, connect, bundle, trouble):
    """All of it is sent again under the same key, so that the server can tell."""
    if trouble == "drop":
        server.drop()
        server.answer(standalone.authenticated_body(), **OURS)
    else:
        server.answer(b"Busy.", 503, **OURS)
    server.answer(standalone.package_body(V2), 201, **OURS)
    server.answer(standalone.package_body(V2), 201, **OURS)
    call = connect()
    assert call("release", "App", "Staging", bundle, "1.0.0") == V2
    first, *question, second = server.received
    assert [one.path for one in question] == (["/authenticated"] if trouble == "drop" else [])
    assert re.fullmatch(r"[0-9a-f-]{36}", first.headers["idempotency-key"])
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert [part.raw for part in first.parts()] == [part.raw for part in second.parts()]
    call("release", "App", "Staging", bundle, "1.0.0")
    assert server.received[-1].headers["idempotency-key"] != first.headers["idempotency-key"]


def test_promotions_and_rollbacks_are_repeated_too(server, connect):
    """Each has a key of its own."""
    call = connect()
    for method, *arguments in [("promote", "App", "Staging", "Production"), ("rollback", "App", "Staging", "v1")]:
        server.answer(b"Busy.", 503, **OURS)
        server.answer(standalone.package_body(V2), 201, **OURS)
        assert call(method, *arguments) == V2
    keys = [one.headers["idempotency-key"] for one in server.received]
    assert keys[0] == keys[1] != keys[2] == keys[3]


# What goes wrong


def test_names_that_would_make_another_path_are_not_sent(server, connect):
    """Removing the app without a name must not remove anything."""
    call = connect()
    with pytest.raises(Invalid) as caught:
        call("remove_app", "")
    assert caught.value.field == "app_name"
    with pytest.raises(Invalid, match="invalid URL"):
        call("get_app", "x" * 100_000)
    assert server.received == []


def test_refusals_are_errors_of_their_kind(server, connect):
    """The class tells what to do, the message is the server's."""
    call = connect()
    server.answer(b'App "x" does not exist.', 404)
    server.answer(b"An app named 'x' already exists.", 409)
    with pytest.raises(NotFound, match=r'^App "x" does not exist\.$') as missing:
        call("get_app", "x")
    assert missing.value.status_code == CodePush.ERROR_NOT_FOUND == AsyncCodePush.ERROR_NOT_FOUND
    with pytest.raises(Conflict) as conflict:
        call("add_app", "x")
    assert conflict.value.status_code == CodePush.ERROR_CONFLICT


def test_problem_documents_are_taken_apart(server, connect):
    """What machines need is in attributes."""
    problem = Problem(status=400, code="invalid_rollout", message="The rollout must be 1 to 100.", field="rollout")
    server.answer(encode_problem(problem), 400, Content_Type="application/problem+json", X_Request_Id="r-1")
    with pytest.raises(Invalid, match="1 to 100") as caught:
        connect()("promote", "App", "Staging", "Production", PackageInfo(rollout=0))
    error = caught.value
    assert (error.code, error.field, error.request_id) == ("invalid_rollout", "rollout", "r-1")


def test_an_unreadable_answer_is_reported_as_status_500(server, connect):
    """As the original does, with what came instead."""
    server.answer(b"hello")
    with pytest.raises(DecodeError, match=r"^Could not parse response: hello") as caught:
        connect()("get_apps")
    assert caught.value.status_code == CodePush.ERROR_INTERNAL_SERVER


def test_a_broken_encoding_is_an_unreadable_answer(server, connect):
    """Not gzip although it says so."""
    server.answer(b"not gzip", 200, Content_Encoding="gzip")
    with pytest.raises(DecodeError, match=r"^Could not parse response"):
        connect()("get_apps")


def test_a_connection_that_cannot_be_made_says_what_to_try(connect):
    """Status 504 and a sentence with the address."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(TransportError) as caught:
            connect(server_url=url, max_retries=0)("get_apps")
    error = caught.value
    assert error.status_code == CodePush.ERROR_GATEWAY_TIMEOUT
    for word in (url, "codepush server start", "CODEPUSH_SERVER_URL", "proxy"):
        assert word in error.message
    assert error.__cause__ is not None


def test_an_unknown_host_says_what_to_try(connect):
    """A name that does not exist is like a server that is not there."""
    with pytest.raises(TransportError, match=r"https://codepush\.invalid.*codepush server start"):
        connect(server_url="https://codepush.invalid", max_retries=0)("get_apps")


def test_a_server_that_comes_up_late_is_reached(late_server, connect, bundle):
    """Also a release is tried again as long as no connection could be made, and is made once."""
    late_server.answer(standalone.package_body(V2), 201)
    told = []
    call = connect(server_url=late_server.url, max_retries=8)
    call("release", "App", "Staging", bundle, "1.0.0", on_progress=lambda *step: told.append(step))
    assert len(late_server.received) == 1
    assert told == sorted(set(told))


def test_a_server_without_the_right_certificate_is_not_trusted(tls_server, connect):
    """It fails at once, nothing is sent, and the sentence says how to trust a private authority."""
    started = time.monotonic()
    with pytest.raises(TransportError, match=r"certificate.*verify") as caught:
        connect(server_url=tls_server.url)("get_apps")
    assert caught.value.status_code == 504
    assert time.monotonic() - started < 5
    assert tls_server.received == []


def test_a_private_authority_can_be_trusted(tls_server, connect):
    """By the file of its certificates, or by not looking at certificates at all."""
    for verify in (tls_server.authority, str(tls_server.authority), False):
        tls_server.answer(standalone.apps_body([APP]))
        assert connect(server_url=tls_server.url, verify=verify)("get_apps") == [APP]


def test_a_proxy_is_asked(server, connect):
    """It gets the whole address, and the answer is the proxy's."""
    server.answer(standalone.apps_body([APP]))
    with pytest.warns(InsecureServerWarning):
        assert connect(server_url="http://codepush.invalid", proxy=server.url)("get_apps") == [APP]
    assert server.received[0].path == "http://codepush.invalid/apps"


def test_a_proxy_that_refuses_is_named(server, connect):
    """It will refuse the next time too, so it is asked once."""
    started = time.monotonic()
    with pytest.raises(TransportError, match=r"proxy rejected.*https://codepush\.invalid"):
        connect(server_url="https://codepush.invalid", proxy=server.url, max_retries=9)("get_apps")
    assert time.monotonic() - started < 5


def test_a_slow_server_is_a_timeout(server, connect):
    """Both our TimeoutError and the built-in one, with the seconds waited."""
    server.stall()
    with pytest.raises(TimeoutError, match=r"within 0\.2 seconds") as caught:
        connect(timeout=0.2, max_retries=0)("get_apps")
    assert caught.value.status_code == 504
    server.ended.set()


def test_a_read_that_broke_is_repeated(server, connect):
    """The caller does not notice."""
    server.drop()
    server.answer(b"Busy.", 503)
    server.answer(standalone.apps_body([APP]))
    assert connect()("get_apps") == [APP]
    assert len(server.received) == 3


@pytest.mark.parametrize("trouble", ["drop", "busy"])
def test_a_change_that_broke_is_not_repeated(server, connect, bundle, trouble):
    """It may have been carried out, so the caller has to look; a server that tells no repetitions gets none."""
    call = connect()
    requests = [
        ("add_access_key", "ci"),
        ("remove_access_key", "ci"),
        ("rename_app", "App", "New"),
        ("transfer_app", "App", "b@x"),
        ("clear_deployment_history", "App", "Staging"),
        ("add_app", "App"),
        ("remove_app", "App"),
        ("add_deployment", "App", "Beta"),
        ("patch_release", "App", "Staging", "v1", PackageInfo(rollout=50)),
        ("promote", "App", "Staging", "Production"),
        ("rollback", "App", "Staging"),
        ("release", "App", "Staging", bundle, "1.0.0"),
    ]
    for method, *arguments in requests:
        if trouble == "drop":
            server.drop()
        else:
            server.answer(b"Busy.", 503)
        if method in {"promote", "rollback", "release"}:
            server.answer(standalone.authenticated_body())
        with pytest.raises((TransportError, ServerError)):
            call(method, *arguments)
    changes = [received for received in server.received if received.method != "GET"]
    assert len(changes) == len(requests)


def test_the_server_decides_how_long_to_wait(server, connect):
    """Retry-After is honoured before the request is repeated."""
    server.answer(b"Slow down.", 429, Retry_After="1")
    server.answer(standalone.apps_body([]))
    started = time.monotonic()
    assert connect()("get_apps") == []
    assert time.monotonic() - started >= 1


def test_a_long_wait_is_left_to_the_caller(server, connect):
    """With the seconds to wait in the error."""
    server.answer(b"Slow down.", 429, Retry_After="3600")
    with pytest.raises(RateLimited) as caught:
        connect()("get_apps")
    assert caught.value.retry_after == 3600


def test_redirections_are_not_followed(server, connect):
    """The access key is for one server; the error says where the other one is."""
    server.answer(b"", 302, Location=f"{server.url}/elsewhere")
    with pytest.raises(CodePushError, match="/elsewhere"):
        connect()("get_apps")
    assert len(server.received) == 1


# Secrets


def test_a_new_key_shows_nowhere(server, connect, caplog):
    """Not in logs, in the value that holds it, nor in an error about an answer that cannot be read."""
    caplog.set_level(logging.DEBUG)
    call = connect()
    server.answer(standalone.created_access_key_body(replace(BUILD_KEY, key="cpk_new_secret")), 201)
    server.answer(b'{"accessKey": {"name": "cpk_new_secret"}}', 201)
    access_key = call("add_access_key", "ci")
    with pytest.raises(DecodeError) as caught:
        call("add_access_key", "ci")
    told = "".join(traceback.format_exception(caught.value))
    assert access_key.key == "cpk_new_secret"
    assert not [text for text in (repr(access_key), told, caplog.text) if "cpk_new_secret" in text]


def test_the_key_shows_nowhere(server, connect, key, caplog):
    """Not in logs at their most talkative, in errors, in their causes, nor in what our frames hold."""
    caplog.set_level(logging.DEBUG)
    call = connect()
    shown = [repr(call.client), str(call.client)]
    server.answer(standalone.apps_body([]))
    call("get_apps")
    for script in (lambda: server.answer(b"No.", 401), server.drop):
        script()
        with pytest.raises(CodePushError) as caught:
            call("remove_app", "App")
        shown += [repr(caught.value), str(caught.value), "".join(traceback.format_exception(caught.value))]
        shown += _locals_of_our_frames(caught.value)
    assert all(key in received.headers["authorization"] for received in server.received)
    assert any("httpcore2" in record.name for record in caplog.records)
    assert not [text for text in [*shown, caplog.text] if key in text]


@pytest.fixture(params=["cpk_of-somebody-else", "x3Kq9-0fPzL_oldKeyOfAnotherServer4kQz8", None])
def secret(request, key):
    """An access key of ours, one of another server, and that of the client."""
    return request.param or key


@pytest.mark.parametrize("method", ["get_access_key", "remove_access_key", "patch_access_key"])
def test_a_key_given_as_a_name_shows_nowhere(server, connect, caplog, secret, method):
    """Not in logs, in the server's sentence, in a redirection, in an error's causes, nor in what frames hold."""
    caplog.set_level(logging.DEBUG)
    call, shown = connect(max_retries=0), []
    for script in (
        lambda: server.answer(f'Access key "{secret}" does not exist.'.encode(), 404),
        lambda: server.answer(b"Moved", 301, location=f"https://example.com/accessKeys/{secret}"),
        lambda: server.answer(f"<html>{secret}</html>".encode(), 502),
        server.drop,
    ):
        script()
        with pytest.raises(CodePushError) as caught:
            call(method, secret)
        shown += [repr(caught.value), str(caught.value), caught.value.message]
        shown += ["".join(traceback.format_exception(caught.value)), *_locals_of_our_frames(caught.value)]
        shown += _locals_of_causes(caught.value)
    assert all(secret in received.path for received in server.received)
    assert not [text for text in [*shown, caplog.text] if secret in text]
    assert "does not exist" in shown[0]


def test_the_name_of_a_key_is_repeated(server, connect):
    """A name that does not look like a key stays in the error."""
    server.answer(b'Access key "build server" does not exist.', 404)
    with pytest.raises(NotFound, match='Access key "build server" does not exist'):
        connect()("get_access_key", "build server")


def _locals_of_our_frames(error):
    """Return what a crash reporter would show of the variables in the client's frames."""
    frames = traceback.TracebackException.from_exception(error, capture_locals=True).stack
    ours = [frame for frame in frames if "codepush/client" in frame.filename]
    assert ours
    return [str(frame.locals) for frame in ours]


def _locals_of_causes(error):
    """Return what a crash reporter would show of the variables in the frames that an error came from."""
    causes = []
    while error := error.__cause__ or error.__context__:
        frames = traceback.TracebackException.from_exception(error, capture_locals=True).stack
        causes += [str(frame.locals) for frame in frames]
    return causes


# The clients


def test_both_clients_have_the_same_methods():
    """One is generated from the other; only the way to close differs in name."""
    names = {name for name in dir(CodePush) if not name.startswith("_")}
    twins = {name for name in dir(AsyncCodePush) if not name.startswith("_")}
    assert names - {"close"} == twins - {"aclose"}
    assert inspect.signature(CodePush.with_options) == inspect.signature(AsyncCodePush.with_options)
    for name in names - {"close", "with_options"}:
        one, other = getattr(CodePush, name), getattr(AsyncCodePush, name)
        if callable(one):
            assert str(inspect.signature(one)) == str(inspect.signature(other)).replace("AsyncIterator", "Iterator")
            assert inspect.iscoroutinefunction(other) or inspect.isasyncgenfunction(other)
            assert not inspect.iscoroutinefunction(one)


def test_times_are_aware(server, connect):
    """Milliseconds of the wire become moments in UTC."""
    moment = datetime(2026, 3, 1, 12, 0, 0, 7000, tzinfo=UTC)
    server.answer(standalone.history_body([Package(app_version="1", package_hash="h", upload_time=moment)]))
    (package,) = connect()("get_deployment_history", "App", "Staging")
    assert package.upload_time == moment
