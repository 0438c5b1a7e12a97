"""Rollout plans as text, and their validation.

The text holds the stages, such as ``5% 4h, 25% 1d, wait, 100% 2d``; the other settings of a plan have fields of their
own. `check` applies to every plan, in whatever form it came.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final, get_args
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from codepush.models import COMPLETE_ROLLOUT
from codepush.rollout_models import OnHalt, RolloutPlan, RolloutStage

__all__ = [
    "EXAMPLE",
    "LONGEST_WATCH",
    "WATCH",
    "WINDOW_EXAMPLE",
    "PlanError",
    "check",
    "check_default",
    "check_window",
    "for_release_at",
    "is_open",
    "parse",
    "spell",
]

EXAMPLE: Final = "5% 4h, 25% 1d, 100%"
WINDOW_EXAMPLE: Final = "Mon-Thu 09:00-17:00 Europe/Berlin"

WATCH: Final = timedelta(days=1)
"""How long a release is monitored at 100 % by default."""

LONGEST_WATCH: Final = timedelta(days=14)

_SHORTEST: Final = timedelta(seconds=10)
_LONGEST: Final = timedelta(days=90)
_LONGEST_RIPEN: Final = timedelta(days=7)
_STAGES: Final = 20
_TEXT_LENGTH: Final = 1000
_WINDOW_LENGTH: Final = 100

_SHOWN: Final = 40
"""Maximum number of characters that an error quotes."""

_WAIT: Final = "wait"
_WAIT_PLACE: Final = "must stand between two stages"
_PERCENT: Final = re.compile(r"([0-9]{1,3}) ?(%?)(?: (.*))?")
_DURATION: Final = re.compile(r"(?:([0-9]{1,8})d)?(?:([0-9]{1,8})h)?(?:([0-9]{1,8})m)?(?:([0-9]{1,8})s)?")
_UNITS: Final = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1)))

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIMES: Final = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")
_ZONE: Final = re.compile(r"[A-Z][0-9A-Za-z_+-]*(?:/[0-9A-Za-z_+-]+){0,2}")


class PlanError(ValueError):
    """A plan is invalid. The message has the place and an example."""


class _Window(Struct, frozen=True):
    """A window: the weekdays that it begins on (0 is Monday), its first and last minute of the day, its time zone."""

    days: frozenset[int]
    begin: int
    end: int
    zone: ZoneInfo


def parse(text: str) -> RolloutPlan:
    """Parse a plan.

    Args:
        text: Stages separated by commas: a whole percent, and how long the rollout stays there at least, such as
            ``5% 4h``. ``wait`` between two stages requires a user to resume the rollout before the second.

    Raises:
        PlanError: The text is not a plan.

    """
    if len(text) > _TEXT_LENGTH:
        raise PlanError(f'A rollout plan has at most {_TEXT_LENGTH} characters. Example: "{EXAMPLE}".')
    stages: list[RolloutStage] = []
    is_waiting = False
    for part in text.lower().split(","):
        step = " ".join(part.split())
        if step != _WAIT:
            stages.append(_stage(len(stages) + 1, step, needs_approval=is_waiting))
        elif is_waiting or not stages:
            raise _wrong(f'"{_WAIT}" after stage {len(stages)}' if stages else f'"{_WAIT}" at the start', _WAIT_PLACE)
        is_waiting = step == _WAIT
    if is_waiting:
        raise _wrong(f'"{_WAIT}" at the end', _WAIT_PLACE)
    return check(RolloutPlan(stages=tuple(stages)))


def spell(plan: RolloutPlan) -> str:
    """Return the text of a plan's stages, which `parse` reads."""
    steps: list[str] = []
    for stage in plan.stages:
        if stage.needs_approval:
            steps.append(_WAIT)
        is_default = stage.soak == (WATCH if stage.percent == COMPLETE_ROLLOUT else timedelta(0))
        steps.append(f"{stage.percent}%" if is_default else f"{stage.percent}% {_spell_duration(stage.soak)}")
    return ", ".join(steps)


