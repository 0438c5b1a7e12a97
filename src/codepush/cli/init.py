"""``codepush init``: create the project file, so that commands in a repository need no names."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from codepush.cli.context import pass_cli
from codepush.cli.errors import Exit, Failure
from codepush.cli.options import RemoteCommand
from codepush.cli.project import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codepush.cli.context import Cli

__all__ = ["init"]

_HEAD: Final = "# Defaults of `codepush` commands in this repository. Do not put secrets here.\n"
_DEPLOYMENT: Final = "Staging"


@click.command("init", cls=RemoteCommand)
@click.option("-a", "--app", metavar="APP", help="App name.  [prompt]")
@click.option("-d", "--deployment", "--deployment-name", metavar="NAME", help="Deployment to release to.  [Staging]")
@click.option(
    "-k",
    "--private-key-path",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Private key to sign releases with; keep it out of the repository.",
)
@pass_cli
def init(cli: Cli, app: str | None, deployment: str | None, private_key_path: Path | None) -> None:
    """Create .codepush.toml in this directory. Prompts for missing values."""
    path = Path.cwd() / FILE_NAME
    if path.exists():
        cli.confirm(f"{FILE_NAME} exists. Overwrite it?", when_cancelled=f"{FILE_NAME} was not changed.")
    name = app or _asked_app(cli)
    known = _deployments(cli, name)
    settings = {"server": cli.server_url, "app": name, "deployment": deployment or _asked_deployment(known)}
    if known and settings["deployment"] not in known:
        raise Failure(
            f'"{name}" has no deployment "{settings["deployment"]}".',
            f"It has: {', '.join(known)}.",
            exit_code=Exit.NOT_FOUND,
        )
    if private_key_path is not None:
        settings["private-key-path"] = Path(os.path.relpath(private_key_path)).as_posix()
    path.write_text(_HEAD + "".join(f"{key} = {_quoted(value)}\n" for key, value in settings.items()), encoding="utf-8")
    cli.out.result(
        {"path": str(path), "project": settings}, f'Wrote {path}. Commands in this directory now use the app "{name}".'
    )
    cli.out.say("To check the setup: codepush doctor")


def _asked_app(cli: Cli) -> str:
    """Return the app that the user selects."""
    names = [one.name for one in cli.client.get_apps()]
    if not names:
        raise Failure("You have no apps yet.", "To add one: codepush app add APP OS PLATFORM", exit_code=Exit.NOT_FOUND)
    return _picked("app", names, names[0] if len(names) == 1 else None)


def _asked_deployment(names: Sequence[str]) -> str:
    """Return the deployment that the user selects; Staging without a terminal or a choice."""
    if len(names) < 2 or not sys.stdin.isatty():  # noqa: PLR2004 - one is no choice
        return names[0] if len(names) == 1 else _DEPLOYMENT
    return _picked("deployment", names, _DEPLOYMENT if _DEPLOYMENT in names else None)


def _picked(what: str, names: Sequence[str], default: str | None) -> str:
    if not sys.stdin.isatty():
        if default is None:
            raise Failure(f"Which {what}?", f"Add --{what} with one of: {', '.join(names)}.", exit_code=Exit.USAGE)
        return default
    picked: str = click.prompt(f"Which {what}", type=click.Choice(list(names)), default=default, err=True)
    return picked


def _deployments(cli: Cli, app: str) -> list[str]:
    """Return the app's deployments; none if the user is not logged in."""
    if cli.login is None:
        cli.out.warn(f"You are not logged in to {cli.server_url}, so the names are not checked.")
        return []
    return [one.name for one in cli.client.get_deployments(app)]


def _quoted(text: str) -> str:
    """Return a string as TOML, whose escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False)
