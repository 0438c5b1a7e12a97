"""Answers as the management dialects write them."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from codepush.server.web.problems import plain
from codepush.wire import messages

__all__ = ["created", "json_answer", "location", "no_content", "said_created"]


def json_answer(body: bytes, status: int = 200, *, location: str | None = None) -> Response:
    """Answer with a JSON body, and with the address of what was made, if something was."""
    headers = {"Cache-Control": "no-cache"} | ({} if location is None else {"Location": location})
    return Response(body, status, headers=headers, media_type=messages.JSON_TYPE)


def created(body: bytes, *segments: str) -> Response:
    """Answer 201 with a JSON body and the address of what was made."""
    return json_answer(body, 201, location=location(*segments))


def said_created() -> Response:
    """Answer 201 with the word that the original says where it has nothing to show."""
    return plain("Created", 201)


def no_content() -> Response:
    """Answer that it is done."""
    return Response(status_code=204)


def location(*segments: str) -> str:
    """Return a path of these names, percent-encoded as a header must be."""
    return "".join(f"/{quote(segment, safe='')}" for segment in segments)
