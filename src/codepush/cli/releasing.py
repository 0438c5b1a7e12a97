"""Releasing, as every command does it that releases something."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from codepush.cli.shapes import plain
from codepush.client import is_duplicate
from codepush.errors import Conflict

if TYPE_CHECKING:
    from codepush.cli.context import Cli
    from codepush.models import PackageInfo

__all__ = ["release_contents"]


def release_contents(
    cli: Cli,
    app: str,
    deployment: str,
    contents: str,
    *,
    target: str,
    info: PackageInfo,
    private_key_path: Path | str | None = None,
    no_duplicate_release_error: bool = False,
    named: str | None = None,
) -> None:
    """Release a directory or a file, show how far that is, and tell what became of it.

    Args:
        cli: what the command works with.
        app: the app.
        deployment: the deployment.
        contents: the directory or file.
        target: the target binary version.
        info: what else is said about the release.
        private_key_path: the key to sign with; the project's when not given.
        no_duplicate_release_error: whether a release that is there already is only a warning.
        named: how the contents are called in the last sentence; the path when not given.

    Raises:
        CodePushError: it cannot be released.

    """
    key = private_key_path or cli.project.private_key_path
    cli.client.get_deployment(app, deployment)  # whatever is wrong with names and keys is told before the upload
    try:
        with cli.out.progress("Uploading") as report:
            release = cli.client.release(
                app, deployment, contents, target, info, on_progress=report, private_key_path=key
            )
    except Conflict as error:
        if not (no_duplicate_release_error and is_duplicate(error)):
            raise
        tell_duplicate(cli, app, deployment, error)
        return
    kind = "directory" if Path(contents).is_dir() else "file"
    cli.out.result(
        plain(release),
        f'Successfully released an update containing the "{named or contents}" {kind} to the "{deployment}"'
        f' deployment of the "{app}" app.',
    )
    cli.out.say(f"It is {release.label} there, for {release.app_version}.")


def tell_duplicate(cli: Cli, app: str, deployment: str, error: Conflict) -> None:
    """Warn that a deployment has a package already, which is fine."""
    cli.out.warn(error.message)
    newest = cli.client.get_deployment(app, deployment).package
    if cli.out.is_json:
        cli.out.result({"isDuplicate": True} | (plain(newest) if newest else {}), "")
