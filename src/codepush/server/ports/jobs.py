"""Background jobs."""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

__all__ = ["JobCounts", "JobKind", "JobRecord", "Jobs"]


JobKind: TypeAlias = Literal["diff", "repack"]
"""What is done in the background: making a diff to a package, packing a package smaller."""


class JobCounts(Struct, frozen=True, kw_only=True):
    """How many jobs there are, by what becomes of them, and when the oldest of those not done was added.

    Jobs that are done are forgotten, those that have failed for good are kept. ``oldest`` is ``None`` when
    none is waiting or running.
    """

    waiting: int = 0
    running: int = 0
    failed: int = 0
    oldest: int | None = None


class JobRecord(Struct, frozen=True, kw_only=True):
    """Work to be done in the background, as whoever claimed it gets to see it.

    ``payload`` is a JSON text that the kind explains. ``attempt`` is 1 for who does it first.
    """

    id: int
    kind: JobKind
    payload: str
    attempt: int


class Jobs(Protocol):
    """Work to be done in the background, each piece by one worker at a time.

    Who claims a job has a lease on it, and may lose it to another when the lease has run out. So a job
    may be done twice, and only its present owner can say what became of it.
    """

    async def add(self, kind: JobKind, payload: str, *, dedupe_key: str, at: int) -> None:
        """Add a job, unless one with this key is there: waiting, under way, or failed."""

    async def claim(self, owner: str, *, now: int, lease_until: int) -> JobRecord | None:
        """Give the job that has waited longest to an owner; ``None`` when none is to be had now."""

    async def next_due(self) -> int | None:
        """Return when the next job can be claimed, perhaps in the past; ``None`` when none is left to do."""

    async def counts(self) -> JobCounts:
        """Return how many jobs there are."""

    async def extend(self, job_id: int, owner: str, *, lease_until: int) -> None:
        """Let the owner keep a job for longer."""

    async def finish(self, job_id: int, owner: str) -> None:
        """Forget a job that is done."""

    async def retry(self, job_id: int, owner: str, error: str, *, at: int) -> None:
        """Let a job that failed wait for another attempt."""

    async def fail(self, job_id: int, owner: str, error: str) -> None:
        """Keep a job that failed for good, with its error; it is never claimed again."""

    async def give_back(self, owner: str) -> None:
        """Let whatever this owner has claimed wait again, as if it had not been claimed."""
