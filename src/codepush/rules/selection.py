"""The update decision: which release, if any, a phone is offered.

A deployment's releases are prepared once (:func:`candidates`), so that a decision parses no release's
range. Deciding does not depend on the device; only choosing between the rolling-out release and
the one before it does. So decisions may be remembered and chosen from again:

    decision = resolve(candidates(history), check)     # the same for all phones that say the same
    told = choose(decision, device_id)                 # differs while a rollout is unfinished

The rules, and the quirks that phones rely on, are those of update checks in the protocol.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from codepush.models import Package, UpdateCheck, UpdateInfo
from codepush.rules import rollout as rollouts, semver
from codepush.rules.semver import Range, Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Candidate", "Decision", "answer", "as_received", "candidates", "choose", "decide", "resolve"]

NOT_SENT: Final = "undefined"
"""What the original server took a missing query value for. It is a value like any other there."""


class Candidate(Struct, frozen=True):
    """A release with what a decision needs of it. ``range`` is None when its target is no valid range."""

    package: Package
    range: Range | None
    is_unfinished: bool

    def is_meant_for(self, version: Version | None) -> bool:
        """Return whether a binary version is within the target."""
        return version is not None and self.range is not None and self.range.contains(version)


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
    rollout: int | None = None
    release_tag: str = ""


class _Findings(Struct, frozen=True):
    """What one look through the history finds."""

    latest_enabled: Candidate | None = None
    latest_fitting: Candidate | None = None
    has_newer_mandatory: bool = False


def candidates(history: Iterable[Package]) -> tuple[Candidate, ...]:
    """Prepare a deployment's releases for deciding.

    Args:
        history: the releases, oldest first.

    Returns:
        The candidates, newest first.

    """
    prepared = [
        Candidate(release, semver.parse_range(release.app_version), rollouts.is_unfinished(release.rollout))
        for release in history
    ]
    return tuple(reversed(prepared))


def answer(candidates: Sequence[Candidate], check: UpdateCheck) -> UpdateInfo:
    """Return what a phone is told that sent this check over HTTP.

    Args:
        candidates: the deployment's releases, newest first.
        check: the check as the phone sent it; None stands for a value that it did not send.

    Raises:
        ValueError: the binary version is not a version, even when missing places are filled in.

    """
    return choose(resolve(candidates, check), as_received(check).client_unique_id)


def resolve(candidates: Sequence[Candidate], check: UpdateCheck) -> Decision:
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

    A missing hash or client id, even an empty one, is the text ``undefined``; so is a missing label. An
    empty label stays empty. Hence a phone that sends no label is never found by its hash, and all
    phones without an id share one place in a rollout, as they do today.
    """
    return replace(
        check,
        package_hash=check.package_hash or NOT_SENT,
        label=NOT_SENT if check.label is None else check.label,
        client_unique_id=check.client_unique_id or NOT_SENT,
    )


def decide(candidates: Sequence[Candidate], check: UpdateCheck) -> Decision:
    """Decide what phones are told that say ``check`` of themselves; missing values are missing.

    Args:
        candidates: the deployment's releases, newest first.
        check: with a complete binary version.

    Raises:
        ValueError: a comparison of versions is needed, and the phone's version or the target of the
            latest enabled release is invalid.

    """
    findings = _look_through(candidates, check)
    told = _told(findings, check)
    offered = findings.latest_fitting
    if offered is None or not told.is_available or not offered.is_unfinished:
        return Decision(original=told)
    return Decision(
        original=_told(_look_through(candidates, check, skip_unfinished=True), check),
        rollout_package=told,
        rollout=offered.package.rollout,
        release_tag=offered.package.label or offered.package.package_hash,
    )


def choose(decision: Decision, client_unique_id: str | None) -> UpdateInfo:
    """Return the one of the two answers that a device gets. Without an id it is never selected."""
    if decision.rollout_package is None or decision.rollout is None or not client_unique_id:
        return decision.original
    is_selected = rollouts.is_selected(client_unique_id, decision.rollout, decision.release_tag)
    return decision.rollout_package if is_selected else decision.original


def _look_through(candidates: Sequence[Candidate], check: UpdateCheck, *, skip_unfinished: bool = False) -> _Findings:
    """Look from the newest release down to the one the phone runs, or to a mandatory one above it.

    The release that the phone runs is recognised even when it is disabled or left out here.
    """
    version = semver.parse_version(check.app_version)
    is_found = False
    enabled = fitting = None
    for candidate in candidates:
        is_found = is_found or _runs(check, candidate.package)
        if candidate.package.is_disabled or (skip_unfinished and candidate.is_unfinished):
            continue
        enabled = enabled or candidate
        if not check.is_companion and not candidate.is_meant_for(version):
            continue
        fitting = fitting or candidate
        if is_found or candidate.package.is_mandatory:
            return _Findings(enabled, fitting, has_newer_mandatory=not is_found)
    return _Findings(enabled, fitting)


def _runs(check: UpdateCheck, release: Package) -> bool:
    """Return whether a release is the one the phone runs. A label says more than a hash; neither: no matter."""
    if check.label:
        return release.label == check.label
    return not check.package_hash or release.package_hash == check.package_hash


def _told(findings: _Findings, check: UpdateCheck) -> UpdateInfo:
    fitting = findings.latest_fitting
    if fitting is None or fitting.package.package_hash == check.package_hash:
        return _nothing(findings, check)
    return _offer(fitting.package, check, is_escalated=findings.has_newer_mandatory)


def _nothing(findings: _Findings, check: UpdateCheck) -> UpdateInfo:
    """Return that there is no update, and whether the app in the store is the way to one.

    That is judged by the latest enabled release for any binary version, fitting or not.
    """
    told = UpdateInfo(should_run_binary_version=findings.latest_fitting is None)
    if findings.latest_enabled is None:
        return told
    target = findings.latest_enabled.package.app_version
    if semver.satisfies(check.app_version, target):
        return told
    is_ahead = semver.greater_than_range(check.app_version, target)
    return replace(told, app_version=target, update_app_version=not is_ahead)


def _offer(release: Package, check: UpdateCheck, *, is_escalated: bool) -> UpdateInfo:
    """Return the offer of a release: the diff from what the phone runs, if there is one, or the whole package."""
    diff = release.diff_package_map.get(check.package_hash or "")
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


def _in_the_phones_words(decision: Decision, app_version: str) -> Decision:
    rolling_out = decision.rollout_package
    return replace(
        decision,
        original=replace(decision.original, app_version=app_version),
        rollout_package=replace(rolling_out, app_version=app_version) if rolling_out else None,
    )
