"""``--verify``: a release stays disabled until simulated devices could install it from everything that devices run.

The devices get the update that the server would offer if the release were enabled for all of them. This module decides
that with the server's rules, from the history of the deployment.
"""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from codepush.cli.errors import Exit, Failure
from codepush.cli.planning import some_version, versions_running
from codepush.cli.simulated_devices import AppKind, bundle_name_of, kind_of_download, platform_of
from codepush.device import Trial
from codepush.errors import CodePushError
from codepush.models import Package, PackageInfo, UpdateCheck
from codepush.rules import selection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from codepush.cli.context import Cli
    from codepush.cli.release_settings import Verification
    from codepush.device import Outcome
    from codepush.models import Metrics

__all__ = ["Verdict", "verified"]

_DIFF_SECONDS: Final = 10.0
"""Seconds to wait for diffs. Until a diff is built, devices get the whole package."""

_LOOK_SECONDS: Final = 0.5


class _Start(Struct, frozen=True):
    """The initial state of a device: a release or the store build, and the version of the app."""

    release: Package | None
    app_version: str


class Verdict(Struct, frozen=True, kw_only=True):
    """The result for one device. ``download`` is the kind of the download, ``size`` its bytes."""

    starts_from: str | None
    app_version: str
    download: str
    size: int
    failure: str | None


def verified(
    cli: Cli, app: str, deployment: str, release: Package, verification: Verification, *, is_enabled: bool
) -> Package:
    """Test a disabled release on simulated devices, and enable it if all of them could install it.

    Args:
        cli: Context of the command.
        app: The app.
        deployment: The deployment.
        release: The disabled release.
        verification: What the devices verify.
        is_enabled: Whether to enable it after a successful trial.

    Returns:
        The release in its new state.

    Raises:
        Failure: A device could not install it, or the trial failed. The release stays disabled.

    """
    label = release.label
    enable = f"To enable it anyway: codepush patch {app} {deployment} --label {label} --no-disabled"
    try:
        verdicts = _try(cli, app, deployment, label, verification)
        _print(cli, label, verdicts)
        failed = next((one for one in verdicts if one.failure), None)
        if failed is None:
            return _enabled(cli, app, deployment, release) if is_enabled else release
    except CodePushError as error:
        raise Failure(f"{label} could not be verified and stays disabled: {error.message}", enable) from error
    runs = failed.starts_from or "the store build"
    raise Failure(
        f"{label} stays disabled: the update failed on a device with version {failed.app_version} that runs {runs}."
        f" {failed.failure}",
        enable,
        exit_code=Exit.REJECTED_BY_DEVICE,
    )


def _enabled(cli: Cli, app: str, deployment: str, release: Package) -> Package:
    if release.rollout_plan is not None:
        cli.client.resume_rollout(app, deployment, release.label, note="Verified on simulated devices.")
        return replace(release, is_disabled=False)
    info = PackageInfo(is_disabled=False)
    return cli.client.patch_release(app, deployment, release.label, info) or replace(release, is_disabled=False)


def _print(cli: Cli, label: str, verdicts: Sequence[Verdict]) -> None:
    cli.out.say(f"{label} was tested on {len(verdicts)} simulated device{'s' if len(verdicts) > 1 else ''}:")
    for one in verdicts:
        runs = one.starts_from or "the store build"
        came = one.failure or f"installed ({one.download}, {one.size:,} bytes)"
        cli.out.say(f"  version {one.app_version}, running {runs}: {came}")


def _try(cli: Cli, app: str, deployment: str, label: str, verification: Verification) -> list[Verdict]:
    metrics = cli.client.get_deployment_metrics(app, deployment)
    history = _with_diffs(cli, app, deployment, label, metrics)
    release = _find(history, label)
    trial = _trial(cli, app, deployment, history, verification)
    with TemporaryDirectory(prefix="codepush-devices-") as folder:
        return [
            _verdict(start, release, _outcome(trial, Path(folder) / f"{number}", start))
            for number, start in enumerate(_starts(history, metrics, label))
        ]


def _outcome(trial: Trial, folder: Path, start: _Start) -> Outcome:
    return trial.run(folder, app_version=start.app_version, start=start.release)


def _with_diffs(cli: Cli, app: str, deployment: str, label: str, metrics: Mapping[str, Metrics]) -> Sequence[Package]:
    """Return the history with the release enabled for all, once its diffs are built or the wait is over."""
    deadline = time.monotonic() + _DIFF_SECONDS
    while True:
        history = _as_if_enabled(cli.client.get_deployment_history(app, deployment), label)
        running = {start.release.package_hash for start in _starts(history, metrics, label) if start.release}
        if running <= _find(history, label).diff_package_map.keys() or time.monotonic() > deadline:
            return history
        time.sleep(_LOOK_SECONDS)


def _as_if_enabled(history: Sequence[Package], label: str) -> list[Package]:
    return [replace(one, is_disabled=False, rollout=None) if one.label == label else one for one in history]


def _starts(history: Sequence[Package], metrics: Mapping[str, Metrics], label: str) -> Iterator[_Start]:
    """Yield the initial states of devices that would be offered the release, and that of new devices."""
    release, candidates = _find(history, label), selection.candidates(history)
    by_label = {one.label: one for one in history}
    counted = [
        (runs if runs in by_label else None, version)
        for runs, counters in metrics.items()
        if counters.active > 0
        for version in versions_running(runs, history, metrics, release)
    ]
    tried = set()
    for runs, version in [(None, some_version(release.app_version)), *counted]:
        start = _Start(by_label[runs] if runs else None, version)
        # The app's version matters only for the offer, not for the installation.
        if runs not in tried and selection.answer(candidates, _check(start)).label == label:
            tried.add(runs)
            yield start


def _check(start: _Start) -> UpdateCheck:
    return UpdateCheck(
        deployment_key="",
        app_version=start.app_version,
        package_hash=start.release.package_hash if start.release else None,
        label=start.release.label if start.release else None,
    )


def _find(history: Sequence[Package], label: str) -> Package:
    found = next((one for one in history if one.label == label), None)
    if found is None:
        raise CodePushError(f"{label} is no longer in the deployment's history.")
    return found


def _trial(cli: Cli, app: str, deployment: str, history: Sequence[Package], verification: Verification) -> Trial:
    candidates = selection.candidates(history)
    about = cli.client.get_app(app)
    kind = cli.app_kind or AppKind(platform_of(about), bundle_name_of(about))
    return Trial(
        server_url=cli.server_url,
        deployment_key=cli.client.get_deployment(app, deployment).key,
        answers=lambda check: selection.answer(candidates, check),
        platform=kind.platform,
        bundle_name=kind.bundle_name,
        public_key=verification.public_key_path,
        timeout=cli.flags.get("timeout") or 60.0,
    )


def _verdict(start: _Start, release: Package, outcome: Outcome) -> Verdict:
    failure = outcome.failure
    if failure is None and outcome.runs.label != release.label:
        failure = f"The device now runs {outcome.runs.label or 'the store build'}."
    return Verdict(
        starts_from=start.release.label if start.release else None,
        app_version=start.app_version,
        download=kind_of_download(release, outcome.offered.download_url),
        size=outcome.offered.package_size,
        failure=failure,
    )
