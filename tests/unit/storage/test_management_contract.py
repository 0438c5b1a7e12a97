"""What every store does for managing keys, apps and deployments, whichever database is behind it."""

import pytest

from codepush.server.ports.devices import Addition
from codepush.server.ports.errors import AlreadyExistsError, MissingError
from codepush.server.ports.responses import ResponseRecord
from unit.storage.factories import a_release, add_account, add_app, add_deployment, add_package, lay_ground, ran

pytestmark = pytest.mark.anyio


async def add_key(records, account_id, name, **fields):
    values = {"digest": f"digest of {name}", "created_by": "here", "created_at": 1, "expires_at": 9, **fields}
    await records.access_keys.add(account_id=account_id, friendly_name=name, **values)


async def test_access_keys_are_listed_in_the_order_of_their_making(store):
    """An account's keys come oldest first, with all that is known of them, and without those of others."""
    async with store.write() as records:
        ada, bob = await add_account(records), await add_account(records)
        await add_key(records, ada, "second", created_at=2)
        await add_key(records, ada, "first", created_at=1, is_session=True, created_by="laptop")
        await add_key(records, bob, "another")
    async with store.read() as records:
        keys = await records.access_keys.of_account(ada)
        assert await records.access_keys.named(ada, "first") == keys[0]
        assert await records.access_keys.named(ada, "another") is None
    assert [key.friendly_name for key in keys] == ["first", "second"]
    assert (keys[0].is_session, keys[0].created_by, keys[0].created_at) == (True, "laptop", 1)


async def test_an_access_key_changes_name_and_life(store):
    """It stays the same key; a name that is taken is refused."""
    async with store.write() as records:
        ada = await add_account(records)
        await add_key(records, ada, "old")
        await add_key(records, ada, "taken")
        key = await records.access_keys.named(ada, "old")
        await records.access_keys.update(key.id, friendly_name="new", expires_at=77)
        changed = await records.access_keys.by_digest("digest of old")
    assert (changed.id, changed.friendly_name, changed.expires_at) == (key.id, "new", 77)
    with pytest.raises(AlreadyExistsError):
        async with store.write() as records:
            await records.access_keys.update(key.id, friendly_name="taken", expires_at=77)


async def test_a_removed_access_key_is_gone(store):
    """It is not found any more, and removing it again is an error."""
    async with store.write() as records:
        ada = await add_account(records)
        await add_key(records, ada, "ci")
        key = await records.access_keys.named(ada, "ci")
        await records.access_keys.remove(key.id)
        assert await records.access_keys.by_digest("digest of ci") is None
        with pytest.raises(MissingError):
            await records.access_keys.remove(key.id)


async def test_only_sessions_of_the_machine_are_removed(store):
    """Other keys of the machine, and sessions of other machines and people, stay."""
    async with store.write() as records:
        ada, bob = await add_account(records), await add_account(records)
        await add_key(records, ada, "s1", is_session=True)
        await add_key(records, ada, "s2", is_session=True, created_by="there")
        await add_key(records, ada, "ci")
        await add_key(records, bob, "s3", is_session=True)
        assert await records.access_keys.remove_sessions(ada, "here") == 1
        assert await records.access_keys.remove_sessions(ada, "here") == 0
        assert [key.friendly_name for key in await records.access_keys.of_account(ada)] == ["s2", "ci"]
        assert len(await records.access_keys.of_account(bob)) == 1


async def test_an_app_changes_its_name(store):
    """Its owner sees the new one; a name of another app of the owner's is refused, one of somebody else's is not."""
    async with store.write() as records:
        ada, bob = await add_account(records), await add_account(records)
        app = await add_app(records, ada, "old")
        await add_app(records, ada, "taken")
        await add_app(records, bob, "new")
        await records.apps.rename(app, "new")
        assert [one.name for one in await records.apps.visible_to(ada)] == ["new", "taken"]
    with pytest.raises(AlreadyExistsError):
        async with store.write() as records:
            await records.apps.rename(app, "taken")


async def test_an_app_is_shown_by_its_name_until_it_gets_another(store):
    """A name for people that was given stays when the name changes; without one, the name is shown."""
    async with store.write() as records:
        ada = await add_account(records)
        app = await add_app(records, ada, "old")
        await records.apps.rename(app, "new")
        assert [(one.name, one.display_name) for one in await records.apps.visible_to(ada)] == [("new", "new")]
        await records.apps.set_display_name(app, "For people")
        await records.apps.rename(app, "newer")
        assert [(one.name, one.display_name) for one in await records.apps.visible_to(ada)] == [("newer", "For people")]


async def test_an_app_changes_hands(store):
    """The new owner is its owner, and the old one sees it no more unless made a collaborator."""
    async with store.write() as records:
        ada, bob = await add_account(records), await add_account(records)
        app = await add_app(records, ada, "app")
        await records.apps.add_collaborator(app, bob)
        await records.apps.give(app, bob)
        await records.apps.remove_collaborator(app, bob)
        [seen] = await records.apps.visible_to(bob)
        assert [(one.account_id, one.permission) for one in seen.collaborators] == [(bob, "Owner")]
        assert await records.apps.visible_to(ada) == ()
        await add_app(records, ada, "app")
    with pytest.raises(AlreadyExistsError):
        async with store.write() as records:
            await records.apps.give(app, ada)


