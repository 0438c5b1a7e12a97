"""Lanes: kinds of jobs that share one worker per process, so that a slow job delays only its own lane."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

import msgspec
from msgspec import Struct

from codepush.server.ports.jobs import JobKind
from codepush.server.services.packages import diffs, repacking

if TYPE_CHECKING:
    from codepush.server.services.packages.diffs import Diffs
    from codepush.server.services.packages.repacking import Repacking

__all__ = ["Handler", "Handlers", "Lane", "lanes"]

Handler: TypeAlias = Callable[[str], Awaitable[None]]
"""Runs a job, given its payload. A run can stop anywhere and start again, so a handler has to be idempotent."""

Handlers: TypeAlias = Mapping[JobKind, Handler]
"""The handler of each kind of job."""


class Lane(Struct, frozen=True):
    """A named set of job kinds, each with its handler."""

    name: str
    handlers: Handlers


def lanes(to_diff: Diffs, to_repack: Repacking) -> tuple[Lane, ...]:
    """Return every lane of this version. Each kind of job belongs to one of them."""

    async def diff(payload: str) -> None:
        await to_diff.make(msgspec.json.decode(payload, type=diffs.DiffJob))

    async def repack(payload: str) -> None:
        await to_repack.repack(msgspec.json.decode(payload, type=repacking.RepackJob))

    return (Lane("packing", {diffs.KIND: diff, repacking.KIND: repack}),)
