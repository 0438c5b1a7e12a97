"""Attacks on access keys, log-ins and names of apps, on a running server."""

import time

import anyio
import httpx2
import pytest

from codepush.errors import Conflict, NotFound
from codepush.server.operations import add_account
from codepush.testing import live_server

APP = "Shop"
CHOSEN = "a-secret-that-a-script-has-chosen"


@pytest.fixture
def server(tmp_path):
    with live_server(tmp_path / "data", failed_logins_per_ip=5, rate_limits="on") as server:
        yield server


@pytest.fixture
def web(server):
    with httpx2.Client(base_url=server.url) as client:
        yield client


def account(server, email):
    """Return the access key of a new account."""
    return anyio.run(add_account, server.settings, email, "")[1]


def bearer(key, address="198.51.100.7"):
    """Return the headers of a request with a key from an address, as a trusted proxy passes it on."""
    return {"Authorization": f"Bearer {key}", "X-Forwarded-For": address}


def add_key(web, key, **fields):
    return web.post("/accessKeys", json={"friendlyName": "new", **fields}, headers=bearer(key, "127.0.0.1"))


def test_wrong_keys_are_limited(server, web):
    """After a few wrong keys an address gets 429 for keys that it has not proven, even the right one."""
    other = account(server, "other@example.test")
    assert web.get("/account", headers=bearer(server.access_key)).status_code == 200
    statuses = [web.get("/account", headers=bearer(f"cpk_{number:043d}")).status_code for number in range(20)]
    assert statuses == [401] * 5 + [429] * 15
    blocked = web.get("/account", headers=bearer(other))
    assert (blocked.status_code, 1 <= int(blocked.headers["retry-after"]) <= 60) == (429, True)
    assert web.get("/account", headers=bearer(server.access_key)).status_code == 200
    assert web.get("/account", headers=bearer(other, "198.51.100.8")).status_code == 200


def test_an_ipv6_site_is_one_address(web):
    """An attacker with a whole /64 network has no more attempts than one with a single address."""
    sites = [
        [web.get("/apps", headers=bearer("x" * 40, f"2001:db8:1:{site}::{host}")).status_code for host in range(1, 9)]
        for site in (1, 2)
    ]
    assert sites == [[401] * 5 + [429] * 3] * 2


def test_a_missing_key_is_no_attempt(web):
    """Requests without a key are rejected without using up the attempts of their address."""
    statuses = {web.get("/apps", headers={"X-Forwarded-For": "198.51.100.7"}).status_code for _ in range(20)}
    assert statuses == {401}


def test_wrong_login_codes_are_limited(web):
    """One-time codes share the limit with access keys."""
    headers = {"X-Forwarded-For": "198.51.100.7"}
    page = web.get("/auth/login", headers=headers)
    token = page.text.partition('name="token" value="')[2].partition('"')[0]
    form = {"token": token, "hostname": "laptop", "code": "guess"}
    statuses = [web.post("/auth/login", data=form, headers=headers).status_code for _ in range(10)]
    assert statuses == [403] * 5 + [429] * 5
    assert web.get("/account", headers=bearer("x" * 40)).status_code == 429


@pytest.mark.parametrize("secret", ["aaaaaaaaaa", "a" * 31])
def test_a_weak_key_cannot_be_chosen(server, web, secret):
    """A chosen key that could be guessed is a 400 in both dialects, and nothing is created."""
    before = web.get("/accessKeys", headers=bearer(server.access_key)).json()
    answer = add_key(web, server.access_key, name=secret)
    assert (answer.status_code, "at least 32 characters" in answer.text) == (400, True)
    assert secret not in answer.text
    assert web.get("/accessKeys", headers=bearer(server.access_key)).json() == before


