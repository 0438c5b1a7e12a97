"""Previews of rollout plans: they change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codepush.rules import audience, labels, preview
from codepush.server.ports.trials import Span
from codepush.server.services.access.resolution import find_deployment
from codepush.server.services.clock import Clock, now
from codepush.server.services.errors import NotFoundError
from codepush.server.services.releasing import baselines
from codepush.server.services.releasing.baselines import Candidate
from codepush.server.services.releasing.running import running

if TYPE_CHECKING:
    from codepush.rollout_models import RolloutPlan, RolloutPreview
    from codepush.server.ports.releases import ReleaseRecord
    from codepush.server.ports.store import Records, Store
    from codepush.server.services.caller import Caller

__all__ = ["Previews"]

_HOUR: Final = 3_600_000


class Previews:
    """Says what a plan would do in a deployment.

    Args:
        store: The records.
        clock: The time.

    """

    def __init__(self, store: Store, *, clock: Clock = now) -> None:
        self._store = store
        self._clock = clock

    async def preview(
        self,
        caller: Caller,
        app_name: str,
        deployment_name: str,
        plan: RolloutPlan,
        *,
        app_version: str | None = None,
        is_mandatory: bool | None = None,
    ) -> RolloutPreview:
        """Return what to expect of a plan for a new release.

        Args:
            caller: Who asks.
            app_name: The app.
            deployment_name: The deployment.
            plan: The plan.
            app_version: The target binary version of the release; ``None``: that of the newest release.
            is_mandatory: Whether it is mandatory; ``None``: as the newest release.

        Raises:
            NotFoundError: The caller sees no such deployment, or no target is given and there is no release.
            ForbiddenError: The caller lacks the permission.

        """
        async with self._store.read() as records:
            _, deployment = await find_deployment(records, caller, app_name, deployment_name, "view_deployment")
            history = await records.releases.history(deployment.id)
            if app_version is None and not history:
                raise NotFoundError("Deployment has no releases.", code="no_releases")
            candidate = Candidate(
                app_version=history[-1].app_version if app_version is None else app_version,
                is_mandatory=history[-1].is_mandatory if is_mandatory is None and history else is_mandatory,
            )
            baseline = await baselines.of_release(records, deployment.id, history, candidate, at=self._clock())
            active = await running(records, deployment.id)
            reference = next((one for one in history if labels.label(one.number) in baseline.releases[:1]), None)
            uptake = {} if reference is None else await _uptake(records, deployment.id, reference, at=self._clock())
        targets = {labels.label(one.number): one.app_version for one in history}
        size = audience.audience(active, targets, candidate.app_version)
        return preview.preview(plan, baseline, audience=size, uptake=uptake)


async def _uptake(records: Records, deployment_id: int, reference: ReleaseRecord, *, at: int) -> dict[int, float]:
    """Return the share of a release's verdicts that came from downloads within each number of hours.

    A release that was itself rolled out in stages spread slower than a new one would at a stage, so this promises
    rather too little.
    """
    since = reference.upload_time
    spans = [since + hours * _HOUR for hours in preview.HOURS]
    totals = await records.trials.totals(
        [Span(deployment_id, reference.number, since, until) for until in (*spans, at + 1)]
    )
    whole = totals[-1].verdicts
    if not whole:
        return {}
    return {hours: one.verdicts / whole for hours, one in zip(preview.HOURS, totals[:-1], strict=True)}
