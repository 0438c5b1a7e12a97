"""Releases of deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from codepush.models import ReleaseMethod, ReleaseOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codepush.server.ports.diffs import StoredDiff

__all__ = ["NewRelease", "ReleaseRecord", "Releases"]


class NewRelease(ReleaseOptions, frozen=True, kw_only=True):
    """A release about to be recorded; its label comes from the database."""

    package_id: int
    app_version: str
    upload_time: int
    release_method: ReleaseMethod
    original_label: str | None = None
    original_deployment: str | None = None
    released_by: str


class ReleaseRecord(ReleaseOptions, frozen=True, kw_only=True):
    """One release of a deployment.

    ``number`` is that of its label: 3 for ``v3``. A release with ``is_held`` is offered to no device that does not run
    it, as if it were disabled; a device that runs it stays on it.
    """

    number: int
    package_id: int
    package_hash: str
    blob_id: str
    size: int
    app_version: str
    upload_time: int
    release_method: ReleaseMethod
    original_label: str | None
    original_deployment: str | None
    released_by: str
    is_held: bool = False
    diffs: tuple[StoredDiff, ...] = ()


class Releases(Protocol):
    """Records of releases."""

    async def add(self, deployment_id: int, release: NewRelease) -> ReleaseRecord:
        """Record a release under the deployment's next label and raise the deployment's revision.

        The previous release is completed: its rollout becomes ``None``.
        """

    async def history(self, deployment_id: int) -> Sequence[ReleaseRecord]:
        """Return a deployment's releases, oldest first."""

    async def latest(self, deployment_ids: Sequence[int]) -> dict[int, ReleaseRecord]:
        """Return the newest release of each of these deployments that has one."""

    async def update(self, deployment_id: int, release: ReleaseRecord) -> None:
        """Record the settings of a release, and whether it is held, and raise the deployment's revision.

        The number of the release identifies it.
        """

    async def clear(self, deployment_id: int) -> None:
        """Remove all releases, restart labels at ``v1``, and raise the deployment's revision."""
