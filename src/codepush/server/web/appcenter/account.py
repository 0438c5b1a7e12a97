"""The caller's account and tokens, in App Center's dialect."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from codepush.masking import masked_name
from codepush.rules import validation
from codepush.server.services.errors import NotFoundError
from codepush.server.web.appcenter.bodies import fields_of, in_their_words, read_word
from codepush.server.web.appcenter.shapes import token_shape, user_shape
from codepush.server.web.auth import address
from codepush.server.web.management.responses import json_answer, no_content
from codepush.server.web.paths import name_in
from codepush.wire import appcenter
from codepush.wire.messages import encode_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from codepush.models import AccessKey
    from codepush.server.services.access.access_keys import AccessKeys
    from codepush.server.services.caller import Caller
    from codepush.server.web.management import Handler

__all__ = ["AccountRoutes"]

_TOKEN_FIELDS: Final = {"friendlyName": "description", "ttl": "ttl"}


class AccountRoutes:
    """Handlers for the caller's account."""

    def __init__(self, access_keys: AccessKeys) -> None:
        self._access_keys = access_keys

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by the IDs of their routes."""
        return {
            "get_user": self._user,
            "get_tokens": self._list,
            "add_token": self._add,
            "remove_token": self._remove,
        }

    async def _user(self, _: Request, caller: Caller) -> Response:
        return json_answer(encode_json(user_shape(caller.account)))

    async def _list(self, _: Request, caller: Caller) -> Response:
        return json_answer(encode_json([token_shape(one) for one in await self._tokens(caller)]))

    async def _add(self, request: Request, caller: Caller) -> Response:
        fields = await fields_of(request)
        read_word("scope", appcenter.scope, fields.get("scope"))
        translated = appcenter.in_our_words({"description": f"token-{secrets.token_hex(4)}", **fields}, _TOKEN_FIELDS)
        with in_their_words(_TOKEN_FIELDS):
            wanted = validation.access_key_request(translated)
            info = validation.access_key_info(wanted, is_update=False, is_name_required=False)
            access_key = await self._access_keys.add(caller, info, created_by=address(request))
        return json_answer(encode_json(token_shape(access_key)), 201)

    async def _remove(self, request: Request, caller: Caller) -> Response:
        wanted = name_in(request, "token").lower()
        for access_key in await self._tokens(caller):
            if token_shape(access_key).id == wanted:
                await self._access_keys.remove(caller, access_key.name)
                return no_content()
        raise NotFoundError(f'The API token "{masked_name(wanted)}" does not exist.', code="access_key_not_found")

    async def _tokens(self, caller: Caller) -> list[AccessKey]:
        """Return the caller's access keys, except for sessions of browser logins."""
        return [one for one in await self._access_keys.list(caller) if not one.is_session]
