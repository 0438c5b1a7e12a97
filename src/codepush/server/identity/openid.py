"""Logging in with OpenID Connect: Google, Okta, Auth0, Keycloak, GitLab, or one's own company.

Everything is learned from the discovery document of the configured issuer, and believed only when
it is signed by one of that issuer's keys (OpenID Connect Core 1.0, section 3.1; Discovery 1.0,
section 4).
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote_plus, urlencode, urlsplit

import jwt
import msgspec
from msgspec import UNSET, Struct, UnsetType

from codepush.server.identity.answers import Subject, Token, ask, exchange, name_of
from codepush.server.identity.pkce import challenge
from codepush.server.ports.errors import ProviderError
from codepush.server.ports.identity import Identity

if TYPE_CHECKING:
    from codepush.server.ports.identity import LoginAttempt

__all__ = ["OpenIdConnect"]

_ALGORITHMS: Final = ("RS256", "ES256")
_REQUIRED: Final = ("iss", "sub", "aud", "exp", "iat", "nonce")

_LEEWAY_SECONDS: Final = 60
"""How far the clocks of two well-kept machines may be apart."""

_KNOWN_SECONDS: Final = 60 * 60
"""How long an issuer's document and keys are remembered; an unknown key is looked for at once."""


class _Document(Struct, frozen=True):
    """The discovery document, as far as it matters here."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Every address in it."""
        named = (self.authorization_endpoint, self.token_endpoint, self.jwks_uri, self.userinfo_endpoint)
        return tuple(address for address in named if address is not None)


class _KeySet(Struct, frozen=True):
    keys: list[dict[str, Any]]


class _Person(Struct, frozen=True):
    """What a token, or the userinfo endpoint, says about somebody."""

    sub: Subject
    email: str | UnsetType = UNSET
    # Some providers send the word instead of the value.
    email_verified: bool | str = False
    name: str | None = None

    @property
    def verified_email(self) -> str | None:
        """The address, when the issuer vouches for it."""
        is_verified = self.email_verified in (True, "true")
        return self.email if is_verified and self.email is not UNSET else None


class OpenIdConnect:
    """An issuer of OpenID Connect.

    Args:
        issuer: its address, letter for letter as it calls itself.
        client_id: what it calls this server.
        client_secret: what this server proves itself with.

    """

    name = "oidc"

    def __init__(self, *, issuer: str, client_id: str, client_secret: str) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._document: _Document | None = None
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._known_until = 0.0

    @property
    def title(self) -> str:
        """The host of the issuer."""
        return urlsplit(self._issuer).hostname or self._issuer

    async def address(self, attempt: LoginAttempt, *, redirect_uri: str) -> str:
        """Return the address of the log-in page."""
        document = await self._discover()
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
        """Return who logged in, as a signed token of the issuer says.

        Raises:
            ProviderError: the issuer is away, answers nonsense, does not accept the code, or its token is not
                for this log-in.

        """
        document = await self._discover()
        self._check_sender(document, issuer)
        token = await self._exchange(document, code, attempt, redirect_uri)
        claims = await self._claims(document, token.id_token, attempt.nonce)
        person = await self._person(document, token, claims)
        return Identity(
            issuer=self._issuer,
            subject=person.sub,
            provider=self.title,
            email=person.verified_email,
            name=name_of(person.name),
        )

    async def _discover(self) -> _Document:
        """Return the issuer's document; forget what was known for too long."""
        if self._document is None or time.monotonic() >= self._known_until:
            address = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
            document = await ask(_Document, address)
            self._check_document(document)
            self._document, self._keys = document, {}
            self._known_until = time.monotonic() + _KNOWN_SECONDS
        return self._document

    def _check_document(self, document: _Document) -> None:
        if document.issuer != self._issuer:
            raise ProviderError(f"{self.title} calls itself by another name than CODEPUSH_OIDC_ISSUER.")
        allowed = ("https://", f"{urlsplit(self._issuer).scheme}://")
        if not all(address.startswith(allowed) for address in document.endpoints):
            raise ProviderError(f"{self.title} names an address that is not https.")

    def _check_sender(self, document: _Document, issuer: str | None) -> None:
        """Refuse an answer that another issuer has sent (RFC 9207)."""
        if issuer is None and not document.authorization_response_iss_parameter_supported:
            return
        if issuer != self._issuer:
            raise ProviderError(f"The answer does not come from {self.title}.")

    async def _exchange(self, document: _Document, code: str, attempt: LoginAttempt, redirect_uri: str) -> Token:
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

    async def _claims(self, document: _Document, token: str, nonce: str) -> dict[str, Any]:
        """Return what a token says, once all of it is in order."""
        key = await self._key(document, self._key_name(token))
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=_ALGORITHMS,
                audience=self._client_id,
                issuer=self._issuer,
                leeway=_LEEWAY_SECONDS,
                options={"require": list(_REQUIRED), "enforce_minimum_key_length": True},
            )
        # The library lets some of Python's own errors through when a claim is of the wrong type.
        except (jwt.PyJWTError, ArithmeticError, TypeError, ValueError) as error:
            raise ProviderError(f"The token of {self.title} is not in order.") from error
        if not secrets.compare_digest(str(claims["nonce"]).encode(errors="replace"), nonce.encode()):
            raise ProviderError(f"The token of {self.title} is for another log-in.")
        if claims.get("azp", self._client_id) != self._client_id:
            raise ProviderError(f"The token of {self.title} is for another application.")
        return claims

    def _key_name(self, token: str) -> str | None:
        try:
            name: str | None = jwt.get_unverified_header(token).get("kid")
        except jwt.PyJWTError as error:
            raise ProviderError(f"The token of {self.title} cannot be read.") from error
        return name

    async def _key(self, document: _Document, kid: str | None) -> jwt.PyJWK:
        """Return the issuer's key of this name; one that is not known is asked for once."""
        if kid not in self._keys:
            self._keys = _usable(await ask(_KeySet, document.jwks_uri))
        try:
            return self._keys[kid]
        except KeyError:
            raise ProviderError(f"The token of {self.title} is signed with a key that it does not publish.") from None

    async def _person(self, document: _Document, token: Token, claims: dict[str, Any]) -> _Person:
        """Return who a token is about; issuers of short tokens are asked for the address."""
        try:
            person = msgspec.convert(claims, _Person)
        except msgspec.ValidationError as error:
            raise ProviderError(f"The token of {self.title} makes no sense.") from error
        if person.email is not UNSET or document.userinfo_endpoint is None:
            return person
        told = await ask(_Person, document.userinfo_endpoint, bearer=token.access_token)
        if told.sub != person.sub:
            raise ProviderError(f"{self.title} speaks of two people at once.")
        return told


def _usable(found: _KeySet) -> dict[str | None, jwt.PyJWK]:
    """Return the keys for signatures by their names; a key that is alone can also go without one."""
    candidates = [key for key in found.keys if _is_for_signatures(key)]
    try:
        keys = jwt.PyJWKSet(candidates).keys
    except jwt.PyJWTError:
        return {}
    named: dict[str | None, jwt.PyJWK] = {key.key_id: key for key in keys}
    return named | {None: keys[0]} if len(keys) == 1 else named


def _is_for_signatures(key: dict[str, Any]) -> bool:
    return (
        key.get("kty") in ("RSA", "EC")
        and key.get("use", "sig") == "sig"
        and key.get("alg") in (None, *_ALGORITHMS)
        and isinstance(key.get("kid"), str | None)
    )
