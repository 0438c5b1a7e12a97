"""Who may do what with an app, as in the permission table of the management protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codepush.models import Permission

Action: TypeAlias = Literal[
    "view_app",
    "rename_app",
    "remove_app",
    "transfer_app",
    "view_collaborators",
    "add_collaborator",
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
]
"""What a person may want to do with an app."""

NEEDED: Final[Mapping[Action, Permission]] = {
    "view_app": "Collaborator",
    "rename_app": "Owner",
    "remove_app": "Owner",
    "transfer_app": "Owner",
    "view_collaborators": "Collaborator",
    "add_collaborator": "Owner",
    "remove_collaborator": "Owner",
    "leave_app": "Collaborator",
    "add_deployment": "Owner",
    "view_deployment": "Collaborator",
    "rename_deployment": "Owner",
    "remove_deployment": "Owner",
    "clear_history": "Owner",
    "release": "Collaborator",
    "patch_release": "Collaborator",
    "promote": "Collaborator",
    "rollback": "Collaborator",
}
"""The least permission that each action needs."""


def may(permission: Permission | None, action: Action) -> bool:
    """Return whether an account may do something with an app.

    Args:
        permission: the account's part in the app; None when it has none, to whom the app does not exist.
        action: what it wants to do. An owner may do everything.

    """
    return permission in {"Owner", NEEDED[action]}
