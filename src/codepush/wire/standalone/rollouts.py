"""Rollouts with a plan, decisions about them and previews, field by field.

Shares and limits are percent here, durations whole seconds. Reading is tolerant, as in `shapes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct, field

from codepush.rollout_models import (
    Rollout,
    RolloutBaseline,
    RolloutCounts,
    RolloutDecision,
    RolloutEvidence,
    RolloutGap,
    RolloutPreview,
    StagePreview,
)
from codepush.wire.standalone.plans import PlanShape
from codepush.wire.standalone.values import (
    Fields,
    Number,
    duration,
    milliseconds,
    moment,
    percent,
    seconds,
    share,
    unknown,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codepush.rollout_models import RolloutReason, RolloutState

__all__ = [
    "BaselineShape",
    "CountsShape",
    "DecisionShape",
    "EvidenceShape",
    "GapShape",
    "PreviewShape",
    "RolloutShape",
    "StagePreviewShape",
]


class BaselineShape(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """``baseline``: all shares in percent, those of silent devices by age."""

    percent: Number
    verdicts: Number | None = None
    releases: tuple[str, ...] | None = None
    assumed: bool | None = None
    gaps: dict[str, Number] | None = None
    silence_limits: dict[str, Number] | None = None
    strangers_percent: Number | None = None

    @classmethod
    def of(cls, baseline: RolloutBaseline) -> BaselineShape:
        """Return the shape of a baseline."""
        return cls(
            percent=percent(baseline.share),
            verdicts=baseline.verdicts,
            releases=baseline.releases,
            assumed=baseline.is_assumed,
            gaps=_percents(baseline.gaps),
            silence_limits=_percents(baseline.silence_limits),
            strangers_percent=_percent(baseline.strangers),
        )

    def baseline(self) -> RolloutBaseline:
        """Return the baseline that was sent."""
        return RolloutBaseline(
            share=share(self.percent),
            verdicts=int(self.verdicts or 0),
            releases=self.releases or (),
            is_assumed=bool(self.assumed),
            gaps=_shares(self.gaps),
            silence_limits=_shares(self.silence_limits),
            strangers=_share(self.strangers_percent),
        )


class CountsShape(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """``counts``; ``interval`` is from percent to percent."""

    began: Number | None = None
    ok: Number | None = None
    bad: Number | None = None
    interval: tuple[Number, Number] | None = None
    standing: dict[str, Number] | None = None
    strangers_percent: Number | None = None

    @classmethod
    def of(cls, counts: RolloutCounts) -> CountsShape:
        """Return the shape of counts."""
        low, high = counts.interval
        return cls(
            began=counts.began,
            ok=counts.ok,
            bad=counts.bad,
            interval=(percent(low), percent(high)),
            standing=cast("dict[str, Number]", dict(counts.standing)),
            strangers_percent=_percent(counts.strangers),
        )

    def counts(self) -> RolloutCounts:
        """Return the counts that were sent."""
        low, high = self.interval or (0, 100)
        return RolloutCounts(
            began=int(self.began or 0),
            ok=int(self.ok or 0),
            bad=int(self.bad or 0),
            interval=(share(low), share(high)),
            standing=cast("Any", {name: int(number) for name, number in (self.standing or {}).items()}),
            strangers=_share(self.strangers_percent),
        )


class EvidenceShape(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """``evidence``; parts that are not monitored are omitted."""

    total: Number | None = None
    failures: Number | None = None
    silence: Number | None = None
    silence_1h: Number | None = field(name="silence1h", default=None)
    others: Number | None = None
    health: Number | None = None

    @classmethod
    def of(cls, evidence: RolloutEvidence) -> EvidenceShape:
        """Return the shape of evidence."""
        return cls(
            total=evidence.total,
            failures=evidence.failures,
            silence=evidence.silence,
            silence_1h=evidence.silence_1h,
            others=evidence.others,
            health=evidence.health,
        )

    def evidence(self) -> RolloutEvidence:
        """Return the evidence that was sent; 1 means no evidence."""
        return RolloutEvidence(
            total=_one(self.total),
            failures=_one(self.failures),
            silence=self.silence,
            silence_1h=self.silence_1h,
            others=_one(self.others),
            health=_one(self.health),
        )


class GapShape(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One of ``gaps``."""

    age: str
    percent: Number | None = None
    usual_percent: Number | None = None

    @classmethod
    def of(cls, gap: RolloutGap) -> GapShape:
        """Return the shape of a gap."""
        return cls(age=gap.age, percent=_percent(gap.share), usual_percent=_percent(gap.usual))

    def gap(self) -> RolloutGap:
        """Return the gap that was sent."""
        age = cast("Any", self.age)  # newer servers may have other ages
        return RolloutGap(age=age, share=_share(self.percent), usual=_share(self.usual_percent))


