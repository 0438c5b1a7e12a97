"""The services behind the management dialects."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from codepush.server.services.access.access_keys import AccessKeys
    from codepush.server.services.access.accounts import Accounts
    from codepush.server.services.access.organizations import Organizations
    from codepush.server.services.releasing.apps import Apps
    from codepush.server.services.releasing.collaborators import Collaborators
    from codepush.server.services.releasing.deployments import Deployments
    from codepush.server.services.releasing.idempotency import Idempotency
    from codepush.server.services.releasing.insight import Insights
    from codepush.server.services.releasing.metrics import Metrics
    from codepush.server.services.releasing.previews import Previews
    from codepush.server.services.releasing.releases import Releases
    from codepush.server.services.releasing.rollouts import Rollouts
    from codepush.server.services.releasing.series import Series
    from codepush.server.services.releasing.stopping import Stopping
    from codepush.server.services.releasing.uploaded_releases import UploadedReleases

__all__ = ["Services"]


class Services(NamedTuple):
    """The services that handle the requests of both dialects."""

    access_keys: AccessKeys
    accounts: Accounts
    apps: Apps
    collaborators: Collaborators
    organizations: Organizations
    deployments: Deployments
    releases: Releases
    uploaded_releases: UploadedReleases
    idempotency: Idempotency
    metrics: Metrics
    series: Series
    insights: Insights
    rollouts: Rollouts
    previews: Previews
    stopping: Stopping
