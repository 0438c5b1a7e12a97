"""Diffs that devices could have used: the packages that devices run decide which diffs are built.

A device that could use a missing diff gets the whole package, and the diff is queued. Devices do not wait for that:
missing diffs are kept in memory until a task of this process has added the jobs.
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
"""Diffs that may wait to be queued. Further ones are skipped, and noticed again at the next update check."""

_BATCH: Final = 100
"""Jobs added in one transaction, at most."""

_PAUSE: Final = 5.0
"""Seconds to wait when the database is unavailable."""

_log = logging.getLogger(__name__)


class MissingDiffs:
    """The one task of this process that queues missing diffs. ``queued`` is called after jobs were added."""

    def __init__(self, store: Store, *, queued: Callable[[], None], clock: Clock = now) -> None:
        self._store = store
        self._queued = queued
        self._clock = clock
        self._waiting: dict[DiffJob, None] = {}
        self._noticed = asyncio.Event()

    def notice(self, job: DiffJob) -> bool:
        """Record a missing diff without waiting; return whether there was room for it."""
        if len(self._waiting) >= _LIMIT:
            return False
        self._waiting[job] = None
        self._noticed.set()
        return True

    async def run(self) -> None:
        """Queue the recorded diffs; runs until it is cancelled."""
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
