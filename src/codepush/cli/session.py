"""``codepush session``: manage browser logins."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from codepush.cli.context import pass_cli
from codepush.cli.errors import Exit, Failure
from codepush.cli.options import Group, argument
from codepush.cli.output import Table

if TYPE_CHECKING:
    from codepush.cli.context import Cli

__all__ = ["session"]


@click.group(cls=Group)
def session() -> None:
    """Manage login sessions."""


@session.command("list", aliases=["ls"])
@pass_cli
def list_sessions(cli: Cli) -> None:
    """List the machines with a browser login."""
    from codepush.cli.rendering import moment
    from codepush.cli.shapes import plain

    now = datetime.now(UTC).astimezone()
    sessions = cli.client.get_sessions()
    rows = [[one.machine_name, moment(one.logged_in_time, now)] for one in sessions]
    cli.out.result(plain(sessions), Table(["Machine", "Logged in"], rows, "No machine has a browser login."))


@session.command("remove", aliases=["rm"])
@argument("machine", help="Machine name from 'codepush session list'.")
@pass_cli
def remove_session(cli: Cli, machine: str) -> None:
    """Log out a machine."""
    if machine == socket.gethostname():
        raise Failure(
            "Cannot remove the current login session via this command. Please run 'codepush logout' instead.",
            exit_code=Exit.USAGE,
        )
    cli.confirm(f'Log out "{machine}"?', when_cancelled="Session removal cancelled.")
    cli.client.remove_session(machine)
    cli.out.result(
        {"machineName": machine, "removed": True}, f'Successfully removed the login session for "{machine}".'
    )
