"""What a change to a deployment would do, by the very rules that servers decide with.

Pure: the deployment's releases and counters come in as arguments.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from codepush.models import COMPLETE_ROLLOUT, Package, PackageInfo, UpdateCheck
from codepush.rules import labels, selection, semver
from codepush.rules.actions import settings
from codepush.rules.duplicates import current_hash
from codepush.rules.rollout import is_unfinished

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from codepush.models import Metrics

__all__ = ["Move", "Plan", "plan_change", "plan_new", "plan_return", "release_of", "some_version", "versions_running"]

_ANY_DEVICE: Final = "somebody"
_NUMBERS: Final = re.compile(r"(\d+)\.(\d+)\.(\d+)")


class Move(Struct, frozen=True, kw_only=True):
    """The devices that run one label or binary version, and how many of them would be offered something else.

    ``at_least`` and ``at_most`` differ where it depends on the version of the app, which is not counted for labels.
    """

    runs: str
    active: int
    at_least: int
    at_most: int


class Plan(Struct, frozen=True, kw_only=True):
    """What would happen: the release as it would be, whom it would move, and why it would be refused, if it would."""

    release: Package | None
    moves: tuple[Move, ...] = ()
    refusal: str | None = None

    @property
    def at_least(self) -> int:
        """How many devices would move, at least."""
        return sum(move.at_least for move in self.moves)

    @property
    def at_most(self) -> int:
        """How many devices would move, at most."""
        return sum(move.at_most for move in self.moves)


def plan_new(
    history: Sequence[Package],
    metrics: Mapping[str, Metrics],
    release: Package,
    *,
    compared_as: str | None = None,
) -> Plan:
    """Plan a new release, uploaded or promoted.

    Args:
        history: the deployment's releases, oldest first.
        metrics: its counters.
        release: the release as it would be; its label is found here.
        compared_as: the target for which duplicates are looked for; a promotion takes its source's.

    """
    made = replace(release, label=_next_label(history))
    refusal = None
    if history and is_unfinished(history[-1].rollout) and not history[-1].is_disabled:
        refusal = f"the rollout of {history[-1].label} is unfinished ({history[-1].rollout}%)"
    elif current_hash(history, compared_as or made.app_version) == made.package_hash:
        refusal = "the deployment has this very package already"
    return _plan(history, [*_settled(history), made], metrics, made, refusal)


def plan_return(history: Sequence[Package], metrics: Mapping[str, Metrics], label: str | None) -> Plan:
    """Plan a rollback to a label, or to the release before the newest."""
    if not history:
        return Plan(release=None, refusal="there are no releases")
    newest = history[-1]
    if label is None and len(history) == 1:
        return Plan(release=None, refusal="there is no release before the newest")
    target = history[-2] if label is None else _find(history, label)
    if target is None:
        return Plan(release=None, refusal=f"there is no release {label}")
    made = replace(
        target,
        label=_next_label(history),
        rollout=None,
        release_method="Rollback",
        original_label=target.label,
        original_deployment=None,
    )
    refusal = None
    if target is newest:
        refusal = f"{label} is the newest release already"
    elif target.app_version != newest.app_version:
        refusal = f"{target.label} is for {target.app_version}, the newest release for {newest.app_version}"
    return _plan(history, [*_settled(history), made], metrics, made, refusal)


def plan_change(history: Sequence[Package], metrics: Mapping[str, Metrics], info: PackageInfo) -> Plan:
    """Plan a patch of a label, or of the newest release."""
    release = history[-1] if history and info.label is None else _find(history, info.label)
    if release is None:
        return Plan(release=None, refusal=f"there is no release {info.label}" if history else "there are no releases")
    made = release_of(release, info)
    refusal = None
    if info.rollout is not None and not is_unfinished(release.rollout):
        refusal = f"the rollout of {release.label} is complete"
    elif info.rollout is not None and release.rollout is not None and info.rollout <= release.rollout:
        refusal = f"the rollout of {release.label} is {release.rollout}% already, and can only grow"
    after = [made if one is release else one for one in history]
    return _plan(history, after, metrics, made, refusal)


def release_of(release: Package, info: PackageInfo) -> Package:
    """Return a release with the settings of ``info`` in place of its own."""
    return replace(release, **{name: value for name, value in settings(info).items() if value is not None})


def _plan(
    before: Sequence[Package],
    after: Sequence[Package],
    metrics: Mapping[str, Metrics],
    made: Package,
    refusal: str | None,
) -> Plan:
    if refusal:
        return Plan(release=made, refusal=refusal)
    moves = [
        _move(before, after, runs, counted.active, versions_running(runs, before, metrics, made))
        for runs, counted in metrics.items()
        if counted.active > 0
    ]
    return Plan(release=made, moves=tuple(moves))


def _move(before: Sequence[Package], after: Sequence[Package], runs: str, active: int, versions: Iterable[str]) -> Move:
    """Return how many of the devices that run something would be offered what they were not offered before."""
    was, will = selection.candidates(before), selection.candidates(after)
    running = _find(before, runs)
    shares = [_newly_offered(was, will, _check(version, running)) for version in versions] or [0, COMPLETE_ROLLOUT]
    counts = [round(active * share / COMPLETE_ROLLOUT) for share in shares]
    return Move(runs=runs, active=active, at_least=min(counts), at_most=max(counts))


def _newly_offered(was: selection.Candidates, will: selection.Candidates, check: UpdateCheck) -> float:
    """Return the share of phones, in percent, that would be offered a package which they were not offered before."""
    before, after = _offers(was, check), _offers(will, check)
    return sum(max(0, share - before.get(label, 0)) for label, share in after.items())


def _offers(candidates: selection.Candidates, check: UpdateCheck) -> dict[str, float]:
    """Return which labels phones are offered that say the same of themselves, and what share of them, in percent."""
    decision = selection.resolve(candidates, check)
    share = (decision.rollout or 0) if decision.rollout_package else 0
    offers: dict[str, float] = {}
    for told, part in ((decision.rollout_package, share), (decision.original, COMPLETE_ROLLOUT - share)):
        if told is not None and told.is_available:
            offers[told.label] = offers.get(told.label, 0) + part
    return offers


def _check(version: str, running: Package | None) -> UpdateCheck:
    return UpdateCheck(
        deployment_key="",
        app_version=version,
        package_hash=running.package_hash if running else None,
        label=running.label if running else None,
        client_unique_id=_ANY_DEVICE,
    )


def versions_running(runs: str, history: Sequence[Package], metrics: Mapping[str, Metrics], made: Package) -> list[str]:
    """Return the versions of the app that devices may have which run something.

    A binary version is itself. A label may run in any version of its target: those that are counted, and those that the
    targets mention, stand for all of them.
    """
    release = _find(history, runs)
    if release is None:
        return [] if semver.normalise_app_version(runs) is None else [runs]
    mentioned = [*metrics, *_mentioned(release.app_version), *_mentioned(made.app_version)]
    known = {version for text in mentioned if (version := semver.valid(text))}
    return [version for version in sorted(known) if semver.satisfies(version, release.app_version)]


def some_version(target: str) -> str:
    """Return a version of the app that a target binary version includes; ``0.0.0`` when none is found."""
    versions = [target, *_mentioned(target), "1.0.0"]
    return next((one for one in versions if semver.satisfies(one, target)), "0.0.0")


def _mentioned(target: str) -> list[str]:
    """Return the versions at the ends of a target, and just above them."""
    numbers = _NUMBERS.findall(semver.valid_range(target) or "")
    return [f"{major}.{minor}.{int(patch) + more}" for major, minor, patch in numbers for more in (0, 1)]


def _settled(history: Sequence[Package]) -> list[Package]:
    """Return a history as it is once another release follows: the newest rollout is complete."""
    return [*history[:-1], *(replace(one, rollout=None) for one in history[-1:])]


def _next_label(history: Sequence[Package]) -> str:
    return labels.label(labels.number(history[-1].label) + 1 if history else 1)


def _find(history: Sequence[Package], label: str | None) -> Package | None:
    return next((one for one in history if one.label == label), None)
