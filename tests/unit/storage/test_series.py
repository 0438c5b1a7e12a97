"""Metrics over time in every store: what is kept, and how it is made smaller."""

import asyncio

import pytest

from codepush.rules.series import DAY, HOUR
from codepush.server.ports.devices import Addition, CounterRecord
from codepush.server.ports.errors import MissingError
from codepush.server.ports.series import PointRecord
from codepush.server.services.releasing.series import HOURS_KEPT, Series
from unit.storage.factories import lay_ground

pytestmark = pytest.mark.anyio

NOW = 100 * DAY + 5 * HOUR


async def count(store, ground, hour, **deltas):
    async with store.write() as records:
        additions = [Addition(ground.deployment.id, "v1", kind, delta) for kind, delta in deltas.items()]
        await records.devices.count(additions, hour=hour)


async def points(store, ground, *, since=0, until=NOW):
    async with store.read() as records:
        found = await records.series.points(ground.deployment.id, since=since, until=until)
        return [(point.kind, point.span, point.starts_at, point.value) for point in found]


async def test_what_happens_in_an_hour_adds_up_and_what_there_is_is_set(store):
    """Counts of two hours stay apart, and nothing of another deployment is among them."""
    ground, other = await lay_ground(store), await lay_ground(store)
    for hour, installed in ((HOUR, 2), (HOUR, 3), (2 * HOUR, 4)):
        await count(store, ground, hour, installed=installed, active=1)
        await count(store, other, hour, installed=9)
    assert await points(store, ground) == [
        ("active", "hour", HOUR, 2),
        ("installed", "hour", HOUR, 5),
        ("active", "hour", 2 * HOUR, 3),
        ("installed", "hour", 2 * HOUR, 4),
    ]
    assert await points(store, ground, since=2 * HOUR, until=2 * HOUR) == []
    async with store.read() as records:
        of_label = await records.series.points_of(ground.deployment.id, "v1", until=2 * HOUR)
        assert of_label == await records.series.points(ground.deployment.id, since=0, until=2 * HOUR)
        assert await records.series.points_of(ground.deployment.id, "v2", until=NOW) == ()
        assert await records.series.standing_before(ground.deployment.id, 2 * HOUR) == (
            CounterRecord(subject="v1", kind="active", value=2),
        )
        assert await records.series.with_hours(until=2 * HOUR) == {
            ground.deployment.id: HOUR,
            other.deployment.id: HOUR,
        }


async def test_old_hours_become_days_once(stores):
    """However often and by however many it is done; younger hours stay, and late ones are added to their day."""
    one, other = stores
    ground = await lay_ground(one)
    old, young = 90 * DAY, NOW - HOURS_KEPT
    for hour in (old + HOUR, old + 20 * HOUR, old + 30 * HOUR, young):
        await count(one, ground, hour, installed=1, active=1)
    nodes = [Series(store, clock=lambda: NOW) for store in (one, other, one)]
    await asyncio.gather(*(node.compact() for node in nodes))
    days = [("active", "day", old, 2), ("installed", "day", old, 2), ("active", "day", old + DAY, 3)]
    days.append(("installed", "day", old + DAY, 1))
    kept = [("active", "hour", young, 4), ("installed", "hour", young, 1)]
    assert await points(one, ground) == [*days, *kept]
    await count(one, ground, old + 22 * HOUR, installed=5)
    await nodes[1].compact()
    assert (await points(one, ground))[1] == ("installed", "day", old, 7)
    assert len(await points(one, ground)) == len([*days, *kept])


async def test_days_that_cannot_be_kept_lose_no_hour(store):
    """Keeping days and forgetting hours is one transaction."""
    ground = await lay_ground(store)
    await count(store, ground, HOUR, installed=1)
    with pytest.raises(MissingError):
        await replace_hours_in_vain(store, ground)
    assert await points(store, ground) == [("installed", "hour", HOUR, 1)]


async def replace_hours_in_vain(store, ground):
    async with store.write() as records:
        await records.series.replace_hours(ground.deployment.id, [], until=DAY)
        await records.series.replace_hours(12345, [PointRecord("v1", "installed", "day", 0, 1)], until=DAY)
