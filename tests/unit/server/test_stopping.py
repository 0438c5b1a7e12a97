"""Stopping updates of one deployment, and of all."""

import json

import pytest

from codepush.server.services.caller import Caller, operator
from codepush.server.services.change import Changes
from codepush.server.services.errors import ConflictError, ForbiddenError, NotFoundError
from codepush.server.services.releasing.stopping import Stopping

pytestmark = pytest.mark.anyio

DEPLOYMENTS = 450


class World:
    """Two accounts, an app of an organization with many deployments, and the service."""

    def __init__(self, store):
        self.store = store
        self.announced = []
        self.stopping = Stopping(Changes(store, self.announced.append))

    async def fill(self):
        async with self.store.write() as records:
            ada, eve = [
                await records.accounts.add(email=f"{name}@example.com", name="", created_at=1)
                for name in ("ada", "eve")
            ]
            self.organization = await records.organizations.add(slug="contoso", name="Contoso", created_at=1)
            await records.organizations.add_member(self.organization.id, ada.id, "manager")
            await records.organizations.add_member(self.organization.id, eve.id, "viewer")
            app = await records.apps.add(
                owner_id=self.organization.id, owner_kind="org", name="App", os=None, platform=None, created_at=1
            )
            for number in range(DEPLOYMENTS):
                await records.deployments.add(
                    app_id=app, name=f"D{number}", key=f"key-{number}" * 4, device_key=b"k", created_at=1
                )
        self.ada, self.eve = [Caller(kind="person", acts_as=one) for one in (ada, eve)]
        return self

    async def deployments(self):
        async with self.store.read() as records:
            [app] = await records.apps.named(self.ada.account.id, "App")
            return {one.name: one for one in await records.deployments.of_app(app.id)}

    async def stopped_by(self):
        return {name: one.stopped_by for name, one in (await self.deployments()).items() if one.stopped_by}

    async def trail(self):
        async with self.store.read() as records:
            return await records.events.page(limit=10_000)


@pytest.fixture
async def world(store):
    return await World(store).fill()


async def test_a_stop_has_an_author_a_note_and_a_new_revision(world):
    """The deployment keeps who stopped it, its revision rises, and the audit line has the note."""
    before = (await world.deployments())["D1"]
    state = await world.stopping.stop(world.ada, "App", "D1", "The login is broken.")
    after = (await world.deployments())["D1"]
    assert (state.is_stopped, state.stopped_by) == (True, f"account:{world.ada.account.id}")
    assert (after.stopped_by, after.revision) == (state.stopped_by, before.revision + 1)
    [line] = await world.trail()
    assert (line.kind, line.actor, line.deployment_id) == ("deployment.stop", "ada@example.com", after.id)
    assert (json.loads(line.after), line.organization_id) == ({"note": "The login is broken."}, world.organization.id)
    assert [one.deployments for one in world.announced] == [{after.id}]


async def test_a_start_clears_it(world):
    """The deployment is as it was, and the audit line has what was before."""
    stopped = await world.stopping.stop(world.ada, "App", "D1", None)
    state = await world.stopping.start(world.ada, "App", "D1", "Fixed.")
    assert (state.is_stopped, await world.stopped_by()) == (False, {})
    line = (await world.trail())[-1]
    assert (line.kind, json.loads(line.before), json.loads(line.after)) == (
        "deployment.start",
        {"stopped_by": stopped.stopped_by},
        {"note": "Fixed."},
    )


async def test_repeating_changes_nothing(world):
    """A second stop and a second start return the state, without an audit line and without an announcement."""
    new = (await world.deployments())["D1"].revision
    await world.stopping.start(world.ada, "App", "D1")
    assert (await world.trail(), (await world.deployments())["D1"].revision) == ((), new)
    first = await world.stopping.stop(world.ada, "App", "D1", "first")
    revision = (await world.deployments())["D1"].revision
    assert await world.stopping.stop(world.ada, "App", "D1", "second") == first
    assert (await world.deployments())["D1"].revision == revision
    assert len(await world.trail()) == 1
    assert [one.kinds for one in world.announced] == [(), ("deployment.stop",), ()]


async def test_readers_and_strangers_neither_stop_nor_start(world):
    """A reader lacks the permission, and an unknown deployment is not found."""
    for act in (world.stopping.stop, world.stopping.start):
        with pytest.raises(ForbiddenError):
            await act(world.eve, "App", "D1", None)
        with pytest.raises(NotFoundError):
            await act(world.ada, "App", "Other", None)
    assert await world.trail() == ()


async def test_an_administrator_stops_all_in_several_transactions(world):
    """Every deployment is stopped with its own audit line, up to 200 in a transaction."""
    assert await world.stopping.stop_all(operator("host"), "Leaked key.") == DEPLOYMENTS
    assert set((await world.stopped_by()).values()) == {"server:cli"}
    assert [len(one.deployments) for one in world.announced] == [200, 200, 50]
    lines = await world.trail()
    assert {(one.kind, one.actor, one.actor_kind, one.organization_id, one.after) for one in lines} == {
        ("deployment.stop", "host", "server:cli", world.organization.id, '{"note":"Leaked key."}')
    }
    assert {one.deployment_id for one in lines} == {one.id for one in (await world.deployments()).values()}
    assert await world.stopping.stop_all(operator("another host")) == 0


async def test_an_administrator_starts_only_what_an_administrator_has_stopped(world):
    """A deployment that its owner has stopped stays stopped, whichever came first and on whatever machine."""
    stopped = await world.stopping.stop(world.ada, "App", "D7", None)
    assert await world.stopping.stop_all(operator("host")) == DEPLOYMENTS - 1
    assert await world.stopping.start_all(operator("another host"), "Over.") == DEPLOYMENTS - 1
    assert await world.stopped_by() == {"D7": stopped.stopped_by}
    assert await world.stopping.start_all(operator("host")) == 0


async def test_an_owner_cannot_start_what_an_administrator_has_stopped(world):
    """It is a conflict that names the command; a stop of the owner does not take it over."""
    await world.stopping.stop_all(operator("host"))
    assert (await world.stopping.stop(world.ada, "App", "D1", None)).stopped_by == "server:cli"
    with pytest.raises(ConflictError, match="codepush server start-updates") as caught:
        await world.stopping.start(world.ada, "App", "D1")
    assert caught.value.code == "wrong_state"
    assert (await world.stopped_by())["D1"] == "server:cli"
