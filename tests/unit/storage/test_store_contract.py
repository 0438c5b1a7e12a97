"""What every store does, whichever database is behind it."""

from contextlib import aclosing, asynccontextmanager

import anyio
import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import insert, select, text

from codepush.server.ports.devices import Addition, CounterRecord, DeviceRecord
from codepush.server.ports.diffs import StoredDiff
from codepush.server.ports.errors import (
    AlreadyExistsError,
    MissingError,
    NewerSchemaError,
    UnavailableError,
    UnstorableError,
)
from codepush.server.ports.events import EventRecord
from codepush.server.storage.sql import migrate, schema
from unit.storage.factories import (
    a_blob,
    a_release,
    add_account,
    add_app,
    add_deployment,
    add_package,
    lay_ground,
    ran,
)

pytestmark = pytest.mark.anyio


async def test_an_account_is_found_by_its_address_in_any_letter_case(store):
    """What was added is returned as it was spelled, however the address is spelled now."""
    async with store.write() as records:
        added = await records.accounts.add(email="Ada@Example.COM", name="Ada", created_at=1)
    async with store.read() as records:
        assert await records.accounts.by_email("ada@example.com") == added
        assert await records.accounts.by_email("ADA@EXAMPLE.COM") == added
        assert await records.accounts.by_email("bob@example.com") is None
    assert (added.email, added.name) == ("Ada@Example.COM", "Ada")


async def test_an_address_belongs_to_one_account(store):
    """The same address in another letter case is refused, and the number of accounts stays."""
    async with store.write() as records:
        await add_account(records, "ada@example.com")
    with pytest.raises(AlreadyExistsError):
        async with store.write() as records:
            await add_account(records, "ADA@example.com")
    async with store.read() as records:
        assert await records.accounts.count() == 1


async def test_addresses_that_look_alike_in_urls_are_different_accounts(store):
    """The name for URLs is made unique by itself."""
    async with store.write() as records:
        for email in ("a-b@c.example", "a@b-c.example", "a+b@c.example"):
            await add_account(records, email)
        assert await records.accounts.count() == 3


async def test_an_access_key_is_found_by_its_digest_with_its_account(store):
    """A key comes with whose it is, when it expires and when it was last used."""
    async with store.write() as records:
        account = await records.accounts.add(email="ada@example.com", name="Ada", created_at=1)
        await add_access_key(records, account.id, digest="d1", friendly_name="laptop")
        key = await records.access_keys.by_digest("d1")
        await records.access_keys.touch(key.id, 77)
    async with store.read() as records:
        found = await records.access_keys.by_digest("d1")
        assert await records.access_keys.by_digest("d2") is None
    assert key.last_used_at is None
    assert found == msgspec.structs.replace(key, last_used_at=77)
    assert (found.account, found.friendly_name, found.expires_at) == (account, "laptop", 9)


async def test_names_of_access_keys_are_unique_per_account(store):
    """Two keys of one account have two names; two accounts may use the same one."""
    async with store.write() as records:
        first, second = await add_account(records), await add_account(records)
        await add_access_key(records, first, digest="d1", friendly_name="ci")
        await add_access_key(records, second, digest="d2", friendly_name="ci")
    with pytest.raises(AlreadyExistsError):
        async with store.write() as records:
            await add_access_key(records, first, digest="d3", friendly_name="ci")


async def test_an_access_key_needs_an_account(store):
    """A key of an account that is not there is refused."""
    with pytest.raises(MissingError):
        async with store.write() as records:
            await add_access_key(records, 12345, digest="d", friendly_name="ci")


async def test_apps_are_visible_to_their_owner_by_name(store):
    """The owner sees the own apps only, in order, and is the first collaborator of each."""
    async with store.write() as records:
        ada, bob = await add_account(records, "ada@example.com"), await add_account(records, "bob@example.com")
        ids = {name: await add_app(records, ada, name) for name in ("beta", "alpha")}
        await add_app(records, bob, "alpha")
    async with store.read() as records:
        apps = await records.apps.visible_to(ada)
        assert await records.apps.visible_to(12345) == ()
    assert [(app.id, app.name) for app in apps] == [(ids["alpha"], "alpha"), (ids["beta"], "beta")]
    assert {(app.os, app.platform) for app in apps} == {("iOS", "React-Native")}
    [owner] = apps[0].collaborators
    assert (owner.account_id, owner.email, owner.permission) == (ada, "ada@example.com", "Owner")


