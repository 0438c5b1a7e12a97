"""Bad input in App Center's dialect gets a clear error and changes nothing."""

import json
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import given, settings, strategies as st

from codepush.testing import live_server
from support.packages import make_bundle
from support.stores import contents

ME, FRIEND = "owner-example.test", "friend@example.test"
APP = f"/apps/{ME}/App"
STAGING = f"{APP}/deployments/Staging"


class World:
    """A server with an app that has everything, an organization, and an account that belongs to neither."""

    def __init__(self, server, http, folder):
        self.server = server
        self._http = http
        self.stranger = server.add_account("stranger@example.test")
        server.add_account(FRIEND)
        with server.client() as owner:
            owner.add_app("App")
            owner.release("App", "Staging", make_bundle(folder), "1.0.0")
        self.ask("POST", "/orgs", json={"name": "contoso"})

    def ask(self, method, path, *, key=None, **options):
        headers = {"X-API-Token": key or self.server.access_key}
        return self._http.request(method, f"/v0.1{path}", headers=headers, **options)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with (
        live_server(tmp_path_factory.mktemp("bad"), rate_limits=False) as server,
        httpx2.Client(base_url=server.url, timeout=60) as http,
    ):
        yield World(server, http, tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def before(world):
    """Give what the server has kept, to which nothing is added."""
    return contents(world.server.settings)


def refuse(world, before, status, answer):
    """Check that an answer is a refusal in both shapes at once, and that nothing changed."""
    refusal = answer.json()
    assert (answer.status_code, refusal["statusCode"]) == (status, status), refusal
    assert refusal["error"] == {"code": refusal["code"], "message": refusal["message"]}
    assert refusal["message"]
    assert contents(world.server.settings) == before
    return refusal["message"]


@pytest.mark.parametrize(
    "wrong",
    [
        ("POST", "/apps", {}, 400, "'display_name' is missing"),
        ("POST", "/apps", [], 400, "must be a JSON object"),
        ("POST", "/apps", {"display_name": 5}, 400, "'display_name' is invalid"),
        ("POST", "/apps", {"name": "a/b", "display_name": "a"}, 400, "'name' is invalid"),
        ("POST", "/apps", {"display_name": "x" * 1001}, 400, "'display_name' is invalid"),
        ("POST", "/apps", {"display_name": "A", "os": {}}, 400, "'os' is invalid"),
        ("POST", "/apps", {"display_name": "App"}, 409, "already exists"),
        ("POST", "/apps", {"display_name": ".."}, 400, "could not be found again"),
        ("PATCH", APP, {"name": True}, 400, "'name' is invalid"),
        ("PATCH", APP, {"display_name": ""}, 400, "'display_name' is invalid"),
        ("PATCH", APP, {"name": "Other", "display_name": "x" * 1001}, 400, "'display_name' is invalid"),
        ("POST", "/apps", {"name": "Other", "display_name": {}}, 400, "'display_name' is invalid"),
        ("PATCH", APP, {"name": "x~~y"}, 400, "could not be found again"),
        ("GET", f"/apps/{ME}/Nope", None, 404, f'App "{ME}/Nope" does not exist.'),
        ("GET", "/apps/nobody/App", None, 404, 'App "nobody/App" does not exist.'),
        ("GET", "/apps/a%3Ab/App", None, 404, "does not exist"),
        ("POST", f"{APP}/transfer/nobody", None, 404, "registered user"),
        ("POST", f"{APP}/transfer/__proto__", None, 400, "Invalid email"),
        ("POST", f"{APP}/transfer/{ME}", None, 409, "already owns"),
        ("PATCH", f"{APP}/users/{FRIEND}", {"permissions": ["viewer"]}, 404, "not a collaborator"),
        ("PATCH", f"{APP}/users/owner@example.test", {"permissions": ["tester"]}, 400, "'permissions' is invalid"),
        ("PATCH", f"{APP}/users/owner@example.test", {"permissions": "viewer"}, 400, "list of one word"),
        ("PATCH", f"{APP}/users/owner@example.test", {"permissions": []}, 400, "list of one word"),
        ("PATCH", f"{APP}/users/owner@example.test", None, 400, "'permissions' is invalid"),
        ("POST", f"{APP}/invitations", {"user_email": "nobody@example.test"}, 404, "registered user"),
        ("POST", f"{APP}/invitations", {"user_email": "nobody"}, 400, "'user_email' is invalid"),
        ("POST", f"{APP}/invitations", {"role": "admin"}, 400, "'user_email' is missing"),
        ("POST", f"{APP}/invitations", {"user_email": FRIEND, "role": "king"}, 400, "'role' is invalid"),
        ("DELETE", f"{APP}/invitations/nobody@example.test", None, 404, "not a collaborator"),
        ("POST", f"{APP}/deployments", {"name": "Staging"}, 409, "already exists"),
        ("POST", f"{APP}/deployments", {"name": "Beta", "key": "short"}, 400, "'key' is invalid"),
        ("PATCH", STAGING, {}, 400, "'name' is missing"),
        ("PATCH", STAGING, {"name": "Production"}, 409, "already exists"),
        ("GET", f"{APP}/deployments/Nope", None, 404, 'Deployment "Nope" does not exist.'),
        ("PATCH", f"{STAGING}/releases/v7", {"description": "x"}, 404, "Release not found"),
        ("PATCH", f"{STAGING}/releases/latest", {"description": "x"}, 404, "Release not found"),
        ("PATCH", f"{STAGING}/releases/v1", {"target_binary_range": ">>1"}, 400, "'target_binary_range' is invalid"),
        ("PATCH", f"{STAGING}/releases/v1", {"is_disabled": "yes"}, 400, "'is_disabled' is invalid"),
        ("PATCH", f"{STAGING}/releases/v1", {"is_mandatory": 1}, 400, "'is_mandatory' is invalid"),
        ("PATCH", f"{STAGING}/releases/v1", {"rollout": 1e300}, 400, "'rollout' is invalid"),
        ("PATCH", f"{STAGING}/releases/v1", {"rollout": 50}, 409, "completed rollout"),
        ("PATCH", f"{STAGING}/releases/v1", {"description": "x" * 10_001}, 400, "'description' is invalid"),
        ("POST", f"{STAGING}/promote_release/Nope", {}, 404, 'Deployment "Nope"'),
        ("POST", f"{STAGING}/promote_release/Staging", {}, 409, "identical"),
        ("POST", f"{STAGING}/promote_release/Production", {"label": 1}, 400, "'label' is invalid"),
        ("POST", f"{STAGING}/rollback_release", {}, 404, "no prior releases"),
        ("POST", f"{STAGING}/rollback_release", {"label": "v1"}, 409, "already the latest"),
        ("POST", f"{STAGING}/rollback_release", {"label": "one"}, 400, "'label' is invalid"),
        ("POST", "/api_tokens", {"scope": ["viewer"]}, 400, "only read are not offered"),
        ("POST", "/api_tokens", {"scope": "all"}, 400, "'scope' is invalid"),
        ("POST", "/api_tokens", {"description": "first key"}, 409, "already exists"),
        ("POST", "/api_tokens", {"description": " "}, 400, "'description' is invalid"),
        ("POST", "/api_tokens", {"ttl": "soon"}, 400, "'ttl' is invalid"),
        ("DELETE", "/api_tokens/00000000-0000-0000-0000-000000000000", None, 404, "does not exist"),
        ("POST", "/orgs", {}, 400, "needs a name"),
        ("POST", "/orgs", {"display_name": "ÄÖÜ"}, 400, "needs a name"),
        ("POST", "/orgs", {"name": "a b"}, 400, "'name' is invalid"),
        ("POST", "/orgs", {"name": ".."}, 400, "'name' is invalid"),
        ("POST", "/orgs", {"name": "x" * 101}, 400, "'name' is invalid"),
        ("POST", "/orgs", {"name": "Contoso"}, 409, "already exists"),
        ("POST", "/orgs", {"name": "friend-example.test"}, 409, "already exists"),
        ("PATCH", "/orgs/contoso", {"name": ME}, 409, "already exists"),
        ("GET", "/orgs/nowhere", None, 404, 'Organization "nowhere" does not exist.'),
        ("GET", f"/orgs/{ME}", None, 404, "does not exist"),
        ("PATCH", "/orgs/contoso/users/nobody", {"role": "admin"}, 404, "not a member"),
        ("PATCH", f"/orgs/contoso/users/{ME}", {"role": None}, 400, "'role' is invalid"),
        ("POST", "/orgs/contoso/invitations", {"user_email": "owner@example.test"}, 409, "already a member"),
        ("DELETE", "/orgs/contoso/invitations", {}, 400, "'user_email' is missing"),
        ("GET", "/no/such/route", None, 404, "Cannot GET"),
        ("PUT", APP, None, 404, "Cannot PUT"),
    ],
)
def test_wrong_requests(world, before, wrong):
    """What is wrong is told in the client's words, with the status that says so, and nothing changes."""
    method, path, body, status, says = wrong
    options = {} if body is None else {"json": body}
    assert says in refuse(world, before, status, world.ask(method, path, **options))


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"name": "\\ud800"}', b"[" * 50_000, b"NaN"])
@pytest.mark.parametrize(("method", "path"), [("POST", "/apps"), ("POST", "/orgs"), ("PATCH", STAGING)])
def test_what_is_not_json(world, before, method, path, body):
    """A body that cannot be read is a 400."""
    refuse(world, before, 400, world.ask(method, path, content=body))


