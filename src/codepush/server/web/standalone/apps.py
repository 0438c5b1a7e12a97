"""Apps and their collaborators in the standalone dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codepush.rules import validation
from codepush.server.web.bodies import json_object
from codepush.server.web.management.responses import created, created_as_text, json_answer, no_content
from codepush.server.web.paths import app_in, name_in
from codepush.wire import standalone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from codepush.server.services.caller import Caller
    from codepush.server.services.releasing.apps import Apps
    from codepush.server.services.releasing.collaborators import Collaborators
    from codepush.server.web.management import Handler

__all__ = ["AppRoutes"]


class AppRoutes:
    """Handlers for apps and their collaborators."""

    def __init__(self, apps: Apps, collaborators: Collaborators) -> None:
        self._apps = apps
        self._collaborators = collaborators

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by the IDs of their routes."""
        return {
            "get_apps": self._list,
            "add_app": self._add,
            "get_app": self._get,
            "rename_app": self._rename,
            "remove_app": self._remove,
            "transfer_app": self._transfer,
            "get_collaborators": self._list_collaborators,
            "add_collaborator": self._add_collaborator,
            "remove_collaborator": self._remove_collaborator,
        }

    async def _list(self, _: Request, caller: Caller) -> Response:
        return json_answer(standalone.apps_body(await self._apps.list(caller)))

    async def _add(self, request: Request, caller: Caller) -> Response:
        wanted = validation.app_info(await json_object(request))
        app = await self._apps.add(
            caller,
            wanted.name,
            os=wanted.os,
            platform=wanted.platform,
            manual=wanted.is_manual,
            organization=wanted.organization,
        )
        return created(standalone.created_app_body(app), "apps", app.name)

    async def _get(self, request: Request, caller: Caller) -> Response:
        return json_answer(standalone.app_body(await self._apps.get(caller, app_in(request))))

    async def _rename(self, request: Request, caller: Caller) -> Response:
        name = validation.app_name(await json_object(request), is_required=False)
        return json_answer(standalone.app_body(await self._apps.rename(caller, app_in(request), name)))

    async def _remove(self, request: Request, caller: Caller) -> Response:
        await self._apps.remove(caller, app_in(request))
        return no_content()

    async def _transfer(self, request: Request, caller: Caller) -> Response:
        await self._collaborators.transfer(caller, app_in(request), name_in(request, "email"))
        return created_as_text()

    async def _list_collaborators(self, request: Request, caller: Caller) -> Response:
        people = await self._collaborators.list(caller, app_in(request))
        return json_answer(standalone.collaborators_body(people))

    async def _add_collaborator(self, request: Request, caller: Caller) -> Response:
        await self._collaborators.add(caller, app_in(request), name_in(request, "email"))
        return created_as_text()

    async def _remove_collaborator(self, request: Request, caller: Caller) -> Response:
        await self._collaborators.remove(caller, app_in(request), name_in(request, "email"))
        return no_content()