async def test_apps_are_visible_to_collaborators_with_the_owner_first(sqlite_store):
    """A collaborator sees the app, its owner first and the others by address."""
    async with sqlite_store.write() as records:
        owner = await add_account(records, "zoe@example.com")
        others = [await add_account(records, email) for email in ("bob@example.com", "ada@example.com")]
        app_id = await add_app(records, owner)
        await insert_rows(
            records,
            schema.collaborators,
            [{"app_id": app_id, "account_id": other, "permission": "Collaborator"} for other in others],
        )
    async with sqlite_store.read() as records:
        [app] = await records.apps.visible_to(others[0])
        assert await records.apps.visible_to(owner) == (app,)
    assert [(person.email, person.permission) for person in app.collaborators] == [
        ("zoe@example.com", "Owner"),
        ("ada@example.com", "Collaborator"),
        ("bob@example.com", "Collaborator"),
    ]


async def test_names_of_apps_are_unique_per_owner(store):
    """The same name a second time is refused."""
    async with store.write() as records:
        ada = await add_account(records)
        await add_app(records, ada, "app")
    with pytest.raises(AlreadyExistsError):
        async with store.write() as records:
            await add_app(records, ada, "app")


async def test_removing_an_app_takes_everything_of_it_along(store):
    """Nothing of a removed app is found any more, and its name is free again; other apps keep theirs."""
    ground, other = await lay_ground(store), await lay_ground(store)
    deployment = ground.deployment
    async with store.write() as records:
        for each in (ground, other):
            await records.releases.add(each.deployment.id, a_release(each.package))
            await records.devices.remember(ran("v1", (each.deployment.id, b"d")), at=1)
            await records.devices.count([Addition(each.deployment.id, "v1", "active", 1)], hour=0)
        await records.apps.remove(ground.app_id)
    async with store.read() as records:
        assert await records.apps.visible_to(ground.account_id) == ()
        assert await records.deployments.with_key(deployment.key) is None
        assert await records.packages.with_hash(ground.app_id, ground.package.hash) is None
        assert await records.releases.history(deployment.id) == ()
        assert await records.devices.remembered([(deployment.id, b"d")]) == {}
        assert await records.devices.counters(deployment.id) == ()
        assert len(await records.releases.history(other.deployment.id)) == 1
        kept = (other.deployment.id, b"d")
        assert await records.devices.remembered([kept]) == ran("v1", kept)


async def test_ids_of_removed_records_are_not_given_out_again(store):
    """A new app and its deployment never pass for removed ones that somebody still remembers."""
    ground = await lay_ground(store)
    async with store.write() as records:
        await records.apps.remove(ground.app_id)
        app_id = await add_app(records, ground.account_id)
        deployment = await add_deployment(records, app_id)
    assert app_id > ground.app_id
    assert deployment.id > ground.deployment.id


async def test_an_app_that_is_not_there_cannot_be_removed(store):
    """Removing what is gone already is told to the caller."""
    with pytest.raises(MissingError):
        async with store.write() as records:
            await records.apps.remove(12345)


async def test_deployments_are_found_by_name_and_by_key(store):
    """Every way to a deployment leads to the same record; names and keys are exact."""
    async with store.write() as records:
        app_id = await add_app(records, await add_account(records))
        staging = await add_deployment(records, app_id, "Staging", "k1")
        production = await add_deployment(records, app_id, "Production", "k2")
    async with store.read() as records:
        deployments = records.deployments
        assert await deployments.of_app(app_id) == (production, staging)
        assert await deployments.named(app_id, "Staging") == staging
        assert await deployments.named(app_id, "staging") is None
        assert await deployments.with_key("k2") == production
        assert await deployments.with_key("K2") is None
        assert await deployments.names([app_id, 12345]) == ((app_id, "Production"), (app_id, "Staging"))
        assert await deployments.names([]) == ()
    assert (staging.app_id, staging.name, staging.key, staging.device_key) == (app_id, "Staging", "k1", b"\0\xff")


