"""Deployments, with their histories and metrics, in the standalone dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codepush.rules import validation
from codepush.server.services.errors import InvalidError
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
    from codepush.server.services.releasing.metrics import Metrics
    from codepush.server.services.releasing.series import Series
    from codepush.server.web.management import Handler

__all__ = ["DeploymentRoutes"]

_MOMENT_DIGITS: Final = 15
"""The last such time is in the year 33658."""


class DeploymentRoutes:
    """The part of the dialect that concerns deployments."""

    def __init__(self, deployments: Deployments, metrics: Metrics, series: Series) -> None:
        self._deployments = deployments
        self._metrics = metrics
        self._series = series

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by the ids of their routes."""
        return {
            "get_deployments": self._list,
            "add_deployment": self._add,
            "get_deployment": self._get,
            "rename_deployment": self._rename,
            "remove_deployment": self._remove,
            "get_deployment_history": self._history,
            "get_deployment_metrics": self._counters,
            "get_deployment_metrics_series": self._counters_over_time,
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

    async def _counters(self, request: Request, caller: Caller) -> Response:
        counters = await self._metrics.of_deployment(caller, app_in(request), name_in(request, "deployment"))
        return json_answer(standalone.metrics_body(counters))

    async def _counters_over_time(self, request: Request, caller: Caller) -> Response:
        deployment = name_in(request, "deployment")
        since, until = _moment(request, "since"), _moment(request, "until")
        series = await self._series.of_deployment(caller, app_in(request), deployment, since=since, until=until)
        return json_answer(standalone.series_body(series))


def _moment(request: Request, name: str) -> int | None:
    """Return the time that a parameter of the query gives, in milliseconds since 1970."""
    text = request.query_params.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _MOMENT_DIGITS):
        raise InvalidError(
            f"{name}: send a time in milliseconds since 1970, such as 1767225600000.", code="invalid_time", field=name
        )
    return int(text)
