"""Insight in the shapes of the standalone dialect: shares in percent, times in milliseconds."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, cast

from msgspec import Struct

from codepush.insight_models import Insight, InsightPoint
from codepush.wire.standalone.rollouts import GapShape
from codepush.wire.standalone.values import Fields, Number, milliseconds, moment, percent, share, unknown, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codepush.insight_models import InsightSpan

__all__ = ["InsightPointShape", "InsightShape"]


class InsightPointShape(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One of ``points``; ``gaps`` is by age."""

    starts_at: Number
    began: Number | None = None
    ok: Number | None = None
    bad: Number | None = None
    not_counted: dict[str, Number] | None = None
    active: Number | None = None
    installed: Number | None = None
    failure_share_percent: Number | None = None
    interval: tuple[Number, Number] | None = None
    evidence: Number | None = None
    gaps: dict[str, Number] | None = None

    @classmethod
    def of(cls, point: InsightPoint) -> InsightPointShape:
        """Return the shape of a point."""
        return cls(
            starts_at=milliseconds(point.starts_at),
            began=point.began,
            ok=point.ok,
            bad=point.bad,
            not_counted=dict(point.not_counted),
            active=point.active,
            installed=point.installed,
            failure_share_percent=_percent(point.failure_share),
            interval=_percents(point.interval),
            evidence=point.evidence,
            gaps={age: percent(one) for age, one in point.gaps.items()},
        )

    def point(self) -> InsightPoint:
        """Return the point that was sent."""
        return InsightPoint(
            starts_at=moment(self.starts_at),
            began=int(self.began or 0),
            ok=int(self.ok or 0),
            bad=int(self.bad or 0),
            not_counted=_counts(self.not_counted),
            active=int(self.active or 0),
            installed=int(self.installed or 0),
            failure_share=_share(self.failure_share_percent),
            interval=_shares(self.interval),
            evidence=self.evidence,
            gaps={age: share(one) for age, one in (self.gaps or {}).items()},
        )


class InsightShape(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """``insight``; ``haltedAfter`` is in milliseconds."""

    label: str
    since: Number
    until: Number
    span: str
    began: Number | None = None
    ok: Number | None = None
    bad: Number | None = None
    not_counted: dict[str, Number] | None = None
    active: Number | None = None
    installed: Number | None = None
    audience: Number | None = None
    adoption_percent: Number | None = None
    limit_percent: Number | None = None
    evidence_since: Number | None = None
    failure_share_percent: Number | None = None
    interval: tuple[Number, Number] | None = None
    evidence: Number | None = None
    gaps: list[GapShape] | None = None
    halted_after: Number | None = None
    points: list[InsightPointShape] | None = None

    @classmethod
    def of(cls, insight: Insight) -> InsightShape:
        """Return the shape of an insight."""
        halted_after = insight.halted_after
        return cls(
            label=insight.label,
            since=milliseconds(insight.since),
            until=milliseconds(insight.until),
            span=insight.span,
            began=insight.began,
            ok=insight.ok,
            bad=insight.bad,
            not_counted=dict(insight.not_counted),
            active=insight.active,
            installed=insight.installed,
            audience=insight.audience,
            adoption_percent=_percent(insight.adoption),
            limit_percent=_percent(insight.limit),
            evidence_since=None if insight.evidence_since is None else milliseconds(insight.evidence_since),
            failure_share_percent=_percent(insight.failure_share),
            interval=_percents(insight.interval),
            evidence=insight.evidence,
            gaps=[GapShape.of(gap) for gap in insight.gaps],
            halted_after=None if halted_after is None else halted_after // timedelta(milliseconds=1),
            points=[InsightPointShape.of(point) for point in insight.points],
        )

    def insight(self, fields: Fields) -> Insight:
        """Return the insight that was sent."""
        halted_after = whole(self.halted_after)
        return Insight(
            label=self.label,
            since=moment(self.since),
            until=moment(self.until),
            span=cast("InsightSpan", self.span),  # newer servers may have others
            began=int(self.began or 0),
            ok=int(self.ok or 0),
            bad=int(self.bad or 0),
            not_counted=_counts(self.not_counted),
            active=int(self.active or 0),
            installed=int(self.installed or 0),
            audience=int(self.audience or 0),
            adoption=_share(self.adoption_percent),
            limit=_share(self.limit_percent),
            evidence_since=None if self.evidence_since is None else moment(self.evidence_since),
            failure_share=_share(self.failure_share_percent),
            interval=_shares(self.interval),
            evidence=self.evidence,
            gaps=tuple(gap.gap() for gap in self.gaps or ()),
            halted_after=None if halted_after is None else moment(halted_after) - moment(0),
            points=tuple(point.point() for point in self.points or ()),
            extra=unknown(self, fields),
        )


def _percent(one: float | None) -> float | None:
    return None if one is None else percent(one)


def _share(one: Number | None) -> float | None:
    return None if one is None else share(one)


def _percents(interval: tuple[float, float]) -> tuple[Number, Number]:
    low, high = interval
    return percent(low), percent(high)


def _shares(interval: tuple[Number, Number] | None) -> tuple[float, float]:
    low, high = interval or (0, 100)
    return share(low), share(high)


def _counts(sent: Mapping[str, Number] | None) -> dict[str, int]:
    return {name: int(number) for name, number in (sent or {}).items()}