@pytest.mark.parametrize(("name", "key"), [("Staging", "new"), ("New", "k1")])
async def test_names_and_keys_of_deployments_are_unique(store, name, key):
    """A name is taken within its app, a key everywhere."""
    async with store.write() as records:
        app_id = await add_app(records, await add_account(records))
        await add_deployment(records, app_id, "Staging", "k1")
    with pytest.raises(AlreadyExistsError):
        async with store.write() as records:
            await add_deployment(records, app_id, name, key)


async def test_the_state_differs_after_every_change_of_a_deployment(store):
    """A deployment that is added, released to or removed is noticed, and nothing else is taken for a change."""
    ground = await lay_ground(store)
    seen = []

    async def note():
        async with store.read() as records:
            seen.append(await records.deployments.state())

    await note()
    async with store.write() as records:
        added = await add_deployment(records, ground.app_id)
    await note()
    async with store.write() as records:
        await records.releases.add(ground.deployment.id, a_release(ground.package))
    await note()
    async with store.write() as records:
        await records.deployments.remove(added.id)
    await note()
    async with store.write() as records:
        await add_deployment(records, ground.app_id)
    await note()
    assert len(set(seen)) == 5
    await note()
    assert seen[-1] == seen[-2]


async def test_revisions_rise_with_every_release(store):
    """Only deployments that exist have a revision, and a release changes that of its own."""
    ground, other = await lay_ground(store), await lay_ground(store)
    before = {each.deployment.id: each.deployment.revision for each in (ground, other)}
    async with store.write() as records:
        await records.deployments.lock(ground.deployment.id)
        await records.releases.add(ground.deployment.id, a_release(ground.package))
    async with store.read() as records:
        after = await records.deployments.revisions([*before, 12345])
    assert after == {**before, ground.deployment.id: ground.deployment.revision + 1}


async def test_many_deployments_can_be_asked_for_at_once(store):
    """There is no limit to how many revisions or newest releases are asked for together."""
    ground = await lay_ground(store)
    many = [ground.deployment.id, *range(10**6, 10**6 + 40_000)]
    async with store.read() as records:
        assert await records.deployments.revisions(many) == {ground.deployment.id: ground.deployment.revision}
        assert await records.releases.latest(many) == {}


async def test_a_package_is_found_by_its_hash_within_its_app(store):
    """The content comes with its archive, and another app does not have it."""
    ground, other = await lay_ground(store), await lay_ground(store)
    package = ground.package
    async with store.read() as records:
        assert await records.packages.with_hash(ground.app_id, package.hash) == package
        assert await records.packages.with_hash(other.app_id, package.hash) is None
    assert (package.manifest, package.index, package.size) == (b'{"a":"b"}', b"[]", 1234)


async def test_a_single_file_has_no_manifest(store):
    """``None`` for manifest and index comes back as ``None``."""
    ground = await lay_ground(store)
    async with store.write() as records:
        added = await records.packages.add(
            app_id=ground.app_id, package_hash="h", manifest=None, index=None, blob=a_blob(), created_at=1
        )
    async with store.read() as records:
        assert await records.packages.with_hash(ground.app_id, "h") == added
        assert await records.packages.with_content(ground.app_id, "h", None) == added
    assert (added.manifest, added.index) == (None, None)


async def test_contents_that_differ_in_a_signature_share_a_hash(store):
    """Each is found by its manifest, and the newest one by the hash they share."""
    ground = await lay_ground(store)
    first = ground.package
    async with store.write() as records:
        second = await records.packages.add(
            app_id=ground.app_id, package_hash=first.hash, manifest=b"signed", index=b"[]", blob=a_blob(), created_at=2
        )
    async with store.read() as records:
        packages = records.packages
        assert await packages.with_content(ground.app_id, first.hash, first.manifest) == first
        assert await packages.with_content(ground.app_id, first.hash, b"signed") == second
        assert await packages.with_content(ground.app_id, first.hash, None) is None
        assert await packages.with_hash(ground.app_id, first.hash) == second
        assert await packages.archives(ground.app_id) == {first.hash: second.id}


