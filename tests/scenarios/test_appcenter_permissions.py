"""Who may do what in App Center's dialect, and with apps of organizations in either dialect, from one table."""

from itertools import count

import httpx2
import pytest
from msgspec import Struct

from codepush.server.app import create_app
from codepush.testing import live_server
from support.serving import routes

EVERYONE = "everyone with a token"
RANKS = {"viewer": 1, "developer": 2, "manager": 3}

OUTSIDE = ["none", "bad", "expired", "stranger"]
ROLES = [*OUTSIDE, *RANKS]
EMAILS = {role: f"{role}@example.test" for role in ["stranger", *RANKS]}
WORDS = {"viewer": "member", "developer": "collaborator", "manager": "admin"}

_names = count(1)


class Route(Struct, frozen=True):
    """A route as App Center documents it: the least role that may use it, and what those are answered."""

    method: str
    path: str
    may: str
    status: int
    json: object = None


APP, ORG = "/v0.1/apps/{org}/App", "/v0.1/orgs/{org}"
STAGING = f"{APP}/deployments/Staging"
FRIEND, FIFTH, SIXTH = "fourth@example.test", "fifth@example.test", "sixth@example.test"

ROUTES = [
    Route("GET", "/v0.1/user", EVERYONE, 200),
    Route("GET", "/v0.1/api_tokens", EVERYONE, 200),
    Route("POST", "/v0.1/api_tokens", EVERYONE, 201, {"description": "for {org}"}),
    Route("DELETE", "/v0.1/api_tokens/no-such-id", EVERYONE, 404),
    Route("GET", "/v0.1/apps", EVERYONE, 200),
    Route("POST", "/v0.1/apps", EVERYONE, 201, {"display_name": "App of {org}", "os": "iOS", "platform": "Cordova"}),
    Route("GET", "/v0.1/orgs", EVERYONE, 200),
    Route("POST", "/v0.1/orgs", EVERYONE, 201, {"display_name": "Another {org}"}),
    Route("GET", ORG, "viewer", 200),
    Route("PATCH", ORG, "manager", 200, {"display_name": "Renamed"}),
    Route("DELETE", ORG, "manager", 409),
    Route("GET", f"{ORG}/apps", "viewer", 200),
    Route("POST", f"{ORG}/apps", "manager", 201, {"display_name": "New", "os": "iOS", "platform": "React-Native"}),
    Route("GET", f"{ORG}/users", "viewer", 200),
    Route("PATCH", f"{ORG}/users/{FRIEND}", "manager", 200, {"role": "admin"}),
    Route("DELETE", f"{ORG}/users/{FRIEND}", "manager", 204),
    Route("GET", f"{ORG}/invitations", "viewer", 200),
    Route("POST", f"{ORG}/invitations", "manager", 204, {"user_email": FIFTH}),
    Route("DELETE", f"{ORG}/invitations", "manager", 204, {"user_email": FRIEND}),
    Route("POST", f"{ORG}/invitations/{FIFTH}", "manager", 204, {"role": "member"}),
    Route("DELETE", f"{ORG}/invitations/{FRIEND}", "manager", 204),
    Route("GET", APP, "viewer", 200),
    Route("PATCH", APP, "manager", 200, {"name": "Renamed"}),
    Route("DELETE", APP, "manager", 204),
    Route("POST", f"{APP}/transfer/{FIFTH}", "manager", 200),
    Route("GET", f"{APP}/users", "viewer", 200),
    Route("PATCH", f"{APP}/users/{FRIEND}", "manager", 204, {"permissions": ["manager"]}),
    Route("DELETE", f"{APP}/users/{FRIEND}", "manager", 409),
    Route("GET", f"{APP}/invitations", "viewer", 200),
    Route("POST", f"{APP}/invitations", "manager", 204, {"user_email": FIFTH}),
    Route("POST", f"{APP}/invitations/{FIFTH}", "manager", 204),
    Route("PATCH", f"{APP}/invitations/{FRIEND}", "manager", 204, {"permissions": ["manager"]}),
    Route("DELETE", f"{APP}/invitations/{FRIEND}", "manager", 409),
    Route("GET", f"{APP}/deployments", "viewer", 200),
    Route("POST", f"{APP}/deployments", "manager", 201, {"name": "Beta"}),
    Route("GET", STAGING, "viewer", 200),
    Route("PATCH", STAGING, "manager", 204, {"name": "Beta"}),
    Route("DELETE", STAGING, "manager", 204),
    Route("GET", f"{STAGING}/releases", "viewer", 200),
    Route("DELETE", f"{STAGING}/releases", "manager", 204),
    Route("PATCH", f"{STAGING}/releases/v1", "developer", 200, {"description": "new"}),
    Route("POST", f"{STAGING}/promote_release/Production", "developer", 200, {}),
    Route("POST", f"{STAGING}/rollback_release", "developer", 201, {}),
    Route("GET", f"{STAGING}/metrics", "viewer", 200),
]

