"""A port of its own for operators' routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette

from codepush.server.web.paths import exact_route
from codepush.server.web.problems import HANDLERS, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["OperationsPort", "absent"]


class OperationsPort:
    """Serves operators' routes, and nothing else, on connections to one port.

    The port is that of the socket which accepted the connection, so no header changes it.

    Args:
        app: The application of all other ports.
        routes: The routes of this port.
        port: The port's number; 0 if there is none.

    """

    def __init__(self, app: ASGIApp, *, routes: Sequence[Route], port: int) -> None:
        self._app = app
        self._operations = Starlette(routes=routes, exception_handlers=HANDLERS)
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on to the application of its port."""
        is_request = scope["type"] == "http" and scope.get("server") is not None
        is_for_operators = is_request and self._port and scope["server"][1] == self._port
        await (self._operations if is_for_operators else self._app)(scope, receive, send)


def absent(routes: Sequence[Route]) -> list[Route]:
    """Return routes that respond with 404 in place of others, for the port that does not serve them."""
    return [exact_route(route.path, _not_found) for route in routes]


async def _not_found(_: Request) -> Response:
    return plain("Not Found", 404)
