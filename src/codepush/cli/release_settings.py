"""The options of the commands that create or change releases, and their values.

A setting of a release is an option here, named like its field of `codepush.models.PackageInfo`. No other module of the
command line names it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Final

import click

from codepush.cli.context import note_flag
from codepush.cli.rollout_settings import PLAN_OPTIONS, plan_of
from codepush.cli.values import DESCRIPTION, ROLLOUT, TARGET

if TYPE_CHECKING:
    from collections.abc import Callable

    from codepush.models import PackageInfo
    from codepush.rollout_models import NoPlan, RolloutPlan

__all__ = ["DRY_RUN", "ReleaseRequest", "Verification", "patch_options", "promotion_options", "release_options"]


@dataclass(frozen=True)
class Verification:
    """The request to enable a release only once simulated devices could install it.

    Attributes:
        public_key_path: The key to check signatures with; ``None``: devices do not check them.

    """

    public_key_path: str | None


@dataclass(frozen=True, kw_only=True)
class ReleaseRequest:
    """The values of the options of all commands that release from this machine.

    Attributes:
        info: The settings of the release.
        deployment_name: The deployment, by default that of the project file, or Staging.
        private_key_path: The key to sign with, by default that of the project file.
        no_duplicate_release_error: Whether a package that is released already is only a warning.
        verification: How to verify the release on simulated devices; ``None``: not at all.
        plan: The rollout plan; ``None``: the deployment's default plan.
        dry_run: Whether to show only what would happen.

    """

    info: PackageInfo
    deployment_name: str | None
    private_key_path: str | None
    no_duplicate_release_error: bool
    verification: Verification | None
    plan: RolloutPlan | NoPlan | None
    dry_run: bool


_label = partial(click.option, "-l", "--label")
_description = partial(click.option, type=DESCRIPTION)
_disabled = partial(
    click.option, "-x", "--disabled/--no-disabled", "is_disabled", help="Disable the release: no device receives it."
)
_mandatory = partial(
    click.option, "-m", "--mandatory/--no-mandatory", "is_mandatory", help="Mark the release as mandatory."
)
_rollout = partial(click.option, "-r", "--rollout", type=ROLLOUT)
_target = partial(click.option, "-t", "--target-binary-version", "app_version", type=TARGET, metavar="RANGE")

DRY_RUN: Final = click.option("--dry-run", is_flag=True, help="Show what would happen without changing anything.")
_NO_DUPLICATE_ERROR: Final = click.option(
    "--no-duplicate-release-error",
    "--disable-duplicate-release-error",
    is_flag=True,
    help="Warn instead of failing if the package is already released.",
)
_VERIFICATION: Final = (
    click.option(
        "--verify",
        is_flag=True,
        help="Release disabled, test on simulated devices, then enable.",
    ),
    click.option(
        "--public-key-path",
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False),
        help="With --verify: public key to check the signature with.",
    ),
)
_RELEASE: Final = (
    *_VERIFICATION,
    click.option("-d", "--deployment-name", metavar="NAME", help="Deployment to release to.  [project file, Staging]"),
    _description("-des", "--description", default="", help="Release notes; \\n starts a new line."),
    _disabled(default=False),
    _mandatory(default=False),
    _rollout(default=100, help="Percentage of devices to release to.  [100%]"),
    *PLAN_OPTIONS,
    _NO_DUPLICATE_ERROR,
    click.option(
        "-k",
        "--private-key-path",
        metavar="FILE",
        type=click.Path(dir_okay=False),
        help="Private key to sign the release with.  [project file]",
    ),
    click.option(
        "--force",
        is_flag=True,
        expose_value=False,
        callback=note_flag,
        help="Release a folder even if no device could run it.",
    ),
    DRY_RUN,
)
_PROMOTION: Final = (
    _label(help="Label of the release.  [the source's newest]"),
    _description("-des", "--description", help="Description.  [the source's]"),
    _disabled(default=None),
    _mandatory(default=None),
    _NO_DUPLICATE_ERROR,
    _rollout(help="Percentage of devices to release to.  [100%]"),
    *PLAN_OPTIONS,
    _target(help="Binary versions to target.  [the source's]"),
    *_VERIFICATION,
    DRY_RUN,
)
_PATCH: Final = (
    _label("--existing-release-label", help="Label of the release.  [the newest]"),
    _description("-des", "-d", "--description", help="New description."),
    _disabled(default=None),
    _mandatory(default=None),
    _rollout(help="New percentage; must be higher than the current one."),
    _target(help="New binary versions to target."),
    DRY_RUN,
)


def release_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of all commands that release from this machine, as ``request``."""

    @wraps(command)
    def run(
        *args: Any,  # noqa: ANN401 - click's
        deployment_name: str | None,
        private_key_path: str | None,
        no_duplicate_release_error: bool,
        dry_run: bool,
        **values: Any,  # noqa: ANN401 - click's
    ) -> Any:  # noqa: ANN401 - click's
        plan = plan_of(values)
        request = ReleaseRequest(
            info=_info(values, plan),
            deployment_name=deployment_name,
            private_key_path=private_key_path,
            no_duplicate_release_error=no_duplicate_release_error,
            verification=_verification(values),
            plan=plan,
            dry_run=dry_run,
        )
        return command(*args, request=request, **values)

    return _with(run, _RELEASE)


def promotion_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a promotion: ``info``, ``verification`` and others by name."""

    @wraps(command)
    def run(*args: Any, **values: Any) -> Any:  # noqa: ANN401 - click's
        plan = plan_of(values)
        return command(*args, info=_info(values, plan), verification=_verification(values), plan=plan, **values)

    return _with(run, _PROMOTION)


def patch_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a patch: ``info`` and others by name."""

    @wraps(command)
    def run(*args: Any, **values: Any) -> Any:  # noqa: ANN401 - click's
        return command(*args, info=_info(values), **values)

    return _with(run, _PATCH)


def _info(values: dict[str, Any], plan: RolloutPlan | NoPlan | None = None) -> PackageInfo:
    """Remove the settings of a release from the values of options and return them; a plan has the percentages."""
    from codepush.models import PackageInfo
    from codepush.rollout_models import RolloutPlan

    info = {name: values.pop(name) for name in PackageInfo.__struct_fields__ if name in values}
    return PackageInfo(**info | ({"rollout": None} if isinstance(plan, RolloutPlan) else {}))


def _verification(values: dict[str, Any]) -> Verification | None:
    """Remove ``--verify`` and its key from the values of options and return them."""
    verify, public_key_path = values.pop("verify"), values.pop("public_key_path")
    return Verification(public_key_path) if verify else None


def _with(
    command: Callable[..., Any], options: tuple[Callable[[Callable[..., Any]], Callable[..., Any]], ...]
) -> Callable[..., Any]:
    """Add options to a command, in the order of its help page."""
    for option in reversed(options):
        command = option(command)
    return command
