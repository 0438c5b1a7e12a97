"""The update decision: which release, if any, a phone is offered.

A deployment's releases are prepared once (:func:`candidates`): ranges are parsed, and what a decision looks
for is indexed, so that its cost does not grow with the history. Deciding does not depend on the device; only
choosing between the rolling-out release and the one before it does. So decisions may be remembered and
chosen from again:

    decision = resolve(candidates(history), check)     # the same for all phones that say the same
    told = choose(decision, device_id)                 # differs while a rollout is unfinished

The rules, and the quirks that phones rely on, are those of update checks in the protocol. Two rules are not from there:
a held release is a finished one to devices that run it, and disabled to all others; and a stopped deployment offers no
update.
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
"""What the original server took a missing query value for. It is a value like any other there."""

_NOWHERE: Final = sys.maxsize
"""Behind every place in a history."""

_RELEASED: Final = "released"
"""What stands for the tag of versions that are no prereleases."""


class Candidate(Struct, frozen=True):
    """A release with what a decision needs of it; the fields are those of `codepush.models.Package`."""

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
        """Whether the release is held back from some phones."""
        return rollouts.is_unfinished(self.rollout)


class Candidates:
    """A deployment's releases, ready for deciding.

    Args:
        releases: The releases, newest first.
        is_stopped: Whether the deployment's updates are stopped.

    Attributes:
        releases: the releases, newest first.
        is_stopped: Whether no device is offered an update.
        hashes: all package hashes that can make a difference: of releases, and of what there are diffs from.
        labels: all labels that can.

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
        """Find the newest release for a phone, and whether a mandatory one lies above what it runs."""
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
        """Return where the release is that the phone runs, even one that is not offered any more.

        A label says more than a hash; a phone that says neither is taken to run the newest.
        """
        if check.label:
            return self._by_label.get(check.label, _NOWHERE)
        return self._by_hash.get(check.package_hash, _NOWHERE) if check.package_hash else 0


class Decision(Struct, frozen=True, kw_only=True):
    """What phones are told that say the same of themselves.

    Attributes:
        original: the answer that leaves unfinished rollouts out.
        rollout_package: the answer for selected devices; None when nothing depends on the device.
        rollout: the percentage of the release that is rolling out.
        release_tag: the name under which its devices are selected.

    """

    original: UpdateInfo
    rollout_package: UpdateInfo | None = None
    rollout: float | None = None
    release_tag: str = ""


class _Findings(Struct, frozen=True):
    """What a look through the history finds."""

    latest_enabled: Candidate | None
    latest_fitting: Candidate | None
    has_newer_mandatory: bool


class _Places(NamedTuple):
    """Where the newest release of some kind is, and the newest mandatory one of these."""

    first: int
    mandatory: int

    def or_newer(self, other: _Places) -> _Places:
        """Return the places in both together."""
        return _Places(min(self.first, other.first), min(self.mandatory, other.mandatory))


class _Target(Struct, frozen=True):
    """A range of binary versions, and the place of the newest release for it."""

    range: Range
    place: int


