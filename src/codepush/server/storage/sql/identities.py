"""Records of the links between accounts and identities."""

# ruff: noqa: D102 - the ports describe each method once, for every adapter

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, insert, select

from codepush.server.ports.accounts import AccountRecord
from codepush.server.storage.sql.accounts import RECORD
from codepush.server.storage.sql.queries import Queries
from codepush.server.storage.sql.schema import accounts, identities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codepush.server.ports.identity import Identity

ADD: Final = insert(identities)

ACCOUNT_OF: Final = RECORD.join_from(accounts, identities).where(
    identities.c.issuer == bindparam("issuer"), identities.c.subject == bindparam("subject")
)

PROVIDERS_OF: Final = (
    select(identities.c.provider)
    .where(identities.c.account_id == bindparam("account_id"))
    .order_by(identities.c.created_at, identities.c.issuer)
)


class SqlIdentities(Queries):
    """Identities, as :class:`codepush.server.ports.identity.Identities` describes them."""

    async def add(self, account_id: int, identity: Identity, *, created_at: int) -> None:
        await self._run(
            ADD,
            account_id=account_id,
            issuer=identity.issuer,
            subject=identity.subject,
            provider=identity.provider,
            created_at=created_at,
        )

    async def account_of(self, identity: Identity) -> AccountRecord | None:
        row = await self._first(ACCOUNT_OF, issuer=identity.issuer, subject=identity.subject)
        return AccountRecord(**row) if row else None

    async def providers_of(self, account_id: int) -> Sequence[str]:
        return [row["provider"] for row in await self._all(PROVIDERS_OF, account_id=account_id)]
