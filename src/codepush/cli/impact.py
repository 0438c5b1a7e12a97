"""The impact of removing an app or a deployment, shown before the confirmation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codepush.client import CodePush

__all__ = ["app_impact", "deployment_impact"]


def app_impact(client: CodePush, app: str) -> list[str]:
    """Return the impact of removing an app, a line for each of its deployments."""
    return [
        line for deployment in client.get_app(app).deployments for line in deployment_impact(client, app, deployment)
    ]


def deployment_impact(client: CodePush, app: str, deployment: str) -> list[str]:
    """Return the impact of removing a deployment or its releases."""
    releases = len(client.get_deployment_history(app, deployment))
    devices = sum(one.active for one in client.get_deployment_metrics(app, deployment).values())
    return [f"{deployment}: {_counted(releases, 'release')}, {_counted(devices, 'active device')}"]


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")
