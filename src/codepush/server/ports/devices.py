"""Devices, and the counters derived from what they run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

from msgspec import Struct

from codepush.insight_models import TrialOutcome

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = [
    "STANDING",
    "Addition",
    "Countable",
    "CounterKind",
    "CounterRecord",
    "Device",
    "DeviceRecord",
    "Devices",
    "LabelRecord",
    "Named",
]


CounterKind: TypeAlias = Literal["active", "anonymous", "downloaded", "failed", "installed"]
"""What is counted; ``codepush.rules.metrics`` defines each kind."""


STANDING: Final[frozenset[CounterKind]] = frozenset({"active", "anonymous"})
"""The kinds that are current numbers; the others count events."""


Device: TypeAlias = tuple[int, bytes]
"""A device of a deployment: the deployment's ID, and the keyed hash of the device's own ID."""


class DeviceRecord(Struct, frozen=True):
    """The stored state of a device in a deployment. Times are milliseconds since 1970.

    Attributes:
        subject: The label or binary version that it last ran; empty if it is not known to run any.
        known_since: When it was first stored; ``None``: before this was recorded.
        trial: The number of the label of its last trial.
        trial_at: When it downloaded that, if it reported so.
        outcome: ``bad`` once it reported a failure of it, else ``ok`` once it reported success.

    """

    subject: str = ""
    known_since: int | None = None
    trial: int | None = None
    trial_at: int | None = None
    outcome: TrialOutcome | None = None


class Addition(Struct, frozen=True):
    """A change of a counter: the number to add, and the least value of the counter afterwards.

    Several additions, none of which lets the counter fall below zero, combine into one: ``least`` is then the sum
    of those after its lowest point.
    """

    deployment_id: int
    subject: str
    kind: CounterKind
    delta: int
    least: int = 0


class Named(Struct, frozen=True):
    """The names in reports about a deployment: binary versions, and labels by their numbers."""

    versions: frozenset[str] = frozenset()
    labels: frozenset[int] = frozenset()


class LabelRecord(Struct, frozen=True, kw_only=True):
    """What counting needs of a label. Times are milliseconds since 1970.

    Attributes:
        released_at: When it was released.
        percent: Its percentage, if it has a rollout plan and is below 100 percent.
        evidence_since: When its evidence began, if it has a rollout plan.

    """

    released_at: int
    percent: int | None = None
    evidence_since: int | None = None


class Countable(Struct, frozen=True):
    """The part of a report's names that can be counted in a deployment.

    Attributes:
        released: The number of its newest label.
        labels: Those of the labels named that were released, by number.
        versions: Those of the binary versions named that have counters.
        version_count: How many binary versions have counters; 0 if every version named has.

    """

    released: int
    labels: Mapping[int, LabelRecord] = {}
    versions: frozenset[str] = frozenset()
    version_count: int = 0


class CounterRecord(Struct, frozen=True, kw_only=True):
    """One counter of a deployment: its label or binary version (``subject``), and its ``kind``."""

    subject: str
    kind: CounterKind
    value: int


class Devices(Protocol):
    """Records of devices, and the counters derived from what they run."""

    async def lock(self, deployment_ids: Collection[int]) -> None:
        """Lock the devices and counters of these deployments until the transaction ends.

        A caller that needs several deployments locks all of them with one call. Removing a deployment takes the lock
        too, so that it never interferes with a writer.
        """

    async def remembered(self, asked: Collection[Device]) -> dict[Device, DeviceRecord]:
        """Return the records of those of these devices that have one."""

    async def countable(self, asked: Mapping[int, Named]) -> dict[int, Countable]:
        """Return what can be counted in each of these deployments that exists, of the names in reports about it.

        If the deployments are locked (:meth:`lock`), it stays the same until the transaction ends.
        """

    async def remember(self, devices: Mapping[Device, DeviceRecord], *, at: int) -> None:
        """Store the state of devices. ``known_since`` of a stored device does not change."""

    async def idle(self, *, until: int, after: Device | None = None, limit: int) -> Sequence[Device]:
        """Return devices that run nothing and last changed before ``until``, in order, after a device."""

    async def forget(self, idle: Collection[Device], *, until: int) -> None:
        """Delete those of these devices that still run nothing and last changed before ``until``."""

    async def count(self, additions: Sequence[Addition], *, hour: int) -> None:
        """Add to counters, at most once to each, and to the hour that begins at ``hour``."""

    async def counters(self, deployment_id: int) -> Sequence[CounterRecord]:
        """Return a deployment's counters."""

    async def clear(self, deployment_id: int) -> None:
        """Delete a deployment's devices and counters."""
