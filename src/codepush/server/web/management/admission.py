"""Admission of requests in a fixed order: authentication, then authorization, then the content of the request.

Tables of routes name the right that each route needs. It is checked before the handler reads the request, so that
an account without it learns nothing from the responses to malformed requests. The services check it again, in the
transaction that does the work.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from codepush.masking import masked_name
from codepush.rules.permissions import NEEDED, NEEDED_ROLE, Action, OrganizationAction
from codepush.server.services.errors import NotFoundError
from codepush.server.web.binding import bind
from codepush.server.web.paths import app_in, name_in
from codepush.server.web.timelimits import at_most

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.routing import Route

    from codepush.server.services.access.organizations import Organizations
    from codepush.server.services.caller import Caller
    from codepush.server.services.releasing.apps import Apps
    from codepush.server.web.auth import Gate
    from codepush.wire.routes import Route as Row

__all__ = ["Admission", "Handler"]

Handler: TypeAlias = Callable[[Request, "Caller"], Awaitable[Response]]
"""Handles an admitted request of a caller."""

_Check: TypeAlias = Callable[[Request, "Caller"], Awaitable[None]]

_ACTIONS: Final[Mapping[str, Action]] = {action: action for action in NEEDED}
_ORGANIZATION_ACTIONS: Final[Mapping[str, OrganizationAction]] = {action: action for action in NEEDED_ROLE}


class Admission:
    """Admits requests to the handlers of both management dialects.

    Args:
        gate: Authenticates the caller.
        apps: Checks permissions on apps.
        organizations: Checks roles in organizations.
        request_seconds: Time limit of a request.

    """

    def __init__(self, gate: Gate, apps: Apps, organizations: Organizations, *, request_seconds: float) -> None:
        self._gate = gate
        self._apps = apps
        self._organizations = organizations
        self._request_seconds = request_seconds

    def routes(self, table: Mapping[str, Row], handlers: Mapping[str, Handler]) -> list[Route]:
        """Return the routes of a table; each needs an access key.

        Raises:
            ValueError: A row has no handler or an unknown right, or a handler has no row.

        """
        return bind(table, handlers, self._admitted)

    async def fallback(self, request: Request) -> Response:
        """Respond to a path that has no route: 401 without an access key, else 404."""
        await self._gate.admit(request)
        path = "/".join(map(masked_name, request.url.path.split("/")))
        raise NotFoundError(f"Cannot {request.method} {path}", code="no_such_route")

    def _admitted(self, row: Row, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        check = self._check(row)

        async def admitted(request: Request) -> Response:
            async with at_most(self._request_seconds * row.timeout_factor):
                caller = await self._gate.admit(request)
                await check(request, caller)
                return await handler(request, caller)

        return admitted

    def _check(self, row: Row) -> _Check:
        """Return the function that raises an error if the caller lacks the right of a row."""
        if row.right is None:
            return _no_check
        if row.right in _ACTIONS:
            return self._check_app(_ACTIONS[row.right])
        if row.right in _ORGANIZATION_ACTIONS:
            return self._check_organization(_ORGANIZATION_ACTIONS[row.right])
        raise ValueError(f"The route {row.id} needs a right that does not exist: {row.right}.")

    def _check_app(self, action: Action) -> _Check:
        async def check(request: Request, caller: Caller) -> None:
            await self._apps.check(caller, app_in(request), action)

        return check

    def _check_organization(self, action: OrganizationAction) -> _Check:
        async def check(request: Request, caller: Caller) -> None:
            await self._organizations.check(caller, name_in(request, "org"), action)

        return check


async def _no_check(_: Request, __: Caller) -> None:
    """Accept every account."""
