"""What devices last ran, and the counters that follow from it."""

# ruff: noqa: D102 - the ports describe each method once, for every adapter

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, select, text

from codepush.server.ports import CounterRecord
from codepush.server.storage.sql.queries import Queries
from codepush.server.storage.sql.schema import counter_series, counters, devices

if TYPE_CHECKING:
    from collections.abc import Sequence

_THE_DEVICE: Final = (
    devices.c.deployment_id == bindparam("deployment_id"),
    devices.c.device == bindparam("device"),
)

REMEMBERED: Final = select(devices.c.subject).where(*_THE_DEVICE)

# ON CONFLICT is spelled the same on SQLite and PostgreSQL, but SQLAlchemy has one construct for each.
REMEMBER: Final = text("""
    INSERT INTO devices (deployment_id, device, subject, updated_at)
    VALUES (:deployment_id, :device, :subject, :at)
    ON CONFLICT (deployment_id, device)
    DO UPDATE SET subject = excluded.subject, updated_at = excluded.updated_at
""")

FORGET: Final = delete(devices).where(*_THE_DEVICE)

# Adding and flooring in one statement: two nodes that count at once both count.
COUNT: Final = text("""
    INSERT INTO counters (deployment_id, subject, kind, value)
    VALUES (:deployment_id, :subject, :kind, :first)
    ON CONFLICT (deployment_id, subject, kind)
    DO UPDATE SET value = CASE WHEN counters.value + :delta > 0 THEN counters.value + :delta ELSE 0 END
""")

COUNTERS: Final = (
    select(counters.c.subject, counters.c.kind, counters.c.value)
    .where(counters.c.deployment_id == bindparam("deployment_id"))
    .order_by(counters.c.subject, counters.c.kind)
)

CLEAR: Final = tuple(
    delete(table).where(table.c.deployment_id == bindparam("deployment_id"))
    for table in (devices, counters, counter_series)
)


class SqlDevices(Queries):
    """Devices and counters, as :class:`codepush.server.ports.Devices` describes them."""

    async def remembered(self, deployment_id: int, device: bytes) -> str | None:
        row = await self._first(REMEMBERED, deployment_id=deployment_id, device=device)
        return row["subject"] if row else None

    async def remember(self, deployment_id: int, device: bytes, subject: str, at: int) -> None:
        await self._run(REMEMBER, deployment_id=deployment_id, device=device, subject=subject, at=at)

    async def forget(self, deployment_id: int, device: bytes) -> None:
        await self._run(FORGET, deployment_id=deployment_id, device=device)

    async def count(self, deployment_id: int, subject: str, kind: str, delta: int) -> None:
        await self._run(
            COUNT, deployment_id=deployment_id, subject=subject, kind=kind, delta=delta, first=max(0, delta)
        )

    async def counters(self, deployment_id: int) -> Sequence[CounterRecord]:
        return tuple(CounterRecord(**row) for row in await self._all(COUNTERS, deployment_id=deployment_id))

    async def clear(self, deployment_id: int) -> None:
        for statement in CLEAR:
            await self._run(statement, deployment_id=deployment_id)
