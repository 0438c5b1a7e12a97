"""The caller's account, access keys and sessions, in the standalone dialect (standalone management API, section 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codepush.rules import validation
from codepush.server.web.auth import address
from codepush.server.web.bodies import json_object
from codepush.server.web.management.responses import created, json_answer, no_content
from codepush.server.web.paths import name_in
from codepush.server.web.problems import ListedFields
from codepush.wire import standalone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from codepush.rules.validation import AccessKeyInfo
    from codepush.server.services.access.access_keys import AccessKeys
    from codepush.server.services.access.accounts import Accounts
    from codepush.server.services.caller import Caller
    from codepush.server.web.management import Handler

__all__ = ["AccountRoutes"]


class AccountRoutes:
    """Handlers for the caller's account."""

    def __init__(self, accounts: Accounts, access_keys: AccessKeys) -> None:
        self._accounts = accounts
        self._access_keys = access_keys

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by the IDs of their routes."""
        return {
            "is_authenticated": self._authenticated,
            "get_account_info": self._account,
            "get_access_keys": self._list,
            "add_access_key": self._add,
            "get_access_key": self._get,
            "patch_access_key": self._update,
            "remove_access_key": self._remove,
            "remove_session": self._remove_sessions,
        }

    async def _authenticated(self, _: Request, __: Caller) -> Response:
        return json_answer(standalone.authenticated_body())

    async def _account(self, _: Request, caller: Caller) -> Response:
        return json_answer(standalone.account_body(await self._accounts.show(caller)))

    async def _list(self, _: Request, caller: Caller) -> Response:
        return json_answer(standalone.access_keys_body(await self._access_keys.list(caller)))

    async def _add(self, request: Request, caller: Caller) -> Response:
        info = await _info(request, is_update=False)
        access_key = await self._access_keys.add(caller, info, created_by=address(request))
        return created(standalone.created_access_key_body(access_key), "accessKeys", access_key.name)

    async def _get(self, request: Request, caller: Caller) -> Response:
        access_key = await self._access_keys.get(caller, name_in(request, "access_key"))
        return json_answer(standalone.access_key_body(access_key))

    async def _update(self, request: Request, caller: Caller) -> Response:
        info = await _info(request, is_update=True)
        access_key = await self._access_keys.update(caller, name_in(request, "access_key"), info)
        return json_answer(standalone.access_key_body(access_key))

    async def _remove(self, request: Request, caller: Caller) -> Response:
        await self._access_keys.remove(caller, name_in(request, "access_key"))
        return no_content()

    async def _remove_sessions(self, request: Request, caller: Caller) -> Response:
        await self._access_keys.remove_sessions(caller, name_in(request, "machine"))
        return no_content()


async def _info(request: Request, *, is_update: bool) -> AccessKeyInfo:
    fields = validation.access_key_request(await json_object(request))
    try:
        return validation.access_key_info(fields, is_update=is_update, is_name_required=False)
    except validation.InvalidFields as error:
        raise ListedFields(error.errors, error.allowed) from error
