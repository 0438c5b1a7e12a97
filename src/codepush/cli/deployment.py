"""``codepush deployment``: deployments of an app, their releases and metrics."""

from __future__ import annotations

import shlex
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click

from codepush.cli.context import pass_cli
from codepush.cli.options import Group, app_argument, argument, deployment_argument
from codepush.cli.output import Column, Row, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from codepush.cli.context import Cli
    from codepush.client import CodePush
    from codepush.models import Deployment, Metrics, Package

__all__ = ["deployment"]

_AT_ONCE: Final = 8
_DEFAULTS: Final = ("Staging", "Production")

_note_option = click.option("-n", "--note", help="Reason; it is recorded.")


@click.group(cls=Group)
def deployment() -> None:
    """Manage the deployments of an app."""


@deployment.command("add", aliases=["create"])
@app_argument()
@argument("name", may_be_left_out=True, metavar="NAME", help="Name of the deployment.")
@click.option("-k", "--key", help="Deployment key to use instead of a new one, for example after a migration.")
@click.option("-d", "--default", "defaults", is_flag=True, help="Add Staging and Production.")
@pass_cli
def add_deployment(cli: Cli, app: str | None, name: str | None, key: str | None, *, defaults: bool) -> None:
    """Add a deployment to an app."""
    from codepush.cli.shapes import plain

    if defaults and app is None:
        app, name = name, None
    if defaults == (name is not None) or (defaults and key):
        raise click.UsageError("Give a name, or --default for Staging and Production, which get new keys.")
    app = cli.app(app)
    names = _DEFAULTS if name is None else (name,)
    made = [cli.client.add_deployment(app, one, key=key) for one in names]
    sentences = [
        f'Successfully added the "{one.name}" deployment with key "{one.key}" to the "{app}" app.' for one in made
    ]
    cli.out.result(plain(made if defaults else made[0]), "\n".join(sentences))


@deployment.command("list", aliases=["ls"])
@app_argument()
@click.option("-k", "--display-keys", is_flag=True, help="Show the deployment keys.")
@click.option("-s", "--skip-fetching-deployment-metrics", "without_metrics", is_flag=True, help="Omit the metrics.")
@pass_cli
def list_deployments(cli: Cli, app: str | None, *, display_keys: bool, without_metrics: bool) -> None:
    """List the deployments of an app with their newest release and its metrics."""
    name, client = cli.app(app), cli.client
    deployments = client.get_deployments(name)
    metrics = {} if without_metrics else _metrics(client, name, [one.name for one in deployments if one.package])
    columns = [
        Column("Name"),
        *([Column("Deployment Key", is_whole=True)] if display_keys else []),
        Column("Update Metadata"),
        *([] if without_metrics else [Column("Install Metrics")]),
    ]
    now = datetime.now(UTC).astimezone()
    rows = [_row(one, metrics.get(one.name), now, columns) for one in deployments]
    table = Table(columns, rows, "The app has no deployments. Add one with: codepush deployment add APP NAME")
    cli.out.result([_as_json(one, metrics.get(one.name)) for one in deployments], table)


@deployment.command("rename")
@app_argument()
@argument("name", metavar="OLD_NAME", help="Deployment name.")
@argument("new_name", help="New name.")
@pass_cli
def rename_deployment(cli: Cli, app: str | None, name: str, new_name: str) -> None:
    """Rename a deployment. Its key does not change."""
    app = cli.app(app)
    cli.client.rename_deployment(app, name, new_name)
    cli.out.result(
        {"app": app, "deployment": new_name, "renamedFrom": name},
        f'Successfully renamed the "{name}" deployment to "{new_name}" for the "{app}" app.',
    )


@deployment.command("remove", aliases=["rm", "delete"])
@app_argument()
@argument("name", metavar="DEPLOYMENT", help="Deployment name.")
@pass_cli
def remove_deployment(cli: Cli, app: str | None, name: str) -> None:
    """Remove a deployment and its releases.

    Devices with its key get no more updates.
    """
    from codepush.cli.impact import deployment_impact

    app = cli.app(app)
    cli.confirm(
        "Are you sure you want to remove this deployment? Note that its deployment key will be PERMANENTLY"
        " unrecoverable.",
        impact=lambda: deployment_impact(cli.client, app, name),
        when_cancelled="Deployment removal cancelled.",
    )
    cli.client.remove_deployment(app, name)
    cli.out.result(
        {"app": app, "deployment": name, "removed": True},
        f'Successfully removed the "{name}" deployment from the "{app}" app.',
    )


@deployment.command("clear")
@app_argument()
@argument("name", metavar="DEPLOYMENT", help="Deployment name.")
@pass_cli
def clear_deployment(cli: Cli, app: str | None, name: str) -> None:
    """Delete all releases and metrics of a deployment.

    The next release is v1.
    """
    from codepush.cli.impact import deployment_impact

    app = cli.app(app)
    cli.confirm(
        f'Are you sure you want to remove all releases of the "{name}" deployment of "{app}"?',
        impact=lambda: deployment_impact(cli.client, app, name),
        when_cancelled="Clear deployment cancelled.",
    )
    cli.client.clear_deployment_history(app, name)
    cli.out.result(
        {"app": app, "deployment": name, "cleared": True},
        f'Successfully cleared the release history associated with the "{name}" deployment from the "{app}" app.',
    )


