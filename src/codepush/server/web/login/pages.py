"""Responses of a login: pages and redirects."""

from __future__ import annotations

import http
import logging
from typing import TYPE_CHECKING, Final, TypeAlias

from starlette.responses import RedirectResponse

from codepush.server.ports.errors import ProviderError
from codepush.server.services.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    ServiceError,
    TooLargeError,
    UnavailableError,
)
from codepush.server.web.pages import page
from codepush.server.web.problems import request_id
from codepush.server.web.ratelimits import RateLimitedError
from codepush.server.web.timelimits import TookTooLongError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["LoginError", "key_page", "linked_page", "redirect", "rejection_page"]

LoginError: TypeAlias = ServiceError | ProviderError | UnavailableError

_STATUSES: Final[Mapping[type[Exception], int]] = {
    InvalidError: 400,
    ForbiddenError: 403,
    NotFoundError: 404,
    TookTooLongError: 408,
    ConflictError: 409,
    TooLargeError: 413,
    RateLimitedError: 429,
    ProviderError: 502,
    UnavailableError: 503,
}

_UNAVAILABLE: Final = "The server cannot reach its storage right now. Nothing was changed; please try again later."
_RETRY: Final = "Run the command again to retry."
_LINKED: Final = "From now on you can log in with it. You can close this page."

_log = logging.getLogger(__name__)


def key_page(access_key: str) -> Response:
    """Return the page that shows a new access key."""
    return page("key", "You are logged in", access_key=access_key)


def linked_page(provider: str) -> Response:
    """Return the page that confirms the link to an identity provider."""
    return page("message", f"Linked with {provider}", lines=[_LINKED], hint="")


def rejection_page(request: Request, error: LoginError) -> Response:
    """Log why a login failed, with the request ID, and return a page that shows the reason."""
    status = _STATUSES[type(error)]
    _log.warning("request %s: login rejected with %d: %s", request_id(request), status, error)
    message = _UNAVAILABLE if isinstance(error, UnavailableError) else str(error)
    return page("message", http.HTTPStatus(status).phrase, status, lines=message.split("\n"), hint=_RETRY)


def redirect(url: str, status: int) -> Response:
    """Return a redirect that no cache stores and that does not reveal the current address."""
    return RedirectResponse(url, status, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
