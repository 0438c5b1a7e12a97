"""Error responses: plain text for the original tools, a problem document on request.

This module maps errors to statuses. The text is the original's, as plain text and unsanitised; clients whose
``Accept`` names ``application/problem+json`` get a problem document instead. Paths of App Center's dialect get JSON, in
both forms that App Center had (App Center v0.1 management API, section 1).
"""

from __future__ import annotations

import errno
import json
import logging
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from codepush.errors import Invalid
from codepush.rules.validation import InvalidFields
from codepush.server.services.errors import (
    BusyError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    KeyReusedError,
    NewerSchemaError,
    NoRoomError,
    NotFoundError,
    ServiceError,
    TooLargeError,
    TooManyError,
    UnauthenticatedError,
    UnavailableError,
    UnstorableError,
)
from codepush.server.web.ratelimits import RateLimitedError
from codepush.server.web.request_log import NOTES, notes
from codepush.server.web.timelimits import TookTooLongError
from codepush.wire.messages import JSON_TYPE, PROBLEM_TYPE, Problem, encode_json, encode_problem

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["HANDLERS", "ListedFields", "plain", "request_id"]

_STATUSES: Final[Mapping[type[ServiceError], int]] = {
    InvalidError: 400,
    UnauthenticatedError: 401,
    ForbiddenError: 403,
    NotFoundError: 404,
    TookTooLongError: 408,
    ConflictError: 409,
    TooLargeError: 413,
    KeyReusedError: 422,
    RateLimitedError: 429,
    TooManyError: 429,
    NoRoomError: 503,
}

_WORDS: Final[Mapping[int, str]] = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    429: "TooManyRequests",
}
"""Error codes of App Center by status; ``BadRequest`` or ``InternalServerError`` for others."""

_SERVERS_FAULT: Final = 500

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Errors of the system for a full disk, an exceeded quota, and a file at its size limit."""

_APPCENTER: Final = re.compile(r"/(v0\.1/(?!public/)|upload/)", re.IGNORECASE)
"""Beginning of paths in App Center's dialect. Device paths are similar, but keep their plain texts."""

_COMMAND_LINE: Final = re.compile(r"appcenterCli/", re.IGNORECASE)
"""Beginning of npm ``appcenter-cli``'s user agent; its ``Accept`` header is like that of other clients."""

_HINT: Final = "Make one with 'codepush server key add' or in the browser at /auth/login."
_TOKEN_SENTENCES: Final[Mapping[str, str]] = {
    "invalid_access_key": f"The API token is missing or invalid. {_HINT}",
    "expired_access_key": f"The API token has expired. {_HINT}",
}
"""Messages for an invalid token, for users without the command line that the standalone dialect mentions."""

_log = logging.getLogger(__name__)


class ListedFields(InvalidFields):
    """Invalid fields that old tools expect as JSON, as for access keys; elsewhere they are sent as text."""


class _Refusal(Struct, frozen=True):
    status: int
    code: str
    message: str
    field: str | None = None
    text: str | None = None
    """The response for old tools, if it differs from the message."""
    headers: Mapping[str, str] = {}
    """Additional headers; a content type applies to the text."""


def plain(text: str, status: int = 200) -> Response:
    """Return unchanged text that browsers do not interpret as markup."""
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
    return Response(text, status, headers=headers, media_type="text/plain; charset=utf-8")


def request_id(request: Request) -> str | None:
    """Return the ID of a request in the log."""
    value: str | None = request.scope.get("request_id")
    return value


def _answer(request: Request, refusal: _Refusal) -> Response:
    _log_refusal(request, refusal)
    if PROBLEM_TYPE in request.headers.get("accept", ""):
        return _problem(request, refusal)
    if _APPCENTER.match(request.scope["path"]):
        return _appcenter(request, refusal)
    answer = plain(refusal.text or refusal.message, refusal.status)
    answer.headers.update(refusal.headers)
    return answer


def _log_refusal(request: Request, refusal: _Refusal) -> None:
    """Log why a request was rejected.

    A path may contain a secret passed as a name, so its pattern is logged.
    """
    if NOTES in request.scope:
        notes(request.scope)["refused"] = refusal.code
        return
    route = getattr(request.scope.get("route"), "path", "")
    _log.info(
        "request %s: %s %s was rejected with %d %s",
        request_id(request),
        request.method,
        route,
        refusal.status,
        refusal.code,
    )


def _problem(request: Request, refusal: _Refusal) -> Response:
    problem = Problem(
        status=refusal.status,
        code=refusal.code,
        message=refusal.message,
        field=refusal.field,
        request_id=request_id(request),
    )
    headers = {**refusal.headers, "Content-Type": PROBLEM_TYPE, "Cache-Control": "no-cache"}
    return Response(encode_problem(problem), refusal.status, headers=headers)


