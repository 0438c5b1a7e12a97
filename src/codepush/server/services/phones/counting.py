"""Counting reports: many at a time, with the same result as one after the other.

The stored state of a batch's devices is read at once; the rules are applied in memory, report by report; and the
changes are written at once.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from msgspec import Struct
from msgspec.structs import asdict, astuple, replace

from codepush.models import StatusReport
from codepush.rules import metrics, trials
from codepush.rules.labels import is_label, label, number
from codepush.rules.series import HOUR, start_of
from codepush.rules.subjects import Subjects
from codepush.rules.trials import Trial, TrialChange, TriedLabel
from codepush.server.ports.devices import Addition, DeviceRecord, Named
from codepush.server.ports.trials import TrialAddition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codepush.rules.metrics import CounterChange, CounterKind
    from codepush.rules.trials import TrialCount
    from codepush.server.ports.deployments import DeploymentRecord
    from codepush.server.ports.devices import Countable, Device
    from codepush.server.ports.store import Records
    from codepush.server.ports.trials import Label
    from codepush.server.services.phones.new_devices import Admissions

    _Counter: TypeAlias = tuple[int, str, CounterKind]

__all__ = ["Arrival", "count"]


class Arrival(Struct, frozen=True):
    """A report as :func:`codepush.rules.reports.countable` returns it, and the address that limits count it under."""

    report: StatusReport
    address: str | None = None


async def count(records: Records, arrivals: Sequence[Arrival], admissions: Admissions, *, at: int) -> None:
    """Apply reports to devices and counters in their order, as ``docs/device-states.md`` defines.

    Reports of deployments that do not exist count for nothing, and neither do labels that were not released.

    Args:
        records: The records, in a transaction that writes.
        arrivals: The reports.
        admissions: Decides which new devices are stored.
        at: The time, in milliseconds since 1970.

    """
    found = await records.deployments.with_keys({key for one in arrivals for key in _keys(one.report)})
    if not found:
        return
    await records.devices.lock([one.id for one in found])
    # Read under the lock: a history that is cleared meanwhile has no labels, and every writer sees the same versions.
    countable = await records.devices.countable(_named(found, arrivals))
    batch = _Batch([one for one in found if one.id in countable], countable, arrivals, at=at)
    batch.apply(await records.devices.remembered(batch.devices()), admissions)
    await records.devices.remember(batch.changed, at=at)
    await records.devices.count(batch.additions(), hour=start_of(HOUR, at))
    await records.trials.add(batch.trials())


class _Sent(NamedTuple):
    """A report, and its device in the report's deployment and in the other one that it names."""

    report: StatusReport
    here: Device | None = None
    there: Device | None = None
    address: str | None = None


_UNKNOWN: Final = DeviceRecord()
_NO_TRIAL: Final = TrialChange()


