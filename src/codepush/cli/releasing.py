"""Release and promote, as all commands do it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from codepush.cli.layout import check_layout
from codepush.cli.package_names import check_names
from codepush.cli.shapes import plain
from codepush.client import is_duplicate
from codepush.errors import APIError

if TYPE_CHECKING:
    from codepush.cli.context import Cli
    from codepush.cli.release_settings import ReleaseRequest, Verification
    from codepush.models import Package, PackageInfo
    from codepush.rollout_models import NoPlan, RolloutPlan

__all__ = ["promoted", "release_contents", "warn_of_duplicate"]


def release_contents(
    cli: Cli,
    app: str,
    deployment: str,
    contents: str,
    *,
    target: str,
    request: ReleaseRequest,
    named: str | None = None,
) -> None:
    """Release a directory or file, and show the progress and the release.

    Args:
        cli: Context of the command.
        app: Name of the app.
        deployment: Name of the deployment.
        contents: The directory or file.
        target: Target binary version.
        request: Options of the command.
        named: Name of the contents in messages; by default their path.

    Raises:
        CodePushError: The release failed.

    """
    key = request.private_key_path or cli.project.private_key_path
    info, verification = request.info, request.verification
    if verification is not None:
        info = replace(info, is_disabled=True)
    check_names(cli, app, contents)
    cli.client.get_deployment(app, deployment)  # report wrong names and keys before the upload
    check_layout(cli, contents, private_key_path=key)
    try:
        with cli.out.progress("Uploading") as report:
            release = cli.client.release(
                app,
                deployment,
                contents,
                target,
                info,
                on_progress=report,
                private_key_path=key,
                plan=request.plan,
            )
    except APIError as error:
        if not (request.no_duplicate_release_error and is_duplicate(error)):
            raise
        warn_of_duplicate(cli, app, deployment, error)
        return
    if verification is not None:
        release = _tried(cli, app, deployment, release, verification, is_enabled=not request.info.is_disabled)
    kind = "directory" if Path(contents).is_dir() else "file"
    cli.out.result(
        plain(release),
        f'Successfully released an update containing the "{named or contents}" {kind} to the "{deployment}"'
        f' deployment of the "{app}" app.',
    )
    cli.out.say(f"Released as {release.label} for versions {release.app_version}.")


def promoted(
    cli: Cli,
    app: str,
    source: str,
    destination: str,
    info: PackageInfo,
    *,
    verification: Verification | None,
    plan: RolloutPlan | NoPlan | None,
) -> Package:
    """Promote a release; with ``--verify`` enable it only after tests on simulated devices.

    Raises:
        CodePushError: The promotion failed.
        Failure: A simulated device could not install it.

    """
    if verification is None:
        return cli.client.promote(app, source, destination, info, plan=plan)
    is_disabled = info.is_disabled
    if is_disabled is None:
        releases = cli.client.get_deployment_history(app, source)
        is_disabled = next((one.is_disabled for one in reversed(releases) if info.label in {None, one.label}), None)
    made = cli.client.promote(app, source, destination, replace(info, is_disabled=True), plan=plan)
    return _tried(cli, app, destination, made, verification, is_enabled=not is_disabled)


def _tried(
    cli: Cli, app: str, deployment: str, release: Package, verification: Verification, *, is_enabled: bool
) -> Package:
    from codepush.cli.verification import verified

    return verified(cli, app, deployment, release, verification, is_enabled=is_enabled)


def warn_of_duplicate(cli: Cli, app: str, deployment: str, error: APIError) -> None:
    """Warn that a deployment already has the package."""
    cli.out.warn(error.message)
    newest = cli.client.get_deployment(app, deployment).package
    if cli.out.is_json:
        cli.out.result({"isDuplicate": True} | (plain(newest) if newest else {}), "")
