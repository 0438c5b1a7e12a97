"""The App Center door as a whole: which routes there are, and who is let in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codepush.server.web.appcenter.account import AccountRoutes
from codepush.server.web.appcenter.apps import AppRoutes
from codepush.server.web.appcenter.organizations import OrganizationRoutes
from codepush.server.web.appcenter.releases import ReleaseRoutes
from codepush.server.web.appcenter.uploads import UploadRoutes
from codepush.server.web.paths import route
from codepush.server.web.timelimits import at_most

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from codepush.server.services.access_keys import AccessKeys
    from codepush.server.services.apps import Apps
    from codepush.server.services.collaborators import Collaborators
    from codepush.server.services.deployments import Deployments
    from codepush.server.services.metrics import Metrics
    from codepush.server.services.organizations import Organizations
    from codepush.server.services.releases import Releases
    from codepush.server.services.repeats import Repeats
    from codepush.server.services.uploaded_releases import UploadedReleases
    from codepush.server.services.uploads import Uploads
    from codepush.server.web.appcenter.bodies import Endpoint
    from codepush.server.web.auth import Gate

__all__ = ["AppCenterDoor"]

_PREFIX: Final = "/v0.1"

_RELEASE_PATIENCE: Final = 10
"""So many times as long as another request may a release take, since its package is packed meanwhile."""


class AppCenterDoor:
    """Translates App Center's dialect to the services, one method per route.

    ``gate`` lets requests in; ``request_seconds`` is how long one may take;
    ``upload_url`` is where chunks of uploads are sent.
    """

    def __init__(
        self,
        *,
        gate: Gate,
        access_keys: AccessKeys,
        apps: Apps,
        collaborators: Collaborators,
        organizations: Organizations,
        deployments: Deployments,
        releases: Releases,
        metrics: Metrics,
        uploads: Uploads,
        uploaded_releases: UploadedReleases,
        repeats: Repeats,
        upload_url: str,
        request_seconds: float,
    ) -> None:
        self._gate = gate
        self._request_seconds = request_seconds
        self._uploads = UploadRoutes(uploads, uploaded_releases, repeats, upload_url=upload_url)
        self._parts = (
            AccountRoutes(access_keys),
            AppRoutes(apps, collaborators, organizations),
            OrganizationRoutes(organizations),
            ReleaseRoutes(deployments, releases, metrics),
            self._uploads,
        )

    def routes(self) -> list[Route]:
        """Return the routes; each needs an access key."""
        table = [entry for part in self._parts for entry in part.table()]
        return [route(_PREFIX + path, self._admitted(endpoint), method=method) for method, path, endpoint in table]

    def _admitted(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        seconds = self._request_seconds * (_RELEASE_PATIENCE if endpoint == self._uploads.release else 1)

        async def admitted(request: Request) -> Response:
            async with at_most(seconds):
                return await endpoint(request, await self._gate.admit(request))

        return admitted
