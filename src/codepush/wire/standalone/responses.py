"""Readers of successful responses: each returns a value of the models."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from msgspec import Struct

from codepush.wire.messages import Response, decode_answer
from codepush.wire.standalone.insight import InsightShape
from codepush.wire.standalone.plans import PlanShape
from codepush.wire.standalone.rollouts import DecisionShape, PreviewShape, RolloutShape
from codepush.wire.standalone.shapes import (
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
    from codepush.insight_models import Insight
    from codepush.models import AccessKey, Account, App, Collaborator, Deployment, Metrics, MetricsPoint, Package
    from codepush.rollout_models import Rollout, RolloutDecision, RolloutPlan, RolloutPreview

__all__ = [
    "UNCHANGED",
    "PatchAnswer",
    "read_access_key",
    "read_access_keys",
    "read_account",
    "read_app",
    "read_apps",
    "read_collaborators",
    "read_decisions",
    "read_default_plan",
    "read_deployment",
    "read_deployments",
    "read_history",
    "read_insight",
    "read_known_deployment",
    "read_metrics",
    "read_nothing",
    "read_package",
    "read_patched",
    "read_preview",
    "read_rollout",
    "read_rollouts",
    "read_series",
]

UNCHANGED: Final = "unchanged"
"""Result of a patch that changed nothing."""

PatchAnswer: TypeAlias = "Package | Literal['unchanged'] | None"

_NO_CONTENT: Final = 204
_NO_WORDS: Final = frozenset({b"", b"ok"})
"""Bodies of successful responses without content."""

_PROMISE: Final = frozenset({"isFulfilled", "isRejected"})
"""The fields of a promise of Node's library bluebird."""

_LABEL: Final = re.compile(r"v?([0-9]{1,18})")


class _AccountAnswer(Struct, frozen=True):
    account: AccountShape


class _AccessKeyAnswer(Struct, frozen=True, rename="camel"):
    access_key: AccessKeyShape


class _AccessKeysAnswer(Struct, frozen=True, rename="camel"):
    access_keys: list[AccessKeyShape]


class _AppAnswer(Struct, frozen=True):
    app: AppShape


class _AppsAnswer(Struct, frozen=True):
    apps: list[AppShape]


class _CollaboratorsAnswer(Struct, frozen=True):
    collaborators: dict[str, CollaboratorShape]


class _DeploymentAnswer(Struct, frozen=True):
    deployment: DeploymentShape


class _DeploymentsAnswer(Struct, frozen=True):
    deployments: list[DeploymentShape]


class _PackageAnswer(Struct, frozen=True):
    package: PackageShape | None = None


class _InsightAnswer(Struct, frozen=True):
    insight: InsightShape


class _HistoryAnswer(Struct, frozen=True):
    history: list[PackageShape] | None


class _MetricsAnswer(Struct, frozen=True):
    metrics: dict[str, CountersShape] | None


class _SeriesAnswer(Struct, frozen=True):
    series: dict[str, list[PointShape]]


class _RolloutAnswer(Struct, frozen=True):
    rollout: RolloutShape


class _RolloutsAnswer(Struct, frozen=True):
    rollouts: list[RolloutShape]


class _DecisionsAnswer(Struct, frozen=True):
    decisions: list[DecisionShape]


class _PreviewAnswer(Struct, frozen=True):
    preview: PreviewShape


class _PlanAnswer(Struct, frozen=True, rename="camel"):
    rollout_plan: PlanShape | None


def read_nothing(_: Response) -> None:
    """Ignore the body: servers send 200, 201 or 204 with or without one."""


def read_account(response: Response) -> Account:
    """Return the account in a response."""
    return decode_answer(response.body, _AccountAnswer).account.account(_decoded(response)["account"])


def read_access_key(response: Response) -> AccessKey:
    """Return the access key in a response."""
    shape = decode_answer(response.body, _AccessKeyAnswer, is_secret=True).access_key
    return shape.access_key(_decoded(response)["accessKey"])


def read_access_keys(response: Response) -> list[AccessKey]:
    """Return the access keys and sessions in a response, in the order of the server."""
    shapes = decode_answer(response.body, _AccessKeysAnswer).access_keys
    return [shape.access_key(fields) for shape, fields in zip(shapes, _decoded(response)["accessKeys"], strict=True)]


def read_apps(response: Response) -> list[App]:
    """Return the apps in a response, in the order of the server."""
    shapes = decode_answer(response.body, _AppsAnswer).apps
    return [shape.app(fields) for shape, fields in zip(shapes, _decoded(response)["apps"], strict=True)]


def read_app(response: Response) -> App:
    """Return the app in a response."""
    return decode_answer(response.body, _AppAnswer).app.app(_decoded(response)["app"])


