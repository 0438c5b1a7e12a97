"""Browser login with GitHub, which uses OAuth 2.0 and its own API for the user's profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from msgspec import Struct

from codepush.server.identity.pkce import challenge
from codepush.server.identity.responses import exchange, fetch, name_of
from codepush.server.ports.errors import ProviderError
from codepush.server.ports.identity import Identity

if TYPE_CHECKING:
    from codepush.server.ports.identity import LoginAttempt

__all__ = ["SITE", "GitHub"]

SITE: Final = "https://github.com"
_API: Final = "https://api.github.com"


class _User(Struct, frozen=True):
    id: int
    login: str
    name: str | None = None


class _Email(Struct, frozen=True):
    email: str
    primary: bool
    verified: bool


class GitHub:
    """Browser login at GitHub or a GitHub Enterprise Server.

    Args:
        client_id: The ID of the OAuth app.
        client_secret: The secret of the OAuth app.
        site: The base URL, without a trailing slash.

    """

    name = "github"
    title = "GitHub"

    def __init__(self, *, client_id: str, client_secret: str, site: str = SITE) -> None:
        self._client_id = client_id
        self._client_secret = client_secret
        self._site = site
        self._api = _API if site == SITE else f"{site}/api/v3"

    async def address(self, attempt: LoginAttempt, *, redirect_uri: str) -> str:
        """Return the URL of the login page."""
        query = {
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "scope": "read:user user:email",
            "state": attempt.state,
            "code_challenge": challenge(attempt.verifier),
            "code_challenge_method": "S256",
        }
        return f"{self._site}/login/oauth/authorize?{urlencode(query)}"

    async def identify(self, code: str, attempt: LoginAttempt, *, redirect_uri: str, issuer: str | None) -> Identity:
        """Return the identity of the user who logged in, with the address that is both primary and verified.

        Raises:
            ProviderError: GitHub cannot be reached, its response is malformed, or it rejects the code.

        """
        if issuer not in {None, self._site, f"{self._site}/login/oauth"}:
            raise ProviderError("The response does not come from GitHub.")
        form = {
            "client_id": self._client_id,
            "client_secret": self._client_secret,
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": attempt.verifier,
        }
        token = await exchange(f"{self._site}/login/oauth/access_token", form)
        user = await fetch(_User, f"{self._api}/user", bearer=token.access_token)
        emails = await fetch(list[_Email], f"{self._api}/user/emails", bearer=token.access_token)
        return Identity(
            issuer=self._site,
            subject=str(user.id),
            provider=self.title,
            email=next((one.email for one in emails if one.primary and one.verified), None),
            name=name_of(user.name or user.login),
        )
