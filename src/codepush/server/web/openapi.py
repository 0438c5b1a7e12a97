"""The OpenAPI document, for those who write clients (``/openapi.json``)."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from starlette.responses import Response

from codepush.server.web.paths import route
from codepush.wire import messages
from codepush.wire.openapi import document

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import Route

__all__ = ["OpenApiDoor"]


class OpenApiDoor:
    """Shows what can be asked of the server; nobody needs a key for it."""

    def __init__(self) -> None:
        self._body = messages.encode_json(document(version("codepush")))

    def routes(self) -> list[Route]:
        """Return the one route."""
        return [route("/openapi.json", self._document)]

    async def _document(self, _: Request) -> Response:
        return Response(self._body, headers={"Cache-Control": "no-cache"}, media_type=messages.JSON_TYPE)
