"""App Center's dialect: its v0.1 management API, for npm ``code-push`` 4 and ``appcenter-cli``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codepush.server.web.appcenter.account import AccountRoutes
from codepush.server.web.appcenter.apps import AppRoutes
from codepush.server.web.appcenter.chunks import ChunkRoutes
from codepush.server.web.appcenter.organizations import OrganizationRoutes
from codepush.server.web.appcenter.releases import ReleaseRoutes
from codepush.server.web.appcenter.uploads import UploadRoutes
from codepush.server.web.management.attempts import Attempts
from codepush.wire.appcenter.routes import MANAGEMENT

if TYPE_CHECKING:
    from starlette.routing import Route

    from codepush.server.web.management import Admission, Services

__all__ = ["ChunkRoutes", "appcenter_routes"]


def appcenter_routes(admission: Admission, services: Services, upload_url: str) -> list[Route]:
    """Return the routes of the dialect; clients send chunks to ``upload_url``."""
    attempts = Attempts(services.idempotency)
    handlers = {
        **AccountRoutes(services.access_keys).handlers(),
        **AppRoutes(services.apps, services.collaborators, services.organizations).handlers(),
        **OrganizationRoutes(services.organizations).handlers(),
        **ReleaseRoutes(services.deployments, services.releases, services.metrics).handlers(),
        **UploadRoutes(services.uploaded_releases, attempts, upload_url=upload_url).handlers(),
    }
    return admission.routes(MANAGEMENT, handlers)
