"""Counters over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from msgspec import Struct

from codepush.server.ports.devices import CounterKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codepush.server.ports.devices import CounterRecord

__all__ = ["PointRecord", "Series"]


class PointRecord(Struct, frozen=True):
    """The value of a counter in an hour or a day: the number at the end, or the events in it."""

    subject: str
    kind: CounterKind
    span: Literal["hour", "day"]
    starts_at: int
    value: int


class Series(Protocol):
    """Counters over time: by the hour, and after a while by the day. `Devices.count` adds the current hour."""

    async def points(self, deployment_id: int, *, since: int, until: int) -> Sequence[PointRecord]:
        """Return the hours and days that begin in this period, in order; a day before an hour of the same moment."""

    async def points_of(self, deployment_id: int, subject: str, *, until: int) -> Sequence[PointRecord]:
        """Return the hours and days of a label or binary version that begin before this moment, likewise in order."""

    async def standing_before(self, deployment_id: int, until: int) -> Sequence[CounterRecord]:
        """Return the last values of the kinds in `STANDING` before this moment."""

    async def with_hours(self, *, until: int) -> dict[int, int]:
        """Return the deployments that have hours before this moment, and when the first of them began."""

    async def replace_hours(self, deployment_id: int, days: Sequence[PointRecord], *, until: int) -> None:
        """Store these days, replacing those of the same dates, and delete the hours before this moment."""
