"""The services for apps, deployments and releases."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from codepush.server.services.releasing.apps import Apps
from codepush.server.services.releasing.collaborators import Collaborators
from codepush.server.services.releasing.contents import Contents
from codepush.server.services.releasing.deployments import Deployments
from codepush.server.services.releasing.idempotency import Idempotency
from codepush.server.services.releasing.insight import Insights
from codepush.server.services.releasing.looking import Looking
from codepush.server.services.releasing.metrics import Metrics
from codepush.server.services.releasing.previews import Previews
from codepush.server.services.releasing.releases import Releases
from codepush.server.services.releasing.rollouts import Rollouts
from codepush.server.services.releasing.series import Series
from codepush.server.services.releasing.stopping import Stopping
from codepush.server.services.releasing.uploaded_releases import UploadedReleases
from codepush.server.services.releasing.uploads import Uploads
from codepush.server.services.releasing.workspace import Workspace

if TYPE_CHECKING:
    from codepush.server.assembly.foundation import Foundation
    from codepush.server.assembly.packages import Packages
    from codepush.server.services.change import Changes

__all__ = ["Releasing"]


class Releasing:
    """The services for apps, deployments and releases."""

    def __init__(self, foundation: Foundation, changes: Changes, packages: Packages) -> None:
        self._foundation = foundation
        self._settings = foundation.settings
        self._store = foundation.store
        self._changes = changes
        self._packages = packages

    @cached_property
    def apps(self) -> Apps:
        """Apps."""
        return Apps(self._store, self._changes)

    @cached_property
    def collaborators(self) -> Collaborators:
        """Collaborators of apps."""
        return Collaborators(self._store, self._changes)

    @cached_property
    def deployments(self) -> Deployments:
        """Deployments of apps."""
        return Deployments(self._store, self._changes, self._foundation.links)

    @cached_property
    def stopping(self) -> Stopping:
        """Stopping and starting updates."""
        return Stopping(self._changes)

    @cached_property
    def metrics(self) -> Metrics:
        """Metrics of deployments."""
        return Metrics(self._store)

    @cached_property
    def series(self) -> Series:
        """Metrics over time."""
        return Series(self._store)

    @cached_property
    def insights(self) -> Insights:
        """Insight into releases."""
        return Insights(self._store)

    @cached_property
    def rollouts(self) -> Rollouts:
        """Rollouts with a plan."""
        return Rollouts(self._store, self._changes)

    @cached_property
    def previews(self) -> Previews:
        """Previews of rollout plans."""
        return Previews(self._store)

    @cached_property
    def looking(self) -> Looking:
        """The steps of rollouts."""
        return Looking(self._store, self._changes, counts=self._foundation.counters.rollouts)

    @cached_property
    def idempotency(self) -> Idempotency:
        """Requests that are executed once."""
        return Idempotency(self._store)

    @cached_property
    def workspace(self) -> Workspace:
        """The disk space for uploads in progress."""
        return Workspace(self._settings.workspace, limit_mb=self._settings.workspace_limit_mb)

    @cached_property
    def releases(self) -> Releases:
        """Releases."""
        contents = Contents(
            self._foundation.blobs,
            self.workspace,
            self._packages.repacking,
            pack_level=self._settings.compression_level,
            counters=self._foundation.counters.releases,
            spans=self._foundation.spans,
        )
        return Releases(
            self._store,
            self._changes,
            contents,
            self._foundation.links,
            self._packages.diffs,
            spans=self._foundation.spans,
        )

    @cached_property
    def uploads(self) -> Uploads:
        """Uploads in chunks."""
        return Uploads(
            self._store,
            self._changes,
            self._foundation.blobs,
            workspace=self.workspace,
            limit_mb=self._settings.upload_limit_mb,
        )

    @cached_property
    def uploaded_releases(self) -> UploadedReleases:
        """Releases of completed uploads."""
        return UploadedReleases(self.uploads, self.releases)