def test_a_live_key_is_not_confirmed(server, web):
    """Choosing another account's live key looks like choosing an unusable one, and no response repeats it."""
    assert add_key(web, server.access_key, name=CHOSEN).status_code == 201
    stranger = account(server, "stranger@example.test")
    answer = add_key(web, stranger, name=CHOSEN)
    assert answer.status_code == 400
    assert CHOSEN not in answer.text
    assert "exist" not in answer.text


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("accept", ["*/*", "application/problem+json"])
def test_no_response_repeats_a_key(server, web, method, accept):
    """A key that is given as a name is not in the response, whatever the client accepts."""
    for path in ("/accessKeys", "/v0.1/api_tokens"):
        for secret in (server.access_key, CHOSEN):
            headers = bearer(server.access_key) | {"Accept": accept}
            answer = web.request(method, f"{path}/{secret}", json={"ttl": 1}, headers=headers)
            assert answer.status_code == 404
            assert secret not in answer.text
            assert secret.lower() not in answer.text.lower()


def test_a_key_cannot_create_one_that_outlives_it(server, web):
    """A key with a minute left creates and extends keys for a minute at most, in both dialects, itself included."""
    minute = add_key(web, server.access_key, friendlyName="minute", ttl=60_000).json()["accessKey"]["name"]
    latest = (time.time() + 61) * 1000
    headers = bearer(minute, "127.0.0.1")
    assert add_key(web, minute, ttl=100 * 365 * 86_400_000).status_code == 201
    assert add_key(web, minute, friendlyName="default").status_code == 201
    made = web.post("/v0.1/api_tokens", json={"description": "token"}, headers=headers)
    assert made.status_code == 201
    for name in ("minute", "new"):
        patched = web.patch(f"/accessKeys/{name}", json={"ttl": 10 * 86_400_000}, headers=headers)
        assert patched.status_code == 200
    listed = web.get("/accessKeys", headers=headers).json()["accessKeys"]
    lives = {key["friendlyName"]: key["expires"] for key in listed}
    assert all(lives[name] <= latest for name in ("minute", "new", "default", "token"))


def test_ones_own_app_wins(server):
    """Apps of the same name that others share neither hide one's own app nor take its releases."""
    with server.client(account(server, "ci@example.test")) as ci, server.client() as stranger:
        ci.add_app(APP)
        stranger.add_app(APP)
        stranger.add_collaborator(APP, "ci@example.test")
        assert ci.get_app(APP).collaborators["ci@example.test"].permission == "Owner"
        assert {app.name for app in ci.get_apps()} == {APP, "owner@example.test:Shop"}


def test_an_ambiguous_name_is_refused(server):
    """Of several apps that others share, none is chosen: the error lists their full names."""
    ci = account(server, "ci@example.test")
    for owner in ("ada@example.test", "bob@example.test"):
        with server.client(account(server, owner)) as code_push:
            code_push.add_app(APP)
            code_push.add_collaborator(APP, "ci@example.test")
    with server.client(ci) as code_push:
        with pytest.raises(Conflict, match="ambiguous") as caught:
            code_push.get_deployments(APP)
        assert "ada@example.test:Shop, bob@example.test:Shop" in caught.value.message
        assert code_push.get_app("ada@example.test:Shop").name == "ada@example.test:Shop"
        with pytest.raises(NotFound):
            code_push.get_app("eve@example.test:Shop")


def test_an_organization_of_others_is_unknown(server, web):
    """Transferring an app does not reveal which organizations exist."""
    ada = bearer(account(server, "ada@example.test"), "127.0.0.1")
    assert web.post("/v0.1/orgs", json={"name": "acme"}, headers=ada).status_code == 201
    headers = bearer(server.access_key, "127.0.0.1")
    assert web.post("/apps", json={"name": APP}, headers=headers).status_code == 201
    answers = [web.post(f"/apps/{APP}/transfer/{to}", headers=headers) for to in ("acme", "nowhere")]
    assert [(answer.status_code, answer.text) for answer in answers] == [
        (404, "The specified e-mail address doesn't represent a registered user")
    ] * 2
