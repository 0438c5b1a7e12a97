"""Responses of the management dialects."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from codepush.server.web.problems import plain
from codepush.wire import messages

__all__ = ["created", "created_as_text", "json_answer", "location", "no_content"]


def json_answer(body: bytes, status: int = 200, *, location: str | None = None) -> Response:
    """Return a response with a JSON body, and the URL of the created resource, if any."""
    headers = {"Cache-Control": "no-cache"} | ({} if location is None else {"Location": location})
    return Response(body, status, headers=headers, media_type=messages.JSON_TYPE)


def created(body: bytes, *segments: str) -> Response:
    """Return a response with status 201, a JSON body and the URL of the created resource."""
    return json_answer(body, 201, location=location(*segments))


def created_as_text() -> Response:
    """Return a response with status 201 and the original's text where it has no JSON."""
    return plain("Created", 201)


def no_content() -> Response:
    """Return a response with status 204."""
    return Response(status_code=204)


def location(*segments: str) -> str:
    """Return a path with these segments, percent-encoded for a header."""
    return "".join(f"/{quote(segment, safe='')}" for segment in segments)
