"""The standalone management dialect, which our own SDK uses (standalone management API)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codepush.server.web.management.attempts import Attempts
from codepush.server.web.standalone.account import AccountRoutes
from codepush.server.web.standalone.apps import AppRoutes
from codepush.server.web.standalone.deployments import DeploymentRoutes
from codepush.server.web.standalone.metrics import MetricsRoutes
from codepush.server.web.standalone.releases import ReleaseRoutes
from codepush.server.web.standalone.rollouts import RolloutRoutes
from codepush.wire.standalone.routes import ROUTES

if TYPE_CHECKING:
    from starlette.routing import Route

    from codepush.server.web.management import Admission, Services
    from codepush.server.web.uploads import UploadRoom

__all__ = ["standalone_routes"]


def standalone_routes(admission: Admission, services: Services, uploads: UploadRoom) -> list[Route]:
    """Return the routes of the dialect; packages are received in ``uploads``."""
    attempts = Attempts(services.idempotency)
    handlers = {
        **AccountRoutes(services.accounts, services.access_keys).handlers(),
        **AppRoutes(services.apps, services.collaborators).handlers(),
        **DeploymentRoutes(services.deployments).handlers(),
        **MetricsRoutes(services.metrics, services.series, services.insights).handlers(),
        **ReleaseRoutes(services.releases, attempts, uploads).handlers(),
        **RolloutRoutes(services.rollouts, services.previews, services.stopping, attempts).handlers(),
    }
    return admission.routes(ROUTES, handlers)
