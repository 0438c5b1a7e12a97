"""``codepush login`` and what belongs to it: who you are, and to which server."""

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
    return argument("url", metavar="[URL]", required=False, help="The server, instead of as --server.")(command)


def _key_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--no-proxy", is_flag=True, help="Use no proxy, whatever the environment says."),
        click.option(
            "--access-key",
            "--key",
            "--token",
            metavar="KEY",
            help="An access key instead of a log-in with the browser; - reads it from stdin, where nobody sees it.",
        ),
    ):
        command = option(command)
    return command


@_command("login")
@_server_argument
@_key_options
@pass_cli
def login(cli: Cli, url: str | None, access_key: str | None, *, no_proxy: bool) -> None:
    """Log in to a server; what follows talks to it.

    Opens the server's log-in page in a browser and asks for the access key that it shows. With --access-key, or a key
    on stdin, no browser is needed. You can be logged in to several servers.
    """
    _enter(cli, url, access_key, action="login", no_proxy=no_proxy)


@_command("register")
@_server_argument
@_key_options
@pass_cli
def register(cli: Cli, url: str | None, access_key: str | None, *, no_proxy: bool) -> None:
    """Make an account on a server and log in, where that server lets people do so."""
    _enter(cli, url, access_key, action="register", no_proxy=no_proxy)


@_command("link")
@_server_argument
@pass_cli
def link(cli: Cli, url: str | None) -> None:
    """Link another identity provider to your account: opens the server's page for it."""
    cli.choose_server(url)
    page = _open_page(cli, "link")
    cli.out.result({"server": cli.server_url, "page": page}, page)


@_command("logout")
@_server_argument
@pass_cli
def logout(cli: Cli, url: str | None) -> None:
    """Log out of a server: ends the session of this machine and forgets the access key."""
    cli.choose_server(url)
    kept = cli.credentials.find(cli.server_url)
    if kept is None:
        raise Failure(f"You are not logged in to {cli.server_url}.", exit_code=Exit.NOT_LOGGED_IN)
    if kept.is_foreign:
        raise Failure(f"The log-in is in {kept.place}.", "End it with: code-push-standalone logout")
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
    """Tell who is logged in, and with --json to which server."""
    from codepush.cli.shapes import plain

    account = cli.client.get_account_info()
    assert cli.login is not None  # the client needed it
    providers = f" ({', '.join(account.linked_providers)})" if account.linked_providers else ""
    fields = plain(account) | {"server": cli.server_url, "accessKeyFrom": cli.login.place}
    cli.out.result(fields, f"{account.email}{providers}")


def _enter(cli: Cli, url: str | None, access_key: str | None, *, action: str, no_proxy: bool) -> None:
    if no_proxy:
        os.environ["NO_PROXY"] = "*"
    cli.choose_server(url)
    is_session = access_key is None and sys.stdin.isatty()
    if is_session and _is_known(cli):
        cli.out.say(f"You are already logged in to {cli.server_url} from this machine; 'codepush logout' ends that.")
        return
    key = _asked(cli, action) if is_session else cli.read_key(access_key or _STDIN)
    if not cli.connect(key).is_authenticated():
        raise Failure("Invalid access key.", f"{cli.server_url} does not know it.", exit_code=Exit.NOT_LOGGED_IN)
    kept = cli.credentials.keep(cli.server_url, key, is_session=is_session)
    cli.out.result(
        {"server": cli.server_url, "accessKeyIn": kept.place},
        f"Successfully logged-in to {cli.server_url}. Your access key was written to {kept.place}."
        " 'codepush logout' removes it and ends your session.",
    )
    if cli.environment.get("CODEPUSH_ACCESS_KEY"):
        cli.out.warn("CODEPUSH_ACCESS_KEY is set and goes before this log-in.")


def _asked(cli: Cli, action: str) -> str:
    _open_page(cli, action)
    while not (key := click.prompt("Enter your access key", err=True, hide_input=True).strip()):
        pass
    return str(key)


def _open_page(cli: Cli, action: str) -> str:
    """Open one of the server's log-in pages in the browser, where there is one, and return its address."""
    words = {"login": "login", "register": "registration", "link": "link"}
    page = f"{cli.server_url}/auth/{action}?hostname={quote(socket.gethostname())}"
    cli.out.say(
        "A browser is being launched to authenticate your account. Follow the instructions it displays to complete your"
        f" {words[action]}. If it does not open, open this page:\n{page}"
    )
    if cli.environment.get("BROWSER"):
        webbrowser.open(page)  # which obeys that variable on every system; the system's own opener may not
    elif _has_screen(cli):
        click.launch(page)
    return page


def _has_screen(cli: Cli) -> bool:
    """Return whether a browser would have a screen; one in the terminal itself would only be in the way."""
    return sys.platform in {"darwin", "win32"} or bool(cli.environment.keys() & {"DISPLAY", "WAYLAND_DISPLAY"})


def _is_known(cli: Cli) -> bool:
    kept = cli.credentials.find(cli.server_url)
    return kept is not None and cli.connect(kept.access_key).is_authenticated()


def _end_session(cli: Cli, access_key: str) -> None:
    """End this machine's session; one that is over already is fine."""
    from codepush.errors import NotFound, Unauthorized

    try:
        cli.connect(access_key).remove_session(socket.gethostname())
    except (NotFound, Unauthorized):
        cli.out.say("The session was over already.")
