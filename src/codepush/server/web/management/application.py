"""Both management APIs as one application: the headers that all their responses share."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response

from codepush.server.web.problems import HANDLERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["management_app"]

_SERVER: Final = f"codepush/{version('codepush')}"
"""Shows our own SDK that this server supports ``Idempotency-Key``."""

_SHARING: Final[Mapping[str, str]] = {
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Allow-Methods": "GET, POST, DELETE, PUT, PATCH",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Idempotency-Key, X-CodePush-Plugin-Name, X-CodePush-Plugin-Version, "
        "X-CodePush-SDK-Version"
    ),
    "Access-Control-Expose-Headers": "Location, X-Request-Id",
}
"""As in the original, with additions: PATCH, and the header with the access key."""


def management_app(routes: Sequence[BaseRoute], *, origins: Sequence[str]) -> ASGIApp:
    """Return both management APIs as one application, to be mounted behind the routes for devices.

    Args:
        routes: The routes; the last one handles unknown paths.
        origins: The web pages that may use the server from a browser, such as ``https://example.com``.

    """
    return _Signed(Starlette(routes=routes, exception_handlers=HANDLERS), origins)


class _Signed:
    """Adds the headers of all responses, and responds to preflight requests of browsers."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        common = {"X-CodePush-Server": _SERVER, **_SHARING, **self._origin(scope)}

        async def send_signed(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(common)
            await send(message)

        app = _no_content if scope["method"] == "OPTIONS" else self._app
        await app(scope, receive, send_signed)

    def _origin(self, scope: Scope) -> Mapping[str, str]:
        """Return the origin of an allowed page; for any other page an allowed origin, as in the original."""
        if not self._origins:
            return {}
        asked = Headers(scope=scope).get("origin", "")
        allowed = asked if asked in self._origins else self._origins[0]
        return {"Access-Control-Allow-Origin": allowed, "Vary": "Origin"}


_no_content: Final = Response(status_code=204)
