"""Identities of users at identity providers, and the providers themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codepush.server.ports.accounts import AccountRecord

__all__ = ["Identities", "Identity", "IdentityProvider", "LoginAttempt"]


class LoginAttempt(Struct, frozen=True, kw_only=True):
    """The secrets of one login at an identity provider, known to one browser only.

    ``state`` and ``nonce`` come back from the provider; ``verifier`` proves that who asks for the result is who
    began (PKCE).
    """

    state: str
    nonce: str
    verifier: str


class Identity(Struct, frozen=True, kw_only=True):
    """The identity of a user at an identity provider.

    ``issuer`` and ``subject`` together name one person for ever; ``provider`` is what people call the issuer.
    ``email`` is ``None`` unless the provider has made sure that the address is this person's.
    """

    issuer: str
    subject: str
    provider: str
    email: str | None
    name: str


class IdentityProvider(Protocol):
    """An identity provider: users log in there, and its claims authenticate them here.

    Every method raises `ProviderError` when the provider is unreachable or returns a malformed response.
    """

    @property
    def name(self) -> str:
        """What it is called in addresses, such as ``github``."""

    @property
    def title(self) -> str:
        """What people call it, such as ``GitHub``."""

    async def address(self, attempt: LoginAttempt, *, redirect_uri: str) -> str:
        """Return the address of its login page, which sends the browser on to ``redirect_uri``."""

    async def identify(self, code: str, attempt: LoginAttempt, *, redirect_uri: str, issuer: str | None) -> Identity:
        """Return who logged in, for the code that the browser came back with.

        ``issuer`` is who the browser says has sent it back, where it says so; it must be this provider.
        """


class Identities(Protocol):
    """Records of who accounts are at identity providers."""

    async def add(self, account_id: int, identity: Identity, *, created_at: int) -> None:
        """Link an identity to an account.

        `AlreadyExistsError` when it is linked to an account, or the account to another of this issuer.
        """

    async def account_of(self, identity: Identity) -> AccountRecord | None:
        """Return the account that an identity is linked to."""

    async def providers_of(self, account_id: int) -> Sequence[str]:
        """Return the names of the providers that an account is linked to, in the order of linking."""
