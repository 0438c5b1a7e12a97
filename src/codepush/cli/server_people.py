"""``codepush server account``, ``key`` and ``login-code``: manage accounts and access keys."""

from __future__ import annotations

import os

import anyio
import click
import msgspec

from codepush.cli.context import current, note_flag
from codepush.cli.options import Command, LocalGroup
from codepush.cli.output import Output, Table
from codepush.cli.storage_options import load_settings, place_options

__all__ = ["account", "key", "login_code"]

_yes_option = click.option(
    "--yes", "-y", is_flag=True, expose_value=False, callback=note_flag, help="Do not ask for confirmation."
)


def _output(as_json: bool) -> Output:
    return Output("json" if as_json else "table")


@click.group(cls=LocalGroup)
def account() -> None:
    """Manage the accounts of the server."""


@account.command
@click.argument("email")
@click.option("--name", default="", help="Display name.  [local part of the email]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: email, name, access_key.")
@place_options
def add(email: str, name: str, as_json: bool, **places: str | None) -> None:
    """Create an account and print its first access key, once.

    Works before the first start and while the server runs.
    """
    from codepush.server.operations import add_account

    account, access_key = anyio.run(add_account, load_settings(places), email, name)
    if as_json:
        shown = {"email": account.email, "name": account.name, "access_key": access_key}
        click.echo(msgspec.json.encode(shown))
    else:
        click.echo(access_key)
        click.echo(f"This is the access key of {account.email}. It cannot be shown again.", err=True)


@account.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list of objects: email, name.")
@place_options
def list_accounts(as_json: bool, **places: str | None) -> None:
    """List the accounts by address."""
    from codepush.server.operations import list_accounts

    accounts = anyio.run(list_accounts, load_settings(places))
    shown = [{"email": one.email, "name": one.name} for one in accounts]
    table = Table(["E-mail", "Name"], [[one.email, one.name] for one in accounts], "There is no account yet.")
    _output(as_json).result(shown, table)


@account.command("remove")
@click.argument("email")
@_yes_option
@place_options
def remove_account(email: str, **places: str | None) -> None:
    """Remove an account with its access keys, collaborations and memberships.

    An account that owns apps, or is the only manager of an organization, cannot be removed. Its releases stay.
    """
    from codepush.server.operations import remove_account

    current().confirm(f"Remove the account {email} and its access keys?", when_cancelled="Account removal cancelled.")
    anyio.run(remove_account, load_settings(places), email)
    click.echo(f"Removed the account {email}.", err=True)


@click.group(cls=LocalGroup)
def key() -> None:
    """Manage the access keys of accounts."""


@key.command("add")
@click.argument("email")
@click.option("--name", help="Name of the key.  [machine and time]")
@click.option("--days", default=60, show_default=True, type=click.IntRange(1, 36500), help="Lifetime in days.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: email, name, expires, access_key.")
@place_options
def add_key(email: str, name: str | None, days: int, as_json: bool, **places: str | None) -> None:
    """Create another access key for an account and print it, once.

    Works before the first start and while the server runs.
    """
    from codepush.server.operations import add_key

    account, made = anyio.run(add_key, load_settings(places), email, name, days)
    if as_json:
        shown = {"email": account.email, "name": made.name, "expires": made.expires, "access_key": made.key}
        click.echo(msgspec.json.encode(shown))
    else:
        click.echo(made.key)
        click.echo(
            f"This is the access key '{made.name}' of {account.email}, valid until {made.expires:%Y-%m-%d}. "
            "It cannot be shown again.",
            err=True,
        )


@key.command("list")
@click.argument("email")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list of objects, one for each key.")
@place_options
def list_keys(email: str, as_json: bool, **places: str | None) -> None:
    """List the access keys of an account, including expired ones and logins, without the secrets."""
    from codepush.server.operations import keys

    found = anyio.run(keys, load_settings(places), email)
    shown = [
        {
            "name": one.name,
            "created": one.created_time,
            "expires": one.expires,
            "created_by": one.created_by,
            "is_session": one.is_session,
        }
        for one in found
    ]
    rows = [
        [one.name, one.created_by, f"{one.created_time:%Y-%m-%d}", f"{one.expires:%Y-%m-%d}", "yes" * one.is_session]
        for one in found
    ]
    table = Table(["Name", "Created for", "Created", "Expires", "Login"], rows, f"{email} has no access key.")
    _output(as_json).result(msgspec.to_builtins(shown), table)


@key.command("revoke")
@click.argument("email")
@click.argument("name")
@_yes_option
@place_options
def revoke_key(email: str, name: str, **places: str | None) -> None:
    """Remove an access key of an account. It stops working immediately."""
    from codepush.server.operations import revoke_key

    current().confirm(f"Revoke the access key '{name}' of {email}?", when_cancelled="Revocation cancelled.")
    anyio.run(revoke_key, load_settings(places), email, name)
    click.echo(f"Revoked the access key '{name}' of {email}.", err=True)


@click.command("login-code", cls=Command)
@click.argument("email")
@click.option("--public-url", metavar="URL", help="The server's URL, to show where to log in.  [CODEPUSH_PUBLIC_URL]")
@place_options
def login_code(email: str, **places: str | None) -> None:
    """Print a one-time code for a browser login.

    It is valid for ten minutes and one login. The server need not be running.
    """
    from codepush.server.operations import make_login_code
    from codepush.server.settings import SETTINGS

    settings = load_settings(places)
    is_known = places["public_url"] or SETTINGS["public_url"].given(os.environ)
    page = f"{settings.public_url}/auth/login" if is_known else "the page /auth/login of the server"
    click.echo(anyio.run(make_login_code, settings, email))
    click.echo(
        f"With this code {email} can log in once, within ten minutes, at {page}. It cannot be shown again.",
        err=True,
    )
