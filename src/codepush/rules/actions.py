"""Actions on the releases of a deployment, as values that can be performed, stored, previewed and planned.

Names of apps and deployments mean what they mean to the caller who performs the action.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

from codepush.models import RELEASE_SETTINGS, PackageInfo
from codepush.rollout_plan import NoPlan, RolloutPlan

if TYPE_CHECKING:
    from codepush.models import ReleaseOptions

__all__ = ["Clear", "Content", "Patch", "Promote", "Release", "ReleaseAction", "Rollback", "overridden", "settings"]


class Content(Struct, frozen=True, kw_only=True):
    """The content of a release, and the archive that holds it.

    Attributes:
        package_hash: The package hash, SHA-256 in hex.
        manifest: The manifest as JSON; ``None`` for a single file.
        index: Where the archive has each file, as JSON; ``None`` for a single file.
        blob_id: The id of the archive.
        size: Bytes of the archive.
        sha256: The SHA-256 of the archive, in hex.

    """

    package_hash: str
    manifest: bytes | None
    index: bytes | None
    blob_id: str
    size: int
    sha256: str


class Release(Struct, frozen=True, kw_only=True):
    """Release a content to a deployment; ``info.app_version`` is required.

    Without a plan the release gets the default plan of the deployment, if there is one.
    """

    app: str
    deployment: str
    info: PackageInfo
    content: Content
    plan: RolloutPlan | NoPlan | None = None


class Promote(Struct, frozen=True, kw_only=True):
    """Release a deployment's package to another deployment of the app.

    ``info.label`` selects the release, by default the newest one. The other settings of ``info`` override those of
    the source, but the rollout is never inherited. Without a plan the release gets the default plan of the
    destination, if there is one.
    """

    app: str
    source: str
    destination: str
    info: PackageInfo = PackageInfo()
    plan: RolloutPlan | NoPlan | None = None


class Patch(Struct, frozen=True, kw_only=True):
    """Change the settings of the release with ``info.label``, by default of the newest one.

    Empty texts change nothing. A rollout can only grow.
    """

    app: str
    deployment: str
    info: PackageInfo


class Rollback(Struct, frozen=True, kw_only=True):
    """Release again the content of an older release: the one with ``label``, by default the last but one.

    It has the settings of that release and is for all devices.
    """

    app: str
    deployment: str
    label: str | None = None


class Clear(Struct, frozen=True, kw_only=True):
    """Remove all releases and metrics of a deployment; the next release is ``v1`` again."""

    app: str
    deployment: str


ReleaseAction: TypeAlias = Release | Promote | Patch | Rollback | Clear


def settings(release: ReleaseOptions) -> dict[str, Any]:
    """Return the settings of a release by the names of their fields."""
    return {name: getattr(release, name) for name in RELEASE_SETTINGS}


def overridden(release: ReleaseOptions, info: PackageInfo) -> dict[str, Any]:
    """Return the settings of a release with those of ``info`` in their place; ``None`` and ``""`` override nothing."""
    return settings(release) | {name: value for name, value in settings(info).items() if value not in (None, "")}
