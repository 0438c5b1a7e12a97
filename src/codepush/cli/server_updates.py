"""``codepush server stop-updates`` and ``start-updates``: the emergency stop of a whole server."""

from __future__ import annotations

import anyio
import click
import msgspec

from codepush.cli.options import Command
from codepush.cli.storage_options import load_settings, place_options

__all__ = ["start_updates", "stop_updates"]

_note_option = click.option("--note", metavar="TEXT", help="The reason, for the audit trail.")


@click.command("stop-updates", cls=Command)
@_note_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: stopped.")
@place_options
def stop_updates(note: str | None, as_json: bool, **places: str | None) -> None:
    """Offer no update to any device of any deployment.

    Devices keep what they run, and releases and reports go on. Running servers follow within a second. After an
    interruption, run it again: deployments that are stopped already stay as they are.
    """
    from codepush.server import operations

    count = anyio.run(operations.stop_updates, load_settings(places), note)
    if as_json:
        click.echo(msgspec.json.encode({"stopped": count}))
    else:
        click.echo(f"Stopped the updates of {_deployments(count)}. Start them with: codepush server start-updates")


@click.command("start-updates", cls=Command)
@_note_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: started.")
@place_options
def start_updates(note: str | None, as_json: bool, **places: str | None) -> None:
    """Start the updates that stop-updates has stopped.

    Deployments that a user has stopped stay stopped.
    """
    from codepush.server import operations

    count = anyio.run(operations.start_updates, load_settings(places), note)
    if as_json:
        click.echo(msgspec.json.encode({"started": count}))
    else:
        click.echo(f"Started the updates of {_deployments(count)}.")


def _deployments(count: int) -> str:
    return f"{count} deployment{'' if count == 1 else 's'}"
