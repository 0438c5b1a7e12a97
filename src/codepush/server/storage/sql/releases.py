"""Records of releases, and the diffs to each."""

# ruff: noqa: D102 - the ports describe each method once, for every adapter

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Select, bindparam, delete, func, insert, select, update

from codepush.models import RELEASE_SETTINGS
from codepush.server.ports.diffs import StoredDiff
from codepush.server.ports.errors import MissingError
from codepush.server.ports.releases import ReleaseRecord
from codepush.server.storage.sql.deployments import BUMP
from codepush.server.storage.sql.queries import Queries, batches
from codepush.server.storage.sql.schema import blobs, deployments, diffs, packages, releases

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from codepush.server.ports.releases import NewRelease

RECORD: Final = (
    releases.c.number,
    releases.c.package_id,
    packages.c.hash.label("package_hash"),
    packages.c.blob_id,
    blobs.c.size,
    *(releases.c[name] for name in RELEASE_SETTINGS),
    releases.c.upload_time,
    releases.c.release_method,
    releases.c.original_label,
    releases.c.original_deployment,
    releases.c.released_by,
    releases.c.held.label("is_held"),
)


class Selection(NamedTuple):
    """Some releases, and in a second statement the diffs to their packages."""

    releases: Select[Any]
    diffs: Select[Any]


def _selection(*conditions: ColumnElement[bool]) -> Selection:
    found = select(releases.c.deployment_id, *RECORD).join_from(releases, packages).join(blobs).where(*conditions)
    contents = select(releases.c.package_id).where(*conditions)
    to_them = select(diffs.c.package_id, diffs.c.old_hash, diffs.c.blob_id, diffs.c.size, diffs.c.fits_binary).where(
        diffs.c.package_id.in_(contents), diffs.c.blob_id.is_not(None)
    )
    return Selection(found.order_by(releases.c.number), to_them.order_by(diffs.c.old_hash))


_IN_DEPLOYMENT: Final = releases.c.deployment_id == bindparam("deployment_id")

_later: Final = releases.alias("later")
_NEWEST: Final = releases.c.number == (
    select(func.max(_later.c.number)).where(_later.c.deployment_id == releases.c.deployment_id).scalar_subquery()
)

HISTORY: Final = _selection(_IN_DEPLOYMENT)
ONE: Final = _selection(_IN_DEPLOYMENT, releases.c.number == bindparam("number"))
LATEST: Final = _selection(releases.c.deployment_id.in_(bindparam("deployment_ids", expanding=True)), _NEWEST)

# One statement takes the label and notifies every process that the deployment has changed.
TAKE_LABEL: Final = (
    update(deployments)
    .where(deployments.c.id == bindparam("deployment_id"))
    .values(next_label=deployments.c.next_label + 1, revision=deployments.c.revision + 1)
    .returning(deployments.c.next_label - 1)
)

# In an UPDATE the name of a column is bound to its new value, so conditions use other names.
_OF_DEPLOYMENT: Final = releases.c.deployment_id == bindparam("of_deployment")

COMPLETE_NEWEST: Final = update(releases).where(_OF_DEPLOYMENT, _NEWEST).values(rollout=None)

ADD: Final = insert(releases)

UPDATE: Final = update(releases).where(_OF_DEPLOYMENT, releases.c.number == bindparam("of_number"))

CLEAR: Final = delete(releases).where(_OF_DEPLOYMENT)
BEGIN_ANEW: Final = (
    update(deployments)
    .where(deployments.c.id == bindparam("deployment_id"))
    .values(next_label=1, revision=deployments.c.revision + 1)
)


class SqlReleases(Queries):
    """Releases, as :class:`codepush.server.ports.releases.Releases` describes them."""

    async def add(self, deployment_id: int, release: NewRelease) -> ReleaseRecord:
        number = await self._value(TAKE_LABEL, deployment_id=deployment_id)
        if number is None:
            raise MissingError("The deployment does not exist.")
        await self._run(COMPLETE_NEWEST, of_deployment=deployment_id)
        await self._run(ADD, deployment_id=deployment_id, number=number, **msgspec.structs.asdict(release))
        [(_, record)] = await self._records(ONE, deployment_id=deployment_id, number=number)
        return record

    async def history(self, deployment_id: int) -> Sequence[ReleaseRecord]:
        return tuple(record for _, record in await self._records(HISTORY, deployment_id=deployment_id))

    async def latest(self, deployment_ids: Sequence[int]) -> dict[int, ReleaseRecord]:
        parts = [await self._records(LATEST, deployment_ids=some) for some in batches(deployment_ids)]
        return {deployment_id: record for part in parts for deployment_id, record in part}

    async def update(self, deployment_id: int, release: ReleaseRecord) -> None:
        settings = {name: getattr(release, name) for name in RELEASE_SETTINGS}
        await self._change(
            UPDATE, of_deployment=deployment_id, of_number=release.number, held=release.is_held, **settings
        )
        await self._change(BUMP, deployment_id=deployment_id)

    async def clear(self, deployment_id: int) -> None:
        await self._run(CLEAR, of_deployment=deployment_id)
        await self._change(BEGIN_ANEW, deployment_id=deployment_id)

    async def _records(self, selection: Selection, **values: object) -> Sequence[tuple[int, ReleaseRecord]]:
        """Return the selected releases, each with the ID of its deployment."""
        rows = [dict(row) for row in await self._all(selection.releases, **values)]
        stored = _by_package(await self._all(selection.diffs, **values))
        return [
            (row.pop("deployment_id"), ReleaseRecord(**row, diffs=stored.get(row["package_id"], ()))) for row in rows
        ]


def _by_package(rows: Iterable[Mapping[Any, Any]]) -> dict[int, tuple[StoredDiff, ...]]:
    found: dict[int, list[StoredDiff]] = defaultdict(list)
    for row in rows:
        diff = StoredDiff(
            old_hash=row["old_hash"], blob_id=row["blob_id"], size=row["size"], fits_binary=row["fits_binary"]
        )
        found[row["package_id"]].append(diff)
    return {package_id: tuple(some) for package_id, some in found.items()}
