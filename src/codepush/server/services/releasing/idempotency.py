"""Idempotency: a retried request gets the response of the first one, and changes nothing.

A client that lost the response to a release cannot determine whether the release happened. So it sends an
``Idempotency-Key`` that it generates, and retries with the same key. The response is recorded in the transaction that
records the release: both are stored or neither, even if the process is killed. A retry that arrives during the first
request does the same work, but only one of the two can commit; the other transaction is rolled back, and its request
gets the recorded response. So no request waits for one that was cut off, and no lock outlives its process.

Rejections are not recorded: they changed nothing, and a retry may succeed later. Neither are responses with a secret:
only releases, promotions, rollbacks and changes of rollouts can be retried this way.

A digest of the request is recorded with the response, so that reusing a key for a different request is an error.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

import anyio.to_thread
import msgspec
from msgspec import Struct, structs

from codepush.server.ports.errors import AlreadyExistsError
from codepush.server.services.clock import Clock, now
from codepush.server.services.errors import KeyReusedError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from codepush.models import Package
    from codepush.server.ports.responses import ResponseRecord
    from codepush.server.ports.store import Records, Store

__all__ = ["Idempotency", "IdempotencyKey", "Receipt", "ReceiptOf", "digest"]

T = TypeVar("T")

KEPT_MS: Final = 24 * 60 * 60 * 1000
"""How long a response is repeated."""

ReceiptOf: TypeAlias = "Callable[[Records, T], Awaitable[None]]"
"""Called with the created or changed object, within the transaction."""

Receipt: TypeAlias = "ReceiptOf[Package]"
"""The receipt of a release."""


class IdempotencyKey(Struct, frozen=True):
    """A request that may be a retry.

    Attributes:
        account_id: Account that sent it.
        route: Method and path.
        key: Idempotency key that the client chose.
        digest: Digest of its content; the same in a retry.

    """

    account_id: int
    route: str
    key: str
    digest: str


async def digest(*values: Struct | None, file: Path | None = None) -> str:
    """Return a digest of a request's content: values, such as the settings of a release, and the uploaded file.

    It covers values instead of bytes, because a retry may spell the same JSON and multipart body differently.
    """
    # Digests are recorded: the order of their parts must never change.
    parts = [msgspec.json.encode(value, order="sorted") for value in values if value is not None]
    if file is not None:
        parts.append(await anyio.to_thread.run_sync(_file_digest, file))
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def _file_digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


class Idempotency:
    """Responses to requests that may be retries."""

    def __init__(self, store: Store, *, clock: Clock = now) -> None:
        self._store = store
        self._clock = clock

    async def once(
        self,
        request: IdempotencyKey,
        act: Callable[[ReceiptOf[T]], Awaitable[T]],
        answer: Callable[[T], ResponseRecord],
    ) -> ResponseRecord:
        """Perform a request once, and return its response.

        Args:
            request: The account, route and key that identify the request.
            act: Performs the request; calls the receipt with the result before it commits.
            answer: Returns the response for the result.

        Raises:
            KeyReusedError: A request with this key succeeded with other content.
            ServiceError: ``act`` failed, and no request with this key has succeeded meanwhile.

        """

        def answered(made: T) -> ResponseRecord:
            return structs.replace(answer(made), digest=request.digest)

        async def receipt(records: Records, made: T) -> None:
            at = self._clock()
            await records.responses.forget(until=at - KEPT_MS)
            await records.responses.add(request.account_id, request.route, request.key, answered(made), at=at)

        if (given := await self._given(request)) is not None:
            return given
        try:
            return answered(await act(receipt))
        except (AlreadyExistsError, ServiceError):
            if (given := await self._given(request)) is not None:
                return given
            raise

    async def is_recorded(self, account_id: int, route: str, key: str) -> bool:
        """Return whether the response to a request with this key is recorded, whatever its content."""
        async with self._store.read() as records:
            return await records.responses.given(account_id, route, key, since=self._clock() - KEPT_MS) is not None

    async def _given(self, request: IdempotencyKey) -> ResponseRecord | None:
        async with self._store.read() as records:
            given = await records.responses.given(
                request.account_id, request.route, request.key, since=self._clock() - KEPT_MS
            )
        if given is not None and given.digest not in (None, request.digest):
            raise KeyReusedError(
                "A request with this idempotency key or upload succeeded with other content. Repeat it unchanged, or "
                "use a new key or upload for a new release.",
                code="idempotency_key_reused",
            )
        return given
