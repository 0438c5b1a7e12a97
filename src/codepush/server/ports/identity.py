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

    ``state`` and ``nonce`` come back from the provider; ``verifier`` proves that the browser that finishes the login
    began it (PKCE).
    """

    state: str
    nonce: str
    verifier: str


class Identity(Struct, frozen=True, kw_only=True):
    """The identity of a user at an identity provider.

    ``issuer`` and ``subject`` together identify a person permanently; ``provider`` is the issuer's common name.
    ``email`` is ``None`` unless the provider has verified that the address is this person's.
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
        """Its name in URLs, such as ``github``."""

    @property
    def title(self) -> str:
        """Its name for users, such as ``GitHub``."""

    async def address(self, attempt: LoginAttempt, *, redirect_uri: str) -> str:
        """Return the URL of its login page, which redirects the browser to ``redirect_uri``."""

    async def identify(self, code: str, attempt: LoginAttempt, *, redirect_uri: str, issuer: str | None) -> Identity:
        """Return the identity for the code that the browser came back with.

        ``issuer`` is the issuer named in the redirect, if any; it must be this provider.
        """


class Identities(Protocol):
    """Links between accounts and identities at providers."""

    async def add(self, account_id: int, identity: Identity, *, created_at: int) -> None:
        """Link an identity to an account.

        `AlreadyExistsError` when it is linked to an account, or the account to another of this issuer.
        """

    async def account_of(self, identity: Identity) -> AccountRecord | None:
        """Return the account that an identity is linked to."""

    async def providers_of(self, account_id: int) -> Sequence[str]:
        """Return the names of the providers that an account is linked to, in the order of linking."""
