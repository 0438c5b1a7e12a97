"""Who may do what: every management route, asked by everyone, from one table."""

import json
from itertools import count

import httpx2
import pytest
from msgspec import Struct

from codepush.server.app import create_app
from codepush.testing import live_server
from support.databases import ENGINES, database_settings
from support.serving import routes

EVERYONE = "everyone with a key"
COLLABORATOR = "collaborators"
OWNER = "the owner"

ROLES = ["none", "bad", "expired", "stranger", "collaborator", "owner"]
EMAILS = {role: f"{role}@example.test" for role in ROLES}

_names = count(1)


class Route(Struct, frozen=True):
    """A route as the original documents it: who may use it, and what those are answered."""

    method: str
    path: str
    may: str
    status: int
    json: object = None
    release: bool = False
    owner_status: int | None = None
    """What the owner is answered, where that is something else."""


PLAN = "5%, 100%"
APP, STAGING = "/apps/{app}", "/apps/{app}/deployments/Staging"

ROUTES = [
    Route("GET", "/authenticated", EVERYONE, 200),
    Route("GET", "/account", EVERYONE, 200),
    Route("GET", "/accessKeys", EVERYONE, 200),
    Route("POST", "/accessKeys", EVERYONE, 201, {"friendlyName": "key of {app}"}),
    Route("GET", "/accessKeys/spare", EVERYONE, 200),
    Route("PATCH", "/accessKeys/spare", EVERYONE, 200, {"ttl": 60_000}),
    Route("DELETE", "/accessKeys/spare", EVERYONE, 204),
    Route("DELETE", "/sessions/nowhere", EVERYONE, 404),
    Route("GET", "/apps", EVERYONE, 200),
    Route("POST", "/apps", EVERYONE, 201, {"name": "another {app}"}),
    Route("GET", APP, COLLABORATOR, 200),
    Route("PATCH", APP, OWNER, 200, {"name": "renamed {app}"}),
    Route("DELETE", APP, OWNER, 204),
    Route("POST", f"{APP}/transfer/third@example.test", OWNER, 201),
    Route("GET", f"{APP}/collaborators", COLLABORATOR, 200),
    Route("POST", f"{APP}/collaborators/third@example.test", OWNER, 201),
    Route("DELETE", f"{APP}/collaborators/fourth@example.test", OWNER, 204),
    Route("DELETE", f"{APP}/collaborators/{{me}}", COLLABORATOR, 204, owner_status=409),
    Route("GET", f"{APP}/deployments", COLLABORATOR, 200),
    Route("POST", f"{APP}/deployments", OWNER, 201, {"name": "Beta"}),
    Route("GET", STAGING, COLLABORATOR, 200),
    Route("PATCH", STAGING, OWNER, 200, {"name": "Beta"}),
    Route("DELETE", STAGING, OWNER, 204),
    Route("GET", f"{STAGING}/history", COLLABORATOR, 200),
    Route("DELETE", f"{STAGING}/history", OWNER, 204),
    Route("GET", f"{STAGING}/metrics", COLLABORATOR, 200),
    Route("GET", f"{STAGING}/metrics/series", COLLABORATOR, 200),
    Route("GET", f"{STAGING}/insight?label=v1", COLLABORATOR, 200),
    Route("POST", f"{STAGING}/release", COLLABORATOR, 201, release=True),
    Route("PATCH", f"{STAGING}/release", COLLABORATOR, 200, {"packageInfo": {"description": "new"}}),
    Route("POST", f"{STAGING}/promote/Production", COLLABORATOR, 201, {}),
    Route("POST", f"{STAGING}/rollback", COLLABORATOR, 201),
    Route("POST", f"{STAGING}/rollback/v1", COLLABORATOR, 201),
    Route("POST", f"{STAGING}/rollouts/preview", COLLABORATOR, 200, {"rolloutPlan": PLAN}),
    Route("GET", f"{STAGING}/rollouts", COLLABORATOR, 200),
    Route("GET", f"{STAGING}/rollouts/v3", COLLABORATOR, 200),
    Route("PUT", f"{STAGING}/rollouts/v3", COLLABORATOR, 200, {"rolloutPlan": PLAN}),
    Route("POST", f"{STAGING}/rollouts/v3/pause", COLLABORATOR, 200),
    Route("POST", f"{STAGING}/rollouts/v3/resume", COLLABORATOR, 200),
    Route("POST", f"{STAGING}/rollouts/v3/advance", COLLABORATOR, 200),
    Route("POST", f"{STAGING}/rollouts/v3/halt", COLLABORATOR, 200),
    Route("POST", f"{STAGING}/rollouts/v3/complete", COLLABORATOR, 200),
    Route("POST", f"{STAGING}/rollouts/v3/cancel", COLLABORATOR, 200),
    Route("GET", f"{STAGING}/rollouts/v3/decisions", COLLABORATOR, 200),
    Route("POST", f"{STAGING}/stop", COLLABORATOR, 204, {"note": "outage"}),
    Route("DELETE", f"{STAGING}/stop", COLLABORATOR, 204),
    Route("GET", f"{STAGING}/plan", COLLABORATOR, 200),
    Route("PUT", f"{STAGING}/plan", OWNER, 200, {"rolloutPlan": PLAN}),
    Route("DELETE", f"{STAGING}/plan", OWNER, 204),
]

