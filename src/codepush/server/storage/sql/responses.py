"""Recorded responses, for retries."""

# ruff: noqa: D102 - the ports describe each method once, for every adapter

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, delete, insert, select

from codepush.server.ports.responses import ResponseRecord
from codepush.server.storage.sql.queries import Queries
from codepush.server.storage.sql.schema import idempotency_keys

ADD: Final = insert(idempotency_keys)

GIVEN: Final = select(
    idempotency_keys.c.status,
    idempotency_keys.c.headers.label("location"),
    idempotency_keys.c.body,
    idempotency_keys.c.digest,
).where(
    idempotency_keys.c.account_id == bindparam("account_id"),
    idempotency_keys.c.route == bindparam("route"),
    idempotency_keys.c.key == bindparam("key"),
    idempotency_keys.c.created_at > bindparam("since"),
)

FORGET: Final = delete(idempotency_keys).where(idempotency_keys.c.created_at <= bindparam("until"))


class SqlResponses(Queries):
    """Responses, as :class:`codepush.server.ports.responses.Responses` describes them."""

    async def given(self, account_id: int, route: str, key: str, *, since: int) -> ResponseRecord | None:
        row = await self._first(GIVEN, account_id=account_id, route=route, key=key, since=since)
        return ResponseRecord(**row) if row else None

    async def add(self, account_id: int, route: str, key: str, answer: ResponseRecord, *, at: int) -> None:
        await self._run(
            ADD,
            account_id=account_id,
            route=route,
            key=key,
            status=answer.status,
            headers=answer.location,
            body=answer.body,
            digest=answer.digest,
            created_at=at,
        )

    async def forget(self, *, until: int) -> None:
        await self._run(FORGET, until=until)
