"""Requests and responses as plain values, and JSON with our errors.

Every dialect turns its bytes into these and back. Nothing here opens a connection: the client's
driver sends a :class:`Request`, the server writes a :class:`Response`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import BinaryIO, Final, TypeAlias, TypeVar

import msgspec
from msgspec import Struct

from codepush.errors import DecodeError, Invalid
from codepush.masking import masked_name
from codepush.wire.gateways import PAGE_MESSAGE, is_page

__all__ = [
    "JSON_TYPE",
    "PROBLEM_TYPE",
    "Problem",
    "Progress",
    "Request",
    "Response",
    "Upload",
    "cut",
    "decode_answer",
    "decode_json",
    "decode_problem",
    "encode_json",
    "encode_problem",
    "text",
]

T = TypeVar("T")

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the bytes of the package sent so far and their total number."""

JSON_TYPE: Final = "application/json; charset=utf-8"
"""The content type of JSON responses."""

PROBLEM_TYPE: Final = "application/problem+json"
"""The content type of a :class:`Problem`; only sent to clients whose ``Accept`` names it."""

_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""Errors of msgspec for bytes that are not the expected JSON, or nested too deeply."""

_EXCERPT: Final = 200


class Upload(Struct, frozen=True, kw_only=True):
    """A file to send as ``multipart/form-data``, followed by short text parts.

    ``open`` opens the file at its start each time; the source is never a stream that can be read only once. ``size``
    is its length in bytes. ``on_progress`` is called as bytes are sent.
    """

    part: str
    filename: str
    content_type: str
    size: int
    open: Callable[[], BinaryIO]
    texts: Mapping[str, str] = {}
    on_progress: Progress | None = None


class Request(Struct, frozen=True, kw_only=True):
    """A request: ``path`` is encoded already and starts with a slash; there is a body or an upload, or neither."""

    method: str
    path: str
    headers: Mapping[str, str] = {}
    body: bytes | None = None
    upload: Upload | None = None

    def __repr__(self) -> str:
        """Return it without body, headers and access keys, because crash reports contain the variables of frames."""
        path = "/".join(masked_name(part) for part in self.path.split("/"))
        return f"Request(method={self.method!r}, path={path!r})"


class Response(Struct, frozen=True, kw_only=True):
    """A response. The names of ``headers`` are in lower case."""

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""

    def __repr__(self) -> str:
        """Return it without body and headers, which may hold an access key."""
        return f"Response(status={self.status!r}, size={len(self.body)})"


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A machine-readable error: the body of an ``application/problem+json`` response.

    ``code`` does not change between versions, ``message`` is for users, ``field`` is the invalid field of the request,
    ``request_id`` identifies the request in the server's log.
    """

    status: int
    code: str
    message: str
    field: str | None = None
    request_id: str | None = None


def encode_json(value: object) -> bytes:
    """Return a value as JSON in UTF-8.

    Raises:
        Invalid: A string has an unpaired surrogate, which UTF-8 cannot encode.

    """
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError as error:
        message = "A text holds half of a surrogate pair, which cannot be sent. Give valid Unicode text."
        raise Invalid(message, 400) from error


def decode_json(body: bytes) -> object:
    """Return the JSON value of a request's body.

    Raises:
        Invalid: The body is not JSON; the error's status is 400.

    """
    try:
        value: object = msgspec.json.decode(body)
    except _UNREADABLE as error:
        raise Invalid(f"The body of the request is not valid JSON: {error}.", 400, code="invalid_json") from error
    return value


def decode_answer(body: bytes, kind: type[T], *, is_secret: bool = False) -> T:
    """Return the JSON value of a response's body as a ``kind``; unknown fields are ignored.

    Raises:
        DecodeError: The body is not JSON, or a required field is missing. The message quotes the start of the body,
            unless that ``is_secret`` or a web page.

    """
    try:
        return msgspec.json.decode(body, type=kind)
    except _UNREADABLE as error:
        if is_page(body):
            raise DecodeError(PAGE_MESSAGE) from error
        excerpt = "it is not shown, as it may hold a secret" if is_secret else cut(text(body))
        raise DecodeError(f"Could not parse response: {excerpt}") from error


def encode_problem(problem: Problem) -> bytes:
    """Return a problem document as JSON in UTF-8."""
    return encode_json(problem)


def decode_problem(body: bytes) -> Problem:
    """Return the problem document in a response's body.

    Raises:
        DecodeError: The body is not such a document.

    """
    return decode_answer(body, Problem)


def text(body: bytes) -> str:
    """Return a body as text; bytes that are not UTF-8 become replacement characters."""
    return body.decode("utf-8", "replace").strip()


def cut(words: str, length: int = _EXCERPT) -> str:
    """Return a text, cut to its first ``length`` characters and an ellipsis if it is longer."""
    return words if len(words) <= length else f"{words[:length]}…"