def check(plan: RolloutPlan) -> RolloutPlan:
    """Return a plan that is valid, with the default soak of the last stage filled in.

    Raises:
        PlanError: The plan is invalid.

    """
    _check_stages(plan.stages)
    if plan.limit is not None and not 0 < plan.limit < 1:
        raise PlanError("The limit of a rollout plan must lie between 0 % and 100 %, such as 1.5 %.")
    if plan.on_halt not in get_args(OnHalt):
        raise PlanError('What a rollout plan does on a halt must be "stop", "disable" or "notify".')
    if plan.starts_at is not None and plan.starts_at.tzinfo is None:
        raise PlanError("The start of a rollout plan needs a time zone, such as 2026-03-02T09:00:00+01:00.")
    if plan.patience is not None:
        _check_duration("The patience of a rollout plan", plan.patience, _LONGEST)
    if plan.ripen:
        _check_duration('The "ripen" time of a rollout plan', plan.ripen, _LONGEST_RIPEN)
    if plan.window is not None:
        check_window(plan.window)
    *others, last = plan.stages
    return plan if last.soak else replace(plan, stages=(*others, replace(last, soak=WATCH)))


def check_default(plan: RolloutPlan) -> RolloutPlan:
    """Return a plan that is valid as the default of a deployment, as `check` does.

    Raises:
        PlanError: The plan is invalid, or has a start, which can only be that of one release.

    """
    if plan.starts_at is not None:
        raise PlanError("The default plan of a deployment cannot have a start; give it with a release.")
    return check(plan)


def for_release_at(default_plan: RolloutPlan, percent: int | None) -> RolloutPlan:
    """Return the plan of a release with a rollout in a deployment with a default plan.

    Args:
        default_plan: The default plan.
        percent: Whole percent that the release came with; ``None`` and 100: it came without a rollout.

    Returns:
        The default plan, or one that stays at the given percent until a user resumes it.

    """
    if percent is None or percent == COMPLETE_ROLLOUT:
        return default_plan
    last = replace(default_plan.stages[-1], needs_approval=True)
    return replace(default_plan, stages=(RolloutStage(percent=percent), last))


def check_window(window: str) -> None:
    """Check the text of a window.

    Raises:
        PlanError: The text is not a window.

    """
    _window(window)


def is_open(window: str, at: datetime) -> bool:
    """Return whether a rollout may advance at a time.

    A window that ends before it begins goes over midnight and belongs to the day that it begins on:
    ``Fri 22:00-04:00`` ends on Saturday. Begin and end are times of the clocks in its zone, so an hour that a change
    to summer time leaves out does not open it, and an hour that clocks show twice opens it twice.

    Args:
        window: Days, times and a time zone, such as ``Mon-Thu 09:00-17:00 Europe/Berlin``.
        at: The time, with a time zone.

    Raises:
        PlanError: The text is not a window.

    """
    found = _window(window)
    local = at.astimezone(found.zone)
    minute, day = local.hour * 60 + local.minute, local.weekday()
    if found.begin < found.end:
        return day in found.days and found.begin <= minute < found.end
    return (day in found.days and minute >= found.begin) or ((day - 1) % 7 in found.days and minute < found.end)


def _stage(number: int, step: str, *, needs_approval: bool) -> RolloutStage:
    found = _PERCENT.fullmatch(step)
    if found is None:
        raise _wrong(f"{_place(number)}, {_quoted(step)}", "is not a percentage with a time, such as 25% 1d")
    percent, sign, soak = found.groups()
    if not sign:
        raise _wrong(f"{_place(number)}, {_quoted(step)}", f"has no percent sign; write {percent}%")
    length = timedelta(0) if soak is None else _duration(number, soak)
    return RolloutStage(percent=int(percent), soak=length, needs_approval=needs_approval)


def _duration(number: int, text: str) -> timedelta:
    found = _DURATION.fullmatch(text)
    if found is None or not text:
        raise _wrong(f"{_place(number)}, {_quoted(text)}", "is not a time, such as 4h or 1h30m (units d, h, m and s)")
    days, hours, minutes, seconds = (int(digits or 0) for digits in found.groups())
    length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not length:
        raise _wrong(f"{_place(number)}, {_quoted(text)}", "is no time; leave it out")
    return length


