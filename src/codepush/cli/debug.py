"""``codepush debug``: stream CodePush logs from a device or simulator."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

import click

from codepush.cli.context import pass_cli
from codepush.cli.options import Command, argument, common_options
from codepush.cli.values import Choice

if TYPE_CHECKING:
    from codepush.cli.context import Cli
    from codepush.projects.logs import AndroidLog, SimulatorLog

__all__ = ["debug"]

_COMMON: Final = frozenset({"format", "debug"})


@partial(click.command, cls=Command)("debug")
@argument("platform", type=Choice("platform", {"android": "android", "ios": "ios"}), help="android or ios.")
@click.option("--device", metavar="ID", help="Device ID, if several are connected.  [the only one]")
@pass_cli
def debug(cli: Cli, platform: str, device: str | None) -> None:
    """Stream CodePush logs from a device or simulator. Ctrl-C stops it.

    Android needs adb and a device or emulator; iOS a Mac with a running simulator.
    """
    log = _log(cli, platform, device)
    cli.out.say(f"Listening for {platform} debug logs (Press CTRL+C to exit)")
    with suppress(KeyboardInterrupt):  # the usual way to stop it
        for message in log.messages():
            _show(cli, datetime.now().astimezone(), message)


debug.params += [option for option in common_options() if option.name in _COMMON]


def _show(cli: Cli, now: datetime, message: str) -> None:
    if cli.out.is_json:
        click.echo(json.dumps({"time": now.isoformat(timespec="seconds"), "message": message}))
    else:
        click.echo(f"[{now:%H:%M:%S}] {message}")


def _log(cli: Cli, platform: str, device: str | None) -> AndroidLog | SimulatorLog:
    from codepush.projects.logs import AndroidLog, SimulatorLog

    return AndroidLog(device, cli.out.say) if platform == "android" else SimulatorLog(device, cli.out.say)
