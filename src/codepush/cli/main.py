"""The ``codepush`` command. Groups are imported only when they are used, so that ``--help`` is quick."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

import click

from codepush.errors import CodePushError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["main"]

_GROUPS: Final[Mapping[str, tuple[str, str]]] = {
    "server": ("codepush.cli.server:server", "Run and look after a server of your own."),
}
"""Where each group lives, and its line in ``--help``."""


class _LazyGroup(click.Group):
    """A group that knows its sub-groups by name only, until one is called."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; this is the one place where our errors become a sentence and an exit code."""
        try:
            return super().invoke(ctx)
        except CodePushError as error:
            raise click.ClickException(error.message) from error

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(_GROUPS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in _GROUPS:
            return None
        module, _, name = _GROUPS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _GROUPS[name][1]) for name in self.list_commands(ctx)])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="codepush", message="%(version)s")
def main() -> None:
    """Over-the-air updates for React Native and Cordova apps."""
