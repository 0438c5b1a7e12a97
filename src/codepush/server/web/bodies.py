"""Request bodies of limited size: JSON, and the forms of our own pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from codepush.server.services.errors import InvalidError, TooLargeError
from codepush.wire.messages import decode_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

__all__ = ["form_body", "json_body", "json_object"]

_LIMIT: Final = 10 * 1024
"""Bytes; the original's limit (standalone management API, section 1.4)."""

_FIELDS: Final = 10
"""Fields of a form; ours have three."""


async def json_body(request: Request) -> object:
    """Return the JSON value of a request's body; ``None`` when there is none.

    Raises:
        TooLargeError: The body exceeds the limit.
        codepush.errors.Invalid: The body is not JSON.

    """
    body = await _bounded(request, _LIMIT)
    return decode_json(body) if body else None


async def json_object(request: Request, *, limit: int = _LIMIT) -> dict[str, Any]:
    """Return the fields of the JSON object in a request's body; an empty body has no fields.

    Args:
        request: The request, its body not yet read.
        limit: Maximum size of the body, in bytes.

    Raises:
        TooLargeError: The body exceeds the limit.
        codepush.errors.Invalid: The body is not JSON.
        InvalidError: The body is JSON, but not an object.

    """
    body = await _bounded(request, limit)
    value = decode_json(body) if body else {}
    if not isinstance(value, dict):
        raise InvalidError(
            f'The request body must be a JSON object, such as {{"name": "value"}}. It is {_kind(value)}.',
            code="invalid_body",
        )
    return value


def _kind(value: object) -> str:
    """Return the JSON type of a value that is not an object."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case str():
            return "a string"
        case list():
            return "an array"
    return "a number"


async def form_body(request: Request) -> Mapping[str, str]:
    """Return the fields of a URL-encoded form, as browsers send it unless it has a file.

    Raises:
        TooLargeError: The body exceeds the limit.
        InvalidError: It has more fields than any form here.

    """
    body = await _bounded(request, _LIMIT)
    try:
        return dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=_FIELDS))
    except ValueError as error:
        raise InvalidError("The form has too many fields.", code="invalid_body") from error


async def _bounded(request: Request, limit: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLargeError(f"The body of the request is larger than {limit} bytes.", code="body_too_large")
    return bytes(body)