async def test_collaborators_come_and_go(store):
    """An app is seen by whom it has as collaborators, each once."""
    async with store.write() as records:
        ada, bob = await add_account(records), await add_account(records)
        app = await add_app(records, ada)
        await records.apps.add_collaborator(app, bob)
        [seen] = await records.apps.visible_to(bob)
        assert [one.permission for one in seen.collaborators] == ["Owner", "Collaborator"]
    with pytest.raises(AlreadyExistsError):
        async with store.write() as records:
            await records.apps.add_collaborator(app, bob)
    async with store.write() as records:
        await records.apps.remove_collaborator(app, bob)
        assert await records.apps.visible_to(bob) == ()
        assert len(await records.apps.visible_to(ada)) == 1


async def test_a_deployment_changes_its_name(store):
    """It keeps its key; a name that the app has is refused."""
    ground = await lay_ground(store)
    deployment = ground.deployment
    async with store.write() as records:
        await records.deployments.rename(deployment.id, "new")
        found = await records.deployments.named(ground.app_id, "new")
        assert (found.id, found.key) == (deployment.id, deployment.key)
        assert await records.deployments.named(ground.app_id, deployment.name) is None
        other = await add_deployment(records, ground.app_id)
    with pytest.raises(AlreadyExistsError):
        async with store.write() as records:
            await records.deployments.rename(other.id, "new")


async def test_a_removed_deployment_takes_its_releases_along(store):
    """Its key means nothing any more, and its number has no revision; the app's packages stay."""
    ground = await lay_ground(store)
    async with store.write() as records:
        await records.releases.add(ground.deployment.id, a_release(ground.package))
        await records.devices.count([Addition(ground.deployment.id, "v1", "active", 1)], hour=0)
        await records.deployments.remove(ground.deployment.id)
    async with store.read() as records:
        assert await records.deployments.with_key(ground.deployment.key) is None
        assert await records.deployments.revisions([ground.deployment.id]) == {}
        assert await records.releases.history(ground.deployment.id) == ()
        assert await records.devices.counters(ground.deployment.id) == ()
        assert await records.packages.get(ground.package.id) == ground.package


async def test_a_cleared_deployment_begins_anew(store):
    """Releases, devices and counters are gone, the next label is v1, and every process notices."""
    ground = await lay_ground(store)
    deployment_id = ground.deployment.id
    async with store.write() as records:
        other = await add_deployment(records, ground.app_id)
        for one in (deployment_id, other.id):
            await records.releases.add(one, a_release(ground.package))
            await records.devices.count([Addition(one, "v1", "active", 1)], hour=0)
            await records.devices.remember(ran("v1", (one, b"device")), at=1)
        before = await records.deployments.revisions([deployment_id])
        await records.releases.clear(deployment_id)
        await records.devices.clear(deployment_id)
    async with store.write() as records:
        assert await records.releases.history(deployment_id) == ()
        assert await records.devices.counters(deployment_id) == ()
        assert await records.devices.remembered([(deployment_id, b"device")]) == {}
        assert (await records.deployments.revisions([deployment_id]))[deployment_id] > before[deployment_id]
        assert len(await records.releases.history(other.id)) == 1
        assert len(await records.devices.counters(other.id)) == 1
        package = await add_package(records, ground.app_id)
        assert (await records.releases.add(deployment_id, a_release(package))).number == 1


async def test_an_answer_is_given_again_to_its_request_only(store):
    """Account, route and key together name a request; an answer from before the moment asked for is none."""
    answer = ResponseRecord(status=201, location="/there", body=b"\0made")
    async with store.write() as records:
        ada, bob = await add_account(records), await add_account(records)
        await records.responses.add(ada, "POST /a", "key", answer, at=100)
        assert await records.responses.given(ada, "POST /a", "key", since=99) == answer
        assert await records.responses.given(ada, "POST /a", "key", since=100) is None
        for request in ((bob, "POST /a", "key"), (ada, "POST /b", "key"), (ada, "POST /a", "other")):
            assert await records.responses.given(*request, since=0) is None
    with pytest.raises(AlreadyExistsError):
        async with store.write() as records:
            await records.responses.add(ada, "POST /a", "key", answer, at=101)


async def test_old_answers_are_forgotten(store):
    """Those from the moment and before go, later ones stay."""
    answer = ResponseRecord(status=201, location="/there", body=b"")
    async with store.write() as records:
        ada = await add_account(records)
        for at in (99, 100, 101):
            await records.responses.add(ada, "POST /a", str(at), answer, at=at)
        await records.responses.forget(until=100)
        given = [await records.responses.given(ada, "POST /a", str(at), since=0) for at in (99, 100, 101)]
    assert given == [None, None, answer]


async def test_apps_of_a_name_are_found_among_those_an_account_sees(store):
    """Own ones and shared ones of exactly this name; an owner is named by address or slug."""
    async with store.write() as records:
        ada, bob, eve = await add_account(records), await add_account(records), await add_account(records)
        own, shared = await add_app(records, ada, "app"), await add_app(records, bob, "app")
        await add_app(records, eve, "app")
        await add_app(records, ada, "App")
        await records.apps.add_collaborator(shared, ada)
        owner = (await records.apps.get(shared)).owner
    async with store.read() as records:
        assert {app.id for app in await records.apps.named(ada, "app")} == {own, shared}
        assert await records.apps.named(ada, "app", owner="unknown") == ()
        for name in (owner.email, owner.slug, owner.slug.upper()):
            [found] = await records.apps.named(ada, "app", owner=name)
            assert found == await records.apps.get(shared)
        assert [one.account_id for one in found.collaborators] == [bob, ada]
        assert await records.apps.get(12345) is None
