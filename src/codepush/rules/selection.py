"""The update decision: which release, if any, a device is offered.

The releases of a deployment are prepared once (:func:`candidates`): ranges are parsed and indexed, so that the cost of
a decision does not grow with the history. The decision does not depend on the device; only the choice between the
rolling-out release and the one before it does. So decisions can be cached:

    decision = resolve(candidates(history), check)     # the same for all devices that send the same values
    update = choose(decision, device_id)               # differs while a rollout is unfinished

The rules, and the quirks that devices rely on, are those of update checks in the protocol. Two rules are added: a held
release is a finished one to devices that run it, and disabled to all others; and a stopped deployment offers no update.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from codepush.models import DiffPackage, UpdateCheck, UpdateInfo
from codepush.rules import rollout as rollouts, semver
from codepush.rules.semver import Range

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence, Set as AbstractSet

    from codepush.models import Package
    from codepush.rules.semver import Version

__all__ = [
    "NOT_SENT",
    "Candidate",
    "Candidates",
    "Decision",
    "answer",
    "as_received",
    "can_apply",
    "candidates",
    "choose",
    "decide",
    "resolve",
    "runs_release",
]

NOT_SENT: Final = "undefined"
"""The value of a missing query parameter on the original server, where it is a value like any other."""

_NOWHERE: Final = sys.maxsize
"""An index after the end of every history."""

_RELEASED: Final = "released"
"""The tag of versions that are not prereleases."""


class Candidate(Struct, frozen=True):
    """The fields of a release that a decision needs; see `codepush.models.Package`."""

    app_version: str
    package_hash: str
    label: str
    description: str | None
    is_disabled: bool
    is_held: bool
    is_mandatory: bool | None
    rollout: float | None
    blob_url: str
    size: int
    diff_package_map: Mapping[str, DiffPackage]

    @property
    def is_offered(self) -> bool:
        """Whether devices that do not run the release may be offered it."""
        return not (self.is_disabled or self.is_held)

    @property
    def is_unfinished(self) -> bool:
        """Whether the rollout excludes some devices."""
        return rollouts.is_unfinished(self.rollout)


class Candidates:
    """A deployment's releases, ready for deciding.

    Args:
        releases: The releases, newest first.
        is_stopped: Whether the deployment's updates are stopped.

    Attributes:
        releases: The releases, newest first.
        is_stopped: Whether no device is offered an update.
        hashes: All package hashes that affect a decision: those of releases and of the bases of diffs.
        labels: All labels that affect a decision.

    """

    def __init__(self, releases: Iterable[Candidate], *, is_stopped: bool = False) -> None:
        self.releases = tuple(releases)
        self.is_stopped = is_stopped
        self._by_label = _first_places((one.label, place) for place, one in enumerate(self.releases))
        self._by_hash = _first_places((one.package_hash, place) for place, one in enumerate(self.releases))
        offered = [(place, one) for place, one in enumerate(self.releases) if one.is_offered]
        finished = [(place, one) for place, one in offered if not one.is_unfinished]
        self._all = _Offers(offered)
        self._finished = self._all if len(finished) == len(offered) else _Offers(finished)
        self._held = _held(self.releases)
        self.labels: AbstractSet[str] = self._by_label.keys()
        self.hashes: AbstractSet[str] = self._by_hash.keys() | {
            old for one in self.releases for old in one.diff_package_map
        }

    def look_through(self, check: UpdateCheck, *, skip_unfinished: bool = False) -> _Findings:
        """Find the newest release for a device, and whether a mandatory one is newer than the one it runs."""
        offers = self._finished if skip_unfinished else self._all
        enabled, fitting = offers.everywhere, offers.fitting(check)
        held = self._held.get(check.package_hash)
        if held is not None:  # to a device that runs it, a held release is a finished one
            enabled, fitting = enabled.or_newer(held.everywhere), fitting.or_newer(held.fitting(check))
        return _Findings(
            latest_enabled=self._at(enabled.first),
            latest_fitting=self._at(fitting.first),
            has_newer_mandatory=fitting.mandatory < self._place_of(check),
        )

    def _at(self, place: int) -> Candidate | None:
        return self.releases[place] if place < _NOWHERE else None

    def _place_of(self, check: UpdateCheck) -> int:
        """Return the index of the release that the device runs, offered or not.

        The label has precedence over the hash. A device that sends neither counts as running the newest release.
        """
        if check.label:
            return self._by_label.get(check.label, _NOWHERE)
        return self._by_hash.get(check.package_hash, _NOWHERE) if check.package_hash else 0


class Decision(Struct, frozen=True, kw_only=True):
    """The results of an update check for all devices that send the same values.

    Attributes:
        original: Result without unfinished rollouts.
        rollout_package: Result for selected devices; ``None`` if the result does not depend on the device.
        rollout: Percentage of the release that is rolling out.
        release_tag: Name of that release in the selection of devices.

    """

    original: UpdateInfo
    rollout_package: UpdateInfo | None = None
    rollout: float | None = None
    release_tag: str = ""


class _Findings(Struct, frozen=True):
    """Results of a search through the history."""

    latest_enabled: Candidate | None
    latest_fitting: Candidate | None
    has_newer_mandatory: bool


class _Places(NamedTuple):
    """Index of the newest release of some kind, and of the newest mandatory one of that kind."""

    first: int
    mandatory: int

    def or_newer(self, other: _Places) -> _Places:
        """Return the places in both together."""
        return _Places(min(self.first, other.first), min(self.mandatory, other.mandatory))


class _Target(Struct, frozen=True):
    """A range of binary versions, and the index of the newest release for it."""

    range: Range
    place: int


class _Offers:
    """Indexes of the releases that devices can be offered, by binary version.

    All versions between two adjacent bounds of ranges have the same result, so the number of cached results is bounded
    by the number of bounds. Prereleases share results only with each other: per version if a range names it.
    """

    def __init__(self, offered: Sequence[tuple[int, Candidate]]) -> None:
        mandatory = [(place, one) for place, one in offered if one.is_mandatory]
        self.everywhere = _Places(*(some[0][0] if some else _NOWHERE for some in (offered, mandatory)))
        self._targets = _targets(offered)
        self._mandatory = _targets(mandatory)
        parts = [part for target in self._targets for part in target.range.alternatives]
        self._bounds = sorted({bound for part in parts for bound in (part.low, part.high)})
        self._named = frozenset(core for part in parts for core in part.open_cores)
        self._known: dict[tuple[int, object], _Places] = {}

    def fitting(self, check: UpdateCheck) -> _Places:
        """Return the indexes of the releases for the device that sends a check."""
        return self.everywhere if check.is_companion else self._within(check.app_version)

    def _within(self, app_version: str) -> _Places:
        """Return the indexes of the releases for a binary version."""
        version = semver.parse_version(app_version)
        if version is None:
            return _Places(_NOWHERE, _NOWHERE)
        tag = (version.core if version.core in self._named else None) if version.is_prerelease else _RELEASED
        kind = bisect_right(self._bounds, version.key), tag
        known = self._known.get(kind)
        if known is None:
            known = self._known[kind] = _Places(_newest(self._targets, version), _newest(self._mandatory, version))
        return known


def _targets(releases: Iterable[tuple[int, Candidate]]) -> tuple[_Target, ...]:
    """Return each distinct range that is one, with the place of its first release, in their order."""
    places = _first_places((one.app_version, place) for place, one in releases)
    parsed = ((semver.parse_range(text), place) for text, place in places.items())
    return tuple(_Target(found, place) for found, place in parsed if found is not None)


def _newest(targets: Iterable[_Target], version: Version) -> int:
    return next((target.place for target in targets if target.range.contains(version)), _NOWHERE)


def _first_places(named: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return the first place of each name."""
    places: dict[str, int] = {}
    for name, place in named:
        places.setdefault(name, place)
    return places


