"""Downloads: ``/blobs/<id>``, with the headers that devices require.

Android devices reject a body without a correct ``Content-Length``, and request it uncompressed (packages, section 5).
They follow a redirect if it leads to the same scheme; even the oldest support 302. A blob never changes, so caches may
keep it for ever, but a redirect only for much less time than its URL is valid.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from anyio import CapacityLimiter
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from codepush.server.ports.blobs import LocalFile
from codepush.server.ports.errors import MissingError
from codepush.server.web.addresses import counted_address
from codepush.server.web.auth import address
from codepush.server.web.problems import plain
from codepush.server.web.ranges import ByteRange, UnsatisfiableError, pick_range
from codepush.server.web.sending import begun, file_pieces
from codepush.wire.public import PUBLIC

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from codepush.server.counters import Downloads as Counts
    from codepush.server.ports.blobs import BlobLocation
    from codepush.server.services.phones.downloads import Downloads

__all__ = ["DownloadRoutes"]

_FOR_EVER: Final = "public, max-age=31536000, immutable"
_TYPE: Final = "application/octet-stream"
_RETRY_SECONDS: Final = 10

_READERS: Final = 4
"""Archives that are read at the same time. Many threads at once would delay update checks."""


class DownloadRoutes:
    """Serves archives to devices.

    Args:
        downloads: Locates archives.
        counts: Counter of requests by result.
        accel_redirect: The internal location of nginx that serves the folder of archives, if there is one.
        per_address: Maximum number of concurrent downloads from one address.

    """

    def __init__(
        self, downloads: Downloads, counts: Counts, *, accel_redirect: str = "", per_address: int = 256
    ) -> None:
        self._downloads = downloads
        self._running = _Running(per_address)
        self._limiter = CapacityLimiter(_READERS)
        self._counts = counts
        self._accel_redirect = accel_redirect

    def routes(self) -> list[Route]:
        """Return the one route; it supports HEAD and byte ranges."""
        return [Route(PUBLIC["download"].path, self._download)]

    async def _download(self, request: Request) -> Response:
        answer = await self._answer(request)
        if answer.status_code == HTTPStatus.NOT_FOUND:
            self._counts.missing += 1
        elif answer.status_code == HTTPStatus.FOUND:
            self._counts.redirected += 1
        elif answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
            self._counts.served += 1
        return answer

    async def _answer(self, request: Request) -> Response:
        blob_id = request.path_params["blob_id"]
        found = await self._downloads.locate(blob_id)
        if found is None:
            return plain("Not Found", 404)
        headers = {
            "Cache-Control": _FOR_EVER,
            "ETag": f'"{blob_id}"',
            "Accept-Ranges": "bytes",
            "X-Content-Type-Options": "nosniff",
        }
        if _is_known(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        # A signed URL is valid for GET only.
        if request.method == "GET" and not isinstance(found, LocalFile) and found.signed is not None:
            caching = f"public, max-age={found.signed.seconds}"
            return RedirectResponse(found.signed.url, 302, headers={"Cache-Control": caching})
        if isinstance(found, LocalFile) and self._accel_redirect:
            del headers["Accept-Ranges"]  # nginx adds its own
            headers["X-Accel-Redirect"] = f"{self._accel_redirect}/{found.name}"
            return Response(headers=headers, media_type=_TYPE)
        try:
            return await self._send(request, found, headers)
        except (MissingError, FileNotFoundError):  # removed concurrently
            return plain("Not Found", 404)

    async def _send(self, request: Request, found: BlobLocation, headers: Mapping[str, str]) -> Response:
        try:
            part = _part(request, found.size, headers["ETag"])
        except UnsatisfiableError:
            answer = plain("There are no such bytes.", 416)
            answer.headers["Content-Range"] = f"bytes */{found.size}"
            return answer
        sent = part or ByteRange(0, found.size)
        length = {"Content-Length": str(sent.end - sent.start)}
        if part is not None:
            length["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{found.size}"
        status = 200 if part is None else 206
        if request.method == "HEAD":
            return Response(status_code=status, headers={**headers, **length}, media_type=_TYPE)
        done = self._running.begin(counted_address(address(request)))
        if done is None:
            return _too_many()
        try:
            pieces = await begun(self._pieces(found, sent))
        except BaseException:
            done()
            raise
        return _Download(pieces, status, {**headers, **length}, done)

    def _pieces(self, found: BlobLocation, part: ByteRange) -> AsyncIterator[bytes]:
        if isinstance(found, LocalFile):
            return file_pieces(found.path, part.start, part.end, limiter=self._limiter)
        return found.read(part.start, part.end)


class _Running:
    """The downloads in progress, by address; addresses without a limit are not counted."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._counts: dict[str, int] = {}

    def begin(self, address: str | None) -> Callable[[], None] | None:
        """Count a download and return a function that ends it; ``None`` if the address has too many already."""
        if address is None:
            return lambda: None
        count = self._counts.get(address, 0)
        if count >= self._most:
            return None
        self._counts[address] = count + 1
        return lambda: self._end(address)

    def _end(self, address: str) -> None:
        self._counts[address] -= 1
        if not self._counts[address]:
            del self._counts[address]


class _Download(StreamingResponse):
    """A download; ``done`` is called when it ends, complete or not."""

    def __init__(
        self, pieces: AsyncIterator[bytes], status: int, headers: Mapping[str, str], done: Callable[[], None]
    ) -> None:
        super().__init__(pieces, status, headers=headers, media_type=_TYPE)
        self._done = done

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._done()


def _too_many() -> Response:
    answer = plain("Too many downloads from this address are in progress. Try again later.", 503)
    answer.headers["Retry-After"] = str(_RETRY_SECONDS)
    return answer


def _is_known(request: Request, etag: str) -> bool:
    """Return whether the client has the blob already."""
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return etag in known or known == ["*"]


def _part(request: Request, size: int, etag: str) -> ByteRange | None:
    """Return the requested part of the blob; ``None`` for the whole blob."""
    condition = request.headers.get("if-range")
    if request.method != "GET" or (condition is not None and condition != etag):
        return None
    return pick_range(request.headers.get("range"), size)
