"""The worker: runs the jobs of one lane, one at a time.

Any number of workers, in server processes and beside them, share the jobs of a lane. Each holds a lease on its current
job and renews it while the job runs. A worker that is killed loses its lease after :data:`LEASE`, and another one runs
the job; a worker that is cancelled gives its job back immediately.
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
from codepush.server.ports.errors import NewerSchemaError, UnavailableError
from codepush.server.services.clock import Clock, now
from codepush.server.tracing import NO_SPANS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from codepush.server.jobs.lanes import Lane
    from codepush.server.ports.jobs import JobRecord
    from codepush.server.ports.store import Store
    from codepush.server.tracing import Spans

__all__ = ["Worker"]

LEASE: Final = 15_000
"""Milliseconds for which a worker holds a job without renewing its lease."""

ATTEMPTS: Final = 5
"""Attempts at a job before it fails permanently."""

_RENEWALS: Final = 3
"""Renewals of a lease within its duration."""

_POLL: Final = 1.0
"""Seconds between two polls for jobs that other processes have added."""

_log = logging.getLogger(__name__)


class Worker:
    """Runs the jobs of a lane until it is cancelled, or until none is left.

    Args:
        store: The records.
        lane: The kinds of jobs to claim, with their handlers. Jobs of other kinds stay untouched.
        added: Is set when this process adds a job, which then starts without waiting for the next poll.
        lease: Milliseconds for which the worker holds a job without renewing its lease.
        counts: Counter of attempts.
        spans: Creates a span for each attempt.
        clock: The current time.

    """

    def __init__(
        self,
        store: Store,
        lane: Lane,
        *,
        added: asyncio.Event,
        lease: int = LEASE,
        counts: Jobs | None = None,
        spans: Spans = NO_SPANS,
        clock: Clock = now,
    ) -> None:
        self._store = store
        self._handlers = lane.handlers
        self._added = added
        self._lease = lease
        self._counts = counts or Jobs()
        self._spans = spans
        self._clock = clock
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{lane.name}:{secrets.token_hex(4)}"

    async def run(self) -> None:
        """Run jobs as they arrive, until cancelled."""
        async with self._giving_back():
            while True:
                await self._run_due()
                with anyio.move_on_after(_POLL):
                    await self._added.wait()

    async def run_all(self) -> None:
        """Run every job of the lane, including delayed jobs and jobs that other workers have claimed.

        Raises:
            UnavailableError: The database cannot be reached.

        """
        async with self._giving_back():
            while not await self.is_idle():
                if not await self._run_next():
                    await anyio.sleep(_POLL)

    async def is_idle(self) -> bool:
        """Return whether the lane has no job left to run, now or later."""
        return await self._next_due() is None

    async def _run_due(self) -> None:
        self._added.clear()
        try:
            while await self._run_next():
                pass
        except NewerSchemaError:
            return  # the store has logged it, once
        except UnavailableError as error:
            _log.warning("Jobs have to wait: %s", error)

    async def _run_next(self) -> bool:
        """Run one job; return whether one was due."""
        job = await self._claim()
        if job is not None:
            await self._settle(job)
        return job is not None

    async def _claim(self) -> JobRecord | None:
        due = await self._next_due()  # read first: only one process can write at a time
        if due is None or due > self._clock():
            return None
        async with self._store.write(alone=False) as records:
            now = self._clock()
            return await records.jobs.claim(self._owner, self._handlers.keys(), now=now, lease_until=now + self._lease)

    async def _next_due(self) -> int | None:
        async with self._store.read() as records:
            return await records.jobs.next_due(self._handlers.keys())

    async def _settle(self, job: JobRecord) -> None:
        """Run a job and record its outcome."""
        error = await self._attempt(job)
        async with self._store.write(alone=False) as records:
            if error is None:
                await records.jobs.finish(job.id, self._owner)
            elif isinstance(error, PackageError) or job.attempt >= ATTEMPTS:
                await records.jobs.fail(job.id, self._owner, _description(error))
            else:
                again = self._clock() + _pause(job.attempt)
                await records.jobs.retry(job.id, self._owner, _description(error), at=again)

    async def _attempt(self, job: JobRecord) -> Exception | None:
        if job.attempt > ATTEMPTS:
            return RuntimeError("Every worker that ran this job was killed before it finished.")
        began = time.perf_counter()
        try:
            with self._spans.span("job", **{"job.kind": job.kind, "job.id": job.id, "job.attempt": job.attempt}):
                async with self._renewing(job):
                    await self._handlers[job.kind](job.payload)
        except Exception as error:  # noqa: BLE001 - the worker outlives any job, and the job's record keeps the error
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


def _description(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