async def test_releases_are_numbered_from_one_and_listed_oldest_first(store):
    """Each release has the next number and everything that was said about it."""
    ground = await lay_ground(store)
    promoted = a_release(
        ground.package,
        app_version="^1.2",
        description="why",
        is_disabled=False,
        is_mandatory=True,
        rollout=25,
        upload_time=5,
        release_method="Promote",
        original_label="v3",
        original_deployment="Staging",
    )
    async with store.write() as records:
        first = await records.releases.add(ground.deployment.id, a_release(ground.package))
        second = await records.releases.add(ground.deployment.id, promoted)
    async with store.read() as records:
        assert await records.releases.history(ground.deployment.id) == (first, second)
        assert await records.releases.latest([ground.deployment.id]) == {ground.deployment.id: second}
        revisions = await records.deployments.revisions([ground.deployment.id])
    assert (first.number, second.number) == (1, 2)
    assert {name: getattr(second, name) for name in promoted.__struct_fields__} == msgspec.structs.asdict(promoted)
    assert (second.package_hash, second.blob_id, second.size) == (ground.package.hash, ground.package.blob_id, 1234)
    assert (first.description, first.is_disabled, first.is_mandatory, first.rollout) == (None, None, None, None)
    assert revisions == {ground.deployment.id: ground.deployment.revision + 2}


async def test_a_new_release_completes_the_rollout_before_it(store):
    """Only the newest release of the same deployment loses its rollout."""
    ground, other = await lay_ground(store), await lay_ground(store)
    async with store.write() as records:
        await records.releases.add(other.deployment.id, a_release(other.package, rollout=10))
        await records.releases.add(ground.deployment.id, a_release(ground.package, rollout=20))
        await records.releases.add(ground.deployment.id, a_release(ground.package, rollout=30))
    async with store.read() as records:
        history = await records.releases.history(ground.deployment.id)
        untouched = await records.releases.history(other.deployment.id)
    assert [release.rollout for release in (*history, *untouched)] == [None, 30, 10]


async def test_the_latest_releases_of_several_deployments(store):
    """Each deployment that has releases has its newest one; the others are left out."""
    ground, other, empty = [await lay_ground(store) for _ in range(3)]
    async with store.write() as records:
        await records.releases.add(ground.deployment.id, a_release(ground.package))
        newest = await records.releases.add(ground.deployment.id, a_release(ground.package))
        only = await records.releases.add(other.deployment.id, a_release(other.package))
    async with store.read() as records:
        found = await records.releases.latest([each.deployment.id for each in (ground, other, empty)])
    assert found == {ground.deployment.id: newest, other.deployment.id: only}


async def test_a_release_needs_a_deployment_and_a_package(store):
    """A release into nowhere, or of nothing, is refused and takes no label."""
    ground = await lay_ground(store)
    with pytest.raises(MissingError):
        async with store.write() as records:
            await records.releases.add(12345, a_release(ground.package))
    with pytest.raises(MissingError):
        async with store.write() as records:
            await records.releases.add(
                ground.deployment.id, a_release(msgspec.structs.replace(ground.package, id=12345))
            )
    async with store.write() as records:
        first = await records.releases.add(ground.deployment.id, a_release(ground.package))
    assert first.number == 1


async def test_a_release_is_changed_in_place(store):
    """An update replaces what may change, leaves the rest, and raises the revision."""
    ground = await lay_ground(store)
    changes = {"app_version": "2.x", "description": None, "is_disabled": True, "is_mandatory": False, "rollout": 50}
    async with store.write() as records:
        first = await records.releases.add(ground.deployment.id, a_release(ground.package, description="old"))
        second = await records.releases.add(ground.deployment.id, a_release(ground.package))
        await records.releases.update(ground.deployment.id, msgspec.structs.replace(first, **changes))
    async with store.read() as records:
        history = await records.releases.history(ground.deployment.id)
        revisions = await records.deployments.revisions([ground.deployment.id])
    assert history == (msgspec.structs.replace(first, **changes), second)
    assert revisions == {ground.deployment.id: ground.deployment.revision + 3}


async def test_a_release_that_is_not_there_cannot_be_changed(store):
    """Changing an unknown label is told to the caller and raises no revision."""
    ground = await lay_ground(store)
    async with store.write() as records:
        added = await records.releases.add(ground.deployment.id, a_release(ground.package))
    with pytest.raises(MissingError):
        async with store.write() as records:
            await records.releases.update(ground.deployment.id, msgspec.structs.replace(added, number=9))
    async with store.read() as records:
        revisions = await records.deployments.revisions([ground.deployment.id])
    assert revisions == {ground.deployment.id: ground.deployment.revision + 1}


