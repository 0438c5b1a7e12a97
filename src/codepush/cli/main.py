"""The ``codepush`` command. Commands are imported only when they are used, so that ``--help`` is quick."""

from __future__ import annotations

import os
from importlib import import_module
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click
from click.exceptions import NoSuchCommand

from codepush.cli.context import Cli, current
from codepush.cli.errors import Cancelled, Failure, failure_of, refused_key, without_keys
from codepush.cli.options import common_options, write_options
from codepush.errors import GATEWAY, CodePushError, Unauthorized

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ENTRIES", "Entry", "main"]


class Entry(NamedTuple):
    """Where a command lives, its section and line in ``--help``, and its other names."""

    place: str
    section: str
    line: str
    aliases: tuple[str, ...] = ()


ENTRIES: Final[Mapping[str, Entry]] = {
    "login": Entry("codepush.cli.account:login", "Log-in", "Log in to a server."),
    "logout": Entry("codepush.cli.account:logout", "Log-in", "Log out of a server."),
    "register": Entry("codepush.cli.account:register", "Log-in", "Make an account on a server."),
    "link": Entry("codepush.cli.account:link", "Log-in", "Link another identity provider to your account."),
    "whoami": Entry("codepush.cli.account:whoami", "Log-in", "Tell who is logged in."),
    "access-key": Entry("codepush.cli.access_key:access_key", "Log-in", "Manage access keys.", ("tokens",)),
    "session": Entry("codepush.cli.session:session", "Log-in", "Manage login sessions."),
    "init": Entry("codepush.cli.init:init", "Project", "Write the project file of a repository."),
    "doctor": Entry("codepush.cli.doctor:doctor", "Project", "Diagnose the server, login and app setup."),
    "app": Entry("codepush.cli.app:app", "Apps", "Manage apps.", ("apps",)),
    "collaborator": Entry("codepush.cli.collaborator:collaborator", "Apps", "Manage the collaborators of an app."),
    "deployment": Entry("codepush.cli.deployment:deployment", "Apps", "Manage the deployments of an app."),
    "release": Entry("codepush.cli.release:release", "Releases", "Release a directory or a file."),
    "release-react": Entry(
        "codepush.cli.release_react:release_react", "Releases", "Bundle a React Native app and release it."
    ),
    "release-cordova": Entry(
        "codepush.cli.release_cordova:release_cordova", "Releases", "Prepare a Cordova app and release its content."
    ),
    "release-electron": Entry(
        "codepush.cli.release_electron:release_electron", "Releases", "Bundle an Electron app and release it."
    ),
    "patch": Entry("codepush.cli.release:patch", "Releases", "Change what is said about a release."),
    "promote": Entry("codepush.cli.release:promote", "Releases", "Release in one deployment what another one has."),
    "rollback": Entry("codepush.cli.release:rollback", "Releases", "Go back to an older release."),
    "simulate": Entry("codepush.cli.simulate:simulate", "Phones", "Tell what a phone would be told, and why; try it."),
    "debug": Entry("codepush.cli.debug:debug", "Phones", "Show what the app on a device says about its updates."),
    "server": Entry("codepush.cli.server:server", "Server", "Run and maintain a self-hosted server."),
    "completion": Entry("codepush.cli.completion:completion", "This machine", "Make a shell complete commands."),
}


class _Main(click.Group):
    """A group that knows its commands by name only, until one is called."""

    def make_context(self, *args: Any, **settings: Any) -> click.Context:  # noqa: ANN401 - click's signature
        """Return the context of everything; there are no colours in it with NO_COLOR."""
        return super().make_context(*args, color=False if os.environ.get("NO_COLOR") else None, **settings)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read what stands before the command."""
        try:
            return super().parse_args(ctx, args)
        except click.ClickException as error:
            raise without_keys(error, *_keys(ctx)) from None

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; this is the one place where errors become a sentence and an exit code."""
        try:
            return self._invoke(ctx)
        except click.ClickException as error:
            raise without_keys(error, *_keys(ctx)) from error.__cause__

    def _invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
            raise  # click knows what to do with them
        except (click.Abort, KeyboardInterrupt, EOFError):
            raise Cancelled("Cancelled.") from None
        except Exception as error:
            with ctx:
                cli = current()
            if cli.flags.get("debug"):
                raise
            raise _failure(error, cli, ctx.invoked_subcommand) from error

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(ENTRIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        entry = ENTRIES.get(cmd_name) or next((one for one in ENTRIES.values() if cmd_name in one.aliases), None)
        if entry is None:
            return None
        module, _, name = entry.place.partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except NoSuchCommand as error:
            raise NoSuchCommand(error.command_name, possibilities=ENTRIES, ctx=ctx) from None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        params = self.get_params(ctx)
        write_options(params, ctx, formatter, common=False)
        self.format_commands(ctx, formatter)
        write_options(params, ctx, formatter, common=True)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        for section, entries in groupby(ENTRIES.items(), key=lambda item: item[1].section):
            with formatter.section(section):
                formatter.write_dl([(", ".join([name, *entry.aliases]), entry.line) for name, entry in entries])


def _keys(ctx: click.Context) -> list[str]:
    """Return the access keys that this run was given."""
    with ctx:
        cli = current()
    return [key for key in (cli.flags.get("access_key"), cli.environment.get("CODEPUSH_ACCESS_KEY")) if key]


def _failure(error: Exception, cli: Cli, command: str | None) -> Failure:
    match error:
        case CodePushError() if command == "server":  # scripts know its commands to end with 1, whatever was wrong
            return Failure(error.message)
        case Unauthorized() if cli.login is not None and error.code != GATEWAY:
            return refused_key(cli.server_url, cli.login.place)
        case CodePushError():
            return failure_of(error)
        case OSError(filename=str() as name):
            return Failure(f"{name}: {error.strerror}.")
        case _:
            return Failure(
                f"Something went wrong that nobody thought of: {type(error).__name__}: {error}",
                "Please report it, with what --debug shows.",
            )


@click.group(
    cls=_Main,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="'codepush COMMAND -h' tells more about a command; docs/cli.md tells it all.",
)
@click.version_option(None, "-v", "--version", package_name="codepush", message="%(version)s")
def main() -> None:
    """Over-the-air updates for React Native and Cordova apps."""


main.params += common_options()
