"""Health checks: ``/``, ``/health``, ``/ready``, and App Center's equivalents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response

from codepush.server.services.upkeep.health import OK
from codepush.server.web.paths import exact_route, route
from codepush.server.web.problems import plain
from codepush.wire.public import PUBLIC

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import Route

    from codepush.server.services.upkeep.health import Health

__all__ = ["StatusRoutes"]


class StatusRoutes:
    """Serves the health checks, without authentication."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            route(PUBLIC["welcome"].path, self._welcome),
            route(PUBLIC["health"].path, self._alive),
            route(PUBLIC["service_status"].path, self._status),
        ]

    def ready_route(self) -> Route:
        """Return the route for load balancers."""
        return exact_route(PUBLIC["ready"].path, self._ready)

    def health_route(self) -> Route:
        """Return the route for supervisors on a separate port for operators."""
        return exact_route(PUBLIC["health"].path, self._alive)

    async def _welcome(self, _: Request) -> Response:
        return plain("Welcome to the CodePush REST API!")

    async def _alive(self, _: Request) -> Response:
        return plain("Healthy")

    async def _status(self, _: Request) -> Response:
        return JSONResponse({"code": "OK", "message": "The service is up."}, headers={"Cache-Control": "no-cache"})

    async def _ready(self, _: Request) -> Response:
        parts = await self._health.parts()
        ready = all(state == OK for state in parts.values())
        body = {"status": "ready" if ready else "unavailable", **parts}
        return JSONResponse(body, 200 if ready else 503, headers={"Cache-Control": "no-cache"})
