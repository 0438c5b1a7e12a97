"""``codepush rollout insight``: what devices reported of a release, over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from codepush.cli.context import pass_cli
from codepush.cli.options import RemoteCommand, app_argument, deployment_argument
from codepush.cli.output import Table
from codepush.cli.rollout_screen import spell_share

if TYPE_CHECKING:
    from datetime import datetime

    from codepush.cli.context import Cli
    from codepush.insight_models import Insight, InsightPoint

__all__ = ["insight"]

_TIME: Final = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M%z"])


@click.command("insight", cls=RemoteCommand)
@app_argument()
@deployment_argument
@click.option("-l", "--label", help="Label of the release.  [the newest]")
@click.option("--since", type=_TIME, metavar="TIME", help="Start, such as 2030-01-31T09:00.  [the release]")
@click.option("--until", type=_TIME, metavar="TIME", help="End.  [now]")
@pass_cli
def insight(
    cli: Cli,
    app: str | None,
    deployment: str | None,
    *,
    label: str | None,
    since: datetime | None,
    until: datetime | None,
) -> None:
    """Show what devices reported of a release, by ten minutes, hours or days."""
    from codepush.cli.rollout import newest_label
    from codepush.client.rollout_plans import as_json

    name, of = cli.app(app), cli.deployment(deployment)
    found = cli.client.get_insight(
        name,
        of,
        label or newest_label(cli, name, of),
        since=since and since.astimezone(),
        until=until and until.astimezone(),
    )
    cli.out.result(as_json(found), _table(found))
    cli.out.say(_summary(found))


def _table(found: Insight) -> Table:
    columns = ("Time", "Downloaded", "Succeeded", "Failed", "Failures so far", "Running")
    return Table(columns, [_row(one) for one in found.points], f"No device has reported {found.label} in this time.")


def _row(point: InsightPoint) -> tuple[str, ...]:
    share = "" if point.failure_share is None else spell_share(point.failure_share)
    counts = (point.began, point.ok, point.bad)
    return (
        f"{point.starts_at.astimezone():%Y-%m-%d %H:%M}",
        *(f"{count:,}" for count in counts),
        share,
        f"{point.active:,}",
    )


def _summary(found: Insight) -> str:
    adoption = "" if found.adoption is None else f", {spell_share(found.adoption)} of the devices it is for"
    return f"{found.label} runs on {found.active:,} devices{adoption}."
