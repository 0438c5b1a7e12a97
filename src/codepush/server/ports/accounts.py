"""Accounts of users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["AccountRecord", "Accounts"]


class AccountRecord(Struct, frozen=True, kw_only=True):
    """An account of a user. ``slug`` is its name in URLs, unique among accounts and organizations."""

    id: int
    email: str
    slug: str
    name: str


class Accounts(Protocol):
    """Records of accounts. Email addresses match in any letter case."""

    async def add(self, *, email: str, name: str, created_at: int) -> AccountRecord:
        """Record an account; `AlreadyExistsError` when the address is taken."""

    async def by_email(self, email: str) -> AccountRecord | None:
        """Return the account with this address."""

    async def by_slug(self, slug: str) -> AccountRecord | None:
        """Return the account with this slug, in lower case."""

    async def all(self) -> Sequence[AccountRecord]:
        """Return all accounts by address."""

    async def count(self) -> int:
        """Return the number of accounts."""

    async def remove(self, account_id: int) -> None:
        """Remove an account that owns no app, with its keys, collaborations and memberships."""
