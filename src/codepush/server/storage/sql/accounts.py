"""Records of accounts."""

# ruff: noqa: D102 - the ports describe each method once, for every adapter

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, func, insert, select, union_all

from codepush.server.ports.accounts import AccountRecord
from codepush.server.storage.sql.queries import Queries
from codepush.server.storage.sql.schema import accounts, organizations

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ADD: Final = insert(accounts).returning(accounts.c.id)

RECORD: Final = select(accounts.c.id, accounts.c.email, accounts.c.slug, accounts.c.name)

BY_EMAIL: Final = RECORD.where(accounts.c.email_folded == bindparam("email_folded"))
BY_SLUG: Final = RECORD.where(accounts.c.slug == bindparam("slug"))

ALL: Final = RECORD.order_by(accounts.c.email_folded)

REMOVE: Final = delete(accounts).where(accounts.c.id == bindparam("account_id"))

COUNT: Final = select(func.count()).select_from(accounts)

# Accounts and organizations share one space of names in URLs.
WITH_SLUG: Final = union_all(
    select(accounts.c.slug).where(accounts.c.slug == bindparam("slug")),
    select(organizations.c.slug).where(organizations.c.slug == bindparam("slug")),
)


class SqlAccounts(Queries):
    """Accounts, as :class:`codepush.server.ports.accounts.Accounts` describes them."""

    async def add(self, *, email: str, name: str, created_at: int) -> AccountRecord:
        folded = email.casefold()
        slug = await self._free_slug(folded)
        account_id = await self._value(
            ADD, email=email, email_folded=folded, slug=slug, name=name, created_at=created_at
        )
        return AccountRecord(id=account_id, email=email, slug=slug, name=name)

    async def by_email(self, email: str) -> AccountRecord | None:
        row = await self._first(BY_EMAIL, email_folded=email.casefold())
        return AccountRecord(**row) if row else None

    async def by_slug(self, slug: str) -> AccountRecord | None:
        row = await self._first(BY_SLUG, slug=slug)
        return AccountRecord(**row) if row else None

    async def all(self) -> Sequence[AccountRecord]:
        return tuple(AccountRecord(**row) for row in await self._all(ALL))

    async def count(self) -> int:
        return int(await self._value(COUNT))

    async def remove(self, account_id: int) -> None:
        await self._change(REMOVE, account_id=account_id)

    async def _free_slug(self, email: str) -> str:
        for slug in _slugs(email):
            if await self._first(WITH_SLUG, slug=slug) is None:
                return slug
        raise AssertionError  # the candidates never end


def _slugs(email: str) -> Iterator[str]:
    """Yield names for URLs: ``ada-example.com`` for ada@example.com, then ``ada-example.com-2`` and so on."""
    slug = re.sub(r"[^a-z0-9._-]+", "-", email)
    yield slug
    yield from (f"{slug}-{number}" for number in count(2))