STANDALONE = [
    Route("GET", "/apps/{org}:App", "viewer", 200),
    Route("GET", "/apps/{org}~~App/collaborators", "viewer", 200),
    Route("GET", "/apps/{org}:App/deployments/Staging/history", "viewer", 200),
    Route("GET", "/apps/{org}:App/deployments/Staging/metrics", "viewer", 200),
    Route("POST", "/apps/{org}:App/deployments/Staging/rollback", "developer", 201),
    Route("POST", "/apps/{org}:App/deployments/Staging/promote/Production", "developer", 201, {}),
    Route("PATCH", "/apps/{org}:App", "manager", 200, {"name": "Renamed"}),
    Route("DELETE", "/apps/{org}:App", "manager", 204),
    Route("POST", "/apps/{org}:App/deployments", "manager", 201, {"name": "Beta"}),
    Route("POST", f"/apps/{{org}}:App/transfer/{SIXTH}", "manager", 201),
    Route("POST", f"/apps/{{org}}:App/collaborators/{FIFTH}", "manager", 201),
    Route("POST", "/apps", "manager", 201, {"name": "Third", "organization": "{org}"}),
]
"""The same app of an organization in the standalone dialect."""

PHONES = ("/v0.1/public/", "/v0.1/legacy/")
"""Where phones ask, who have no token."""

ELSEWHERE = {("POST", "/v0.1/apps/{}/{}/deployments/{}/uploads"), ("POST", "/v0.1/apps/{}/{}/deployments/{}/releases")}
"""Routes that belong to uploads, and are tried with them."""


class World:
    """A server with an account for every role, and a way to ask it as each of them."""

    def __init__(self, server, http):
        self.server = server
        self.http = http
        self.keys = {role: server.add_account(email) for role, email in EMAILS.items()}
        self.keys |= {"bad": "cpk_unknown-key-of-nobody", "none": None, "owner": server.access_key}
        for email in (FRIEND, FIFTH, SIXTH):
            server.add_account(email)
        made = self.ask("owner", "POST", "/accessKeys", json={"friendlyName": "expired", "ttl": 1}).json()
        self.keys["expired"] = made["accessKey"]["name"]
        self.ask("owner", "PATCH", "/accessKeys/expired", json={"ttl": 0})

    def ask(self, role, method, path, **options):
        key = self.keys[role]
        return self.http.request(method, path, headers={} if key is None else {"X-API-Token": key}, **options)

    def new_organization(self):
        """Make an organization with a member of every role, and an app of it with two deployments and releases."""
        name = f"org{next(_names)}"
        made = [self.ask("owner", "POST", "/v0.1/orgs", json={"name": name, "display_name": name})]
        made += [self._invite(name, EMAILS[role], WORDS[role]) for role in RANKS]
        made += [self._invite(name, FRIEND, "member")]
        made += [self.ask("owner", "POST", "/apps", json={"name": "App", "organization": name})]
        made += [self._release(f"/apps/{name}:App/deployments/Staging/release", script) for script in (b"1", b"2")]
        assert [answer.status_code for answer in made] == [201, 204, 204, 204, 204, 201, 201, 201]
        return name

    def _invite(self, name, email, role):
        return self.ask("owner", "POST", f"/v0.1/orgs/{name}/invitations", json={"user_email": email, "role": role})

    def _release(self, path, script):
        parts = {"package": ("index.js", script), "packageInfo": (None, '{"appVersion":"1.0.0"}')}
        return self.ask("owner", "POST", path, files=parts)

    def seen(self, organization):
        """Return all that a manager sees of an organization and its app."""
        org, app = ORG.format(org=organization), APP.format(org=organization)
        paths = (org, f"{org}/users", app, f"{app}/users", f"{app}/deployments", f"{app}/deployments/Staging/releases")
        return [self.ask("owner", "GET", path).text for path in paths]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with (
        live_server(tmp_path_factory.mktemp("permissions"), rate_limits="off") as server,
        httpx2.Client(base_url=server.url, timeout=60) as http,
    ):
        yield World(server, http)


