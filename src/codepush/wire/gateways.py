"""Responses that a proxy or gateway sent in place of the server, and what to do about each.

nginx, load balancers and content delivery networks send error pages of their own when a request is too large, or the
server behind them does not respond. Their text is a page for browsers, so it is never part of a message.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from codepush.wire.messages import Response

__all__ = ["PAGE_MESSAGE", "gateway_message", "is_page", "named"]

PAGE_MESSAGE: Final = (
    "Could not parse response: it is a web page. Probably a proxy or gateway in front of the server sent it, such as a"
    " login page. Check the server's address."
)
"""Message for a page in place of a server's successful response."""

_OUR_HEADER: Final = "x-codepush-server"
_MARKUP: Final = re.compile(rb"(\xef\xbb\xbf)?\s*<[!?a-z]", re.IGNORECASE)
_FROM_BETWEEN: Final = frozenset({408, 413, 502, 503, 504})
"""Statuses that gateways send themselves; such a response without a message is attributed to them."""

_STATUS_WORDS: Final = re.compile(
    r"(error( code)?:? )?[\s\d.:-]*(request[ -]time-?out|(request entity|payload|content|request) too (large|long)|"
    r"bad gateway|service (temporarily )?unavailable|gateway time-?out|upstream request timeout|"
    r"no healthy upstream)?[\s.]*",
    re.IGNORECASE,
)
_ADVICE: Final = {
    401: "It requires a login of its own: let requests to the server pass without one.",
    403: "It blocks this request: allow it there.",
    407: "It requires a login of its own: put user name and password into the proxy's address.",
    408: "It stopped waiting for the request: raise its time limit (nginx: client_body_timeout).",
    413: "Its limit for request bodies is too low: raise it (nginx: client_max_body_size).",
    429: "It limits the number of requests: raise its limit, or try again later.",
    502: "It did not get a valid response from the server: check that the server runs, and the address it forwards to.",
    503: "It has no server that it can forward to: check that the server runs, or try again later.",
    504: (
        "It stopped waiting for the server: raise its time limit (nginx: proxy_read_timeout). A change may have been"
        " made all the same: look at the release history before you try again."
    ),
}
_OTHERWISE: Final = "Check the server's address, and how the gateway forwards requests."


def gateway_message(response: Response) -> str | None:
    """Return an explanation of a gateway's response with the next step, or ``None`` for a response of a server.

    Third-party servers do not send our header, but short texts or JSON, which are attributed to them.

    Args:
        response: A response whose status is not 2xx.

    """
    if _OUR_HEADER in response.headers:
        return None
    if not is_page(response.body) and not (response.status in _FROM_BETWEEN and _has_no_text(response.body)):
        return None
    sender = "This response probably comes from a proxy or gateway in front of the CodePush server."
    return f"{named(response.status)}. {sender} {_ADVICE.get(response.status, _OTHERWISE)}"


def is_page(body: bytes) -> bool:
    """Return whether a body is a web page or other markup, which no server of any dialect sends."""
    return _MARKUP.match(body) is not None


def named(status: int) -> str:
    """Return a status with its name."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _has_no_text(body: bytes) -> bool:
    """Return whether a body is empty, or only repeats the status."""
    return _STATUS_WORDS.fullmatch(body.decode("utf-8", "replace")) is not None
