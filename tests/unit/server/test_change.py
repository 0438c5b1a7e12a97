"""Changes: authorization, the audit line, and what is announced after the commit."""

import json

import pytest

from codepush.server.services.caller import Caller, operator, visitor
from codepush.server.services.change import Changes
from codepush.server.services.errors import ForbiddenError, NotFoundError

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ada(store):
    """The caller of a request with an access key, who owns the app "App" with the deployment "Staging"."""
    async with store.write() as records:
        account = await records.accounts.add(email="ada@example.com", name="", created_at=1)
        app = await records.apps.add(owner_id=account.id, name="App", os=None, platform=None, created_at=1)
        await records.deployments.add(app_id=app, name="Staging", key="k" * 20, device_key=b"k", created_at=1)
    return Caller(kind="person", acts_as=account, access_key_id=5, request_id="9f0c")


async def trail(store):
    async with store.read() as records:
        return await records.events.page(limit=100)


async def test_a_line_holds_who_did_what_as_json(store, ada):
    """It has the actor, the key, the request, the subject, and before and after as JSON, whatever they are."""
    async with Changes(store, clock=lambda: 42).by(ada) as change:
        deployment = await change.deployment("App", "Staging", "view_deployment")
        await change.note("deployment.rename", deployment, before={"name": "Staging"}, after="Beta")
    [line] = await trail(store)
    assert (line.at, line.actor, line.actor_kind, line.access_key_id, line.request_id) == (
        42,
        "ada@example.com",
        "person",
        5,
        "9f0c",
    )
    assert (line.kind, line.app_id, line.deployment_id) == ("deployment.rename", deployment.app_id, deployment.id)
    assert (json.loads(line.before), json.loads(line.after)) == ({"name": "Staging"}, "Beta")


async def test_a_line_names_the_organization_of_an_app(store, ada):
    """The line of a deployment has the organization that owns its app."""
    async with store.write() as records:
        organization = await records.organizations.add(slug="contoso", name="Contoso", created_at=1)
        await records.organizations.add_member(organization.id, ada.account.id, "manager")
        [app] = await records.apps.named(ada.account.id, "App")
        await records.apps.give(app.id, organization.id, "org")
    async with Changes(store).by(ada) as change:
        await change.note("deployment.edit", await change.deployment("App", "Staging", "view_deployment"))
        await change.note("app.edit", await change.app("contoso:App", "view_app"))
        await change.note("organization.edit", (await change.organization("contoso", "view")).organization)
    assert [line.organization_id for line in await trail(store)] == [organization.id] * 3


async def test_what_was_undone_leaves_no_line_and_is_not_announced(store, ada):
    """A change that raises is undone with its line; one that is committed is announced once."""
    announced = []
    changes = Changes(store, announced.append)

    async def fail():
        async with changes.by(ada) as change:
            await change.note("app.edit")
            change.touches(1)
            await change.app("Other", "view_app")

    with pytest.raises(NotFoundError):
        await fail()
    assert (announced, await trail(store)) == ([], ())
    async with changes.by(ada) as change:
        await change.note("app.edit")
        change.touches(1, 2)
        change.touches(2)
        assert announced == []
    [committed] = announced
    assert (committed.kinds, committed.deployments) == (("app.edit",), {1, 2})


async def test_strangers_and_callers_without_an_account_change_nothing(store, ada):
    """An unknown app is not found, and an administrator's command acts as an account only if it names one."""
    changes = Changes(store)
    with pytest.raises(NotFoundError):
        async with changes.by(ada) as change:
            await change.app("Other", "view_app")
    for caller in (operator("host"), visitor()):
        with pytest.raises(ForbiddenError):
            async with changes.by(caller) as change:
                await change.app("App", "view_app")
    async with changes.by(operator("host").acting_as(ada.account)) as change:
        app = await change.app("App", "rename_app")
        await change.note("app.edit", app)
    [line] = await trail(store)
    assert (line.actor, line.actor_kind, line.app_id) == ("host", "server:cli", app.id)


async def test_a_login_is_identified_within_the_change(store, ada):
    """The line of a login has the account that the login found."""
    async with Changes(store).by(visitor("1")) as change:
        change.identify(ada.account)
        await change.note("account.login", after={"by": "one-time code"})
    [line] = await trail(store)
    assert (line.actor, line.actor_kind, line.request_id) == ("ada@example.com", "person", "1")
