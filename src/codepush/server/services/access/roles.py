"""Permissions of accounts on an app: its owner, collaborators, and members of its organization."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codepush.rules.permissions import OF_ROLE, strongest
from codepush.server.ports.apps import CollaboratorRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codepush.models import Permission
    from codepush.server.ports.apps import AppRecord

__all__ = ["parts", "permission_of"]


def permission_of(app: AppRecord, account_id: int) -> Permission | None:
    """Return an account's permission on an app; ``None`` without one."""
    own = [one.permission for one in app.collaborators if one.account_id == account_id]
    return strongest([*own, *(OF_ROLE[one.role] for one in app.members if one.account_id == account_id)])


def parts(app: AppRecord) -> Sequence[CollaboratorRecord]:
    """Return the permissions of all accounts on an app, by email address; the strongest of several."""
    people = {one.account_id: one for one in app.collaborators}
    for member in app.members:
        own = people.get(member.account_id)
        permission = OF_ROLE[member.role]
        if own is None or strongest([own.permission, permission]) != own.permission:
            people[member.account_id] = CollaboratorRecord(
                account_id=member.account_id,
                email=member.email,
                slug=member.slug,
                name=member.name,
                permission=permission,
            )
    return sorted(people.values(), key=lambda one: one.email)
