"""Common behaviour of all device paths: web pages may read them, and misspelt ones get a helpful error.

Apps in a web view (Cordova, Capacitor) send ``XMLHttpRequest`` from ``file://`` or their own schemes. No list of
origins covers these, and none is needed: devices send no cookies, and the responses hold no secret.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.routing import Route

from codepush.server.web.problems import plain
from codepush.wire import acquisition
from codepush.wire.public import PUBLIC

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["SharedWithPages", "misspelt_route"]

_STATUS_PATH: Final = PUBLIC["service_status"].path
_CHECK_PATH: Final = next(iter(acquisition.UPDATE_CHECK_PATHS))

_METHODS: Final[Mapping[str, str]] = {
    **{path.lower(): "GET" for path in (*acquisition.UPDATE_CHECK_PATHS, _STATUS_PATH)},
    **{path.lower(): "POST" for path in (*acquisition.DOWNLOAD_REPORT_PATHS, *acquisition.DEPLOY_REPORT_PATHS)},
}
"""The method of each path, in lower case."""

# Management paths can contain any name, so they are excluded first. Of the others, a path is for devices if it begins
# like their paths, or has one of their words after a prefix from a wrong server URL.
_DEVICES: Final = re.compile(
    r"(?!/(?:v0\.1/)?(?:apps|orgs|users?|api_tokens|account|accesskeys?|sessions|auth|authenticated|upload)(?:/|$))"
    r"/(?:(?:.*/)?(?:v0\.1/+public|update[_-]?checks?|report[_-]?status)|/*blobs)(?:/.*)?",
    re.IGNORECASE | re.DOTALL,
)
_BLOB: Final = re.compile(r"/blobs/[^/]+")

_LONGEST_PATH: Final = 200
"""Maximum number of characters of a path that an error repeats."""

_ORIGIN: Final = "Access-Control-Allow-Origin"
_ALLOWED_METHODS: Final = "GET, HEAD, POST"
_ALLOWED_HEADERS: Final = (
    "Accept, Content-Type, X-CodePush-Plugin-Name, X-CodePush-Plugin-Version, X-CodePush-SDK-Version"
)
_HEADER_NAMES: Final = re.compile(r"[\w!#$%&'*+.^`|~-]+(?:[ \t]*,[ \t]*[\w!#$%&'*+.^`|~-]+)*", re.ASCII)
_LONGEST_HEADER_NAMES: Final = 1_000
_PREFLIGHT_SECONDS: Final = 24 * 60 * 60
"""Lifetime of the response to a preflight request."""


class SharedWithPages:
    """Allows web pages of any origin to call device paths; needs canonical paths."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and mark its response, or respond to a preflight request."""
        if scope["type"] != "http" or not _DEVICES.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS":
            await _preflight(Headers(scope=scope))(scope, receive, send)
            return

        async def send_shared(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault(_ORIGIN, "*")
            await send(message)

        await self._app(scope, receive, send_shared)


def _preflight(headers: Headers) -> Response:
    """Return the permission to send any headers: all headers that a device can send are harmless."""
    asked = headers.get("access-control-request-headers", "")
    is_list = len(asked) <= _LONGEST_HEADER_NAMES and _HEADER_NAMES.fullmatch(asked)
    permission = {
        _ORIGIN: "*",
        "Access-Control-Allow-Methods": _ALLOWED_METHODS,
        "Access-Control-Allow-Headers": asked if is_list else _ALLOWED_HEADERS,
        "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
        "Vary": "Access-Control-Request-Headers",
    }
    return Response(status_code=204, headers=permission)


def misspelt_route() -> Route:
    """Return the route of misspelt device paths, to be placed after all valid routes."""
    made = Route("/{path:path}", _misspelt)
    made.path_regex = re.compile(rf"(?P<path>{_DEVICES.pattern})\Z", _DEVICES.flags)
    made.methods = set()  # every method
    return made


async def _misspelt(request: Request) -> Response:
    """Report the path and its error: a device has no access key, so an authentication error would mislead."""
    sent = (request.scope.get("raw_path") or request.scope["path"].encode()).decode("ascii", "replace")
    shown = sent if len(sent) <= _LONGEST_PATH else f"{sent[:_LONGEST_PATH]}..."
    path = request.scope["path"]
    method = "GET" if _BLOB.fullmatch(path) else _METHODS.get(path.lower())
    if method is None:
        return plain(
            f"Cannot {request.method} {shown}: this path does not exist. Devices check for updates at {_CHECK_PATH}."
            " Check the server URL in the app's configuration.",
            404,
        )
    answer = plain(f"Cannot {request.method} {shown}: this path accepts {method} requests only.", 405)
    answer.headers["Allow"] = "GET, HEAD" if method == "GET" else method
    return answer
