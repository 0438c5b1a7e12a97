"""The audit trail."""

# ruff: noqa: D102 - the ports describe each method once, for every adapter

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import insert

from codepush.server.storage.sql.queries import Queries
from codepush.server.storage.sql.schema import events

if TYPE_CHECKING:
    from codepush.server.ports.events import EventRecord

ADD: Final = insert(events)


class SqlEvents(Queries):
    """Events, as :class:`codepush.server.ports.events.Events` describes them."""

    async def add(self, event: EventRecord) -> None:
        await self._run(ADD, **msgspec.structs.asdict(event))
