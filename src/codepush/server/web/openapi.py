"""The OpenAPI document, for developers of clients (``/openapi.json``)."""

from __future__ import annotations

from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING

from starlette.responses import Response

from codepush.server.web.paths import route
from codepush.wire import messages
from codepush.wire.public import PUBLIC

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import Route

__all__ = ["OpenApiRoutes"]


class OpenApiRoutes:
    """Serves the OpenAPI document, without authentication."""

    def routes(self) -> list[Route]:
        """Return the one route."""
        return [route(PUBLIC["openapi"].path, self._document)]

    @cached_property
    def _body(self) -> bytes:
        # Imported late: it is rarely requested, and would delay the start.
        from codepush.wire.openapi import document

        return messages.encode_json(document(version("codepush")))

    async def _document(self, _: Request) -> Response:
        return Response(self._body, headers={"Cache-Control": "no-cache"}, media_type=messages.JSON_TYPE)
