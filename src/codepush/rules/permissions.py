"""Permissions of accounts in apps and organizations, as in the table of the management protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from codepush.models import Permission, Role

__all__ = [
    "NEEDED",
    "NEEDED_ROLE",
    "OF_ROLE",
    "Action",
    "OrganizationAction",
    "may",
    "may_in_organization",
    "strongest",
]

Action: TypeAlias = Literal[
    "view_app",
    "rename_app",
    "remove_app",
    "transfer_app",
    "view_collaborators",
    "add_collaborator",
    "change_collaborator",
    "remove_collaborator",
    "leave_app",
    "add_deployment",
    "view_deployment",
    "rename_deployment",
    "remove_deployment",
    "clear_history",
    "release",
    "patch_release",
    "promote",
    "rollback",
    "advance_rollout",
    "halt_rollout",
    "set_default_plan",
    "stop_updates",
    "start_updates",
]
"""Actions on an app."""

OrganizationAction: TypeAlias = Literal["view", "leave", "change", "remove", "manage_members", "own_apps"]
"""Actions on an organization; ``own_apps``: transfer an app to it."""

NEEDED: Final[Mapping[Action, Permission]] = {
    "view_app": "Reader",
    "rename_app": "Owner",
    "remove_app": "Owner",
    "transfer_app": "Owner",
    "view_collaborators": "Reader",
    "add_collaborator": "Owner",
    "change_collaborator": "Owner",
    "remove_collaborator": "Owner",
    "leave_app": "Reader",
    "add_deployment": "Owner",
    "view_deployment": "Reader",
    "rename_deployment": "Owner",
    "remove_deployment": "Owner",
    "clear_history": "Owner",
    "release": "Collaborator",
    "patch_release": "Collaborator",
    "promote": "Collaborator",
    "rollback": "Collaborator",
    "advance_rollout": "Collaborator",
    "halt_rollout": "Collaborator",
    "set_default_plan": "Owner",
    "stop_updates": "Collaborator",
    "start_updates": "Collaborator",
}
"""The lowest permission that each action needs. Managers may do everything that needs an owner."""

NEEDED_ROLE: Final[Mapping[OrganizationAction, Role]] = {
    "view": "viewer",
    "leave": "viewer",
    "change": "manager",
    "remove": "manager",
    "manage_members": "manager",
    "own_apps": "manager",
}
"""The lowest role that each action needs."""

OF_ROLE: Final[Mapping[Role, Permission]] = {"manager": "Manager", "developer": "Collaborator", "viewer": "Reader"}
"""Permission of a member of an organization in each of its apps."""

_RANKS: Final[Mapping[Permission, int]] = {"Reader": 1, "Collaborator": 2, "Manager": 3, "Owner": 4}
_ROLE_RANKS: Final[Mapping[Role, int]] = {"viewer": 1, "developer": 2, "manager": 3}


def may(permission: Permission | None, action: Action) -> bool:
    """Return whether an account may perform an action on an app.

    Args:
        permission: Role of the account in the app; ``None`` if it has none.
        action: The action. Owners and managers may perform all actions.

    """
    if permission is None:
        return False
    needed = NEEDED[action]
    return _RANKS[permission] >= _RANKS["Manager" if needed == "Owner" else needed]


def may_in_organization(role: Role | None, action: OrganizationAction) -> bool:
    """Return whether a member may do something with an organization; None as role has no permissions."""
    return role is not None and _ROLE_RANKS[role] >= _ROLE_RANKS[NEEDED_ROLE[action]]


def strongest(permissions: Iterable[Permission]) -> Permission | None:
    """Return the highest of a user's roles in an app; None for none."""
    return max(permissions, key=_RANKS.__getitem__, default=None)
