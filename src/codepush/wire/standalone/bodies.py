"""The server's side: models to the bodies of responses, each under its one documented key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from codepush.wire.messages import encode_json
from codepush.wire.standalone.insight import InsightShape
from codepush.wire.standalone.plans import PLAN, PlanShape
from codepush.wire.standalone.rollouts import DecisionShape, PreviewShape, RolloutShape
from codepush.wire.standalone.shapes import (
    HIDDEN,
    AccessKeyShape,
    AccountShape,
    AppShape,
    CollaboratorShape,
    CountersShape,
    DeploymentShape,
    PackageShape,
    PointShape,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from codepush.insight_models import Insight
    from codepush.models import AccessKey, Account, App, Collaborator, Deployment, Metrics, MetricsPoint, Package
    from codepush.rollout_models import Rollout, RolloutDecision, RolloutPlan, RolloutPreview

__all__ = [
    "access_key_body",
    "access_keys_body",
    "account_body",
    "app_body",
    "apps_body",
    "authenticated_body",
    "collaborators_body",
    "created_access_key_body",
    "created_app_body",
    "decisions_body",
    "deployment_body",
    "deployments_body",
    "history_body",
    "insight_body",
    "metrics_body",
    "package_body",
    "plan_body",
    "preview_body",
    "rollout_body",
    "rollouts_body",
    "series_body",
]

_AUTHENTICATED: Final = encode_json({"authenticated": True})


def authenticated_body() -> bytes:
    """Return the body for a valid access key; an invalid one gets an error instead."""
    return _AUTHENTICATED


def account_body(account: Account) -> bytes:
    """Return the body for the caller's account."""
    return encode_json({"account": AccountShape.of(account)})


def access_keys_body(access_keys: Iterable[AccessKey]) -> bytes:
    """Return the body for a list of access keys and sessions, in the order given; the secrets are hidden."""
    return encode_json({"accessKeys": [AccessKeyShape.of(access_key, HIDDEN) for access_key in access_keys]})


def access_key_body(access_key: AccessKey) -> bytes:
    """Return the body for one access key, without its secret even if it is known."""
    return encode_json({"accessKey": AccessKeyShape.of(access_key)})


def created_access_key_body(access_key: AccessKey) -> bytes:
    """Return the body for a new access key: the only one with its secret."""
    return encode_json({"accessKey": AccessKeyShape.of(access_key, access_key.key)})


def apps_body(apps: Iterable[App]) -> bytes:
    """Return the body for a list of apps, in the order given."""
    return encode_json({"apps": [AppShape.of(app) for app in apps]})


def app_body(app: App) -> bytes:
    """Return the body for one app; ``isCurrentAccount`` is present if true."""
    return encode_json({"app": AppShape.of(app)})


def created_app_body(app: App) -> bytes:
    """Return the body for an app that was just created.

    As recorded, it does not mark the caller among the collaborators, and ``deployments`` is null instead of an empty
    list for an app without any.
    """
    people = {email: {"permission": person.permission} for email, person in app.collaborators.items()}
    fields = msgspec.to_builtins(AppShape.of(app))
    return encode_json({"app": fields | {"collaborators": people, "deployments": app.deployments or None}})


def collaborators_body(collaborators: Mapping[str, Collaborator]) -> bytes:
    """Return the body for an app's collaborators by e-mail address, in the order given."""
    people = {email: CollaboratorShape.of(collaborator) for email, collaborator in collaborators.items()}
    return encode_json({"collaborators": people})


def deployments_body(deployments: Iterable[Deployment]) -> bytes:
    """Return the body for a list of deployments, in the order given; rollouts are as stored."""
    return encode_json({"deployments": [DeploymentShape.of(deployment) for deployment in deployments]})


def deployment_body(deployment: Deployment) -> bytes:
    """Return the body for one deployment, without ``package`` if it has no release."""
    return encode_json({"deployment": DeploymentShape.of(deployment)})


def package_body(package: Package) -> bytes:
    """Return the body for a release, patch, promotion or rollback: a finished rollout is 100."""
    return encode_json({"package": PackageShape.of_reply(package)})


def history_body(packages: Iterable[Package]) -> bytes:
    """Return the body for a deployment's releases, oldest first; rollouts are as stored."""
    return encode_json({"history": [PackageShape.of(package) for package in packages]})


def series_body(series: Mapping[str, Iterable[MetricsPoint]]) -> bytes:
    """Return the body for metrics over time."""
    return encode_json(
        {"series": {name: [PointShape.of(point) for point in points] for name, points in series.items()}}
    )


def insight_body(insight: Insight) -> bytes:
    """Return the body for the insight of a release."""
    return encode_json({"insight": InsightShape.of(insight)})


def metrics_body(metrics: Mapping[str, Metrics]) -> bytes:
    """Return the body for counters by label or binary version."""
    return encode_json({"metrics": {name: CountersShape.of(counters) for name, counters in metrics.items()}})


def rollout_body(rollout: Rollout) -> bytes:
    """Return the body for one rollout."""
    return encode_json({"rollout": RolloutShape.of(rollout)})


def rollouts_body(rollouts: Iterable[Rollout]) -> bytes:
    """Return the body for a list of rollouts, in the order given."""
    return encode_json({"rollouts": [RolloutShape.of(rollout) for rollout in rollouts]})


def decisions_body(decisions: Iterable[RolloutDecision]) -> bytes:
    """Return the body for the decisions about a rollout, in the order given."""
    return encode_json({"decisions": [DecisionShape.of(decision) for decision in decisions]})


def preview_body(preview: RolloutPreview) -> bytes:
    """Return the body for the preview of a plan."""
    return encode_json({"preview": PreviewShape.of(preview)})


def plan_body(plan: RolloutPlan | None) -> bytes:
    """Return the body for the default plan of a deployment, which is null if there is none."""
    return encode_json({PLAN: None if plan is None else PlanShape.of(plan)})
