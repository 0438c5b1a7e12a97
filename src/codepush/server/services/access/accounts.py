"""Accounts: the people who may log in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codepush.models import Account
from codepush.rules import validation
from codepush.rules.validation import AccessKeyInfo
from codepush.server.ports.errors import AlreadyExistsError
from codepush.server.ports.events import EventRecord
from codepush.server.services.clock import Clock, now
from codepush.server.services.errors import ConflictError, InvalidError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codepush.models import AccessKey
    from codepush.server.ports.accounts import AccountRecord
    from codepush.server.ports.store import Records, Store
    from codepush.server.services.access.access_keys import AccessKeys
    from codepush.server.services.caller import Caller

__all__ = ["Accounts"]

_FIRST_KEY: Final = AccessKeyInfo(friendly_name="first key")


class Accounts:
    """Adding, showing and removing accounts."""

    def __init__(self, store: Store, access_keys: AccessKeys, *, clock: Clock = now) -> None:
        self._store = store
        self._access_keys = access_keys
        self._clock = clock

    async def add(self, email: str, name: str = "", *, created_by: str) -> tuple[Account, str]:
        """Create an account with a first access key; return both. The key cannot be seen again.

        Raises:
            InvalidError: that is not an e-mail address.
            ConflictError: an account with this address exists, in any letter case.

        """
        try:
            validation.account_info({"email": email}, is_name_required=False)
        except validation.InvalidFields as error:
            raise InvalidError(f'"{email}" is not an e-mail address.', code="invalid_email", field="email") from error
        async with self._store.write() as records:
            account = await self._create(records, email, name)
            _, access_key = await self._access_keys.issue(records, account, _FIRST_KEY, created_by=created_by)
        return Account(email=account.email, name=account.name), access_key

    async def _create(self, records: Records, email: str, name: str) -> AccountRecord:
        try:
            return await records.accounts.add(
                email=email, name=name or email.partition("@")[0], created_at=self._clock()
            )
        except AlreadyExistsError as error:
            raise ConflictError(f"An account with the e-mail {email} exists already.", code="account_exists") from error

    async def add_key(self, caller: Caller, email: str, info: AccessKeyInfo) -> tuple[Account, AccessKey]:
        """Create another access key for an account; return both. The key cannot be seen again.

        Raises:
            InvalidError: the lifetime is longer than `AccessKeys` allows.
            NotFoundError: there is no account with this address.
            ConflictError: the account has a key of this name.

        """
        if info.ttl is not None:
            self._access_keys.check_lifetime(info.ttl)
        account = await self._named(email)
        access_key = await self._access_keys.add(caller.acting_as(account), info, created_by=caller.name)
        return Account(email=account.email, name=account.name), access_key

    async def keys(self, caller: Caller, email: str) -> Sequence[AccessKey]:
        """Return an account's keys without their secrets, expired ones and sessions too.

        Raises:
            NotFoundError: there is no account with this address.

        """
        return await self._access_keys.list(caller.acting_as(await self._named(email)))

    async def revoke_key(self, caller: Caller, email: str, name: str) -> None:
        """Remove one of an account's keys: it is good for nothing from now on.

        Raises:
            NotFoundError: there is no account with this address, or it has no such key.

        """
        await self._access_keys.remove(caller.acting_as(await self._named(email)), name)

    async def list(self) -> Sequence[Account]:
        """Return all accounts, by address."""
        async with self._store.read() as records:
            return [Account(email=one.email, name=one.name) for one in await records.accounts.all()]

    async def remove(self, email: str, *, removed_by: str) -> None:
        """Remove an account with its keys and its part in others' apps and organizations.

        Raises:
            NotFoundError: there is no account with this address.
            ConflictError: it owns apps, or is the only manager of an organization.

        """
        async with self._store.write() as records:
            account = await records.accounts.by_email(email)
            if account is None:
                raise _unknown(email)
            await _refuse_owner(records, account)
            await _refuse_last_manager(records, account)
            await records.accounts.remove(account.id)
            await records.events.add(
                EventRecord(at=self._clock(), actor=removed_by, kind="account.remove", before=account.email)
            )

    async def _named(self, email: str) -> AccountRecord:
        async with self._store.read() as records:
            account = await records.accounts.by_email(email)
        if account is None:
            raise _unknown(email)
        return account

    async def any(self) -> bool:
        """Return whether there is an account at all."""
        async with self._store.read() as records:
            return await records.accounts.count() > 0

    async def show(self, caller: Caller) -> Account:
        """Return the caller's own account, with the identity providers it is linked to."""
        async with self._store.read() as records:
            linked = await records.identities.providers_of(caller.account.id)
        return Account(email=caller.account.email, name=caller.account.name, linked_providers=tuple(linked))


def _unknown(email: str) -> NotFoundError:
    return NotFoundError(f"There is no account with the e-mail {email}.", code="account_not_found")


async def _refuse_owner(records: Records, account: AccountRecord) -> None:
    apps = await records.apps.visible_to(account.id)
    owned = [app.name for app in apps if app.owner.kind == "user" and app.owner.id == account.id]
    if owned:
        raise ConflictError(
            f"{account.email} owns apps: {', '.join(owned)}. Transfer or remove them first.", code="account_owns_apps"
        )


async def _refuse_last_manager(records: Records, account: AccountRecord) -> None:
    for organization in await records.organizations.of_account(account.id):
        members = await records.organizations.members(organization.id)
        if [one.account_id for one in members if one.role == "manager"] == [account.id]:
            raise ConflictError(
                f"{account.email} is the only manager of the organization {organization.slug}. Make somebody else a "
                "manager of it first, or remove it.",
                code="last_manager",
            )
