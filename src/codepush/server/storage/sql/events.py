"""The audit trail."""

# ruff: noqa: D102 - the ports describe each method once, for every adapter

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import bindparam, insert, select

from codepush.server.ports.events import EventRecord
from codepush.server.storage.sql.queries import Queries
from codepush.server.storage.sql.schema import events

if TYPE_CHECKING:
    from collections.abc import Sequence

ADD: Final = insert(events)

_RECORD: Final = (events.c.id.label("number"), *(column for column in events.columns if column.name != "id"))
PAGE: Final = select(*_RECORD).where(events.c.id > bindparam("after")).order_by(events.c.id).limit(bindparam("limit"))

OF_DEPLOYMENT: Final = (
    select(*_RECORD)
    .where(
        events.c.app_id == bindparam("of_app"),
        events.c.deployment_id == bindparam("of_deployment"),
        events.c.kind > bindparam("first_kind"),
        events.c.kind < bindparam("last_kind"),
    )
    .order_by(events.c.id.desc())
    .limit(bindparam("limit"))
)


class SqlEvents(Queries):
    """Events, as :class:`codepush.server.ports.events.Events` describes them."""

    async def add(self, event: EventRecord) -> None:
        fields = msgspec.structs.asdict(event)
        del fields["number"]
        await self._run(ADD, **fields)

    async def of_deployment(self, app_id: int, deployment_id: int, noun: str, *, limit: int) -> Sequence[EventRecord]:
        rows = await self._all(
            OF_DEPLOYMENT,
            of_app=app_id,
            of_deployment=deployment_id,
            first_kind=f"{noun}.",
            last_kind=f"{noun}/",  # the character after the full stop
            limit=limit,
        )
        return tuple(EventRecord(**row) for row in rows)

    async def page(self, *, after: int = 0, limit: int) -> Sequence[EventRecord]:
        return tuple(EventRecord(**row) for row in await self._all(PAGE, after=after, limit=limit))
