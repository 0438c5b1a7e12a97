"""Access keys: 256 random bits behind a recognisable prefix, stored as their SHA-256."""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import TYPE_CHECKING, Final

from codepush.server.services.clock import Clock, now
from codepush.server.services.errors import UnauthenticatedError

if TYPE_CHECKING:
    from codepush.server.ports import AccessKeyRecord, AccountRecord, Records, Store

__all__ = ["DEFAULT_LIFE_MS", "AccessKeys", "generate"]

PREFIX: Final = "cpk_"
"""What an access key of ours begins with, so that scanners for leaked secrets can recognise it."""

DEFAULT_LIFE_MS: Final = 60 * 24 * 60 * 60 * 1000
"""Sixty days, as in the original (standalone management API, section 4)."""

_TOUCH_INTERVAL_MS: Final = 60_000
"""The last-used time is kept to the minute, so that reading costs no write each time."""

_FORMAT: Final = re.compile(r"[a-zA-Z0-9_-]{10,100}")

# Old tools print these sentences; "log in again" is what helps in both cases.
_INVALID: Final = (
    'The session or access key being used is invalid, please run "code-push-standalone login" again. If you are on an '
    'older version of the CLI, you may need to run "code-push-standalone logout" first to clear the session cache.'
)
_EXPIRED: Final = _INVALID.replace("is invalid", "has expired", 1)


def generate() -> str:
    """Return a new access key: 256 random bits behind the prefix."""
    return PREFIX + secrets.token_urlsafe(32)


def digest(access_key: str) -> str:
    """Return what is stored of an access key: its SHA-256, in hex.

    A slow password hash would add nothing: nobody can try 2**256 keys.
    """
    return hashlib.sha256(access_key.encode()).hexdigest()


class AccessKeys:
    """Making and recognising access keys."""

    def __init__(self, store: Store, *, clock: Clock = now) -> None:
        self._store = store
        self._clock = clock

    async def issue(self, records: Records, account: AccountRecord, *, friendly_name: str, created_by: str) -> str:
        """Record a new key for an account and return it. This is the only time it can be seen."""
        access_key, created_at = generate(), self._clock()
        await records.access_keys.add(
            account_id=account.id,
            digest=digest(access_key),
            friendly_name=friendly_name,
            created_by=created_by,
            created_at=created_at,
            expires_at=created_at + DEFAULT_LIFE_MS,
        )
        return access_key

    async def authenticate(self, access_key: str | None) -> AccountRecord:
        """Return whose key this is.

        Raises:
            UnauthenticatedError: no key, not one of ours, or one that has expired.

        """
        if access_key is None or not _FORMAT.fullmatch(access_key):
            raise UnauthenticatedError(_INVALID, code="invalid_access_key")
        async with self._store.read() as records:
            record = await records.access_keys.by_digest(digest(access_key))
        if record is None:
            raise UnauthenticatedError(_INVALID, code="invalid_access_key")
        if self._clock() >= record.expires_at:
            raise UnauthenticatedError(_EXPIRED, code="expired_access_key")
        await self._touch(record)
        return record.account

    async def _touch(self, record: AccessKeyRecord) -> None:
        used_at = self._clock()
        if record.last_used_at is not None and used_at - record.last_used_at < _TOUCH_INTERVAL_MS:
            return
        async with self._store.write() as records:
            await records.access_keys.touch(record.id, used_at)
