"""Callers: the origin of a request, and its credential."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct, structs

from codepush.server.ports.accounts import AccountRecord
from codepush.server.services.errors import ForbiddenError

__all__ = ["Caller", "CallerKind", "operator", "visitor"]

CallerKind: TypeAlias = Literal["person", "publisher", "system:rollout", "server:cli", "server:import"]
"""A user, a CI job, or a part of the server that acts automatically."""


class Caller(Struct, frozen=True, kw_only=True):
    """The origin of a request or command.

    Attributes:
        kind: The kind of the caller.
        acts_as: The account whose permissions apply; ``None`` until a login has identified it, and for commands of an
            administrator that concern no account.
        name: The machine on which an administrator runs a command; empty for a user.
        access_key_id: The access key of the request, if it has one.
        expires_at: When that key expires, in milliseconds since 1970.
        is_session: Whether a login created that key.
        scopes: The scopes of the key; if empty, it has all permissions of its account.
        request_id: The ``X-Request-Id`` of the request; ``None`` outside of a request.
        address: The address of the client; empty where it is not recorded.

    """

    kind: CallerKind
    acts_as: AccountRecord | None = None
    name: str = ""
    access_key_id: int | None = None
    expires_at: int | None = None
    is_session: bool = False
    scopes: tuple[str, ...] = ()
    request_id: str | None = None
    address: str = ""

    @property
    def account(self) -> AccountRecord:
        """The account whose permissions apply.

        Raises:
            ForbiddenError: The caller has none.

        """
        if self.acts_as is None:
            raise ForbiddenError("This action requires an account.", code="no_account")
        return self.acts_as

    @property
    def actor(self) -> str:
        """The name under which the audit trail records a change: an email address, a machine, or the kind."""
        if self.kind == "person" and self.acts_as is not None:
            return self.acts_as.email
        return self.name or self.kind

    def acting_as(self, account: AccountRecord) -> Caller:
        """Return this caller with the permissions of an account."""
        return structs.replace(self, acts_as=account)


def operator(machine: str) -> Caller:
    """Return the caller of an administrator's commands on a machine."""
    return Caller(kind="server:cli", name=machine)


def visitor(request_id: str | None = None) -> Caller:
    """Return the caller of a request without an access key, such as a login."""
    return Caller(kind="person", request_id=request_id)
