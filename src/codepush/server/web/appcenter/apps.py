"""Apps and their collaborators, in App Center's dialect."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from codepush.rules import validation
from codepush.rules.collation import alphabetical
from codepush.server.services.access.roles import parts
from codepush.server.web.appcenter.bodies import fields_of, in_their_words, read_word
from codepush.server.web.appcenter.shapes import app_shape, collaborator_shape
from codepush.server.web.management.responses import json_answer, no_content
from codepush.server.web.paths import app_in, name_in
from codepush.wire import appcenter
from codepush.wire.messages import encode_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from codepush.models import Permission
    from codepush.server.ports.apps import AppRecord
    from codepush.server.services.access.organizations import Organizations
    from codepush.server.services.caller import Caller
    from codepush.server.services.releasing.apps import Apps
    from codepush.server.services.releasing.collaborators import Collaborators
    from codepush.server.web.management import Handler

__all__ = ["AppRoutes"]

_INVITED: Final = {"email": "user_email"}
_SYSTEM: Final = {"os": "os", "platform": "platform"}
_SHOWN: Final = {"displayName": "display_name"}


class AppRoutes:
    """Handlers for apps and their collaborators."""

    def __init__(self, apps: Apps, collaborators: Collaborators, organizations: Organizations) -> None:
        self._apps = apps
        self._collaborators = collaborators
        self._organizations = organizations

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by the IDs of their routes."""
        return {
            "get_apps": self._list,
            "add_app": self._add,
            "get_apps_of_organization": self._list_of_organization,
            "add_app_of_organization": self._add_to_organization,
            "get_app": self._get,
            "rename_app": self._rename,
            "remove_app": self._remove,
            "transfer_app": self._transfer,
            "get_people": self._people,
            "change_permission": self._change,
            "remove_person": self._leave,
            "get_invitations": self._invitations,
            "invite": self._invite,
            "invite_by_address": self._invite,
            "change_invitation": self._change,
            "remove_invitation": self._leave,
        }

    async def _list(self, request: Request, caller: Caller) -> Response:
        return _shown(await self._apps.visible(caller), request, caller)

    async def _list_of_organization(self, request: Request, caller: Caller) -> Response:
        organization = (await self._organizations.get(caller, name_in(request, "org"))).organization
        visible = await self._apps.visible(caller)
        its_own = [app for app in visible if (app.owner.kind, app.owner.id) == ("org", organization.id)]
        return _shown(its_own, request, caller)

    async def _add(self, request: Request, caller: Caller) -> Response:
        return await self._create(request, caller, caller.account.slug)

    async def _add_to_organization(self, request: Request, caller: Caller) -> Response:
        organization = name_in(request, "org")
        return await self._create(request, caller, organization, organization=organization)

    async def _create(
        self, request: Request, caller: Caller, owner: str, *, organization: str | None = None
    ) -> Response:
        """Create an app without deployments: clients create the first two themselves."""
        fields = await fields_of(request)
        with in_their_words(_name_field(fields)):
            info = validation.app_info(_named(fields))
        await self._apps.add(
            caller,
            info.name,
            os=info.os,
            platform=info.platform,
            manual=True,
            organization=organization,
            display_name=_display_name(fields),
        )
        app = await self._apps.find(caller, f"{owner}/{info.name}")
        return json_answer(encode_json(app_shape(app, caller)), 201)

    async def _get(self, request: Request, caller: Caller) -> Response:
        return json_answer(encode_json(app_shape(await self._apps.find(caller, app_in(request)), caller)))

    async def _rename(self, request: Request, caller: Caller) -> Response:
        fields = await fields_of(request)
        name = validation.app_name(fields, is_required=False)
        await self._apps.rename(caller, app_in(request), name, display_name=_display_name(fields))
        app = await self._apps.find(caller, f"{name_in(request, 'owner')}/{name or name_in(request, 'app')}")
        return json_answer(encode_json(app_shape(app, caller)))

    async def _remove(self, request: Request, caller: Caller) -> Response:
        await self._apps.remove(caller, app_in(request))
        return no_content()

    async def _transfer(self, request: Request, caller: Caller) -> Response:
        app = await self._collaborators.transfer(caller, app_in(request), name_in(request, "new_owner"))
        return json_answer(encode_json(app_shape(app, caller)))

    async def _people(self, request: Request, caller: Caller) -> Response:
        app = await self._apps.find(caller, app_in(request))
        return json_answer(encode_json([collaborator_shape(one) for one in parts(app)]))

    async def _change(self, request: Request, caller: Caller) -> Response:
        fields = await fields_of(request)
        permission = read_word("permissions", appcenter.permissions, fields.get("permissions"))
        await self._collaborators.change(caller, app_in(request), name_in(request, "email"), permission)
        return no_content()

    async def _leave(self, request: Request, caller: Caller) -> Response:
        await self._collaborators.remove(caller, app_in(request), name_in(request, "email"))
        return no_content()

    async def _invitations(self, request: Request, caller: Caller) -> Response:
        """Return no invitations: an invitation adds the collaborator immediately."""
        await self._collaborators.list(caller, app_in(request))
        return json_answer(encode_json([]))

    async def _invite(self, request: Request, caller: Caller) -> Response:
        fields = await fields_of(request)
        email = name_in(request, "email") if "email" in request.path_params else invited(fields)
        read = partial(appcenter.permission, otherwise="Collaborator")
        permission: Permission = read_word("role", read, fields.get("role"))
        await self._collaborators.add(caller, app_in(request), email, permission)
        return no_content()


def invited(fields: Mapping[str, object]) -> str:
    """Return the email address of an invitation.

    Raises:
        InvalidFields: It is missing or invalid.

    """
    with in_their_words(_INVITED):
        return validation.email(appcenter.in_our_words(fields, _INVITED))


def _named(fields: Mapping[str, object]) -> dict[str, object]:
    """Return the fields of a new app; the display name replaces a missing name."""
    name = fields.get("name")
    translated = appcenter.in_our_words(fields, _SYSTEM)
    return {**translated, "name": fields.get("display_name") if name is None else name}


def _display_name(fields: Mapping[str, object]) -> str | None:
    """Return the display name in a request, if any.

    Raises:
        InvalidFields: The name is invalid.

    """
    with in_their_words(_SHOWN):
        return validation.display_name(appcenter.in_our_words(fields, _SHOWN))


def _name_field(fields: Mapping[str, object]) -> dict[str, str]:
    return {"name": "display_name" if fields.get("name") is None else "name"}


def _shown(apps: Iterable[AppRecord], request: Request, caller: Caller) -> Response:
    match request.query_params.get("$orderBy"):
        case "name":
            apps = sorted(apps, key=lambda app: alphabetical(app.name))
        case "display_name":
            apps = sorted(apps, key=lambda app: alphabetical(app.display_name))
    return json_answer(encode_json([app_shape(app, caller) for app in apps]))
