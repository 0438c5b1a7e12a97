"""Background jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["JobCounts", "JobKind", "JobRecord", "Jobs"]


JobKind: TypeAlias = Literal["diff", "repack"]
"""Creating a diff to a package, or recompressing a package. The database may hold other kinds of a newer version."""


class JobCounts(Struct, frozen=True, kw_only=True):
    """The number of jobs of all kinds by state, and when the oldest unfinished one was added.

    Finished jobs are deleted; jobs that failed permanently are kept. ``oldest`` is ``None`` when no job is waiting
    or running.
    """

    waiting: int = 0
    running: int = 0
    failed: int = 0
    oldest: int | None = None


class JobRecord(Struct, frozen=True, kw_only=True):
    """A claimed job.

    ``payload`` is a JSON text whose shape depends on the kind. The first ``attempt`` is 1.
    """

    id: int
    kind: JobKind
    payload: str
    attempt: int


class Jobs(Protocol):
    """Background jobs, each run by one worker at a time.

    A claim is a lease. When it has run out, another worker can claim the job, so a job may run twice; only its
    current owner can record its outcome.
    """

    async def add(self, kind: JobKind, payload: str, *, dedupe_key: str, at: int) -> None:
        """Add a job unless one with this key is waiting, running or has failed permanently."""

    async def claim(self, owner: str, kinds: Collection[JobKind], *, now: int, lease_until: int) -> JobRecord | None:
        """Claim the job of these kinds that has waited longest; return ``None`` when none is due."""

    async def next_due(self, kinds: Collection[JobKind]) -> int | None:
        """Return when the next job of these kinds can be claimed, perhaps in the past; ``None`` when none is left."""

    async def counts(self) -> JobCounts:
        """Return the number of jobs of all kinds."""

    async def extend(self, job_id: int, owner: str, *, lease_until: int) -> None:
        """Renew the owner's lease on a job."""

    async def finish(self, job_id: int, owner: str) -> None:
        """Delete a job that succeeded."""

    async def retry(self, job_id: int, owner: str, error: str, *, at: int) -> None:
        """Let a job that failed wait for another attempt."""

    async def fail(self, job_id: int, owner: str, error: str) -> None:
        """Keep a job that failed permanently, with its error; it cannot be claimed again."""

    async def give_back(self, owner: str) -> None:
        """Return all jobs of an owner to the queue, as if they had not been claimed."""