class DecisionShape(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One of ``decisions``; ``numbers`` is as it was recorded."""

    at: Number
    actor: str | None = None
    kind: str
    reason: str | None = None
    stage: Number | None = None
    percent: Number | None = None
    note: str | None = None
    numbers: dict[str, Any] | None = None
    text: str | None = None

    @classmethod
    def of(cls, decision: RolloutDecision) -> DecisionShape:
        """Return the shape of a decision."""
        return cls(
            at=milliseconds(decision.at),
            actor=decision.actor,
            kind=decision.kind,
            reason=decision.reason,
            stage=decision.stage,
            percent=decision.percent,
            note=decision.note,
            numbers=dict(decision.numbers),
            text=decision.text,
        )

    def decision(self) -> RolloutDecision:
        """Return the decision that was sent."""
        return RolloutDecision(
            at=moment(self.at),
            actor=self.actor or "",
            kind=self.kind,
            reason=self.reason,
            stage=whole(self.stage) or 1,
            percent=_all(self.percent),
            note=self.note or "",
            numbers=self.numbers or {},
            text=self.text or "",
        )


class RolloutShape(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """``rollout``, and the entries of ``rollouts``. ``stage`` is counted from 1."""

    label: str
    state: str
    plan: PlanShape
    reason: str | None = None
    stage: Number | None = None
    percent: Number | None = None
    is_held: bool | None = None
    limit_percent: Number | None = None
    baseline: BaselineShape | None = None
    counts: CountsShape | None = None
    evidence: EvidenceShape | None = None
    gaps: list[GapShape] | None = None
    soaked_seconds: Number | None = None
    waits_for: str | None = None
    decisions: list[DecisionShape] | None = None
    started_at: Number | None = None
    version: Number | None = None

    @classmethod
    def of(cls, rollout: Rollout) -> RolloutShape:
        """Return the shape of a rollout."""
        return cls(
            label=rollout.label,
            state=rollout.state,
            plan=PlanShape.of(rollout.plan),
            reason=rollout.reason,
            stage=rollout.stage,
            percent=rollout.percent,
            is_held=rollout.is_held,
            limit_percent=_percent(rollout.limit),
            baseline=None if rollout.baseline is None else BaselineShape.of(rollout.baseline),
            counts=CountsShape.of(rollout.counts),
            evidence=EvidenceShape.of(rollout.evidence),
            gaps=[GapShape.of(gap) for gap in rollout.gaps],
            soaked_seconds=seconds(rollout.soaked),
            waits_for=rollout.waits_for,
            decisions=[DecisionShape.of(decision) for decision in rollout.decisions],
            started_at=None if rollout.started_at is None else milliseconds(rollout.started_at),
            version=rollout.version,
        )

    def rollout(self, fields: Fields) -> Rollout:
        """Return the rollout that was sent."""
        return Rollout(
            label=self.label,
            state=cast("RolloutState", self.state),  # newer servers may have others
            plan=self.plan.plan(),
            reason=cast("RolloutReason | None", self.reason),
            stage=whole(self.stage) or 1,
            percent=_all(self.percent),
            is_held=bool(self.is_held),
            limit=_share(self.limit_percent),
            baseline=None if self.baseline is None else self.baseline.baseline(),
            counts=RolloutCounts() if self.counts is None else self.counts.counts(),
            evidence=RolloutEvidence() if self.evidence is None else self.evidence.evidence(),
            gaps=tuple(gap.gap() for gap in self.gaps or ()),
            soaked=duration(self.soaked_seconds or 0),
            waits_for=self.waits_for or "",
            decisions=tuple(decision.decision() for decision in self.decisions or ()),
            started_at=None if self.started_at is None else moment(self.started_at),
            version=whole(self.version) or 1,
            extra=unknown(self, fields),
        )


class StagePreviewShape(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One of the ``stages`` of a preview; ``verdicts`` is by hours."""

    percent: Number
    devices: Number | None = None
    verdicts: dict[str, Number] | None = None
    needed: Number | None = None

    @classmethod
    def of(cls, stage: StagePreview) -> StagePreviewShape:
        """Return the shape of a stage."""
        verdicts: dict[str, Number] = {str(hours): number for hours, number in stage.verdicts.items()}
        return cls(percent=stage.percent, devices=stage.devices, verdicts=verdicts, needed=stage.needed)

    def stage(self) -> StagePreview:
        """Return the stage that was sent."""
        return StagePreview(
            percent=int(self.percent),
            devices=int(self.devices or 0),
            verdicts={hours: int(number) for hours, number in _by_number(self.verdicts).items()},
            needed=int(self.needed or 0),
        )


class PreviewShape(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """``preview``; ``noticed`` has rises in percent points by the probability in percent."""

    plan: PlanShape
    baseline: BaselineShape
    limit_percent: Number
    audience: Number | None = None
    stages: list[StagePreviewShape] | None = None
    noticed: dict[str, Number] | None = None
    warnings: tuple[str, ...] | None = None

    @classmethod
    def of(cls, preview: RolloutPreview) -> PreviewShape:
        """Return the shape of a preview."""
        return cls(
            plan=PlanShape.of(preview.plan),
            baseline=BaselineShape.of(preview.baseline),
            limit_percent=percent(preview.limit),
            audience=preview.audience,
            stages=[StagePreviewShape.of(stage) for stage in preview.stages],
            noticed={str(power): percent(rise) for power, rise in preview.noticed.items()},
            warnings=preview.warnings,
        )

    def preview(self, fields: Fields) -> RolloutPreview:
        """Return the preview that was sent."""
        return RolloutPreview(
            plan=self.plan.plan(),
            baseline=self.baseline.baseline(),
            limit=share(self.limit_percent),
            audience=int(self.audience or 0),
            stages=tuple(stage.stage() for stage in self.stages or ()),
            noticed={power: share(rise) for power, rise in _by_number(self.noticed).items()},
            warnings=self.warnings or (),
            extra=unknown(self, fields),
        )


def _percent(value: float | None) -> float | None:
    return None if value is None else percent(value)


def _share(value: Number | None) -> float | None:
    return None if value is None else share(value)


def _percents(shares: Mapping[str, float]) -> dict[str, Number]:
    return {name: percent(value) for name, value in shares.items()}


def _shares(percents: Mapping[str, Number] | None) -> dict[str, float]:
    return {name: share(value) for name, value in (percents or {}).items()}


def _by_number(values: Mapping[str, Number] | None) -> dict[int, Number]:
    """Return values by their keys as numbers; other keys, from newer servers, are ignored."""
    return {int(name): value for name, value in (values or {}).items() if name.isascii() and name.isdigit()}


def _one(evidence: Number | None) -> float:
    return 1.0 if evidence is None else evidence


def _all(percent: Number | None) -> int:
    return 100 if percent is None else int(percent)
