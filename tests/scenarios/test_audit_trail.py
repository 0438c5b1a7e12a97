"""The audit trail: each successful change through either API leaves exactly one line, of its own kind and complete."""

import json

import anyio
import httpx2
import pytest

from codepush.server.storage.sql.store import SqlStore
from codepush.testing import live_server
from scenarios import test_appcenter_permissions as appcenter, test_permissions as standalone

APP, STAGING = standalone.APP, standalone.STAGING
STANDALONE_KINDS = {
    "POST /accessKeys": "access_key.add",
    "PATCH /accessKeys/spare": "access_key.update",
    "DELETE /accessKeys/spare": "access_key.remove",
    "DELETE /sessions/nowhere": "session.remove",
    "POST /apps": "app.add",
    f"PATCH {APP}": "app.rename",
    f"DELETE {APP}": "app.remove",
    f"POST {APP}/transfer/third@example.test": "app.transfer",
    f"POST {APP}/collaborators/third@example.test": "collaborator.add",
    f"DELETE {APP}/collaborators/fourth@example.test": "collaborator.remove",
    f"DELETE {APP}/collaborators/{{me}}": "collaborator.remove",
    f"POST {APP}/deployments": "deployment.add",
    f"PATCH {STAGING}": "deployment.rename",
    f"DELETE {STAGING}": "deployment.remove",
    f"DELETE {STAGING}/history": "deployment.clear",
    f"POST {STAGING}/release": "release.upload",
    f"PATCH {STAGING}/release": "release.patch",
    f"POST {STAGING}/promote/Production": "release.promote",
    f"POST {STAGING}/rollback": "release.rollback",
    f"POST {STAGING}/rollback/v1": "release.rollback",
    f"POST {STAGING}/rollouts/preview": None,
    f"PUT {STAGING}/rollouts/v3": "rollout.plan",
    f"POST {STAGING}/rollouts/v3/pause": "rollout.pause",
    f"POST {STAGING}/rollouts/v3/resume": "rollout.resume",
    f"POST {STAGING}/rollouts/v3/advance": "rollout.advance",
    f"POST {STAGING}/rollouts/v3/halt": "rollout.halt",
    f"POST {STAGING}/rollouts/v3/complete": "rollout.complete",
    f"POST {STAGING}/rollouts/v3/cancel": "rollout.cancel",
    f"POST {STAGING}/stop": "deployment.stop",
    f"DELETE {STAGING}/stop": "deployment.start",
    f"PUT {STAGING}/plan": "deployment.plan",
    f"DELETE {STAGING}/plan": "deployment.plan",
}
UNDONE = {
    f"DELETE {STAGING}/stop": ("POST", {"note": "outage"}),
    f"DELETE {STAGING}/plan": ("PUT", {"rolloutPlan": "5%, 100%"}),
}
"""What there has to be before it can be undone."""

ORG, FRIEND, FIFTH = appcenter.ORG, appcenter.FRIEND, appcenter.FIFTH
APPCENTER_KINDS = {
    "POST /v0.1/api_tokens": "access_key.add",
    "DELETE /v0.1/api_tokens/no-such-id": "access_key.remove",
    "POST /v0.1/apps": "app.add",
    "POST /v0.1/orgs": "organization.add",
    f"PATCH {ORG}": "organization.change",
    f"DELETE {ORG}": "organization.remove",
    f"POST {ORG}/apps": "app.add",
    f"PATCH {ORG}/users/{FRIEND}": "member.change",
    f"DELETE {ORG}/users/{FRIEND}": "member.remove",
    f"POST {ORG}/invitations": "member.add",
    f"DELETE {ORG}/invitations": "member.remove",
    f"POST {ORG}/invitations/{FIFTH}": "member.add",
    f"DELETE {ORG}/invitations/{FRIEND}": "member.remove",
    f"PATCH {appcenter.APP}": "app.rename",
    f"DELETE {appcenter.APP}": "app.remove",
    f"POST {appcenter.APP}/transfer/{FIFTH}": "app.transfer",
    f"PATCH {appcenter.APP}/users/{FRIEND}": "collaborator.change",
    f"DELETE {appcenter.APP}/users/{FRIEND}": "collaborator.remove",
    f"POST {appcenter.APP}/invitations": "collaborator.add",
    f"POST {appcenter.APP}/invitations/{FIFTH}": "collaborator.add",
    f"PATCH {appcenter.APP}/invitations/{FRIEND}": "collaborator.change",
    f"DELETE {appcenter.APP}/invitations/{FRIEND}": "collaborator.remove",
    f"POST {appcenter.APP}/deployments": "deployment.add",
    f"PATCH {appcenter.STAGING}": "deployment.rename",
    f"DELETE {appcenter.STAGING}": "deployment.remove",
    f"DELETE {appcenter.STAGING}/releases": "deployment.clear",
    f"PATCH {appcenter.STAGING}/releases/v1": "release.patch",
    f"POST {appcenter.STAGING}/promote_release/Production": "release.promote",
    f"POST {appcenter.STAGING}/rollback_release": "release.rollback",
}


