"""Storing reports of devices, durably and in batches.

A report gets its response after its commit. Reports that arrive during a commit are committed together by the next
one, which begins immediately afterwards. So a busy server shares each commit among many reports, and an idle one
never waits.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from codepush.rules.reports import countable
from codepush.server.counters import Durations
from codepush.server.ports.errors import UnavailableError
from codepush.server.services.clock import Clock, now
from codepush.server.services.phones import counting
from codepush.server.services.phones.counting import Arrival
from codepush.server.services.phones.new_devices import NewDevices
from codepush.server.tracing import NO_SPANS

if TYPE_CHECKING:
    from codepush.models import StatusReport
    from codepush.server.ports.store import Store
    from codepush.server.tracing import Spans

__all__ = ["Reports"]

_BATCH: Final = 250
"""Maximum number of reports in one commit. Changes wait for one commit, update checks for its computation."""

_WAITING_LIMIT: Final = 20_000
"""Reports that may wait for their commit. Further ones are rejected, which bounds memory."""

_log = logging.getLogger(__name__)


class _Waiting(Struct, frozen=True):
    arrival: Arrival
    done: asyncio.Future[None]


class Reports:
    """The one writer of reports in this process.

    Args:
        store: The records.
        new_devices: Limits new devices per address; no limit by default.
        commits: Durations of commits, successful or not.
        spans: Creates a span for each commit.
        clock: The current time.

    """

    def __init__(
        self,
        store: Store,
        *,
        new_devices: NewDevices | None = None,
        commits: Durations | None = None,
        spans: Spans = NO_SPANS,
        clock: Clock = now,
    ) -> None:
        self._store = store
        self._new_devices = new_devices or NewDevices(None)
        self._commits = commits or Durations()
        self._spans = spans
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self._arrived = asyncio.Event()

    async def take(self, report: StatusReport, *, address: str | None = None) -> None:
        """Return once the report is on disk. A report of a deployment that does not exist counts for nothing.

        A report that no deployment can count is not stored; see :func:`codepush.rules.reports.countable`.

        Args:
            report: The report, as it was read.
            address: The address that limits count it under; ``None`` if no limit applies to it.

        Raises:
            UnavailableError: The database failed, or too many reports are waiting.

        """
        bounded = countable(report)
        if bounded is None:
            return
        if len(self._waiting) >= _WAITING_LIMIT:
            raise UnavailableError("Too many reports are waiting to be written.")
        waiting = _Waiting(Arrival(bounded, address), asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._arrived.set()
        await waiting.done

    async def run(self) -> None:
        """Commit reports batch by batch; runs until it is cancelled."""
        while True:
            await self._arrived.wait()
            batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
            if not self._waiting:
                self._arrived.clear()
            await self._commit(batch)

    async def _commit(self, batch: list[_Waiting]) -> None:
        try:
            await self._write([waiting.arrival for waiting in batch])
        except UnavailableError as error:
            _settle(batch, error)
        except Exception as error:  # noqa: BLE001 - the writer must outlive any report, and callers need the error
            await self._isolate(batch, error)
        else:
            _settle(batch)

    async def _write(self, arrivals: list[Arrival]) -> None:
        admissions = self._new_devices.begin()
        began = time.perf_counter()
        try:
            with self._spans.span("reports.commit", **{"reports.count": len(arrivals)}):
                # The devices' locks are enough.
                async with self._store.write(alone=False) as records:
                    await counting.count(records, arrivals, admissions, at=self._clock())
            admissions.confirm()
        finally:
            self._commits.add(time.perf_counter() - began)

    async def _isolate(self, batch: list[_Waiting], error: Exception) -> None:
        """Write a failed batch in halves, so that only the reports that cannot be written fail."""
        if len(batch) == 1:
            _log.error("A report could not be written.", exc_info=error)
            _settle(batch, error)
            return
        half = len(batch) // 2
        await self._commit(batch[:half])
        await self._commit(batch[half:])


def _settle(batch: list[_Waiting], error: Exception | None = None) -> None:
    """Pass the result of a commit to the requests that still wait for it."""
    for waiting in batch:
        if waiting.done.done():
            continue
        if error is None:
            waiting.done.set_result(None)
        else:
            waiting.done.set_exception(error)