def read_collaborators(response: Response) -> dict[str, Collaborator]:
    """Return the collaborators in a response, by email."""
    shapes = decode_answer(response.body, _CollaboratorsAnswer).collaborators
    decoded = _decoded(response)["collaborators"]
    return {email: shape.collaborator(decoded[email]) for email, shape in shapes.items()}


def read_deployments(response: Response) -> list[Deployment]:
    """Return the deployments in a response, in the order of the server."""
    shapes = decode_answer(response.body, _DeploymentsAnswer).deployments
    return [shape.deployment(fields) for shape, fields in zip(shapes, _decoded(response)["deployments"], strict=True)]


def read_deployment(response: Response) -> Deployment:
    """Return the deployment in a response."""
    return decode_answer(response.body, _DeploymentAnswer).deployment.deployment(_decoded(response)["deployment"])


def read_known_deployment(response: Response) -> Deployment | None:
    """Return the deployment in a response, or ``None`` from servers that only confirm that it exists.

    npm ``code-push-server`` 5 sends a promise object instead of its value.
    """
    decoded = _decoded(response).get("deployment")
    return None if isinstance(decoded, dict) and decoded.keys() == _PROMISE else read_deployment(response)


def read_package(response: Response) -> Package | None:
    """Return the release in a response, or ``None`` from servers that only confirm success.

    npm ``code-push-server`` 5 responds to a promotion with a row of its database, which has no release.
    """
    if response.body.strip().lower() in _NO_WORDS or _is_row(_decoded(response).get("package")):
        return None
    shape = decode_answer(response.body, _PackageAnswer).package
    return None if shape is None else shape.package(_decoded(response)["package"])


def read_patched(response: Response) -> PatchAnswer:
    """Return the changed release, ``UNCHANGED``, or ``None`` from servers that only confirm success."""
    return UNCHANGED if response.status == _NO_CONTENT else read_package(response)


def read_history(response: Response) -> list[Package]:
    """Return the releases in a response, oldest first whichever way the server sorts them."""
    shapes = decode_answer(response.body, _HistoryAnswer).history or []
    releases = [
        shape.package(fields) for shape, fields in zip(shapes, _decoded(response)["history"] or [], strict=True)
    ]
    return sorted(releases, key=_number)


def read_metrics(response: Response) -> dict[str, Metrics]:
    """Return the metrics in a response, by label or binary version."""
    shapes = decode_answer(response.body, _MetricsAnswer).metrics or {}
    decoded = _decoded(response)["metrics"]
    return {name: shape.metrics(decoded[name]) for name, shape in shapes.items()}


def read_series(response: Response) -> dict[str, list[MetricsPoint]]:
    """Return the metrics over time in a response, by label or binary version."""
    shapes = decode_answer(response.body, _SeriesAnswer).series
    decoded = _decoded(response)["series"]
    return {
        name: [one.point(fields) for one, fields in zip(points, decoded[name], strict=True)]
        for name, points in shapes.items()
    }


def read_insight(response: Response) -> Insight:
    """Return the insight that was sent."""
    return decode_answer(response.body, _InsightAnswer).insight.insight(_decoded(response)["insight"])


def read_rollout(response: Response) -> Rollout:
    """Return the rollout that was sent."""
    return decode_answer(response.body, _RolloutAnswer).rollout.rollout(_decoded(response)["rollout"])


def read_rollouts(response: Response) -> list[Rollout]:
    """Return the rollouts that were sent, in the order of the server."""
    shapes = decode_answer(response.body, _RolloutsAnswer).rollouts
    return [shape.rollout(fields) for shape, fields in zip(shapes, _decoded(response)["rollouts"], strict=True)]


def read_decisions(response: Response) -> list[RolloutDecision]:
    """Return the decisions that were sent, in the order of the server."""
    return [shape.decision() for shape in decode_answer(response.body, _DecisionsAnswer).decisions]


def read_preview(response: Response) -> RolloutPreview:
    """Return the preview that was sent."""
    return decode_answer(response.body, _PreviewAnswer).preview.preview(_decoded(response)["preview"])


def read_default_plan(response: Response) -> RolloutPlan | None:
    """Return the default plan that was sent, or ``None`` for none."""
    plan = decode_answer(response.body, _PlanAnswer).rollout_plan
    return None if plan is None else plan.plan()


def _is_row(package: object) -> bool:
    return isinstance(package, dict) and "package_hash" in package


def _number(package: Package) -> int:
    label = _LABEL.fullmatch(package.label)
    return int(label[1]) if label else 0


def _decoded(response: Response) -> Any:  # noqa: ANN401 - JSON that was found to be of the right shape
    return decode_answer(response.body, dict[str, Any])
