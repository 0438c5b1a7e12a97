"""Counters over all workers."""

import asyncio
import os
from contextlib import suppress

import pytest

from codepush.server import multiprocess
from codepush.server.counters import Counters, Held
from codepush.server.multiprocess import SharedCounters

pytestmark = pytest.mark.anyio


def a_worker(folder, monkeypatch, pid, *, updates, held):
    """Return the counters of a worker with this process ID."""
    counters = Counters()
    counters.fast.update = updates
    with monkeypatch.context() as patched:
        patched.setattr(os, "getpid", lambda: pid)
        return SharedCounters(counters, folder, held=lambda: Held(held))


async def a_moment(worker):
    """Run a worker until it has written its counters once."""
    task = asyncio.create_task(worker.run())
    await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_every_worker_returns_the_sum_over_all(tmp_path, monkeypatch):
    """Its own counters are current; those of the others are as last written."""
    one = a_worker(tmp_path, monkeypatch, 101, updates=1, held=2)
    other = a_worker(tmp_path, monkeypatch, 102, updates=10, held=20)
    for worker in (one, other):
        await a_moment(worker)
    one._own.fast.update += 5
    for worker, updates in ((one, 16), (other, 11)):
        total, running = await worker.total()
        assert (total.fast.update, total.held, running) == (updates, Held(22), 2)


async def test_counters_of_an_ended_worker_still_count(tmp_path, monkeypatch):
    """Otherwise the sum would fall and look like a restart; its deployments are no longer held."""
    one = a_worker(tmp_path, monkeypatch, 101, updates=1, held=2)
    await a_moment(a_worker(tmp_path, monkeypatch, 102, updates=10, held=20))
    monkeypatch.setattr(multiprocess, "_SILENCE", -60)
    total, running = await one.total()
    assert (total.fast.update, total.held, running) == (11, Held(2), 1)


async def test_a_worker_without_others_writes_nothing(tmp_path):
    """No other worker would read it."""
    alone = SharedCounters(Counters(), None, held=lambda: Held(1))
    await alone.run()
    assert (await alone.total())[1] == 1
    assert list(tmp_path.iterdir()) == []
