"""Records of devices, and the counters derived from what they run."""

# ruff: noqa: D102 - the ports describe each method once, for every adapter

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, cast

from msgspec.structs import astuple
from sqlalchemy import and_, bindparam, delete, select, tuple_

from codepush.server.ports.devices import STANDING, Countable, CounterRecord, DeviceRecord, LabelRecord
from codepush.server.storage.sql.bulk import BulkQueries
from codepush.server.storage.sql.schema import counter_series, counters, devices

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from codepush.server.ports.devices import Addition, Device, Named

# Devices without a record have no row to lock, so the lock is an advisory one. Its first number means "the devices of a
# deployment".
LOCK: Final = "SELECT pg_advisory_xact_lock(25456, mod(deployment_id, 2147483647)::int) FROM given"

# CROSS JOIN makes SQLite look up each given device by the primary key instead of reading all devices.
REMEMBERED: Final = """
    SELECT devices.deployment_id, devices.device,
        devices.subject, devices.known_since, devices.trial, devices.trial_at, devices.outcome
    FROM given
    CROSS JOIN devices
    WHERE devices.deployment_id = given.deployment_id AND devices.device = given.device
"""

# A rollout of 0 counts as none: all devices are offered the release.
COUNTABLE: Final = """
    SELECT given.deployment_id, given.subject, given.number, deployments.next_label - 1 AS released, EXISTS (
        SELECT 1 FROM counters
        WHERE counters.deployment_id = given.deployment_id AND counters.subject = given.subject
    ) AS is_counted, releases.upload_time, rollouts.evidence_since,
    CASE WHEN rollouts.id > 0 AND releases.rollout > 0 AND releases.rollout < 100 THEN releases.rollout END AS percent
    FROM given
    CROSS JOIN deployments
    LEFT JOIN releases ON releases.deployment_id = given.deployment_id AND releases.number = given.number
    LEFT JOIN rollouts ON rollouts.deployment_id = given.deployment_id AND rollouts.number = given.number
    WHERE deployments.id = given.deployment_id
"""

# Only subjects that are binary versions start with a digit.
VERSION_COUNTS: Final = """
    SELECT counters.deployment_id, count(DISTINCT counters.subject) AS versions FROM given
    CROSS JOIN counters
    WHERE counters.deployment_id = given.deployment_id AND counters.subject >= '0' AND counters.subject < ':'
    GROUP BY counters.deployment_id
"""

REMEMBER: Final = """
    INSERT INTO devices (deployment_id, device, subject, known_since, trial, trial_at, outcome, updated_at)
    SELECT deployment_id, device, subject, known_since, trial, trial_at, outcome, at FROM given WHERE true
    ON CONFLICT (deployment_id, device)
    DO UPDATE SET subject = excluded.subject, trial = excluded.trial, trial_at = excluded.trial_at,
        outcome = excluded.outcome, updated_at = excluded.updated_at
"""

_IS_IDLE: Final = and_(devices.c.subject == "", devices.c.updated_at < bindparam("until"))
IDLE: Final = (
    select(devices.c.deployment_id, devices.c.device)
    .where(
        tuple_(devices.c.deployment_id, devices.c.device) > tuple_(bindparam("after_deployment"), bindparam("after")),
        _IS_IDLE,
    )
    .order_by(devices.c.deployment_id, devices.c.device)
    .limit(bindparam("limit"))
)
FORGET: Final = delete(devices).where(
    devices.c.deployment_id == bindparam("deployment_id"), devices.c.device == bindparam("device"), _IS_IDLE
)

# A counter must exist before it is added to.
BEGIN_COUNTING: Final = """
    INSERT INTO counters (deployment_id, subject, kind, value)
    SELECT deployment_id, subject, kind, 0 FROM given WHERE true
    ON CONFLICT (deployment_id, subject, kind) DO NOTHING
"""

COUNT: Final = """
    UPDATE counters
    SET value = CASE
        WHEN counters.value + given.delta > given.least THEN counters.value + given.delta
        ELSE given.least
    END
    FROM given
    WHERE counters.deployment_id = given.deployment_id
        AND counters.subject = given.subject AND counters.kind = given.kind
    RETURNING counters.deployment_id, counters.subject, counters.kind, counters.value
"""

# In the series, current numbers are replaced, and counts of events are added up.
RECORD: Final = """
    INSERT INTO counter_series (deployment_id, subject, kind, span, starts_at, value)
    SELECT deployment_id, subject, kind, 'hour', starts_at, value FROM given WHERE true
    ON CONFLICT (deployment_id, subject, kind, span, starts_at)
    DO UPDATE SET value = excluded.value
        + CASE WHEN excluded.kind IN ('active', 'anonymous') THEN 0 ELSE counter_series.value END
"""

COUNTERS: Final = (
    select(counters.c.subject, counters.c.kind, counters.c.value)
    .where(counters.c.deployment_id == bindparam("deployment_id"))
    .order_by(counters.c.subject, counters.c.kind)
)

CLEAR: Final = tuple(
    delete(table).where(table.c.deployment_id == bindparam("deployment_id"))
    for table in (devices, counters, counter_series)
)

