"""The workers of one process: one for each lane."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import anyio

from codepush.server.background import keep_running
from codepush.server.counters import Failures, Jobs
from codepush.server.jobs.worker import Worker
from codepush.server.tracing import NO_SPANS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from codepush.server.jobs.arrivals import Arrivals
    from codepush.server.jobs.lanes import Lane
    from codepush.server.ports.store import Store
    from codepush.server.tracing import Spans

__all__ = ["Workers"]


class Workers:
    """Runs all lanes side by side.

    Args:
        store: The records.
        lanes: The lanes to run.
        arrivals: Notifies the workers of jobs that this process adds.
        counts: Counter of attempts at jobs of all lanes.
        spans: Creates a span for each attempt.

    """

    def __init__(
        self,
        store: Store,
        lanes: Iterable[Lane],
        *,
        arrivals: Arrivals,
        counts: Jobs | None = None,
        spans: Spans = NO_SPANS,
    ) -> None:
        counts = counts or Jobs()
        self._workers = [Worker(store, lane, added=arrivals.subscribe(), counts=counts, spans=spans) for lane in lanes]

    @property
    def tasks(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """The background tasks: one for each lane, which runs until it is cancelled."""
        return tuple(worker.run for worker in self._workers)

    async def run(self, *others: Callable[[], Awaitable[None]]) -> None:
        """Run all lanes, and other tasks beside them, until cancelled.

        A lane or task that fails starts again without stopping the others.
        """
        failures = Failures()
        await _together([partial(keep_running, task, failures) for task in (*self.tasks, *others)])

    async def run_all(self) -> None:
        """Run every job of every lane, including delayed jobs and jobs that other workers have claimed.

        Raises:
            UnavailableError: The database cannot be reached.

        """
        while not await self._are_idle():
            await _together([worker.run_all for worker in self._workers])

    async def _are_idle(self) -> bool:
        return all([await worker.is_idle() for worker in self._workers])


async def _together(runs: Iterable[Callable[[], Awaitable[None]]]) -> None:
    """Run all at once; when one raises or the caller is cancelled, cancel the others and wait for them."""
    tasks = [asyncio.ensure_future(run()) for run in runs]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()  # once only: a second time would interrupt a worker that gives its job back
        with anyio.CancelScope(shield=True):
            await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled():
            task.result()