class _Batch:
    """The changes of a batch of reports: devices (``changed``), counters and trials."""

    def __init__(
        self,
        deployments: Sequence[DeploymentRecord],
        countable: Mapping[int, Countable],
        arrivals: Sequence[Arrival],
        *,
        at: int,
    ) -> None:
        self._at = at
        self._deployments = {one.key: one for one in deployments}
        self._subjects = {one.key: _subjects(countable[one.id]) for one in deployments}
        self._labels = {
            (one.key, label(number)): TriedLabel(number=number, **asdict(facts))
            for one in deployments
            for number, facts in countable[one.id].labels.items()
        }
        self._sent = [
            _Sent(report, self._device(report, report.deployment_key), self._device(report, _origin(report)), address)
            for report, address in ((one.report, one.address) for one in arrivals)
        ]
        self._devices: dict[Device, DeviceRecord] = {}
        self._counters: dict[_Counter, tuple[int, int]] = {}
        self._trials: Counter[tuple[Label, TrialCount]] = Counter()
        self.changed: dict[Device, DeviceRecord] = {}

    def devices(self) -> set[Device]:
        """Return the devices whose stored state matters."""
        return {device for one in self._sent for device in (one.here, one.there) if device}

    def apply(self, remembered: Mapping[Device, DeviceRecord], admissions: Admissions) -> None:
        """Apply the rules to every report, given the state of devices before the first one."""
        self._devices = dict(remembered)
        for sent in self._sent:
            report = self._countable(sent.report)
            if report is None:
                continue
            if sent.here and sent.here not in self._devices and not admissions.admit(sent.address):
                self._apply(_Sent(replace(report, client_unique_id=None)))
            else:
                self._apply(sent._replace(report=report))

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
        before = self._devices.get(here, _UNKNOWN) if here else _UNKNOWN
        elsewhere = self._devices.get(there, _UNKNOWN) if there else _UNKNOWN
        tried = self._try(report, before)
        change = metrics.change(
            report,
            runs=before.subject or None,
            ran_elsewhere=elsewhere.subject or None,
            is_repeat=tried.is_repeat,
        )
        if here and (change.remember or tried.trial):
            self._remember(here, before, change.remember, tried.trial)
        if there and change.is_moved:
            self.changed[there] = self._devices[there] = replace(elsewhere, subject="")
        for counter in change.counters:
            self._add(counter)

    def _try(self, report: StatusReport, device: DeviceRecord) -> TrialChange:
        """Count a trial; return its changes."""
        tried = self._labels.get((report.deployment_key, report.label or ""))
        if tried is None:
            return _NO_TRIAL
        trial = None if device.trial is None else Trial(device.trial, device.trial_at, device.outcome)
        is_known = device is not _UNKNOWN and (device.known_since is None or device.known_since < tried.released_at)
        change = trials.change(report, trial, tried, is_known=is_known, at=self._at)
        if change.count:
            deployment = self._deployments[report.deployment_key]
            self._trials[(deployment.id, tried.number), change.count] += 1
        return change

    def _remember(self, device: Device, before: DeviceRecord, subject: str | None, trial: Trial | None) -> None:
        """Record what a device runs and tries; ``None``: as before."""
        self.changed[device] = self._devices[device] = DeviceRecord(
            subject or before.subject,
            self._at if before is _UNKNOWN else before.known_since,
            *((before.trial, before.trial_at, before.outcome) if trial is None else astuple(trial)),
        )

    def additions(self) -> list[Addition]:
        """Return the addition to each counter."""
        return [Addition(*counter, delta, least) for counter, (delta, least) in self._counters.items()]

    def trials(self) -> list[TrialAddition]:
        """Return the additions to cohorts of trials."""
        return [
            TrialAddition(*label, one.cohort_at, one.kind, one.age, one.standing, value)
            for (label, one), value in self._trials.items()
        ]

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
        """Return a device that sends an ID, as known to a deployment; the ID itself is never stored."""
        deployment = self._deployments.get(key) if key else None
        if deployment is None or not report.client_unique_id:
            return None
        name = report.client_unique_id.encode("utf-8", "surrogatepass")
        return deployment.id, hmac.digest(deployment.device_key, name, hashlib.sha256)


def _origin(report: StatusReport) -> str | None:
    return metrics.other_deployment_key(report)


def _keys(report: StatusReport) -> list[str]:
    """Return the keys of the deployments that a report names."""
    origin = _origin(report)
    return [report.deployment_key, origin] if origin else [report.deployment_key]


def _named(deployments: Sequence[DeploymentRecord], arrivals: Sequence[Arrival]) -> dict[int, Named]:
    """Return the binary versions and labels that reports name, by deployment."""
    versions: dict[str, set[str]] = {one.key: set() for one in deployments}
    labels: dict[str, set[str]] = {one.key: set() for one in deployments}
    for report in (one.report for one in arrivals):
        if report.deployment_key in versions:
            both = (None if report.label else report.app_version, report.previous_label_or_app_version)
            versions[report.deployment_key].update(text for text in both if text and not is_label(text))
            labels[report.deployment_key].update([report.label] if report.label else [])
    return {one.id: Named(frozenset(versions[one.key]), frozenset(map(number, labels[one.key]))) for one in deployments}


def _subjects(countable: Countable) -> Subjects:
    return Subjects(countable.released, countable.versions, countable.version_count)
