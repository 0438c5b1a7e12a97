"""What each kind of job does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from codepush.server.services.packages import diffs, repacking

if TYPE_CHECKING:
    from codepush.server.services.packages.diffs import Diffs
    from codepush.server.services.packages.repacking import Repacking

__all__ = ["Handler", "Handlers", "handlers"]

Handler: TypeAlias = Callable[[str], Awaitable[None]]
"""Does a job, given its payload. It may be interrupted anywhere and called again, so it has to be idempotent."""

Handlers: TypeAlias = Mapping[str, Handler]
"""What to do for each kind of job."""


def handlers(to_diff: Diffs, to_repack: Repacking) -> Handlers:
    """Return what to do for every kind of job there is."""

    async def diff(payload: str) -> None:
        await to_diff.make(msgspec.json.decode(payload, type=diffs.DiffJob))

    async def repack(payload: str) -> None:
        await to_repack.repack(msgspec.json.decode(payload, type=repacking.RepackJob))

    return {diffs.KIND: diff, repacking.KIND: repack}
