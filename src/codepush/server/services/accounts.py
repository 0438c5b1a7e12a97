"""Accounts: the people who may log in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codepush.models import Account
from codepush.rules import validation
from codepush.rules.validation import AccessKeyInfo
from codepush.server.ports import AlreadyExistsError
from codepush.server.services.clock import Clock, now
from codepush.server.services.errors import ConflictError, InvalidError, NotFoundError

if TYPE_CHECKING:
    from codepush.models import AccessKey
    from codepush.server.ports import AccountRecord, Records, Store
    from codepush.server.services.access_keys import AccessKeys

__all__ = ["Accounts"]

_FIRST_KEY: Final = AccessKeyInfo(friendly_name="first key")


class Accounts:
    """Adding and showing accounts."""

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

    async def add_key(self, email: str, info: AccessKeyInfo, *, created_by: str) -> tuple[Account, AccessKey]:
        """Create another access key for an account; return both. The key cannot be seen again.

        Raises:
            NotFoundError: there is no account with this address.
            ConflictError: the account has a key of this name.

        """
        async with self._store.read() as records:
            account = await records.accounts.by_email(email)
        if account is None:
            raise NotFoundError(f"There is no account with the e-mail {email}.", code="account_not_found")
        access_key = await self._access_keys.add(account, info, created_by=created_by)
        return Account(email=account.email, name=account.name), access_key

    async def any(self) -> bool:
        """Return whether there is an account at all."""
        async with self._store.read() as records:
            return await records.accounts.count() > 0

    async def show(self, caller: AccountRecord) -> Account:
        """Return the caller's own account, with the identity providers it is linked to."""
        async with self._store.read() as records:
            linked = await records.identities.providers_of(caller.id)
        return Account(email=caller.email, name=caller.name, linked_providers=tuple(linked))