def mutating(module):
    """Return the routes of a table of permissions, which has every route of the server, that change something."""
    return [route for route in module.ROUTES if route.method != "GET"]


def name(route):
    return f"{route.method} {route.path}"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with live_server(tmp_path_factory.mktemp("trail"), rate_limits="off") as server:
        yield server


@pytest.fixture(scope="module")
def worlds(server):
    with httpx2.Client(base_url=server.url, timeout=60) as http:
        world = standalone.World(server, http)
        organized = appcenter.World.__new__(appcenter.World)  # on the same server, whose accounts are there already
        organized.server, organized.http = server, http
        organized.keys = world.keys | {role: server.add_account(appcenter.EMAILS[role]) for role in appcenter.RANKS}
        for email in (appcenter.FIFTH, appcenter.SIXTH):
            server.add_account(email)
        yield world, organized


def trail(server, *, after=0):
    async def read():
        store = SqlStore(server.settings.database_url)
        async with store.read() as records:
            lines = await records.events.page(after=after, limit=10_000)
        await store.close()
        return lines

    return anyio.run(read)


def check(server, response, lines, kind, actor):
    """A success left one line that says who did what with which key and in which request.

    A rejection left none, nor did what changes nothing.
    """
    if response.status_code >= 400 or kind is None:
        assert lines == ()
        return
    [line] = lines
    assert (line.kind, line.actor, line.actor_kind) == (kind, actor, "person")
    assert line.access_key_id is not None
    assert line.request_id == response.headers["X-Request-Id"]
    texts = [text for text in (line.before, line.after) if text is not None]
    assert texts
    for text in texts:
        assert isinstance(json.loads(text), dict)
        assert server.access_key not in text
    about = kind.partition(".")[0]
    assert (line.app_id is not None) == (about in {"app", "collaborator", "deployment", "release", "rollout"})
    assert (line.deployment_id is not None) == (about in {"deployment", "release", "rollout"})


@pytest.mark.parametrize("route", mutating(standalone), ids=name)
def test_each_change_in_the_standalone_dialect_leaves_one_line(server, worlds, route):
    world, _ = worlds
    role = "collaborator" if "{me}" in route.path else "owner"
    app = world.ground(route, role)
    if name(route) in UNDONE:
        method, body = UNDONE[name(route)]
        assert world.ask("owner", method, route.path.format(app=app), json=body).status_code < 300
    last = max(line.number for line in trail(server))
    response = standalone.send(world, route, role, app)
    assert (response.status_code < 400) == (route.status < 400)
    check(server, response, trail(server, after=last), STANDALONE_KINDS[name(route)], world_email(role))


def world_email(role):
    return "owner@example.test" if role == "owner" else standalone.EMAILS[role]


@pytest.mark.parametrize("route", mutating(appcenter), ids=name)
def test_each_change_in_app_centers_dialect_leaves_one_line(server, worlds, route):
    _, world = worlds
    organization = world.new_organization()
    last = max(line.number for line in trail(server))
    response = appcenter.send(world, route, "manager", organization)
    assert response.status_code == route.status
    lines = trail(server, after=last)
    check(server, response, lines, APPCENTER_KINDS[name(route)], appcenter.EMAILS["manager"])
    if route.path.startswith((ORG, appcenter.APP)) and lines and "/transfer/" not in route.path:
        assert lines[0].organization_id is not None


def test_commands_of_an_administrator_are_not_recorded_as_the_account(server):
    """An account that a command adds has a line whose actor is the machine."""
    last = max((line.number for line in trail(server)), default=0)
    server.add_account("new@example.test")
    [line] = trail(server, after=last)
    assert (line.kind, line.actor_kind, line.access_key_id) == ("account.add", "server:cli", None)
    assert line.actor != "new@example.test"
    assert json.loads(line.after)["email"] == "new@example.test"