@pytest.fixture(scope="module")
def left_alone(world):
    """Give an organization that nobody may change, and what its managers see of it."""
    organization = world.new_organization()
    return organization, world.seen(organization)


def expected(route, role):
    if role in {"none", "bad", "expired"}:
        return 401
    if route.may == EVERYONE:
        return route.status
    if role == "stranger":
        return 404
    return route.status if RANKS[role] >= RANKS[route.may] else 403


def send(world, route, role, organization):
    unique = organization if route.may != EVERYONE else f"{role}{next(_names)}"
    body = {name: said(value, unique) for name, value in route.json.items()} if route.json is not None else None
    return world.ask(role, route.method, route.path.format(org=organization), json=body)


def said(value, organization):
    return value.format(org=organization) if isinstance(value, str) else value


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("route", ROUTES + STANDALONE, ids=lambda route: f"{route.method} {route.path}")
def test_each_role_at_each_route(world, left_alone, route, role):
    """Whoever may do it, does; to anyone else it is forbidden, or is not there, and nothing changes."""
    wanted = expected(route, role)
    organization, before = left_alone
    if wanted < 300 and route.method != "GET" and route.may != EVERYONE:
        assert send(world, route, role, world.new_organization()).status_code == wanted
        return
    assert send(world, route, role, organization).status_code == wanted
    assert world.seen(organization) == before


def test_every_route_is_in_the_table(world):
    """A route that is added without saying who may use it fails here."""
    served = {
        (method, unnamed(one.path))
        for one in routes(create_app(world.server.settings))
        if one.path.startswith("/v0.1/") and not one.path.startswith(PHONES)
        for method in one.methods
    }
    served = {one for one in served if one[0] != "HEAD"} - ELSEWHERE
    assert served == {(route.method, unnamed(route.path)) for route in ROUTES}


def unnamed(path):
    """Return a path with nothing in the places of its parameters, whether they are filled or not."""
    names = {"App", "Staging", "Production", "v1", "no-such-id", FRIEND, FIFTH}
    return "/".join("{}" if part.startswith("{") or part in names else part for part in path.split("/"))


def test_both_doors_show_the_same_people(world, left_alone):
    """What members may do with an app is told in the words of each dialect."""
    organization, _ = left_alone
    people = world.ask("viewer", "GET", f"{APP.format(org=organization)}/users").json()
    shown = world.ask("viewer", "GET", f"/apps/{organization}:App/collaborators").json()["collaborators"]
    assert {one["email"]: one["permissions"] for one in people} == {
        EMAILS["manager"]: ["manager"],
        EMAILS["developer"]: ["developer"],
        EMAILS["viewer"]: ["viewer"],
        FRIEND: ["viewer"],
        "owner@example.test": ["manager"],
    }
    assert shown == {
        EMAILS["manager"]: {"permission": "Manager"},
        EMAILS["developer"]: {"permission": "Collaborator"},
        EMAILS["viewer"]: {"permission": "Reader", "isCurrentAccount": True},
        FRIEND: {"permission": "Reader"},
        "owner@example.test": {"permission": "Manager"},
    }


def test_apps_of_one_name_are_shown_with_their_owner(world):
    """A person sees an app of their own without its owner, and that of the organization behind its name."""
    organization = world.new_organization()
    assert world.ask("developer", "POST", "/apps", json={"name": "App"}).status_code == 201
    names = [app["name"] for app in world.ask("developer", "GET", "/apps").json()["apps"]]
    assert "App" in names
    assert f"{organization}:App" in names
    assert world.ask("developer", "GET", f"/apps/{organization}~~App").json()["app"]["name"] == f"{organization}/App"
    own = [
        world.ask("developer", "GET", f"/v0.1/apps/{owner}/App")
        for owner in (EMAILS["developer"], "developer-example.test")
    ]
    assert {answer.json()["owner"]["name"] for answer in own} == {"developer-example.test"}
    assert world.ask("developer", "DELETE", "/apps/App").status_code == 204


