"""Admitting requests in one order: who asks, then whether the account may, then what the request says.

Tables of routes name the permission that each route needs. It is checked before the endpoint reads
the request, so that an account without it learns nothing from the answers to malformed requests.
The services check it again, in the transaction that does the work.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from codepush.rules.permissions import Action, OrganizationAction
from codepush.server.web.paths import app_in, name_in, route
from codepush.server.web.timelimits import at_most

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.routing import Route

    from codepush.server.services.access.organizations import Organizations
    from codepush.server.services.caller import Caller
    from codepush.server.services.releasing.apps import Apps
    from codepush.server.web.auth import Gate

__all__ = ["Admission", "Endpoint", "Entry"]

Endpoint: TypeAlias = Callable[[Request, "Caller"], Awaitable[Response]]


class Entry(Struct, frozen=True):
    """A route of a management dialect.

    Attributes:
        method: HTTP method.
        path: path pattern, such as ``/apps/{app}``.
        endpoint: coroutine that handles an admitted request.
        on_app: what the request does with the app in its path.
        on_organization: what the request does with the organization in its path.
        patience: factor for the time that a request may take.

    """

    method: str
    path: str
    endpoint: Endpoint
    on_app: Action | None = None
    on_organization: OrganizationAction | None = None
    patience: int = 1


class Admission:
    """Admits requests to the endpoints of both management dialects.

    Args:
        gate: recognises the caller.
        apps: checks permissions on apps.
        organizations: checks roles in organizations.
        request_seconds: seconds that a request may take.

    """

    def __init__(self, gate: Gate, apps: Apps, organizations: Organizations, *, request_seconds: float) -> None:
        self._gate = gate
        self._apps = apps
        self._organizations = organizations
        self._request_seconds = request_seconds

    def routes(self, table: Iterable[Entry], *, prefix: str = "") -> list[Route]:
        """Return the routes of a table; each needs an access key."""
        return [route(prefix + entry.path, self._admitted(entry), method=entry.method) for entry in table]

    async def authenticate(self, request: Request) -> Caller:
        """Return the caller whose access key a request carries.

        Raises:
            RateLimitedError, UnauthenticatedError: see `Gate.admit`.

        """
        return await self._gate.admit(request)

    def _admitted(self, entry: Entry) -> Callable[[Request], Awaitable[Response]]:
        async def admitted(request: Request) -> Response:
            async with at_most(self._request_seconds * entry.patience):
                caller = await self.authenticate(request)
                await self._authorize(request, caller, entry)
                return await entry.endpoint(request, caller)

        return admitted

    async def _authorize(self, request: Request, caller: Caller, entry: Entry) -> None:
        if entry.on_app is not None:
            await self._apps.check(caller, app_in(request), entry.on_app)
        if entry.on_organization is not None:
            await self._organizations.check(caller, name_in(request, "org"), entry.on_organization)
