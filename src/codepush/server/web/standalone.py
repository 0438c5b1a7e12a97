"""The standalone management door: the dialect our own SDK speaks (standalone management API)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from codepush.errors import Invalid
from codepush.models import PackageInfo
from codepush.rules import validation
from codepush.server.services.errors import InvalidError, NotFoundError
from codepush.server.web.auth import access_key
from codepush.server.web.bodies import json_body
from codepush.server.web.paths import name_in, route
from codepush.server.web.uploads import receive_release
from codepush.wire import messages, standalone

if TYPE_CHECKING:
    from starlette.routing import Route

    from codepush.server.ports import AccountRecord
    from codepush.server.services.access_keys import AccessKeys
    from codepush.server.services.accounts import Accounts
    from codepush.server.services.apps import Apps
    from codepush.server.services.deployments import Deployments
    from codepush.server.services.metrics import Metrics
    from codepush.server.services.releases import Releases

__all__ = ["StandaloneDoor", "UploadRoom"]

Endpoint: TypeAlias = Callable[[Request, "AccountRecord"], Awaitable[Response]]


class UploadRoom(Struct, frozen=True):
    """Where uploads are received, and how large one may be (in units of 1 048 576 bytes)."""

    workspace: Path
    limit_mb: int


class StandaloneDoor:
    """Translates the standalone dialect to the services, one method per route."""

    def __init__(
        self,
        *,
        access_keys: AccessKeys,
        accounts: Accounts,
        apps: Apps,
        deployments: Deployments,
        releases: Releases,
        metrics: Metrics,
        uploads: UploadRoom,
    ) -> None:
        self._access_keys = access_keys
        self._accounts = accounts
        self._apps = apps
        self._deployments = deployments
        self._releases = releases
        self._metrics = metrics
        self._uploads = uploads

    def routes(self) -> list[Route]:
        """Return the routes; each needs an access key."""
        app = "/apps/{app}"
        deployment = f"{app}/deployments/{{deployment}}"
        table: list[tuple[str, str, Endpoint]] = [
            ("GET", "/authenticated", self._authenticated),
            ("GET", "/account", self._account),
            ("GET", "/apps", self._list_apps),
            ("POST", "/apps", self._add_app),
            ("GET", app, self._get_app),
            ("DELETE", app, self._remove_app),
            ("GET", f"{app}/deployments", self._list_deployments),
            ("POST", f"{app}/deployments", self._add_deployment),
            ("GET", deployment, self._get_deployment),
            ("GET", f"{deployment}/history", self._history),
            ("GET", f"{deployment}/metrics", self._deployment_metrics),
            ("POST", f"{deployment}/release", self._release),
            ("PATCH", f"{deployment}/release", self._patch_release),
            ("POST", f"{deployment}/promote/{{destination}}", self._promote),
        ]
        return [route(path, self._known(endpoint), method=method) for method, path, endpoint in table]

    def _known(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def authenticated(request: Request) -> Response:
            caller = await self._access_keys.authenticate(access_key(request.headers))
            return await endpoint(request, caller)

        return authenticated

    async def fallback(self, request: Request) -> Response:
        """Answer a path that is no route: 401 without an access key, else 404."""
        await self._access_keys.authenticate(access_key(request.headers))
        raise NotFoundError(f"Cannot {request.method} {request.url.path}", code="no_such_route")

    async def _authenticated(self, _: Request, __: AccountRecord) -> Response:
        return _json(standalone.authenticated_body())

    async def _account(self, _: Request, caller: AccountRecord) -> Response:
        return _json(standalone.account_body(self._accounts.show(caller)))

    async def _list_apps(self, _: Request, caller: AccountRecord) -> Response:
        return _json(standalone.apps_body(await self._apps.list(caller)))

    async def _get_app(self, request: Request, caller: AccountRecord) -> Response:
        return _json(standalone.app_body(await self._apps.get(caller, name_in(request, "app"))))

    async def _add_app(self, request: Request, caller: AccountRecord) -> Response:
        wanted = validation.app_info(await json_body(request))
        app = await self._apps.add(caller, wanted.name, os=wanted.os, platform=wanted.platform, manual=wanted.is_manual)
        return _created(standalone.created_app_body(app), "apps", app.name)

    async def _remove_app(self, request: Request, caller: AccountRecord) -> Response:
        await self._apps.remove(caller, name_in(request, "app"))
        return Response(status_code=204)

    async def _list_deployments(self, request: Request, caller: AccountRecord) -> Response:
        return _json(standalone.deployments_body(await self._deployments.list(caller, name_in(request, "app"))))

    async def _get_deployment(self, request: Request, caller: AccountRecord) -> Response:
        deployment = await self._deployments.get(caller, name_in(request, "app"), name_in(request, "deployment"))
        return _json(standalone.deployment_body(deployment))

    async def _add_deployment(self, request: Request, caller: AccountRecord) -> Response:
        app = name_in(request, "app")
        wanted = validation.deployment_info(await json_body(request), is_name_required=True)
        assert wanted.name is not None  # required above
        deployment = await self._deployments.add(caller, app, wanted.name, key=wanted.key)
        return _created(standalone.deployment_body(deployment), "apps", app, "deployments", deployment.name)

    async def _history(self, request: Request, caller: AccountRecord) -> Response:
        history = await self._deployments.history(caller, name_in(request, "app"), name_in(request, "deployment"))
        return _json(standalone.history_body(history))

    async def _deployment_metrics(self, request: Request, caller: AccountRecord) -> Response:
        metrics = await self._metrics.of_deployment(caller, name_in(request, "app"), name_in(request, "deployment"))
        return _json(standalone.metrics_body(metrics))

    async def _release(self, request: Request, caller: AccountRecord) -> Response:
        app, deployment = name_in(request, "app"), name_in(request, "deployment")
        room = self._uploads
        async with receive_release(request, workspace=room.workspace, limit_mb=room.limit_mb) as form:
            info = validation.package_info(_package_info(form.package_info), require_app_version=True)
            package = await self._releases.release(caller, app, deployment, form.package, info)
        return _created(standalone.package_body(package), "apps", app, "deployments", deployment)

    async def _patch_release(self, request: Request, caller: AccountRecord) -> Response:
        info = await _wrapped_info(request)
        app, deployment = name_in(request, "app"), name_in(request, "deployment")
        package = await self._releases.patch(caller, app, deployment, info)
        return Response(status_code=204) if package is None else _json(standalone.package_body(package))

    async def _promote(self, request: Request, caller: AccountRecord) -> Response:
        info = await _wrapped_info(request)
        app, destination = name_in(request, "app"), name_in(request, "destination")
        package = await self._releases.promote(caller, app, name_in(request, "deployment"), destination, info)
        return _created(standalone.package_body(package), "apps", app, "deployments", destination)


def _json(body: bytes, status: int = 200, *, location: str | None = None) -> Response:
    headers = {"Cache-Control": "no-cache"} | ({} if location is None else {"Location": location})
    return Response(body, status, headers=headers, media_type=messages.JSON_TYPE)


def _created(body: bytes, *segments: str) -> Response:
    """Answer 201 with the address of what was made; names are percent-encoded, as a header must be."""
    return _json(body, 201, location="".join(f"/{quote(segment, safe='')}" for segment in segments))


async def _wrapped_info(request: Request) -> PackageInfo:
    """Return what ``{"packageInfo": {...}}`` says; a body without it says nothing."""
    body = await json_body(request)
    info = body.get("packageInfo") if isinstance(body, dict) else body
    if info is None:
        return PackageInfo()
    if not isinstance(info, dict):
        raise InvalidError('Send a JSON object {"packageInfo": {...}}.', code="invalid_body", field="packageInfo")
    return validation.package_info(info, require_app_version=False)


def _package_info(text: bytes) -> object:
    """Return the packageInfo part of a release; text that is not JSON says nothing, as in the original."""
    try:
        return messages.decode_json(text)
    except Invalid:
        return {}
