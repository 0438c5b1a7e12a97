"""A management SDK, command line, self-hosted server and simulated device for CodePush.

The public names of the SDK are here. Each is loaded on first use, because the command
line, the server and the simulated device are in this package and need few of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codepush.client import AsyncCodePush, CodePush
    from codepush.errors import (
        APIError,
        CodePushError,
        ConfigurationError,
        Conflict,
        DecodeError,
        Forbidden,
        InsecureServerWarning,
        Invalid,
        NotFound,
        PackageError,
        PlanIgnoredError,
        ProjectError,
        RateLimited,
        ServerError,
        TimeoutError,  # noqa: A004 - ours is also the built-in one
        TransportError,
        Unauthorized,
    )
    from codepush.insight_models import Insight, InsightPoint, InsightSpan
    from codepush.models import (
        AccessKey,
        Account,
        App,
        Collaborator,
        CollaboratorMap,
        Deployment,
        DeploymentMetrics,
        DiffPackage,
        Metrics,
        MetricsPoint,
        Package,
        PackageInfo,
        PackageInfoDict,
        Session,
    )
    from codepush.packaging.local import LocalPackage, package_directory
    from codepush.rollout_models import (
        NO_PLAN,
        NoPlan,
        OnHalt,
        Rollout,
        RolloutBaseline,
        RolloutCounts,
        RolloutDecision,
        RolloutEvidence,
        RolloutGap,
        RolloutPlan,
        RolloutPreview,
        RolloutReason,
        RolloutStage,
        RolloutState,
        StagePreview,
    )

    __version__: str

__all__ = [
    "NO_PLAN",
    "APIError",
    "AccessKey",
    "Account",
    "App",
    "AsyncCodePush",
    "CodePush",
    "CodePushError",
    "Collaborator",
    "CollaboratorMap",
    "ConfigurationError",
    "Conflict",
    "DecodeError",
    "Deployment",
    "DeploymentMetrics",
    "DiffPackage",
    "Forbidden",
    "InsecureServerWarning",
    "Insight",
    "InsightPoint",
    "InsightSpan",
    "Invalid",
    "LocalPackage",
    "Metrics",
    "MetricsPoint",
    "NoPlan",
    "NotFound",
    "OnHalt",
    "Package",
    "PackageError",
    "PackageInfo",
    "PackageInfoDict",
    "PlanIgnoredError",
    "ProjectError",
    "RateLimited",
    "Rollout",
    "RolloutBaseline",
    "RolloutCounts",
    "RolloutDecision",
    "RolloutEvidence",
    "RolloutGap",
    "RolloutPlan",
    "RolloutPreview",
    "RolloutReason",
    "RolloutStage",
    "RolloutState",
    "ServerError",
    "Session",
    "StagePreview",
    "TimeoutError",
    "TransportError",
    "Unauthorized",
    "__version__",
    "package_directory",
]

_MODULES = (
    "codepush.errors",
    "codepush.models",
    "codepush.rollout_models",
    "codepush.insight_models",
    "codepush.packaging.local",
    "codepush.client",
)

if not TYPE_CHECKING:  # with this, a type checker would accept every name

    def __getattr__(name: str) -> object:
        """Load a public name from its module, the lightest module first."""
        if name == "__version__":
            return import_module("importlib.metadata").version(__name__)
        if name in __all__:
            for module in map(import_module, _MODULES):
                if name in module.__all__:
                    return getattr(module, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        """Return all names, including those not loaded yet."""
        return sorted({*globals(), *__all__})
