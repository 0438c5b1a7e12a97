"""Requests that make a release: each is carried out once, however often it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from codepush.server.services.releasing.idempotency import IdempotencyKey
from codepush.server.web.management.responses import json_answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from codepush.models import Package
    from codepush.server.ports.responses import ResponseRecord
    from codepush.server.services.caller import Caller
    from codepush.server.services.releasing.idempotency import Idempotency, Receipt

__all__ = ["Attempt", "Attempts"]


class Attempt(NamedTuple):
    """One request to make a release; a client may send it several times.

    Attributes:
        key: what all of these requests have in common; ``None`` if the client cannot repeat the request.
        digest: returns a digest of the content, which is that of the first request.
        release: makes the release, and passes it to the receipt before the commit.
        response: returns the response that shows the release.

    """

    key: str | None
    digest: Callable[[], Awaitable[str]]
    release: Callable[[Receipt | None], Awaitable[Package]]
    response: Callable[[Package], ResponseRecord]


class Attempts:
    """Carries out each attempt once, and repeats its response to retries."""

    def __init__(self, idempotency: Idempotency) -> None:
        self._idempotency = idempotency

    async def respond(self, request: Request, caller: Caller, attempt: Attempt) -> Response:
        """Return the response to an attempt, which is that of the first successful one.

        Raises:
            ServiceError: see `Idempotency.once`.

        """
        if attempt.key is None:
            record = attempt.response(await attempt.release(None))
        else:
            key = IdempotencyKey(caller.account.id, _route(request), attempt.key, await attempt.digest())
            record = await self._idempotency.once(key, attempt.release, attempt.response)
        return json_answer(record.body, record.status, location=record.location or None)

    async def knows(self, request: Request, caller: Caller, key: str) -> bool:
        """Return whether the response to an attempt with this key is recorded, whatever its content."""
        return await self._idempotency.knows(caller.account.id, _route(request), key)


def _route(request: Request) -> str:
    """Return the name of a request's route under which responses are recorded."""
    return f"{request.method} {request.scope['path']}"
