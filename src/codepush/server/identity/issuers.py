"""Issuers of signed tokens: discovery, keys, and the verification of a token.

An issuer's endpoints and keys come from its discovery document (OpenID Connect Discovery 1.0, section 4). A token is
valid only when one of these keys has signed it (OpenID Connect Core 1.0, section 3.1.3.7).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar
from urllib.parse import urlsplit

import jwt
from msgspec import Struct

from codepush.server.identity.responses import fetch
from codepush.server.ports.errors import ProviderError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Claims", "Document", "Issuer"]

Claims: TypeAlias = dict[str, Any]

_ALGORITHMS: Final = ("RS256", "ES256")
_REQUIRED: Final = ("iss", "sub", "aud", "exp", "iat")

_LEEWAY_SECONDS: Final = 60
"""Tolerated difference between the clocks of the issuer and this server."""

_CACHE_SECONDS: Final = 60 * 60
"""How long an issuer's document and keys are cached; an unknown key is fetched immediately."""


class Document(Struct, frozen=True):
    """The fields of a discovery document that the verification of a token needs."""

    issuer: str
    jwks_uri: str

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Every URL in the document."""
        return (self.jwks_uri,)


D = TypeVar("D", bound=Document)


class _KeySet(Struct, frozen=True):
    keys: list[dict[str, Any]]


class Issuer(Generic[D]):
    """An issuer of signed tokens, with its cached document and keys.

    Args:
        url: The issuer, exactly as it names itself in its document and tokens.
        document_type: The fields that its document must have.
        setting: The environment variable that names the issuer, for errors.

    """

    def __init__(self, url: str, document_type: type[D], *, setting: str) -> None:
        self.url = url
        self._document_type = document_type
        self._setting = setting
        self._document: D | None = None
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._known_until = 0.0

    @property
    def title(self) -> str:
        """The host of the issuer."""
        return urlsplit(self.url).hostname or self.url

    async def discover(self) -> D:
        """Return the issuer's document, from the cache while it is fresh.

        Raises:
            ProviderError: The issuer cannot be reached or its document is not valid.

        """
        if self._document is None or time.monotonic() >= self._known_until:
            document = await fetch(self._document_type, f"{self.url.rstrip('/')}/.well-known/openid-configuration")
            self._check(document)
            self._document, self._keys = document, {}
            self._known_until = time.monotonic() + _CACHE_SECONDS
        return self._document

    async def verify(self, token: str, *, audience: str, required: Sequence[str] = ()) -> Claims:
        """Return the claims of a token once its signature, issuer, audience and times are verified.

        Args:
            token: The signed token.
            audience: What the token must be issued for.
            required: Claims that must be present besides the standard ones.

        Raises:
            ProviderError: The token is not valid, or the issuer's keys cannot be fetched.

        """
        key = await self._key(self._key_name(token))
        try:
            return jwt.decode(
                token,
                key,
                algorithms=_ALGORITHMS,
                audience=audience,
                issuer=self.url,
                leeway=_LEEWAY_SECONDS,
                options={"require": [*_REQUIRED, *required], "enforce_minimum_key_length": True},
            )
        # The library lets some of Python's own errors through when a claim has the wrong type.
        except (jwt.PyJWTError, ArithmeticError, TypeError, ValueError) as error:
            raise ProviderError(f"The token of {self.title} is invalid.") from error

    def _check(self, document: Document) -> None:
        if document.issuer != self.url:
            raise ProviderError(f"{self.title} does not match {self._setting}.")
        allowed = ("https://", f"{urlsplit(self.url).scheme}://")
        if not all(url.startswith(allowed) for url in document.endpoints):
            raise ProviderError(f"{self.title} names an address that is not https.")

    def _key_name(self, token: str) -> str | None:
        try:
            name: str | None = jwt.get_unverified_header(token).get("kid")
        except jwt.PyJWTError as error:
            raise ProviderError(f"The token of {self.title} cannot be read.") from error
        return name

    async def _key(self, kid: str | None) -> jwt.PyJWK:
        """Return the issuer's key with this ID; fetch the key set once if the key is unknown."""
        document = await self.discover()
        if kid not in self._keys:
            self._keys = _usable(await fetch(_KeySet, document.jwks_uri))
        try:
            return self._keys[kid]
        except KeyError:
            raise ProviderError(f"The token of {self.title} is signed with a key that it does not publish.") from None


def _usable(found: _KeySet) -> dict[str | None, jwt.PyJWK]:
    """Return the signature keys by ID; a single key is also found without an ID."""
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
