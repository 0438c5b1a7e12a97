"""``codepush app``: manage apps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from codepush.cli.context import pass_cli
from codepush.cli.legacy_syntax import AliasOption
from codepush.cli.options import Group, app_option, argument
from codepush.cli.output import Column, Table
from codepush.cli.values import EMAIL, Choice

if TYPE_CHECKING:
    from codepush.cli.context import Cli

__all__ = ["app"]

_OS: Final = Choice("OS", {"ios": "iOS", "android": "Android", "windows": "Windows"})
_PLATFORM: Final = Choice("platform", {"react-native": "React-Native", "cordova": "Cordova", "electron": "Electron"})


@click.group(cls=Group)
def app() -> None:
    """Manage apps."""


@app.command("add", aliases=["create"])
@argument("app", help="App name.")
@argument("os", type=_OS, required=False, help="ios, android or windows; required by some servers.")
@argument(
    "platform", type=_PLATFORM, required=False, help="react-native, cordova or electron; required by some servers."
)
@click.option(
    "-n",
    "--name",
    "-d",
    "--display-name",
    cls=AliasOption,
    argument="app",
    metavar="APP",
    help="Alias of APP, as in App Center.",
)
@click.option("-o", "--os", cls=AliasOption, argument="os", metavar="OS", help="Alias of OS, as in App Center.")
@click.option(
    "-p",
    "--platform",
    cls=AliasOption,
    argument="platform",
    metavar="PLATFORM",
    help="Alias of PLATFORM, as in App Center.",
)
@click.option("--no-deployments", is_flag=True, help="Do not create the deployments Production and Staging.")
@pass_cli
def add_app(cli: Cli, app: str, os: str | None, platform: str | None, *, no_deployments: bool) -> None:
    """Add an app, with the deployments Production and Staging."""
    from codepush.cli.shapes import plain

    made = cli.client.add_app(app, os, platform, manually_provision_deployments=no_deployments)
    deployments = [] if no_deployments else cli.client.get_deployments(made.name)
    sentence = f'Successfully added the "{made.name}" app'
    if not deployments:
        cli.out.result({"name": made.name, "deployments": []}, f"{sentence}.")
        return
    if not cli.out.is_json:
        click.echo(f"{sentence}, along with the following default deployments:")
    rows = [[one.name, one.key] for one in deployments]
    cli.out.result(
        {"name": made.name, "deployments": plain(deployments)},
        Table(["Name", Column("Deployment Key", is_whole=True)], rows),
    )


@app.command("list", aliases=["ls"])
@pass_cli
def list_apps(cli: Cli) -> None:
    """List the apps that you can access."""
    from codepush.cli.shapes import plain

    apps = cli.client.get_apps()
    rows = [[one.name, ", ".join(one.deployments)] for one in apps]
    table = Table(
        ["Name", Column("Deployments", 50)], rows, "There are no apps yet. Add one with: codepush app add APP"
    )
    cli.out.result(plain(apps), table)


@app.command("remove", aliases=["rm", "delete"])
@app_option
@argument("app", help="App name.")
@pass_cli
def remove_app(cli: Cli, app: str) -> None:
    """Remove an app, its deployments and its releases.

    Devices of the app get no more updates.
    """
    from codepush.cli.impact import app_impact

    cli.confirm(
        "Are you sure you want to remove this app? Note that its deployment keys will be PERMANENTLY unrecoverable.",
        impact=lambda: app_impact(cli.client, app),
        when_cancelled="App removal cancelled.",
    )
    cli.client.remove_app(app)
    cli.out.result({"app": app, "removed": True}, f'Successfully removed the "{app}" app.')


@app.command("rename")
@app_option
@argument("app", metavar="OLD_NAME", help="App name.")
@argument("new_name", help="New name.")
@pass_cli
def rename_app(cli: Cli, app: str, new_name: str) -> None:
    """Rename an app. Devices are not affected."""
    cli.client.rename_app(app, new_name)
    cli.out.result({"app": new_name, "renamedFrom": app}, f'Successfully renamed the "{app}" app to "{new_name}".')


@app.command("transfer")
@app_option
@argument("app", help="App name.")
@argument("email", type=EMAIL, help="Email of the new owner.")
@pass_cli
def transfer_app(cli: Cli, app: str, email: str) -> None:
    """Transfer an app to another account. You become a collaborator."""
    cli.confirm(
        f'Transfer the app "{app}" to {email}?',
        impact=lambda: ["You will no longer be able to remove, rename or transfer it."],
        when_cancelled="App transfer cancelled.",
    )
    cli.client.transfer_app(app, email)
    cli.out.result(
        {"app": app, "owner": email},
        f'Successfully transferred the ownership of app "{app}" to the account with email "{email}".',
    )