MANAGED = ("/authenticated", "/account", "/accessKeys", "/sessions", "/apps")
"""Where the standalone dialect's paths begin; App Center's has a table of its own."""

PARAMETERS = {"spare": "{access_key}", "nowhere": "{machine}", "Staging": "{deployment}", "Production": "{destination}"}
PARAMETERS |= {
    "v1": "{label}",
    "v3": "{label}",
    "{me}": "{email}",
    "third@example.test": "{email}",
    "fourth@example.test": "{email}",
}


class World:
    """A server with an account for every role, and a way to ask it as each of them."""

    def __init__(self, server, http):
        self.server = server
        self.http = http
        self.keys = {role: server.add_account(EMAILS[role]) for role in ("stranger", "collaborator")}
        self.keys |= {"owner": server.access_key, "bad": "cpk_unknown-key-of-nobody", "none": None}
        for email in ("third@example.test", "fourth@example.test"):
            server.add_account(email)
        made = self.ask("owner", "POST", "/accessKeys", json={"friendlyName": "expired", "ttl": 1}).json()
        self.keys["expired"] = made["accessKey"]["name"]
        self.ask("owner", "PATCH", "/accessKeys/expired", json={"ttl": 0})

    def ask(self, role, method, path, **options):
        key = self.keys[role]
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        return self.http.request(method, path, headers=headers, **options)

    def release(self, role, path, script, **info):
        parts = {"package": ("index.js", script), "packageInfo": (None, json.dumps({"appVersion": "1.0.0", **info}))}
        return self.ask(role, "POST", path, files=parts)

    def new_app(self):
        """Make an app of the owner's with collaborators and two releases."""
        app = f"App{next(_names)}"
        made = [self.ask("owner", "POST", "/apps", json={"name": app})]
        people = (EMAILS["collaborator"], "fourth@example.test")
        made += [self.ask("owner", "POST", f"/apps/{app}/collaborators/{email}") for email in people]
        made += [self.release("owner", f"/apps/{app}/deployments/Staging/release", script) for script in (b"1", b"2")]
        assert [answer.status_code for answer in made] == [201] * 5
        return app

    def ground(self, route, role):
        """Make what a request needs that is going to succeed, and return the app or a name that nothing has."""
        if "spare" in route.path:
            self.ask(role, "POST", "/accessKeys", json={"friendlyName": "spare"})
        app = self.new_app() if "{app}" in route.path else f"Name{next(_names)}"
        if "/rollouts" in route.path:
            self.roll_out(app, is_paused=route.path.endswith("/resume"))
        return app

    def roll_out(self, app, *, is_paused):
        """Release v3 of an app with a plan."""
        below = f"/apps/{app}/deployments/Staging"
        made = [self.release("owner", f"{below}/release", b"3", rolloutPlan=PLAN)]
        if is_paused:
            made.append(self.ask("owner", "POST", f"{below}/rollouts/v3/pause"))
        assert [answer.status_code for answer in made] == [201, 200][: len(made)]

    def seen(self, app):
        """Return all that the owner sees of an app."""
        paths = (f"/apps/{app}", f"/apps/{app}/deployments", f"/apps/{app}/deployments/Staging/history")
        return [self.ask("owner", "GET", path).text for path in paths]


