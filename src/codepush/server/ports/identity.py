"""The places where people can log in, as services see them."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

__all__ = ["Identity", "IdentityProvider", "LoginAttempt"]


class LoginAttempt(Struct, frozen=True, kw_only=True):
    """The secrets of one log-in at an identity provider, known to one browser only.

    ``state`` and ``nonce`` come back from the provider; ``verifier`` proves that who asks for the result is who
    began (PKCE).
    """

    state: str
    nonce: str
    verifier: str


class Identity(Struct, frozen=True, kw_only=True):
    """Who somebody is at an identity provider.

    ``issuer`` and ``subject`` together name one person for ever; ``provider`` is what people call the issuer.
    ``email`` is ``None`` unless the provider has made sure that the address is this person's.
    """

    issuer: str
    subject: str
    provider: str
    email: str | None
    name: str


class IdentityProvider(Protocol):
    """Somebody who knows people: they log in there, and here with what is told of them.

    Every method raises `ProviderError` when the provider cannot be reached or makes no sense.
    """

    @property
    def name(self) -> str:
        """What it is called in addresses, such as ``github``."""

    @property
    def title(self) -> str:
        """What people call it, such as ``GitHub``."""

    async def address(self, attempt: LoginAttempt, *, redirect_uri: str) -> str:
        """Return the address of its log-in page, which sends the browser on to ``redirect_uri``."""

    async def identify(self, code: str, attempt: LoginAttempt, *, redirect_uri: str, issuer: str | None) -> Identity:
        """Return who logged in, for the code that the browser came back with.

        ``issuer`` is who the browser says has sent it back, where it says so; it must be this provider.
        """
