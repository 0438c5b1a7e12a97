"""Every management route with a body reads it in one way, and only for accounts that may use the route.

The routes come from the OpenAPI document, which another test compares with the server's route tables.
So a new route is tried without being named here.
"""

import json
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest

from codepush.testing import live_server
from codepush.wire.messages import PROBLEM_TYPE
from support.packages import make_bundle
from support.stores import contents

DOCUMENT = json.loads((Path(__file__).parents[2] / "docs/openapi.json").read_text(encoding="utf-8"))

FRIEND, VIEWER, STRANGER = "friend@example.test", "viewer@example.test", "stranger@example.test"
VALUES = {
    "access_key": "first key",
    "app": "App",
    "deployment": "Staging",
    "destination": "Production",
    "email": FRIEND,
    "label": "v1",
    "machine": "laptop",
    "new_owner": FRIEND,
    "org": "contoso",
    "owner": "owner-example.test",
    "token": "token",
    "user": FRIEND,
}
"""What the parameters of paths stand for."""

NO_OBJECTS = [b"[]", b'[{"name": "x"}]', b'"x"', b"null", b"7", b"true"]
OF_OTHER_KINDS = [{}, {"name": "x"}, [], [[]], ["50"], [50]]
"""Values that no field of a request takes. Fields that take lists or objects need others in them."""


GOOD = {
    "display_name": "Another",
    "friendlyName": "another",
    "name": "another",
    "packageInfo": {},
    "permissions": ["viewer"],
    "release_upload": {"id": "00000000-0000-4000-8000-000000000000", "token": "t" * 43, "upload_domain": "x"},
    "role": "viewer",
    "rolloutPlan": "100%",
    "target_binary_version": "1.0.0",
    "user_email": FRIEND,
}
"""What fields hold that a request needs, while another field is tried."""


def operations(*, with_json):
    """Return method, path and operation of what is asked with an access key, perhaps only what takes JSON."""
    managed = [
        (method.upper(), path, operation)
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
        if operation["security"] and not path.startswith("/upload/")
    ]
    taken = [one for one in managed if schema_of(one[-1]) is not None] if with_json else managed
    return [pytest.param(*one, id=one[-1]["operationId"]) for one in taken]


def schema_of(operation):
    """Return the schema of the JSON that an operation takes; None when it takes none."""
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    return None if schema is None else resolved(schema)


def resolved(schema):
    """Return a schema instead of a reference to it."""
    if "allOf" in schema:  # the second part only narrows the first
        return resolved(schema["allOf"][0])
    name = schema.get("$ref", "").rpartition("/")[2]
    return DOCUMENT["components"]["schemas"][name] if name else schema


def requests_with_wrong_fields(schema):
    """Yield bodies in each of which one field has a value of another kind, with the name of the field."""
    needed = {name: GOOD[name] for name in schema.get("required", ())}
    for name, kind in schema["properties"].items():
        for value in OF_OTHER_KINDS:
            if (name, value) != ("scope", []) and (name != "packageInfo" or not isinstance(value, dict)):
                yield needed | {name: value}, name
        if name == "packageInfo":
            inner = requests_with_wrong_fields(resolved(kind))
            yield from (({"packageInfo": body}, field) for body, field in inner)


