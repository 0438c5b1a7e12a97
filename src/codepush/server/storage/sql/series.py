"""Counters over time."""

# ruff: noqa: D102 - the ports describe each method once, for every adapter

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import astuple
from sqlalchemy import bindparam, delete, func, select

from codepush.server.ports.devices import CounterRecord
from codepush.server.ports.series import PointRecord
from codepush.server.storage.sql.bulk import BulkQueries
from codepush.server.storage.sql.schema import counter_series

if TYPE_CHECKING:
    from collections.abc import Sequence

_series = counter_series.c
_earlier = counter_series.alias("earlier")

_OF_DEPLOYMENT: Final = _series.deployment_id == bindparam("deployment_id")
_IS_HOUR: Final = _series.span == "hour"
_ENDED: Final = _series.starts_at < bindparam("until")

# An hour and a day can begin at the same moment: an existing day comes before later hours.
POINTS: Final = (
    select(_series.subject, _series.kind, _series.span, _series.starts_at, _series.value)
    .where(_OF_DEPLOYMENT, _series.starts_at >= bindparam("since"), _ENDED)
    .order_by(_series.starts_at, _series.span, _series.subject, _series.kind)
)

POINTS_OF: Final = (
    select(_series.subject, _series.kind, _series.span, _series.starts_at, _series.value)
    .where(_OF_DEPLOYMENT, _series.subject == bindparam("of_subject"), _ENDED)
    .order_by(_series.starts_at, _series.span, _series.kind)
)

_LAST: Final = (
    select(func.max(_earlier.c.starts_at))
    .where(
        _earlier.c.deployment_id == _series.deployment_id,
        _earlier.c.subject == _series.subject,
        _earlier.c.kind == _series.kind,
        _earlier.c.starts_at < bindparam("until"),
    )
    .scalar_subquery()
)

STANDING_BEFORE: Final = (
    select(_series.subject, _series.kind, _series.value)
    .where(_OF_DEPLOYMENT, _series.kind.in_(["active", "anonymous"]), _series.starts_at == _LAST)
    .order_by(_series.subject, _series.kind, _series.span)
)

WITH_HOURS: Final = (
    select(_series.deployment_id, func.min(_series.starts_at).label("since"))
    .where(_IS_HOUR, _ENDED)
    .group_by(_series.deployment_id)
    .order_by(_series.deployment_id)
)

KEEP: Final = """
    INSERT INTO counter_series (deployment_id, subject, kind, span, starts_at, value)
    SELECT deployment_id, subject, kind, span, starts_at, value FROM given WHERE true
    ON CONFLICT (deployment_id, subject, kind, span, starts_at) DO UPDATE SET value = excluded.value
"""

FORGET_HOURS: Final = delete(counter_series).where(_OF_DEPLOYMENT, _IS_HOUR, _ENDED)

_POINT: Final = {
    "deployment_id": "bigint",
    "subject": "text",
    "kind": "text",
    "span": "text",
    "starts_at": "bigint",
    "value": "bigint",
}


class SqlSeries(BulkQueries):
    """Counters over time, as :class:`codepush.server.ports.series.Series` describes them."""

    async def points(self, deployment_id: int, *, since: int, until: int) -> Sequence[PointRecord]:
        rows = await self._all(POINTS, deployment_id=deployment_id, since=since, until=until)
        return tuple(PointRecord(**row) for row in rows)

    async def points_of(self, deployment_id: int, subject: str, *, until: int) -> Sequence[PointRecord]:
        rows = await self._all(POINTS_OF, deployment_id=deployment_id, of_subject=subject, until=until)
        return tuple(PointRecord(**row) for row in rows)

    async def standing_before(self, deployment_id: int, until: int) -> Sequence[CounterRecord]:
        rows = await self._all(STANDING_BEFORE, deployment_id=deployment_id, until=until)
        return tuple(CounterRecord(**row) for row in rows)

    async def with_hours(self, *, until: int) -> dict[int, int]:
        return {row["deployment_id"]: row["since"] for row in await self._all(WITH_HOURS, until=until)}

    async def replace_hours(self, deployment_id: int, days: Sequence[PointRecord], *, until: int) -> None:
        await self._given(_POINT, sorted((deployment_id, *astuple(day)) for day in days), KEEP)
        await self._run(FORGET_HOURS, deployment_id=deployment_id, until=until)
