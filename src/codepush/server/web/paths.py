"""Paths as old tools write them.

Letter case and a trailing slash do not matter, names may be percent-encoded or not, and all routes also exist under the
alias that App Center kept for the standalone dialect (standalone management API, section 1.3).
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
"""A slash within a name as SDKs write it; an encoded slash means the same."""


class CanonicalPaths:
    """Passes paths to the application in canonical form: decoded, without alias or trailing slash."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its canonical path; a path that is not valid text gets a 400."""
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
        scope["path"] = path  # in place: outer middleware reads it when the response is sent
        await self._app(scope, receive, send)


def canonical(raw_path: bytes) -> str:
    """Return the canonical form of a path as received.

    Raises:
        UnicodeDecodeError: It is not UTF-8.

    """
    segments = [unquote_to_bytes(segment).decode().replace("/", _SLASH) for segment in raw_path.split(b"/")]
    return _ALIAS.sub("", "/".join(segments), count=1).rstrip("/") or "/"


def name_in(request: Request, parameter: str) -> str:
    """Return the name in a path parameter."""
    name: str = request.path_params[parameter]
    return name.replace(_SLASH, "/")


def app_in(request: Request) -> str:
    """Return the name of the app in the path, with its owner if the path has one."""
    app = name_in(request, "app")
    return f"{name_in(request, 'owner')}/{app}" if "owner" in request.path_params else app


def route(path: str, endpoint: Callable[[Request], Awaitable[Response]], *, method: str = "GET") -> Route:
    """Return a route whose fixed parts match in any letter case."""
    made = Route(path, endpoint, methods=[method])
    made.path_regex = re.compile(made.path_regex.pattern, re.IGNORECASE)
    return made


class _ExactRoute(Route):
    """A route that matches exactly one spelling of its path, as received."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether a request is for this route."""
        if scope["raw_path"] != (scope.get("root_path", "") + self.path).encode():
            return Match.NONE, {}
        return super().matches(scope)


def exact_route(path: str, endpoint: Callable[[Request], Awaitable[Response]]) -> Route:
    """Return a route that matches no other spelling of its path, so that a proxy can block it."""
    return _ExactRoute(path, endpoint, methods=["GET"])


def for_all_paths(made: R) -> R:
    """Return a route for all paths, including names with a line break, which a dot would not match."""
    made.path_regex = re.compile(made.path_regex.pattern, re.DOTALL)
    return made
