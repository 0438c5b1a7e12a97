"""Error responses: plain text, or a problem document from servers that support them."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from codepush.errors import GATEWAY, APIError, DecodeError, api_error
from codepush.wire.gateways import gateway_message, named
from codepush.wire.messages import PROBLEM_TYPE, Problem, cut, decode_problem, text

if TYPE_CHECKING:
    from codepush.wire.messages import Response

__all__ = ["error_from", "is_duplicate", "retry_after"]

_LONGEST_MESSAGE: Final = 2000


def error_from(response: Response, now: datetime) -> APIError:
    """Return the error for a response.

    Its message is that of the problem document, else the text of the body, else the name of the status; for a
    redirection, it has the target. For a response that a proxy or gateway sent in place of the server, the message
    explains that, and the code is ``gateway``.

    Args:
        response: A response whose status is not 2xx.
        now: Current time in UTC, for a date in ``Retry-After``.

    """
    if message := gateway_message(response):
        return api_error(message, response.status, code=GATEWAY, retry_after=retry_after(response, now))
    problem = _problem(response)
    return api_error(
        problem.message if problem else _message(response),
        response.status,
        code=problem.code if problem else None,
        field=problem.field if problem else None,
        request_id=response.headers.get("x-request-id") or (problem.request_id if problem else None),
        retry_after=retry_after(response, now),
    )


def retry_after(response: Response, now: datetime) -> float | None:
    """Return the seconds to wait by the ``Retry-After`` header, or ``None`` without a valid one.

    Args:
        response: Any response.
        now: Current time in UTC; the header may have a date instead of seconds.

    """
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (_in_utc(moment) - now).total_seconds())


def is_duplicate(error: APIError) -> bool:
    """Return whether a server rejected a release because the deployment already has its package.

    This server sends a code; with others, only the message distinguishes it from an unfinished rollout.
    """
    return error.code == "identical_package" or "identical to the contents of" in error.message


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _problem(response: Response) -> Problem | None:
    kind = response.headers.get("content-type", "").partition(";")[0]
    if kind.strip().lower() != PROBLEM_TYPE:
        return None
    try:
        return decode_problem(response.body)
    except DecodeError:
        return None  # another kind of problem document: its text is a better message than a decoding error


def _message(response: Response) -> str:
    target = response.headers.get("location")
    if HTTPStatus.MULTIPLE_CHOICES <= response.status < HTTPStatus.BAD_REQUEST and target:
        return f"The server redirects to {target}. If that is correct, use the new address as the server URL."
    return cut(text(response.body), _LONGEST_MESSAGE) or f"The server answered {named(response.status)}."