@pytest.fixture(scope="module", params=ENGINES)
def world(request, tmp_path_factory):
    settings = database_settings(request, request.param)
    with (
        live_server(tmp_path_factory.mktemp("permissions"), rate_limits="off", **settings) as server,
        httpx2.Client(base_url=server.url, timeout=60) as http,
    ):
        yield World(server, http)


@pytest.fixture(scope="module")
def left_alone(world):
    """Give an app that nobody may change, and what its owner sees of it."""
    app = world.new_app()
    return app, world.seen(app)


def expected(route, role):
    if role in {"none", "bad", "expired"}:
        return 401
    if role == "stranger":
        return route.status if route.may == EVERYONE else 404
    if role == "collaborator":
        return 403 if route.may == OWNER else route.status
    return route.owner_status or route.status


def send(world, route, role, app):
    path = route.path.format(app=app, me=EMAILS[role] if role != "owner" else "owner@example.test")
    if route.release:
        return world.release(role, path, b"3")
    body = None if route.json is None else {name: said(value, app) for name, value in route.json.items()}
    return world.ask(role, route.method, path, json=body)


def said(value, app):
    return value.format(app=app) if isinstance(value, str) else value


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_each_role_at_each_route(world, left_alone, route, role):
    """Whoever may do it, does; to anyone else it is forbidden, or the app is not there, and nothing changes."""
    wanted = expected(route, role)
    if wanted == route.status:
        assert send(world, route, role, world.ground(route, role)).status_code == wanted
        return
    app, before = left_alone
    assert send(world, route, role, app).status_code == wanted
    assert world.seen(app) == before


def test_every_route_is_in_the_table(world):
    """A route that is added without saying who may use it fails here."""
    everything = routes(create_app(world.server.settings))
    served = {(one.path, method) for one in everything if one.path.startswith(MANAGED) for method in one.methods}
    served = {one for one in served if one[1] != "HEAD"}
    listed = [(route.path.partition("?")[0].split("/"), route.method) for route in ROUTES]
    assert served == {("/".join(PARAMETERS.get(part, part) for part in parts), method) for parts, method in listed}


def test_a_member_of_nothing_learns_nothing(world, left_alone):
    """To a stranger an app that is there and one that is not look the same."""
    app, _ = left_alone
    answers = [world.ask("stranger", "GET", f"/apps/{name}") for name in (app, "Nope")]
    texts = [answer.text.replace(app, "Nope") for answer in answers]
    assert texts[0] == texts[1]
    assert [answer.status_code for answer in answers] == [404, 404]


def test_every_form_of_credentials(world):
    """A key is taken from either header or from the query, and more than one of them are as good as none."""
    key = world.keys["owner"]
    forms = [
        ({"Authorization": f"Bearer {key}"}, ""),
        ({"Authorization": f"bEARER {key}"}, ""),
        ({"X-API-Token": key}, ""),
        ({}, f"?access_token={key}"),
    ]
    for headers, query in forms:
        assert world.http.get(f"/authenticated{query}", headers=headers).json() == {"authenticated": True}
    twice = [(forms[0][0] | forms[2][0], ""), (forms[0][0], forms[3][1]), ({}, f"{forms[3][1]}&access_token={key}")]
    for headers, query in twice:
        assert world.http.get(f"/authenticated{query}", headers=headers).status_code == 401
