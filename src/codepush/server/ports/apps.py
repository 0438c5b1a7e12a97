"""Apps, their owners and their collaborators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from msgspec import Struct

from codepush.models import Permission
from codepush.server.ports.organizations import MemberRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["AppRecord", "Apps", "CollaboratorRecord", "OwnerKind", "OwnerRecord"]


OwnerKind: TypeAlias = Literal["user", "org"]
"""Kinds of owners: a user, or an organization."""


class OwnerRecord(Struct, frozen=True, kw_only=True):
    """The owner of an app; ``email`` is that of a user, ``None`` for an organization."""

    kind: OwnerKind
    id: int
    slug: str
    name: str
    email: str | None


class CollaboratorRecord(Struct, frozen=True, kw_only=True):
    """An account's role in an app."""

    account_id: int
    email: str
    slug: str
    name: str
    permission: Permission


class AppRecord(Struct, frozen=True, kw_only=True):
    """An app with all accounts that may see it.

    ``display_name`` is ``name`` by default. ``collaborators`` are the accounts added to this
    app, and its owner if that is a user; ``members`` those of the organization that owns it.
    """

    id: int
    name: str
    display_name: str
    os: str | None
    platform: str | None
    created_at: int
    owner: OwnerRecord
    collaborators: tuple[CollaboratorRecord, ...]
    members: tuple[MemberRecord, ...] = ()


class Apps(Protocol):
    """Records of apps."""

    async def add(
        self,
        *,
        owner_id: int,
        owner_kind: OwnerKind = "user",
        name: str,
        os: str | None,
        platform: str | None,
        created_at: int,
        display_name: str | None = None,
    ) -> int:
        """Record an app and return its id; `AlreadyExistsError` when the owner has one of this name.

        Without a ``display_name``, the display name is ``name``, and changes with it.
        """

    async def visible_to(self, account_id: int) -> Sequence[AppRecord]:
        """Return the apps that an account owns, collaborates on, or sees as a member of an organization, by name."""

    async def named(self, account_id: int, name: str, *, owner: str | None = None) -> Sequence[AppRecord]:
        """Return those of `visible_to` with this name, and with this owner if one is given.

        An owner is an e-mail address, or a slug in any letter case. Names and addresses match exactly.
        """

    async def get(self, app_id: int) -> AppRecord | None:
        """Return the app with this id."""

    async def rename(self, app_id: int, name: str) -> None:
        """Rename an app; `AlreadyExistsError` when its owner has one of this name."""

    async def set_display_name(self, app_id: int, display_name: str) -> None:
        """Set the display name of an app, which stays when its name changes."""

    async def give(self, app_id: int, owner_id: int, owner_kind: OwnerKind = "user") -> None:
        """Transfer an app to an account or organization; `AlreadyExistsError` when it has one of this name."""

    async def add_collaborator(self, app_id: int, account_id: int, permission: Permission = "Collaborator") -> None:
        """Add a collaborator to an app; `AlreadyExistsError` when the account is one."""

    async def set_permission(self, app_id: int, account_id: int, permission: Permission) -> None:
        """Change the permission of a collaborator; `MissingError` when the account is none."""

    async def remove_collaborator(self, app_id: int, account_id: int) -> None:
        """Remove a collaborator from an app, if the account is one. The owner stays."""

    async def remove(self, app_id: int) -> None:
        """Remove an app with its deployments, releases, packages and metrics."""
