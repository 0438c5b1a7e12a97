"""Counting reports: many at a time, with the same result as one after the other.

What the devices of a batch are remembered to run is read at once; the rules are applied in memory,
report by report; and what has changed in the end is written at once.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, TypeAlias

from codepush.rules import metrics
from codepush.rules.series import HOUR, start_of
from codepush.server.ports import Addition

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from codepush.models import StatusReport
    from codepush.rules.metrics import CounterChange, CounterKind
    from codepush.server.ports import DeploymentRecord, Device, Records

    _Counter: TypeAlias = tuple[int, str, CounterKind]

__all__ = ["count"]


async def count(records: Records, reports: Sequence[StatusReport], *, at: int) -> None:
    """Change what reports change (``docs/device-states.md``), in their order.

    What they say of deployments that do not exist counts for nothing.

    Args:
        records: the records, in a transaction that writes.
        reports: the reports, already validated.
        at: the time, in milliseconds since 1970.

    """
    found = await records.deployments.with_keys({key for report in reports for key in _keys(report)})
    if not found:
        return
    await records.devices.lock([one.id for one in found])
    batch = _Batch({one.key: one for one in found}, reports)
    batch.apply(await records.devices.remembered(batch.devices()))
    await records.devices.remember(batch.running, at=at)
    await records.devices.forget(batch.gone)
    await records.devices.count(batch.additions(), hour=start_of(HOUR, at))


class _Batch:
    """What reports change: ``running`` devices to be remembered, those that are ``gone``, and counters."""

    def __init__(self, deployments: Mapping[str, DeploymentRecord], reports: Iterable[StatusReport]) -> None:
        self._deployments = deployments
        self._told = [
            (report, self._device(report, report.deployment_key), self._device(report, _origin(report)))
            for report in reports
        ]
        self._counters: dict[_Counter, tuple[int, int]] = {}
        self.running: dict[Device, str] = {}
        self.gone: set[Device] = set()

    def devices(self) -> set[Device]:
        """Return the devices of which it matters what they are remembered to run."""
        return {device for _, *both in self._told for device in both if device}

    def apply(self, remembered: Mapping[Device, str]) -> None:
        """Apply the rules to every report, given what devices were remembered to run before the first one."""
        runs = dict(remembered)
        for report, here, there in self._told:
            change = metrics.change(
                report, runs=runs.get(here) if here else None, ran_elsewhere=runs.get(there) if there else None
            )
            if here and change.remember:
                self.running[here] = runs[here] = change.remember
                self.gone.discard(here)
            if there and change.is_moved:
                del runs[there]
                self.running.pop(there, None)
                self.gone.add(there)
            for counter in change.counters:
                self._add(counter)

    def additions(self) -> list[Addition]:
        """Return what is added to each counter."""
        return [Addition(*counter, delta, least) for counter, (delta, least) in self._counters.items()]

    def _add(self, change: CounterChange) -> None:
        deployment = self._deployments.get(change.deployment_key)
        if deployment is None:
            return
        counter = (deployment.id, change.subject, change.kind)
        delta, least = self._counters.get(counter, (0, 0))
        self._counters[counter] = (delta + change.delta, max(0, least + change.delta))

    def _device(self, report: StatusReport, key: str | None) -> Device | None:
        """Return how a device that names itself is known in a deployment; its id itself is never stored."""
        deployment = self._deployments.get(key) if key else None
        if deployment is None or not report.client_unique_id:
            return None
        name = report.client_unique_id.encode("utf-8", "surrogatepass")
        return deployment.id, hmac.digest(deployment.device_key, name, hashlib.sha256)


def _origin(report: StatusReport) -> str | None:
    return metrics.other_deployment_key(report)


def _keys(report: StatusReport) -> list[str]:
    """Return the keys of the deployments that a report speaks of."""
    origin = _origin(report)
    return [report.deployment_key, origin] if origin else [report.deployment_key]
