"""The kinds of commands that the command line is made of, on top of click's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from codepush.cli.context import note_flag
from codepush.cli.legacy_syntax import AliasOption, Argument, put_right

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = [
    "Command",
    "Group",
    "LocalGroup",
    "RemoteCommand",
    "app_argument",
    "app_option",
    "argument",
    "common_options",
    "deployment_argument",
    "write_options",
]

F = TypeVar("F", bound="Callable[..., Any]")


class Command(click.Command):
    """A command that understands how older tools spell things.

    Args:
        args: as click has them.
        aliases: other names for it.
        settings: as click has them.

    """

    def __init__(self, *args: Any, aliases: Sequence[str] = (), **settings: Any) -> None:  # noqa: ANN401 - click's
        super().__init__(*args, **settings)
        self.aliases = tuple(aliases)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read what was written behind the command. What is being completed is left as it is."""
        return super().parse_args(ctx, args if ctx.resilient_parsing else put_right(self.get_params(ctx), args))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help page's lists of options: its own, and those that many commands have."""
        write_options(self.get_params(ctx), ctx, formatter, common=False)
        write_options(self.get_params(ctx), ctx, formatter, common=True)


class RemoteCommand(Command):
    """A command that talks to a server, and so takes the options that say to which, and as whom."""

    def __init__(self, *args: Any, **settings: Any) -> None:  # noqa: ANN401 - click's
        super().__init__(*args, **settings)
        own = {param.name for param in self.params}
        self.params += [option for option in common_options() if option.name not in own]


class Group(click.Group):
    """A group whose commands may have more than one name.

    Args:
        args: as click has them.
        aliases: other names for the group.
        settings: as click has them.

    """

    command_class: type[click.Command] = RemoteCommand

    def __init__(self, *args: Any, aliases: Sequence[str] = (), **settings: Any) -> None:  # noqa: ANN401 - click's
        super().__init__(*args, **settings)
        self.aliases = tuple(aliases)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of a name or an alias."""
        found = (one for one in self.commands.values() if cmd_name in getattr(one, "aliases", ()))
        return super().get_command(ctx, cmd_name) or next(found, None)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """Write the list of commands, each with its other names."""
        shown = [one for one in self.commands.values() if not one.hidden]
        with formatter.section("Commands"):
            formatter.write_dl([(_names(one), one.get_short_help_str(limit=80)) for one in shown])


class LocalGroup(Group):
    """A group whose commands work without a server."""

    command_class = Command


def common_options() -> list[click.Option]:
    """Return the options of every command that talks to a server."""
    return [
        _common("--server", metavar="URL", help="The server.  [CODEPUSH_SERVER_URL, project file, last log-in]"),
        _common(
            "--access-key",
            "--token",
            metavar="KEY",
            help="The access key; - reads it from stdin. Others can see it here: better set CODEPUSH_ACCESS_KEY.",
        ),
        _common("--ca-file", metavar="FILE", help="Certificate authorities to trust instead of the system's."),
        _common("--proxy", metavar="URL", help="The proxy to go through.  [HTTPS_PROXY, ALL_PROXY]"),
        _common(
            "--timeout", metavar="SECONDS", type=click.FloatRange(min=0, min_open=True), help="How long to wait.  [60]"
        ),
        _common("--format", type=click.Choice(["table", "json"]), help="How results are written.  [table]"),
        _common("format", "--json", flag_value="json", help="The same as --format json."),
        _common("-y", "--yes", "--quiet", is_flag=True, help="Say yes to questions in advance; for scripts."),
        _common("format", "--output", type=click.Choice(["json"]), hidden=True),  # App Center's
        _common("--disable-telemetry", is_flag=True, hidden=True),  # the same; there is none
        _common("--debug", is_flag=True, help="Show where in the program an error comes from."),
    ]


def argument(*declarations: str, **settings: Any) -> Callable[[F], F]:  # noqa: ANN401 - click's
    """Add an argument; ``help`` is shown on the help page."""
    return click.argument(*declarations, cls=Argument, **settings)


def app_argument(short: str = "-a") -> Callable[[F], F]:
    """Add the app: the first argument, or the option ``--app``, or what the project file says.

    Args:
        short: the short form of the option; empty where it means something else.

    """

    def add(command: F) -> F:
        spellings = [short, "--app"] if short else ["--app"]
        option = click.option(
            *spellings, cls=AliasOption, argument="app", metavar="APP", help="The app, instead of as an argument."
        )
        positional = argument("app", may_be_left_out=True, help="The app; that of the project file when left out.")
        return positional(option(command))

    return add


def app_option(command: F) -> F:
    """Add the option ``--app`` for an app that is an argument which has to be given: it is not looked up anywhere."""
    option = click.option(
        "-a", "--app", cls=AliasOption, argument="app", metavar="APP", help="The same, as App Center has it."
    )
    return option(command)


def deployment_argument(command: F) -> F:
    """Add the deployment as an argument that the project file may have."""
    help_line = "The deployment; that of the project file when left out."
    return argument("deployment", may_be_left_out=True, help=help_line)(command)


def _common(*declarations: str, **settings: Any) -> click.Option:  # noqa: ANN401 - click's
    return _CommonOption(declarations, expose_value=False, callback=note_flag, **settings)


class _CommonOption(click.Option):
    """An option of many commands."""


def write_options(
    params: Iterable[click.Parameter], ctx: click.Context, formatter: click.HelpFormatter, *, common: bool
) -> None:
    """Write one of the lists of options on a help page: of those that many commands have, or of the others."""
    options = [one for one in params if isinstance(one, click.Option) and isinstance(one, _CommonOption) == common]
    records = [record for one in options if (record := one.get_help_record(ctx)) is not None]
    if records:
        with formatter.section("Common options" if common else "Options"):
            formatter.write_dl(records)


def _names(command: click.Command) -> str:
    return ", ".join([command.name or "", *getattr(command, "aliases", ())])
