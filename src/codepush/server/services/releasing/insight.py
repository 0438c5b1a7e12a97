"""Insight: what devices reported of a release, for charts and decisions."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from msgspec import structs

from codepush.insight_models import Insight, TrialTotals
from codepush.rollout_models import RolloutGap
from codepush.rules import insight as rules, labels, looks
from codepush.rules.audience import audience
from codepush.rules.insight import LONGEST, SPANS, CounterEntry
from codepush.rules.series import start_of
from codepush.server.ports.trials import Span
from codepush.server.services.access.resolution import find_deployment
from codepush.server.services.clock import Clock, now
from codepush.server.services.errors import NotFoundError
from codepush.server.services.releasing import rollout_views
from codepush.server.services.releasing.running import running

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codepush.insight_models import TrialCell
    from codepush.server.ports.deployments import DeploymentRecord
    from codepush.server.ports.releases import ReleaseRecord
    from codepush.server.ports.rollouts import RolloutRecord
    from codepush.server.ports.store import Records, Store
    from codepush.server.ports.trials import TrialPoint
    from codepush.server.services.caller import Caller

__all__ = ["Insights"]

_HALTS: Final = frozenset({"failures", "silence"})


class Insights:
    """Insight into releases.

    Args:
        store: The records.
        clock: The current time.

    """

    def __init__(self, store: Store, *, clock: Clock = now) -> None:
        self._store = store
        self._clock = clock

    async def of_label(
        self,
        caller: Caller,
        app_name: str,
        deployment_name: str,
        label: str,
        *,
        since: int | None = None,
        until: int | None = None,
    ) -> Insight:
        """Return what devices reported of a release.

        Args:
            caller: The caller.
            app_name: The app.
            deployment_name: The deployment.
            label: The release.
            since: Milliseconds since 1970. By default, and at the earliest, when it was released or 400 days ago.
            until: Likewise, not included. By default, and at the latest, now.

        Raises:
            NotFoundError: The caller sees no such deployment, or it has no such release.
            ForbiddenError: The caller lacks the permission.

        """
        at = self._clock()
        end = at + 1 if until is None else min(until, at + 1)
        async with self._store.read() as records:
            _, deployment = await find_deployment(records, caller, app_name, deployment_name, "view_deployment")
            history = await records.releases.history(deployment.id)
            release = next((one for one in history if labels.label(one.number) == label), None)
            if release is None:
                raise NotFoundError("Release not found for given label.", code="release_not_found", field="label")
            begin = max(release.upload_time if since is None else since, release.upload_time, end - LONGEST)
            return await _Question(records, deployment, history, release, at).answer(begin, end)


class _Question:
    """One request for the insight of a release, in one transaction."""

    def __init__(
        self,
        records: Records,
        deployment: DeploymentRecord,
        history: Sequence[ReleaseRecord],
        release: ReleaseRecord,
        at: int,
    ) -> None:
        self._records = records
        self._deployment = deployment
        self._history = history
        self._release = release
        self._label = labels.label(release.number)
        self._at = at

    async def answer(self, begin: int, end: int) -> Insight:
        """Return the insight of a period, which may be empty."""
        span = rules.span_of(begin, self._at)
        since = start_of(SPANS[span], min(begin, end))
        end = end if begin < end else since
        rollout = await self._records.rollouts.of_release(self._deployment.id, self._release.number)
        found = Insight(label=self._label, since=rules.time(since), until=rules.time(end), span=span)
        found = await self._with_trials(found, since, end, rollout)
        found = await self._with_audience(found)
        return structs.replace(
            found,
            evidence_since=None if rollout is None else rules.time(rollout.evidence_since),
            gaps=await self._gaps(min(end, self._at), rollout),
            halted_after=None if rollout is None else await self._halted_after(rollout),
        )

    async def _with_trials(self, found: Insight, since: int, end: int, rollout: RolloutRecord | None) -> Insight:
        """Add what devices reported, and the evidence that follows from it."""
        length = SPANS[found.span]
        limit = None if rollout is None else rollout.failure_limit
        shown = await self._trials(since, end, length)
        judged = await self._judged(shown, since, end, rollout, length)
        judgement = rules.judge(
            sum(one.verdicts for one in judged.values()), sum(one.failures for one in judged.values()), limit
        )
        counters = await self._records.series.points_of(self._deployment.id, self._label, until=end)
        entries = [CounterEntry(one.starts_at, one.span, one.kind, one.value) for one in counters]
        ran = rules.running(entries, since=since, span=length)
        return structs.replace(
            found,
            began=sum(one.began for one in shown.values()),
            ok=sum(one.verdicts - one.failures for one in shown.values()),
            bad=sum(one.failures for one in shown.values()),
            not_counted=rules.not_counted(shown.values()),
            installed=sum(one.value for one in entries if one.kind == "installed"),
            limit=limit,
            failure_share=judgement.failure_share,
            interval=judgement.interval,
            evidence=judgement.evidence,
            points=rules.points(shown, judged, ran, limit=limit, span=length, at=self._at),
        )

    async def _judged(
        self, shown: dict[int, TrialTotals], since: int, end: int, rollout: RolloutRecord | None, span: int
    ) -> dict[int, TrialTotals]:
        """Return the sums of the trials that count as evidence: those since the evidence began."""
        evidence_since = _evidence_since(rollout)
        if evidence_since > since:
            return await self._trials(evidence_since, end, span)
        if evidence_since < since:
            return {since - 1: await self._sum(evidence_since, since), **shown}
        return shown

    async def _with_audience(self, found: Insight) -> Insight:
        """Add how many devices run the release, of how many."""
        now_running = await running(self._records, self._deployment.id)
        targets = {labels.label(one.number): one.app_version for one in self._history}
        size = audience(now_running, targets, self._release.app_version)
        active = now_running[self._label]
        return structs.replace(found, active=active, audience=size, adoption=active / size if size else None)

    async def _trials(self, since: int, until: int, span: int) -> dict[int, TrialTotals]:
        """Return the sums of trials by the span in which they began."""
        found = await self._records.trials.points(
            self._deployment.id, self._release.number, since=since, until=until, span=span
        )
        return _by_point(found)

    async def _sum(self, since: int, until: int) -> TrialTotals:
        """Return the sum of trials that began in a period."""
        [found] = await self._records.trials.totals([Span(self._deployment.id, self._release.number, since, until)])
        return found

    async def _gaps(self, until: int, rollout: RolloutRecord | None) -> tuple[RolloutGap, ...]:
        windows = looks.reference_windows(until, since=_evidence_since(rollout))[1:]
        spans = [Span(self._deployment.id, self._release.number, *window) for window in windows]
        hour, day = await self._records.trials.totals(spans)
        usual = {} if rollout is None or rollout.baseline is None else rollout.baseline.gaps
        return (
            RolloutGap(age="1h", share=looks.gap(hour, "1h"), usual=usual.get("1h")),
            RolloutGap(age="24h", share=looks.gap(day, "24h"), usual=usual.get("24h")),
        )

    async def _halted_after(self, rollout: RolloutRecord) -> timedelta | None:
        """Return the time from the first failure that counts to the resulting halt."""
        first = await self._records.trials.first_failure(
            rollout.deployment_id, rollout.number, since=rollout.started_at or rollout.evidence_since
        )
        if first is None:
            return None
        decisions = await rollout_views.decisions(self._records, self._deployment, rollout)
        halts = [one.at for one in decisions if one.kind == "halt" and one.reason in _HALTS]
        return max(timedelta(0), halts[-1] - rules.time(first)) if halts else None


def _evidence_since(rollout: RolloutRecord | None) -> int:
    return 0 if rollout is None else rollout.evidence_since


def _by_point(found: Sequence[TrialPoint]) -> dict[int, TrialTotals]:
    counts: defaultdict[int, dict[TrialCell, int]] = defaultdict(dict)
    for one in found:
        counts[one.cohort_at][one.kind, one.age, one.standing] = one.value
    return {begins_at: TrialTotals(some) for begins_at, some in counts.items()}