_DEPLOYMENT: Final = {"deployment_id": "bigint"}
_NAMED: Final = {**_DEPLOYMENT, "subject": "text", "number": "bigint"}
_DEVICE: Final = {**_DEPLOYMENT, "device": "bytea"}
_SUBJECT: Final = {**_DEPLOYMENT, "subject": "text"}
_REMEMBERED: Final = {
    **_DEVICE,
    "subject": "text",
    "known_since": "bigint",
    "trial": "bigint",
    "trial_at": "bigint",
    "outcome": "text",
    "at": "bigint",
}
_COUNTER: Final = {**_SUBJECT, "kind": "text"}
_ADDITION: Final = {**_COUNTER, "delta": "bigint", "least": "bigint"}
_POINT: Final = {**_COUNTER, "starts_at": "bigint", "value": "bigint"}


class SqlDevices(BulkQueries):
    """Devices and counters, as :class:`codepush.server.ports.devices.Devices` describes them."""

    async def lock(self, deployment_ids: Collection[int]) -> None:
        if self._on_postgresql:  # SQLite's writers exclude each other from the beginning of the transaction
            await self._given(_DEPLOYMENT, [(one,) for one in sorted(deployment_ids)], LOCK)

    async def remembered(self, asked: Collection[Device]) -> dict[Device, DeviceRecord]:
        rows = await self._given(_DEVICE, list(asked), REMEMBERED)
        found: dict[Device, DeviceRecord] = {}
        for row in rows:
            deployment_id, device, *record = cast("tuple[Any, ...]", row.values())
            found[deployment_id, bytes(device)] = DeviceRecord(*record)
        return found

    async def countable(self, asked: Mapping[int, Named]) -> dict[int, Countable]:
        named = [(one, *thing) for one, names in asked.items() for thing in _things(names)]
        rows = await self._given(_NAMED, named, COUNTABLE)
        released = {row["deployment_id"]: row["released"] for row in rows}
        counted = {(row["deployment_id"], row["subject"]) for row in rows if row["is_counted"]}
        new = {one for one, subject, _ in named if subject and (one, subject) not in counted}
        counts = await self._given(_DEPLOYMENT, [(one,) for one in sorted(new)], VERSION_COUNTS)
        version_counts = {row["deployment_id"]: row["versions"] for row in counts}
        labels: dict[int, dict[int, LabelRecord]] = defaultdict(dict)
        for row in rows:
            if row["upload_time"] is not None:
                labels[row["deployment_id"]][row["number"]] = LabelRecord(
                    released_at=row["upload_time"], percent=row["percent"], evidence_since=row["evidence_since"]
                )
        return {
            one: Countable(
                number,
                labels[one],
                frozenset(subject for subject in asked[one].versions if (one, subject) in counted),
                version_counts.get(one, 0),
            )
            for one, number in released.items()
        }

    async def remember(self, devices: Mapping[Device, DeviceRecord], *, at: int) -> None:
        rows = sorted((*device, *astuple(record), at) for device, record in devices.items())
        await self._given(_REMEMBERED, rows, REMEMBER)

    async def idle(self, *, until: int, after: Device | None = None, limit: int) -> Sequence[Device]:
        after_deployment, device = after or (0, b"")
        rows = await self._all(IDLE, until=until, after_deployment=after_deployment, after=device, limit=limit)
        return [(row["deployment_id"], bytes(row["device"])) for row in rows]

    async def forget(self, idle: Collection[Device], *, until: int) -> None:
        await self._run_each(
            FORGET, [{"deployment_id": one, "device": device, "until": until} for one, device in sorted(idle)]
        )

    async def count(self, additions: Sequence[Addition], *, hour: int) -> None:
        rows = sorted(astuple(addition) for addition in additions)
        values = await self._count(rows)
        if new := [row for row in rows if row[:3] not in values]:
            await self._given(_ADDITION, new, BEGIN_COUNTING)
            values |= await self._count(new)
        points = [
            (one, subject, kind, hour, values[one, subject, kind] if kind in STANDING else delta)
            for one, subject, kind, delta, _ in rows
        ]
        await self._given(_POINT, points, RECORD)

    async def _count(self, additions: Sequence[tuple[Any, ...]]) -> dict[tuple[Any, ...], int]:
        """Add to those counters that exist, and return their values."""
        rows = await self._given(_ADDITION, additions, COUNT)
        return {tuple(row.values())[:3]: row["value"] for row in rows}

    async def counters(self, deployment_id: int) -> Sequence[CounterRecord]:
        return tuple(CounterRecord(**row) for row in await self._all(COUNTERS, deployment_id=deployment_id))

    async def clear(self, deployment_id: int) -> None:
        await self.lock([deployment_id])
        for statement in CLEAR:
            await self._run(statement, deployment_id=deployment_id)


def _things(names: Named) -> list[tuple[str, int]]:
    """Return the binary versions and labels named, each with an empty value of the other kind; if none, both empty."""
    versions = [(version, 0) for version in sorted(names.versions)]
    return versions + [("", number) for number in sorted(names.labels)] or [("", 0)]
