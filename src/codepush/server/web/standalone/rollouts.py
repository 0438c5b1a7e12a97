"""Rollout plans, and stopping updates, in the standalone dialect."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from codepush.rules import validation
from codepush.server.ports.responses import ResponseRecord
from codepush.server.services.releasing.idempotency import digest
from codepush.server.services.releasing.rollout_controls import Control
from codepush.server.web.bodies import json_object
from codepush.server.web.management.attempts import Attempt, key_of
from codepush.server.web.management.responses import json_answer, no_content
from codepush.server.web.paths import app_in, name_in
from codepush.wire import standalone

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from msgspec import Struct
    from starlette.requests import Request
    from starlette.responses import Response

    from codepush.rollout_models import Rollout
    from codepush.rules.conductor import Verb
    from codepush.server.services.caller import Caller
    from codepush.server.services.releasing.idempotency import ReceiptOf
    from codepush.server.services.releasing.previews import Previews
    from codepush.server.services.releasing.rollouts import Rollouts
    from codepush.server.services.releasing.stopping import Stopping
    from codepush.server.web.management import Handler
    from codepush.server.web.management.attempts import Attempts

__all__ = ["RolloutRoutes"]


class _Place(NamedTuple):
    """The deployment in the path of a request."""

    app: str
    deployment: str


class RolloutRoutes:
    """Handlers for rollout plans and stopping updates.

    Args:
        rollouts: Shows and controls rollouts.
        previews: Predicts the course of plans.
        stopping: Stops and starts updates.
        attempts: Repeats the response to a retried request.

    """

    def __init__(self, rollouts: Rollouts, previews: Previews, stopping: Stopping, attempts: Attempts) -> None:
        self._rollouts = rollouts
        self._previews = previews
        self._stopping = stopping
        self._attempts = attempts

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by the IDs of their routes."""
        verbs: Mapping[str, Handler] = {f"{verb}_rollout": partial(self._act, verb=verb) for verb in standalone.VERBS}
        return {
            **verbs,
            "preview_rollout": self._preview,
            "get_rollouts": self._list,
            "get_rollout": self._get,
            "plan_rollout": self._plan,
            "get_rollout_decisions": self._decisions,
            "stop_deployment": self._stop,
            "start_deployment": self._start,
            "get_default_plan": self._default_plan,
            "set_default_plan": self._set_default_plan,
            "remove_default_plan": self._remove_default_plan,
        }

    async def _preview(self, request: Request, caller: Caller) -> Response:
        body = await json_object(request)
        plan = standalone.read_plan(body.get(standalone.PLAN))
        release = {name: body[name] for name in ("appVersion", "isMandatory") if name in body}
        info = validation.package_info(release, require_app_version=False)
        preview = await self._previews.preview(
            caller, *_place(request), plan, app_version=info.app_version, is_mandatory=info.is_mandatory
        )
        return json_answer(standalone.preview_body(preview))

    async def _list(self, request: Request, caller: Caller) -> Response:
        return json_answer(standalone.rollouts_body(await self._rollouts.list(caller, *_place(request))))

    async def _get(self, request: Request, caller: Caller) -> Response:
        rollout = await self._rollouts.get(caller, *_place(request), name_in(request, "label"))
        return json_answer(standalone.rollout_body(rollout))

    async def _decisions(self, request: Request, caller: Caller) -> Response:
        decisions = await self._rollouts.decisions(caller, *_place(request), name_in(request, "label"))
        return json_answer(standalone.decisions_body(decisions))

    async def _plan(self, request: Request, caller: Caller) -> Response:
        plan = standalone.read_plan((await json_object(request)).get(standalone.PLAN))

        async def change(receipt: ReceiptOf[Rollout] | None) -> Rollout:
            place, label = _place(request), name_in(request, "label")
            return await self._rollouts.plan(caller, *place, label, plan, receipt=receipt)

        return await self._once(request, caller, plan, change)

    async def _act(self, request: Request, caller: Caller, *, verb: Verb) -> Response:
        control = Control(verb=verb, **standalone.read_control(await json_object(request)))

        async def change(receipt: ReceiptOf[Rollout] | None) -> Rollout:
            place, label = _place(request), name_in(request, "label")
            return await self._rollouts.act(caller, *place, label, control, receipt=receipt)

        return await self._once(request, caller, control, change)

    async def _once(
        self,
        request: Request,
        caller: Caller,
        content: Struct,
        change: Callable[[ReceiptOf[Rollout] | None], Awaitable[Rollout]],
    ) -> Response:
        """Change a rollout once, however often the request is sent with its key."""
        attempt = Attempt(key_of(request), partial(digest, content), change, _shown)
        return await self._attempts.respond(request, caller, attempt)

    async def _stop(self, request: Request, caller: Caller) -> Response:
        await self._stopping.stop(caller, *_place(request), standalone.read_note(await json_object(request)))
        return no_content()

    async def _start(self, request: Request, caller: Caller) -> Response:
        await self._stopping.start(caller, *_place(request))
        return no_content()

    async def _default_plan(self, request: Request, caller: Caller) -> Response:
        return json_answer(standalone.plan_body(await self._rollouts.default_plan(caller, *_place(request))))

    async def _set_default_plan(self, request: Request, caller: Caller) -> Response:
        plan = standalone.read_default_plan((await json_object(request)).get(standalone.PLAN))
        return json_answer(standalone.plan_body(await self._rollouts.set_default_plan(caller, *_place(request), plan)))

    async def _remove_default_plan(self, request: Request, caller: Caller) -> Response:
        await self._rollouts.set_default_plan(caller, *_place(request), None)
        return no_content()


def _place(request: Request) -> _Place:
    return _Place(app_in(request), name_in(request, "deployment"))


def _shown(rollout: Rollout) -> ResponseRecord:
    """Return the response that shows a changed rollout."""
    return ResponseRecord(status=200, location="", body=standalone.rollout_body(rollout))
