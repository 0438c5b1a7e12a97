"""Deployments and their releases in App Center's dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from codepush.rules import validation
from codepush.rules.actions import Clear, Patch, Promote, Rollback
from codepush.server.web.appcenter.bodies import fields_of, in_their_words
from codepush.server.web.management.responses import json_answer, no_content
from codepush.server.web.paths import app_in, name_in
from codepush.wire import appcenter
from codepush.wire.messages import encode_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from codepush.models import PackageInfo
    from codepush.server.services.caller import Caller
    from codepush.server.services.releasing.deployments import Deployments
    from codepush.server.services.releasing.metrics import Metrics
    from codepush.server.services.releasing.releases import Releases
    from codepush.server.web.management import Handler

__all__ = ["ReleaseRoutes"]

_NAME: Final = {"name": "name"}
_NEWEST: Final = "null"
"""The label that npm ``code-push`` 4 sends to patch the newest release."""


class ReleaseRoutes:
    """Handlers for deployments, releases and metrics."""

    def __init__(self, deployments: Deployments, releases: Releases, metrics: Metrics) -> None:
        self._deployments = deployments
        self._releases = releases
        self._metrics = metrics

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by the IDs of their routes."""
        return {
            "get_deployments": self._list,
            "add_deployment": self._add,
            "get_deployment": self._get,
            "rename_deployment": self._rename,
            "remove_deployment": self._remove,
            "get_releases": self._history,
            "clear_releases": self._clear,
            "patch_release": self._patch,
            "promote": self._promote,
            "rollback": self._rollback,
            "get_metrics": self._counters,
        }

    async def _list(self, request: Request, caller: Caller) -> Response:
        deployments = await self._deployments.list(caller, app_in(request))
        return json_answer(encode_json([appcenter.DeploymentShape.of(one) for one in deployments]))

    async def _add(self, request: Request, caller: Caller) -> Response:
        info = validation.deployment_info(await fields_of(request), is_name_required=True)
        assert info.name is not None  # required above
        deployment = await self._deployments.add(caller, app_in(request), info.name, key=info.key)
        return json_answer(encode_json(appcenter.DeploymentShape.of(deployment)), 201)

    async def _get(self, request: Request, caller: Caller) -> Response:
        deployment = await self._deployments.get(caller, app_in(request), name_in(request, "deployment"))
        return json_answer(encode_json(appcenter.DeploymentShape.of(deployment)))

    async def _rename(self, request: Request, caller: Caller) -> Response:
        translated = appcenter.in_our_words(await fields_of(request), _NAME)
        info = validation.deployment_info(translated, is_name_required=True)
        await self._deployments.rename(caller, app_in(request), name_in(request, "deployment"), info.name)
        return no_content()

    async def _remove(self, request: Request, caller: Caller) -> Response:
        await self._deployments.remove(caller, app_in(request), name_in(request, "deployment"))
        return no_content()

    async def _history(self, request: Request, caller: Caller) -> Response:
        history = await self._deployments.history(caller, app_in(request), name_in(request, "deployment"))
        return json_answer(encode_json([appcenter.ReleaseShape.of(one) for one in history]))

    async def _clear(self, request: Request, caller: Caller) -> Response:
        await self._releases.run(caller, Clear(app=app_in(request), deployment=name_in(request, "deployment")))
        return no_content()

    async def _patch(self, request: Request, caller: Caller) -> Response:
        label = name_in(request, "label")
        info = replace(await _info(request, appcenter.CHANGE_FIELDS), label=None if label == _NEWEST else label)
        action = Patch(app=app_in(request), deployment=name_in(request, "deployment"), info=info)
        package = await self._releases.run(caller, action)
        return no_content() if package is None else json_answer(encode_json(appcenter.ReleaseShape.of_reply(package)))

    async def _promote(self, request: Request, caller: Caller) -> Response:
        source, destination = name_in(request, "deployment"), name_in(request, "destination")
        info = await _info(request, appcenter.PROMOTION_FIELDS)
        action = Promote(app=app_in(request), source=source, destination=destination, info=info)
        package = await self._releases.run(caller, action)
        return json_answer(encode_json(appcenter.ReleaseShape.of_reply(package)))

    async def _rollback(self, request: Request, caller: Caller) -> Response:
        label = (await _info(request, appcenter.ROLLBACK_FIELDS)).label
        action = Rollback(app=app_in(request), deployment=name_in(request, "deployment"), label=label)
        package = await self._releases.run(caller, action)
        return json_answer(encode_json(appcenter.ReleaseShape.of_reply(package)), 201)

    async def _counters(self, request: Request, caller: Caller) -> Response:
        counters = await self._metrics.of_deployment(caller, app_in(request), name_in(request, "deployment"))
        return json_answer(encode_json([appcenter.MetricShape.of(label, one) for label, one in counters.items()]))


async def _info(request: Request, fields: Mapping[str, str]) -> PackageInfo:
    """Return the release settings in these fields of a request; the body is optional."""
    translated = appcenter.in_our_words(await fields_of(request), fields)
    with in_their_words(fields):
        return validation.package_info(translated, require_app_version=False)
