"""Turn errors into a message with the next step, and into an exit code."""

from __future__ import annotations

import os
from enum import IntEnum
from typing import TYPE_CHECKING, Final

import click

from codepush.errors import (
    CodePushError,
    ConfigurationError,
    Conflict,
    DecodeError,
    Forbidden,
    Invalid,
    NotFound,
    PackageError,
    ProjectError,
    RateLimited,
    ServerError,
    TransportError,
    Unauthorized,
)
from codepush.masking import masked

if TYPE_CHECKING:
    from typing import IO, Any

__all__ = ["EXITS", "Cancelled", "Exit", "Failure", "failure_of", "refused_key", "without_keys"]


class Exit(IntEnum):
    """Exit code of a command. 4, 5 and 6 are as in App Center's command line."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    SERVER = 3
    INVALID = 4
    NOT_LOGGED_IN = 5
    NOT_FOUND = 6
    CONFLICT = 7
    FORBIDDEN = 8
    NO_ANSWER = 9
    PACKAGE = 10
    REJECTED_BY_DEVICE = 11
    PROJECT = 12
    UNDECIDED = 13
    HALTED = 14
    CANCELLED = 130


EXITS: Final = {
    Exit.DONE: "Success, or nothing to change.",
    Exit.FAILED: "Other failure.",
    Exit.USAGE: "The command, an option, a value or the project file is wrong. Nothing was sent.",
    Exit.SERVER: "The server failed, or its response is invalid.",
    Exit.INVALID: "The server rejected a value or the package.",
    Exit.NOT_LOGGED_IN: "There is no access key, or the server rejected it.",
    Exit.NOT_FOUND: "The app, deployment, release, ... does not exist.",
    Exit.CONFLICT: "Conflict with the current state: a name is taken, a package identical, a rollout unfinished.",
    Exit.FORBIDDEN: "The account has no permission for this.",
    Exit.NO_ANSWER: "No response, or the server is busy: try again later.",
    Exit.PACKAGE: "The files to release are wrong. Nothing was sent.",
    Exit.REJECTED_BY_DEVICE: "A simulated device could not install the release.",
    Exit.PROJECT: "The app's project is incomplete, or one of its tools failed. Nothing was sent.",
    Exit.UNDECIDED: "A person has to decide, for example about a rollout that waits.",
    Exit.HALTED: "The rollout was halted.",
    Exit.CANCELLED: "Cancelled at a prompt or with Ctrl-C.",
}
"""Meaning of each exit code."""

_BY_ERROR: Final = (
    (Unauthorized, Exit.NOT_LOGGED_IN),
    (Forbidden, Exit.FORBIDDEN),
    (NotFound, Exit.NOT_FOUND),
    (Conflict, Exit.CONFLICT),
    (Invalid, Exit.INVALID),
    (RateLimited, Exit.NO_ANSWER),
    (TransportError, Exit.NO_ANSWER),
    ((ServerError, DecodeError), Exit.SERVER),
    (PackageError, Exit.PACKAGE),
    (ProjectError, Exit.PROJECT),
    (ConfigurationError, Exit.USAGE),
)


_ABOUT_PLANS: Final = frozenset({"wrong_state", "rollout_over", "version_moved"})
"""Codes of conflicts with the state of a rollout that has a plan."""

_SHOW_ROLLOUT: Final = "To show the rollout: codepush rollout show APP DEPLOYMENT"
_FINISH_ROLLOUT: Final = "To finish a rollout: codepush patch APP DEPLOYMENT --rollout 100"

_LISTED_BY: Final = {
    "App ": "To list your apps: codepush app list",
    "Deployment ": "To list the deployments: codepush deployment list APP",
    "release": "To list the releases: codepush deployment history APP DEPLOYMENT",
    "e-mail": "This person needs an account on this server first.",
    "access key": "To list your access keys: codepush access-key list",
}
"""The command that lists what was not found, by a word in the server's message."""


class Failure(click.ClickException):
    """A command that failed.

    Args:
        message: The problem, as a sentence.
        next_step: How to solve it; empty if the message contains it.
        exit_code: The exit code of the command.

    """

    def __init__(self, message: str, next_step: str = "", *, exit_code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.next_step = next_step
        self.exit_code = int(exit_code)  # type: ignore[misc]  # click reads it from the instance

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the message to stderr, in red if colours are on."""
        # The context, which has the colour setting, is closed already.
        color = False if os.environ.get("NO_COLOR") else None
        click.secho(f"Error: {self.message}", file=file, err=True, fg="red", color=color)
        if self.next_step:
            click.echo(self.next_step, file=file, err=True)


class Cancelled(Failure):
    """A command that the user cancelled."""

    def __init__(self, message: str) -> None:
        super().__init__(message, exit_code=Exit.CANCELLED)

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the message to stderr, without "Error:"."""
        click.echo(self.message, file=file, err=True)


def without_keys(error: click.ClickException, *keys: str) -> click.ClickException:
    """Return an error without access keys, wherever on the command line they were.

    Args:
        error: The error of the command.
        keys: Access keys to mask besides those with our prefix.

    """
    error.message = masked(error.message, *keys)  # type: ignore[misc]  # click shows what the instance has
    if isinstance(error, Failure):
        error.next_step = masked(error.next_step, *keys)
    return error


def failure_of(error: CodePushError) -> Failure:
    """Return the failure of a command for an error."""
    exit_code = next((code for kind, code in _BY_ERROR if isinstance(error, kind)), Exit.FAILED)
    return Failure(error.message, _next_step(error), exit_code=exit_code)


def refused_key(server_url: str, place: str) -> Failure:
    """Return the failure for an access key that the server rejected."""
    return Failure(
        f"{server_url} rejected the access key from {place}: it is unknown or has expired.",
        f"Log in again with: codepush login {server_url}",
        exit_code=Exit.NOT_LOGGED_IN,
    )


def _next_step(error: CodePushError) -> str:
    match error:
        case NotFound():
            return next((command for what, command in _LISTED_BY.items() if what in error.message), "")
        case Conflict() if error.code in _ABOUT_PLANS or "rollout" in error.message:
            return _SHOW_ROLLOUT if error.code in _ABOUT_PLANS else _FINISH_ROLLOUT
        case Forbidden():
            return "To list permissions: codepush collaborator list APP. To show your account: codepush whoami."
        case RateLimited(retry_after=float() | int() as seconds):
            return f"Try again in {seconds:.0f} seconds."
        case ServerError(request_id=str() as request):
            return f"Give the server administrator this request ID: {request}."
        case _:
            return ""
