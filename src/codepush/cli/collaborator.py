"""``codepush collaborator``: manage the collaborators of an app."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from codepush.cli.context import pass_cli
from codepush.cli.options import Group, app_argument, argument
from codepush.cli.output import Table
from codepush.cli.values import EMAIL

if TYPE_CHECKING:
    from codepush.cli.context import Cli

__all__ = ["collaborator"]


@click.group(cls=Group)
def collaborator() -> None:
    """Manage the collaborators of an app."""


@collaborator.command("add", aliases=["invite"])
@app_argument()
@argument("email", type=EMAIL, help="Email of the collaborator.")
@pass_cli
def add_collaborator(cli: Cli, app: str | None, email: str) -> None:
    """Add a collaborator to an app."""
    name = cli.app(app)
    cli.client.add_collaborator(name, email)
    cli.out.result(
        {"app": name, "collaborator": email, "added": True},
        f'Successfully added "{email}" as a collaborator to the app "{name}".',
    )


@collaborator.command("list", aliases=["ls"])
@app_argument()
@pass_cli
def list_collaborators(cli: Cli, app: str | None) -> None:
    """List the collaborators of an app."""
    from codepush.cli.shapes import plain

    people = cli.client.get_collaborators(cli.app(app))
    rows = [[email + (" (Owner)" if one.permission == "Owner" else "")] for email, one in people.items()]
    cli.out.result({"collaborators": plain(people)}, Table(["E-mail Address"], rows))


@collaborator.command("remove", aliases=["rm"])
@app_argument()
@argument("email", type=EMAIL, help="Email of the collaborator.")
@pass_cli
def remove_collaborator(cli: Cli, app: str | None, email: str) -> None:
    """Remove a collaborator from an app."""
    name = cli.app(app)
    cli.confirm(
        f'Remove the collaborator "{email}" from the app "{name}"?',
        when_cancelled="App collaborator removal cancelled.",
    )
    cli.client.remove_collaborator(name, email)
    cli.out.result(
        {"app": name, "collaborator": email, "removed": True},
        f'Successfully removed "{email}" as a collaborator from the app "{name}".',
    )