async def test_releases_come_with_the_diffs_to_their_package(sqlite_store):
    """Stored diffs come by old hash; one that was not worth storing is not there."""
    ground = await lay_ground(sqlite_store)
    async with sqlite_store.write() as records:
        later = await add_package(records, ground.app_id)
        await add_diffs(records, later, {"old2": a_blob(), "old1": a_blob(), "old3": None})
        await records.releases.add(ground.deployment.id, a_release(ground.package))
        added = await records.releases.add(ground.deployment.id, a_release(later))
    async with sqlite_store.read() as records:
        history = await records.releases.history(ground.deployment.id)
        latest = await records.releases.latest([ground.deployment.id])
    assert [diff.old_hash for diff in added.diffs] == ["old1", "old2"]
    assert all(isinstance(diff, StoredDiff) and diff.size == 1234 for diff in added.diffs)
    assert [release.diffs for release in history] == [(), added.diffs]
    assert latest == {ground.deployment.id: added}


async def test_a_device_is_remembered_as_it_was_last(store):
    """The last record counts, per device and deployment, but since when it is known stays; others are left out."""
    ground, other = await lay_ground(store), await lay_ground(store)
    here, there, unknown = (ground.deployment.id, b"\0one"), (other.deployment.id, b"\0one"), (1, b"\0two")
    first, later = DeviceRecord("v1", 5, 1, 6, None), DeviceRecord("v2", 9, 2, None, "bad")
    async with store.write() as records:
        devices = records.devices
        await devices.remember({here: first, there: DeviceRecord("1.0.0")}, at=1)
        assert await devices.remembered([here, there, unknown]) == {here: first, there: DeviceRecord("1.0.0")}
        await devices.remember({here: later}, at=2)
        assert await devices.remembered([here]) == {here: replace(later, known_since=5)}


async def test_devices_that_run_nothing_are_forgotten_in_time(store):
    """They are listed in pages; one that runs something, or reported something meanwhile, is kept."""
    ground, other = await lay_ground(store), await lay_ground(store)
    idle = [(one.deployment.id, name) for one in (ground, other) for name in (b"\0", b"a", b"b")]
    recent, running = (other.deployment.id, b"c"), (other.deployment.id, b"d")
    async with store.write() as records:
        devices = records.devices
        await devices.remember(dict.fromkeys(idle, DeviceRecord(trial=1, trial_at=1)) | ran("v1", running), at=9)
        await devices.remember({recent: DeviceRecord()}, at=10)
        assert await devices.idle(until=10, limit=4) == idle[:4]
        assert await devices.idle(until=10, after=idle[3], limit=4) == idle[4:]
        await devices.remember(ran("v1", idle[0]), at=10)
        await devices.remember({idle[1]: DeviceRecord()}, at=11)
        await devices.forget([*idle, recent, running], until=10)
        assert set(await devices.remembered([*idle, recent, running])) == {*idle[:2], recent, running}


async def test_nothing_is_asked_or_changed_of_no_device(store):
    """Empty batches are allowed."""
    async with store.write() as records:
        await records.devices.lock([])
        await records.devices.remember({}, at=1)
        await records.devices.forget([], until=1)
        await records.devices.count([], hour=0)
        assert await records.devices.remembered([]) == {}


async def test_more_devices_than_fit_into_a_statement_are_remembered(store):
    """Databases limit the values of one statement; callers need not know."""
    ground = await lay_ground(store)
    running = {
        (ground.deployment.id, number.to_bytes(4, "big")): DeviceRecord(f"v{number}", number, number, number, "ok")
        for number in range(20_000)
    }
    async with store.write() as records:
        await records.devices.remember(running, at=1)
    async with store.read() as records:
        assert await records.devices.remembered(list(running)) == running


async def test_counters_add_up_and_never_fall_below_zero(store):
    """Counting down stops at zero, also for a counter that was never counted up, or where the addition says it does."""
    ground = await lay_ground(store)
    rounds = [
        [
            ("v1", "active", 2),
            ("v1", "downloaded", 1),
            ("v2", "active", -1),
            ("v3", "active", 1),
            ("v4", "active", -2, 3),
        ],
        [("v1", "active", -1), ("v3", "active", -5), ("v4", "active", 1, 2)],
        [("v3", "active", 2), ("v4", "active", -3, 2)],
    ]
    async with store.write() as records:
        for additions in rounds:
            await records.devices.count([Addition(ground.deployment.id, *one) for one in additions], hour=0)
    async with store.read() as records:
        assert await records.devices.counters(ground.deployment.id) == (
            CounterRecord(subject="v1", kind="active", value=1),
            CounterRecord(subject="v1", kind="downloaded", value=1),
            CounterRecord(subject="v2", kind="active", value=0),
            CounterRecord(subject="v3", kind="active", value=2),
            CounterRecord(subject="v4", kind="active", value=2),
        )


