"""What there is to see for those who watch the server: what was counted, and what waits to be done."""

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


_PATIENCE: Final = 2.0
"""Seconds that a database may take to tell; who asks for numbers gives up soon himself."""


class Counted(Protocol):
    """Knows what all workers have counted."""

    async def total(self) -> tuple[Counters, int]:
        """Return what they have counted together, and how many are running."""


class Seen(Struct, frozen=True):
    """What was seen. ``jobs`` and ``rollouts`` are ``None`` when the database did not respond."""

    counters: Counters
    workers: int
    jobs: JobCounts | None
    oldest_seconds: float = 0.0
    rollouts: Mapping[RolloutState, int] | None = None


class Overview:
    """Looks at everything at once."""

    def __init__(self, store: Store, counted: Counted, *, clock: Clock = now) -> None:
        self._store = store
        self._counted = counted
        self._clock = clock

    async def now(self) -> Seen:
        """Return what there is to see now; a database that is away is seen, too."""
        asked = asyncio.ensure_future(self._recorded())
        await asyncio.wait([asked], timeout=_PATIENCE)
        jobs, rollouts = asked.result() if asked.done() else (None, None)
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
