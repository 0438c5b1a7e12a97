"""One-time codes of logins, by their digests."""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

from codepush.server.ports.accounts import AccountRecord

__all__ = ["LoginCodeKind", "LoginCodeRecord", "LoginCodes"]


LoginCodeKind: TypeAlias = Literal["code", "ticket", "link"]
"""What a person types in the browser, and what a browser fetches its access key with after that."""


class LoginCodeRecord(Struct, frozen=True, kw_only=True):
    """What a one-time code of a login stood for. ``hostname`` is empty where no machine was named."""

    account: AccountRecord
    hostname: str


class LoginCodes(Protocol):
    """Records of one-time codes: digests, never the codes."""

    async def add(
        self, *, account_id: int, kind: LoginCodeKind, digest: str, hostname: str = "", expires_at: int
    ) -> None:
        """Record a code by the SHA-256 (hex) of its text."""

    async def redeem(self, kind: LoginCodeKind, digest: str, *, now: int) -> LoginCodeRecord | None:
        """Use up a code and return what it stood for; ``None`` when it is unknown, used up or expired.

        Of several who redeem a code at once, one gets the record.
        """

    async def remove_expired(self, now: int) -> None:
        """Delete expired codes."""
