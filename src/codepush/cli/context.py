"""What a command works with: where it talks to, as whom, about which app, and how it says what it found."""

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
    """What one run of the command line works with; everything is looked up when it is first needed.

    Args:
        flags: what common options were given, by name.
        environment: the environment's variables.
        folder: the working directory.

    """

    def __init__(self, flags: Mapping[str, Any], environment: Mapping[str, str], folder: Path) -> None:
        self.flags = flags
        self.environment = environment
        self._folder = folder
        self._client: CodePush | None = None
        self._warned: set[str] = set()
        self.out = Output(flags.get("format") or "table")
        self.app_kind: AppKind | None = None  # where a command knows better than the app's record

    @cached_property
    def project(self) -> Project:
        """What the project file says."""
        return find_project(self._folder)

    @cached_property
    def credentials(self) -> Credentials:
        """The logins of the user who runs the command."""
        from codepush.cli.credentials import Credentials

        return Credentials(self.environment)

    @cached_property
    def server_url(self) -> str:
        """The server to talk to: that of the option, the environment, the project, or the last log-in."""
        from codepush.cli.credentials import clean_address

        named = self.flags.get("server") or self.environment.get("CODEPUSH_SERVER_URL") or self.project.server
        return clean_address(named or self.credentials.default_server() or _DEFAULT_SERVER)

    def choose_server(self, url: str | None) -> None:
        """Talk to a server that was given as an argument, if one was.

        Raises:
            Failure: the argument is no address. It is not repeated, as it may be an access key.

        """
        from codepush.cli.credentials import clean_address

        if url is None:
            return
        address = clean_address(url)
        if not address.startswith(("http://", "https://")):
            raise Failure(
                "The server URL must be a full address such as https://codepush.example.com or http://127.0.0.1:3000.",
                "An access key is given as --access-key - < FILE.",
                exit_code=Exit.USAGE,
            )
        self.server_url = address

    @cached_property
    def login(self) -> Login | None:
        """The access key to use, and where it comes from: the option, the environment, or a log-in."""
        from codepush.cli.credentials import Login

        if key := self.flags.get("access_key"):
            return Login(self.read_key(key), "--access-key")
        if key := self.environment.get("CODEPUSH_ACCESS_KEY"):
            return Login(key, "CODEPUSH_ACCESS_KEY")
        return self.credentials.find(self.server_url)

    def read_key(self, given: str) -> str:
        """Return an access key that was given as an option: itself, or the first line of stdin for a hyphen.

        Raises:
            Failure: there is none on stdin.

        """
        if given != _STDIN:
            self.out.warn("Others on this machine can see an access key among the arguments; - reads it from stdin.")
            return given
        key = sys.stdin.readline().strip()
        if not key:
            raise Failure("There is no access key on stdin.", "Pass it so: --access-key - < FILE", exit_code=Exit.USAGE)
        return key

    @property
    def client(self) -> CodePush:
        """The SDK's client, logged in.

        Raises:
            Failure: there is no access key.
            ConfigurationError: a setting cannot work.

        """
        if self._client is None:
            if self.login is None:
                raise Failure(
                    f"You are not logged in to {self.server_url}.",
                    "Run 'codepush login', or set CODEPUSH_ACCESS_KEY. Another server is named with --server.",
                    exit_code=Exit.NOT_LOGGED_IN,
                )
            self._client = self.connect(self.login.access_key)
        return self._client

    def connect(self, access_key: str) -> CodePush:
        """Return a client with some access key; it is closed when the command ends."""
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
        """Return the app that is meant: the one that was given, or the project's.

        Raises:
            Failure: there is none.

        """
        name = self.project.app if given is None else given
        if not name:
            raise _missing("app", "Name it before the other arguments, as --app")
        return name

    def deployment(self, given: str | None, *, default: str | None = None) -> str:
        """Return the deployment that is meant: the one that was given, the project's, or the default.

        Raises:
            Failure: there is none.

        """
        name = (self.project.deployment or default) if given is None else given
        if not name:
            raise _missing("deployment", "Name it behind the app")
        return name

    def release_deployment(self, given: str | None) -> str:
        """Return the deployment that a release goes to: the one that was given, the project's, or Staging."""
        return self.deployment(given, default=_DEFAULT_DEPLOYMENT)

    def confirm(self, question: str, *, impact: Callable[[], Sequence[str]] | None = None, when_cancelled: str) -> None:
        """Ask whether something that cannot be undone is really meant; ``--yes`` is the answer in advance.

        Args:
            question: what is asked.
            impact: finds out what will be lost, a line each.
            when_cancelled: what is said after a no.

        Raises:
            Cancelled: it is not meant.
            Failure: nobody can be asked.

        """
        if self.flags.get("yes"):
            return
        if not sys.stdin.isatty():
            raise Failure(
                f"{question} Nobody can be asked here.",
                "Give --yes when it is meant.",
                exit_code=Exit.USAGE,
            )
        for line in impact() if impact else ():
            self.out.say(line)
        if not click.confirm(question, err=True):
            raise Cancelled(when_cancelled)


def _missing(what: str, advice: str) -> Failure:
    return Failure(f"Which {what}?", f'{advice}, or put {what} = "..." into .codepush.toml.', exit_code=Exit.USAGE)


def current() -> Cli:
    """Return what the running command works with, made from the options that were read so far."""
    meta = click.get_current_context().meta
    if _CLI not in meta:
        meta[_CLI] = Cli(meta.get(_FLAGS, {}), os.environ, Path.cwd())
    cli: Cli = meta[_CLI]
    return cli


def note_flag(ctx: click.Context, param: click.Parameter, value: object) -> None:
    """Remember a common option, wherever on the command line it was.

    Raises:
        BadParameter: the option is given and empty.

    """
    refuse_empty(param, value)
    if value not in {None, False} and param.name:
        ctx.meta.setdefault(_FLAGS, {})[param.name] = value


def pass_cli(command: Callable[Concatenate[Cli, P], T]) -> Callable[P, T]:
    """Give a command what it works with, as its first argument."""

    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return command(current(), *args, **kwargs)

    return update_wrapper(run, command)