async def test_a_device_needs_a_deployment(store):
    """What is reported to a deployment that is gone is refused."""
    with pytest.raises(MissingError):
        async with store.write() as records:
            await records.devices.remember(ran("v1", (12345, b"d")), at=1)
    with pytest.raises(MissingError):
        async with store.write() as records:
            await records.devices.count([Addition(12345, "v1", "active", 1)], hour=0)


async def test_several_deployments_are_found_by_their_keys(store):
    """Keys of no deployment are left out."""
    grounds = [await lay_ground(store) for _ in range(3)]
    async with store.read() as records:
        found = await records.deployments.with_keys({*(ground.deployment.key for ground in grounds[:2]), "unknown"})
        assert await records.deployments.with_keys(set()) == ()
    assert sorted(found, key=lambda one: one.id) == [ground.deployment for ground in grounds[:2]]


async def test_events_are_written_and_outlive_their_app(store):
    """An event may be about an app or not, stays as it is when the app is removed, and comes in pages by number."""
    ground = await lay_ground(store)
    plain = EventRecord(at=1, actor="ada@example.com", kind="account.add")
    full = EventRecord(
        at=2,
        actor="ada@example.com",
        actor_kind="person",
        access_key_id=7,
        request_id="9f0c",
        organization_id=8,
        kind="release.patch",
        app_id=ground.app_id,
        deployment_id=ground.deployment.id,
        before="{}",
        after='{"rollout":50}',
    )
    async with store.write() as records:
        earlier = await records.events.page(limit=10_000)
        await records.events.add(plain)
        await records.events.add(full)
        await records.apps.remove(ground.app_id)
    last = earlier[-1].number if earlier else 0
    async with store.read() as records:
        first, second = await records.events.page(after=last, limit=10)
        assert await records.events.page(after=last, limit=1) == (first,)
        assert await records.events.page(after=first.number, limit=10) == (second,)
        assert await records.events.page(after=second.number, limit=10) == ()
    assert last < first.number < second.number
    assert [msgspec.structs.replace(event, number=0) for event in (first, second)] == [plain, full]


async def test_the_archives_of_a_removed_app_are_retired(sqlite_store):
    """Its packages and diffs are marked for removal, with the time; those of other apps stay live."""
    ground, other = await lay_ground(sqlite_store), await lay_ground(sqlite_store)
    diff = a_blob()
    async with sqlite_store.write() as records:
        await add_diffs(records, ground.package, {"old1": diff, "old2": None})
        await records.apps.remove(ground.app_id)
    rows = await select_rows(sqlite_store, select(schema.blobs))
    assert {row["id"]: row["state"] for row in rows} == {
        ground.package.blob_id: "retired",
        diff.id: "retired",
        other.package.blob_id: "live",
    }
    assert all((row["retired_at"] is not None) == (row["state"] == "retired") for row in rows)


async def test_a_block_that_raises_leaves_no_trace(store):
    """An error in the block undoes all of it, and comes out as it was."""
    ground = await lay_ground(store)
    with pytest.raises(ZeroDivisionError):
        await release_and_fail(store, ground)
    async with store.read() as records:
        assert await records.releases.history(ground.deployment.id) == ()
        assert await records.accounts.count() == 1
    async with store.write() as records:
        assert (await records.releases.add(ground.deployment.id, a_release(ground.package))).number == 1


async def test_a_refused_record_can_be_dealt_with_in_the_block(store):
    """A name that is taken is told within the block, by the statement that found out."""
    async with store.write() as records:
        await add_account(records, "ada@example.com")
        with pytest.raises(AlreadyExistsError):
            await add_account(records, "ada@example.com")


