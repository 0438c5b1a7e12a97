"""Diffs that phones could have used: what phones really run decides which diffs are made.

A phone that is offered a whole package although the server knows what it runs gets that package, and the
diff is queued behind its back. Phones never wait for it, so what was noticed is kept in memory until one
task of this process has added the jobs.
"""

from __future__ import annotations

import asyncio
import logging
from itertools import islice
from typing import TYPE_CHECKING, Final

import anyio

from codepush.server.ports.errors import UnavailableError
from codepush.server.services.clock import Clock, now
from codepush.server.services.packages.diffs import DiffJob, add_job

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from codepush.server.ports.store import Store

__all__ = ["MissingDiffs"]

_LIMIT: Final = 1_000
"""Diffs that may wait to be queued; more are passed over, and noticed again when the next phone asks."""

_BATCH: Final = 100
"""Jobs added in one transaction, at most."""

_PAUSE: Final = 5.0
"""Seconds to wait when the database is unavailable."""

_log = logging.getLogger(__name__)


class MissingDiffs:
    """The one task of this process that queues what phones miss. ``queued`` is called when jobs were added."""

    def __init__(self, store: Store, *, queued: Callable[[], None], clock: Clock = now) -> None:
        self._store = store
        self._queued = queued
        self._clock = clock
        self._waiting: dict[DiffJob, None] = {}
        self._noticed = asyncio.Event()

    def notice(self, job: DiffJob) -> bool:
        """Take note of a missing diff, at once; return whether there was room for it."""
        if len(self._waiting) >= _LIMIT:
            return False
        self._waiting[job] = None
        self._noticed.set()
        return True

    async def run(self) -> None:
        """Queue what was noticed; runs until it is cancelled."""
        while True:
            await self._noticed.wait()
            batch = list(islice(self._waiting, _BATCH))
            try:
                await self._queue(batch)
            except UnavailableError as error:
                _log.warning("Missing diffs could not be queued yet: %s", error)
                await anyio.sleep(_PAUSE)
            else:
                self._forget(batch)

    async def _queue(self, batch: Sequence[DiffJob]) -> None:
        async with self._store.write() as records:
            for job in batch:
                await add_job(records, job, self._clock())
        self._queued()

    def _forget(self, batch: Sequence[DiffJob]) -> None:
        for job in batch:
            del self._waiting[job]
        if not self._waiting:
            self._noticed.clear()