def test_a_body_that_is_too_large(world, before):
    """What no description needs is not read to its end."""
    refuse(world, before, 413, world.ask("POST", "/apps", content=b" " * 70_000))


def test_a_long_description_in_any_script_is_taken(world):
    """A description of ten thousand characters is four times as many bytes in some scripts."""
    long = "\N{GRINNING FACE}" * 5_000
    answer = world.ask("PATCH", f"{STAGING}/releases/v1", json={"description": long})
    assert (answer.status_code, answer.json()["description"]) == (200, long)


def test_a_stranger_learns_nothing(world):
    """To an account that has no part in them, an app and an organization look as if they were not there."""
    for folder, name in ((f"/apps/{ME}", "App"), ("/orgs", "contoso")):
        there, nowhere = (world.ask("GET", f"{folder}/{one}", key=world.stranger) for one in (name, "nowhere"))
        assert (there.status_code, nowhere.status_code) == (404, 404)
        assert there.text.replace(f'{name}\\"', 'nowhere\\"') == nowhere.text


NAMES = st.one_of(
    st.sampled_from(
        ["App", ME, "contoso", "Staging", "v1", FRIEND, "~~", "null", "__proto__", "%2F", "a/b", "\x00", "é"]
    ),
    st.text(min_size=1, max_size=40),
    st.text("x", min_size=2000, max_size=3000),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    [
        "name",
        "display_name",
        "os",
        "platform",
        "key",
        "permissions",
        "role",
        "user_email",
        "description",
        "scope",
        "ttl",
        "label",
        "rollout",
        "is_disabled",
        "is_mandatory",
        "target_binary_range",
    ]
)
PATHS = [
    "/user",
    "/api_tokens",
    "/api_tokens/{}",
    "/apps",
    "/apps/{}/{}",
    "/apps/{}/{}/transfer/{}",
    "/apps/{}/{}/users/{}",
    "/apps/{}/{}/invitations",
    "/apps/{}/{}/invitations/{}",
    "/apps/{}/{}/deployments",
    "/apps/{}/{}/deployments/{}",
    "/apps/{}/{}/deployments/{}/releases",
    "/apps/{}/{}/deployments/{}/releases/{}",
    "/apps/{}/{}/deployments/{}/promote_release/{}",
    "/apps/{}/{}/deployments/{}/rollback_release",
    "/apps/{}/{}/deployments/{}/metrics",
    "/apps/{}/{}/deployments/{}/uploads",
    "/orgs",
    "/orgs/{}",
    "/orgs/{}/apps",
    "/orgs/{}/users/{}",
    "/orgs/{}/invitations",
    "/orgs/{}/invitations/{}",
]


@settings(max_examples=300, deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "PATCH", "DELETE"]),
    path=st.sampled_from(PATHS),
    names=st.lists(NAMES, min_size=4, max_size=4),
    body=st.dictionaries(FIELDS, VALUES, max_size=4) | VALUES,
)
def test_no_request_brings_out_a_failure(world, method, path, names, body):
    """Whatever names and values are sent, the answer is a success or says what is wrong: never a 5xx."""
    encoded = path.format(*(quote(name, safe="", errors="replace") for name in names))
    answer = world.ask(method, encoded, content=json.dumps(body).encode(), key=world.stranger)
    assert answer.status_code < 500, (method, encoded, body)
    if answer.status_code >= 400 and answer.headers["content-type"].startswith("application/json"):
        assert answer.json()["message"]
