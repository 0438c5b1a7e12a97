"""Responses that are sent before the request's body was read.

A request that is rejected early leaves a body behind, which the client may still be sending. Only a bounded part of it
is read, so that the client has time to see the response; then the connection is closed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio
from starlette.datastructures import Headers, MutableHeaders

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["UnreadBodies"]

_SMALL: Final = 64 * 1024
"""Size up to which a body is always read to its end, so that the connection can be reused."""

_MOST_BYTES: Final = 1024 * 1024
_MOST_SECONDS: Final = 2.0


class UnreadBodies:
    """Closes connections on which a client continues to send an unread body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http" or not _may_be_large(scope):
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send)
        await self._app(scope, exchange.receive, exchange.send)


class _Exchange:
    """A request whose body may be large, and its response."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._is_read = False
        self._is_sent = Headers(scope=scope).get("expect", "").lower() != "100-continue"
        self._is_closing = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._is_sent = True
        self._is_read = not message.get("more_body", False)  # also when the client has disconnected
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and not self._is_read:
            self._is_closing = True
            MutableHeaders(scope=message)["Connection"] = "close"
        elif self._is_closing and not message.get("more_body", False):
            await self._send({**message, "more_body": True})
            await self._drain()
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await self._send(message)

    async def _drain(self) -> None:
        """Read a part of the rest, unless the client waits for ``100 Continue``."""
        received = 0
        with anyio.move_on_after(_MOST_SECONDS):
            while self._is_sent and not self._is_read and received < _MOST_BYTES:
                received += len((await self.receive()).get("body", b""))


def _may_be_large(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    length = headers.get("content-length", "0")
    return "transfer-encoding" in headers or not length.isdecimal() or int(length) > _SMALL
