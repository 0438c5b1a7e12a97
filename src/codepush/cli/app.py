"""``codepush app``: apps, whatever can be done with a whole one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from codepush.cli.context import pass_cli
from codepush.cli.frame import Group
from codepush.cli.output import Column, Table

if TYPE_CHECKING:
    from codepush.cli.context import Cli

__all__ = ["app"]


@click.group(cls=Group)
def app() -> None:
    """Look after apps."""


@app.command("list", aliases=["ls"])
@pass_cli
def list_apps(cli: Cli) -> None:
    """List the apps that you may release to."""
    from codepush.cli.shapes import plain

    apps = cli.client.get_apps()
    rows = [[one.name, ", ".join(one.deployments)] for one in apps]
    table = Table(
        ["Name", Column("Deployments", 50)], rows, "There are no apps yet. Add one with: codepush app add APP"
    )
    cli.out.result(plain(apps), table)