async def test_a_reader_sees_one_state(store):
    """What is committed meanwhile is not seen before the next reading block."""
    ground = await lay_ground(store)
    async with store.read() as records:
        before = await records.deployments.revisions([ground.deployment.id])
        async with store.write() as writing:
            await writing.releases.add(ground.deployment.id, a_release(ground.package))
        assert await records.deployments.revisions([ground.deployment.id]) == before
    async with store.read() as records:
        assert await records.deployments.revisions([ground.deployment.id]) != before


async def test_parallel_releases_have_gapless_labels(stores):
    """Twenty releases at once, through two stores as two processes have, get the twenty next labels."""
    ground = await lay_ground(stores[0])
    numbers = []

    async def release(store):
        async with store.write() as records:
            await records.deployments.lock(ground.deployment.id)
            added = await records.releases.add(ground.deployment.id, a_release(ground.package))
        numbers.append(added.number)

    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(release, stores[number % 2])
    assert sorted(numbers) == list(range(1, 21))


async def test_a_store_that_works_says_so(store):
    """The check of a working database returns."""
    await store.check()


async def test_changes_of_another_process_are_told(stores):
    """Who listens is told to look first of all, and then soon after every commit elsewhere that concerns phones."""
    here, elsewhere = stores
    ground = await lay_ground(elsewhere)
    async with listening(here) as told:
        assert await told.receive() is None
        for _ in range(3):
            async with elsewhere.write() as records:
                await records.releases.add(ground.deployment.id, a_release(ground.package))
            await wait_for(told, ground.deployment.id)


async def test_a_removed_deployment_is_told(stores):
    """Removing an app concerns the phones of its deployments."""
    here, elsewhere = stores
    ground = await lay_ground(elsewhere)
    async with listening(here) as told:
        assert await told.receive() is None
        async with elsewhere.write() as records:
            await records.apps.remove(ground.app_id)
        await wait_for(told, ground.deployment.id)


async def test_what_was_undone_is_not_told(stores):
    """A transaction that fails is no change; the next thing told is about the one after it."""
    here, elsewhere = stores
    ground, other = await lay_ground(elsewhere), await lay_ground(elsewhere)
    async with listening(here) as told:
        assert await told.receive() is None
        with pytest.raises(ZeroDivisionError):
            await release_and_fail(elsewhere, ground)
        async with elsewhere.write() as records:
            await records.releases.add(other.deployment.id, a_release(other.package))
        with anyio.fail_after(10):
            assert await told.receive() in (None, (other.deployment.id,))


@asynccontextmanager
async def listening(store):
    """Yield a stream of what a store tells of changes."""
    send, receive = anyio.create_memory_object_stream(100)

    async def listen():
        async with aclosing(store.changes()) as changes:
            async for told in changes:
                await send.send(told)

    async with anyio.create_task_group() as group, send, receive:
        group.start_soon(listen)
        yield receive
        group.cancel_scope.cancel()


async def wait_for(told, deployment_id):
    """Wait until something is told that concerns a deployment."""
    with anyio.fail_after(10):
        async for changed in told:
            if changed is None or deployment_id in changed:
                break


async def release_and_fail(store, ground):
    async with store.write() as records:
        await records.releases.add(ground.deployment.id, a_release(ground.package))
        await add_account(records)
        raise ZeroDivisionError


async def add_access_key(records, account_id, *, digest, friendly_name, expires_at=9):
    await records.access_keys.add(
        account_id=account_id,
        digest=digest,
        friendly_name=friendly_name,
        created_by="host",
        created_at=1,
        expires_at=expires_at,
    )


async def insert_rows(records, table, rows):
    """Write what the ports cannot write yet."""
    await records.apps._connection.execute(insert(table), rows)


async def select_rows(store, statement):
    """Read what the ports cannot read yet."""
    async with store.read() as records:
        return (await records.apps._connection.execute(statement)).mappings().all()


