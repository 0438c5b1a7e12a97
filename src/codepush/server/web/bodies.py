"""JSON bodies of requests, bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codepush.server.web.uploads import TooLargeError
from codepush.wire.messages import decode_json

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["json_body"]

_LIMIT: Final = 10 * 1024
"""Bytes; the original's limit (standalone management API, section 1.4)."""


async def json_body(request: Request) -> object:
    """Return the JSON value of a request's body; ``None`` when there is none.

    Raises:
        TooLargeError: the body is longer than the limit.
        codepush.errors.Invalid: it is not JSON.

    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LIMIT:
            raise TooLargeError(f"The body of the request is larger than {_LIMIT} bytes.", code="body_too_large")
    return decode_json(bytes(body)) if body else None
