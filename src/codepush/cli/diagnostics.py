"""The checks of ``codepush doctor``: project file, server, account, and the app's project."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from codepush.cli.app_diagnostics import examine_app
from codepush.cli.download_diagnostics import examine_downloads
from codepush.cli.findings import Finding, guarded
from codepush.errors import CodePushError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from codepush.cli.context import Cli
    from codepush.models import Deployment

__all__ = ["examine"]


def examine(cli: Cli, folder: Path) -> list[Finding]:
    """Run all checks and return their findings, in the order in which to fix them.

    Args:
        cli: Context of the command.
        folder: Folder of the app's project.

    """
    findings = [*_project(cli), *_reachable(cli)]
    deployments: list[Deployment] = []
    if all(one.verdict != "error" for one in findings):
        findings += guarded("login", partial(_account, cli))
    if all(one.verdict != "error" for one in findings):
        deployments, found = _deployments(cli)
        findings += found
        if deployments:
            findings += guarded("app name", partial(_owner, cli))
            findings += guarded("downloads", partial(examine_downloads, cli, deployments))
    return [*findings, *examine_app(cli, folder, deployments)]


def _project(cli: Cli) -> list[Finding]:
    def look() -> Iterator[Finding]:
        if cli.project.path is None:
            yield Finding(
                subject="project file",
                verdict="warning",
                found="No project file was found, so commands need the names of the server, app and deployment.",
                advice="To create one: codepush init",
            )
        else:
            yield Finding(subject="project file", verdict="ok", found=str(cli.project.path))

    return list(guarded("project file", look))


def _reachable(cli: Cli) -> Iterator[Finding]:
    import httpx2

    url = cli.server_url
    try:
        verify = str(cli.project.ca_file) if cli.project.ca_file else True
        response = httpx2.get(f"{url}/health", timeout=cli.flags.get("timeout") or 10.0, verify=verify)
    except (httpx2.HTTPError, OSError) as error:
        yield Finding(
            subject="server",
            verdict="error",
            found=f"{url} does not respond: {error}.",
            advice="Check that the server is running and the URL is correct. Use --server to choose another server.",
        )
        return
    is_page = response.is_success and response.text.lstrip().startswith("<")
    if response.is_server_error or is_page:
        yield Finding(
            subject="server",
            verdict="error",
            found=f"{url}/health responds with status {response.status_code}, but not as a CodePush server does.",
            advice="Check the address, and the proxy or gateway in front of the server if there is one.",
        )
        return
    yield Finding(subject="server", verdict="ok", found=f"{url} responds ({response.status_code}).")
    if url.startswith("http://") and not re.match(r"http://(127\.|localhost|\[::1\])", url):
        yield Finding(
            subject="server",
            verdict="warning",
            found="The URL is not https: devices reject it, and access keys are sent unencrypted.",
            advice="Put the server behind a proxy with TLS, and log in to that URL.",
        )


def _account(cli: Cli) -> Iterator[Finding]:
    if cli.login is None:
        yield Finding(
            subject="login",
            verdict="error",
            found=f"You are not logged in to {cli.server_url}.",
            advice=f"To log in: codepush login {cli.server_url}",
        )
    elif cli.client.is_authenticated():
        yield Finding(subject="login", verdict="ok", found=f"The access key from {cli.login.place} is valid.")
    else:
        yield Finding(
            subject="login",
            verdict="error",
            found=f"The server rejected the access key from {cli.login.place}: it is unknown or has expired.",
            advice=f"Log in again with: codepush login {cli.server_url}",
        )


def _owner(cli: Cli) -> Iterator[Finding]:
    """Report an app of another owner whose name lacks the owner."""
    name = cli.project.app or ""
    if re.search("[:/]", name):
        return
    people = cli.client.get_app(name).collaborators
    if any(one.is_current_account and one.permission == "Owner" for one in people.values()):
        return
    owner = next((email for email, one in people.items() if one.permission == "Owner"), "OWNER")
    yield Finding(
        subject="app name",
        verdict="warning",
        found=f'"{name}" belongs to another owner. If a second app of this name is shared with you, it is ambiguous.',
        advice=f'Use the full name in the project file and in CI jobs: "{owner}:{name}".',
    )


def _deployments(cli: Cli) -> tuple[list[Deployment], list[Finding]]:
    name = cli.project.app
    if name is None:
        return [], [Finding(subject="app", verdict="skipped", found="The project file names no app.")]
    try:
        there = list(cli.client.get_deployments(name))
    except CodePushError as error:
        advice = "Correct the project file. To list your apps: codepush app list"
        return [], [Finding(subject="app", verdict="error", found=error.message, advice=advice)]
    names = [one.name for one in there]
    found = [Finding(subject="app", verdict="ok", found=f'"{name}" has the deployments {", ".join(names) or "none"}.')]
    if cli.project.deployment and cli.project.deployment not in names:
        found.append(
            Finding(
                subject="deployment",
                verdict="error",
                found=f'The deployment "{cli.project.deployment}" of the project file does not exist.',
                advice=f"To add it: codepush deployment add {name} {cli.project.deployment}",
            )
        )
    return there, found
