"""Workers that tell each other what they have counted."""

import asyncio
import os
from contextlib import suppress

import pytest

from codepush.server import multiprocess
from codepush.server.counters import Counters, Held
from codepush.server.multiprocess import SharedCounters

pytestmark = pytest.mark.anyio


def a_worker(folder, monkeypatch, pid, *, updates, held):
    """Return what a worker with this process id has."""
    counters = Counters()
    counters.fast.update = updates
    with monkeypatch.context() as patched:
        patched.setattr(os, "getpid", lambda: pid)
        return SharedCounters(counters, folder, held=lambda: Held(held))


async def a_moment(worker):
    """Let a worker run until it has written down what it has counted."""
    task = asyncio.create_task(worker.run())
    await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_whichever_worker_is_asked_tells_what_all_have_counted(tmp_path, monkeypatch):
    """Its own numbers are those of now, and the others' those they wrote down last."""
    one = a_worker(tmp_path, monkeypatch, 101, updates=1, held=2)
    other = a_worker(tmp_path, monkeypatch, 102, updates=10, held=20)
    for worker in (one, other):
        await a_moment(worker)
    one._own.fast.update += 5
    for worker, updates in ((one, 16), (other, 11)):
        total, running = await worker.total()
        assert (total.fast.update, total.held, running) == (updates, Held(22), 2)


async def test_what_a_worker_that_is_gone_has_counted_still_counts(tmp_path, monkeypatch):
    """Else the sum would fall, and look like a restart; what it held is held no more."""
    one = a_worker(tmp_path, monkeypatch, 101, updates=1, held=2)
    await a_moment(a_worker(tmp_path, monkeypatch, 102, updates=10, held=20))
    monkeypatch.setattr(multiprocess, "_SILENCE", -60)
    total, running = await one.total()
    assert (total.fast.update, total.held, running) == (11, Held(2), 1)


async def test_a_worker_without_others_writes_nothing(tmp_path):
    """There is nobody to tell."""
    alone = SharedCounters(Counters(), None, held=lambda: Held(1))
    await alone.run()
    assert (await alone.total())[1] == 1
    assert list(tmp_path.iterdir()) == []
