"""Deployments, with their histories, in the standalone dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codepush.rules import validation
from codepush.server.web.bodies import json_object
from codepush.server.web.management.responses import created, json_answer, no_content
from codepush.server.web.paths import app_in, name_in
from codepush.wire import standalone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from codepush.server.services.caller import Caller
    from codepush.server.services.releasing.deployments import Deployments
    from codepush.server.web.management import Handler

__all__ = ["DeploymentRoutes"]


class DeploymentRoutes:
    """Handlers for deployments."""

    def __init__(self, deployments: Deployments) -> None:
        self._deployments = deployments

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by the IDs of their routes."""
        return {
            "get_deployments": self._list,
            "add_deployment": self._add,
            "get_deployment": self._get,
            "rename_deployment": self._rename,
            "remove_deployment": self._remove,
            "get_deployment_history": self._history,
        }

    async def _list(self, request: Request, caller: Caller) -> Response:
        return json_answer(standalone.deployments_body(await self._deployments.list(caller, app_in(request))))

    async def _add(self, request: Request, caller: Caller) -> Response:
        app = app_in(request)
        wanted = validation.deployment_info(await json_object(request), is_name_required=True)
        assert wanted.name is not None  # required above
        deployment = await self._deployments.add(caller, app, wanted.name, key=wanted.key)
        return created(standalone.deployment_body(deployment), "apps", app, "deployments", deployment.name)

    async def _get(self, request: Request, caller: Caller) -> Response:
        deployment = await self._deployments.get(caller, app_in(request), name_in(request, "deployment"))
        return json_answer(standalone.deployment_body(deployment))

    async def _rename(self, request: Request, caller: Caller) -> Response:
        wanted = validation.deployment_info(await json_object(request), is_name_required=False)
        name = name_in(request, "deployment")
        deployment = await self._deployments.rename(caller, app_in(request), name, wanted.name)
        return json_answer(standalone.deployment_body(deployment))

    async def _remove(self, request: Request, caller: Caller) -> Response:
        await self._deployments.remove(caller, app_in(request), name_in(request, "deployment"))
        return no_content()

    async def _history(self, request: Request, caller: Caller) -> Response:
        history = await self._deployments.history(caller, app_in(request), name_in(request, "deployment"))
        return json_answer(standalone.history_body(history))