def _held(releases: Sequence[Candidate]) -> Mapping[str | None, _Offers]:
    """Return the held releases by package hash, each for the devices that run it."""
    found: dict[str | None, list[tuple[int, Candidate]]] = {}
    for place, one in enumerate(releases):
        if one.is_held and not one.is_disabled:
            found.setdefault(one.package_hash, []).append((place, one))
    return {package_hash: _Offers(held) for package_hash, held in found.items()}


def candidates(history: Sequence[Package], *, is_stopped: bool = False) -> Candidates:
    """Prepare a deployment's releases, oldest first, for deciding."""
    releases = (
        Candidate(
            app_version=release.app_version,
            package_hash=release.package_hash,
            label=release.label,
            description=release.description,
            is_disabled=bool(release.is_disabled),
            is_held=release.is_held,
            is_mandatory=release.is_mandatory,
            rollout=release.rollout,
            blob_url=release.blob_url,
            size=release.size,
            diff_package_map=release.diff_package_map,
        )
        for release in reversed(history)
    )
    return Candidates(releases, is_stopped=is_stopped)


def answer(candidates: Candidates, check: UpdateCheck) -> UpdateInfo:
    """Return the result of an update check that came over HTTP.

    Args:
        candidates: Releases of the deployment.
        check: The check as the device sent it; ``None`` for each missing value.

    Raises:
        ValueError: The binary version is not a version, even with missing parts filled in.

    """
    return choose(resolve(candidates, check), as_received(check).client_unique_id)