@deployment.command("history", aliases=["h"])
@app_argument(short="")
@deployment_argument
@click.option("-a", "--display-author", is_flag=True, help="Show the author of each release.")
@pass_cli
def history(cli: Cli, app: str | None, deployment: str | None, *, display_author: bool) -> None:
    """List the releases of a deployment with their metrics, oldest first."""
    app, name, client = cli.app(app), cli.deployment(deployment), cli.client
    releases, metrics = client.get_deployment_history(app, name), client.get_deployment_metrics(app, name)
    own = client.get_account_info().email if display_author else ""
    columns = [
        Column("Label"),
        Column("Release Time"),
        Column("App Version"),
        Column("Mandatory"),
        *([Column("Released By")] if display_author else []),
        Column("Description", 30),
        Column("Install Metrics"),
    ]
    now = datetime.now(UTC).astimezone()
    rows = [_release_row(one, metrics, now, own) for one in releases]
    table = Table(columns, rows, f'There are no releases in "{name}" yet. To create one: codepush release')
    cli.out.result([_release_as_json(one, metrics) for one in releases], table)


@deployment.command("stop")
@app_argument()
@deployment_argument
@_note_option
@pass_cli
def stop(cli: Cli, app: str | None, deployment: str | None, note: str | None) -> None:
    """Stop the updates of a deployment: no device is offered one.

    For emergencies: it asks for no confirmation. Devices keep what they run; releases and reports go on, and
    rollouts wait.
    """
    app, name = cli.app(app), cli.deployment(deployment)
    cli.client.stop_deployment(app, name, note)
    cli.out.result(
        {"app": app, "deployment": name, "stopped": True},
        f'Stopped the updates of the "{name}" deployment of the "{app}" app. Devices keep what they run.',
    )
    cli.out.say(f"To start them again: codepush deployment start {shlex.join([app, name])}")


@deployment.command("start")
@app_argument()
@deployment_argument
@pass_cli
def start(cli: Cli, app: str | None, deployment: str | None) -> None:
    """Start the updates of a deployment that was stopped."""
    app, name = cli.app(app), cli.deployment(deployment)
    cli.client.start_deployment(app, name)
    cli.out.result(
        {"app": app, "deployment": name, "stopped": False},
        f'Started the updates of the "{name}" deployment of the "{app}" app.',
    )


def _metrics(client: CodePush, app: str, names: Sequence[str]) -> dict[str, Mapping[str, Metrics]]:
    """Return the metrics of several deployments, requested concurrently."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(names, pool.map(lambda name: client.get_deployment_metrics(app, name), names), strict=True))


def _row(
    deployment: Deployment, metrics: Mapping[str, Metrics] | None, now: datetime, columns: Sequence[Column]
) -> list[str]:
    from codepush.cli.rendering import metrics_lines, release_lines

    release = deployment.package
    cells = {
        "Name": deployment.name,
        "Deployment Key": deployment.key,
        "Update Metadata": release_lines(release, now),
        "Install Metrics": metrics_lines(release, metrics or {}) if release else "No installs recorded",
    }
    return [cells[column.title] for column in columns]


def _release_row(release: Package, metrics: Mapping[str, Metrics], now: datetime, own: str) -> Row:
    from codepush.cli.rendering import metrics_lines, moment, origin, yes_or_no

    times = [moment(release.upload_time, now) if release.upload_time else "", origin(release)]
    state = [yes_or_no(release.is_mandatory), *(["Disabled: Yes"] if release.is_disabled else [])]
    author = [("You" if release.released_by == own else release.released_by or "")] if own else []
    cells = [
        release.label,
        "\n".join(filter(None, times)),
        release.app_version,
        "\n".join(state),
        *author,
        release.description or "",
        metrics_lines(release, metrics),
    ]
    return Row(cells, is_dim=bool(release.is_disabled))


def _as_json(deployment: Deployment, metrics: Mapping[str, Metrics] | None) -> dict[str, Any]:
    from codepush.cli.shapes import plain

    fields: dict[str, Any] = plain(deployment)
    if deployment.package is not None and metrics is not None:
        fields["package"] = _release_as_json(deployment.package, metrics)
    return fields


def _release_as_json(release: Package, metrics: Mapping[str, Metrics]) -> dict[str, Any]:
    """Return a release with its metrics and the number of all active devices."""
    from codepush.cli.rendering import total_active
    from codepush.cli.shapes import plain

    fields: dict[str, Any] = plain(release)
    if release.label in metrics:
        fields["metrics"] = plain(metrics[release.label]) | {"totalActive": total_active(metrics)}
    return fields
