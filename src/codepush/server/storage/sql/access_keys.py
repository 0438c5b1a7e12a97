"""Records of access keys."""

# ruff: noqa: D102 - the ports describe each method once, for every adapter

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, insert, select, update

from codepush.server.ports import AccessKeyRecord, AccountRecord
from codepush.server.storage.sql.queries import Queries
from codepush.server.storage.sql.schema import access_keys, accounts

ADD: Final = insert(access_keys)

# A key together with whose it is: one query for every request that carries a key.
BY_DIGEST: Final = (
    select(
        access_keys.c.id,
        access_keys.c.account_id,
        accounts.c.email,
        accounts.c.name,
        access_keys.c.friendly_name,
        access_keys.c.expires_at,
        access_keys.c.last_used_at,
    )
    .join_from(access_keys, accounts)
    .where(access_keys.c.digest == bindparam("digest"))
)

TOUCH: Final = update(access_keys).where(access_keys.c.id == bindparam("key_id"))


class SqlAccessKeys(Queries):
    """Access keys, as :class:`codepush.server.ports.AccessKeys` describes them."""

    async def add(
        self, *, account_id: int, digest: str, friendly_name: str, created_by: str, created_at: int, expires_at: int
    ) -> None:
        await self._run(
            ADD,
            account_id=account_id,
            digest=digest,
            friendly_name=friendly_name,
            created_by=created_by,
            created_at=created_at,
            expires_at=expires_at,
            is_session=False,
        )

    async def by_digest(self, digest: str) -> AccessKeyRecord | None:
        row = await self._first(BY_DIGEST, digest=digest)
        if row is None:
            return None
        return AccessKeyRecord(
            id=row["id"],
            account=AccountRecord(id=row["account_id"], email=row["email"], name=row["name"]),
            friendly_name=row["friendly_name"],
            expires_at=row["expires_at"],
            last_used_at=row["last_used_at"],
        )

    async def touch(self, key_id: int, used_at: int) -> None:
        await self._run(TOUCH, key_id=key_id, last_used_at=used_at)
