"""An ID for each request, by which its log lines can be found."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from starlette.datastructures import MutableHeaders

from codepush.server.logs import REQUEST_ID
from codepush.wire.acquisition import UPDATE_CHECK_PATHS

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["RequestIds"]


_UNNAMED: Final = frozenset(path.lower() for path in UPDATE_CHECK_PATHS)
"""Paths whose responses have no ID: devices do not use it, and responses without one can be shared."""


class RequestIds:
    """Assigns each request an ID (``scope["request_id"]``), sent as ``X-Request-Id`` except for update checks."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its ID."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start" and scope["path"].lower() not in _UNNAMED:
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        scope["request_id"] = request_id  # in place: errors are handled outside of this middleware
        token = REQUEST_ID.set(request_id)
        try:
            await self._app(scope, receive, send_with_id)
        finally:
            REQUEST_ID.reset(token)
