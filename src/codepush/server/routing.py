"""The routes of the application, with the parts that serve them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.routing import BaseRoute, Mount, Route

from codepush.server.services.upkeep.overview import Overview
from codepush.server.web.acquisition import AcquisitionRoutes
from codepush.server.web.appcenter import ChunkRoutes, appcenter_routes
from codepush.server.web.auth import FailedLogins, Gate, Limits
from codepush.server.web.device_paths import misspelt_route
from codepush.server.web.downloads import DownloadRoutes
from codepush.server.web.login import LoginRoutes
from codepush.server.web.management import Admission, Services, management_app
from codepush.server.web.metrics import MetricsRoutes
from codepush.server.web.openapi import OpenApiRoutes
from codepush.server.web.paths import for_all_paths
from codepush.server.web.ratelimits import RateLimit
from codepush.server.web.request_log import RequestLog
from codepush.server.web.standalone import standalone_routes
from codepush.server.web.uploads import UploadRoom

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from codepush.server.assembly.parts import Parts
    from codepush.server.settings import Settings
    from codepush.server.web.check_responses import Checks

__all__ = ["device_routes", "management_routes", "metrics_routes"]

_ANYTHING: Final = "/{path:path}"
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

_REPORT_SECONDS: Final = 30
"""Time limit of a status report, from the end of its head to the response."""


def metrics_routes(parts: Parts) -> list[Route]:
    """Return the routes that serve the server's metrics, unless they are off."""
    if not parts.settings.metrics:
        return []
    return MetricsRoutes(Overview(parts.foundation.store, parts.shared_counters)).routes()


def device_routes(parts: Parts, checks: Checks) -> list[BaseRoute]:
    """Return the routes for devices: update checks, reports and downloads."""
    settings, counters, devices = parts.settings, parts.foundation.counters, parts.devices
    acquisition = AcquisitionRoutes(
        devices.updates,
        checks,
        devices.reports,
        counters,
        report_seconds=min(_REPORT_SECONDS, settings.request_timeout),
    )
    downloads = DownloadRoutes(
        devices.downloads,
        counters.downloads,
        accel_redirect=settings.accel_redirect,
        per_address=settings.downloads_per_ip,
    )
    return [*acquisition.routes(), *downloads.routes()]


def management_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes for users: the OpenAPI document, logins, and both management APIs for all other paths."""
    settings = parts.settings
    failures = FailedLogins(RateLimit(settings.failed_logins_per_ip)) if settings.rate_limits else None
    login = LoginRoutes(
        parts.access.logins,
        parts.access.providers,
        public_url=settings.public_url,
        rate_limit=_address_limit(settings),
        failures=failures,
        request_seconds=settings.request_timeout,
    )
    gate = Gate(parts.access.access_keys, _limits(settings, failures))
    admission = Admission(
        gate, parts.releasing.apps, parts.access.organizations, request_seconds=settings.request_timeout
    )
    management = RequestLog(
        _management(parts, admission), parts.foundation.counters, parts.foundation.spans, fallback=_ANYTHING
    )
    return [
        *OpenApiRoutes().routes(),
        *login.routes(),
        misspelt_route(),
        for_all_paths(Mount("/", management)),
    ]


def _management(parts: Parts, admission: Admission) -> ASGIApp:
    services = _services(parts)
    room = UploadRoom(parts.releasing.workspace, parts.settings.upload_limit_mb, parts.foundation.spans)
    chunks = ChunkRoutes(
        parts.releasing.uploads,
        workspace=parts.releasing.workspace,
        rate_limit=_address_limit(parts.settings),
        request_seconds=parts.settings.request_timeout,
    )
    routes = [
        *standalone_routes(admission, services, room),
        *appcenter_routes(admission, services, parts.settings.public_url),
        *chunks.routes(),
        for_all_paths(Route(_ANYTHING, admission.fallback, methods=_METHODS)),
    ]
    return management_app(routes, origins=parts.settings.origins)


def _services(parts: Parts) -> Services:
    access, releasing = parts.access, parts.releasing
    return Services(
        access_keys=access.access_keys,
        accounts=access.accounts,
        apps=releasing.apps,
        collaborators=releasing.collaborators,
        organizations=access.organizations,
        deployments=releasing.deployments,
        releases=releasing.releases,
        uploaded_releases=releasing.uploaded_releases,
        idempotency=releasing.idempotency,
        metrics=releasing.metrics,
        series=releasing.series,
        insights=releasing.insights,
        rollouts=releasing.rollouts,
        previews=releasing.previews,
        stopping=releasing.stopping,
    )


def _limits(settings: Settings, failures: FailedLogins | None) -> Limits | None:
    if failures is None:
        return None
    return Limits(RateLimit(settings.rate_limit_per_ip), RateLimit(settings.rate_limit_per_key), failures)


def _address_limit(settings: Settings) -> RateLimit | None:
    """Return the limit for routes that need no access key."""
    return RateLimit(settings.rate_limit_per_ip) if settings.rate_limits else None
