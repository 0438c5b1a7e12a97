"""Taking the reports of phones, durably and many at a time.

A report is answered after it was committed. Reports that arrive while a commit is under way are
committed together by the next one, which begins as soon as the previous one has returned; so a
busy server pays for one commit many times over, and an idle one never waits.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from codepush.models import StatusReport
from codepush.rules import metrics
from codepush.server.ports import UnavailableError
from codepush.server.services.clock import Clock, now

if TYPE_CHECKING:
    from codepush.server.ports import DeploymentRecord, Records, Store

__all__ = ["Reports"]

_BATCH: Final = 1_000
"""Reports in one commit, at most."""

_WAITING_LIMIT: Final = 20_000
"""Reports that may wait for their commit; more are refused, so that memory stays bounded."""

_log = logging.getLogger(__name__)


class _Waiting(Struct, frozen=True):
    report: StatusReport
    done: asyncio.Future[None]


class Reports:
    """The one writer of reports in this process."""

    def __init__(self, store: Store, *, clock: Clock = now) -> None:
        self._store = store
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self._arrived = asyncio.Event()

    async def take(self, report: StatusReport) -> None:
        """Return once the report is on disk. One for a deployment that does not exist counts for nothing.

        Raises:
            UnavailableError: the database did not take it, or too many reports are waiting.

        """
        if len(self._waiting) >= _WAITING_LIMIT:
            raise UnavailableError("Too many reports are waiting to be written.")
        waiting = _Waiting(report, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._arrived.set()
        await waiting.done

    async def run(self) -> None:
        """Commit what has arrived, back to back; runs until it is cancelled."""
        while True:
            await self._arrived.wait()
            batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
            if not self._waiting:
                self._arrived.clear()
            await self._commit(batch)

    async def _commit(self, batch: list[_Waiting]) -> None:
        try:
            async with self._store.write() as records:
                writer = _Writer(records, self._clock())
                for waiting in batch:
                    await writer.apply(waiting.report)
        except UnavailableError as error:
            _settle(batch, error)
        except Exception as error:  # noqa: BLE001 - the writer must outlive any report, and whoever waits must hear
            _log.exception("Reports could not be written.")
            _settle(batch, error)
        else:
            _settle(batch)


class _Writer:
    """Applies reports within one transaction."""

    def __init__(self, records: Records, now: int) -> None:
        self._records = records
        self._now = now
        self._deployments: dict[str, DeploymentRecord | None] = {}

    async def apply(self, report: StatusReport) -> None:
        """Change what a report changes (``docs/device-states.md``)."""
        here = await self._deployment(report.deployment_key)
        if here is None:
            return
        origin_key = metrics.other_deployment_key(report)
        origin = None if origin_key is None else await self._deployment(origin_key)
        change = metrics.change(
            report, runs=await self._remembered(here, report), ran_elsewhere=await self._remembered(origin, report)
        )
        for counter in change.counters:
            counted = await self._deployment(counter.deployment_key)
            if counted is not None:
                await self._records.devices.count(counted.id, counter.subject, counter.kind, counter.delta)
        if change.remember is not None:
            await self._records.devices.remember(here.id, _device(here, report), change.remember, self._now)
        if change.is_moved and origin is not None:
            await self._records.devices.forget(origin.id, _device(origin, report))

    async def _deployment(self, key: str) -> DeploymentRecord | None:
        if key not in self._deployments:
            self._deployments[key] = await self._records.deployments.with_key(key)
        return self._deployments[key]

    async def _remembered(self, deployment: DeploymentRecord | None, report: StatusReport) -> str | None:
        if deployment is None or not report.client_unique_id:
            return None
        return await self._records.devices.remembered(deployment.id, _device(deployment, report))


def _device(deployment: DeploymentRecord, report: StatusReport) -> bytes:
    """Return the keyed hash under which a device is remembered; its id itself is never stored."""
    client_unique_id = (report.client_unique_id or "").encode("utf-8", "surrogatepass")
    return hmac.digest(deployment.device_key, client_unique_id, hashlib.sha256)


def _settle(batch: list[_Waiting], error: Exception | None = None) -> None:
    """Tell those who still wait how the commit went."""
    for waiting in batch:
        if waiting.done.done():
            continue
        if error is None:
            waiting.done.set_result(None)
        else:
            waiting.done.set_exception(error)
