"""Receiving a release: a multipart body, streamed to a file and never in memory as a whole."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio
from msgspec import Struct
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from codepush.server.services.errors import InvalidError, TooLargeError
from codepush.server.services.releasing.workspace import Workspace
from codepush.server.tracing import NO_SPANS, Spans

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from anyio import AsyncFile
    from starlette.requests import Request


__all__ = ["ReleaseForm", "UploadRoom", "receive_release"]

_FILE_PART: Final = "package"
_INFO_PART: Final = "packageInfo"

_INFO_LIMIT: Final = 256 * 1024
"""Limit on the packageInfo part, in bytes. Its longest field, the description, has at most 10 000 characters."""

_PARTS_LIMIT: Final = 16
_OVERHEAD: Final = 1024 * 1024
"""Bytes of a body besides the file: part headers, packageInfo, and unknown parts."""

_MEGABYTE: Final = 1024 * 1024


class ReleaseForm(Struct, frozen=True):
    """A received release: the path of its file, and the text of its packageInfo (empty if not sent)."""

    package: Path
    package_info: bytes


class UploadRoom(Struct, frozen=True):
    """Resources for receiving uploads: the workspace, the size limit (in units of 1 048 576 bytes), and the trace."""

    workspace: Workspace
    limit_mb: int
    spans: Spans = NO_SPANS

    @property
    def most_bytes(self) -> int:
        """Maximum size of a body, in bytes."""
        return self.limit_mb * _MEGABYTE + _OVERHEAD


@asynccontextmanager
async def receive_release(request: Request, room: UploadRoom, *, account_id: int) -> AsyncIterator[ReleaseForm]:
    """Receive the parts of a release, in either order; the file is removed when the block ends.

    Args:
        request: The request, its body not yet read.
        room: The workspace and its limits.
        account_id: The account that uploads it.

    Raises:
        TooManyError, NoRoomError: As in `Workspace.upload_in_turn`.
        TooLargeError: The file or the body exceeds the limit, or declares that it will.
        InvalidError: The body is not such a form, is truncated, or has no file.

    """
    parser = _parser(request)
    size = _declared(request, room)
    async with room.workspace.upload_in_turn(account_id, size) as folder:
        path = folder / "upload"
        async with await anyio.open_file(path, "xb") as file:
            parts = _Parts(file, room.limit_mb)
            try:
                with room.spans.span("release.receive"):
                    await _feed(parser, request, parts, most=room.most_bytes)
            except MultipartError as error:
                raise InvalidError(f"The upload is not readable: {error}.", code="invalid_upload") from error
        if not parts.has_file:
            raise _no_file()
        yield ReleaseForm(path, bytes(parts.package_info))


class _Parts:
    """The parts received so far."""

    def __init__(self, file: AsyncFile[bytes], limit_mb: int) -> None:
        self.has_file = False
        self.package_info = bytearray()
        self._file = file
        self._limit_mb = limit_mb
        self._part: str | None = None

    def begin(self, segment: MultipartSegment) -> None:
        if segment.name == _FILE_PART:
            if self.has_file:
                raise InvalidError("The upload holds more than one package; send one.", code="invalid_upload")
            self.has_file = True
        self._part = segment.name

    async def add(self, chunk: bytes | bytearray, received: int) -> None:
        if self._part == _FILE_PART:
            if received > self._limit_mb * _MEGABYTE:
                raise _too_large(self._limit_mb)
            await self._file.write(chunk)
        elif self._part == _INFO_PART:
            if received > _INFO_LIMIT:
                raise InvalidError("packageInfo is too long.", code="invalid_upload", field=_INFO_PART)
            self.package_info += chunk


async def _feed(parser: PushMultipartParser, request: Request, parts: _Parts, *, most: int) -> None:
    """Read the body up to a limit, including bytes that belong to no part."""
    segment: MultipartSegment | None = None
    received = 0
    with parser:
        async for chunk in request.stream():
            if not chunk:
                break
            received += len(chunk)
            if received > most:
                raise _too_long(most)
            for event in parser.parse(chunk):
                if isinstance(event, MultipartSegment):
                    segment = event
                    parts.begin(segment)
                elif event is not None and segment is not None:
                    await parts.add(event, segment.bytes_received)


def _parser(request: Request) -> PushMultipartParser:
    content_type, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get("boundary")
    if content_type != "multipart/form-data" or not boundary:
        raise _no_file()
    return PushMultipartParser(boundary, max_segment_count=_PARTS_LIMIT)


def _declared(request: Request, room: UploadRoom) -> int:
    """Return the declared size of the body; the limit if it declares none."""
    declared = request.headers.get("content-length", "")
    size = int(declared) if declared.isdecimal() else room.most_bytes
    if size > room.most_bytes:
        raise _too_large(room.limit_mb)
    return size


def _too_long(most: int) -> TooLargeError:
    return TooLargeError(
        f"The body of the request is larger than {most} bytes. Send only the package and packageInfo.",
        code="body_too_large",
    )


def _too_large(limit_mb: int) -> TooLargeError:
    return TooLargeError(
        f"The uploaded file is larger than the size limit of {limit_mb} megabytes.",
        code="package_too_large",
        field=_FILE_PART,
    )


def _no_file() -> InvalidError:
    return InvalidError("A deployment package must include a file.", code="no_package", field=_FILE_PART)
