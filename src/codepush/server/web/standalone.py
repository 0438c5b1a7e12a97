"""The standalone management door: the dialect our own SDK speaks (standalone management API)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from codepush.errors import Invalid
from codepush.masking import masked_name
from codepush.models import PackageInfo
from codepush.rules import validation
from codepush.rules.actions import Clear, Patch, Promote, Rollback
from codepush.server.ports.responses import ResponseRecord
from codepush.server.services.errors import ConflictError, InvalidError, NotFoundError
from codepush.server.services.releasing.idempotency import IdempotencyKey, digest
from codepush.server.web.access_keys import AccessKeyRoutes
from codepush.server.web.admission import Entry
from codepush.server.web.bodies import json_object
from codepush.server.web.paths import name_in
from codepush.server.web.responses import created, json_answer, location, no_content, said_created
from codepush.server.web.uploads import UploadRoom, receive_release
from codepush.wire import messages, standalone

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from codepush.models import Package
    from codepush.server.services.access.access_keys import AccessKeys
    from codepush.server.services.access.accounts import Accounts
    from codepush.server.services.caller import Caller
    from codepush.server.services.releasing.apps import Apps
    from codepush.server.services.releasing.collaborators import Collaborators
    from codepush.server.services.releasing.deployments import Deployments
    from codepush.server.services.releasing.idempotency import Idempotency, Receipt
    from codepush.server.services.releasing.metrics import Metrics
    from codepush.server.services.releasing.releases import Releases
    from codepush.server.services.releasing.series import Series
    from codepush.server.web.admission import Admission

__all__ = ["StandaloneRoutes"]

_UPLOAD_PATIENCE: Final = 10
"""So many times as long as another request may a release take, since its package is sent meanwhile."""

_REPEAT_KEY_LENGTH: Final = 255

_MOMENT_DIGITS: Final = 15
"""The last such time is in the year 33658."""


class StandaloneRoutes:
    """Translates the standalone dialect to the services, one method per route; ``admission`` admits requests."""

    def __init__(
        self,
        *,
        admission: Admission,
        access_keys: AccessKeys,
        accounts: Accounts,
        apps: Apps,
        collaborators: Collaborators,
        deployments: Deployments,
        releases: Releases,
        idempotency: Idempotency,
        metrics: Metrics,
        series: Series,
        uploads: UploadRoom,
    ) -> None:
        self._admission = admission
        self._access_keys = AccessKeyRoutes(access_keys)
        self._accounts = accounts
        self._apps = apps
        self._collaborators = collaborators
        self._deployments = deployments
        self._releases = releases
        self._idempotency = idempotency
        self._metrics = metrics
        self._series = series
        self._uploads = uploads

    def routes(self) -> list[Route]:
        """Return the routes; each needs an access key."""
        app = "/apps/{app}"
        deployment = f"{app}/deployments/{{deployment}}"
        table = [
            Entry("GET", "/authenticated", self._authenticated),
            Entry("GET", "/account", self._account),
            *self._access_keys.table(),
            Entry("GET", "/apps", self._list_apps),
            Entry("POST", "/apps", self._add_app),
            Entry("GET", app, self._get_app, "view_app"),
            Entry("PATCH", app, self._rename_app, "rename_app"),
            Entry("DELETE", app, self._remove_app, "remove_app"),
            Entry("POST", f"{app}/transfer/{{email}}", self._transfer_app, "transfer_app"),
            Entry("GET", f"{app}/collaborators", self._list_collaborators, "view_collaborators"),
            Entry("POST", f"{app}/collaborators/{{email}}", self._add_collaborator, "add_collaborator"),
            Entry("DELETE", f"{app}/collaborators/{{email}}", self._remove_collaborator, "leave_app"),
            Entry("GET", f"{app}/deployments", self._list_deployments, "view_deployment"),
            Entry("POST", f"{app}/deployments", self._add_deployment, "add_deployment"),
            Entry("GET", deployment, self._get_deployment, "view_deployment"),
            Entry("PATCH", deployment, self._rename_deployment, "rename_deployment"),
            Entry("DELETE", deployment, self._remove_deployment, "remove_deployment"),
            Entry("GET", f"{deployment}/history", self._history, "view_deployment"),
            Entry("DELETE", f"{deployment}/history", self._clear_history, "clear_history"),
            Entry("GET", f"{deployment}/metrics", self._deployment_metrics, "view_deployment"),
            Entry("GET", f"{deployment}/metrics/series", self._metrics_series, "view_deployment"),
            Entry("POST", f"{deployment}/release", self._release, "release", patience=_UPLOAD_PATIENCE),
            Entry("PATCH", f"{deployment}/release", self._patch_release, "patch_release"),
            Entry("POST", f"{deployment}/promote/{{destination}}", self._promote, "promote"),
            Entry("POST", f"{deployment}/rollback", self._rollback, "rollback"),
            Entry("POST", f"{deployment}/rollback/{{label}}", self._rollback, "rollback"),
        ]
        return self._admission.routes(table)

    async def fallback(self, request: Request) -> Response:
        """Answer a path that is no route: 401 without an access key, else 404."""
        await self._admission.authenticate(request)
        path = "/".join(map(masked_name, request.url.path.split("/")))
        raise NotFoundError(f"Cannot {request.method} {path}", code="no_such_route")

    async def _authenticated(self, _: Request, __: Caller) -> Response:
        return json_answer(standalone.authenticated_body())

    async def _account(self, _: Request, caller: Caller) -> Response:
        return json_answer(standalone.account_body(await self._accounts.show(caller)))

    async def _list_apps(self, _: Request, caller: Caller) -> Response:
        return json_answer(standalone.apps_body(await self._apps.list(caller)))

    async def _get_app(self, request: Request, caller: Caller) -> Response:
        return json_answer(standalone.app_body(await self._apps.get(caller, name_in(request, "app"))))

    async def _add_app(self, request: Request, caller: Caller) -> Response:
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

    async def _rename_app(self, request: Request, caller: Caller) -> Response:
        name = validation.app_name(await json_object(request), is_required=False)
        return json_answer(standalone.app_body(await self._apps.rename(caller, name_in(request, "app"), name)))

    async def _remove_app(self, request: Request, caller: Caller) -> Response:
        await self._apps.remove(caller, name_in(request, "app"))
        return no_content()

    async def _transfer_app(self, request: Request, caller: Caller) -> Response:
        await self._collaborators.transfer(caller, name_in(request, "app"), name_in(request, "email"))
        return said_created()

    async def _list_collaborators(self, request: Request, caller: Caller) -> Response:
        people = await self._collaborators.list(caller, name_in(request, "app"))
        return json_answer(standalone.collaborators_body(people))

    async def _add_collaborator(self, request: Request, caller: Caller) -> Response:
        await self._collaborators.add(caller, name_in(request, "app"), name_in(request, "email"))
        return said_created()

    async def _remove_collaborator(self, request: Request, caller: Caller) -> Response:
        await self._collaborators.remove(caller, name_in(request, "app"), name_in(request, "email"))
        return no_content()

    async def _list_deployments(self, request: Request, caller: Caller) -> Response:
        return json_answer(standalone.deployments_body(await self._deployments.list(caller, name_in(request, "app"))))

    async def _get_deployment(self, request: Request, caller: Caller) -> Response:
        deployment = await self._deployments.get(caller, name_in(request, "app"), name_in(request, "deployment"))
        return json_answer(standalone.deployment_body(deployment))

    async def _add_deployment(self, request: Request, caller: Caller) -> Response:
        app = name_in(request, "app")
        wanted = validation.deployment_info(await json_object(request), is_name_required=True)
        assert wanted.name is not None  # required above
        deployment = await self._deployments.add(caller, app, wanted.name, key=wanted.key)
        return created(standalone.deployment_body(deployment), "apps", app, "deployments", deployment.name)

    async def _rename_deployment(self, request: Request, caller: Caller) -> Response:
        wanted = validation.deployment_info(await json_object(request), is_name_required=False)
        app, deployment = name_in(request, "app"), name_in(request, "deployment")
        return json_answer(
            standalone.deployment_body(await self._deployments.rename(caller, app, deployment, wanted.name))
        )

    async def _remove_deployment(self, request: Request, caller: Caller) -> Response:
        await self._deployments.remove(caller, name_in(request, "app"), name_in(request, "deployment"))
        return no_content()

    async def _clear_history(self, request: Request, caller: Caller) -> Response:
        await self._releases.run(caller, Clear(app=name_in(request, "app"), deployment=name_in(request, "deployment")))
        return no_content()

    async def _history(self, request: Request, caller: Caller) -> Response:
        history = await self._deployments.history(caller, name_in(request, "app"), name_in(request, "deployment"))
        return json_answer(standalone.history_body(history))

    async def _deployment_metrics(self, request: Request, caller: Caller) -> Response:
        metrics = await self._metrics.of_deployment(caller, name_in(request, "app"), name_in(request, "deployment"))
        return json_answer(standalone.metrics_body(metrics))

    async def _metrics_series(self, request: Request, caller: Caller) -> Response:
        app, deployment = name_in(request, "app"), name_in(request, "deployment")
        since, until = _moment(request, "since"), _moment(request, "until")
        series = await self._series.of_deployment(caller, app, deployment, since=since, until=until)
        return json_answer(standalone.series_body(series))

    async def _release(self, request: Request, caller: Caller) -> Response:
        app, deployment = name_in(request, "app"), name_in(request, "deployment")
        await self._check_can_release(request, caller, app, deployment)
        async with receive_release(request, self._uploads, account_id=caller.account.id) as form:
            info = validation.package_info(_package_info(form.package_info), require_app_version=True)

            async def release(receipt: Receipt | None) -> Package:
                return await self._releases.release(caller, app, deployment, form.package, info, receipt=receipt)

            content = partial(digest, info, form.package)
            return await self._once(request, caller, content, release, location("apps", app, "deployments", deployment))

    async def _check_can_release(self, request: Request, caller: Caller, app: str, deployment: str) -> None:
        """Reject a release before its body is read, unless its response is recorded: a retry must not be refused."""
        try:
            await self._releases.check_can_release(caller, app, deployment)
        except ConflictError:
            key = request.headers.get("idempotency-key")
            if key is None or not await self._idempotency.knows(caller.account.id, _route(request), _repeat_key(key)):
                raise

    async def _patch_release(self, request: Request, caller: Caller) -> Response:
        info = await _wrapped_info(request)
        app, deployment = name_in(request, "app"), name_in(request, "deployment")
        package = await self._releases.run(caller, Patch(app=app, deployment=deployment, info=info))
        return no_content() if package is None else json_answer(standalone.package_body(package))

    async def _promote(self, request: Request, caller: Caller) -> Response:
        info = await _wrapped_info(request)
        app, source = name_in(request, "app"), name_in(request, "deployment")
        destination = name_in(request, "destination")

        async def promote(receipt: Receipt | None) -> Package:
            action = Promote(app=app, source=source, destination=destination, info=info)
            return await self._releases.run(caller, action, receipt=receipt)

        content = partial(digest, info)
        return await self._once(request, caller, content, promote, location("apps", app, "deployments", destination))

    async def _rollback(self, request: Request, caller: Caller) -> Response:
        app, deployment = name_in(request, "app"), name_in(request, "deployment")
        label = name_in(request, "label") if "label" in request.path_params else None

        async def rollback(receipt: Receipt | None) -> Package:
            action = Rollback(app=app, deployment=deployment, label=label)
            return await self._releases.run(caller, action, receipt=receipt)

        content = partial(digest, PackageInfo())
        return await self._once(request, caller, content, rollback, location("apps", app, "deployments", deployment))

    async def _once(
        self,
        request: Request,
        caller: Caller,
        content: Callable[[], Awaitable[str]],
        act: Callable[[Receipt | None], Awaitable[Package]],
        where: str,
    ) -> Response:
        """Make a release, but only once of all the requests that carry the same ``Idempotency-Key``.

        ``content`` returns the digest of the request.
        """

        def answer(package: Package) -> ResponseRecord:
            return ResponseRecord(status=201, location=where, body=standalone.package_body(package))

        key = request.headers.get("idempotency-key")
        if key is None:
            given = answer(await act(None))
        else:
            name = _repeat_key(key)
            repeatable = IdempotencyKey(caller.account.id, _route(request), name, await content())
            given = await self._idempotency.once(repeatable, act, answer)
        return json_answer(given.body, given.status, location=given.location)


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


def _route(request: Request) -> str:
    """Return the name under which responses to repeated requests are recorded."""
    return f"{request.method} {request.scope['path']}"


def _repeat_key(key: str) -> str:
    if not 1 <= len(key) <= _REPEAT_KEY_LENGTH:
        raise InvalidError(
            f"Idempotency-Key: send 1 to {_REPEAT_KEY_LENGTH} characters, different for every release.",
            code="invalid_idempotency_key",
        )
    return key


async def _wrapped_info(request: Request) -> PackageInfo:
    """Return what ``{"packageInfo": {...}}`` says; a body without it says nothing."""
    info = (await json_object(request)).get("packageInfo")
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
