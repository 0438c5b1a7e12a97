"""Releases in the standalone dialect."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from codepush.errors import Invalid
from codepush.models import PackageInfo
from codepush.rules import validation
from codepush.rules.actions import Clear, Patch, Promote, Rollback
from codepush.server.ports.responses import ResponseRecord
from codepush.server.services.errors import ConflictError, InvalidError
from codepush.server.services.releasing.idempotency import digest
from codepush.server.web.bodies import json_object
from codepush.server.web.management.attempts import Attempt, key_of
from codepush.server.web.management.responses import json_answer, location, no_content
from codepush.server.web.paths import app_in, name_in
from codepush.server.web.uploads import UploadRoom, receive_release
from codepush.wire import messages, standalone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from codepush.models import Package
    from codepush.server.services.caller import Caller
    from codepush.server.services.releasing.idempotency import Receipt
    from codepush.server.services.releasing.releases import Releases
    from codepush.server.web.management import Handler
    from codepush.server.web.management.attempts import Attempts

__all__ = ["ReleaseRoutes"]


class ReleaseRoutes:
    """Handlers for releases.

    Args:
        releases: The service that creates and changes releases.
        attempts: Repeats the response to a retried request.
        uploads: The resources for receiving packages.

    """

    def __init__(self, releases: Releases, attempts: Attempts, uploads: UploadRoom) -> None:
        self._releases = releases
        self._attempts = attempts
        self._uploads = uploads

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by the IDs of their routes."""
        return {
            "release": self._release,
            "patch_release": self._patch,
            "promote": self._promote,
            "rollback": self._rollback,
            "rollback_to_label": self._rollback,
            "clear_deployment_history": self._clear,
        }

    async def _release(self, request: Request, caller: Caller) -> Response:
        app, deployment = app_in(request), name_in(request, "deployment")
        await self._check_can_release(request, caller, app, deployment)
        async with receive_release(request, self._uploads, account_id=caller.account.id) as form:
            raw = _package_info(form.package_info)
            info = validation.package_info(raw, require_app_version=True)
            plan = standalone.package_plan(raw, info.rollout)

            async def release(receipt: Receipt | None) -> Package:
                return await self._releases.release(
                    caller, app, deployment, form.package, info, plan=plan, receipt=receipt
                )

            content, shown = partial(digest, info, plan, file=form.package), partial(_shown, app, deployment)
            return await self._attempts.respond(request, caller, Attempt(key_of(request), content, release, shown))

    async def _check_can_release(self, request: Request, caller: Caller, app: str, deployment: str) -> None:
        """Reject a release before its body is read, unless its response is recorded: a retry must not be rejected."""
        try:
            await self._releases.check_can_release(caller, app, deployment)
        except ConflictError:
            key = key_of(request)
            if key is None or not await self._attempts.is_recorded(request, caller, key):
                raise

    async def _patch(self, request: Request, caller: Caller) -> Response:
        raw = await _wrapped_info(request)
        standalone.refuse_plan(raw)
        info = validation.package_info(raw, require_app_version=False)
        action = Patch(app=app_in(request), deployment=name_in(request, "deployment"), info=info)
        package = await self._releases.run(caller, action)
        return no_content() if package is None else json_answer(standalone.package_body(package))

    async def _promote(self, request: Request, caller: Caller) -> Response:
        raw = await _wrapped_info(request)
        info = validation.package_info(raw, require_app_version=False)
        source, destination = name_in(request, "deployment"), name_in(request, "destination")
        plan = standalone.package_plan(raw, info.rollout)
        action = Promote(app=app_in(request), source=source, destination=destination, info=info, plan=plan)
        return await self._run(request, caller, action, destination)

    async def _rollback(self, request: Request, caller: Caller) -> Response:
        deployment = name_in(request, "deployment")
        label = name_in(request, "label") if "label" in request.path_params else None
        action = Rollback(app=app_in(request), deployment=deployment, label=label)
        return await self._run(request, caller, action, deployment)

    async def _run(self, request: Request, caller: Caller, action: Promote | Rollback, deployment: str) -> Response:
        """Create a release from an earlier one."""

        async def release(receipt: Receipt | None) -> Package:
            return await self._releases.run(caller, action, receipt=receipt)

        content = (action.info, action.plan) if isinstance(action, Promote) else (PackageInfo(),)
        attempt = Attempt(key_of(request), partial(digest, *content), release, partial(_shown, action.app, deployment))
        return await self._attempts.respond(request, caller, attempt)

    async def _clear(self, request: Request, caller: Caller) -> Response:
        await self._releases.run(caller, Clear(app=app_in(request), deployment=name_in(request, "deployment")))
        return no_content()


def _shown(app: str, deployment: str, package: Package) -> ResponseRecord:
    """Return the response that shows a new release of a deployment."""
    where = location("apps", app, "deployments", deployment)
    return ResponseRecord(status=201, location=where, body=standalone.package_body(package))


async def _wrapped_info(request: Request) -> dict[str, Any]:
    """Return the fields in ``{"packageInfo": {...}}``; a body without it has none."""
    info = (await json_object(request)).get("packageInfo")
    if info is None:
        return {}
    if not isinstance(info, dict):
        raise InvalidError('Send a JSON object {"packageInfo": {...}}.', code="invalid_body", field="packageInfo")
    return info


def _package_info(text: bytes) -> object:
    """Return the packageInfo part of a release; text that is not JSON has no fields, as in the original."""
    try:
        return messages.decode_json(text)
    except Invalid:
        return {}
