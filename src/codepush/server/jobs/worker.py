"""The worker: does the jobs in the database, one at a time.

Any number of workers, in server processes and beside them, share the work. Each holds a lease on the job it does and
renews it while it works. A worker that is killed loses its lease after :data:`LEASE`, and another one does the job; a
worker that is told to stop gives its job back at once.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

import anyio

from codepush.errors import PackageError
from codepush.server.counters import Jobs
from codepush.server.ports.errors import UnavailableError
from codepush.server.services.clock import Clock, now
from codepush.server.tracing import NO_SPANS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from codepush.server.jobs.handlers import Handlers
    from codepush.server.ports.jobs import JobRecord
    from codepush.server.ports.store import Store
    from codepush.server.tracing import Spans

__all__ = ["Worker"]

LEASE: Final = 15_000
"""Milliseconds for which a worker holds a job without being heard of."""

ATTEMPTS: Final = 5
"""How often a job is tried before it has failed for good."""

_RENEWALS: Final = 3
"""How often a lease is renewed in the time that it lasts."""

_POLL: Final = 1.0
"""Seconds between two looks for jobs that other processes have added."""

_log = logging.getLogger(__name__)


class Worker:
    """Does jobs until it is cancelled, or until none is left.

    Args:
        store: the records.
        handlers: what to do for each kind of job.
        added: is set by others of this process when they have added a job, so that it is done at once.
        lease: milliseconds for which it holds a job without being heard of.
        counts: counts its attempts.
        spans: is told of them.
        clock: the time.

    """

    def __init__(
        self,
        store: Store,
        handlers: Handlers,
        *,
        added: asyncio.Event,
        lease: int = LEASE,
        counts: Jobs | None = None,
        spans: Spans = NO_SPANS,
        clock: Clock = now,
    ) -> None:
        self._store = store
        self._handlers = handlers
        self._added = added
        self._lease = lease
        self._counts = counts or Jobs()
        self._spans = spans
        self._clock = clock
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    async def run(self) -> None:
        """Do jobs as they come; runs until it is cancelled."""
        async with self._giving_back():
            while True:
                await self._run_due()
                with anyio.move_on_after(_POLL):
                    await self._added.wait()

    async def run_all(self) -> None:
        """Do every job there is, also those that have to wait, or that another worker has begun and may not finish.

        Raises:
            UnavailableError: the database cannot be reached.

        """
        async with self._giving_back():
            while await self._next_due() is not None:
                if not await self._run_next():
                    await anyio.sleep(_POLL)

    async def _run_due(self) -> None:
        self._added.clear()
        try:
            while await self._run_next():
                pass
        except UnavailableError as error:
            _log.warning("Jobs have to wait: %s", error)

    async def _run_next(self) -> bool:
        """Do one job; return whether there was one to do now."""
        job = await self._claim()
        if job is not None:
            await self._settle(job)
        return job is not None

    async def _claim(self) -> JobRecord | None:
        due = await self._next_due()  # first a look, since only one process can write at a time
        if due is None or due > self._clock():
            return None
        async with self._store.write(alone=False) as records:
            return await records.jobs.claim(self._owner, now=self._clock(), lease_until=self._clock() + self._lease)

    async def _next_due(self) -> int | None:
        async with self._store.read() as records:
            return await records.jobs.next_due()

    async def _settle(self, job: JobRecord) -> None:
        """Do a job and write down what became of it."""
        error = await self._do(job)
        async with self._store.write(alone=False) as records:
            if error is None:
                await records.jobs.finish(job.id, self._owner)
            elif isinstance(error, PackageError) or job.attempt >= ATTEMPTS:
                await records.jobs.fail(job.id, self._owner, _told(error))
            else:
                again = self._clock() + _pause(job.attempt)
                await records.jobs.retry(job.id, self._owner, _told(error), at=again)

    async def _do(self, job: JobRecord) -> Exception | None:
        if job.attempt > ATTEMPTS:
            return RuntimeError("Every worker that did this job was killed before it could finish.")
        began = time.perf_counter()
        try:
            with self._spans.span("job", **{"job.kind": job.kind, "job.id": job.id, "job.attempt": job.attempt}):
                async with self._renewing(job):
                    await self._handlers[job.kind](job.payload)
        except Exception as error:  # noqa: BLE001 - the worker must outlive any job, and the job keeps the error
            self._counts.failed += 1
            _log.warning("Attempt %d of job %d (%s) failed.", job.attempt, job.id, job.kind, exc_info=error)
            return error
        else:
            self._counts.done += 1
            return None
        finally:
            self._counts.durations.add(time.perf_counter() - began)

    @asynccontextmanager
    async def _renewing(self, job: JobRecord) -> AsyncIterator[None]:
        """Keep the lease on a job while the block runs."""
        renewals = asyncio.create_task(self._renew(job))
        try:
            yield
        finally:
            renewals.cancel()
            await asyncio.gather(renewals, return_exceptions=True)

    async def _renew(self, job: JobRecord) -> None:
        while True:
            await anyio.sleep(self._lease / _RENEWALS / 1000)
            with suppress(UnavailableError):  # the next renewal may still come in time
                async with self._store.write(alone=False) as records:
                    await records.jobs.extend(job.id, self._owner, lease_until=self._clock() + self._lease)

    @asynccontextmanager
    async def _giving_back(self) -> AsyncIterator[None]:
        """Leave no job claimed when the block ends, however it ends."""
        try:
            yield
        finally:
            with anyio.CancelScope(shield=True), suppress(UnavailableError):  # else the lease runs out
                async with self._store.write(alone=False) as records:
                    await records.jobs.give_back(self._owner)


def _pause(attempt: int) -> int:
    """Return how many milliseconds to wait after a failed attempt: 2 seconds, 8, 32, 128."""
    return 500 << 2 * attempt


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
