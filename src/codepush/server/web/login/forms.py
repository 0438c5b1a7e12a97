"""Forms: the token that protects them against other sites, and the fields of a login."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from codepush.server.services.errors import ForbiddenError, InvalidError
from codepush.server.web.login.cookies import Cookie, are_equal

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["FormToken", "hostname_of"]

_HOSTNAME_LENGTH: Final = 255

_STALE_FORM: Final = "This form has expired, or cookies are disabled. Reload the page."


class FormToken:
    """A secret that a form and a cookie of the same browser both hold."""

    def __init__(self, public_url: str, *, seconds: int) -> None:
        self._cookie = Cookie("codepush_form", public_url, seconds=seconds)

    def of(self, request: Request) -> str:
        """Return the token of a browser, which is new if the browser has none yet."""
        return self._cookie.get(request) or secrets.token_urlsafe(32)

    def set(self, response: Response, token: str) -> None:
        """Store the token in the browser."""
        self._cookie.set(response, token)

    def check(self, request: Request, token: str) -> None:
        """Reject a form whose token is not that of the browser.

        Raises:
            ForbiddenError: The tokens differ.

        """
        if not are_equal(self._cookie.get(request) or "", token):
            raise ForbiddenError(_STALE_FORM, code="stale_form")


def hostname_of(text: str | None) -> str:
    """Return the name of the machine that logs in; empty if the field is missing.

    Raises:
        InvalidError: The name is too long or has unprintable characters.

    """
    text = text or ""
    if len(text) > _HOSTNAME_LENGTH or not text.isprintable():
        raise InvalidError(
            f"The name of the machine has more than {_HOSTNAME_LENGTH} characters, or some that cannot be shown.",
            code="invalid_hostname",
            field="hostname",
        )
    return text.strip()
