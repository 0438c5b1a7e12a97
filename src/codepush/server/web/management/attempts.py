"""Requests that create a release or change a rollout: each is executed once, however often it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

from codepush.server.services.errors import InvalidError
from codepush.server.services.releasing.idempotency import IdempotencyKey
from codepush.server.web.management.responses import json_answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from codepush.server.ports.responses import ResponseRecord
    from codepush.server.services.caller import Caller
    from codepush.server.services.releasing.idempotency import Idempotency, ReceiptOf

__all__ = ["Attempt", "Attempts", "key_of"]

T = TypeVar("T")

_KEY_LENGTH: Final = 255


class Attempt(NamedTuple, Generic[T]):
    """A request to create or change something; a client may send it several times.

    Attributes:
        key: The key that all of these requests share; ``None`` if the client cannot retry the request.
        digest: Returns a digest of the content, which is that of the first request.
        act: Executes the request, and passes the result to the receipt before the commit.
        response: Returns the response for the result.

    """

    key: str | None
    digest: Callable[[], Awaitable[str]]
    act: Callable[[ReceiptOf[T] | None], Awaitable[T]]
    response: Callable[[T], ResponseRecord]


class Attempts:
    """Executes each attempt once, and repeats its response to retries."""

    def __init__(self, idempotency: Idempotency) -> None:
        self._idempotency = idempotency

    async def respond(self, request: Request, caller: Caller, attempt: Attempt[T]) -> Response:
        """Return the response to an attempt, which is that of the first successful one.

        Raises:
            ServiceError: As in `Idempotency.once`.

        """
        if attempt.key is None:
            record = attempt.response(await attempt.act(None))
        else:
            key = IdempotencyKey(caller.account.id, _route(request), attempt.key, await attempt.digest())
            record = await self._idempotency.once(key, attempt.act, attempt.response)
        return json_answer(record.body, record.status, location=record.location or None)

    async def is_recorded(self, request: Request, caller: Caller, key: str) -> bool:
        """Return whether the response to an attempt with this key is recorded, whatever its content."""
        return await self._idempotency.is_recorded(caller.account.id, _route(request), key)


def key_of(request: Request) -> str | None:
    """Return the key that a client sends so that it can retry the request.

    Raises:
        InvalidError: It is empty or too long.

    """
    key = request.headers.get("idempotency-key")
    if key is not None and not 1 <= len(key) <= _KEY_LENGTH:
        raise InvalidError(
            f"Idempotency-Key: send 1 to {_KEY_LENGTH} characters, different for every request.",
            code="invalid_idempotency_key",
        )
    return key


def _route(request: Request) -> str:
    """Return the name of a request's route under which responses are recorded."""
    return f"{request.method} {request.scope['path']}"
