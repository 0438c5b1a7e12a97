"""``codepush login``, ``logout``, ``register``, ``link`` and ``whoami``."""

from __future__ import annotations

import os
import socket
import sys
import webbrowser
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import click

from codepush.cli.context import pass_cli
from codepush.cli.errors import Exit, Failure
from codepush.cli.options import RemoteCommand, argument

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from codepush.cli.context import Cli

__all__ = ["link", "login", "logout", "register", "whoami"]

_STDIN: Final = "-"

_command = partial(click.command, cls=RemoteCommand)


def _server_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    return argument("url", metavar="[URL]", required=False, help="Server URL, instead of --server.")(command)


def _key_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--no-proxy", is_flag=True, help="Ignore the proxy variables."),
        click.option(
            "--access-key",
            "--key",
            "--token",
            metavar="KEY",
            help="Log in with this access key instead of a browser; - reads it from stdin.",
        ),
    ):
        command = option(command)
    return command


@_command("login")
@_server_argument
@_key_options
@pass_cli
def login(cli: Cli, url: str | None, access_key: str | None, *, no_proxy: bool) -> None:
    """Log in to a server and make it the default.

    Opens the server's login page in a browser and prompts for the access key that it shows. With --access-key, or a key
    on stdin, no browser is needed. You can be logged in to several servers.
    """
    _enter(cli, url, access_key, action="login", no_proxy=no_proxy)


@_command("register")
@_server_argument
@_key_options
@pass_cli
def register(cli: Cli, url: str | None, access_key: str | None, *, no_proxy: bool) -> None:
    """Create an account and log in, if the server allows registration."""
    _enter(cli, url, access_key, action="register", no_proxy=no_proxy)


@_command("link")
@_server_argument
@pass_cli
def link(cli: Cli, url: str | None) -> None:
    """Link another identity provider to your account, in the browser."""
    cli.choose_server(url)
    page = _open_page(cli, "link")
    cli.out.result({"server": cli.server_url, "page": page}, page)


@_command("logout")
@_server_argument
@pass_cli
def logout(cli: Cli, url: str | None) -> None:
    """Log out of a server: end this machine's session and delete its access key."""
    cli.choose_server(url)
    kept = cli.credentials.find(cli.server_url)
    if kept is None:
        raise Failure(f"You are not logged in to {cli.server_url}.", exit_code=Exit.NOT_LOGGED_IN)
    if kept.is_foreign:
        raise Failure(f"The login is stored in {kept.place}.", "End it with: code-push-standalone logout")
    if kept.is_session:
        _end_session(cli, kept.access_key)
    cli.credentials.forget(cli.server_url)
    cli.out.result(
        {"server": cli.server_url, "loggedOut": True},
        f"Successfully logged-out of {cli.server_url}. Its access key has been removed from {kept.place}.",
    )


@_command("whoami")
@pass_cli
def whoami(cli: Cli) -> None:
    """Show the logged-in account, and with --json the server."""
    from codepush.cli.shapes import plain

    account = cli.client.get_account_info()
    assert cli.login is not None  # set, because the client needed it
    providers = f" ({', '.join(account.linked_providers)})" if account.linked_providers else ""
    fields = plain(account) | {"server": cli.server_url, "accessKeyFrom": cli.login.place}
    cli.out.result(fields, f"{account.email}{providers}")


def _enter(cli: Cli, url: str | None, access_key: str | None, *, action: str, no_proxy: bool) -> None:
    if no_proxy:
        os.environ["NO_PROXY"] = "*"
    cli.choose_server(url)
    is_session = access_key is None and sys.stdin.isatty()
    if is_session and _is_known(cli):
        cli.out.say(f"You are already logged in to {cli.server_url} from this machine; run 'codepush logout' first.")
        return
    key = _asked(cli, action) if is_session else cli.read_key(access_key or _STDIN)
    if not cli.connect(key).is_authenticated():
        raise Failure("Invalid access key.", f"{cli.server_url} rejected it.", exit_code=Exit.NOT_LOGGED_IN)
    kept = cli.credentials.keep(cli.server_url, key, is_session=is_session)
    cli.out.result(
        {"server": cli.server_url, "accessKeyIn": kept.place},
        f"Successfully logged-in to {cli.server_url}. Your access key was written to {kept.place}."
        " 'codepush logout' deletes it and ends your session.",
    )
    if cli.environment.get("CODEPUSH_ACCESS_KEY"):
        cli.out.warn("CODEPUSH_ACCESS_KEY is set and overrides this login.")


def _asked(cli: Cli, action: str) -> str:
    _open_page(cli, action)
    while not (key := click.prompt("Enter your access key", err=True, hide_input=True).strip()):
        pass
    return str(key)


def _open_page(cli: Cli, action: str) -> str:
    """Open a login page of the server in the browser, if there is one, and return its URL."""
    words = {"login": "login", "register": "registration", "link": "link"}
    page = f"{cli.server_url}/auth/{action}?hostname={quote(socket.gethostname())}"
    cli.out.say(
        "A browser is being launched to authenticate your account. Follow the instructions it displays to complete your"
        f" {words[action]}. If it does not open, open this page:\n{page}"
    )
    if cli.environment.get("BROWSER"):
        webbrowser.open(page)  # obeys that variable on every system, unlike the system's opener
    elif _has_screen(cli):
        click.launch(page)
    return page


def _has_screen(cli: Cli) -> bool:
    """Return whether a graphical browser can open; one in the terminal would hide the prompt."""
    return sys.platform in {"darwin", "win32"} or bool(cli.environment.keys() & {"DISPLAY", "WAYLAND_DISPLAY"})


def _is_known(cli: Cli) -> bool:
    kept = cli.credentials.find(cli.server_url)
    return kept is not None and cli.connect(kept.access_key).is_authenticated()


def _end_session(cli: Cli, access_key: str) -> None:
    """End this machine's session, unless it has ended already."""
    from codepush.errors import NotFound, Unauthorized

    try:
        cli.connect(access_key).remove_session(socket.gethostname())
    except (NotFound, Unauthorized):
        cli.out.say("The session had already ended.")
