"""Organizations and their members, in App Center's dialect."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from codepush.rules import validation
from codepush.server.web.appcenter.apps import invited
from codepush.server.web.appcenter.bodies import fields_of, in_their_words, read_word
from codepush.server.web.appcenter.shapes import member_shape, organization_shape
from codepush.server.web.management.responses import json_answer, no_content
from codepush.server.web.paths import name_in
from codepush.wire import appcenter
from codepush.wire.messages import encode_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from codepush.models import Role
    from codepush.rules.validation import OrganizationInfo
    from codepush.server.services.access.organizations import Organizations
    from codepush.server.services.caller import Caller
    from codepush.server.web.management import Handler

__all__ = ["OrganizationRoutes"]

_FIELDS: Final = {"name": "name", "displayName": "display_name"}


class OrganizationRoutes:
    """Handlers for organizations."""

    def __init__(self, organizations: Organizations) -> None:
        self._organizations = organizations

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by the IDs of their routes."""
        return {
            "get_organizations": self._list,
            "add_organization": self._add,
            "get_organization": self._get,
            "change_organization": self._change,
            "remove_organization": self._remove,
            "get_members": self._members,
            "change_role": self._set_role,
            "remove_member": self._remove_member,
            "get_invited_members": self._invitations,
            "invite_member": self._invite,
            "remove_invited_member": self._remove_invited,
            "invite_member_by_address": self._invite,
            "remove_member_by_address": self._remove_member,
        }

    async def _list(self, _: Request, caller: Caller) -> Response:
        organizations = await self._organizations.list(caller)
        return json_answer(encode_json([organization_shape(one) for one in organizations]))

    async def _add(self, request: Request, caller: Caller) -> Response:
        info = await _info(request)
        organization = await self._organizations.add(caller, name=info.name, display_name=info.display_name)
        return json_answer(encode_json(organization_shape(organization)), 201)

    async def _get(self, request: Request, caller: Caller) -> Response:
        membership = await self._organizations.get(caller, name_in(request, "org"))
        return json_answer(encode_json(organization_shape(membership.organization)))

    async def _change(self, request: Request, caller: Caller) -> Response:
        info = await _info(request)
        organization = await self._organizations.change(
            caller, name_in(request, "org"), new_name=info.name, display_name=info.display_name
        )
        return json_answer(encode_json(organization_shape(organization)))

    async def _remove(self, request: Request, caller: Caller) -> Response:
        await self._organizations.remove(caller, name_in(request, "org"))
        return no_content()

    async def _members(self, request: Request, caller: Caller) -> Response:
        membership = await self._organizations.get(caller, name_in(request, "org"))
        return json_answer(encode_json([member_shape(one) for one in membership.members]))

    async def _set_role(self, request: Request, caller: Caller) -> Response:
        role: Role = read_word("role", appcenter.role, (await fields_of(request)).get("role"))
        member = await self._organizations.set_role(caller, name_in(request, "org"), name_in(request, "user"), role)
        return json_answer(encode_json(member_shape(member)))

    async def _remove_member(self, request: Request, caller: Caller) -> Response:
        await self._organizations.remove_member(caller, name_in(request, "org"), _person(request))
        return no_content()

    async def _invitations(self, request: Request, caller: Caller) -> Response:
        """Return no invitations: an invitation adds the member immediately."""
        await self._organizations.get(caller, name_in(request, "org"))
        return json_answer(encode_json([]))

    async def _invite(self, request: Request, caller: Caller) -> Response:
        fields = await fields_of(request)
        person = _person(request) or invited(fields)
        read = partial(appcenter.role, otherwise="developer")
        role: Role = read_word("role", read, fields.get("role"))
        await self._organizations.add_member(caller, name_in(request, "org"), person, role)
        return no_content()

    async def _remove_invited(self, request: Request, caller: Caller) -> Response:
        person = invited(await fields_of(request))
        await self._organizations.remove_member(caller, name_in(request, "org"), person)
        return no_content()


async def _info(request: Request) -> OrganizationInfo:
    translated = appcenter.in_our_words(await fields_of(request), _FIELDS)
    with in_their_words(_FIELDS):
        return validation.organization_info(translated)


def _person(request: Request) -> str:
    """Return the name or email address of the user in the path; empty if there is none."""
    return next((name_in(request, key) for key in ("user", "email") if key in request.path_params), "")
