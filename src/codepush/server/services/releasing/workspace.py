"""The workspace: where uploads are received and packed, within a byte budget and a limit for each account.

Every upload reserves its bytes before the first one is received, in the name of its work folder. The budget therefore
counts the uploads of all processes that share the workspace, and leftovers of killed processes until they are removed.
"""

from __future__ import annotations

import math
import shutil
from collections import Counter
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

import anyio

from codepush.server.folders import Claim, work_folder
from codepush.server.services.errors import NoRoomError, TooManyError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

__all__ = ["TURN_SECONDS", "UPLOADS_AT_ONCE", "Workspace"]

UPLOADS_AT_ONCE: Final = 2
"""Releases that one account can upload, or have assembled from chunks, at the same time."""

TURN_SECONDS: Final = 10
"""Seconds that a release waits for its turn: the original tools do not retry a few concurrent ones."""

_WAITING: Final = 20
"""Releases of one account that wait for their turn in one process. Further ones are rejected immediately."""

_CHUNKS_AT_ONCE: Final = 50
"""Chunks that one account can send at the same time: 10 for each open upload, as the original clients do."""

_BUSY_SECONDS: Final = 10
_FULL_SECONDS: Final = 30
"""Seconds after which a rejected client should try again."""

_PACKING_POLL: Final = 0.05
_UPLOAD_POLL: Final = 0.25
"""Seconds between two attempts to start packing, or an upload."""

_MEGABYTE: Final = 1024 * 1024

_TOO_MANY: Final = {
    "upload": f"This account is already uploading {UPLOADS_AT_ONCE} releases, the most at the same time. "
    "Retry when one of them is complete.",
    "chunk": f"This account is already sending {_CHUNKS_AT_ONCE} chunks, the most at the same time. "
    "Retry when one of them is complete.",
    "pack": "Another release of this account is being packed. Retry when it is complete.",
}


class Workspace:
    """The folder for uploads of all processes of a server on this machine.

    Args:
        folder: The folder.
        limit_mb: Limit on the reserved bytes of all uploads, in units of 1,048,576 bytes. A single upload that is
            larger is admitted if there is no other.

    """

    def __init__(self, folder: Path, *, limit_mb: int) -> None:
        self.folder = folder
        self._limit_mb = limit_mb
        self._waiting: Counter[int] = Counter()

    def upload(self, account_id: int, size: int) -> AbstractContextManager[Path]:
        """Return a block with a folder for a release of this size and its package.

        Raises:
            TooManyError: The account has the maximum number of releases being uploaded.
            NoRoomError: The workspace or the disk has no room for it.

        """
        return self._reserved("upload", account_id, 2 * size, most=UPLOADS_AT_ONCE)

    def chunk(self, account_id: int, size: int) -> AbstractContextManager[Path]:
        """Return a block with a folder for a chunk of this size; raises as `upload` does."""
        return self._reserved("chunk", account_id, size, most=_CHUNKS_AT_ONCE)

    @asynccontextmanager
    async def upload_in_turn(self, account_id: int, size: int) -> AsyncIterator[Path]:
        """Open the block of `upload`, waiting up to `TURN_SECONDS` for other uploads of the account to complete.

        Raises:
            TooManyError: None of the account's uploads completed in time, or too many others are waiting.
            NoRoomError: The workspace or the disk has no room for it.

        """
        seconds = TURN_SECONDS if self._waiting[account_id] < _WAITING else 0
        with ExitStack() as stack:
            self._waiting[account_id] += 1
            try:
                folder = await _enter(stack, partial(self.upload, account_id, size), seconds, poll=_UPLOAD_POLL)
            finally:
                self._waiting -= Counter([account_id])  # drops counts of 0
            yield folder

    @asynccontextmanager
    async def packing(self, account_id: int) -> AsyncIterator[Path]:
        """Open a block with a folder for packing, as soon as no other release of the account is being packed.

        It reserves nothing, because `upload` did.
        """
        reserve = partial(self._reserved, "pack", account_id, 0, most=1)
        with ExitStack() as stack:
            yield await _enter(stack, reserve, math.inf, poll=_PACKING_POLL)

    def _reserved(self, kind: str, account_id: int, size: int, *, most: int) -> AbstractContextManager[Path]:
        admit = self._admission(kind, account_id, size, most)
        return work_folder(self.folder, kind, account_id=account_id, size=size, admit=admit)

    def _admission(self, kind: str, account_id: int, size: int, most: int) -> Callable[[Sequence[Claim]], None]:
        def admit(claims: Sequence[Claim]) -> None:
            own = [claim for claim in claims if (claim.kind, claim.account_id) == (kind, account_id)]
            if len(own) >= most and sum(claim.is_live() for claim in own) >= most:
                raise TooManyError(_TOO_MANY[kind], code="too_many_uploads", retry_after=_BUSY_SECONDS)
            reserved = sum(claim.size for claim in claims)
            if size and reserved and reserved + size > self._limit_mb * _MEGABYTE:
                raise NoRoomError(
                    f"The uploads in progress use all of the {self._limit_mb} MB that this server has for them. "
                    "Retry later, or raise CODEPUSH_WORKSPACE_LIMIT_MB.",
                    code="workspace_full",
                    retry_after=_FULL_SECONDS,
                )
            if size > shutil.disk_usage(self.folder).free:
                raise NoRoomError(
                    "The disk of this server has no room for the upload. Retry when its administrator has freed some.",
                    code="no_room",
                    retry_after=_FULL_SECONDS,
                )

        return admit


async def _enter(
    stack: ExitStack, reserve: Callable[[], AbstractContextManager[Path]], seconds: float, *, poll: float
) -> Path:
    """Enter a block as soon as the limit allows, trying for this number of seconds."""
    latest = anyio.current_time() + seconds
    while True:
        try:
            return stack.enter_context(reserve())
        except TooManyError:
            if anyio.current_time() >= latest:
                raise
        await anyio.sleep(poll)
