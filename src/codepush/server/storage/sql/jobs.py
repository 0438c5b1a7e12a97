"""Background jobs.

A job is waiting, is running, or has failed permanently; a finished job is deleted.
"""

# ruff: noqa: D102 - the ports describe each method once, for every adapter

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, bindparam, case, delete, func, or_, select, text, update

from codepush.server.ports.jobs import JobCounts, JobRecord
from codepush.server.storage.sql.queries import Queries
from codepush.server.storage.sql.schema import jobs

if TYPE_CHECKING:
    from collections.abc import Collection

    from codepush.server.ports.jobs import JobKind

# ON CONFLICT is spelled the same on SQLite and PostgreSQL, but SQLAlchemy has one construct for each.
ADD: Final = text("""
    INSERT INTO jobs (kind, payload, dedupe_key, state, attempt, run_after, created_at)
    VALUES (:kind, :payload, :dedupe_key, 'waiting', 0, :at, :at)
    ON CONFLICT (dedupe_key) DO NOTHING
""")

_WAITS: Final = jobs.c.state == "waiting"
_RUNS: Final = jobs.c.state == "running"

_OF_KINDS: Final = jobs.c.kind.in_(bindparam("kinds", expanding=True))

_CAN_BE_CLAIMED: Final = or_(
    and_(_WAITS, jobs.c.run_after <= bindparam("now")), and_(_RUNS, jobs.c.lease_until <= bindparam("now"))
)

# SQLite omits FOR UPDATE; on PostgreSQL workers skip rows that another one is claiming.
_NEXT: Final = (
    select(jobs.c.id)
    .where(_OF_KINDS, _CAN_BE_CLAIMED)
    .order_by(jobs.c.run_after, jobs.c.id)
    .limit(1)
    .with_for_update(skip_locked=True)
    .scalar_subquery()
)

CLAIM: Final = (
    update(jobs)
    .where(jobs.c.id == _NEXT)
    .values(state="running", attempt=jobs.c.attempt + 1)
    .returning(jobs.c.id, jobs.c.kind, jobs.c.payload, jobs.c.attempt)
)

NEXT_DUE: Final = select(func.min(case((_WAITS, jobs.c.run_after), else_=jobs.c.lease_until))).where(
    _OF_KINDS, or_(_WAITS, _RUNS)
)

COUNTS: Final = select(jobs.c.state, func.count().label("count"), func.min(jobs.c.created_at).label("oldest")).group_by(
    jobs.c.state
)

# In an UPDATE the name of a column is bound to its new value, so conditions use other names.
_OF_OWNER: Final = and_(_RUNS, jobs.c.owner == bindparam("of_owner"))
_THE_JOB: Final = and_(_OF_OWNER, jobs.c.id == bindparam("job_id"))

EXTEND: Final = update(jobs).where(_THE_JOB)
FINISH: Final = delete(jobs).where(_THE_JOB)
RETRY: Final = update(jobs).where(_THE_JOB).values(state="waiting", owner=None, lease_until=None)
FAIL: Final = update(jobs).where(_THE_JOB).values(state="failed", owner=None, lease_until=None)
GIVE_BACK: Final = (
    update(jobs).where(_OF_OWNER).values(state="waiting", owner=None, lease_until=None, attempt=jobs.c.attempt - 1)
)


class SqlJobs(Queries):
    """Jobs, as :class:`codepush.server.ports.jobs.Jobs` describes them."""

    async def add(self, kind: JobKind, payload: str, *, dedupe_key: str, at: int) -> None:
        await self._run(ADD, kind=kind, payload=payload, dedupe_key=dedupe_key, at=at)

    async def claim(self, owner: str, kinds: Collection[JobKind], *, now: int, lease_until: int) -> JobRecord | None:
        row = await self._first(CLAIM, kinds=tuple(kinds), now=now, owner=owner, lease_until=lease_until)
        return JobRecord(**row) if row else None

    async def next_due(self, kinds: Collection[JobKind]) -> int | None:
        due: int | None = await self._value(NEXT_DUE, kinds=tuple(kinds))
        return due

    async def counts(self) -> JobCounts:
        rows = {row["state"]: row for row in await self._all(COUNTS)}
        oldest = [row["oldest"] for state, row in rows.items() if state != "failed"]
        return JobCounts(**{state: row["count"] for state, row in rows.items()}, oldest=min(oldest, default=None))

    async def extend(self, job_id: int, owner: str, *, lease_until: int) -> None:
        await self._run(EXTEND, job_id=job_id, of_owner=owner, lease_until=lease_until)

    async def finish(self, job_id: int, owner: str) -> None:
        await self._run(FINISH, job_id=job_id, of_owner=owner)

    async def retry(self, job_id: int, owner: str, error: str, *, at: int) -> None:
        await self._run(RETRY, job_id=job_id, of_owner=owner, error=error, run_after=at)

    async def fail(self, job_id: int, owner: str, error: str) -> None:
        await self._run(FAIL, job_id=job_id, of_owner=owner, error=error)

    async def give_back(self, owner: str) -> None:
        await self._run(GIVE_BACK, of_owner=owner)
