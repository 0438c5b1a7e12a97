"""One-time codes of logins, by their digests."""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

from codepush.server.ports.accounts import AccountRecord

__all__ = ["LoginCodeKind", "LoginCodeRecord", "LoginCodes"]


LoginCodeKind: TypeAlias = Literal["code", "ticket", "link"]
"""A code that a user enters in the browser, and the ones with which a browser fetches its access key afterwards."""


class LoginCodeRecord(Struct, frozen=True, kw_only=True):
    """The data of a one-time code. ``hostname`` is empty if no machine was named."""

    account: AccountRecord
    hostname: str


class LoginCodes(Protocol):
    """Records of one-time codes: digests, never the codes."""

    async def add(
        self, *, account_id: int, kind: LoginCodeKind, digest: str, hostname: str = "", expires_at: int
    ) -> None:
        """Record a code by the SHA-256 (hex) of its text."""

    async def redeem(self, kind: LoginCodeKind, digest: str, *, now: int) -> LoginCodeRecord | None:
        """Use up a code and return its data; ``None`` when it is unknown, used up or expired.

        Only one of several concurrent calls with the same code gets the record.
        """

    async def remove_expired(self, now: int) -> None:
        """Delete expired codes."""
