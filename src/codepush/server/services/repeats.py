"""Repeats: a request that is sent again gets the answer that it got before, and does nothing more.

A client that lost the answer to a release cannot know whether it happened. So it sends an
``Idempotency-Key`` of its own making, and with the same key again. The answer is recorded in the
transaction that records the release: either both are there or neither, whenever the process is
killed. A repeat that arrives while the first is under way does the same work, but only one of the two
can commit; the other one's transaction is undone, and it answers what the first one answered. So
nobody waits for a request that was cut off, and no lock outlives its process.

Refusals are not recorded: they changed nothing, and what was refused may succeed later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct

from codepush.server.ports import AlreadyExistsError
from codepush.server.services.clock import Clock, now
from codepush.server.services.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from codepush.models import Package
    from codepush.server.ports import AnswerRecord, Records, Store

__all__ = ["Receipt", "Repeatable", "Repeats"]

KEPT_MS: Final = 24 * 60 * 60 * 1000
"""For how long an answer is given again."""

Receipt: TypeAlias = "Callable[[Records, Package], Awaitable[None]]"
"""Called within the transaction that makes a release, with what it made."""


class Repeatable(Struct, frozen=True):
    """What tells a request from others: who sent it, what it asks for, and the key that its sender made up."""

    account_id: int
    route: str
    key: str


class Repeats:
    """Answering a request once, however often it is sent."""

    def __init__(self, store: Store, *, clock: Clock = now) -> None:
        self._store = store
        self._clock = clock

    async def once(
        self,
        request: Repeatable,
        act: Callable[[Receipt], Awaitable[Package]],
        answer: Callable[[Package], AnswerRecord],
    ) -> AnswerRecord:
        """Do what is asked unless it was done, and return the answer to it.

        Args:
            request: which request it is.
            act: does what is asked, and hands what it made to the receipt before it commits.
            answer: makes the answer from what was made.

        Raises:
            ServiceError: what ``act`` raises, unless a request of this name succeeded meanwhile.

        """

        async def receipt(records: Records, package: Package) -> None:
            at = self._clock()
            await records.answers.forget(until=at - KEPT_MS)
            await records.answers.add(request.account_id, request.route, request.key, answer(package), at=at)

        if (given := await self._given(request)) is not None:
            return given
        try:
            return answer(await act(receipt))
        except (AlreadyExistsError, ServiceError):
            if (given := await self._given(request)) is not None:
                return given
            raise

    async def _given(self, request: Repeatable) -> AnswerRecord | None:
        async with self._store.read() as records:
            return await records.answers.given(
                request.account_id, request.route, request.key, since=self._clock() - KEPT_MS
            )
