"""Cookies that hold the secrets of a login."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["Cookie", "are_equal"]


class Cookie:
    """A cookie that scripts cannot read and other sites can neither send nor, over HTTPS, set.

    Args:
        name: The name, without the prefix for HTTPS.
        public_url: How browsers reach this server.
        seconds: The lifetime.

    """

    def __init__(self, name: str, public_url: str, *, seconds: int) -> None:
        self._is_secure = public_url.startswith("https:")
        # Browsers accept this prefix only from the host itself, so that no neighbouring host can set the cookie.
        self._name = f"__Host-{name}" if self._is_secure else name
        self._seconds = seconds

    def get(self, request: Request) -> str | None:
        """Return the value that a browser has sent."""
        return request.cookies.get(self._name)

    def set(self, response: Response, value: str) -> None:
        """Store a value in the browser."""
        response.set_cookie(
            self._name, value, max_age=self._seconds, secure=self._is_secure, httponly=True, samesite="lax"
        )

    def drop(self, response: Response) -> None:
        """Remove the cookie from the browser."""
        response.delete_cookie(self._name, secure=self._is_secure, httponly=True, samesite="lax")


def are_equal(ours: str, theirs: str) -> bool:
    """Compare secrets in constant time; an empty secret equals nothing."""
    return bool(ours) and secrets.compare_digest(ours.encode(), theirs.encode(errors="replace"))
