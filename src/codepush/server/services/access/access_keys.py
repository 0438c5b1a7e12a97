"""Access keys: 256 random bits behind a recognisable prefix, stored as their SHA-256.

A client may choose a key itself, of at least `CHOSEN_LENGTH` characters. No error repeats a key: names that
look like an access key are masked.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from codepush.masking import masked_name
from codepush.models import AccessKey
from codepush.rules.validation import is_key
from codepush.server.ports.errors import AlreadyExistsError
from codepush.server.services.access.resolution import check_addressable
from codepush.server.services.caller import Caller
from codepush.server.services.clock import Clock, now
from codepush.server.services.errors import ConflictError, InvalidError, NotFoundError, UnauthenticatedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codepush.rules.validation import AccessKeyInfo
    from codepush.server.ports.access_keys import AccessKeyRecord
    from codepush.server.ports.store import Records, Store
    from codepush.server.services.change import Change, Changes


__all__ = ["CHOSEN_LENGTH", "DEFAULT_LIFE_MS", "MAX_DAYS", "AccessKeys", "facts", "generate"]

PREFIX: Final = "cpk_"
"""Prefix of generated access keys, by which scanners for leaked secrets can recognise them."""

DEFAULT_LIFE_MS: Final = 60 * 24 * 60 * 60 * 1000
"""Sixty days, as in the original (standalone management API, section 4)."""

MAX_DAYS: Final = 365
"""The longest lifetime of an access key, in days, unless another one is configured."""

CHOSEN_LENGTH: Final = 32
"""Minimum length of an access key that a client chooses."""

_DAY_MS: Final = 24 * 60 * 60 * 1000

_TOUCH_INTERVAL_MS: Final = 60_000
"""Precision of the last-used time, one minute, so that few reads cause a write."""

# Old tools print these sentences; logging in again helps in both cases.
_INVALID: Final = (
    'The session or access key being used is invalid, please run "code-push-standalone login" again. If you are on an '
    'older version of the CLI, you may need to run "code-push-standalone logout" first to clear the session cache.'
)
_EXPIRED: Final = _INVALID.replace("is invalid", "has expired", 1)


def generate() -> str:
    """Return a new access key: 256 random bits behind the prefix."""
    return PREFIX + secrets.token_urlsafe(32)


def digest(access_key: str) -> str:
    """Return the stored form of an access key: its SHA-256, in hex.

    A slow password hash would add nothing: 2**256 keys cannot be guessed.
    """
    return hashlib.sha256(access_key.encode()).hexdigest()


class AccessKeys:
    """Creating, authenticating, listing and changing access keys.

    Args:
        store: The records.
        changes: Opens changes.
        max_days: The longest lifetime of a key that is created or changed, in days.
        clock: The current time.

    """

    def __init__(self, store: Store, changes: Changes, *, max_days: int = MAX_DAYS, clock: Clock = now) -> None:
        self._store = store
        self._changes = changes
        self._longest = max_days * _DAY_MS
        self._clock = clock

    def check_lifetime(self, ttl: int) -> None:
        """Reject a lifetime that no key can have.

        Args:
            ttl: The lifetime, in milliseconds.

        Raises:
            InvalidError: It is longer than the longest one.

        """
        if ttl > self._longest:
            raise InvalidError(
                f"An access key is valid for at most {self._longest // _DAY_MS} days (CODEPUSH_ACCESS_KEY_MAX_DAYS).",
                code="invalid_ttl",
                field="ttl",
            )

    async def issue(
        self, change: Change, info: AccessKeyInfo, *, created_by: str, is_session: bool = False
    ) -> tuple[AccessKeyRecord, str]:
        """Record a new key for the caller's account; return it with its secret, which cannot be shown again.

        The secret is the chosen one, by default 256 random bits. The lifetime is 60 days by default, limited by
        the key that the caller uses and by the longest lifetime; the record has the resulting expiry.

        Args:
            change: The change that the key is part of, which writes the audit line.
            info: The name, and optionally the lifetime and the secret.
            created_by: The machine, if ``info`` names none.
            is_session: Whether a login creates the key.

        Raises:
            InvalidError: The name cannot be used in paths, or the chosen secret is too short or in use elsewhere.
            ConflictError: The account has a key of this name or with this secret.

        """
        name, access_key = info.friendly_name or "", info.name or generate()
        check_addressable(name, field="friendlyName")
        if len(access_key) < CHOSEN_LENGTH:
            raise _unusable(f"is too short: a chosen one needs at least {CHOSEN_LENGTH} characters")
        keys, account = change.records.access_keys, change.caller.account
        if await keys.named(account.id, name) is not None:
            raise _taken(name)
        try:
            await keys.add(
                account_id=account.id,
                digest=digest(access_key),
                friendly_name=name,
                created_by=info.created_by or created_by,
                created_at=change.at,
                expires_at=self._expiry(change, info.ttl),
                is_session=is_session,
            )
        except AlreadyExistsError as error:
            known = await keys.by_digest(digest(access_key))
            if known is not None and known.account.id == account.id:
                raise ConflictError("The access key already exists.", code="access_key_exists") from error
            raise _unusable("cannot be used") from error
        record = await keys.by_digest(digest(access_key))
        assert record is not None  # just added
        return record, access_key

    def _expiry(self, change: Change, ttl: int | None, *, before: int = 0) -> int:
        """Return the expiry of a key with this lifetime, in ms; an existing key may expire ``before`` or earlier."""
        latest = change.at + self._longest
        if change.caller.expires_at is not None:
            latest = min(latest, change.caller.expires_at)
        return min(change.at + (DEFAULT_LIFE_MS if ttl is None else ttl), max(latest, before))

    async def authenticate(self, access_key: str | None, *, request_id: str | None = None) -> Caller:
        """Return the caller with a key, who acts as the account that owns it.

        Raises:
            UnauthenticatedError: The key is missing, unknown or expired.

        """
        if access_key is None or not is_key(access_key):
            raise UnauthenticatedError(_INVALID, code="invalid_access_key")
        async with self._store.read() as records:
            record = await records.access_keys.by_digest(digest(access_key))
        if record is None:
            raise UnauthenticatedError(_INVALID, code="invalid_access_key")
        if self._clock() >= record.expires_at:
            raise UnauthenticatedError(_EXPIRED, code="expired_access_key")
        await self._touch(record)
        return Caller(
            kind="person",
            acts_as=record.account,
            access_key_id=record.id,
            expires_at=record.expires_at,
            is_session=record.is_session,
            request_id=request_id,
        )

    async def _touch(self, record: AccessKeyRecord) -> None:
        used_at = self._clock()
        if record.last_used_at is not None and used_at - record.last_used_at < _TOUCH_INTERVAL_MS:
            return
        async with self._store.write(alone=False) as records:
            await records.access_keys.touch(record.id, used_at)

    async def add(self, caller: Caller, info: AccessKeyInfo, *, created_by: str) -> AccessKey:
        """Create a key for the caller; only the result holds its secret.

        Args:
            caller: The owner of the key.
            info: The name, and optionally the lifetime and the secret.
            created_by: The machine, if ``info`` names none.

        Raises:
            InvalidError: The name cannot be used in paths, or the chosen secret is too short or in use elsewhere.
            ConflictError: The caller has a key of this name or with this secret.

        """
        async with self._changes.by(caller) as change:
            record, access_key = await self.issue(change, info, created_by=created_by)
            await change.note("access_key.add", after=facts(record))
        return _show(record, access_key)

    async def list(self, caller: Caller) -> Sequence[AccessKey]:
        """Return all keys of the caller, including expired ones and sessions, oldest first, without secrets."""
        async with self._store.read() as records:
            return [_show(record) for record in await records.access_keys.of_account(caller.account.id)]

    async def get(self, caller: Caller, name: str) -> AccessKey:
        """Return one of the caller's keys by its name, without its secret.

        Raises:
            NotFoundError: The caller has no such key.

        """
        async with self._store.read() as records:
            return _show(await _find(records, caller, name, 'Access key "{}" does not exist.'))

    async def update(self, caller: Caller, name: str, info: AccessKeyInfo) -> AccessKey:
        """Change the name of one of the caller's keys, its lifetime from now on, or both.

        A lifetime is limited as for a new key, but never below the time at which the key expires already.

        Args:
            caller: The owner of the key.
            name: The name of the key.
            info: The new name and lifetime, each ``None`` for no change.

        Raises:
            InvalidError: The new name cannot be used in paths.
            NotFoundError: The caller has no such key.
            ConflictError: A key has the new name, possibly this one.

        """
        if info.friendly_name is not None:
            check_addressable(info.friendly_name, field="friendlyName")
        async with self._changes.by(caller) as change:
            records = change.records
            before = await _find(records, caller, name, 'The access key "{}" does not exist.')
            wanted = info.friendly_name or before.friendly_name
            if (
                info.friendly_name is not None
                and await records.access_keys.named(caller.account.id, wanted) is not None
            ):
                raise _taken(wanted)
            expires_at = before.expires_at
            if info.ttl is not None:
                expires_at = self._expiry(change, info.ttl, before=expires_at)
            await records.access_keys.update(before.id, friendly_name=wanted, expires_at=expires_at)
            after = await _find(records, caller, wanted, 'The access key "{}" does not exist.')
            if after != before:
                await change.note("access_key.update", before=facts(before), after=facts(after))
            return _show(after)

    async def remove(self, caller: Caller, name: str) -> None:
        """Remove one of the caller's keys, possibly the one of this request.

        Raises:
            NotFoundError: The caller has no such key.

        """
        async with self._changes.by(caller) as change:
            record = await _find(change.records, caller, name, 'Access key "{}" does not exist.')
            await change.records.access_keys.remove(record.id)
            await change.note("access_key.remove", before=facts(record))

    async def remove_sessions(self, caller: Caller, machine: str) -> None:
        """Remove the caller's sessions on a machine.

        Raises:
            NotFoundError: There is no session on this machine.

        """
        async with self._changes.by(caller) as change:
            removed = await change.records.access_keys.remove_sessions(caller.account.id, machine)
            if not removed:
                raise NotFoundError(f'There are no sessions associated with "{machine}."', code="session_not_found")
            await change.note("session.remove", before={"createdBy": machine, "sessions": removed})


def facts(record: AccessKeyRecord) -> dict[str, object]:
    """Return the fields of a key for the audit trail: never its secret."""
    return {
        "id": record.id,
        "account": record.account.email,
        "name": masked_name(record.friendly_name),
        "createdBy": record.created_by,
        "expires": record.expires_at,
        "isSession": record.is_session,
    }


async def _find(records: Records, caller: Caller, name: str, sentence: str) -> AccessKeyRecord:
    record = await records.access_keys.named(caller.account.id, name)
    if record is None:
        raise NotFoundError(sentence.format(masked_name(name)), code="access_key_not_found")
    return record


def _taken(name: str) -> ConflictError:
    return ConflictError(f'The access key "{masked_name(name)}" already exists.', code="access_key_exists")


def _unusable(why: str) -> InvalidError:
    return InvalidError(
        f"The chosen access key {why}. Leave it out to have one generated.", code="invalid_access_key", field="name"
    )


def _show(record: AccessKeyRecord, access_key: str | None = None) -> AccessKey:
    return AccessKey(
        name=record.friendly_name,
        created_by=record.created_by,
        created_time=datetime.fromtimestamp(record.created_at / 1000, UTC),
        expires=datetime.fromtimestamp(record.expires_at / 1000, UTC),
        is_session=record.is_session,
        key=access_key,
    )