def _appcenter(request: Request, refusal: _Refusal) -> Response:
    """Return JSON for SDKs, which show its message, and text for the command line, which shows it unchanged.

    The command line also compares the text with a known one, to distinguish a missing deployment from a missing app.
    """
    message = _TOKEN_SENTENCES.get(refusal.code, refusal.message)
    if _COMMAND_LINE.match(request.headers.get("user-agent", "")):
        answer = plain(message, refusal.status)
        answer.headers.update({name: value for name, value in refusal.headers.items() if name != "Content-Type"})
        return answer
    word = _WORDS.get(refusal.status, "InternalServerError" if refusal.status >= _SERVERS_FAULT else "BadRequest")
    body = {"code": word, "message": message, "statusCode": refusal.status, "error": {"code": word, "message": message}}
    headers = {**refusal.headers, "Content-Type": JSON_TYPE, "Cache-Control": "no-cache"}
    return Response(encode_json(body), refusal.status, headers=headers)


async def _service_error(request: Request, error: Any) -> Response:  # noqa: ANN401 - starlette passes Exception
    refusal = _Refusal(_STATUSES[type(error)], error.code, error.message, error.field)
    return _answer(request, refusal)


async def _rate_limited(request: Request, error: Any) -> Response:  # noqa: ANN401 - as above
    headers = {"Retry-After": str(error.retry_after)}
    return _answer(request, _Refusal(_STATUSES[type(error)], error.code, error.message, headers=headers))


async def _invalid_fields(request: Request, error: Any) -> Response:  # noqa: ANN401 - as above
    headers = {"Content-Type": JSON_TYPE} if isinstance(error, ListedFields) else {}
    listed = [{"field": one.field, "message": one.message} for one in error.errors]
    text = json.dumps(listed, separators=(",", ":"), ensure_ascii=False)
    return _answer(request, _Refusal(400, "invalid_field", str(error), error.errors[0].field, text, headers))


async def _invalid_message(request: Request, error: Any) -> Response:  # noqa: ANN401 - as above
    return _answer(request, _Refusal(400, error.code or "invalid_request", error.message, error.field))


async def _unavailable(request: Request, error: Exception) -> Response:
    _log.error("request %s: %s", request_id(request), error)
    sentence = "The server cannot reach its storage right now. Nothing was changed; please try again later."
    return _answer(request, _Refusal(503, "storage_unavailable", sentence))


async def _newer_schema(request: Request, error: Exception) -> Response:
    return _answer(request, _Refusal(503, "newer_schema", str(error)))


async def _no_room(request: Request, error: Any) -> Response:  # noqa: ANN401 - as above
    """Respond to a full disk; other file errors are server errors."""
    if error.errno not in _FULL:
        raise error
    _log.error("request %s: %s", request_id(request), error)
    sentence = "The server is out of storage space. Nothing was changed. Contact the administrator."
    return _answer(request, _Refusal(503, "no_room", sentence))


async def _unstorable(request: Request, error: Exception) -> Response:
    return _answer(request, _Refusal(400, "invalid_value", str(error)))


async def _disconnected(request: Request, _: Exception) -> Response:
    """Respond to a disconnected client, so that the log does not report a server failure."""
    return _answer(request, _Refusal(400, "broken_off", "The request was interrupted."))


async def _http_exception(request: Request, error: Any) -> Response:  # noqa: ANN401 - as above
    return _answer(request, _Refusal(error.status_code, "http_error", str(error.detail)))


async def _unexpected(request: Request, error: Exception) -> Response:
    notes(request.scope)["failed"] = True
    _log.error("request %s failed", request_id(request), exc_info=error)
    # This response bypasses all middleware.
    headers = {"X-Request-Id": request_id(request) or ""}
    return _answer(request, _Refusal(500, "internal_error", "Internal Server Error", headers=headers))


HANDLERS: Final[Mapping[Any, Any]] = {
    ServiceError: _service_error,
    RateLimitedError: _rate_limited,
    BusyError: _rate_limited,
    InvalidFields: _invalid_fields,
    Invalid: _invalid_message,
    NewerSchemaError: _newer_schema,
    UnavailableError: _unavailable,
    UnstorableError: _unstorable,
    OSError: _no_room,
    ClientDisconnect: _disconnected,
    HTTPException: _http_exception,
    Exception: _unexpected,
}
"""For ``starlette.applications.Starlette(exception_handlers=...)``."""
