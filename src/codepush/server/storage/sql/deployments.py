"""Records of deployments."""

# ruff: noqa: D102 - the ports describe each method once, for every adapter

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import bindparam, delete, func, insert, select, update

from codepush.rollout_models import RolloutPlan
from codepush.server.ports.deployments import DeploymentRecord
from codepush.server.storage.sql.guard import REVISION, SchemaGuard
from codepush.server.storage.sql.queries import Queries, batches
from codepush.server.storage.sql.schema import deployments, releases

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

RECORD: Final = (
    deployments.c.id,
    deployments.c.app_id,
    deployments.c.name,
    deployments.c.key,
    deployments.c.revision,
    deployments.c.device_key,
    deployments.c.stopped_by,
    deployments.c.default_plan,
)

ADD: Final = insert(deployments).returning(*RECORD)

OF_APP: Final = select(*RECORD).where(deployments.c.app_id == bindparam("app_id")).order_by(deployments.c.name)

NAMES: Final = (
    select(deployments.c.app_id, deployments.c.name)
    .where(deployments.c.app_id.in_(bindparam("app_ids", expanding=True)))
    .order_by(deployments.c.app_id, deployments.c.name)
)

NAMED: Final = select(*RECORD).where(
    deployments.c.app_id == bindparam("app_id"), deployments.c.name == bindparam("name")
)

WITH_ID: Final = select(*RECORD).where(deployments.c.id == bindparam("deployment_id"))

# Finds a device's deployment by its key.
WITH_KEY: Final = select(*RECORD).where(deployments.c.key == bindparam("key"))

WITH_KEYS: Final = select(*RECORD).where(deployments.c.key.in_(bindparam("keys", expanding=True)))

EDIT: Final = update(deployments).where(deployments.c.id == bindparam("deployment_id"))
REMOVE: Final = delete(deployments).where(deployments.c.id == bindparam("deployment_id"))

# FOR NO KEY UPDATE: reports, which only need the deployment to exist, can continue. SQLite omits it: its writers
# exclude each other from the beginning of the transaction.
LOCK: Final = (
    select(deployments.c.id).where(deployments.c.id == bindparam("deployment_id")).with_for_update(key_share=True)
)

REVISIONS: Final = select(deployments.c.id, deployments.c.revision).where(
    deployments.c.id.in_(bindparam("deployment_ids", expanding=True))
)

# IDs are never reused, and revisions only rise. While these values are equal, update checks get the same responses.
STATE: Final = select(
    func.count().label("count"),
    func.max(deployments.c.id).label("newest"),
    func.sum(deployments.c.revision).label("sum"),
    REVISION.label("schema"),
)

BUMP: Final = (
    update(deployments)
    .where(deployments.c.id == bindparam("deployment_id"))
    .values(revision=deployments.c.revision + 1)
)

STOP: Final = (
    update(deployments)
    .where(deployments.c.id == bindparam("deployment_id"))
    .values(stopped_by=bindparam("actor"), revision=deployments.c.revision + 1)
)

STOPPED: Final = (
    select(*RECORD)
    .where(deployments.c.id > bindparam("after"), deployments.c.stopped_by.is_not_distinct_from(bindparam("actor")))
    .order_by(deployments.c.id)
    .limit(bindparam("limit"))
)

_RELEASING: Final = select(releases.c.deployment_id).where(releases.c.package_id == bindparam("package_id"))
BUMP_RELEASING: Final = (
    update(deployments)
    .where(deployments.c.id.in_(_RELEASING))
    .values(revision=deployments.c.revision + 1)
    .returning(deployments.c.id)
)


class SqlDeployments(Queries):
    """Deployments, as :class:`codepush.server.ports.deployments.Deployments` describes them."""

    def __init__(self, connection: AsyncConnection, guard: SchemaGuard) -> None:
        super().__init__(connection)
        self._guard = guard

    async def add(self, *, app_id: int, name: str, key: str, device_key: bytes, created_at: int) -> DeploymentRecord:
        row = await self._first(ADD, app_id=app_id, name=name, key=key, device_key=device_key, created_at=created_at)
        assert row is not None
        return _record(row)

    async def of_app(self, app_id: int) -> Sequence[DeploymentRecord]:
        return tuple(_record(row) for row in await self._all(OF_APP, app_id=app_id))

    async def names(self, app_ids: Sequence[int]) -> Sequence[tuple[int, str]]:
        rows = [row for some in batches(app_ids) for row in await self._all(NAMES, app_ids=some)]
        return tuple((row["app_id"], row["name"]) for row in rows)

    async def named(self, app_id: int, name: str) -> DeploymentRecord | None:
        row = await self._first(NAMED, app_id=app_id, name=name)
        return _record(row) if row else None

    async def with_id(self, deployment_id: int) -> DeploymentRecord | None:
        row = await self._first(WITH_ID, deployment_id=deployment_id)
        return _record(row) if row else None

    async def with_key(self, key: str) -> DeploymentRecord | None:
        row = await self._first(WITH_KEY, key=key)
        return _record(row) if row else None

    async def with_keys(self, keys: Collection[str]) -> Sequence[DeploymentRecord]:
        rows = [row for some in batches(list(keys)) for row in await self._all(WITH_KEYS, keys=some)]
        return tuple(_record(row) for row in rows)

    async def rename(self, deployment_id: int, name: str) -> None:
        await self._change(EDIT, deployment_id=deployment_id, name=name)

    async def remove(self, deployment_id: int) -> None:
        await self._change(REMOVE, deployment_id=deployment_id)

    async def lock(self, deployment_id: int) -> None:
        await self._all(LOCK, deployment_id=deployment_id)

    async def stop(self, deployment_id: int, actor: str | None) -> None:
        await self._change(STOP, deployment_id=deployment_id, actor=actor)

    async def set_default_plan(self, deployment_id: int, plan: RolloutPlan | None) -> None:
        text = None if plan is None else msgspec.json.encode(plan).decode()
        await self._change(EDIT, deployment_id=deployment_id, default_plan=text)

    async def stopped(self, actor: str | None, *, after: int = 0, limit: int) -> Sequence[DeploymentRecord]:
        return [_record(row) for row in await self._all(STOPPED, actor=actor, after=after, limit=limit)]

    async def revisions(self, deployment_ids: Sequence[int]) -> dict[int, int]:
        rows = [row for some in batches(deployment_ids) for row in await self._all(REVISIONS, deployment_ids=some)]
        return {row["id"]: row["revision"] for row in rows}

    async def state(self) -> tuple[int, int, int]:
        row = await self._first(STATE)
        assert row is not None
        self._guard.check(row["schema"])
        return row["count"], row["newest"] or 0, int(row["sum"] or 0)

    async def bump_releasing(self, package_id: int) -> Sequence[int]:
        return tuple(row["id"] for row in await self._all(BUMP_RELEASING, package_id=package_id))


def _record(row: RowMapping) -> DeploymentRecord:
    plan = row["default_plan"]
    return DeploymentRecord(
        **{**row, "default_plan": None if plan is None else msgspec.json.decode(plan, type=RolloutPlan)}
    )
