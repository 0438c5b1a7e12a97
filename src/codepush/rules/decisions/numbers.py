"""The numbers of a decision: enough to compute its evidence again, and with it the decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from codepush.rules.conductor import weigh
from codepush.rules.evidence import HALT, interval

if TYPE_CHECKING:
    from codepush.rollout_models import RolloutBaseline
    from codepush.rules.conductor import Look, Position, Silence, Step

__all__ = ["Numbers", "numbers"]


class BaselineNumbers(Struct, frozen=True, kw_only=True):
    """The baseline from earlier releases; the share in percent."""

    percent: float
    verdicts: int = 0
    releases: tuple[str, ...] = ()
    assumed: bool = False


class EvidenceNumbers(Struct, frozen=True, kw_only=True, rename="camel"):
    """The evidence, and from which total on it halts."""

    total: float = 1.0
    failures: float = 1.0
    silence: float | None = None
    silence_1h: float | None = field(default=None, name="silence1h")
    others: float = 1.0
    health: float = 1.0
    halts_at: float = HALT


class CountNumbers(Struct, frozen=True, kw_only=True):
    """Verdicts and the failures among them."""

    verdicts: int = 0
    failures: int = 0


class SilenceNumbers(Struct, frozen=True, kw_only=True):
    """Downloads, those of them without a verdict, and the tolerated share in percent."""

    began: int
    gone: int
    limit: float


class Numbers(Struct, frozen=True, kw_only=True, rename="camel"):
    """The numbers of a decision, under the names of the API. Shares and limits are in percent and not rounded.

    Attributes:
        kind: The kind of the step.
        reason: The reason after it or, where there is none, before it.
        stage: The stage after it, counted from 1.
        percent: Whole percent of the devices after it.
        is_held: Whether the release is withheld from further devices after it.
        verdicts: Verdicts that count.
        failures: Those that are failures.
        share: Their share.
        interval: The always-valid interval of the share.
        limit: The tolerated share by which the evidence was computed.
        new_limit: The tolerated share from now on, if it is another.
        baseline: What the limit was computed from.
        evidence: The evidence.
        settled: Verdicts of cohorts that ended long enough ago, for health.
        silence: Downloads without a verdict, by age.
        others: Verdicts of other releases.
        gap: The share of downloads without a verdict by age, and that of earlier releases.
        standing: All verdicts by standing.
        strangers: The share of verdicts from devices that were unknown before the release, and that of earlier ones.
        soak_seconds: How long the rollout had been at its stage.
        restarts_evidence: Whether only trials that begin after it count, so that another false halt is possible.
        note: The note of the step.

    """

    kind: str
    reason: str | None = None
    stage: int = 1
    percent: int = 100
    is_held: bool = False
    verdicts: int = 0
    failures: int = 0
    share: float | None = None
    interval: tuple[float, float] | None = None
    limit: float | None = None
    new_limit: float | None = None
    baseline: BaselineNumbers | None = None
    evidence: EvidenceNumbers | None = None
    settled: CountNumbers | None = None
    silence: Mapping[str, SilenceNumbers] = {}
    others: CountNumbers | None = None
    gap: Mapping[str, tuple[float | None, float | None]] = {}
    standing: Mapping[str, int] = {}
    strangers: tuple[float | None, float | None] | None = None
    soak_seconds: int | None = None
    restarts_evidence: bool = False
    note: str = ""


def numbers(
    before: Position,
    look: Look | None,
    step: Step,
    baseline: RolloutBaseline | None = None,
    standing: Mapping[str, int] | None = None,
) -> dict[str, object]:
    """Return the numbers of a decision, without unknown ones.

    Args:
        before: Position of the rollout before it.
        look: Reports about it; ``None`` if the decision does not depend on them.
        step: The step.
        baseline: Baseline of the limit; ``None`` before the start.
        standing: All verdicts by standing.

    """
    after = step.position
    limit = after.limit if before.limit is None else before.limit
    found = Numbers(
        kind=step.kind,
        reason=after.reason or before.reason,
        stage=after.stage + 1,
        percent=after.percent,
        is_held=after.is_held,
        limit=_percent(limit),
        new_limit=None if after.limit == limit else _percent(after.limit),
        restarts_evidence=step.restarts_evidence and before.limit is not None,
        note=step.note,
    )
    if baseline is not None:
        found = replace(found, baseline=_baseline(baseline))
    if look is not None:
        found = _with_counts(found, look, baseline, standing or {})
        found = replace(found, evidence=_evidence(before, look))
    known = msgspec.to_builtins(found).items()
    return {name: value for name, value in known if value not in (None, "", {})}


def _baseline(baseline: RolloutBaseline) -> BaselineNumbers:
    return BaselineNumbers(
        percent=100 * baseline.share,
        verdicts=baseline.verdicts,
        releases=baseline.releases,
        assumed=baseline.is_assumed,
    )


def _with_counts(found: Numbers, look: Look, baseline: RolloutBaseline | None, standing: Mapping[str, int]) -> Numbers:
    """Return numbers with what was counted."""
    silences = {"1h": look.silence_1h, "24h": look.silence}
    watched = {age: silence for age, silence in silences.items() if silence is not None}
    usual = {} if baseline is None else baseline.gaps
    low, high = interval(look.failures, look.verdicts)
    strangers = _share(standing.get("new", 0), standing.get("new", 0) + standing.get("known", 0))
    return replace(
        found,
        verdicts=look.verdicts,
        failures=look.failures,
        share=_share(look.failures, look.verdicts),
        interval=(100 * low, 100 * high),
        settled=CountNumbers(verdicts=look.settled_verdicts, failures=look.settled_failures),
        silence={age: _silence(silence) for age, silence in watched.items()},
        others=CountNumbers(verdicts=look.other_verdicts, failures=look.other_failures),
        gap={age: (_share(one.gone, one.began), _percent(usual.get(age))) for age, one in watched.items()},
        standing=standing,
        strangers=(strangers, _percent(None if baseline is None else baseline.strangers)),
        soak_seconds=int(look.soaked.total_seconds()),
    )


def _silence(silence: Silence) -> SilenceNumbers:
    return SilenceNumbers(began=silence.began, gone=silence.gone, limit=100 * silence.limit)


def _evidence(before: Position, look: Look) -> EvidenceNumbers:
    weighed = weigh(before, look)
    return EvidenceNumbers(
        total=weighed.total,
        failures=weighed.failures,
        silence=weighed.silence,
        silence_1h=weighed.silence_1h,
        others=weighed.others,
        health=weighed.health,
    )


def _share(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
