"""``codepush simulate``: test an update on a simulated device."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from codepush.cli.context import pass_cli
from codepush.cli.errors import Exit, Failure
from codepush.cli.options import RemoteCommand, app_argument

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codepush.cli.context import Cli
    from codepush.cli.output import Table
    from codepush.device import Outcome, Platform
    from codepush.models import Package
    from codepush.rules.explanation import Explanation

__all__ = ["simulate"]


class _Subject:
    """The deployment to check for updates: by name, with its history, or by its key only."""

    def __init__(self, cli: Cli, app: str | None, deployment: str | None, key: str | None) -> None:
        self.history: list[Package] = []
        self.app = None
        if key is not None:
            self.key, self.name = key, "the deployment"
            return
        from codepush.cli.history import history_of

        name, of_deployment = cli.app(app), cli.release_deployment(deployment)
        self.app = cli.client.get_app(name)
        self.key = cli.client.get_deployment(name, of_deployment).key
        self.history = history_of(cli, name, of_deployment)
        self.name = f'the "{of_deployment}" deployment of "{name}"'

    def find(self, label: str) -> Package | None:
        """Return the release with a label, if there is one."""
        return next((one for one in self.history if one.label == label), None)

    def release(self, label: str) -> Package:
        """Return the release with a label that the device starts from."""
        found = self.find(label)
        if found is None:
            labels = ", ".join(one.label for one in self.history[-10:]) or "none"
            raise Failure(
                f"There is no release {label} in {self.name}.",
                f"Its newest releases are: {labels}.",
                exit_code=Exit.NOT_FOUND,
            )
        return found


@click.command("simulate", cls=RemoteCommand)
@app_argument()
@click.option("-d", "--deployment-name", metavar="NAME", help="Deployment name.  [project file, Staging]")
@click.option("--deployment-key", metavar="KEY", help="Deployment key, to use without an access key.")
@click.option("--app-version", metavar="VERSION", help="Binary version of the app on the device.")
@click.option("-l", "--label", help="Release that the device runs.  [the store build]")
@click.option("--platform", type=click.Choice(["android", "ios"]), help="Platform to simulate.  [the app's]")
@click.option("-b", "--bundle-name", metavar="NAME", help="Bundle file name in the app.  [usual name of the platform]")
@click.option(
    "--public-key-path",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Public key to check signatures with.",
)
@click.option("--client-unique-id", metavar="ID", help="Device ID, which decides rollout membership.  [random]")
@click.option("--crash", is_flag=True, help="Crash the update on first start.")
@pass_cli
def simulate(
    cli: Cli,
    /,
    app: str | None,
    *,
    deployment_name: str | None,
    deployment_key: str | None,
    app_version: str | None,
    label: str | None,
    crash: bool,
    client_unique_id: str | None,
    **device: Any,  # noqa: ANN401 - passed on by name
) -> None:
    """Check for, download and install an update on a simulated device.

    Nothing is reported to the server, so no device is counted.
    """
    if label and deployment_key:
        raise click.UsageError("--label needs the name of the deployment, not its key.")
    subject = _Subject(cli, app, deployment_name, deployment_key)
    start = subject.release(label) if label else None
    version = _version(app_version, start)
    with TemporaryDirectory(prefix="codepush-device-") as folder:
        outcome = _trial(cli, subject, **device).run(
            Path(folder) / "device", app_version=version, start=start, client_unique_id=client_unique_id, crash=crash
        )
    _print(cli, subject, outcome, label)


def _version(given: str | None, start: Package | None) -> str:
    """Return the binary version of the app: the option, or else the target of the start release."""
    from codepush.rules import semver

    if given is None and start is not None and semver.valid(start.app_version):
        return start.app_version
    if given is None:
        raise click.UsageError("--app-version is required.")
    if semver.normalise_app_version(given) is None:
        raise click.UsageError(f"'{given}' is not a valid app version such as 1.2.3.")
    return given


def _trial(
    cli: Cli, subject: _Subject, *, platform: Platform | None, bundle_name: str | None, public_key_path: Path | None
) -> Any:  # noqa: ANN401 - a Trial, whose module is imported late
    from codepush.cli.simulated_devices import bundle_name_of, platform_of
    from codepush.device import Trial
    from codepush.device.connection import Connection

    imitated = platform or platform_of(subject.app)
    timeout = cli.flags.get("timeout") or 60.0
    return Trial(
        server_url=cli.server_url,
        deployment_key=subject.key,
        answers=Connection(cli.server_url, platform=imitated, timeout=timeout).ask,
        platform=imitated,
        bundle_name=bundle_name or bundle_name_of(subject.app),
        public_key=public_key_path,
        timeout=timeout,
    )


def _print(cli: Cli, subject: _Subject, outcome: Outcome, label: str | None) -> None:
    from codepush.rules.explanation import consider

    considered = consider(subject.history, outcome.question)
    sentences = [*_sentences(subject, outcome, label), *_differences(outcome, considered)]
    cli.out.result(_as_json(outcome, considered, label), "\n".join(sentences))
    if considered and not cli.out.is_json:
        cli.out.result(None, _table(considered))
    _warn_of_address(cli, outcome.offered.download_url)
    if outcome.failure:
        raise Failure(
            f"The device could not install {outcome.offered.label}: {outcome.failure}",
            exit_code=Exit.REJECTED_BY_DEVICE,
        )


def _warn_of_address(cli: Cli, url: str | None) -> None:
    """Warn of a download that reaches this machine but no device."""
    from codepush.cli.download_diagnostics import ADVICE, address_fault, origin

    if url and (fault := address_fault(url, cli.server_url)):
        cli.out.warn(f"Devices are sent to {origin(url)}: {fault}")
        cli.out.say(ADVICE)


def _as_json(outcome: Outcome, considered: Sequence[Explanation], label: str | None) -> dict[str, Any]:
    from codepush.cli.shapes import plain
    from codepush.cli.simulated_devices import reason

    return {
        "startedFrom": label,
        "question": plain(outcome.question),
        "offered": plain(outcome.offered),
        "considered": [
            {
                "label": one.release.label,
                "appVersion": one.release.app_version,
                "verdict": one.verdict,
                "reason": reason(one),
            }
            for one in considered
        ],
        "runs": plain({"appVersion": outcome.runs.app_version, "label": outcome.runs.label})
        | {"packageHash": outcome.runs.package_hash},
        "failure": outcome.failure,
        "isRolledBack": outcome.is_rolled_back,
    }


def _table(considered: Sequence[Explanation]) -> Table:
    from codepush.cli.output import Column, Table
    from codepush.cli.simulated_devices import reason

    rows = [[one.release.label, one.release.app_version, reason(one)] for one in considered]
    return Table(["Release", "Target", Column("Reason", 60)], rows)


def _sentences(subject: _Subject, outcome: Outcome, label: str | None) -> list[str]:
    from codepush.cli.simulated_devices import kind_of_download

    version, offered = outcome.question.app_version, outcome.offered
    sentences = [f"A device with version {version} that runs {label or 'the store build'} checks {subject.name}."]
    if offered.update_app_version:
        sentences.append(f"The app must be updated from the store: the newest release is for {offered.app_version}.")
    elif not offered.is_available:
        sentences.append("The server offers no update.")
    else:
        kind = kind_of_download(subject.find(offered.label), offered.download_url)
        must = ", mandatory" if offered.is_mandatory else ""
        sentences.append(f"The server offers {offered.label}: {offered.package_size:,} bytes ({kind}){must}.")
    if outcome.is_rolled_back:
        sentences.append(f"{offered.label} crashed on first start and was rolled back.")
    if not outcome.failure:
        sentences.append(f"The device now runs {outcome.runs.label or 'the store build'}.")
    return sentences


def _differences(outcome: Outcome, considered: Sequence[Explanation]) -> list[str]:
    """Return what may be the reason if the server offers nothing although a release would be chosen.

    Whether updates are stopped is not in the history that servers send.
    """
    chosen = next((one.release.label for one in considered if one.verdict == "chosen"), None)
    if chosen is None or outcome.offered.is_available:
        return []
    return [f"By its releases alone, it would be offered {chosen}: the updates of the deployment may be stopped."]
