"""Metrics over time, for charts, and their compaction."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import anyio
from msgspec.structs import astuple

from codepush.rules import series
from codepush.rules.series import DAY, HOUR, Entry, start_of
from codepush.server.ports.errors import UnavailableError
from codepush.server.ports.series import PointRecord
from codepush.server.services.access.resolution import find_deployment
from codepush.server.services.clock import Clock, now
from codepush.server.services.releasing.thinning import forget_idle_devices, merge_trials

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codepush.models import MetricsPoint
    from codepush.server.ports.store import Store
    from codepush.server.services.caller import Caller

__all__ = ["HOURS_KEPT", "Series"]

HOURS_KEPT: Final = 7 * DAY
"""Milliseconds for which hours are kept; older ones are merged into days."""

_SHOWN: Final = 7 * DAY
"""Default length of the returned period, in milliseconds."""

_INTERVAL: Final = HOUR / 1000
"""Seconds between two compactions."""

_log = logging.getLogger(__name__)


class Series:
    """Counters of deployments over time."""

    def __init__(self, store: Store, *, clock: Clock = now) -> None:
        self._store = store
        self._clock = clock

    async def of_deployment(
        self, caller: Caller, app_name: str, name: str, *, since: int | None = None, until: int | None = None
    ) -> Mapping[str, Sequence[MetricsPoint]]:
        """Return a deployment's counters over time, by label, and by binary version of the store.

        Args:
            caller: The caller.
            app_name: The app.
            name: The deployment.
            since: Start, in milliseconds since 1970, rounded down to a day. By default seven days ago.
            until: End, not included; by default now.

        Raises:
            NotFoundError: The caller has access to no such app, or the app has no such deployment.
            ForbiddenError: The caller lacks the permission on the app.

        """
        end = self._clock() + 1 if until is None else until
        begin = start_of(DAY, max(0, end - _SHOWN if since is None else since))
        async with self._store.read() as records:
            _, deployment = await find_deployment(records, caller, app_name, name, "view_deployment")
            points = await records.series.points(deployment.id, since=begin, until=end)
            standing = await records.series.standing_before(deployment.id, begin)
        before = {(counter.subject, counter.kind): counter.value for counter in standing}
        return series.show(before, _entries(points), since=begin)

    async def run(self) -> None:
        """Compact periodically; runs until it is cancelled."""
        while True:
            try:
                await self.compact()
            except UnavailableError as error:
                _log.warning("Metrics over time could not be compacted: %s", error)
            await anyio.sleep(_INTERVAL)

    async def compact(self) -> None:
        """Merge old hours into days, and delete other old data of reports.

        It can be interrupted anywhere, and several processes can run it at once.
        """
        at = self._clock()
        until = start_of(DAY, at - HOURS_KEPT)
        async with self._store.read() as records:
            having = await records.series.with_hours(until=until)
        for deployment_id in having:
            await self._compact(deployment_id, until)
        await merge_trials(self._store, at=at)
        await forget_idle_devices(self._store, at=at)

    async def _compact(self, deployment_id: int, until: int) -> None:
        async with self._store.write() as records:
            await records.devices.lock([deployment_id])
            since = (await records.series.with_hours(until=until)).get(deployment_id)
            if since is None:  # another process was faster
                return
            points = await records.series.points(deployment_id, since=start_of(DAY, since), until=until)
            days = [PointRecord(*astuple(day)) for day in series.by_day(_entries(points))]
            await records.series.replace_hours(deployment_id, days, until=until)


def _entries(points: Sequence[PointRecord]) -> list[Entry]:
    return [Entry(*astuple(point)) for point in points]
