"""Readers of request bodies, which return the fields of the standalone dialect: its rules apply here too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from codepush.wire.standalone.shapes import InfoShape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codepush.models import Permission, Role

__all__ = [
    "CHANGE_FIELDS",
    "PROMOTION_FIELDS",
    "RELEASE_FIELDS",
    "ROLLBACK_FIELDS",
    "in_our_words",
    "permission",
    "permissions",
    "role",
    "scope",
]

T = TypeVar("T")

_OURS: Final = dict(zip(InfoShape.__struct_encode_fields__, InfoShape.__struct_fields__, strict=True))

PROMOTION_FIELDS: Final[Mapping[str, str]] = {**_OURS, "appVersion": "target_binary_range"}
"""Names of the fields of a promotion, by their names in the standalone dialect."""

CHANGE_FIELDS: Final[Mapping[str, str]] = {ours: theirs for ours, theirs in PROMOTION_FIELDS.items() if ours != "label"}
"""The same for a patch, whose path names the label."""

RELEASE_FIELDS: Final[Mapping[str, str]] = {
    **{ours: theirs.removeprefix("is_") for ours, theirs in CHANGE_FIELDS.items()},
    "appVersion": "target_binary_version",
}
"""The same for a new release, which has other names for the flags and the target."""

ROLLBACK_FIELDS: Final[Mapping[str, str]] = {"label": "label"}
"""The same for a rollback."""

_PERMISSIONS: Final[Mapping[str, Permission]] = {
    "manager": "Manager",
    "developer": "Collaborator",
    "viewer": "Reader",
    "admin": "Manager",
    "collaborator": "Collaborator",
    "member": "Reader",
}
"""Both sets of names of the service: that of apps and that of invitations."""

_ROLES: Final[Mapping[str, Role]] = {
    "manager": "manager",
    "developer": "developer",
    "viewer": "viewer",
    "admin": "manager",
    "collaborator": "developer",
    "member": "viewer",
}


def in_our_words(body: object, fields: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of a body under the names of the standalone dialect; anything but an object has none."""
    sent = body if isinstance(body, dict) else {}
    return {ours: sent[theirs] for ours, theirs in fields.items() if theirs in sent}


def permission(word: object, *, otherwise: Permission | None = None) -> Permission:
    """Return the permission with an App Center name.

    Args:
        word: The name that was sent.
        otherwise: The permission if none was sent.

    Raises:
        ValueError: The name is unknown; the message lists the known ones.

    """
    return _meant(word, _PERMISSIONS, otherwise, 'Send "manager", "developer" or "viewer".')


def permissions(words: object) -> Permission:
    """Return the permission of a list with exactly one App Center name.

    Raises:
        ValueError: It is not such a list.

    """
    if isinstance(words, list) and len(words) == 1:
        return permission(words[0])
    raise ValueError('Send a list of one word, such as ["developer"].')


def role(word: object, *, otherwise: Role | None = None) -> Role:
    """Return the role in an organization with an App Center name.

    Args:
        word: The name that was sent.
        otherwise: The role if none was sent.

    Raises:
        ValueError: The name is unknown; the message lists the known ones.

    """
    return _meant(
        word, _ROLES, otherwise, 'Send "admin", "collaborator" or "member"; or "manager", "developer" or "viewer".'
    )


def scope(words: object) -> None:
    """Check the scope of a new token: only full access is supported.

    Raises:
        ValueError: It is something else.

    """
    if words not in (None, [], ["all"]):
        raise ValueError('Tokens that can only read are not offered. Leave "scope" out, or send ["all"].')


def _meant(word: object, words: Mapping[str, T], otherwise: T | None, advice: str) -> T:
    if word is None and otherwise is not None:
        return otherwise
    if isinstance(word, str) and word in words:
        return words[word]
    raise ValueError(advice)
