"""URLs on the host of each request, for a server that does not have a public URL.

A server that listens on all interfaces and has no public URL would send ``http://0.0.0.0:3000``, which is unreachable.
A client that reached it directly gets the host of its own request instead. Behind a proxy that host, or its scheme,
can be internal to the proxy, so nothing is guessed there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers, MutableHeaders

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["RequestHosts", "own_address"]

_HOST: Final = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")

_FORWARDING: Final = re.compile(
    r"x-forwarded(?:-.+)?|forwarded|via|x-real-ip|x-client-ip|x-cluster-client-ip|x-original-host|cdn-loop"
    r"|(?:cf|fastly|true)-(?:connecting|client)-ip|x-envoy-.+"
)
"""Headers that only proxies add, in lower case."""


def own_address(scope: Scope) -> str | None:
    """Return the server's URL as a client reached it; ``None`` if there may be a proxy in between."""
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    if scope["scheme"] != "http" or not _HOST.fullmatch(host) or any(map(_FORWARDING.fullmatch, headers.keys())):
        return None
    return f"http://{host}"


class RequestHosts:
    """Replaces unreachable URLs by the host of the request, in JSON responses to direct requests.

    Args:
        app: The application.
        addresses: The URLs, without a slash at the end.

    """

    def __init__(self, app: ASGIApp, addresses: Iterable[str]) -> None:
        self._app = app
        self._pattern = re.compile('"(?:{})(?=["/])'.format("|".join(map(re.escape, addresses))).encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its response with the URLs replaced."""
        address = own_address(scope) if scope["type"] == "http" else None
        if address is None:
            await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, _Rewriting(send, self._pattern, f'"{address}'.encode()))


class _Rewriting:
    """Collects one JSON response and sends it on rewritten; other responses pass unchanged."""

    def __init__(self, send: Send, pattern: re.Pattern[bytes], replacement: bytes) -> None:
        self._send = send
        self._pattern = pattern
        self._replacement = replacement
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        """Process the next part of the response."""
        if message["type"] == "http.response.start" and _is_json(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._finish(self._start)

    async def _finish(self, start: Message) -> None:
        body = self._pattern.sub(lambda _: self._replacement, self._body)
        MutableHeaders(scope=start)["Content-Length"] = str(len(body))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def _is_json(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "").startswith("application/json")
