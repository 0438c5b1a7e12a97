"""Counting reports: many at a time, with the same result as one after the other.

What the devices of a batch are remembered to run is read at once; the rules are applied in memory,
report by report; and what has changed in the end is written at once.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from msgspec import Struct
from msgspec.structs import astuple, replace

from codepush.models import StatusReport
from codepush.rules import metrics
from codepush.rules.labels import is_label
from codepush.rules.series import HOUR, start_of
from codepush.rules.subjects import Subjects
from codepush.server.ports.devices import Addition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codepush.rules.metrics import CounterChange, CounterKind
    from codepush.server.ports.deployments import DeploymentRecord
    from codepush.server.ports.devices import Countable, Device
    from codepush.server.ports.store import Records
    from codepush.server.services.phones.new_devices import Admissions

    _Counter: TypeAlias = tuple[int, str, CounterKind]

__all__ = ["Arrival", "count"]


class Arrival(Struct, frozen=True):
    """A report as :func:`codepush.rules.reports.countable` returns it, and the address that limits count it under."""

    report: StatusReport
    address: str | None = None


async def count(records: Records, arrivals: Sequence[Arrival], admissions: Admissions, *, at: int) -> None:
    """Change what reports change (``docs/device-states.md``), in their order.

    What they say of deployments that do not exist counts for nothing, and so does a label that was not released.

    Args:
        records: the records, in a transaction that writes.
        arrivals: the reports.
        admissions: Decides which new devices are remembered.
        at: the time, in milliseconds since 1970.

    """
    found = await records.deployments.with_keys({key for one in arrivals for key in _keys(one.report)})
    if not found:
        return
    await records.devices.lock([one.id for one in found])
    # Read under the lock: a history that is cleared meanwhile has no labels, and every writer sees the same versions.
    countable = await records.devices.countable(_versions(found, arrivals))
    batch = _Batch([one for one in found if one.id in countable], countable, arrivals)
    batch.apply(await records.devices.remembered(batch.devices()), admissions)
    await records.devices.remember(batch.running, at=at)
    await records.devices.forget(batch.gone)
    await records.devices.count(batch.additions(), hour=start_of(HOUR, at))


class _Sent(NamedTuple):
    """A report, and how its device is known in the report's deployment and in the other one that it names."""

    report: StatusReport
    here: Device | None = None
    there: Device | None = None
    address: str | None = None


class _Batch:
    """What reports change: ``running`` devices to be remembered, those that are ``gone``, and counters."""

    def __init__(
        self, deployments: Sequence[DeploymentRecord], countable: Mapping[int, Countable], arrivals: Sequence[Arrival]
    ) -> None:
        self._deployments = {one.key: one for one in deployments}
        self._subjects = {one.key: Subjects(*astuple(countable[one.id])) for one in deployments}
        self._sent = [
            _Sent(report, self._device(report, report.deployment_key), self._device(report, _origin(report)), address)
            for report, address in ((one.report, one.address) for one in arrivals)
        ]
        self._runs: dict[Device, str] = {}
        self._counters: dict[_Counter, tuple[int, int]] = {}
        self.running: dict[Device, str] = {}
        self.gone: set[Device] = set()

    def devices(self) -> set[Device]:
        """Return the devices of which it matters what they are remembered to run."""
        return {device for one in self._sent for device in (one.here, one.there) if device}

    def apply(self, remembered: Mapping[Device, str], admissions: Admissions) -> None:
        """Apply the rules to every report, given what devices were remembered to run before the first one."""
        self._runs = dict(remembered)
        for sent in self._sent:
            report = self._countable(sent.report)
            if report is None:
                continue
            if self._is_new(sent) and not admissions.admit(sent.address):
                self._apply(_Sent(replace(report, client_unique_id=None)))
            else:
                self._apply(sent._replace(report=report))

    def _is_new(self, sent: _Sent) -> bool:
        return sent.here is not None and sent.here not in self._runs and metrics.is_arrival(sent.report)

    def _countable(self, report: StatusReport) -> StatusReport | None:
        """Return a report with the subjects of its deployment's counters; ``None`` if it does not count there."""
        subjects = self._subjects.get(report.deployment_key)
        if subjects is None:
            return report  # it counts for nothing here, but its device may have left another deployment
        subject = subjects.of(report.label or report.app_version)
        previous = subjects.of(report.previous_label_or_app_version)
        if subject is None:
            return None
        if previous and previous != subject and not subjects.has_counters(previous):
            previous = None
        version = report.app_version if report.label else subject
        if (version, previous) == (report.app_version, report.previous_label_or_app_version):
            return report
        return replace(report, app_version=version, previous_label_or_app_version=previous)

    def _apply(self, sent: _Sent) -> None:
        report, here, there, _ = sent
        change = metrics.change(
            report, runs=self._runs.get(here) if here else None, ran_elsewhere=self._runs.get(there) if there else None
        )
        if here and change.remember:
            self.running[here] = self._runs[here] = change.remember
            self.gone.discard(here)
        if there and change.is_moved:
            del self._runs[there]
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
        if change.delta > 0:
            self._subjects[deployment.key].use(change.subject)
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


def _versions(deployments: Sequence[DeploymentRecord], arrivals: Sequence[Arrival]) -> Mapping[int, set[str]]:
    """Return the binary versions that reports name, by deployment."""
    ids = {one.key: one.id for one in deployments}
    named: dict[int, set[str]] = {one: set() for one in ids.values()}
    for report in (one.report for one in arrivals):
        if (deployment_id := ids.get(report.deployment_key)) is not None:
            both = (None if report.label else report.app_version, report.previous_label_or_app_version)
            named[deployment_id].update(text for text in both if text and not is_label(text))
    return named
