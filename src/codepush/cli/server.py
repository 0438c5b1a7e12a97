"""``codepush server``: run a server of your own, and give people access to it."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import anyio
import click
import msgspec

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from codepush.server.settings import Settings

__all__ = ["server"]


_DATABASE: Final = "Where records are: sqlite:///FILE or postgresql://USER@HOST/NAME.  [CODEPUSH_DATABASE_URL]"


def _place(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say where a server keeps its things."""
    for option in (
        click.option(
            "--storage-url", metavar="URL", help="Where archives are: a folder or bucket.  [CODEPUSH_STORAGE_URL]"
        ),
        click.option("--database-url", metavar="URL", help=_DATABASE),
        click.option("--data", metavar="DIR", help="Folder for database and archives.  [CODEPUSH_DATA]"),
    ):
        command = option(command)
    return command


@click.group()
def server() -> None:
    """Run and look after a server of your own."""
    if find_spec("starlette") is None or find_spec("sqlalchemy") is None:
        raise click.ClickException("The server needs more packages. Install them with: pip install 'codepush[server]'")


@server.command()
@_place
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=3000, show_default=True, type=click.IntRange(0, 65535), help="Port; 0: any free one.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 256), help="Processes that answer.")
@click.option("--public-url", metavar="URL", help="How phones reach it.  [CODEPUSH_PUBLIC_URL, else http://HOST:PORT]")
def start(host: str, port: int, workers: int, **places: str | None) -> None:
    """Start the server; SIGTERM or Ctrl-C stops it once it has answered what it was asked."""
    from codepush.server import process

    with _listen(host, port) as listener:
        settings = _settings(places, address=process.address(listener))
        process.serve(settings, listener, workers=workers)


def _listen(host: str, port: int) -> socket.socket:
    from codepush.server import process

    try:
        return process.listen(host, port)
    except OSError as error:
        raise click.ClickException(
            f"Cannot listen on {host}:{port}: {error.strerror or error}. Is another server running? Try --port."
        ) from error


@server.command()
@_place
@click.option("--once", is_flag=True, help="End when nothing is left to do.")
def worker(*, once: bool, **places: str | None) -> None:
    """Do the server's background work: diffs and better packing. SIGTERM or Ctrl-C stops it.

    A server does this work by itself; more workers take some of it off its hands.
    """
    from codepush.server.operations import work

    anyio.run(lambda: work(_settings(places), once=once))


@server.command()
@_place
def migrate(**places: str | None) -> None:
    """Bring the database to the schema of this version, once, before its servers start.

    An embedded database and an empty one are brought there by any start; this is for a PostgreSQL database that an
    older version made. Make a backup and stop the servers of the older version first.
    """
    from codepush.server.operations import migrate

    done = anyio.run(migrate, _settings(places))
    click.echo("The database was brought up to date." if done else "The database is up to date; nothing was changed.")


@server.group()
def account() -> None:
    """The people who may log in to the server."""


@account.command
@click.argument("email")
@click.option("--name", default="", help="The person's name; what stands before the @ unless given.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: email, name, access_key.")
@_place
def add(email: str, name: str, as_json: bool, **places: str | None) -> None:
    """Create an account and print its first access key, once.

    Works before the first start and while the server runs.
    """
    from codepush.server.operations import add_account

    account, access_key = anyio.run(add_account, _settings(places), email, name)
    if as_json:
        shown = {"email": account.email, "name": account.name, "access_key": access_key}
        click.echo(msgspec.json.encode(shown))
    else:
        click.echo(access_key)
        click.echo(f"This is the access key of {account.email}. It cannot be shown again.", err=True)


@server.group()
def key() -> None:
    """The access keys of people and of their scripts."""


@key.command("add")
@click.argument("email")
@click.option("--name", help="What to call the key; this machine and the time unless given.")
@click.option("--days", default=60, show_default=True, type=click.IntRange(1, 36500), help="How long it is good for.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: email, name, expires, access_key.")
@_place
def add_key(email: str, name: str | None, days: int, as_json: bool, **places: str | None) -> None:
    """Create another access key for an account and print it, once.

    Works before the first start and while the server runs.
    """
    from codepush.server.operations import add_key

    account, made = anyio.run(add_key, _settings(places), email, name, days)
    if as_json:
        shown = {"email": account.email, "name": made.name, "expires": made.expires, "access_key": made.key}
        click.echo(msgspec.json.encode(shown))
    else:
        click.echo(made.key)
        click.echo(
            f"This is the access key '{made.name}' of {account.email}, good until {made.expires:%Y-%m-%d}. "
            "It cannot be shown again.",
            err=True,
        )


@server.command("login-code")
@click.argument("email")
@_place
def login_code(email: str, **places: str | None) -> None:
    """Print a one-time code with which the owner of an account can log in with a browser.

    It is good for ten minutes and one log-in, whether the server runs yet or not.
    """
    from codepush.server.operations import make_login_code

    settings = _settings(places)
    click.echo(anyio.run(make_login_code, settings, email))
    click.echo(
        f"With this code {email} can log in once, within ten minutes, at {settings.public_url}/auth/login. "
        "It cannot be shown again.",
        err=True,
    )


def _settings(places: dict[str, str | None], *, address: str = "http://127.0.0.1:3000") -> Settings:
    from codepush.server.settings import Settings

    return Settings.load(places, os.environ, address=address)
