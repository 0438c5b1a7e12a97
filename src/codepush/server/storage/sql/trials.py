"""Trials of labels over time."""

# ruff: noqa: D102 - the ports describe each method once, for every adapter

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from msgspec.structs import astuple
from sqlalchemy import BigInteger, and_, bindparam, delete, func, select

from codepush.insight_models import TrialTotals
from codepush.server.ports.rollouts import ACTIVE
from codepush.server.ports.trials import Span, TrialPoint
from codepush.server.storage.sql.bulk import BulkQueries
from codepush.server.storage.sql.schema import rollouts, trial_series

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from codepush.server.ports.trials import Label, TrialAddition

_row: Final = trial_series.c

_OF_DEPLOYMENT: Final = _row.deployment_id == bindparam("of_deployment")
_OF_LABEL: Final = and_(_OF_DEPLOYMENT, _row.number == bindparam("of_number"))
_IS_OVER: Final = _row.cohort_at < bindparam("until")
_IS_WITHIN: Final = and_(_IS_OVER, _row.cohort_at % bindparam("span") != 0)

ADD: Final = """
    INSERT INTO trial_series (deployment_id, number, cohort_at, kind, age, standing, value)
    SELECT deployment_id, number, cohort_at, kind, age, standing, value FROM given WHERE true
    ON CONFLICT (deployment_id, number, cohort_at, kind, age, standing)
    DO UPDATE SET value = trial_series.value + excluded.value
"""

TOTALS: Final = """
    SELECT given.place, trial_series.kind, trial_series.age, trial_series.standing, sum(trial_series.value) AS value
    FROM given
    CROSS JOIN trial_series
    WHERE trial_series.deployment_id = given.deployment_id AND trial_series.number = given.number
        AND trial_series.cohort_at >= given.since AND trial_series.cohort_at < given.until
    GROUP BY given.place, trial_series.kind, trial_series.age, trial_series.standing
"""

_LENGTH: Final = bindparam("span", type_=BigInteger)
POINTS: Final = (
    select(
        (_row.cohort_at // _LENGTH * _LENGTH).label("begins_at"),
        _row.kind,
        _row.age,
        _row.standing,
        func.sum(_row.value).label("sum"),
    )
    .where(_OF_LABEL, _row.cohort_at >= bindparam("since"), _IS_OVER)
    .group_by("begins_at", _row.kind, _row.age, _row.standing)
    .order_by("begins_at", _row.kind, _row.age, _row.standing)
)

FIRST_FAILURE: Final = select(func.min(_row.cohort_at)).where(
    _OF_LABEL, _row.cohort_at >= bindparam("since"), _row.kind == "bad", _row.standing.in_(["known", "new"])
)

_WATCHED: Final = (
    select(rollouts.c.id)
    .where(
        rollouts.c.deployment_id == _row.deployment_id,
        rollouts.c.number == _row.number,
        rollouts.c.state.in_(ACTIVE),
    )
    .exists()
)
MERGEABLE: Final = select(_row.deployment_id, _row.number).distinct().where(_IS_WITHIN, ~_WATCHED)

# Integer division rounds down to the beginning of the span. SQLite has no mod() everywhere.
MERGE: Final = """
    INSERT INTO trial_series (deployment_id, number, cohort_at, kind, age, standing, value)
    SELECT given.deployment_id, given.number, short.cohort_at / given.span * given.span AS begins_at,
        short.kind, short.age, short.standing, sum(short.value)
    FROM given
    CROSS JOIN trial_series AS short
    WHERE short.deployment_id = given.deployment_id AND short.number = given.number
        AND short.cohort_at < given.until AND short.cohort_at / given.span * given.span <> short.cohort_at
    GROUP BY given.deployment_id, given.number, begins_at, short.kind, short.age, short.standing
    ON CONFLICT (deployment_id, number, cohort_at, kind, age, standing)
    DO UPDATE SET value = trial_series.value + excluded.value
"""
FORGET_MERGED: Final = delete(trial_series).where(_OF_LABEL, _IS_WITHIN)

CLEAR: Final = delete(trial_series).where(_OF_DEPLOYMENT)

_LABEL: Final = {"deployment_id": "bigint", "number": "bigint"}
_ADDITION: Final = {
    **_LABEL,
    "cohort_at": "bigint",
    "kind": "text",
    "age": "text",
    "standing": "text",
    "value": "bigint",
}
_SPAN: Final = {"place": "bigint", **_LABEL, "since": "bigint", "until": "bigint"}
_MERGER: Final = {**_LABEL, "span": "bigint", "until": "bigint"}


class SqlTrials(BulkQueries):
    """Trials, as :class:`codepush.server.ports.trials.Trials` describes them."""

    async def add(self, additions: Sequence[TrialAddition]) -> None:
        await self._given(_ADDITION, sorted(astuple(addition) for addition in additions), ADD)

    async def totals(self, asked: Sequence[Span]) -> Sequence[TrialTotals]:
        pieces = _pieces(asked)
        counts: dict[int, Counter[Any]] = defaultdict(Counter)
        rows = await self._given(_SPAN, [(place, *astuple(piece)) for place, piece in enumerate(pieces)], TOTALS)
        for row in rows:
            counts[row["place"]][row["kind"], row["age"], row["standing"]] = int(row["value"])
        places: dict[Label, list[int]] = defaultdict(list)
        for place, piece in enumerate(pieces):
            places[piece.deployment_id, piece.number].append(place)
        return [
            TrialTotals(
                sum(
                    (
                        counts[place]
                        for place in places[span.deployment_id, span.number]
                        if span.since <= pieces[place].since and pieces[place].until <= span.until
                    ),
                    Counter(),
                )
            )
            for span in asked
        ]

    async def points(
        self, deployment_id: int, number: int, *, since: int, until: int, span: int = 1
    ) -> Sequence[TrialPoint]:
        values = {"of_deployment": deployment_id, "of_number": number, "since": since, "until": until, "span": span}
        return [
            TrialPoint(row["begins_at"], row["kind"], row["age"], row["standing"], int(row["sum"]))
            for row in await self._all(POINTS, **values)
        ]

    async def first_failure(self, deployment_id: int, number: int, *, since: int) -> int | None:
        found: int | None = await self._value(FIRST_FAILURE, of_deployment=deployment_id, of_number=number, since=since)
        return found

    async def mergeable(self, *, span: int, until: int) -> Sequence[Label]:
        rows = await self._all(MERGEABLE, span=span, until=until)
        return sorted((row["deployment_id"], row["number"]) for row in rows)

    async def merge(self, label: Label, *, span: int, until: int) -> None:
        deployment_id, number = label
        await self._given(_MERGER, [(deployment_id, number, span, until)], MERGE)
        await self._run(FORGET_MERGED, of_deployment=deployment_id, of_number=number, span=span, until=until)

    async def clear(self, deployment_id: int) -> None:
        await self._run(CLEAR, of_deployment=deployment_id)


def _pieces(asked: Sequence[Span]) -> list[Span]:
    """Return the spans split where any of the same label begins or ends, so that each row is summed once."""
    edges: dict[Label, set[int]] = defaultdict(set)
    for span in asked:
        edges[span.deployment_id, span.number] |= {span.since, span.until}
    return [Span(*label, since, until) for label, ends in edges.items() for since, until in pairwise(sorted(ends))]
