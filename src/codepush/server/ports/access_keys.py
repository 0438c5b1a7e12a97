"""Access keys, by their digests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from codepush.server.ports.accounts import AccountRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["AccessKeyRecord", "AccessKeys"]


class AccessKeyRecord(Struct, frozen=True, kw_only=True):
    """An access key, without its secret.

    ``account`` is its owner, ``created_by`` the machine that it was created on. A session is a key that a
    login created.
    """

    id: int
    account: AccountRecord
    friendly_name: str
    created_by: str
    created_at: int
    expires_at: int
    last_used_at: int | None
    is_session: bool


class AccessKeys(Protocol):
    """Records of access keys: digests, never the keys."""

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
        """Record a key by the SHA-256 (hex) of its text.

        `AlreadyExistsError` if this digest is taken, or the account has a key of this name.
        """

    async def by_digest(self, digest: str) -> AccessKeyRecord | None:
        """Return the key whose text has this SHA-256 (hex)."""

    async def named(self, account_id: int, friendly_name: str) -> AccessKeyRecord | None:
        """Return the account's key of exactly this name."""

    async def of_account(self, account_id: int) -> Sequence[AccessKeyRecord]:
        """Return all keys of an account, including expired ones and sessions, oldest first."""

    async def update(self, key_id: int, *, friendly_name: str, expires_at: int) -> None:
        """Change a key's name and expiry; `AlreadyExistsError` when the name is taken."""

    async def remove(self, key_id: int) -> None:
        """Remove a key."""

    async def remove_sessions(self, account_id: int, created_by: str) -> int:
        """Remove the account's sessions on a machine and return their number."""

    async def touch(self, key_id: int, used_at: int) -> None:
        """Record when a key was last used."""
