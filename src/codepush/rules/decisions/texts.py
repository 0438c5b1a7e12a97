"""Decisions in words, which promise no more than the evidence does."""

from __future__ import annotations

from math import isclose
from typing import TYPE_CHECKING, Final

import msgspec

from codepush.rollout_models import RolloutBaseline
from codepush.rules.baseline import limit as computed_limit
from codepush.rules.conductor import BASELINE_ROSE
from codepush.rules.decisions.numbers import BaselineNumbers, EvidenceNumbers, Numbers, SilenceNumbers
from codepush.rules.evidence import ADVANCE, CLEAR, HALT, HOLD, total, worst

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from codepush.rollout_models import RolloutDecision

__all__ = ["explain"]

_MOST_SHOWN: Final = 1_000_000
_DECIMALS_BELOW: Final = 100
_TWO_DECIMALS_BELOW: Final = 0.1


def explain(decision: RolloutDecision) -> str:
    """Return a decision in sentences.

    Args:
        decision: The decision; its text is not used.

    """
    found = msgspec.convert({"kind": decision.kind, **decision.numbers}, Numbers)
    is_asked = not decision.actor.startswith("system:")
    sentences = [_TEXTS[decision.kind](found, is_asked)] if decision.kind in _TEXTS else [f"{decision.kind}."]
    if found.note == BASELINE_ROSE:
        sentences.append(_shared_cause(found))
    if found.restarts_evidence:
        sentences.append(_begins_again(found))
    return " ".join(sentences)


# One function for each kind of step.


def _plan(found: Numbers, is_asked: bool) -> str:
    return f"Planned{_by(is_asked)}, at {found.percent} %."


def _start(found: Numbers, is_asked: bool) -> str:
    if found.limit is None:
        return f"Started{_by(is_asked)} at {found.percent} %."
    return f"Started{_by(is_asked)} at {found.percent} %. {_limit_in_words(found)}"


def _advance(found: Numbers, is_asked: bool) -> str:
    health = 1.0 if found.evidence is None else found.evidence.health
    settled = found.settled
    if is_asked or settled is None or found.limit is None:
        return f"Advanced{_by(is_asked)} to {found.percent} %: {_failed(found)}."
    if health < ADVANCE:
        return f"Advanced to {found.percent} %, as the patience of the plan is over: {_failed(found)}."
    return (
        f"Advanced to {found.percent} %: {settled.failures:,} of {settled.verdicts:,} devices failed; what was seen is "
        f"{_times(health)} times as likely if fewer than {_shown(_worst(found.limit))} % fail; "
        f"{_times(ADVANCE)} times advance."
    )


def _hold(found: Numbers, is_asked: bool) -> str:  # noqa: ARG001 - as all kinds
    if found.reason == "suspect":
        verb = "Held" if found.is_held else "Suspect"
        return f"{verb}: {_against(found, _signal(found, HOLD), HOLD)}."
    return f"Waiting at {found.percent} %: {_obstacle(found)}."


def _clear(found: Numbers, is_asked: bool) -> str:  # noqa: ARG001 - as all kinds
    if found.reason == "suspect":
        return f"Cleared: {_failed(found)}; the evidence against the release is below {CLEAR:g} again."
    if found.reason == "inconclusive":
        is_well = found.evidence is not None and found.evidence.health >= ADVANCE
        enough = "there are enough verdicts" if is_well else "the patience of the plan is over"
        return f"Going on at {found.percent} %: {enough}."
    return f"Going on at {found.percent} %: {_REMOVED.get(found.reason or '', 'nothing stands in the way')}."


def _halt(found: Numbers, is_asked: bool) -> str:
    if is_asked or found.reason == "person":
        return f"Halted by a person: {_failed(found)}."
    signal = "24h" if found.reason == "silence" else "failures"
    return f"Halted: {_against(found, signal, HALT)}."


def _note(found: Numbers, is_asked: bool) -> str:  # noqa: ARG001 - as all kinds
    return f"The halt at {found.percent} % is in doubt."


