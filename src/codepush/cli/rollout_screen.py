"""Rollouts as they are shown: one screen each."""

from __future__ import annotations

import shutil
import textwrap
from datetime import UTC
from math import log10
from typing import TYPE_CHECKING, Final

from codepush.cli.output import Table
from codepush.rules.plans import spell

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import timedelta

    from codepush.insight_models import Insight
    from codepush.rollout_models import Rollout, RolloutDecision, RolloutGap, RolloutPreview

__all__ = ["decision_table", "insight_lines", "point_table", "preview_lines", "rollout_lines", "rollout_table"]

_SCALE: Final = 28
"""Characters of the scale of evidence, which ends at 1,000. The line fits a terminal of 40 columns."""

_MARKS: Final = (10, 100)
_MOST: Final = 1000
_DECISIONS: Final = 5
_UNLIMITED: Final = 10_000
"""Columns where the output is no terminal."""


def rollout_table(rollouts: Sequence[Rollout]) -> Table:
    """Return the rollouts of a deployment as a table."""
    rows = [(one.label, _state(one), f"{one.percent}%", spell(one.plan), one.waits_for) for one in rollouts]
    return Table(
        ("Label", "State", "Percent", "Plan", "Waits for"),
        rows,
        "No release of this deployment has a rollout plan. Release with --plan, or see: codepush rollout plan --help",
    )


def decision_table(decisions: Sequence[RolloutDecision]) -> Table:
    """Return decisions as a table, newest first."""
    rows = [(_time(one), one.actor, one.text + (f" ({one.note})" if one.note else "")) for one in decisions]
    return Table(("Time", "By", "Decision"), rows, "There are no decisions.")


def rollout_lines(rollout: Rollout) -> str:
    """Return one screen about a rollout; on a terminal, long lines are wrapped to its width."""
    lines = [f"{rollout.label} is {_state(rollout)} at {rollout.percent}%.", *filter(None, [rollout.waits_for]), ""]
    lines += [*_stages(rollout), "", *_counts(rollout), *_evidence(rollout), *map(_gap, rollout.gaps)]
    if rollout.decisions:
        lines += ["", "Last decisions"]
        lines += [f"  {_time(one)}  {one.text}" for one in rollout.decisions[:_DECISIONS]]
    width = shutil.get_terminal_size(fallback=(_UNLIMITED, 0)).columns
    return "\n".join(part for line in lines for part in textwrap.wrap(line, width, subsequent_indent="    ") or [""])


def insight_lines(insight: Insight) -> str:
    """Return what devices reported of a release in total."""
    share = _share_line(insight.failure_share, insight.interval, insight.limit)
    adoption = "" if insight.adoption is None else f", {_percent(insight.adoption)} of {insight.audience:,}"
    lines = [
        f"Devices   {insight.began:,} downloaded, {insight.ok:,} succeeded, {insight.bad:,} failed",
        f"Active    {insight.active:,} devices run {insight.label}{adoption}",
        f"Failures  {share}",
        *map(_gap, insight.gaps),
    ]
    return "\n".join(lines)


def point_table(insight: Insight) -> Table:
    """Return the points of an insight as a table, oldest first."""
    pattern = "%Y-%m-%d" if insight.span == "day" else "%Y-%m-%d %H:%M"
    rows = [
        (
            one.starts_at.astimezone(UTC if insight.span == "day" else None).strftime(pattern),
            *(f"{count:,}" for count in (one.began, one.ok, one.bad, one.active)),
        )
        for one in insight.points
    ]
    return Table(("From", "Downloaded", "Succeeded", "Failed", "Active"), rows, "No device has reported it.")


