"""Bad input gets a clear error and changes nothing."""

import io
import os
import struct

import httpx2
import pytest

from codepush import (
    CodePush,
    CodePushError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    PackageError,
    PackageInfo,
    TransportError,
    Unauthorized,
)
from codepush.testing import live_server
from support.clients import CLIENTS, open_client
from support.databases import ENGINES
from support.packages import make_bundle, make_zip
from support.stores import contents

DATABASES = ENGINES


@pytest.fixture(params=CLIENTS)
def code_push(request, codepush_server):
    with open_client(request.param, codepush_server.access_key, codepush_server.url) as client:
        yield client


@pytest.fixture
def bundle(tmp_path):
    return make_bundle(tmp_path / "bundle")


@pytest.fixture
def refuses(codepush_server, bundle):
    """Give a check that a call is refused with a certain error and leaves the store as it was."""
    with codepush_server.client() as owner:
        owner.add_app("App")
        owner.release("App", "Staging", bundle, "1.0.0")
    before = contents(codepush_server.settings)

    def check(error, match, call):
        with pytest.raises(error, match=match) as caught:
            call()
        assert contents(codepush_server.settings) == before
        return caught.value

    return check


@pytest.mark.parametrize("key", ["cpk_unknown-key-of-nobody", "short", "x" * 200, "what.about.dots?"])
def test_wrong_key(codepush_server, key):
    """A key that nobody has is a 401, however it looks."""
    with codepush_server.client(key) as stranger:
        with pytest.raises(Unauthorized, match="invalid") as caught:
            stranger.get_apps()
        assert caught.value.status_code == CodePush.ERROR_UNAUTHORIZED
        assert not stranger.is_authenticated()
        with pytest.raises(Unauthorized):
            stranger.is_authenticated(throw_if_unauthorized=True)


def test_missing_key(codepush_server):
    """Without a key there is no client, and a request without one is refused, whatever its path."""
    with pytest.raises(Unauthorized, match=r"A token must be specified\."):
        CodePush(None, codepush_server.url)
    for path in ("/apps", "/apps/App/deployments/Staging/release", "/no/such/path"):
        assert httpx2.get(codepush_server.url + path).status_code == 401
        assert httpx2.post(codepush_server.url + path, content=b"x").status_code == 401


def test_unknown_names(code_push, refuses, bundle):
    """Apps and deployments that are not there are 404s that repeat the name."""
    refuses(NotFound, 'App "Nope" does not exist', lambda: code_push.get_app("Nope"))
    refuses(NotFound, 'App "Nope" does not exist', lambda: code_push.release("Nope", "Staging", bundle, "1.0.0"))
    refuses(NotFound, 'Deployment "Nope"', lambda: code_push.release("App", "Nope", bundle, "1.0.0"))
    refuses(NotFound, 'Deployment "Nope"', lambda: code_push.promote("App", "Staging", "Nope"))
    refuses(NotFound, "no releases", lambda: code_push.patch_release("App", "Production", "v1", PackageInfo()))
    error = refuses(NotFound, "Release not found", lambda: code_push.patch_release("App", "Staging", "v7"))
    assert error.status_code == CodePush.ERROR_NOT_FOUND


@pytest.mark.usefixtures("refuses")
def test_strangers_see_nothing(codepush_server, code_push):
    """To an account that does not belong to an app, the app does not exist."""
    access_key = codepush_server.add_account("stranger@example.test")
    with codepush_server.client(access_key) as stranger:
        assert stranger.get_apps() == []
        with pytest.raises(NotFound):
            stranger.get_app("App")
        with pytest.raises(NotFound):
            stranger.remove_app("owner@example.test:App")
    assert code_push.get_app("owner@example.test:App").name == "owner@example.test:App"


