"""Downloads: ``/blobs/<id>``, with what Android phones insist on.

They refuse a body without a correct ``Content-Length`` and ask for it uncompressed (packages,
section 5). A blob never changes, so every cache may keep it for ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.responses import FileResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from codepush.server.ports import LocalFile
from codepush.server.web.problems import plain

if TYPE_CHECKING:
    from starlette.requests import Request

    from codepush.server.services.downloads import Downloads

__all__ = ["DownloadDoor"]

_FOR_EVER: Final = "public, max-age=31536000, immutable"


class DownloadDoor:
    """Serves archives to phones."""

    def __init__(self, downloads: Downloads) -> None:
        self._downloads = downloads

    def routes(self) -> list[Route]:
        """Return the one route; HEAD and byte ranges are answered too."""
        return [Route("/blobs/{blob_id}", self._download)]

    async def _download(self, request: Request) -> Response:
        blob_id = request.path_params["blob_id"]
        location = await self._downloads.locate(blob_id)
        if location is None:
            return plain("Not Found", 404)
        headers = {"Cache-Control": _FOR_EVER, "ETag": f'"{blob_id}"', "X-Content-Type-Options": "nosniff"}
        if isinstance(location, LocalFile):
            return FileResponse(location.path, headers=headers, media_type="application/octet-stream")
        if location.signed is not None:
            return RedirectResponse(location.signed.url, 302, headers={"Cache-Control": "no-cache"})
        headers["Content-Length"] = str(location.size)
        return StreamingResponse(location.read(0, location.size), headers=headers)
