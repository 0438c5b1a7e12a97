"""The metrics of the whole server: counters of all workers, and queued work."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Protocol

from msgspec import Struct

from codepush.rollout_models import RolloutState
from codepush.server.counters import Counters
from codepush.server.ports.errors import UnavailableError
from codepush.server.ports.jobs import JobCounts
from codepush.server.services.clock import Clock, now

if TYPE_CHECKING:
    from codepush.server.ports.store import Store

__all__ = ["Counted", "Overview", "Seen"]


_TIMEOUT: Final = 2.0
"""Time limit for the database, in seconds: clients that request metrics have short timeouts."""


class Counted(Protocol):
    """The counters of all workers."""

    async def total(self) -> tuple[Counters, int]:
        """Return the sum of all counters, and the number of running workers."""


class Seen(Struct, frozen=True):
    """The metrics at one moment. ``jobs`` and ``rollouts`` are ``None`` when the database did not respond."""

    counters: Counters
    workers: int
    jobs: JobCounts | None
    oldest_seconds: float = 0.0
    rollouts: Mapping[RolloutState, int] | None = None


class Overview:
    """Collects all metrics."""

    def __init__(self, store: Store, counted: Counted, *, clock: Clock = now) -> None:
        self._store = store
        self._counted = counted
        self._clock = clock

    async def now(self) -> Seen:
        """Return the current metrics, also when the database is unavailable."""
        recorded = asyncio.ensure_future(self._recorded())
        await asyncio.wait([recorded], timeout=_TIMEOUT)
        jobs, rollouts = recorded.result() if recorded.done() else (None, None)
        counters, workers = await self._counted.total()
        oldest = None if jobs is None else jobs.oldest
        waited = 0.0 if oldest is None else max(0, self._clock() - oldest) / 1000
        return Seen(counters, workers, jobs, waited, rollouts)

    async def _recorded(self) -> tuple[JobCounts | None, Mapping[RolloutState, int] | None]:
        try:
            async with self._store.read() as records:
                return await records.jobs.counts(), await records.rollouts.counts()
        except UnavailableError:
            return None, None
