"""The context of a command: its server, login, app and output."""

from __future__ import annotations

import os
import sys
import warnings
from functools import cached_property, update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, TypeVar

import click

from codepush.cli.errors import Cancelled, Exit, Failure
from codepush.cli.legacy_syntax import refuse_empty
from codepush.cli.output import Output
from codepush.cli.project import find_project

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from codepush.cli.credentials import Credentials, Login
    from codepush.cli.project import Project
    from codepush.cli.simulated_devices import AppKind
    from codepush.client import CodePush

__all__ = ["Cli", "current", "note_flag", "pass_cli"]

P = ParamSpec("P")
T = TypeVar("T")

_CLI: Final = "codepush.cli"
_FLAGS: Final = "codepush.flags"
_STDIN: Final = "-"
_DEFAULT_SERVER: Final = "http://127.0.0.1:3000"
_DEFAULT_DEPLOYMENT: Final = "Staging"


class Cli:
    """The context of one run of the command line; each value is determined on first use.

    Args:
        flags: Values of the common options, by name.
        environment: Environment variables.
        folder: Working directory.

    """

    def __init__(self, flags: Mapping[str, Any], environment: Mapping[str, str], folder: Path) -> None:
        self.flags = flags
        self.environment = environment
        self._folder = folder
        self._client: CodePush | None = None
        self._warned: set[str] = set()
        self.out = Output(flags.get("format") or "table")
        self.app_kind: AppKind | None = None  # overrides the app's record

    @cached_property
    def project(self) -> Project:
        """The project file."""
        return find_project(self._folder)

    @cached_property
    def credentials(self) -> Credentials:
        """The logins of the user who runs the command."""
        from codepush.cli.credentials import Credentials

        return Credentials(self.environment)

    @cached_property
    def server_url(self) -> str:
        """The server URL: from the option, the environment, the project file, or the last login."""
        from codepush.cli.credentials import clean_address

        named = self.flags.get("server") or self.environment.get("CODEPUSH_SERVER_URL") or self.project.server
        return clean_address(named or self.credentials.default_server() or _DEFAULT_SERVER)

    def choose_server(self, url: str | None) -> None:
        """Use the server that was given as an argument, if any.

        Raises:
            Failure: The argument is not a URL. It is not repeated, because it may be an access key.

        """
        from codepush.cli.credentials import clean_address

        if url is None:
            return
        address = clean_address(url)
        if not address.startswith(("http://", "https://")):
            raise Failure(
                "The server URL must be a full address such as https://codepush.example.com or http://127.0.0.1:3000.",
                "To pass an access key: --access-key - < FILE",
                exit_code=Exit.USAGE,
            )
        self.server_url = address

    @cached_property
    def login(self) -> Login | None:
        """The access key and its source: the option, the environment, or a login."""
        from codepush.cli.credentials import Login

        if key := self.flags.get("access_key"):
            return Login(self.read_key(key), "--access-key")
        if key := self.environment.get("CODEPUSH_ACCESS_KEY"):
            return Login(key, "CODEPUSH_ACCESS_KEY")
        return self.credentials.find(self.server_url)

    def read_key(self, given: str) -> str:
        """Return the access key of an option: its value, or for a hyphen the first line of stdin.

        Raises:
            Failure: Stdin has none.

        """
        if given != _STDIN:
            self.out.warn("Other users of this machine can see an access key in the arguments; - reads it from stdin.")
            return given
        key = sys.stdin.readline().strip()
        if not key:
            raise Failure(
                "There is no access key on stdin.", "For example: --access-key - < FILE", exit_code=Exit.USAGE
            )
        return key

    @property
    def client(self) -> CodePush:
        """The SDK's client with the access key.

        Raises:
            Failure: There is no access key.
            ConfigurationError: A setting is invalid.

        """
        if self._client is None:
            if self.login is None:
                raise Failure(
                    f"You are not logged in to {self.server_url}.",
                    "Run 'codepush login', or set CODEPUSH_ACCESS_KEY. Use --server to choose another server.",
                    exit_code=Exit.NOT_LOGGED_IN,
                )
            self._client = self.connect(self.login.access_key)
        return self._client

    def connect(self, access_key: str) -> CodePush:
        """Return a client with an access key, which is closed when the command ends."""
        from importlib.metadata import version

        from codepush.client import CodePush
        from codepush.errors import InsecureServerWarning

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", InsecureServerWarning)
            client = CodePush(
                access_key,
                self.server_url,
                timeout=self.flags.get("timeout") or 60.0,
                proxy=self.flags.get("proxy"),
                headers={"X-CodePush-CLI-Version": version("codepush")},
                verify=self.flags.get("ca_file") or self.project.ca_file or True,
            )
        for warning in {str(one.message) for one in caught} - self._warned:
            self._warned.add(warning)
            self.out.warn(warning)
        return click.get_current_context().with_resource(client)

    def app(self, given: str | None) -> str:
        """Return the name of the app: the given one, or the project file's.

        Raises:
            Failure: There is no name.

        """
        name = self.project.app if given is None else given
        if not name:
            raise _missing("app", "Pass it before the other arguments, with --app")
        return name

    def deployment(self, given: str | None, *, default: str | None = None) -> str:
        """Return the name of the deployment: the given one, or the project file's.

        Raises:
            Failure: There is no name.

        """
        name = (self.project.deployment or default) if given is None else given
        if not name:
            raise _missing("deployment", "Pass it after the app")
        return name

    def release_deployment(self, given: str | None) -> str:
        """Return the deployment to release to: the given one, the project file's, or Staging."""
        return self.deployment(given, default=_DEFAULT_DEPLOYMENT)

    def confirm(self, question: str, *, impact: Callable[[], Sequence[str]] | None = None, when_cancelled: str) -> None:
        """Ask for confirmation of a destructive command, unless ``--yes`` is set.

        Args:
            question: The prompt.
            impact: Function that returns the consequences, a line each.
            when_cancelled: Message after a no.

        Raises:
            Cancelled: The user declined.
            Failure: Stdin is not a terminal.

        """
        if self.flags.get("yes"):
            return
        if not sys.stdin.isatty():
            raise Failure(
                f"{question} Cannot ask for confirmation without a terminal.",
                "Add --yes to proceed.",
                exit_code=Exit.USAGE,
            )
        for line in impact() if impact else ():
            self.out.say(line)
        if not click.confirm(question, err=True):
            raise Cancelled(when_cancelled)


def _missing(what: str, advice: str) -> Failure:
    return Failure(f"Which {what}?", f'{advice}, or put {what} = "..." into .codepush.toml.', exit_code=Exit.USAGE)


def current() -> Cli:
    """Return the context of the running command, created from the options that were parsed so far."""
    meta = click.get_current_context().meta
    if _CLI not in meta:
        meta[_CLI] = Cli(meta.get(_FLAGS, {}), os.environ, Path.cwd())
    cli: Cli = meta[_CLI]
    return cli


def note_flag(ctx: click.Context, param: click.Parameter, value: object) -> None:
    """Store the value of a common option, wherever on the command line it is.

    Raises:
        BadParameter: The value is empty.

    """
    refuse_empty(param, value)
    if value not in {None, False} and param.name:
        ctx.meta.setdefault(_FLAGS, {})[param.name] = value


def pass_cli(command: Callable[Concatenate[Cli, P], T]) -> Callable[P, T]:
    """Pass the context to a command, as its first argument."""

    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return command(current(), *args, **kwargs)

    return update_wrapper(run, command)
