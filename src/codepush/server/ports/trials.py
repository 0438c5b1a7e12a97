"""Trials of labels over time: what devices reported after they downloaded a release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

from msgspec import Struct

from codepush.insight_models import TrialAge, TrialKind, TrialStanding, TrialTotals

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Label", "Span", "TrialAddition", "TrialPoint", "Trials"]

Label: TypeAlias = tuple[int, int]
"""A label: the ID of its deployment, and its number."""


class TrialAddition(Struct, frozen=True):
    """An addition to a cohort. The time of its first possible trial identifies a cohort."""

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
    """The trials of a cohort, or the sum of several, identified by the start of their span."""

    cohort_at: int
    kind: TrialKind
    age: TrialAge
    standing: TrialStanding
    value: int


class Trials(Protocol):
    """Trials by the cohort of their download. A cohort covers ten minutes; older ones an hour or a day."""

    async def add(self, additions: Sequence[TrialAddition]) -> None:
        """Add to cohorts, at most once to each kind, age and standing of a cohort."""

    async def totals(self, asked: Sequence[Span]) -> Sequence[TrialTotals]:
        """Return the sums of these spans, in their order; the database computes them."""

    async def points(
        self, deployment_id: int, number: int, *, since: int, until: int, span: int = 1
    ) -> Sequence[TrialPoint]:
        """Return the cohorts of a label from ``since`` on and before ``until``, oldest first.

        Args:
            deployment_id: The deployment.
            number: The number of the label.
            since: Milliseconds since 1970.
            until: Likewise, not included.
            span: Length of the periods by which the database sums cohorts, in milliseconds.

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
