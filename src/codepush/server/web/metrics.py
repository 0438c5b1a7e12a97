"""``GET /metrics``: metrics for monitoring.

The Prometheus exporter is imported on first use, because imports take most of the start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from codepush.server.web.paths import exact_route
from codepush.wire.public import PUBLIC

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import Route

    from codepush.server.services.upkeep.overview import Overview

__all__ = ["MetricsRoutes"]


class MetricsRoutes:
    """Serves the metrics, without authentication."""

    def __init__(self, overview: Overview) -> None:
        self._overview = overview

    def routes(self) -> list[Route]:
        """Return the one route."""
        return [exact_route(PUBLIC["prometheus"].path, self._numbers)]

    async def _numbers(self, _: Request) -> Response:
        from codepush.server.web.prometheus import exposed

        body, content_type = exposed(await self._overview.now())
        return Response(body, headers={"Content-Type": content_type, "Cache-Control": "no-cache"})
