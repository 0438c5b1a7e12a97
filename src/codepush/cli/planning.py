"""Predict the effect of a change to a deployment, by the rules of the server.

Pure functions: the deployment's releases and metrics are arguments.
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

_ANY_DEVICE: Final = "any device"
_NUMBERS: Final = re.compile(r"(\d+)\.(\d+)\.(\d+)")


class Move(Struct, frozen=True, kw_only=True):
    """The devices that run one label or binary version, and how many of them would receive a different release.

    ``at_least`` and ``at_most`` differ if it depends on the version of the app, which metrics of labels do not contain.
    """

    runs: str
    active: int
    at_least: int
    at_most: int


class Plan(Struct, frozen=True, kw_only=True):
    """The predicted effect: the release, the devices it affects, and the reason if it would be rejected."""

    release: Package | None
    moves: tuple[Move, ...] = ()
    refusal: str | None = None

    @property
    def at_least(self) -> int:
        """Minimum number of affected devices."""
        return sum(move.at_least for move in self.moves)

    @property
    def at_most(self) -> int:
        """Maximum number of affected devices."""
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
        history: Releases of the deployment, oldest first.
        metrics: Metrics of the deployment.
        release: The release without its label.
        compared_as: Target version for the duplicate check; a promotion uses that of its source.

    """
    made = replace(release, label=_next_label(history))
    refusal = None
    if history and is_unfinished(history[-1].rollout) and not (history[-1].is_disabled or history[-1].is_held):
        refusal = f"the rollout of {history[-1].label} is unfinished ({history[-1].rollout}%)"
    elif current_hash(history, compared_as or made.app_version) == made.package_hash:
        refusal = "the deployment already has this package"
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
        refusal = f"{label} is already the newest release"
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
        refusal = f"the rollout of {release.label} is already {release.rollout}%, and can only grow"
    after = [made if one is release else one for one in history]
    return _plan(history, after, metrics, made, refusal)


def release_of(release: Package, info: PackageInfo) -> Package:
    """Return a release with the settings of ``info`` instead of its own."""
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
    """Return how many of the devices that run something would receive a different release."""
    was, will = selection.candidates(before), selection.candidates(after)
    running = _find(before, runs)
    shares = [_newly_offered(was, will, _check(version, running)) for version in versions] or [0, COMPLETE_ROLLOUT]
    counts = [round(active * share / COMPLETE_ROLLOUT) for share in shares]
    return Move(runs=runs, active=active, at_least=min(counts), at_most=max(counts))


def _newly_offered(was: selection.Candidates, will: selection.Candidates, check: UpdateCheck) -> float:
    """Return the percentage of devices that would be offered a package that is new to them."""
    before, after = _offers(was, check), _offers(will, check)
    return sum(max(0, share - before.get(label, 0)) for label, share in after.items())


def _offers(candidates: selection.Candidates, check: UpdateCheck) -> dict[str, float]:
    """Return the labels that devices with the same check are offered, each with the percentage of devices."""
    decision = selection.resolve(candidates, check)
    share = (decision.rollout or 0) if decision.rollout_package else 0
    offers: dict[str, float] = {}
    for offered, part in ((decision.rollout_package, share), (decision.original, COMPLETE_ROLLOUT - share)):
        if offered is not None and offered.is_available:
            offers[offered.label] = offers.get(offered.label, 0) + part
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
    """Return the app versions that devices with a label or binary version may have.

    For a label: versions of its target that are in the metrics or at the bounds of targets, to represent all others.
    """
    release = _find(history, runs)
    if release is None:
        return [] if semver.normalise_app_version(runs) is None else [runs]
    mentioned = [*metrics, *_mentioned(release.app_version), *_mentioned(made.app_version)]
    known = {version for text in mentioned if (version := semver.valid(text))}
    return [version for version in sorted(known) if semver.satisfies(version, release.app_version)]


def some_version(target: str) -> str:
    """Return an app version that a target includes; ``0.0.0`` if none is found."""
    versions = [target, *_mentioned(target), "1.0.0"]
    return next((one for one in versions if semver.satisfies(one, target)), "0.0.0")


def _mentioned(target: str) -> list[str]:
    """Return the versions at the bounds of a target, and just above them."""
    numbers = _NUMBERS.findall(semver.valid_range(target) or "")
    return [f"{major}.{minor}.{int(patch) + more}" for major, minor, patch in numbers for more in (0, 1)]


def _settled(history: Sequence[Package]) -> list[Package]:
    """Return a history with the newest rollout complete, as after another release."""
    return [*history[:-1], *(replace(one, rollout=None) for one in history[-1:])]


def _next_label(history: Sequence[Package]) -> str:
    return labels.label(labels.number(history[-1].label) + 1 if history else 1)


def _find(history: Sequence[Package], label: str | None) -> Package | None:
    return next((one for one in history if one.label == label), None)
