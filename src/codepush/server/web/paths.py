"""Paths as old tools write them.

Letter case and a trailing slash do not matter, names may be percent-encoded or not, and everything
is also found under the alias that App Center kept for the standalone dialect (standalone
management API, section 1.3).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import unquote_to_bytes

from starlette.responses import PlainTextResponse
from starlette.routing import Match, Mount, Route

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["CanonicalPaths", "app_in", "exact_route", "for_all_paths", "name_in", "route"]

R = TypeVar("R", Route, Mount)

_ALIAS: Final = re.compile(r"/v0\.1/legacy(?=/|$)", re.IGNORECASE)

_SLASH: Final = "~~"
"""How SDKs write a slash within a name; an encoded slash means the same."""


class CanonicalPaths:
    """Gives the application paths in one form: decoded, no alias, no trailing slash."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its path in the one form; a path that is no text gets a 400."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["raw_path"] = raw_path = scope.get("raw_path") or scope["path"].encode()
        try:
            path = canonical(raw_path)
        except UnicodeDecodeError:
            answer = PlainTextResponse("The path is not valid UTF-8. Percent-encode names as UTF-8.", 400)
            await answer(scope, receive, send)
            return
        scope["path"] = path  # in place: what stands outside of this may ask for it when the answer is sent
        await self._app(scope, receive, send)


def canonical(raw_path: bytes) -> str:
    """Return the one form of a path as it was sent.

    Raises:
        UnicodeDecodeError: it does not spell UTF-8.

    """
    segments = [unquote_to_bytes(segment).decode().replace("/", _SLASH) for segment in raw_path.split(b"/")]
    return _ALIAS.sub("", "/".join(segments), count=1).rstrip("/") or "/"


def name_in(request: Request, parameter: str) -> str:
    """Return the name that stands in the path at a parameter."""
    name: str = request.path_params[parameter]
    return name.replace(_SLASH, "/")


def app_in(request: Request) -> str:
    """Return the name of the app in the path, after its owner where the path names one."""
    app = name_in(request, "app")
    return f"{name_in(request, 'owner')}/{app}" if "owner" in request.path_params else app


def route(path: str, endpoint: Callable[[Request], Awaitable[Response]], *, method: str = "GET") -> Route:
    """Return a route whose fixed parts are found in any letter case."""
    made = Route(path, endpoint, methods=[method])
    made.path_regex = re.compile(made.path_regex.pattern, re.IGNORECASE)
    return made


class _ExactRoute(Route):
    """A route with exactly one spelling of its path, as it was sent."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether a request is for this route."""
        if scope["raw_path"] != (scope.get("root_path", "") + self.path).encode():
            return Match.NONE, {}
        return super().matches(scope)


def exact_route(path: str, endpoint: Callable[[Request], Awaitable[Response]]) -> Route:
    """Return a route that no other spelling of its path leads to, so that a proxy can block it."""
    return _ExactRoute(path, endpoint, methods=["GET"])


def for_all_paths(made: R) -> R:
    """Return a route for all paths that also takes those with a line break in a name, which a dot would not match."""
    made.path_regex = re.compile(made.path_regex.pattern, re.DOTALL)
    return made
