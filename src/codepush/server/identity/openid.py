"""Browser login with OpenID Connect: Google, Okta, Auth0, Keycloak, GitLab, or a company's own issuer.

:mod:`codepush.server.identity.issuers` verifies the tokens; this module adds the login page, the exchange of the code
and the user's profile (OpenID Connect Core 1.0, section 3.1).
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING
from urllib.parse import quote_plus, urlencode

import msgspec
from msgspec import UNSET, Struct, UnsetType

from codepush.server.identity.issuers import Document, Issuer
from codepush.server.identity.pkce import challenge
from codepush.server.identity.responses import Subject, Token, exchange, fetch, name_of
from codepush.server.ports.errors import ProviderError
from codepush.server.ports.identity import Identity

if TYPE_CHECKING:
    from codepush.server.identity.issuers import Claims
    from codepush.server.ports.identity import LoginAttempt

__all__ = ["OpenIdConnect"]


class _LoginDocument(Document, frozen=True, kw_only=True):
    """A discovery document with the endpoints of a browser login."""

    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Every URL in the document."""
        named = (self.authorization_endpoint, self.token_endpoint, self.jwks_uri, self.userinfo_endpoint)
        return tuple(url for url in named if url is not None)


class _Person(Struct, frozen=True):
    """The profile of a user in a token or in the response of the userinfo endpoint."""

    sub: Subject
    email: str | UnsetType = UNSET
    # Some providers send a string instead of a boolean.
    email_verified: bool | str = False
    name: str | None = None

    @property
    def verified_email(self) -> str | None:
        """The address if the issuer has verified it."""
        is_verified = self.email_verified in (True, "true")
        return self.email if is_verified and self.email is not UNSET else None


class OpenIdConnect:
    """Browser login at an issuer of OpenID Connect.

    Args:
        issuer: The issuer, exactly as it names itself.
        client_id: This server's ID at the issuer.
        client_secret: This server's secret at the issuer.

    """

    name = "oidc"

    def __init__(self, *, issuer: str, client_id: str, client_secret: str) -> None:
        self._issuer = Issuer(issuer, _LoginDocument, setting="CODEPUSH_OIDC_ISSUER")
        self._client_id = client_id
        self._client_secret = client_secret

    @property
    def title(self) -> str:
        """The host of the issuer."""
        return self._issuer.title

    async def address(self, attempt: LoginAttempt, *, redirect_uri: str) -> str:
        """Return the URL of the login page."""
        document = await self._issuer.discover()
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid email profile",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": challenge(attempt.verifier),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in document.authorization_endpoint else "?"
        return f"{document.authorization_endpoint}{joint}{urlencode(query)}"

    async def identify(self, code: str, attempt: LoginAttempt, *, redirect_uri: str, issuer: str | None) -> Identity:
        """Return the identity of the user who logged in, from a signed token of the issuer.

        Raises:
            ProviderError: The issuer cannot be reached, its response is malformed, it rejects the code, or its
                token belongs to another login.

        """
        document = await self._issuer.discover()
        self._check_sender(document, issuer)
        token = await self._exchange(document, code, attempt, redirect_uri)
        claims = await self._claims(token.id_token, attempt.nonce)
        person = await self._person(document, token, claims)
        return Identity(
            issuer=self._issuer.url,
            subject=person.sub,
            provider=self.title,
            email=person.verified_email,
            name=name_of(person.name),
        )

    def _check_sender(self, document: _LoginDocument, issuer: str | None) -> None:
        """Reject a response that another issuer has sent (RFC 9207)."""
        if issuer is None and not document.authorization_response_iss_parameter_supported:
            return
        if issuer != self._issuer.url:
            raise ProviderError(f"The response does not come from {self.title}.")

    async def _exchange(self, document: _LoginDocument, code: str, attempt: LoginAttempt, redirect_uri: str) -> Token:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": attempt.verifier,
        }
        if "client_secret_basic" in document.token_endpoint_auth_methods_supported:
            auth = (quote_plus(self._client_id), quote_plus(self._client_secret))
            return await exchange(document.token_endpoint, form, auth=auth)
        form |= {"client_id": self._client_id, "client_secret": self._client_secret}
        return await exchange(document.token_endpoint, form)

    async def _claims(self, token: str, nonce: str) -> Claims:
        """Return the claims of a valid token that was issued for this login."""
        claims = await self._issuer.verify(token, audience=self._client_id, required=["nonce"])
        if not secrets.compare_digest(str(claims["nonce"]).encode(errors="replace"), nonce.encode()):
            raise ProviderError(f"The token of {self.title} is for another login.")
        if claims.get("azp", self._client_id) != self._client_id:
            raise ProviderError(f"The token of {self.title} is for another application.")
        return claims

    async def _person(self, document: _LoginDocument, token: Token, claims: Claims) -> _Person:
        """Return the profile of a token's subject; fetch it if the token has no address."""
        try:
            person = msgspec.convert(claims, _Person)
        except msgspec.ValidationError as error:
            raise ProviderError(f"The token of {self.title} is malformed.") from error
        if person.email is not UNSET or document.userinfo_endpoint is None:
            return person
        profile = await fetch(_Person, document.userinfo_endpoint, bearer=token.access_token)
        if profile.sub != person.sub:
            raise ProviderError(f"The ID token and the userinfo of {self.title} have different subjects.")
        return profile