async def add_diffs(records, package, blobs):
    for old_hash, blob in blobs.items():
        await records.diffs.add(package.id, old_hash, blob, created_at=1)


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "\0"])
async def test_a_text_that_no_database_can_hold_is_refused(store, text):
    """NUL and half a surrogate pair are refused wherever they come from, and nothing is changed."""
    with pytest.raises(UnstorableError):
        async with store.write() as records:
            await add_app(records, await add_account(records), text)
    with pytest.raises(UnstorableError):
        async with store.read() as records:
            await records.deployments.with_key(text)
    async with store.read() as records:
        assert await records.accounts.count() == 0


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30])
async def test_a_number_of_more_than_64_bits_is_refused(store, number):
    """A number that no column holds is refused, and the largest ones are kept."""
    with pytest.raises(UnstorableError):
        async with store.write() as records:
            await records.accounts.add(email="ada@example.com", name="Ada", created_at=number)
    async with store.write() as records:
        account = await records.accounts.add(email="ada@example.com", name="Ada", created_at=2**63 - 1)
        await add_access_key(records, account.id, digest="d", friendly_name="ci", expires_at=-(2**63))
        assert (await records.access_keys.by_digest("d")).expires_at == -(2**63)


async def test_texts_come_in_the_order_of_their_characters(store):
    """Whatever the collation of the database: capitals before small letters, and letters before accents."""
    names = ["b", "B", "a", "A", "_", "é", "z", "ä", "Z", "1", "a b", "ab", "😀", "\uffff"]
    ground = await lay_ground(store)
    async with store.write() as records:
        for name in names:
            await add_app(records, ground.account_id, name)
            await add_deployment(records, ground.app_id, name)
    async with store.read() as records:
        apps = [app.name for app in await records.apps.visible_to(ground.account_id)]
        deployments = [deployment.name for deployment in await records.deployments.of_app(ground.app_id)]
        named = [name for _, name in await records.deployments.names([ground.app_id])]
    assert apps == sorted(apps)
    assert deployments == named == sorted(deployments)
    assert set(names) < set(apps)


@pytest.mark.parametrize("alone", [True, False])
async def test_nothing_is_written_under_a_newer_schema(store, alone):
    """A change sees in its own transaction that the schema is newer; from then on the store refuses everything."""
    async with store.write(alone=False) as records:
        await records.accounts._connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerSchemaError, match="schema 9999"):
        async with store.write(alone=alone):
            pytest.fail("The transaction begins in a schema that this code does not know.")
    for refused in (store.read, store.write, lambda: store.write(alone=False)):
        with pytest.raises(NewerSchemaError):
            async with refused():
                pytest.fail("The store goes on.")
    with pytest.raises(NewerSchemaError):
        await store.check()


@pytest.mark.parametrize("alone", [True, False])
async def test_no_migration_runs_beside_a_write(store, database_url, alone, monkeypatch):
    """What a transaction has read of the schema holds until it ends: migrations wait for it."""
    monkeypatch.setattr(migrate, "_PATIENCE", 0.1)
    monkeypatch.setenv("PGOPTIONS", "-c lock_timeout=100ms")
    async with store.write(alone=alone):
        with pytest.raises(UnavailableError, match="lock"):
            await anyio.to_thread.run_sync(migrate.upgrade, database_url)
    assert not await anyio.to_thread.run_sync(migrate.upgrade, database_url)


async def test_a_newer_schema_is_read_along_with_the_revisions(store):
    """Whoever compares revisions finds it, without a change of its own."""
    async with store.write(alone=False) as records:
        await records.accounts._connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    async with store.read() as records:
        with pytest.raises(NewerSchemaError):
            await records.deployments.state()


async def test_stopped_deployments_are_found_by_actor(store):
    """They are returned by id, in parts, to the actor who stopped them; each stop and start raises the revision."""
    async with store.write() as records:
        app = await add_app(records, await add_account(records))
        made = [await add_deployment(records, app, name) for name in ("A", "B", "C", "D")]
    ids = [one.id for one in made]
    async with store.write() as records:
        for one in ids[:3]:
            await records.deployments.stop(one, "server:cli")
        await records.deployments.stop(ids[3], "account:1")
        await records.deployments.stop(ids[0], None)
    async with store.read() as records:

        async def stopped(actor, **part):
            return [one.id for one in await records.deployments.stopped(actor, **part)]

        assert await stopped("server:cli", limit=10) == ids[1:3]
        assert await stopped("server:cli", limit=1) == ids[1:2]
        assert await stopped("server:cli", after=ids[1], limit=10) == ids[2:3]
        assert await stopped("account:1", limit=10) == ids[3:]
        assert await stopped(None, limit=10) == ids[:1]
        revisions = await records.deployments.revisions(ids)
        assert [revisions[one.id] - one.revision for one in made] == [2, 1, 1, 1]
