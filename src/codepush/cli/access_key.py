"""``codepush access-key``: access keys of scripts and CI jobs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import click

from codepush.cli.context import pass_cli
from codepush.cli.errors import Exit, Failure
from codepush.cli.legacy_syntax import AliasOption
from codepush.cli.options import Group, argument
from codepush.cli.output import Row, Table
from codepush.cli.values import DURATION
from codepush.masking import masked_name

if TYPE_CHECKING:
    from codepush.cli.context import Cli
    from codepush.models import AccessKey

__all__ = ["access_key"]

_ROUNDING: Final = timedelta(minutes=1)
"""By how much an expiry may be earlier than requested before the command reports it."""


@click.group("access-key", cls=Group)
def access_key() -> None:
    """Manage access keys."""


@access_key.command("add", aliases=["create"])
@argument("name", help="Name, such as that of the machine or CI job.")
@click.option(
    "-d", "--description", cls=AliasOption, argument="name", metavar="NAME", help="Alias of NAME, as in App Center."
)
@click.option("--ttl", type=DURATION, help="Lifetime, such as 90m, 60d or 1y.  [60d]")
@click.option("-t", "--type", "kind", hidden=True, help="App Center's; keys always belong to a user.")
@pass_cli
def add_key(cli: Cli, name: str, ttl: timedelta | None, kind: str | None) -> None:
    """Create an access key and print it, once."""
    from codepush.cli.rendering import long_moment
    from codepush.cli.shapes import plain

    if kind not in {None, "user"}:
        raise Failure("Access keys for a single app are not supported: keys belong to accounts.", exit_code=Exit.USAGE)
    made = cli.client.add_access_key(name, ttl)
    cli.out.result(
        {"name": made.name, "key": made.key} | plain({"createdTime": made.created_time, "expires": made.expires}),
        f'Successfully created the "{made.name}" access key: {made.key}',
    )
    cli.out.say(
        "Make sure to save this key value somewhere safe, since you won't be able to view it from the CLI again!"
    )
    if ttl is not None and made.expires < made.created_time + ttl - _ROUNDING:
        cli.out.say(
            f"It expires on {long_moment(made.expires.astimezone())}, earlier than requested: a key cannot outlive the "
            "key that creates it, nor exceed the server's maximum lifetime."
        )


@access_key.command("patch")
@argument("name", help="Current name.")
@click.option("--name", "new_name", metavar="NAME", help="New name.")
@click.option("--ttl", type=DURATION, help="New lifetime, starting now; 0s expires it.")
@pass_cli
def patch_key(cli: Cli, name: str, new_name: str | None, ttl: timedelta | None) -> None:
    """Rename an access key, or change when it expires."""
    from codepush.cli.rendering import long_moment
    from codepush.cli.shapes import plain

    if new_name is None and ttl is None:
        raise click.UsageError("A new name and/or TTL must be provided.")
    made = cli.client.patch_access_key(name, new_name, ttl)
    name = masked_name(name)
    until = long_moment(made.expires.astimezone())
    if new_name is None:
        sentence = f'Successfully changed the expiration date of the "{name}" access key to {until}.'
    else:
        changed = "" if ttl is None else f" and changed its expiration date to {until}"
        sentence = f'Successfully renamed the access key "{name}" to "{made.name}"{changed}.'
    cli.out.result(plain(_as_json(made)), sentence)


@access_key.command("list", aliases=["ls"])
@pass_cli
def list_keys(cli: Cli) -> None:
    """List your access keys, expired ones last."""
    from codepush.cli.rendering import moment
    from codepush.cli.shapes import plain

    now = datetime.now(UTC).astimezone()
    keys = sorted(cli.client.get_access_keys(), key=lambda one: (one.expires <= now, one.created_time))
    rows = [
        Row([one.name, moment(one.created_time, now), moment(one.expires, now)], is_dim=one.expires <= now)
        for one in keys
    ]
    table = Table(
        ["Name", "Created", "Expires"], rows, "There are no access keys. Add one: codepush access-key add NAME"
    )
    cli.out.result(plain([_as_json(one) for one in keys]), table)


@access_key.command("remove", aliases=["rm", "delete"])
@argument("name", help="Current name.")
@pass_cli
def remove_key(cli: Cli, name: str) -> None:
    """Remove an access key. It stops working immediately."""
    shown = masked_name(name)
    cli.confirm(
        f'Remove the access key "{shown}"?',
        impact=lambda: _impact(cli.client.get_access_key(name)),
        when_cancelled="Access key removal cancelled.",
    )
    cli.client.remove_access_key(name)
    cli.out.result({"name": shown, "removed": True}, f'Successfully removed the "{shown}" access key.')


def _impact(key: AccessKey) -> list[str]:
    maker = f" on {key.created_by}" if key.created_by else ""
    return [
        f'Jobs that use the access key "{key.name}" (created{maker} {key.created_time:%Y-%m-%d}) will stop working.'
    ]


def _as_json(key: AccessKey) -> dict[str, object]:
    return {"createdTime": key.created_time, "expires": key.expires, "name": key.name}
