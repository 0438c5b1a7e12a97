"""Collaborators: who may work on an app, and whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codepush.models import Collaborator
from codepush.server.ports import AlreadyExistsError, EventRecord
from codepush.server.services.clock import Clock, now
from codepush.server.services.errors import ConflictError, InvalidError, NotFoundError
from codepush.server.services.names import find_app, owner_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codepush.server.ports import AccountRecord, AppRecord, Records, Store

__all__ = ["Collaborators", "show"]

_RESERVED: Final = frozenset({"__proto__", "constructor", "prototype"})
"""Words that the original refuses as addresses, because JavaScript's objects have them already."""


class Collaborators:
    """Listing, adding and removing the people of an app, and handing the app over."""

    def __init__(self, store: Store, *, clock: Clock = now) -> None:
        self._store = store
        self._clock = clock

    async def list(self, caller: AccountRecord, app_name: str) -> Mapping[str, Collaborator]:
        """Return everyone's part in an app by e-mail address, in the order of addresses."""
        async with self._store.read() as records:
            return show(await find_app(records, caller, app_name, "view_collaborators"), caller)

    async def add(self, caller: AccountRecord, app_name: str, email: str) -> None:
        """Let an account work on an app. Its address is found in any letter case.

        Raises:
            InvalidError: the address is a reserved word.
            NotFoundError, ForbiddenError: see `find_app`; also when nobody has this address.
            ConflictError: the account works on the app already, or owns it.

        """
        _refuse_reserved(email)
        async with self._store.write() as records:
            app = await find_app(records, caller, app_name, "add_collaborator")
            account = await _account(records, email)
            if _is_member(app, account):
                raise ConflictError(
                    "The given account is already a collaborator for this app.", code="collaborator_exists"
                )
            await records.apps.add_collaborator(app.id, account.id)
            await self._log(records, caller, "collaborator.add", app, after=account.email)

    async def remove(self, caller: AccountRecord, app_name: str, email: str) -> None:
        """Let an account work on an app no longer; everyone may leave, except the owner.

        Raises:
            InvalidError: the address is a reserved word.
            NotFoundError, ForbiddenError: see `find_app`; also when nobody of this address works on the app.
            ConflictError: the account owns the app.

        """
        _refuse_reserved(email)
        leaves = email.casefold() == caller.email.casefold()
        async with self._store.write() as records:
            app = await find_app(records, caller, app_name, "leave_app" if leaves else "remove_collaborator")
            account = await records.accounts.by_email(email)
            if account is None or not _is_member(app, account):
                raise NotFoundError(
                    "The given email is not a collaborator for this app.", code="collaborator_not_found"
                )
            if owner_of(app) == account.email:
                raise ConflictError(
                    "Cannot remove the owner of the app from collaborator list.", code="owner_cannot_leave"
                )
            await records.apps.remove_collaborator(app.id, account.id)
            await self._log(records, caller, "collaborator.remove", app, before=account.email)

    async def transfer(self, caller: AccountRecord, app_name: str, email: str) -> None:
        """Let another account own an app; who owned it works on it from now on.

        Raises:
            InvalidError: the address is a reserved word.
            NotFoundError, ForbiddenError: see `find_app`; also when nobody has this address.
            ConflictError: the account owns the app already, or another one of this name.

        """
        _refuse_reserved(email)
        async with self._store.write() as records:
            app = await find_app(records, caller, app_name, "transfer_app")
            account = await _account(records, email)
            if account.id == caller.id:
                raise ConflictError("The given account already owns the app.", code="owns_already")
            await self._give(records, app, account)
            await records.apps.remove_collaborator(app.id, account.id)
            await records.apps.add_collaborator(app.id, caller.id)
            await self._log(records, caller, "app.transfer", app, before=caller.email, after=account.email)

    async def _give(self, records: Records, app: AppRecord, account: AccountRecord) -> None:
        try:
            await records.apps.give(app.id, account.id)
        except AlreadyExistsError as error:
            raise ConflictError(
                f'Cannot transfer ownership. An app with name "{app.name}" already exists for the given collaborator.',
                code="app_exists",
            ) from error

    async def _log(
        self,
        records: Records,
        caller: AccountRecord,
        kind: str,
        app: AppRecord,
        *,
        before: str | None = None,
        after: str | None = None,
    ) -> None:
        await records.events.add(
            EventRecord(at=self._clock(), actor=caller.email, kind=kind, app_id=app.id, before=before, after=after)
        )


def show(app: AppRecord, caller: AccountRecord) -> Mapping[str, Collaborator]:
    """Return everyone's part in an app by e-mail address, as the caller sees it."""
    return {
        one.email: Collaborator(permission=one.permission, is_current_account=one.account_id == caller.id)
        for one in sorted(app.collaborators, key=lambda one: one.email)
    }


async def _account(records: Records, email: str) -> AccountRecord:
    account = await records.accounts.by_email(email)
    if account is None:
        raise NotFoundError(
            "The specified e-mail address doesn't represent a registered user", code="account_not_found"
        )
    return account


def _is_member(app: AppRecord, account: AccountRecord) -> bool:
    return any(one.account_id == account.id for one in app.collaborators)


def _refuse_reserved(email: str) -> None:
    if email in _RESERVED:
        raise InvalidError("Invalid email parameter", code="invalid_email", field="email")
