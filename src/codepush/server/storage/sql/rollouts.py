"""Rollouts with a plan."""

# ruff: noqa: D102 - the ports describe each method once, for every adapter

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import ColumnElement, and_, bindparam, case, delete, exists, func, insert, or_, select, update

from codepush.rollout_models import RolloutBaseline, RolloutPlan
from codepush.server.ports.rollouts import ACTIVE, OPEN, ActiveRollout, RolloutRecord
from codepush.server.storage.sql.queries import Queries
from codepush.server.storage.sql.schema import deployments, releases, rollouts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from codepush.rollout_models import RolloutState


_row: Final = rollouts.c

_OF_DEPLOYMENT: Final = _row.deployment_id == bindparam("of_deployment")
_IS_ACTIVE: Final = _row.state.in_(ACTIVE)

ADD: Final = insert(rollouts).returning(*_row)

OF_RELEASE: Final = select(rollouts).where(_OF_DEPLOYMENT, _row.number == bindparam("of_number"))

OF_DEPLOYMENT: Final = select(rollouts).where(_OF_DEPLOYMENT).order_by(_row.number.desc()).limit(bindparam("limit"))

OPEN_ONES: Final = select(rollouts).where(_OF_DEPLOYMENT, _row.state.in_(OPEN)).order_by(_row.number.desc())

ACTIVE_ONES: Final = (
    select(
        rollouts,
        releases.c.rollout,
        releases.c.held.label("is_held"),
        releases.c.is_disabled,
        deployments.c.stopped_by.is_not(None).label("is_stopped"),
    )
    .join_from(rollouts, deployments, deployments.c.id == _row.deployment_id)
    .join(releases, and_(releases.c.deployment_id == _row.deployment_id, releases.c.number == _row.number))
    .where(or_(_IS_ACTIVE, and_(_row.state == "halted", _row.looked_at >= bindparam("halted_since"))))
    .order_by(_row.id)
)

COUNTS: Final = select(_row.state, func.count().label("count")).where(_row.state.in_(OPEN)).group_by(_row.state)

UPDATE: Final = update(rollouts).where(_row.id == bindparam("of_id"), _row.version == bindparam("of_version"))

# A rollout that is not offered to new devices does not soak.
_IS_STOPPED: Final = exists().where(deployments.c.id == _row.deployment_id, deployments.c.stopped_by.is_not(None))
_SOAKS: Final = and_(
    or_(_row.state == "running", and_(_row.state == "holding", _row.reason.not_in(["suspect", "stopped"]))),
    ~_IS_STOPPED,
)
_SINCE: Final[ColumnElement[int]] = bindparam("at") - _row.looked_at
_GAINED: Final = case((_SINCE < 0, 0), (bindparam("most") < _SINCE, bindparam("most")), else_=_SINCE)
SOAK: Final = (
    update(rollouts)
    .where(_IS_ACTIVE, or_(bindparam("every") < _SINCE, _SINCE < 0))
    .values(looked_at=bindparam("at"), soaked_ms=_row.soaked_ms + case((_SOAKS, _GAINED), else_=0))
)

CLEAR: Final = delete(rollouts).where(_OF_DEPLOYMENT)

_IDENTITY: Final = frozenset({"id", "deployment_id", "number", "version"})


class SqlRollouts(Queries):
    """Rollouts, as :class:`codepush.server.ports.rollouts.Rollouts` describes them."""

    async def add(self, rollout: RolloutRecord) -> RolloutRecord:
        row = await self._first(
            ADD, deployment_id=rollout.deployment_id, number=rollout.number, version=rollout.version, **_values(rollout)
        )
        assert row is not None
        return _record(row)

    async def of_release(self, deployment_id: int, number: int) -> RolloutRecord | None:
        row = await self._first(OF_RELEASE, of_deployment=deployment_id, of_number=number)
        return _record(row) if row else None

    async def of_deployment(self, deployment_id: int, *, limit: int) -> Sequence[RolloutRecord]:
        return [_record(row) for row in await self._all(OF_DEPLOYMENT, of_deployment=deployment_id, limit=limit)]

    async def open(self, deployment_id: int) -> Sequence[RolloutRecord]:
        return [_record(row) for row in await self._all(OPEN_ONES, of_deployment=deployment_id)]

    async def active(self, *, halted_since: int) -> Sequence[ActiveRollout]:
        found = []
        for row in await self._all(ACTIVE_ONES, halted_since=halted_since):
            fields = dict(row)
            facts = {name: fields.pop(name) for name in ("rollout", "is_held", "is_disabled", "is_stopped")}
            found.append(ActiveRollout(record=_record(fields), **facts | {"is_stopped": bool(facts["is_stopped"])}))
        return found

    async def counts(self) -> Mapping[RolloutState, int]:
        found = {row["state"]: row["count"] for row in await self._all(COUNTS)}
        return {state: found.get(state, 0) for state in OPEN}

    async def update(self, rollout: RolloutRecord) -> RolloutRecord | None:
        after = msgspec.structs.replace(rollout, version=rollout.version + 1)
        result = await self._run(
            UPDATE, of_id=rollout.id, of_version=rollout.version, version=after.version, **_values(rollout)
        )
        return after if result.rowcount else None

    async def soak(self, *, at: int, every: int, most: int) -> None:
        await self._run(SOAK, at=at, every=every, most=most)

    async def clear(self, deployment_id: int) -> None:
        await self._run(CLEAR, of_deployment=deployment_id)


def _values(rollout: RolloutRecord) -> dict[str, Any]:
    values = {name: value for name, value in msgspec.structs.asdict(rollout).items() if name not in _IDENTITY}
    return values | {"plan": _json(rollout.plan), "baseline": rollout.baseline and _json(rollout.baseline)}


def _json(value: RolloutPlan | RolloutBaseline) -> str:
    return msgspec.json.encode(value).decode()


def _record(row: Mapping[Any, Any]) -> RolloutRecord:
    plan = msgspec.json.decode(row["plan"], type=RolloutPlan)
    baseline = row["baseline"] and msgspec.json.decode(row["baseline"], type=RolloutBaseline)
    return RolloutRecord(**{**row, "plan": plan, "baseline": baseline})
