"""Repeats: a request that is sent again gets the answer that it got before, and does nothing more.

A client that lost the answer to a release cannot know whether it happened. So it sends an
``Idempotency-Key`` of its own making, and with the same key again. The answer is recorded in the
transaction that records the release: either both are there or neither, whenever the process is
killed. A repeat that arrives while the first is under way does the same work, but only one of the two
can commit; the other one's transaction is undone, and it answers what the first one answered. So
nobody waits for a request that was cut off, and no lock outlives its process.

Refusals are not recorded: they changed nothing, and what was refused may succeed later. Nor is any
answer that holds a secret: only releases, promotions, rollbacks and changes of rollouts can be repeated this way.

A digest of what was sent is recorded beside the answer, so that a key that is used again for something
else gets an error, and not the answer to what it was used for before.
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
"""For how long an answer is given again."""

ReceiptOf: TypeAlias = "Callable[[Records, T], Awaitable[None]]"
"""Called within the transaction that makes or changes something, with what it made."""

Receipt: TypeAlias = "ReceiptOf[Package]"
"""The receipt of a release."""


class IdempotencyKey(Struct, frozen=True):
    """A request that may be a retry.

    Attributes:
        account_id: account that sent it.
        route: method and path.
        key: idempotency key that the client chose.
        digest: digest of its content; that of a retry is the same.

    """

    account_id: int
    route: str
    key: str
    digest: str


async def digest(*values: Struct | None, file: Path | None = None) -> str:
    """Return a digest of what a request holds: values, such as the settings of a release, and the uploaded file.

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
    """Answering a request once, however often it is sent."""

    def __init__(self, store: Store, *, clock: Clock = now) -> None:
        self._store = store
        self._clock = clock

    async def once(
        self,
        request: IdempotencyKey,
        act: Callable[[ReceiptOf[T]], Awaitable[T]],
        answer: Callable[[T], ResponseRecord],
    ) -> ResponseRecord:
        """Do what is asked unless it was done, and return the answer to it.

        Args:
            request: which request it is.
            act: does what is asked, and hands what it made to the receipt before it commits.
            answer: makes the answer from what was made.

        Raises:
            KeyReusedError: a request with this key succeeded with other content.
            ServiceError: what ``act`` raises, unless a request with this key succeeded meanwhile.

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

    async def knows(self, account_id: int, route: str, key: str) -> bool:
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