def _pause(found: Numbers, is_asked: bool) -> str:
    if found.reason in _PAUSES:
        return f"Paused at {found.percent} %: {_PAUSES[found.reason]}."
    return f"Paused{_by(is_asked)} at {found.percent} %."


def _resume(found: Numbers, is_asked: bool) -> str:
    return f"Resumed{_by(is_asked)} at {found.percent} %."


def _complete(found: Numbers, is_asked: bool) -> str:
    if found.reason == "patched":
        return "Completed: the percentage was set to 100 % by hand."
    if is_asked:
        return f"Completed{_by(is_asked)}: all devices are offered the release; {_failed(found)}."
    return f"Completed: {_failed(found)}, and the time at 100 % is over."


def _supersede(found: Numbers, is_asked: bool) -> str:  # noqa: ARG001 - as all kinds
    return f"Superseded at {found.percent} % by a newer release."


def _cancel(found: Numbers, is_asked: bool) -> str:
    held = ", and is still withheld from further devices" if found.is_held else ""
    return f"Cancelled{_by(is_asked)}: the release stays at {found.percent} %{held}."


_TEXTS: Final[Mapping[str, Callable[[Numbers, bool], str]]] = {
    "plan": _plan,
    "start": _start,
    "advance": _advance,
    "hold": _hold,
    "clear": _clear,
    "halt": _halt,
    "note": _note,
    "pause": _pause,
    "resume": _resume,
    "complete": _complete,
    "supersede": _supersede,
    "cancel": _cancel,
}

_PAUSES: Final[Mapping[str | None, str]] = {
    "patched": "the percentage was set by hand",
    "disabled": "the release was disabled by hand",
    "missed": "the start was missed by more than a day",
    "restored": "the server was restored from a backup",
}

_REMOVED: Final[Mapping[str, str]] = {
    "approval": "the next stage needs no approval",
    "window": "it may advance at this time",
    "stopped": "the deployment is started",
}


# Their parts.


def _by(is_asked: bool) -> str:
    return " by a person" if is_asked else ""


def _failed(found: Numbers) -> str:
    """Return how many devices failed, with the interval of their share."""
    if not found.verdicts:
        return "no device has reported yet"
    failed = f"{found.failures:,} of {found.verdicts:,} devices failed"
    if found.interval is None:
        return failed
    low, high = found.interval
    return f"{failed} ({_shown(low)} to {_shown(high)} %)"


def _signal(found: Numbers, bar: float) -> str:
    """Return which signal reached a bar: ``failures``, ``24h`` or ``1h``."""
    weighed = found.evidence or EvidenceNumbers()
    if weighed.total < bar:
        return "1h"
    return "failures" if total(weighed.failures, None if weighed.silence is None else 0.0) >= bar else "24h"


def _against(found: Numbers, signal: str, bar: float) -> str:
    """Return the evidence against a release: the counts, the limit and the total."""
    weighed = found.evidence or EvidenceNumbers()
    if signal == "failures":
        weight = total(1.0, None if weighed.silence is None else 0.0)
        return (
            f"{_failed(found)}, more than the {_allowed(found)}; what was seen is {_times(weighed.failures)} times as "
            f"likely if more fail; {_bars(bar, weight)}"
        )
    seen = found.silence.get(signal, SilenceNumbers(began=0, gone=0, limit=0.0))
    evidence, weight = (weighed.silence_1h, 1.0) if signal == "1h" else (weighed.silence, total(0.0, 1.0))
    return (
        f"{seen.gone:,} of {seen.began:,} devices reported nothing within {signal[:-1]} h of the download, more than "
        f"the {_shown(seen.limit)} % that is tolerated; what was seen is {_times(evidence or 1.0)} times as likely if "
        f"more report nothing; {_bars(bar, weight)}"
    )


def _bars(bar: float, weight: float) -> str:
    """Return what evidence of one signal it takes."""
    return f"{_times(bar / weight)} times {'halt' if bar == HALT else 'hold'}"


