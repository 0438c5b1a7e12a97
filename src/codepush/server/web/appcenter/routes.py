"""The App Center door as a whole: which routes there are, and who may use them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codepush.server.web.appcenter.account import AccountRoutes
from codepush.server.web.appcenter.apps import AppRoutes
from codepush.server.web.appcenter.organizations import OrganizationRoutes
from codepush.server.web.appcenter.releases import ReleaseRoutes
from codepush.server.web.appcenter.uploads import UploadRoutes

if TYPE_CHECKING:
    from starlette.routing import Route

    from codepush.server.services.access.access_keys import AccessKeys
    from codepush.server.services.access.organizations import Organizations
    from codepush.server.services.releasing.apps import Apps
    from codepush.server.services.releasing.collaborators import Collaborators
    from codepush.server.services.releasing.deployments import Deployments
    from codepush.server.services.releasing.idempotency import Idempotency
    from codepush.server.services.releasing.metrics import Metrics
    from codepush.server.services.releasing.releases import Releases
    from codepush.server.services.releasing.uploaded_releases import UploadedReleases
    from codepush.server.web.admission import Admission

__all__ = ["AppCenterRoutes"]

_PREFIX: Final = "/v0.1"


class AppCenterRoutes:
    """Translates App Center's dialect to the services, one method per route.

    ``admission`` admits requests; ``upload_url`` is where chunks of uploads are sent.
    """

    def __init__(
        self,
        *,
        admission: Admission,
        access_keys: AccessKeys,
        apps: Apps,
        collaborators: Collaborators,
        organizations: Organizations,
        deployments: Deployments,
        releases: Releases,
        metrics: Metrics,
        uploaded_releases: UploadedReleases,
        idempotency: Idempotency,
        upload_url: str,
    ) -> None:
        self._admission = admission
        self._parts = (
            AccountRoutes(access_keys),
            AppRoutes(apps, collaborators, organizations),
            OrganizationRoutes(organizations),
            ReleaseRoutes(deployments, releases, metrics),
            UploadRoutes(uploaded_releases, idempotency, upload_url=upload_url),
        )

    def routes(self) -> list[Route]:
        """Return the routes; each needs an access key."""
        return self._admission.routes((entry for part in self._parts for entry in part.table()), prefix=_PREFIX)
