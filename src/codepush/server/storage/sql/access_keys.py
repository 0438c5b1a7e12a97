"""Records of access keys."""

# ruff: noqa: D102 - the ports describe each method once, for every adapter

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, insert, select, update

from codepush.server.ports.access_keys import AccessKeyRecord
from codepush.server.ports.accounts import AccountRecord
from codepush.server.storage.sql.queries import Queries
from codepush.server.storage.sql.schema import access_keys, accounts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

ADD: Final = insert(access_keys)

# A key with its account: one query for every request with a key.
RECORD: Final = select(
    access_keys.c.id,
    access_keys.c.account_id,
    accounts.c.email,
    accounts.c.slug,
    accounts.c.name,
    access_keys.c.friendly_name,
    access_keys.c.created_by,
    access_keys.c.created_at,
    access_keys.c.expires_at,
    access_keys.c.last_used_at,
    access_keys.c.is_session,
).join_from(access_keys, accounts)

_OF_ACCOUNT: Final = access_keys.c.account_id == bindparam("of_account")

BY_DIGEST: Final = RECORD.where(access_keys.c.digest == bindparam("digest"))
NAMED: Final = RECORD.where(_OF_ACCOUNT, access_keys.c.friendly_name == bindparam("friendly_name"))
OF_ACCOUNT: Final = RECORD.where(_OF_ACCOUNT).order_by(access_keys.c.created_at, access_keys.c.id)

CHANGE: Final = update(access_keys).where(access_keys.c.id == bindparam("key_id"))

REMOVE: Final = delete(access_keys).where(access_keys.c.id == bindparam("key_id"))
REMOVE_SESSIONS: Final = delete(access_keys).where(
    _OF_ACCOUNT, access_keys.c.is_session, access_keys.c.created_by == bindparam("created_by")
)


class SqlAccessKeys(Queries):
    """Access keys, as :class:`codepush.server.ports.access_keys.AccessKeys` describes them."""

    async def add(
        self,
        *,
        account_id: int,
        digest: str,
        friendly_name: str,
        created_by: str,
        created_at: int,
        expires_at: int,
        is_session: bool = False,
    ) -> None:
        await self._run(
            ADD,
            account_id=account_id,
            digest=digest,
            friendly_name=friendly_name,
            created_by=created_by,
            created_at=created_at,
            expires_at=expires_at,
            is_session=is_session,
        )

    async def by_digest(self, digest: str) -> AccessKeyRecord | None:
        row = await self._first(BY_DIGEST, digest=digest)
        return _record(row) if row else None

    async def named(self, account_id: int, friendly_name: str) -> AccessKeyRecord | None:
        row = await self._first(NAMED, of_account=account_id, friendly_name=friendly_name)
        return _record(row) if row else None

    async def of_account(self, account_id: int) -> Sequence[AccessKeyRecord]:
        return tuple(_record(row) for row in await self._all(OF_ACCOUNT, of_account=account_id))

    async def touch(self, key_id: int, used_at: int) -> None:
        await self._run(CHANGE, key_id=key_id, last_used_at=used_at)

    async def update(self, key_id: int, *, friendly_name: str, expires_at: int) -> None:
        await self._change(CHANGE, key_id=key_id, friendly_name=friendly_name, expires_at=expires_at)

    async def remove(self, key_id: int) -> None:
        await self._change(REMOVE, key_id=key_id)

    async def remove_sessions(self, account_id: int, created_by: str) -> int:
        return (await self._run(REMOVE_SESSIONS, of_account=account_id, created_by=created_by)).rowcount


def _record(row: Mapping[Any, Any]) -> AccessKeyRecord:
    fields = dict(row)
    account = AccountRecord(
        id=fields.pop("account_id"), email=fields.pop("email"), slug=fields.pop("slug"), name=fields.pop("name")
    )
    return AccessKeyRecord(account=account, **fields)
