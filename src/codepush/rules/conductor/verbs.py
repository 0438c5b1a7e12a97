"""Actions of users on a rollout, and the conditions on its state and evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from codepush.rules.conductor.positions import OVER, Look, Position, Step, Verb
from codepush.rules.conductor.steps import advanced, following, halted, stage_at
from codepush.rules.conductor.weighing import is_suspected, weigh

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from codepush.rollout_models import RolloutPlan, RolloutState

__all__ = ["NoteNeededError", "WrongStateError", "by_hand"]


class WrongStateError(Exception):
    """The state of the rollout does not allow a requested step.

    Attributes:
        state: The state.
        sentence: The state, and the verb to use instead.
        code: ``rollout_over`` if there is no such verb, else ``wrong_state``.

    """

    def __init__(self, state: RolloutState, sentence: str, code: Literal["wrong_state", "rollout_over"]) -> None:
        super().__init__(sentence)
        self.state = state
        self.sentence = sentence
        self.code = code


class NoteNeededError(Exception):
    """A step overrules the evidence without a note."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class _Request(Struct, frozen=True):
    """The request of a user."""

    verb: Verb
    note: str | None
    limit: float | None
    force: bool


def by_hand(
    position: Position,
    look: Look,
    verb: Verb,
    *,
    note: str | None = None,
    limit: float | None = None,
    force: bool = False,
) -> Step:
    """Return the step that a user requests.

    Args:
        position: Position of the rollout.
        look: Reports about it.
        verb: Requested action.
        note: Reason.
        limit: The limit from now on, for ``resume``; ``None``: that of the position. With another limit, evidence
            begins again. An approval ignores it.
        force: Whether to advance or complete the rollout of a release that is suspect.

    Raises:
        WrongStateError: The state does not allow it.
        NoteNeededError: It overrules the evidence, and there is no note.

    """
    return _VERBS[verb](position, look, _Request(verb, note, limit, force))


def _pause(position: Position, look: Look, request: _Request) -> Step:  # noqa: ARG001 - as all verbs
    _expect(position, request, position.state in {"running", "holding"})
    return Step(kind="pause", position=replace(position, state="paused", reason="person"))


def _resume(position: Position, look: Look, request: _Request) -> Step:
    is_awaited = position.state == "holding" and position.reason in {"suspect", "approval"}
    _expect(position, request, position.state in {"paused", "halted"} or is_awaited)
    resumed = replace(position, state="running", reason=None, is_held=False, is_disabled=False)
    if position.reason == "approval":
        return Step(kind="resume", position=replace(resumed, plan=_approved(position)))
    is_plain = position.state == "paused" and request.limit is None
    if is_plain and not is_suspected(position, weigh(position, look)):
        return _taken_up(resumed)
    _expect_note(request)
    limited = resumed if request.limit is None else replace(resumed, limit=request.limit)
    return replace(_taken_up(limited), restarts_stage=True, restarts_evidence=True)


def _approved(position: Position) -> RolloutPlan:
    """Return the plan whose next stage no longer needs approval."""
    stages = enumerate(position.plan.stages)
    approved = (
        replace(one, needs_approval=one.needs_approval and index != position.stage + 1) for index, one in stages
    )
    return replace(position.plan, stages=tuple(approved))


def _taken_up(resumed: Position) -> Step:
    """Resume a rollout at the stage that fits its percentage, which may have been set by hand."""
    stages = resumed.plan.stages
    stage = stage_at(resumed.plan, resumed.percent)
    is_new = resumed.limit is None
    return Step(
        kind="resume",
        position=replace(resumed, stage=stage, percent=max(resumed.percent, stages[stage].percent)),
        restarts_stage=is_new or stage != resumed.stage,
        restarts_evidence=is_new,
    )


def _advance(position: Position, look: Look, request: _Request) -> Step:
    is_waiting = position.state == "holding" and position.reason in {"inconclusive", "approval", "window"}
    _expect(position, request, position.state == "running" or is_waiting)
    if following(position) is None:
        raise WrongStateError(position.state, "The rollout has reached its last stage.", "rollout_over")
    _expect_force(position, look, request)
    return advanced(position)


def _halt(position: Position, look: Look, request: _Request) -> Step:
    _expect(position, request, position.state in {"running", "holding", "paused"})
    return halted(position, weigh(position, look), "person")


def _complete(position: Position, look: Look, request: _Request) -> Step:
    _expect(position, request, position.state != "halted")
    _expect_force(position, look, request)
    return Step(
        kind="complete",
        position=replace(position, state="completed", reason="person", percent=100, is_held=False, is_disabled=False),
    )


def _cancel(position: Position, look: Look, request: _Request) -> Step:
    _expect(position, request, position.state != "halted")
    is_held = position.is_held and is_suspected(position, weigh(position, look))
    return Step(kind="cancel", position=replace(position, state="cancelled", reason="person", is_held=is_held))


_VERBS: Final[Mapping[Verb, Callable[[Position, Look, _Request], Step]]] = {
    "pause": _pause,
    "resume": _resume,
    "advance": _advance,
    "halt": _halt,
    "complete": _complete,
    "cancel": _cancel,
}

_ALTERNATIVES: Final[Mapping[str, str]] = {
    "scheduled": 'It starts at its time; "complete" or "cancel" it, or set another plan.',
    "running": 'Use "advance", "pause" or "halt".',
    "paused": 'Use "resume".',
    "halted": 'Use "resume".',
    "suspect": 'Use "resume" or "halt".',
    "inconclusive": 'Use "advance".',
    "approval": 'Use "resume".',
    "window": 'Use "advance".',
    "stopped": "Start the deployment.",
}
"""The right verb, by state or, while holding, by reason."""


def _expect(position: Position, request: _Request, is_possible: bool) -> None:
    """Reject a verb that the state does not allow."""
    state = position.state
    if state in OVER:
        raise WrongStateError(state, f"The rollout is over: it is {state}.", "rollout_over")
    if is_possible:
        return
    is_holding = state == "holding" and position.reason is not None
    described = f"{state} ({position.reason})" if position.reason else state
    alternative = _ALTERNATIVES[position.reason or state] if is_holding else _ALTERNATIVES[state]
    raise WrongStateError(state, f"Cannot {request.verb} the rollout: it is {described}. {alternative}", "wrong_state")


def _expect_force(position: Position, look: Look, request: _Request) -> None:
    """Reject offering a suspect release to more devices without force and a note."""
    if not is_suspected(position, weigh(position, look)):
        return
    if not request.force:
        sentence = f'Cannot {request.verb} the rollout: its release is suspect. Use "halt", or "force" with a note.'
        raise WrongStateError(position.state, sentence, "wrong_state")
    _expect_note(request)


def _expect_note(request: _Request) -> None:
    """Reject overruling the evidence without a note."""
    if not (request.note or "").strip():
        raise NoteNeededError(f"A note is needed to {request.verb} this rollout: say why it is right to go on.")