class World:
    """A server with an app and an organization, a viewer of both, and a stranger to both."""

    def __init__(self, server, http, folder):
        self.server = server
        self.keys = {"owner": server.access_key, "nobody": None}
        self.keys |= {"viewer": server.add_account(VIEWER), "stranger": server.add_account(STRANGER)}
        server.add_account(FRIEND)
        self._http = http
        with server.client() as owner:
            owner.add_app("App")
            owner.add_collaborator("App", FRIEND)
            owner.release("App", "Staging", make_bundle(folder), "1.0.0")
        made = [self.ask("owner", "POST", "/v0.1/orgs", json={"name": "contoso"})]
        for email, role in ((VIEWER, "viewer"), (FRIEND, "viewer")):
            invited = {"user_email": email, "role": role}
            made.append(self.ask("owner", "POST", "/v0.1/orgs/contoso/invitations", json=invited))
        invited = {"user_email": VIEWER, "role": "member"}
        made.append(self.ask("owner", "POST", "/v0.1/apps/owner-example.test/App/invitations", json=invited))
        assert {answer.status_code for answer in made} == {201, 204}
        # The first use of a key is stored.
        assert {self.ask(role, "GET", "/account").status_code for role in ("viewer", "stranger")} == {200}

    def ask(self, role, method, path, *, headers=(), **options):
        key = self.keys[role]
        sent = dict(headers) | ({} if key is None else {"X-API-Token": key})
        filled = path.format(**{name: quote(value, safe="") for name, value in VALUES.items()})
        return self._http.request(method, filled, headers=sent, **options)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with (
        live_server(tmp_path_factory.mktemp("bodies"), rate_limits=False) as server,
        httpx2.Client(base_url=server.url, timeout=60) as http,
    ):
        yield World(server, http, tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def before(world):
    """Give what the server stores, to which nothing is added."""
    return contents(world.server.settings)


@pytest.mark.parametrize(("method", "path", "operation"), operations(with_json=True))
def test_a_body_that_is_no_object(world, before, method, path, operation):
    """JSON that is not an object is a 400 that says what is expected, and changes nothing."""
    for body in NO_OBJECTS:
        answer = world.ask("owner", method, path, content=body)
        assert (answer.status_code, "must be a JSON object" in answer.text) == (400, True), (operation, body)
        problem = world.ask("owner", method, path, content=body, headers={"Accept": PROBLEM_TYPE}).json()
        assert (problem["status"], problem["code"]) == (400, "invalid_body")
    assert contents(world.server.settings) == before


@pytest.mark.parametrize(("method", "path", "operation"), operations(with_json=True))
def test_a_field_of_another_kind(world, before, method, path, operation):
    """A list or an object in place of a text, a number or a flag is a 400 that names the field."""
    for body, name in requests_with_wrong_fields(schema_of(operation)):
        answer = world.ask("owner", method, path, json=body)
        assert (answer.status_code, name in answer.text) == (400, True), (body, answer.text)
    assert contents(world.server.settings) == before


@pytest.mark.parametrize(("method", "path", "operation"), operations(with_json=False))
def test_who_may_not_ask_learns_nothing_from_a_bad_body(world, before, method, path, operation):
    """First 401, then 404 or 403, whatever the body is; only then is the body read."""
    for body in (b"[]", b"{", b'{"rollout": [50], "name": {}}'):
        assert world.ask("nobody", method, path, content=body).status_code == 401
        if "{app}" in path or "{org}" in path:
            assert world.ask("stranger", method, path, content=body).status_code == 404
        if "403" in operation["responses"] and "{" in path and path != "/v0.1/orgs/{org}/invitations":
            assert world.ask("viewer", method, path, content=body).status_code == 403
    assert contents(world.server.settings) == before


def test_a_release_without_a_form(world, before):
    """Who may release is told that the body holds no file."""
    answer = world.ask("owner", "POST", "/apps/{app}/deployments/{deployment}/release", content=b"[]")
    assert (answer.status_code, answer.text) == (400, "A deployment package must include a file.")
    assert contents(world.server.settings) == before


def test_no_body_where_none_is_needed(world):
    """A promotion, a rollback and a renaming to nothing need no body."""
    promoted = world.ask("owner", "POST", "/apps/{app}/deployments/{deployment}/promote/{destination}")
    refused = world.ask("owner", "POST", "/apps/{app}/deployments/{deployment}/rollback")
    renamed = world.ask("owner", "PATCH", "/apps/{app}")
    assert (promoted.status_code, refused.status_code, renamed.status_code) == (201, 404, 200)
    assert "no prior releases" in refused.text