def _check_stages(stages: tuple[RolloutStage, ...]) -> None:
    if not 1 <= len(stages) <= _STAGES:
        raise PlanError(f'A rollout plan has 1 to {_STAGES} stages, not {len(stages)}. Example: "{EXAMPLE}".')
    before = 0
    for number, stage in enumerate(stages, 1):
        place = f"{_place(number)}, {stage.percent}%,"
        if stage.percent not in range(1, COMPLETE_ROLLOUT + 1):
            raise _wrong(place, "must be a whole percentage from 1 to 100")
        if stage.percent <= before:
            raise _wrong(place, f"must be more than the {before}% before it")
        if stage.soak:
            _check_duration(f"The time of {place}", stage.soak, LONGEST_WATCH if number == len(stages) else _LONGEST)
        before = stage.percent
    if stages[0].needs_approval:
        raise _wrong(_place(1), f'cannot need approval: "{_WAIT}" {_WAIT_PLACE}')
    if before != COMPLETE_ROLLOUT:
        raise _wrong(f"{_place(len(stages))}, {before}%,", "is the last and must be 100%")


def _check_duration(what: str, length: timedelta, longest: timedelta) -> None:
    if not _SHORTEST <= length <= longest:
        raise PlanError(f"{what} must be {_spell_duration(_SHORTEST)} to {_spell_duration(longest)}, such as 4h.")
    if length.microseconds:
        raise PlanError(f"{what} must be whole seconds, such as 90s.")


def _spell_duration(length: timedelta) -> str:
    text = ""
    for unit, one in _UNITS:
        count, length = divmod(length, one)
        text += f"{count}{unit}" if count else ""
    return f"{text}{length.seconds}s" if length else text


def _window(text: str) -> _Window:
    parts = text.split()
    if len(text) > _WINDOW_LENGTH or len(parts) != 3:  # noqa: PLR2004 - days, times and zone
        raise _wrong_window(text, "must be days, times and a time zone")
    days, times, zone = parts
    begin, end = _times(times)
    return _Window(_weekdays(days), begin, end, _zone(zone))


def _weekdays(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.lower().split(","):
        names = part.split("-")
        if len(names) > 2 or not set(names) <= set(_DAYS):  # noqa: PLR2004 - the first and the last day
            raise _wrong_window(part, "must be a day or days, such as Mon or Mon-Thu or Mon,Wed")
        first, last = _DAYS.index(names[0]), _DAYS.index(names[-1])
        found.update((first + step) % 7 for step in range((last - first) % 7 + 1))
    return frozenset(found)


def _times(text: str) -> tuple[int, int]:
    found = _TIMES.fullmatch(text)
    hours = [int(digits) for digits in found.groups()] if found else [24] * 4
    begin, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
    day = 24 * 60
    if begin >= day or end > day or max(hours[1], hours[3]) >= 60 or begin == end:  # noqa: PLR2004 - minutes
        raise _wrong_window(text, "must be two different times, such as 09:00-17:00")
    return begin, end


def _zone(name: str) -> ZoneInfo:
    try:
        if _ZONE.fullmatch(name):
            return ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # unknown, a folder of zones, not a zone
        pass
    raise _wrong_window(name, "must be a time zone, such as Europe/Berlin or UTC")


def _place(number: int) -> str:
    return f"stage {number}"


def _quoted(text: str) -> str:
    shown = "".join(sign if sign.isprintable() else "?" for sign in text)
    return f'"{shown}"' if len(shown) <= _SHOWN else f'"{shown[:_SHOWN]}..."'


def _wrong(place: str, problem: str) -> PlanError:
    return PlanError(f'In the rollout plan, {place} {problem}. Example: "{EXAMPLE}".')


def _wrong_window(part: str, problem: str) -> PlanError:
    return PlanError(f'In the window of the rollout plan, {_quoted(part)} {problem}. Example: "{WINDOW_EXAMPLE}".')
