"""``codepush doctor``: diagnose the server, the login and the setup of an app."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codepush.cli.context import pass_cli
from codepush.cli.errors import Exit
from codepush.cli.options import RemoteCommand

if TYPE_CHECKING:
    from codepush.cli.context import Cli

__all__ = ["doctor"]

_MARKS = {"ok": "ok", "warning": "!", "error": "x", "skipped": "-"}


@click.command("doctor", cls=RemoteCommand)
@pass_cli
def doctor(cli: Cli) -> None:
    """Check the server, login, deployments and app configuration, and suggest fixes.

    Checks the project file, the server, the login, the app and its deployments, and the download address. In the
    app's project in this directory, checks the client package and its version, the deployment key, server and public
    key on each platform under the names that this client reads, whether the app runs the bundle of CodePush, Hermes,
    and whether devices of this version can install the newest release. Nothing is changed.
    """
    from codepush.cli.diagnostics import examine
    from codepush.cli.output import Column, Table
    from codepush.cli.shapes import plain

    findings = examine(cli, Path.cwd())
    rows = [[_MARKS[one.verdict], one.subject, _shown(one)] for one in findings]
    cli.out.result(plain(findings), Table(["", "Checked", Column("Found", 90)], rows))
    errors = sum(one.verdict == "error" for one in findings)
    warnings = sum(one.verdict == "warning" for one in findings)
    cli.out.say(f"Errors: {errors}. Warnings: {warnings}." if errors or warnings else "No problems found.")
    if errors:
        click.get_current_context().exit(Exit.FAILED)


def _shown(finding: Any) -> str:  # noqa: ANN401 - a Finding, whose module is imported late
    return f"{finding.found}\n{finding.advice}" if finding.advice else str(finding.found)
