"""The objects of App Center's dialect, field by field. Unknown values are omitted, never null."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from msgspec import Struct
from msgspec.structs import replace

from codepush.models import COMPLETE_ROLLOUT, ReleaseOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codepush.models import Deployment, Metrics, Package, Permission, Role

__all__ = [
    "ORIGIN",
    "UNKNOWN",
    "AppShape",
    "DeploymentShape",
    "DiffShape",
    "MemberShape",
    "MetricShape",
    "OrganizationShape",
    "OwnerShape",
    "ReleaseShape",
    "TokenShape",
    "UserShape",
    "identifier",
    "moment",
    "permission_word",
    "role_word",
]

ORIGIN: Final = "codepush"
"""Origin of users, apps and organizations: one of the service's three values."""

UNKNOWN: Final = "Custom"
"""The operating system or platform of an app that was created without one."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NAMESPACE: Final = UUID("5f2bd1a3-9c1c-4f43-8a44-6a1d8f3f1c52")

_PERMISSION_WORDS: Final[Mapping[Permission, str]] = {
    "Owner": "manager",
    "Manager": "manager",
    "Collaborator": "developer",
    "Reader": "viewer",
}
_ROLE_WORDS: Final[Mapping[Role, str]] = {"manager": "admin", "developer": "collaborator", "viewer": "member"}


class UserShape(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A user: the caller, or a collaborator of an app. ``name`` is the one in URLs."""

    id: str
    name: str
    display_name: str
    email: str
    origin: str
    can_change_password: bool | None = None
    permissions: tuple[str, ...] | None = None


class TokenShape(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An access key. ``api_token`` is its secret, sent once; ``expires_at`` is our addition."""

    id: str
    description: str
    scope: tuple[str, ...]
    created_at: str
    expires_at: str
    api_token: str | None = None


class OwnerShape(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The owner of an app: ``type`` is ``user`` or ``org``."""

    id: str
    name: str
    display_name: str
    type: str
    email: str | None = None


class AppShape(Struct, frozen=True, kw_only=True):
    """An app. ``name`` is the one in URLs, ``display_name`` the one to display."""

    id: str
    name: str
    display_name: str
    os: str
    platform: str
    origin: str
    created_at: str
    owner: OwnerShape
    member_permissions: tuple[str, ...]


class OrganizationShape(Struct, frozen=True, kw_only=True):
    """An organization. ``name`` is the one in URLs."""

    id: str
    name: str
    display_name: str
    origin: str
    created_at: str


class MemberShape(Struct, frozen=True, kw_only=True):
    """A user's role in an organization. ``name`` is the one in URLs."""

    name: str
    display_name: str
    email: str
    role: str


class DiffShape(Struct, frozen=True, kw_only=True):
    """A smaller download for devices that run one particular older package."""

    size: int
    url: str


class ReleaseShape(ReleaseOptions, frozen=True, kw_only=True, omit_defaults=True):
    """A release. ``upload_time`` is milliseconds since 1970, ``size`` bytes."""

    target_binary_range: str
    package_hash: str
    label: str
    blob_url: str
    size: int
    is_disabled: bool  # always sent here
    is_mandatory: bool
    upload_time: int | None = None
    release_method: str | None = None
    released_by: str | None = None
    original_label: str | None = None
    original_deployment: str | None = None
    diff_package_map: dict[str, DiffShape] | None = None

    @classmethod
    def of(cls, package: Package) -> ReleaseShape:
        """Return the shape of a release, its rollout as stored."""
        diffs = {older: DiffShape(size=diff.size, url=diff.url) for older, diff in package.diff_package_map.items()}
        options = {name: getattr(package, name) for name in ReleaseOptions.__struct_fields__}
        return cls(
            **options | {"is_disabled": bool(package.is_disabled), "is_mandatory": bool(package.is_mandatory)},
            target_binary_range=package.app_version,
            package_hash=package.package_hash,
            label=package.label,
            blob_url=package.blob_url,
            size=package.size,
            upload_time=None if package.upload_time is None else _milliseconds(package.upload_time),
            release_method=package.release_method,
            released_by=package.released_by,
            original_label=package.original_label,
            original_deployment=package.original_deployment,
            diff_package_map=diffs or None,
        )

    @classmethod
    def of_reply(cls, package: Package) -> ReleaseShape:
        """Return the shape of a new or changed release: a finished rollout is 100."""
        shape = cls.of(package)
        return shape if package.rollout is not None else replace(shape, rollout=COMPLETE_ROLLOUT)


class ReleaseUploadShape(Struct, frozen=True, kw_only=True):
    """The data that a client needs to upload a file for a release: URL, asset and a token of URL-safe characters."""

    id: str
    upload_domain: str
    token: str


class DeploymentShape(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A deployment; ``latest_release`` is its newest release, if it has one."""

    name: str
    key: str
    latest_release: ReleaseShape | None = None

    @classmethod
    def of(cls, deployment: Deployment) -> DeploymentShape:
        """Return the shape of a deployment."""
        latest = None if deployment.package is None else ReleaseShape.of(deployment.package)
        return cls(name=deployment.name, key=deployment.key, latest_release=latest)


class MetricShape(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The counters of a label, or of a binary version, which has ``active`` only."""

    label: str
    active: int
    downloaded: int | None = None
    failed: int | None = None
    installed: int | None = None

    @classmethod
    def of(cls, label: str, metrics: Metrics) -> MetricShape:
        """Return the shape of counters."""
        return cls(
            label=label,
            active=metrics.active,
            downloaded=metrics.downloaded,
            failed=metrics.failed,
            installed=metrics.installed,
        )


def identifier(kind: str, number: object) -> str:
    """Return the UUID of an object, derived from its kind and its unique name within the kind."""
    return str(uuid5(_NAMESPACE, f"{kind} {number}"))


def moment(time: datetime) -> str:
    """Return a time as the service wrote it, such as ``2026-03-01T12:00:00.000Z``."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def permission_word(permission: Permission) -> str:
    """Return App Center's name of a permission in an app."""
    return _PERMISSION_WORDS[permission]


def role_word(role: Role) -> str:
    """Return the service's name of a member's role in an organization."""
    return _ROLE_WORDS[role]


def _milliseconds(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(milliseconds=1)
