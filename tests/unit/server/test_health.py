"""Readiness: shared results, one check at a time, and details in the log only."""

import asyncio
import logging

import pytest

from codepush.server.ports.errors import UnavailableError
from codepush.server.services.upkeep.health import Health

pytestmark = pytest.mark.anyio


class Part:
    """A database or blob store whose checks are counted, and wait until they may end."""

    def __init__(self):
        self.checks = 0
        self.at_once = self.most_at_once = 0
        self.trouble = None
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def check(self):
        self.checks += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.may_end.wait()
        finally:
            self.at_once -= 1
        if self.trouble:
            raise UnavailableError(self.trouble)


class Clock:
    def __init__(self):
        self.time = 1000.0

    def __call__(self):
        return self.time


@pytest.fixture
def log(caplog, monkeypatch):
    """Give what is logged, though the server's log goes its own way once a server was started."""
    monkeypatch.setattr(logging.getLogger("codepush"), "propagate", True)
    return caplog


async def test_many_requests_share_one_check():
    """Requests at the same time wait for one check, and later ones get its result for two seconds."""
    database, storage, clock = Part(), Part(), Clock()
    health = Health(database, storage, clock=clock)
    storage.may_end.clear()
    waiting = [asyncio.create_task(health.parts()) for _ in range(50)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    storage.may_end.set()
    assert await asyncio.gather(*waiting) == [{"database": "ok", "storage": "ok"}] * 50
    clock.time += 1.9
    await health.parts()
    assert (database.checks, storage.checks, storage.most_at_once) == (1, 1, 1)
    clock.time += 0.2
    await health.parts()
    assert (database.checks, storage.checks) == (2, 2)


async def test_details_are_in_the_log_only(log):
    """The response names no host; the log has the details once, until they change."""
    log.set_level(logging.INFO)
    database, clock = Part(), Clock()
    database.trouble = "The database db.internal:5432 cannot be reached"
    health = Health(database, Part(), clock=clock)
    for _ in range(3):
        assert await health.parts() == {"database": "unavailable", "storage": "ok"}
        clock.time += 3
    assert log.text.count("db.internal") == 1
    database.trouble = None
    assert await health.parts() == {"database": "ok", "storage": "ok"}
    assert "The database is available again." in log.text


async def test_a_check_that_hangs(monkeypatch, log):
    """It counts as a failure, and no second one is started beside it."""
    monkeypatch.setattr("codepush.server.services.upkeep.health._TIMEOUT", 0.01)
    storage, clock = Part(), Clock()
    storage.may_end.clear()
    health = Health(Part(), storage, clock=clock)
    for _ in range(3):
        assert (await health.parts())["storage"] == "unavailable"
        clock.time += 3
    assert storage.checks == 1
    assert "no response within" in log.text
    storage.may_end.set()
    assert (await health.parts())["storage"] == "ok"
