"""The server as an ASGI application: routes, middleware and background tasks."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware

from codepush.server.assembly.parts import Parts
from codepush.server.background import keep_running
from codepush.server.routing import device_routes, management_routes, metrics_routes
from codepush.server.services.upkeep.health import Health
from codepush.server.web.check_responses import Checks
from codepush.server.web.connections import CONNECTIONS, Connections
from codepush.server.web.device_paths import SharedWithPages
from codepush.server.web.fastpath import STATE, FastPath
from codepush.server.web.hosts import RequestHosts
from codepush.server.web.operations import OperationsPort, absent
from codepush.server.web.paths import CanonicalPaths
from codepush.server.web.problems import HANDLERS
from codepush.server.web.proxies import ForwardedClients
from codepush.server.web.requests import RequestIds
from codepush.server.web.status import StatusRoutes
from codepush.server.web.unread import UnreadBodies

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.types import Lifespan

    from codepush.server.settings import Settings

__all__ = ["create_app"]


def create_app(settings: Settings, *, peers: Path | None = None) -> Starlette:
    """Return the server as an ASGI application, to be run or mounted anywhere.

    Nothing is opened before the application starts up, and two of them can live in one process.

    Args:
        settings: The server's settings.
        peers: The folder in which the worker processes of one server share their counters.

    Raises:
        codepush.server.ports.errors.UnavailableError: The database URL is not one this server can use.

    """
    parts = Parts(settings, peers=peers)
    checks = Checks(
        cache_seconds=settings.check_cache_seconds, needs_host=settings.download_url in settings.unreachable_urls
    )
    fast_path = FastPath(
        parts.devices.updates, checks, parts.foundation.counters.fast, operations_port=settings.operations_port
    )
    status = StatusRoutes(Health(parts.foundation.store, parts.foundation.blobs))
    operations = [status.ready_route(), *metrics_routes(parts)]
    return Starlette(
        routes=[
            *status.routes(),
            *(absent(operations) if settings.operations_port else operations),
            *device_routes(parts, checks),
            *management_routes(parts),
        ],
        middleware=[
            Middleware(UnreadBodies),
            Middleware(ForwardedClients, proxies=settings.proxies),
            Middleware(RequestIds),
            *([Middleware(RequestHosts, settings.unreachable_urls)] if settings.unreachable_urls else ()),
            Middleware(CanonicalPaths),
            Middleware(SharedWithPages),
            Middleware(OperationsPort, routes=[status.health_route(), *operations], port=settings.operations_port),
        ],
        exception_handlers=HANDLERS,
        lifespan=_lifespan(parts, {STATE: fast_path, CONNECTIONS: Connections(settings.max_connections)}),
    )


def _lifespan(parts: Parts, state: dict[str, object]) -> Lifespan[Starlette]:
    """Open and close the application, with its background tasks in between. ``state`` is for connections."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, object]]:
        await parts.prepare()
        await parts.foundation.sweep()
        failures = parts.foundation.counters.failures
        tasks = [asyncio.ensure_future(keep_running(run, failures)) for run in parts.background]
        try:
            yield state
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await parts.foundation.close()

    return lifespan
