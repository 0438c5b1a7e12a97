"""The ``codepush`` command. Each command is imported on first use, so that ``--help`` is fast."""

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
    """Import path of a command, its section and line in ``--help``, and its aliases."""

    place: str
    section: str
    line: str
    aliases: tuple[str, ...] = ()


ENTRIES: Final[Mapping[str, Entry]] = {
    "login": Entry("codepush.cli.account:login", "Login", "Log in to a server."),
    "logout": Entry("codepush.cli.account:logout", "Login", "Log out of a server."),
    "register": Entry("codepush.cli.account:register", "Login", "Create an account on a server."),
    "link": Entry("codepush.cli.account:link", "Login", "Link another identity provider to your account."),
    "whoami": Entry("codepush.cli.account:whoami", "Login", "Show the logged-in account."),
    "access-key": Entry("codepush.cli.access_key:access_key", "Login", "Manage access keys.", ("tokens",)),
    "session": Entry("codepush.cli.session:session", "Login", "Manage login sessions."),
    "init": Entry("codepush.cli.init:init", "Project", "Create a project file."),
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
    "patch": Entry("codepush.cli.release:patch", "Releases", "Update the settings of a release."),
    "promote": Entry("codepush.cli.release:promote", "Releases", "Promote a release to another deployment."),
    "rollback": Entry("codepush.cli.release:rollback", "Releases", "Roll back to an earlier release."),
    "rollout": Entry("codepush.cli.rollout:rollout", "Releases", "Manage rollout plans."),
    "simulate": Entry("codepush.cli.simulate:simulate", "Devices", "Test an update on a simulated device."),
    "debug": Entry("codepush.cli.debug:debug", "Devices", "Stream CodePush logs from a device or simulator."),
    "server": Entry("codepush.cli.server:server", "Server", "Run and maintain a self-hosted server."),
    "completion": Entry("codepush.cli.completion:completion", "Shell", "Print a shell completion script."),
}


class _Main(click.Group):
    """A group that imports a command when it is called."""

    def make_context(self, *args: Any, **settings: Any) -> click.Context:  # noqa: ANN401 - click's signature
        """Return the root context, without colours if NO_COLOR is set."""
        return super().make_context(*args, color=False if os.environ.get("NO_COLOR") else None, **settings)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options before the command."""
        try:
            return super().parse_args(ctx, args)
        except click.ClickException as error:
            raise without_keys(error, *_keys(ctx)) from None

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; the only place that turns errors into a message and an exit code."""
        try:
            return self._invoke(ctx)
        except click.ClickException as error:
            raise without_keys(error, *_keys(ctx)) from error.__cause__

    def _invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
            raise  # click handles these
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
    """Return the access keys of the options and the environment."""
    with ctx:
        cli = current()
    return [key for key in (cli.flags.get("access_key"), cli.environment.get("CODEPUSH_ACCESS_KEY")) if key]


def _failure(error: Exception, cli: Cli, command: str | None) -> Failure:
    match error:
        case CodePushError() if command == "server":  # documented: server commands always fail with 1
            return Failure(error.message)
        case Unauthorized() if cli.login is not None and error.code != GATEWAY:
            return refused_key(cli.server_url, cli.login.place)
        case CodePushError():
            return failure_of(error)
        case OSError(filename=str() as name):
            return Failure(f"{name}: {error.strerror}.")
        case _:
            return Failure(
                f"Unexpected error: {type(error).__name__}: {error}",
                "This is a bug; report it with the output of --debug.",
            )


@click.group(
    cls=_Main,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Run 'codepush COMMAND --help' for details.",
)
@click.version_option(None, "-v", "--version", package_name="codepush", message="%(version)s")
def main() -> None:
    """Over-the-air updates for React Native and Cordova apps."""


main.params += common_options()
