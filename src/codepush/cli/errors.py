"""The one place that turns an error into a sentence with the next step, and into an exit code."""

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
    """How a command ends. 4, 5 and 6 are as in App Center's command line."""

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
    CANCELLED = 130


EXITS: Final = {
    Exit.DONE: "Success, or nothing to change.",
    Exit.FAILED: "It failed for a reason that has no number of its own.",
    Exit.USAGE: "The command, an option, a value or the project file is wrong. Nothing was sent.",
    Exit.SERVER: "The server failed, or gave an answer that cannot be read.",
    Exit.INVALID: "The server refused a value or the package.",
    Exit.NOT_LOGGED_IN: "There is no access key, or the server does not take it.",
    Exit.NOT_FOUND: "There is no such app, deployment, release, ...",
    Exit.CONFLICT: "What is there forbids it: a name is taken, a package identical, a rollout unfinished.",
    Exit.FORBIDDEN: "The account may not do this.",
    Exit.NO_ANSWER: "No answer came, or the server is too busy: try again later.",
    Exit.PACKAGE: "The files to release are wrong. Nothing was sent.",
    Exit.REJECTED_BY_DEVICE: "A simulated phone could not take the release.",
    Exit.PROJECT: "The app's project lacks what is needed of it, or one of its tools failed. Nothing was sent.",
    Exit.CANCELLED: "Somebody said no to a question, or pressed Ctrl-C.",
}
"""What each exit code means."""

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


_TOLD_BY: Final = {
    "App ": "Your apps are told by: codepush app list",
    "Deployment ": "The app's deployments are told by: codepush deployment list APP",
    "release": "The releases that there are, are told by: codepush deployment history APP DEPLOYMENT",
    "e-mail": "That person needs an account on this server first.",
    "access key": "Your keys are told by: codepush access-key list",
}
"""Where what was not found is listed, by a word in the server's sentence."""


class Failure(click.ClickException):
    """A command that could not do what it was told.

    Args:
        message: what went wrong, in a sentence.
        next_step: what to do about it; nothing when the sentence says so already.
        exit_code: how the command ends.

    """

    def __init__(self, message: str, next_step: str = "", *, exit_code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.next_step = next_step
        self.exit_code = int(exit_code)  # type: ignore[misc]  # click reads it from the instance

    def show(self, file: IO[Any] | None = None) -> None:
        """Write it to stderr, in red where there are colours."""
        # The context, which knows whether there are to be colours, is gone by now.
        color = False if os.environ.get("NO_COLOR") else None
        click.secho(f"Error: {self.message}", file=file, err=True, fg="red", color=color)
        if self.next_step:
            click.echo(self.next_step, file=file, err=True)


class Cancelled(Failure):
    """Somebody did not want it after all."""

    def __init__(self, message: str) -> None:
        super().__init__(message, exit_code=Exit.CANCELLED)

    def show(self, file: IO[Any] | None = None) -> None:
        """Write it to stderr; it is no error."""
        click.echo(self.message, file=file, err=True)


def without_keys(error: click.ClickException, *keys: str) -> click.ClickException:
    """Return an error that repeats no access key, wherever on the command line one was.

    Args:
        error: what the command ends with.
        keys: access keys to look for besides those that have our prefix.

    """
    error.message = masked(error.message, *keys)  # type: ignore[misc]  # click shows what the instance has
    if isinstance(error, Failure):
        error.next_step = masked(error.next_step, *keys)
    return error


def failure_of(error: CodePushError) -> Failure:
    """Return an error of ours as a failure of the command."""
    exit_code = next((code for kind, code in _BY_ERROR if isinstance(error, kind)), Exit.FAILED)
    return Failure(error.message, _next_step(error), exit_code=exit_code)


def refused_key(server_url: str, place: str) -> Failure:
    """Return what there is to say when a server does not take an access key."""
    return Failure(
        f"{server_url} does not take the access key from {place}: it is unknown there, or has expired.",
        f"Log in again with: codepush login {server_url}",
        exit_code=Exit.NOT_LOGGED_IN,
    )


def _next_step(error: CodePushError) -> str:
    match error:
        case NotFound():
            return next((told for what, told in _TOLD_BY.items() if what in error.message), "")
        case Conflict() if "rollout" in error.message:
            return "To finish a rollout: codepush patch APP DEPLOYMENT --rollout 100"
        case Forbidden():
            return "Who may do what is told by 'codepush collaborator list APP'; 'codepush whoami' tells who you are."
        case RateLimited(retry_after=float() | int() as seconds):
            return f"Try again in {seconds:.0f} seconds."
        case ServerError(request_id=str() as request):
            return f"Give the server administrator this request ID: {request}."
        case _:
            return ""
