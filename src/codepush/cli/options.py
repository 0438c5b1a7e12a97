"""The command and group classes of the command line, based on click's."""

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
    """A command that accepts the syntax of older tools.

    Args:
        args: Arguments of click.
        aliases: Other names of the command.
        settings: Settings of click.

    """

    def __init__(self, *args: Any, aliases: Sequence[str] = (), **settings: Any) -> None:  # noqa: ANN401 - click's
        super().__init__(*args, **settings)
        self.aliases = tuple(aliases)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words after the command; during shell completion they stay unchanged."""
        return super().parse_args(ctx, args if ctx.resilient_parsing else put_right(self.get_params(ctx), args))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options on the help page: its own, then the common ones."""
        write_options(self.get_params(ctx), ctx, formatter, common=False)
        write_options(self.get_params(ctx), ctx, formatter, common=True)


class RemoteCommand(Command):
    """A command that sends requests to a server, with the options for the server and the login."""

    def __init__(self, *args: Any, **settings: Any) -> None:  # noqa: ANN401 - click's
        super().__init__(*args, **settings)
        own = {param.name for param in self.params}
        self.params += [option for option in common_options() if option.name not in own]


class Group(click.Group):
    """A group whose commands may have aliases.

    Args:
        args: Arguments of click.
        aliases: Other names of the group.
        settings: Settings of click.

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
        """Write the list of commands, each with its aliases."""
        shown = [one for one in self.commands.values() if not one.hidden]
        with formatter.section("Commands"):
            formatter.write_dl([(_names(one), one.get_short_help_str(limit=80)) for one in shown])


class LocalGroup(Group):
    """A group whose commands work without a server."""

    command_class = Command


def common_options() -> list[click.Option]:
    """Return the options of every command that sends requests to a server."""
    return [
        _common("--server", metavar="URL", help="Server URL.  [CODEPUSH_SERVER_URL, project file, last login]"),
        _common(
            "--access-key",
            "--token",
            metavar="KEY",
            help="Access key, or - to read it from stdin. CODEPUSH_ACCESS_KEY is safer: other users can see arguments.",
        ),
        _common("--ca-file", metavar="FILE", help="CA bundle to use instead of the system's."),
        _common("--proxy", metavar="URL", help="Proxy URL.  [HTTPS_PROXY, ALL_PROXY]"),
        _common(
            "--timeout",
            metavar="SECONDS",
            type=click.FloatRange(min=0, min_open=True),
            help="Timeout of each network operation.  [60]",
        ),
        _common("--format", type=click.Choice(["table", "json"]), help="Output format.  [table]"),
        _common("format", "--json", flag_value="json", help="The same as --format json."),
        _common("-y", "--yes", "--quiet", is_flag=True, help="Answer yes to all prompts."),
        _common("format", "--output", type=click.Choice(["json"]), hidden=True),  # App Center's
        _common("--disable-telemetry", is_flag=True, hidden=True),  # App Center's; there is no telemetry
        _common("--debug", is_flag=True, help="Show a traceback for errors."),
    ]


def argument(*declarations: str, **settings: Any) -> Callable[[F], F]:  # noqa: ANN401 - click's
    """Add an argument, with ``help`` for the help page."""
    return click.argument(*declarations, cls=Argument, **settings)


def app_argument(short: str = "-a") -> Callable[[F], F]:
    """Add the app: the first argument, the option ``--app``, or the value of the project file.

    Args:
        short: Short form of the option; empty if it has another meaning.

    """

    def add(command: F) -> F:
        spellings = [short, "--app"] if short else ["--app"]
        option = click.option(
            *spellings, cls=AliasOption, argument="app", metavar="APP", help="App name, instead of the argument."
        )
        positional = argument("app", may_be_left_out=True, help="App name.  [project file]")
        return positional(option(command))

    return add


def app_option(command: F) -> F:
    """Add the option ``--app`` for a required app, which the project file does not provide."""
    option = click.option(
        "-a", "--app", cls=AliasOption, argument="app", metavar="APP", help="Alias of APP, as in App Center."
    )
    return option(command)


def deployment_argument(command: F) -> F:
    """Add the deployment as an argument; the project file may provide it."""
    help_line = "Deployment name.  [project file]"
    return argument("deployment", may_be_left_out=True, help=help_line)(command)


def _common(*declarations: str, **settings: Any) -> click.Option:  # noqa: ANN401 - click's
    return _CommonOption(declarations, expose_value=False, callback=note_flag, **settings)


class _CommonOption(click.Option):
    """A common option."""


def write_options(
    params: Iterable[click.Parameter], ctx: click.Context, formatter: click.HelpFormatter, *, common: bool
) -> None:
    """Write the common options, or all others, on a help page."""
    options = [one for one in params if isinstance(one, click.Option) and isinstance(one, _CommonOption) == common]
    records = [record for one in options if (record := one.get_help_record(ctx)) is not None]
    if records:
        with formatter.section("Common options" if common else "Options"):
            formatter.write_dl(records)


def _names(command: click.Command) -> str:
    return ", ".join([command.name or "", *getattr(command, "aliases", ())])
