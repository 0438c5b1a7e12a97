"""What every store tells operators about all that is in it, and how it gives and takes all rows."""

import pytest

from codepush.server.ports.devices import Addition, DeviceRecord
from codepush.server.ports.errors import AlreadyExistsError, MissingError
from codepush.server.ports.inventory import CounterGap, LabelGap
from unit.storage.factories import a_blob, a_release, add_app, add_package, lay_ground, ran

pytestmark = pytest.mark.anyio


async def test_blobs_are_told_with_what_became_of_them(store):
    """One of a package, one of a diff, one that was retired, one that nothing uses any more."""
    ground = await lay_ground(store)
    diff, better = a_blob(), a_blob()
    async with store.write() as records:
        await records.diffs.add(ground.package.id, "old", diff, created_at=1)
        await records.packages.repack(ground.package, better, index=b"[]", at=5)
    async with store.read() as records:
        blobs = {blob.id: (blob.size, blob.is_live, blob.is_used) for blob in await records.inventory.blobs()}
        retired = [[blob.id for blob in await records.inventory.retired(until)] for until in (4, 5)]
    assert blobs == {
        diff.id: (1234, True, True),
        better.id: (1234, True, True),
        ground.package.blob_id: (1234, False, False),
    }
    assert retired == [[], [ground.package.blob_id]]
    async with store.write() as records:
        await records.inventory.forget_blobs([ground.package.blob_id, better.id])
    async with store.read() as records:
        assert await records.inventory.known([ground.package.blob_id, better.id, "another"]) == {better.id}


async def test_a_diff_that_is_forgotten_leaves_a_blob_that_nothing_uses(store):
    """It may be made again, and the blob may go at once, since no phone is told of it any more."""
    ground = await lay_ground(store)
    diff = a_blob()
    async with store.write() as records:
        await records.diffs.add(ground.package.id, "old", diff, created_at=1)
        for _ in range(2):
            await records.diffs.remove(ground.package.id, "old")
    async with store.read() as records:
        assert not await records.diffs.known(ground.package.id, "old")
        assert [blob.id for blob in await records.inventory.retired(0)] == [diff.id]


async def test_packages_are_told_with_their_releases(store):
    """Where and as what each was released; one that was released nowhere says so."""
    ground = await lay_ground(store)
    async with store.write() as records:
        await add_package(records, ground.app_id)
        for _ in range(2):
            await records.releases.add(ground.deployment.id, a_release(ground.package))
    async with store.read() as records:
        packages = await records.inventory.packages()
    name = ground.deployment.name
    released, unreleased = (package.releases for package in packages)
    assert [one.partition("/")[2] for one in released] == [f"{name} v1", f"{name} v2"]
    assert "released nowhere" in unreleased[0]


async def test_labels_without_gaps_are_not_mentioned(store):
    """A deployment without releases is in order, and so is one whose labels are v1 to the last."""
    ground = await lay_ground(store)
    async with store.write() as records:
        assert await records.inventory.label_gaps() == []
        for _ in range(3):
            await records.releases.add(ground.deployment.id, a_release(ground.package))
        assert await records.inventory.label_gaps() == []
        await records.releases.clear(ground.deployment.id)
        assert await records.inventory.label_gaps() == []


async def test_counters_that_agree_are_not_mentioned(store):
    """Devices that are remembered and those without an id make up the active ones, label by label."""
    ground = await lay_ground(store)
    deployment_id = ground.deployment.id
    async with store.write() as records:
        await records.devices.remember(ran("v1", (deployment_id, b"1"), (deployment_id, b"2")), at=1)
        additions = [
            Addition(deployment_id, "v1", "active", 3),
            Addition(deployment_id, "v1", "anonymous", 1),
            Addition(deployment_id, "v1", "downloaded", 9),
        ]
        await records.devices.count(additions, hour=0)
        await records.devices.remember({(deployment_id, b"downloaded only"): DeviceRecord(trial=1, trial_at=1)}, at=1)
        assert await records.inventory.counter_gaps() == []
        await records.devices.remember(ran("v2", (deployment_id, b"2")), at=1)
        [one, two] = await records.inventory.counter_gaps()
    name = one.deployment
    assert name.endswith(f"/{ground.deployment.name}")
    assert (one, two) == (CounterGap(name, "v1", 3, 1, 1), CounterGap(name, "v2", 0, 1, 0))