def test_an_app_goes_to_an_organization_and_back(world):
    """Its deployments stay, who gave it away still works on it, and members come and go with the owner."""
    organization = world.new_organization()
    made = world.ask("stranger", "POST", "/apps", json={"name": "Mine"}).json()["app"]
    assert made["deployments"] == ["Production", "Staging"]
    path = "/v0.1/apps/stranger-example.test/Mine/transfer"
    assert world.ask("stranger", "POST", f"{path}/{organization}").status_code == 404
    world.ask(
        "owner", "POST", f"/v0.1/orgs/{organization}/invitations/{EMAILS['stranger']}", json={"role": "collaborator"}
    )
    assert world.ask("stranger", "POST", f"{path}/{organization}").status_code == 403
    world.ask("owner", "PATCH", f"/v0.1/orgs/{organization}/users/stranger-example.test", json={"role": "admin"})
    given = world.ask("stranger", "POST", f"{path}/{organization.upper()}").json()
    assert (given["owner"]["name"], given["owner"]["type"], given["member_permissions"]) == (
        organization,
        "org",
        ["manager"],
    )
    assert world.ask("viewer", "GET", f"/apps/{organization}:Mine").json()["app"]["deployments"] == made["deployments"]

    back = f"/apps/{organization}:Mine/transfer/{FIFTH}"
    assert world.ask("manager", "POST", back).status_code == 201
    assert world.ask("viewer", "GET", f"/apps/{FIFTH}:Mine").status_code == 404
    shown = world.ask("manager", "GET", f"/apps/{FIFTH}:Mine/collaborators").json()["collaborators"]
    assert {email: one["permission"] for email, one in shown.items()} == {
        FIFTH: "Owner",
        EMAILS["manager"]: "Collaborator",
    }
    world.ask("manager", "DELETE", f"/apps/{FIFTH}:Mine/collaborators/{EMAILS['manager']}")
    world.ask("stranger", "DELETE", f"/v0.1/orgs/{organization}/users/{EMAILS['stranger']}")


def test_a_member_can_be_let_do_more_with_one_app(world):
    """A viewer of the organization who was let in to one app releases there, until that is taken back."""
    organization = world.new_organization()
    rollback = f"/v0.1/apps/{organization}/App/deployments/Staging/rollback_release"
    assert world.ask("viewer", "POST", rollback).status_code == 403
    path = f"/v0.1/apps/{organization}/App/invitations/{EMAILS['viewer']}"
    assert world.ask("manager", "POST", path).status_code == 204
    assert world.ask("manager", "POST", path).status_code == 409
    assert world.ask("viewer", "POST", rollback).status_code == 201
    assert world.ask("manager", "DELETE", path).status_code == 204
    assert world.ask("viewer", "POST", rollback).status_code == 403
    weaker = f"/v0.1/apps/{organization}/App/users/{EMAILS['developer']}"
    refused = world.ask("manager", "PATCH", weaker, json={"permissions": ["viewer"]})
    assert (refused.status_code, organization in refused.json()["message"]) == (409, True)


def test_a_collaborator_of_a_person_gets_every_permission(world):
    """The owner makes a collaborator a manager, a viewer and a developer again; the owner stays the owner."""
    world.ask("stranger", "POST", "/v0.1/apps", json={"display_name": "Own"})
    app = "/v0.1/apps/stranger-example.test/Own"
    world.ask("stranger", "POST", f"{app}/invitations", json={"user_email": FRIEND})
    for word, permission in (("manager", "Manager"), ("viewer", "Reader"), ("developer", "Collaborator")):
        changed = world.ask("stranger", "PATCH", f"{app}/users/{FRIEND}", json={"permissions": [word]})
        assert changed.status_code == 204
        shown = world.ask("stranger", "GET", "/apps/Own/collaborators").json()["collaborators"]
        assert shown[FRIEND] == {"permission": permission}
    own = f"{app}/users/{EMAILS['stranger']}"
    assert world.ask("stranger", "PATCH", own, json={"permissions": ["viewer"]}).status_code == 409
    assert world.ask("stranger", "DELETE", own).status_code == 409
    assert world.ask("stranger", "DELETE", app).status_code == 204


def test_an_organization_always_has_a_manager(world):
    """The last manager can neither leave nor become less, and another one can take over."""
    world.ask("stranger", "POST", "/v0.1/orgs", json={"name": "small"})
    me = "/v0.1/orgs/small/users/stranger-example.test"
    assert world.ask("stranger", "PATCH", me, json={"role": "member"}).status_code == 409
    assert world.ask("stranger", "DELETE", me).status_code == 409
    world.ask("stranger", "POST", f"/v0.1/orgs/small/invitations/{EMAILS['viewer']}", json={"role": "admin"})
    assert world.ask("stranger", "PATCH", me, json={"role": "member"}).json()["role"] == "member"
    assert world.ask("stranger", "DELETE", me).status_code == 204
    assert world.ask("stranger", "GET", "/v0.1/orgs/small").status_code == 404
    assert world.ask("viewer", "DELETE", "/v0.1/orgs/small").status_code == 204
