"""Trials of labels over time: what devices reported after they downloaded a release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

from msgspec import Struct

from codepush.insight_models import TrialAge, TrialKind, TrialStanding, TrialTotals

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Label", "Span", "TrialAddition", "TrialPoint", "Trials"]

Label: TypeAlias = tuple[int, int]
"""A label: the id of its deployment, and its number."""


class TrialAddition(Struct, frozen=True):
    """What is added to a cohort. A cohort is named by the moment from which on its trials began."""

    deployment_id: int
    number: int
    cohort_at: int
    kind: TrialKind
    age: TrialAge
    standing: TrialStanding
    value: int


class Span(Struct, frozen=True):
    """The cohorts of a label from ``since`` on and before ``until``, in milliseconds since 1970."""

    deployment_id: int
    number: int
    since: int
    until: int


class TrialPoint(Struct, frozen=True):
    """What there is of a cohort, or of several that are summed and named by the moment at which their span begins."""

    cohort_at: int
    kind: TrialKind
    age: TrialAge
    standing: TrialStanding
    value: int


class Trials(Protocol):
    """Trials by the cohort of their download. A cohort lasts ten minutes; of what is older, an hour or a day."""

    async def add(self, additions: Sequence[TrialAddition]) -> None:
        """Add to cohorts, at most once to each kind, age and standing of one."""

    async def totals(self, asked: Sequence[Span]) -> Sequence[TrialTotals]:
        """Return the sums of each of these spans, in their order, summed by the database."""

    async def points(
        self, deployment_id: int, number: int, *, since: int, until: int, span: int = 1
    ) -> Sequence[TrialPoint]:
        """Return the cohorts of a label from ``since`` on and before ``until``, oldest first.

        Args:
            deployment_id: The deployment.
            number: The number of the label.
            since: Milliseconds since 1970.
            until: Likewise, not included.
            span: Cohorts that begin in the same such span are summed by the database; milliseconds.

        """

    async def first_failure(self, deployment_id: int, number: int, *, since: int) -> int | None:
        """Return the first cohort of a label from ``since`` on with a failure that counts."""

    async def mergeable(self, *, span: int, until: int) -> Sequence[Label]:
        """Return the labels without an active rollout plan that have cohorts before ``until`` within a longer span.

        Args:
            span: The length of the longer span, in milliseconds.
            until: A moment at which such a span begins.

        """

    async def merge(self, label: Label, *, span: int, until: int) -> None:
        """Merge the cohorts of a label before ``until`` into those of a longer span; sums stay the same."""

    async def clear(self, deployment_id: int) -> None:
        """Remove the trials of a deployment."""
