"""``GET /metrics``: what operators' tools watch.

What writes it for Prometheus is loaded when somebody asks for the first time: most of a start is imports.
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
    """Tells those who watch the server its numbers; nobody needs a key for them."""

    def __init__(self, overview: Overview) -> None:
        self._overview = overview

    def routes(self) -> list[Route]:
        """Return the one route."""
        return [exact_route(PUBLIC["prometheus"].path, self._numbers)]

    async def _numbers(self, _: Request) -> Response:
        from codepush.server.web.prometheus import exposed

        body, content_type = exposed(await self._overview.now())
        return Response(body, headers={"Content-Type": content_type, "Cache-Control": "no-cache"})