@pytest.mark.parametrize(
    ("field", "call"),
    [
        ("appVersion", lambda c, b: c.release("App", "Staging", b, "not a range")),
        ("appVersion", lambda c, b: c.release("App", "Staging", b, "1.0.0.0")),
        ("rollout", lambda c, b: c.release("App", "Staging", b, "1.0.0", PackageInfo(rollout=0))),
        ("rollout", lambda c, b: c.release("App", "Staging", b, "1.0.0", PackageInfo(rollout=101))),
        ("rollout", lambda c, _: c.patch_release("App", "Staging", "v1", PackageInfo(rollout=-5))),
        ("label", lambda c, _: c.patch_release("App", "Staging", "version 1", PackageInfo(description="x"))),
        ("label", lambda c, _: c.promote("App", "Staging", "Production", PackageInfo(label="v0"))),
        ("appVersion", lambda c, _: c.patch_release("App", "Staging", "v1", PackageInfo(app_version=">>1"))),
        ("description", lambda c, _: c.patch_release("App", "Staging", "v1", PackageInfo(description="x" * 10_001))),
        ("name", lambda c, _: c.add_app("with/slash")),
        ("name", lambda c, _: c.add_app("x" * 1001)),
        ("name", lambda c, _: c.add_app("not~~found")),
        ("name", lambda c, _: c.rename_app("App", "..")),
        ("name", lambda c, _: c.add_deployment("App", ".")),
        ("name", lambda c, _: c.rename_deployment("App", "Staging", "~~")),
        ("name", lambda c, _: c.add_deployment("App", "what?")),
        ("key", lambda c, _: c.add_deployment("App", "Beta", key="short")),
    ],
)
def test_wrong_values_name_the_field(code_push, refuses, bundle, field, call):
    """A value that cannot be is a 400 that names its field."""
    error = refuses(Invalid, field, lambda: call(code_push, bundle))
    assert (error.status_code, error.field) == (400, field)


def test_names_that_are_taken(code_push, refuses):
    """A second app or deployment of one name is a conflict."""
    error = refuses(Conflict, "An app named 'App' already exists", lambda: code_push.add_app("App"))
    assert error.status_code == CodePush.ERROR_CONFLICT
    refuses(Conflict, "already exists", lambda: code_push.add_deployment("App", "Staging"))


def test_paths_that_cannot_be_released(code_push, refuses, tmp_path):
    """A path that is not there, is empty or cannot be read is refused before anything is sent."""
    empty, file = tmp_path / "empty", tmp_path / "nothing.bundle"
    (empty / "only" / "folders").mkdir(parents=True)
    file.touch()
    for path in (tmp_path / "missing", empty, file):
        refuses(PackageError, path.name, lambda path=path: code_push.release("App", "Staging", path, "1.0.0"))


def test_file_that_cannot_be_read(code_push, refuses, tmp_path):
    """A file in the directory that cannot be read is named before anything is sent."""
    bundle = make_bundle(tmp_path / "broken")
    (bundle / "logo.png").symlink_to(tmp_path / "nowhere.png")
    refuses(PackageError, "logo.png", lambda: code_push.release("App", "Staging", bundle, "1.0.0"))


def _with_lying_crc(archive):
    """Return an archive whose one entry does not have the checksum it declares."""
    broken = bytearray(archive)
    at = broken.index(b"PK\x01\x02") + 16
    broken[at : at + 4] = struct.pack("<I", 0xDEADBEEF)
    local = broken.index(b"PK\x03\x04") + 14
    broken[local : local + 4] = struct.pack("<I", 0xDEADBEEF)
    return bytes(broken)


def _zip(*entries):
    file = io.BytesIO()
    make_zip(file, entries)
    return file.getvalue()


@pytest.mark.parametrize(
    ("upload", "match"),
    [
        (_zip(("../evil.js", "x")), r"\.\./evil\.js"),
        (_zip(("/abs.js", "x")), "abs.js"),
        (_zip(("C:/x.js", "x")), "C:"),
        (_zip(("\u00e9.js", "1"), ("e\u0301.js", "2")), r"\.js"),
        (_with_lying_crc(_zip(("a.js", "hello"))), "checksum"),
        (_zip(("a.js", "x" * 5000))[:-30], "."),
        (_zip(), "."),
        (b"PK\x03\x04 this is no archive", "."),
        (b"", "empty"),
    ],
    ids=["parent", "absolute", "drive", "normalization", "checksum", "cut", "no-entries", "fake", "no-bytes"],
)
def test_unsafe_uploads(codepush_server, refuses, upload, match):
    """The server itself refuses what is unsafe, broken or empty, whoever sends it."""

    def send():
        answer = httpx2.post(
            f"{codepush_server.url}/apps/App/deployments/Staging/release",
            headers={"Authorization": f"Bearer {codepush_server.access_key}"},
            files={"package": ("p.zip", upload), "packageInfo": (None, '{"appVersion":"1.0.0"}')},
        )
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.status_code == 400
        raise Invalid(answer.text, 400)

    refuses(Invalid, match, send)