def resolve(candidates: Candidates, check: UpdateCheck) -> Decision:
    """Decide for a check that came over HTTP; see :func:`answer`.

    Missing values are read as the original server reads them (:func:`as_received`), and an incomplete binary version is
    filled in. Where the response repeats the binary version, it has the device's own spelling, because clients accept
    an update only for exactly that.
    """
    version = semver.normalise_app_version(check.app_version)
    if version is None:
        raise ValueError(f"Invalid version: {check.app_version}")
    decision = decide(candidates, replace(as_received(check), app_version=version))
    is_echo = decision.original.app_version == version
    return _as_spelled(decision, check.app_version) if is_echo else decision


def as_received(check: UpdateCheck) -> UpdateCheck:
    """Return a check as the original server reads it.

    A missing hash, label or client ID is the string ``undefined``; an empty one stays empty. Hence the hash of a
    device that sends no label has no effect on its position in the history, all devices without an ID share one bucket
    of a rollout, and a device with an empty ID is in no rollout.
    """
    return replace(
        check,
        package_hash=NOT_SENT if check.package_hash is None else check.package_hash,
        label=NOT_SENT if check.label is None else check.label,
        client_unique_id=NOT_SENT if check.client_unique_id is None else check.client_unique_id,
    )


def decide(candidates: Candidates, check: UpdateCheck) -> Decision:
    """Decide for devices that send a check; missing values stay missing.

    Args:
        candidates: Releases of the deployment.
        check: The check, with a complete binary version.

    Raises:
        ValueError: Versions must be compared, and the binary version or the target of the latest enabled release is
            invalid.

    """
    if candidates.is_stopped:
        return Decision(original=UpdateInfo())
    findings = candidates.look_through(check)
    result = _result(findings, check)
    offered = findings.latest_fitting
    if offered is None or not result.is_available or not offered.is_unfinished:
        return Decision(original=result)
    return Decision(
        original=_result(candidates.look_through(check, skip_unfinished=True), check),
        rollout_package=result,
        rollout=offered.rollout,
        release_tag=offered.label or offered.package_hash,
    )


def choose(decision: Decision, client_unique_id: str | None) -> UpdateInfo:
    """Return the result for a device. A device without an ID is never selected."""
    if decision.rollout_package is None or decision.rollout is None or not client_unique_id:
        return decision.original
    is_selected = rollouts.is_selected(client_unique_id, decision.rollout, decision.release_tag)
    return decision.rollout_package if is_selected else decision.original


def _result(findings: _Findings, check: UpdateCheck) -> UpdateInfo:
    fitting = findings.latest_fitting
    if fitting is None or fitting.package_hash == check.package_hash:
        return _nothing(findings, check)
    return _offer(fitting, check, is_escalated=findings.has_newer_mandatory)


def _nothing(findings: _Findings, check: UpdateCheck) -> UpdateInfo:
    """Return a result without an update, and whether the device needs a newer app from the store for one.

    The latest enabled release for any binary version decides that.
    """
    result = UpdateInfo(should_run_binary_version=findings.latest_fitting is None)
    if findings.latest_enabled is None:
        return result
    target = findings.latest_enabled.app_version
    if semver.satisfies(check.app_version, target):
        return result
    is_ahead = semver.greater_than_range(check.app_version, target)
    return replace(result, app_version=target, update_app_version=not is_ahead)


def _offer(release: Candidate, check: UpdateCheck, *, is_escalated: bool) -> UpdateInfo:
    """Return the offer of a release: a diff if the device can apply one, else the whole package."""
    diff = release.diff_package_map.get(check.package_hash or "")
    if diff is not None and not can_apply(check, diff):
        diff = None
    return UpdateInfo(
        is_available=True,
        app_version=check.app_version,
        download_url=diff.url if diff else release.blob_url,
        package_size=diff.size if diff else release.size,
        description=release.description,
        is_mandatory=is_escalated or release.is_mandatory,
        label=release.label,
        package_hash=release.package_hash,
    )


def can_apply(check: UpdateCheck, diff: DiffPackage) -> bool:
    """Return whether a device that runs the base of a diff can apply it.

    Without a label the device runs the store build, whose files it can copy only in part.
    """
    return check.applies_diffs and (diff.fits_binary or runs_release(check))


def runs_release(check: UpdateCheck) -> bool:
    """Return whether a device runs a release, and not its store build: only then does it send a label."""
    return bool(check.label) and check.label != NOT_SENT


def _as_spelled(decision: Decision, app_version: str) -> Decision:
    rolling_out = decision.rollout_package
    return replace(
        decision,
        original=replace(decision.original, app_version=app_version),
        rollout_package=replace(rolling_out, app_version=app_version) if rolling_out else None,
    )
