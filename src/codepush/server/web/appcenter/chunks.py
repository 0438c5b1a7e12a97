"""Routes of uploads in chunks, as App Center's clients send them (App Center v0.1 management API, section 4).

They need no access key: the token in the query is the only credential, and is valid for one upload. So queries are
never logged.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeAlias

import anyio
from starlette.requests import Request
from starlette.responses import Response

from codepush.server.services.errors import InvalidError, TooLargeError, UnauthenticatedError
from codepush.server.services.packages.drafts import draft
from codepush.server.services.releasing.uploads import Ticket
from codepush.server.web.auth import limited_address
from codepush.server.web.binding import bind
from codepush.server.web.management.responses import json_answer
from codepush.server.web.timelimits import at_most
from codepush.wire.appcenter import uploads as wire
from codepush.wire.appcenter.routes import UPLOADS

if TYPE_CHECKING:
    from typing import BinaryIO

    from starlette.routing import Route

    from codepush.server.services.releasing.uploads import Uploads
    from codepush.server.services.releasing.workspace import Workspace
    from codepush.server.web.ratelimits import RateLimit
    from codepush.wire.routes import Route as Row

__all__ = ["ChunkRoutes"]

ChunkHandler: TypeAlias = Callable[[Request, Ticket], Awaitable[Response]]

_NUMBER: Final = re.compile(r"[0-9]{1,15}")


class ChunkRoutes:
    """Handlers for upload clients.

    Args:
        uploads: The service.
        workspace: The folder for receiving chunks.
        rate_limit: Limit on requests from one address; ``None`` for no limit.
        request_seconds: Time limit of a request.

    """

    def __init__(
        self, uploads: Uploads, *, workspace: Workspace, rate_limit: RateLimit | None, request_seconds: float
    ) -> None:
        self._uploads = uploads
        self._workspace = workspace
        self._rate_limit = rate_limit
        self._request_seconds = request_seconds

    def routes(self) -> list[Route]:
        """Return the routes."""
        handlers = {
            "describe_upload": self._set_metadata,
            "send_chunk": self._upload_chunk,
            "finish_upload": self._finished,
            "cancel_upload": self._cancel,
            "get_upload": self._status,
            "ask_upload": self._status,
        }
        return bind(UPLOADS, handlers, self._admitted)

    def _admitted(self, row: Row, handler: ChunkHandler) -> Callable[[Request], Awaitable[Response]]:
        async def admitted(request: Request) -> Response:
            if self._rate_limit is not None:
                self._rate_limit.check(limited_address(request))
            async with at_most(self._request_seconds * row.timeout_factor):
                return await handler(request, _ticket(request))

        return admitted

    async def _set_metadata(self, request: Request, ticket: Ticket) -> Response:
        size, name = _number(request, "file_size"), _value(request, "file_name")
        try:
            upload = await self._uploads.describe(ticket, file_name=name, size=size)
        except TooLargeError as error:
            return json_answer(wire.refused_body(error.message))
        return json_answer(wire.metadata_body(upload.id, size=upload.size, chunk_size=upload.chunk_size))

    async def _upload_chunk(self, request: Request, ticket: Ticket) -> Response:
        number = _number(request, "block_number")
        expected = await self._uploads.expect(ticket, number)
        _refuse_declared(request, expected.size)
        with draft(self._workspace.chunk(expected.account_id, expected.size)) as received:
            await _receive(request, received.file, expected.size)
            await self._uploads.add_chunk(ticket, number, received.path)
        return json_answer(wire.chunk_body(number))

    async def _finished(self, _: Request, ticket: Ticket) -> Response:
        return json_answer(wire.finished_body(await self._uploads.finish(ticket)))

    async def _cancel(self, _: Request, ticket: Ticket) -> Response:
        await self._uploads.cancel(ticket)
        return json_answer(wire.cancelled_body())

    async def _status(self, _: Request, ticket: Ticket) -> Response:
        status = await self._uploads.status(ticket)
        upload = status.upload
        return json_answer(
            wire.status_body(upload.id, upload.state, chunk_size=upload.chunk_size, missing=status.missing)
        )


def _ticket(request: Request) -> Ticket:
    token = _value(request, "token")
    if not token:
        raise UnauthenticatedError("Send the token of the upload in the query.", code="no_upload_token")
    return Ticket(request.path_params["upload"], token)


def _value(request: Request, name: str) -> str:
    """Return a query parameter, whose name matches in any letter case; clients differ in ``file_Size``."""
    given = [value for key, value in request.query_params.multi_items() if key.lower() == name]
    return given[0] if given else ""


def _number(request: Request, name: str) -> int:
    value = _value(request, name)
    if not _NUMBER.fullmatch(value):
        raise InvalidError(f"{name} must be a whole number.", code="invalid_upload", field=name)
    return int(value)


async def _receive(request: Request, file: BinaryIO, most: int) -> None:
    received = 0
    writing = anyio.wrap_file(file)
    async for piece in request.stream():
        received += len(piece)
        if received > most:
            raise _too_large(most)
        await writing.write(piece)
    await writing.flush()


def _refuse_declared(request: Request, most: int) -> None:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise _too_large(most)


def _too_large(most: int) -> TooLargeError:
    return TooLargeError(f"This chunk must have {most} bytes, and is larger.", code="chunk_too_large")
