"""The releases of a deployment, with fields that only its rollouts have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from codepush.errors import NotFound

if TYPE_CHECKING:
    from codepush.cli.context import Cli
    from codepush.models import Package

__all__ = ["history_of"]


def history_of(cli: Cli, app: str, deployment: str) -> list[Package]:
    """Return the releases of a deployment, oldest first, and mark those that its rollouts hold."""
    releases = cli.client.get_deployment_history(app, deployment)
    try:
        rollouts = cli.client.get_rollouts(app, deployment)
    except NotFound:  # a server without rollout plans holds no release
        return releases
    held = {one.label for one in rollouts if one.is_held}
    return [replace(one, is_held=one.label in held) for one in releases]