async def test_a_label_that_is_missing_is_mentioned(store):
    """Restored without a release, a deployment has a gap."""
    ground = await lay_ground(store)
    async with store.write() as records:
        for _ in range(3):
            await records.releases.add(ground.deployment.id, a_release(ground.package))
        lines = [line async for some in records.rows.read("releases") for line in some]
        contents = {
            name: [line async for some in records.rows.read(name) for line in some] for name in records.rows.tables()
        }
        contents["releases"] = [lines[0], lines[2]]
        await records.rows.clear()
        for name, some in contents.items():
            await records.rows.add(name, records.rows.tables()[name], some)
        [gap] = await records.inventory.label_gaps()
    assert gap == LabelGap(gap.deployment, 4, (1, 3))


async def test_all_rows_come_back_as_they_were_given(store):
    """Taken out, removed and put in again, they are the same, and new ones get new numbers."""
    ground = await lay_ground(store)
    async with store.write() as records:
        await records.releases.add(ground.deployment.id, a_release(ground.package, description="Größe \U0001f600"))
        await records.devices.remember(ran("v1", (ground.deployment.id, b"\0\xff")), at=1)
        before = await contents(records)
        last_ids = await records.rows.last_ids()
        await records.rows.clear()
        assert not await records.rows.any()
        for name, lines in before.items():
            await records.rows.add(name, records.rows.tables()[name], lines)
        await records.rows.set_last_ids(last_ids)
        assert await contents(records) == before
        assert await records.rows.last_ids() == last_ids
        assert await add_app(records, ground.account_id) == last_ids["apps"] + 1


async def test_numbers_of_rows_that_are_gone_are_not_given_again(store):
    """The last number counts, even if its row was removed before the copy was made."""
    ground = await lay_ground(store)
    async with store.write() as records:
        await records.rows.set_last_ids({"apps": 1000})
        assert (await records.rows.last_ids())["apps"] == 1000
        assert await add_app(records, ground.account_id) == 1001


@pytest.mark.parametrize(
    ("table", "columns", "line", "sentence"),
    [
        ("nonsense", ["id"], b"[1]", "no table nonsense"),
        ("uploads", ["id"], b"[1]", "no table uploads"),
        ("accounts", ["id", "nonsense"], b"[1, 1]", "no column nonsense"),
        ("accounts", ["id", "email"], b'[1, "a"]', "the column .* is missing"),
        (
            "blobs",
            ["id", "kind", "size", "sha256", "state", "created_at"],
            b'["a", "p", "1", "s", "live", 1]',
            "malformed",
        ),
        ("blobs", ["id", "kind", "size", "sha256", "state", "created_at"], b'["a", "p", 1, "s", "live"]', "malformed"),
        (
            "blobs",
            ["id", "kind", "size", "sha256", "state", "created_at"],
            b'["a", null, 1, "s", "live", 1]',
            "malformed",
        ),
    ],
)
async def test_what_is_no_row_is_refused(store, table, columns, line, sentence):
    """A name that is not the schema's, or a value of another kind, is told."""
    async with store.write() as records:
        with pytest.raises(ValueError, match=sentence):
            await records.rows.add(table, columns, [line])


async def test_rows_that_contradict_one_another_are_refused(store):
    """A row that is there, and one whose parent is not, are told as always."""
    await lay_ground(store)
    async with store.read() as records:
        lines = (await contents(records))["accounts"]
    with pytest.raises(AlreadyExistsError):
        await add(store, "accounts", ("id", "email", "email_folded", "slug", "name", "created_at"), lines)
    with pytest.raises(MissingError):
        await add(store, "devices", ("deployment_id", "device", "subject", "updated_at"), [b'[999, "AA==", "v1", 1]'])


async def add(store, table, columns, lines):
    async with store.write() as records:
        await records.rows.add(table, columns, lines)


async def contents(records):
    return {name: [line async for some in records.rows.read(name) for line in some] for name in records.rows.tables()}