@pytest.mark.parametrize(
    ("path", "body", "content_type"),
    [
        ("/apps", b"{", "application/json"),
        ("/apps", b"\xff\xfe", "application/json"),
        ("/apps", b"[1]", "application/json"),
        ("/apps", b'"App2"', "application/json"),
        ("/apps", b'{"name": 7}', "application/json"),
        ("/apps", b"", "application/json"),
        ("/apps", b'{"name": "' + b"x" * 20_000 + b'"}', "application/json"),
        ("/apps/App/deployments/Staging/promote/Production", b'{"packageInfo": 3}', "application/json"),
        ("/apps/App/deployments/Staging/promote/Production", b'{"packageInfo": {"label": {}}}', "application/json"),
        ("/apps/App/deployments/Staging/release", b"", "application/json"),
        ("/apps/App/deployments/Staging/release", b"x", "multipart/form-data; boundary=b"),
        ("/apps/App/deployments/Staging/release", b"--b\r\n\r\ncut", "multipart/form-data; boundary=b"),
        ("/apps/App/deployments/Staging/release", b"--b--\r\n", "multipart/form-data; boundary=b"),
        ("/apps/%ff", b"{}", "application/json"),
    ],
)
def test_unreadable_requests(codepush_server, refuses, path, body, content_type):
    """A body that cannot be read is a 4xx, never a 5xx."""

    def send():
        answer = httpx2.post(
            codepush_server.url + path,
            headers={"Authorization": f"Bearer {codepush_server.access_key}", "Content-Type": content_type},
            content=body,
        )
        assert 400 <= answer.status_code < 500
        raise Invalid(answer.text, answer.status_code)

    refuses(Invalid, ".", send)


def test_upload_over_the_limit(tmp_path):
    """A package over the limit is a 413, and nothing of it is kept."""
    with live_server(tmp_path / "data", upload_limit_mb=1) as server, server.client() as code_push:
        code_push.add_app("App")
        before = contents(server.settings)
        large = tmp_path / "large.bundle"
        for size in (1_048_577, 5_000_000):
            large.write_bytes(os.urandom(size))
            with pytest.raises(Invalid, match="larger than the size limit of 1 megabytes") as caught:
                code_push.release("App", "Staging", large, "1.0.0")
            assert caught.value.status_code == 413
            assert contents(server.settings) == before
        large.write_bytes(os.urandom(1_048_576))
        assert code_push.release("App", "Staging", large, "1.0.0").size == 1_048_576


def test_endless_upload_is_cut_off(tmp_path):
    """An upload that does not say how long it is ends at the limit too."""

    def endless():
        yield b'--b\r\nContent-Disposition: form-data; name="package"; filename="p"\r\n\r\n'
        for _ in range(64):
            yield b"x" * 65_536
        yield b"\r\n--b--\r\n"

    with live_server(tmp_path / "data", upload_limit_mb=1) as server, server.client() as code_push:
        code_push.add_app("App")
        before = contents(server.settings)
        answer = httpx2.post(
            f"{server.url}/apps/App/deployments/Staging/release",
            headers={
                "Authorization": f"Bearer {server.access_key}",
                "Content-Type": "multipart/form-data; boundary=b",
            },
            content=endless(),
        )
        assert answer.status_code == 413
        assert contents(server.settings) == before


def test_no_server():
    """A connection that cannot be made is a 504 that says where and what to try."""
    with CodePush("some-access-key", "http://127.0.0.1:9", max_retries=0) as code_push:
        with pytest.raises(TransportError, match=r"http://127\.0\.0\.1:9.*codepush server start") as caught:
            code_push.get_apps()
        assert caught.value.status_code == CodePush.ERROR_GATEWAY_TIMEOUT


def test_every_error_is_ours(codepush_server):
    """Whatever a server answers, the caller gets an error of the one tree, with a message."""
    with codepush_server.client() as code_push, pytest.raises(CodePushError) as caught:
        code_push.remove_app("Nope")
    assert caught.value.message
    assert issubclass(Forbidden, CodePushError)