def _allowed(found: Numbers) -> str:
    """Return the limit and where it is from."""
    limit = f"{_shown(found.limit or 0.0)} %"
    baseline = found.baseline
    if baseline is None or not _is_computed(found.limit, baseline):
        return f"limit of {limit}"
    if baseline.assumed:
        return f"{limit} assumed, as earlier releases have too few verdicts"
    verb = "allows" if len(baseline.releases) == 1 else "allow"
    return f"{limit} that {_listed(baseline.releases)} {verb}"


def _limit_in_words(found: Numbers) -> str:
    """Return the limit, and what it was computed from."""
    baseline, limit = found.baseline, f"The limit is {_shown(found.limit or 0.0)} % failing devices"
    if baseline is None or not _is_computed(found.limit, baseline):
        return f"{limit}, as given."
    if baseline.assumed:
        return f"{limit}, as earlier releases have too few verdicts ({baseline.verdicts:,}) to compute it from."
    return (
        f"{limit}: of {_listed(baseline.releases)}, at most {_shown(baseline.percent)} % fail "
        f"({baseline.verdicts:,} verdicts)."
    )


def _is_computed(percent: float | None, baseline: BaselineNumbers) -> bool:
    """Return whether a limit is the one that follows from a baseline, and was not given."""
    if percent is None:
        return False
    expected = RolloutBaseline(share=baseline.percent / 100)
    return isclose(percent, 100 * computed_limit(expected), rel_tol=1e-9)


def _obstacle(found: Numbers) -> str:
    """Return why a rollout waits that is not suspect."""
    if found.reason == "inconclusive" and found.limit is not None:
        settled = found.settled
        seen = "no verdicts" if settled is None else f"{settled.failures:,} of {settled.verdicts:,} devices failed"
        health = 1.0 if found.evidence is None else found.evidence.health
        return (
            f"{seen}; what was seen is {_times(health)} times as likely if fewer than {_shown(_worst(found.limit))} % "
            f"fail; {_times(ADVANCE)} times advance"
        )
    return {
        "inconclusive": "there are too few verdicts",
        "approval": "the next stage needs the approval of a person",
        "window": "advances are not allowed at this time",
        "stopped": "the deployment is stopped",
    }.get(found.reason or "", "it cannot advance")


def _shared_cause(found: Numbers) -> str:
    """Return the evidence for a cause outside the release."""
    others, weighed = found.others, found.evidence
    if others is None or weighed is None:
        return "Other releases failed meanwhile too; a backend or the network is the likelier cause."
    return (
        f"Of devices with other releases, {others.failures:,} of {others.verdicts:,} failed meanwhile, which is "
        f"{_times(weighed.others)} times as likely if more than the limit fail: a backend or the network is the "
        "likelier cause. The halt sends no device back."
    )


def _begins_again(found: Numbers) -> str:
    """Return what new evidence means."""
    limit = "" if found.new_limit is None else f" against a limit of {_shown(found.new_limit)} %"
    return (
        f"Only trials that begin from now on count{limit}. A release within its limit is halted with a probability of "
        "up to 1 % once more."
    )


def _worst(limit: float) -> float:
    return 100 * worst(limit / 100)


def _listed(releases: tuple[str, ...]) -> str:
    *others, last = releases or ("earlier releases",)
    return f"{', '.join(others)} and {last}" if others else last


def _times(evidence: float) -> str:
    """Return evidence as it is read: 0.3, 12.5, 433, more than a million."""
    if evidence > _MOST_SHOWN:
        return "more than a million"
    return f"{evidence:,.0f}" if evidence >= _DECIMALS_BELOW or evidence == round(evidence) else f"{evidence:,.1f}"


def _shown(percent: float) -> str:
    """Return a share in percent as it is read: 0, 0.03, 1.2, 100."""
    decimals = 2 if 0 < percent < _TWO_DECIMALS_BELOW else 1
    return f"{percent:.{decimals}f}".rstrip("0").rstrip(".")