def preview_lines(preview: RolloutPreview) -> str:
    """Return what to expect of a plan."""
    base = preview.baseline
    source = "assumed" if base.is_assumed else f"{base.verdicts:,} verdicts of {', '.join(base.releases)}"
    lines = [
        f"Plan      {spell(preview.plan)}",
        f"Baseline  {_percent(base.share)} of devices fail ({source})",
        f"Limit     {_percent(preview.limit)}",
        f"Audience  {preview.audience:,} devices",
        "",
    ]
    for stage in preview.stages:
        expected = ", ".join(f"{count:,} in {hours} h" for hours, count in stage.verdicts.items())
        lines.append(
            f"  {stage.percent:>3}%  about {stage.devices:,} devices" + (f"; verdicts: {expected}" if expected else "")
        )
    needed = preview.stages[0].needed
    if needed:
        lines += ["", f"A stage needs {needed} verdicts without a failure to advance."]
    lines += [
        f"A rise by {_percent(rise)} is noticed in {power} of 100 cases." for power, rise in preview.noticed.items()
    ]
    return "\n".join(lines)


def _state(rollout: Rollout) -> str:
    return f"{rollout.state} ({rollout.reason})" if rollout.reason else rollout.state


def _stages(rollout: Rollout) -> Iterable[str]:
    yield "Stages"
    for number, stage in enumerate(rollout.plan.stages, 1):
        is_current = number == rollout.stage
        mark = ">" if is_current else " "
        soak = f"at least {_duration(stage.soak)}" if stage.soak else ""
        reached = f", {_duration(rollout.soaked)} so far" if is_current and soak else ""
        approval = "  after approval" if stage.needs_approval else ""
        yield f"{mark} {stage.percent:>3}%  {soak}{reached}{approval}".rstrip()


def _counts(rollout: Rollout) -> Iterable[str]:
    counts = rollout.counts
    verdicts = counts.ok + counts.bad
    yield f"Devices   {counts.began:,} downloaded, {counts.ok:,} succeeded, {counts.bad:,} failed"
    yield f"Failures  {_share_line(counts.bad / verdicts if verdicts else None, counts.interval, rollout.limit)}"
    others = {name: count for name, count in counts.standing.items() if name in {"stray", "nameless"} and count}
    if others:
        yield f"Ignored   {', '.join(f'{count:,} {name}' for name, count in others.items())}"
    if counts.strangers is not None:
        usual = None if rollout.baseline is None else rollout.baseline.strangers
        yield f"New       {_percent(counts.strangers)} of verdicts are from devices new to the server{_usual(usual)}"


def _share_line(share: float | None, interval: tuple[float, float], limit: float | None) -> str:
    low, high = interval
    shown = "no verdicts yet" if share is None else f"{_percent(share)} ({_percent(low)} to {_percent(high)})"
    return shown + ("" if limit is None else f", limit {_percent(limit)}")


def _evidence(rollout: Rollout) -> Iterable[str]:
    """Draw the evidence on a logarithmic scale on which the bars for a hold and a halt are marked."""
    evidence = rollout.evidence
    filled = _place(evidence.total)
    scale = ["#" if place < filled else "." for place in range(_SCALE)]
    for mark in _MARKS:
        scale[_place(mark)] = "|"
    yield f"Evidence  {evidence.total:,.1f}; holds at 10, halts at 100"
    yield f"          [{''.join(scale)}]"
    yield f"Health    {evidence.health:,.1f}; advances at 10"


def _place(evidence: float) -> int:
    return round(min(1.0, max(0.0, log10(max(evidence, 1.0)) / log10(_MOST))) * (_SCALE - 1))


def _gap(gap: RolloutGap) -> str:
    share = "not known yet" if gap.share is None else _percent(gap.share)
    return f"Silent    {share} after {gap.age}{_usual(gap.usual)}"


def _usual(share: float | None) -> str:
    return "" if share is None else f" (earlier releases: {_percent(share)})"


def _percent(share: float) -> str:
    return f"{share * 100:.1f}%"


def _time(decision: RolloutDecision) -> str:
    return f"{decision.at.astimezone():%Y-%m-%d %H:%M:%S}"


def _duration(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    parts = ((seconds // 86_400, "d"), (seconds // 3_600 % 24, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s"))
    return "".join(f"{count}{unit}" for count, unit in [part for part in parts if part[0]][:2]) or "0s"