class _Offers:
    """Where the releases are that phones may be offered, by what binary version they run.

    Versions between the same two bounds of ranges are alike, so there are no more answers to remember
    than the history has bounds. A prerelease is alike only to those of a release that ranges name.
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
        """Return the places of the releases for the device that sends a check."""
        return self.everywhere if check.is_companion else self._within(check.app_version)

    def _within(self, app_version: str) -> _Places:
        """Return the places of the releases for a binary version."""
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
    """Return what a phone is told that sent this check over HTTP.

    Args:
        candidates: the deployment's releases.
        check: the check as the phone sent it; None stands for a value that it did not send.

    Raises:
        ValueError: the binary version is not a version, even when missing places are filled in.

    """
    return choose(resolve(candidates, check), as_received(check).client_unique_id)


def resolve(candidates: Candidates, check: UpdateCheck) -> Decision:
    """Decide for a check that came over HTTP; see :func:`answer`.

    Missing values are taken as the original server takes them (:func:`as_received`) and an incomplete
    binary version is filled in. Where the answer repeats the filled-in version, the phone gets to
    see its own spelling instead, because it takes an update only for exactly that.
    """
    version = semver.normalise_app_version(check.app_version)
    if version is None:
        raise ValueError(f"Invalid version: {check.app_version}")
    decision = decide(candidates, replace(as_received(check), app_version=version))
    is_echo = decision.original.app_version == version
    return _in_the_phones_words(decision, check.app_version) if is_echo else decision


def as_received(check: UpdateCheck) -> UpdateCheck:
    """Return a check as the original server understands it.

    A missing hash, label or client id is the string ``undefined``; an empty one stays empty. Hence the hash of a
    device that sends no label does not show its place in the history, all devices that send no id share one place
    in a rollout, and a device that sends an empty id is in no rollout.
    """
    return replace(
        check,
        package_hash=NOT_SENT if check.package_hash is None else check.package_hash,
        label=NOT_SENT if check.label is None else check.label,
        client_unique_id=NOT_SENT if check.client_unique_id is None else check.client_unique_id,
    )


def decide(candidates: Candidates, check: UpdateCheck) -> Decision:
    """Decide what phones are told that say ``check`` of themselves; missing values are missing.

    Args:
        candidates: the deployment's releases.
        check: with a complete binary version.

    Raises:
        ValueError: a comparison of versions is needed, and the phone's version or the target of the
            latest enabled release is invalid.

    """
    if candidates.is_stopped:
        return Decision(original=UpdateInfo())
    findings = candidates.look_through(check)
    told = _told(findings, check)
    offered = findings.latest_fitting
    if offered is None or not told.is_available or not offered.is_unfinished:
        return Decision(original=told)
    return Decision(
        original=_told(candidates.look_through(check, skip_unfinished=True), check),
        rollout_package=told,
        rollout=offered.rollout,
        release_tag=offered.label or offered.package_hash,
    )


def choose(decision: Decision, client_unique_id: str | None) -> UpdateInfo:
    """Return the one of the two answers that a device gets. Without an id it is never selected."""
    if decision.rollout_package is None or decision.rollout is None or not client_unique_id:
        return decision.original
    is_selected = rollouts.is_selected(client_unique_id, decision.rollout, decision.release_tag)
    return decision.rollout_package if is_selected else decision.original


def _told(findings: _Findings, check: UpdateCheck) -> UpdateInfo:
    fitting = findings.latest_fitting
    if fitting is None or fitting.package_hash == check.package_hash:
        return _nothing(findings, check)
    return _offer(fitting, check, is_escalated=findings.has_newer_mandatory)


def _nothing(findings: _Findings, check: UpdateCheck) -> UpdateInfo:
    """Return that there is no update, and whether the app in the store is the way to one.

    That is judged by the latest enabled release for any binary version, fitting or not.
    """
    told = UpdateInfo(should_run_binary_version=findings.latest_fitting is None)
    if findings.latest_enabled is None:
        return told
    target = findings.latest_enabled.app_version
    if semver.satisfies(check.app_version, target):
        return told
    is_ahead = semver.greater_than_range(check.app_version, target)
    return replace(told, app_version=target, update_app_version=not is_ahead)


def _offer(release: Candidate, check: UpdateCheck, *, is_escalated: bool) -> UpdateInfo:
    """Return the offer of a release: a diff that the device can apply, if there is one, or the whole package."""
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
    """Return whether a device that runs the package a diff is made from can apply it.

    Without a label the device runs the store build, whose files it can copy only in part.
    """
    return check.applies_diffs and (diff.fits_binary or runs_release(check))


def runs_release(check: UpdateCheck) -> bool:
    """Return whether a device runs a release, and not its store build: only then does it send a label."""
    return bool(check.label) and check.label != NOT_SENT


def _in_the_phones_words(decision: Decision, app_version: str) -> Decision:
    rolling_out = decision.rollout_package
    return replace(
        decision,
        original=replace(decision.original, app_version=app_version),
        rollout_package=replace(rolling_out, app_version=app_version) if rolling_out else None,
    )
