"""The services for accounts, keys, logins and organizations."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from codepush.server.services.access.access_keys import AccessKeys
from codepush.server.services.access.accounts import Accounts
from codepush.server.services.access.logins import Logins
from codepush.server.services.access.organizations import Organizations

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from codepush.server.assembly.foundation import Foundation
    from codepush.server.ports.identity import IdentityProvider
    from codepush.server.services.change import Changes
    from codepush.server.settings import Settings

__all__ = ["Access"]


class Access:
    """The services for accounts, keys, logins and organizations, and the identity providers."""

    def __init__(self, foundation: Foundation, changes: Changes) -> None:
        self._settings = foundation.settings
        self._store = foundation.store
        self._changes = changes

    @cached_property
    def access_keys(self) -> AccessKeys:
        """Access keys."""
        return AccessKeys(self._store, self._changes, max_days=self._settings.access_key_max_days)

    @cached_property
    def accounts(self) -> Accounts:
        """Accounts."""
        return Accounts(self._store, self._changes, self.access_keys)

    @cached_property
    def logins(self) -> Logins:
        """Logins with a provider or a one-time code."""
        return Logins(self._changes, self.access_keys, is_registration_open=self._settings.enable_registration)

    @cached_property
    def organizations(self) -> Organizations:
        """Organizations."""
        return Organizations(self._store, self._changes)

    @cached_property
    def providers(self) -> Sequence[IdentityProvider]:
        """The identity providers that are set up."""
        return tuple(_providers(self._settings))


def _providers(settings: Settings) -> Iterator[IdentityProvider]:
    if settings.github_client_id:
        from codepush.server.identity.github import GitHub

        yield GitHub(
            client_id=settings.github_client_id,
            client_secret=settings.github_client_secret,
            site=settings.github_url,
        )
    if settings.oidc_issuer:
        from codepush.server.identity.openid import OpenIdConnect

        yield OpenIdConnect(
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret,
        )
