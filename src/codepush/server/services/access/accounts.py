"""Accounts of users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codepush.models import Account
from codepush.rules import validation
from codepush.rules.validation import AccessKeyInfo
from codepush.server.ports.errors import AlreadyExistsError
from codepush.server.services.errors import ConflictError, InvalidError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codepush.models import AccessKey
    from codepush.server.ports.accounts import AccountRecord
    from codepush.server.ports.store import Records, Store
    from codepush.server.services.access.access_keys import AccessKeys
    from codepush.server.services.caller import Caller
    from codepush.server.services.change import Change, Changes

__all__ = ["Accounts"]

_FIRST_KEY: Final = AccessKeyInfo(friendly_name="first key")


class Accounts:
    """Creating, showing and removing accounts."""

    def __init__(self, store: Store, changes: Changes, access_keys: AccessKeys) -> None:
        self._store = store
        self._changes = changes
        self._access_keys = access_keys

    async def add(self, caller: Caller, email: str, name: str = "") -> tuple[Account, str]:
        """Create an account with a first access key; return both. The key cannot be shown again.

        Raises:
            InvalidError: The string is not an email address.
            ConflictError: An account with this address exists, in any letter case.

        """
        try:
            validation.account_info({"email": email}, is_name_required=False)
        except validation.InvalidFields as error:
            raise InvalidError(f'"{email}" is not an e-mail address.', code="invalid_email", field="email") from error
        async with self._changes.by(caller) as change:
            account = await _create(change, email, name)
            change.identify(account)
            key, access_key = await self._access_keys.issue(change, _FIRST_KEY, created_by=caller.name)
            facts = {"email": account.email, "name": account.name, "accessKey": key.friendly_name}
            await change.note("account.add", after=facts)
        return Account(email=account.email, name=account.name), access_key

    async def add_key(self, caller: Caller, email: str, info: AccessKeyInfo) -> tuple[Account, AccessKey]:
        """Create another access key for an account; return both. The key cannot be shown again.

        Raises:
            InvalidError: The lifetime is longer than `AccessKeys` allows.
            NotFoundError: There is no account with this address.
            ConflictError: The account has a key of this name.

        """
        if info.ttl is not None:
            self._access_keys.check_lifetime(info.ttl)
        account = await self._named(email)
        access_key = await self._access_keys.add(caller.acting_as(account), info, created_by=caller.name)
        return Account(email=account.email, name=account.name), access_key

    async def keys(self, caller: Caller, email: str) -> Sequence[AccessKey]:
        """Return all keys of an account without their secrets, including expired ones and sessions.

        Raises:
            NotFoundError: There is no account with this address.

        """
        return await self._access_keys.list(caller.acting_as(await self._named(email)))

    async def revoke_key(self, caller: Caller, email: str, name: str) -> None:
        """Remove an account's key, which is invalid immediately.

        Raises:
            NotFoundError: There is no account with this address, or it has no such key.

        """
        await self._access_keys.remove(caller.acting_as(await self._named(email)), name)

    async def list(self) -> Sequence[Account]:
        """Return all accounts, by email address."""
        async with self._store.read() as records:
            return [Account(email=one.email, name=one.name) for one in await records.accounts.all()]

    async def remove(self, caller: Caller, email: str) -> None:
        """Remove an account with its keys, collaborations and memberships.

        Raises:
            NotFoundError: There is no account with this address.
            ConflictError: It owns apps, or is the only manager of an organization.

        """
        async with self._changes.by(caller) as change:
            records = change.records
            account = await records.accounts.by_email(email)
            if account is None:
                raise _unknown(email)
            await _refuse_owner(records, account)
            await _refuse_last_manager(records, account)
            await records.accounts.remove(account.id)
            await change.note("account.remove", before={"email": account.email, "name": account.name})

    async def _named(self, email: str) -> AccountRecord:
        async with self._store.read() as records:
            account = await records.accounts.by_email(email)
        if account is None:
            raise _unknown(email)
        return account

    async def any(self) -> bool:
        """Return whether there is any account."""
        async with self._store.read() as records:
            return await records.accounts.count() > 0

    async def show(self, caller: Caller) -> Account:
        """Return the caller's own account, with the identity providers it is linked to."""
        async with self._store.read() as records:
            linked = await records.identities.providers_of(caller.account.id)
        return Account(email=caller.account.email, name=caller.account.name, linked_providers=tuple(linked))


async def _create(change: Change, email: str, name: str) -> AccountRecord:
    try:
        return await change.records.accounts.add(
            email=email, name=name or email.partition("@")[0], created_at=change.at
        )
    except AlreadyExistsError as error:
        raise ConflictError(f"An account with the e-mail {email} exists already.", code="account_exists") from error


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
                f"{account.email} is the only manager of the organization {organization.slug}. Make another member a "
                "manager of it first, or remove it.",
                code="last_manager",
            )
