"""Devices, and the counters that follow from what they run."""

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
"""What is counted; ``codepush.rules.metrics`` tells what each means."""


STANDING: Final[frozenset[CounterKind]] = frozenset({"active", "anonymous"})
"""The kinds that tell how many there are now; the others tell how often something happened."""


Device: TypeAlias = tuple[int, bytes]
"""A device as a deployment knows it: the deployment's id, and the keyed hash of the device's own."""


class DeviceRecord(Struct, frozen=True):
    """What a deployment remembers of a device. Times are milliseconds since 1970.

    Attributes:
        subject: The label or binary version that it last ran; empty if it runs nothing there, as far as is known.
        known_since: When it was first remembered; ``None``: before this was recorded.
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
    """A change of a counter: what is added to it, and how much there is in it afterwards at least.

    A row of additions none of which may bring the counter below zero is one addition: ``least`` then
    tells how far the last ones brought it up again from there.
    """

    deployment_id: int
    subject: str
    kind: CounterKind
    delta: int
    least: int = 0


class Named(Struct, frozen=True):
    """What reports about a deployment name: binary versions, and labels by their numbers."""

    versions: frozenset[str] = frozenset()
    labels: frozenset[int] = frozenset()


class LabelRecord(Struct, frozen=True, kw_only=True):
    """What counting has to know of a label. Times are milliseconds since 1970.

    Attributes:
        released_at: When it was released.
        percent: Its percentage, if it has a rollout plan and is below 100 percent.
        evidence_since: When its evidence began, if it has a rollout plan.

    """

    released_at: int
    percent: int | None = None
    evidence_since: int | None = None


class Countable(Struct, frozen=True):
    """What can be counted in a deployment.

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
    """One counter of a deployment: of a label or binary version (``subject``), and of what (``kind``)."""

    subject: str
    kind: CounterKind
    value: int


class Devices(Protocol):
    """What devices last ran, and the counters that follow from it."""

    async def lock(self, deployment_ids: Collection[int]) -> None:
        """Keep every other writer away from these deployments' devices and counters until the transaction ends.

        A caller that needs several deployments locks all of them with one call. Removing a deployment takes the lock
        too, so that it never interferes with a writer.
        """

    async def remembered(self, asked: Collection[Device]) -> dict[Device, DeviceRecord]:
        """Return what is remembered of each of these devices, of those that are remembered."""

    async def countable(self, asked: Mapping[int, Named]) -> dict[int, Countable]:
        """Return what can be counted in each of these deployments that exists, of what reports about it name.

        It stays so until the transaction ends if the deployments are locked (:meth:`lock`).
        """

    async def remember(self, devices: Mapping[Device, DeviceRecord], *, at: int) -> None:
        """Remember devices as they are now. Since when one is known stays as it is for one that is remembered."""

    async def idle(self, *, until: int, after: Device | None = None, limit: int) -> Sequence[Device]:
        """Return devices that run nothing and were last changed before this moment, in order, above a device."""

    async def forget(self, idle: Collection[Device], *, until: int) -> None:
        """Forget those of these devices that still run nothing and were last changed before this moment."""

    async def count(self, additions: Sequence[Addition], *, hour: int) -> None:
        """Add to counters, at most once to each, and to what is kept of the hour that begins at ``hour``."""

    async def counters(self, deployment_id: int) -> Sequence[CounterRecord]:
        """Return a deployment's counters."""

    async def clear(self, deployment_id: int) -> None:
        """Forget a deployment's devices and counters."""
