"""Counters of one process since its start, for monitoring.

They are plain integers on plain objects. A component holds the object that it adds to, so counting never waits, never
fails and needs no lock: everything runs on one event loop. The objects are messages as well: workers exchange them as
JSON, and :func:`total` adds them up.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, Final

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "BOUNDS",
    "Checks",
    "Counters",
    "Downloads",
    "Durations",
    "Failures",
    "HaltTimes",
    "Held",
    "Jobs",
    "Releases",
    "Reports",
    "Requests",
    "Rollouts",
    "Snapshots",
    "total",
]

BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the histogram's buckets, in seconds."""

_HALT_BOUNDS: Final = (60.0, 300.0, 900.0, 3_600.0, 14_400.0, 43_200.0, 86_400.0, 259_200.0, 604_800.0)


class Durations(Struct):
    """A histogram: the number of durations in each bucket of ``bounds`` and beyond, and their sum in seconds."""

    bounds: ClassVar[tuple[float, ...]] = BOUNDS

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.seconds += seconds


class HaltTimes(Durations):
    """A histogram of times from the first failure of a release to its halt."""

    bounds: ClassVar[tuple[float, ...]] = _HALT_BOUNDS

    counts: list[int] = field(default_factory=lambda: [0] * (len(_HALT_BOUNDS) + 1))


class Checks(Struct):
    """Update checks by result.

    Attributes:
        update: An update to download.
        none: No update, or one that the app store provides.
        unknown_key: Status 404.
        rejected: Status 400.
        unavailable: No update because the database was unavailable; counted in ``none`` as well.
    """

    update: int = 0
    none: int = 0
    unknown_key: int = 0
    rejected: int = 0
    unavailable: int = 0


class Reports(Struct):
    """Status reports by outcome, and the commits of their batches.

    Attributes:
        accepted: Stored on disk.
        rejected: Invalid.
        unavailable: Not stored; the device sends them again.
        commits: Durations of the commits.
    """

    accepted: int = 0
    rejected: int = 0
    unavailable: int = 0
    commits: Durations = field(default_factory=Durations)


class Snapshots(Struct):
    """Reads of a deployment's releases from the database, and failed reads."""

    loads: int = 0
    errors: int = 0


class Held(Struct):
    """Current state of a process's snapshots.

    Attributes:
        deployments: Number of deployments in memory.
        behind_since: Time of the last sync with the database, as :func:`time.time`; 0 when up to date.
    """

    deployments: int = 0
    behind_since: float = 0.0


class Requests(Struct):
    """Requests of one route: their number by status, and their durations."""

    statuses: dict[int, int] = field(default_factory=dict)
    durations: Durations = field(default_factory=Durations)

    def add(self, status: int, seconds: float) -> None:
        """Count one request."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.durations.add(seconds)


class Releases(Struct):
    """Releases by method, and the uploads received."""

    uploaded: int = 0
    promoted: int = 0
    rolled_back: int = 0
    uploads: int = 0
    upload_bytes: int = 0

    def add(self, kinds: Iterable[str]) -> None:
        """Count the releases among the kinds of audit lines of a change."""
        for kind in kinds:
            match kind:
                case "release.upload":
                    self.uploaded += 1
                case "release.promote":
                    self.promoted += 1
                case "release.rollback":
                    self.rolled_back += 1


class Downloads(Struct):
    """Requests for archives: served, redirected to the object store, or missing."""

    served: int = 0
    redirected: int = 0
    missing: int = 0


class Jobs(Struct):
    """Attempts at background jobs, and their durations."""

    done: int = 0
    failed: int = 0
    durations: Durations = field(default_factory=Durations)


class Rollouts(Struct):
    """Looks at rollouts with a plan.

    Attributes:
        halts: Times from the first failure that counts, dated by its download, to the halt that this process decided.
        looked_at: Time of the last complete look, as :func:`time.time`; 0 before the first.
    """

    halts: HaltTimes = field(default_factory=HaltTimes)
    looked_at: float = 0.0


class Failures(Struct):
    """Failures by component: the database, the blob store, or the server itself."""

    database: int = 0
    storage: int = 0
    server: int = 0


class Counters(Struct):
    """All counters of a process.

    Attributes:
        fast: Update checks on the fast path.
        standard: Update checks on the standard path.
        management: Requests by method and pattern of the route, such as ``GET /apps/{app}``.
    """

    fast: Checks = field(default_factory=Checks)
    standard: Checks = field(default_factory=Checks)
    reports: Reports = field(default_factory=Reports)
    snapshots: Snapshots = field(default_factory=Snapshots)
    held: Held = field(default_factory=Held)
    management: dict[str, Requests] = field(default_factory=dict)
    releases: Releases = field(default_factory=Releases)
    downloads: Downloads = field(default_factory=Downloads)
    jobs: Jobs = field(default_factory=Jobs)
    rollouts: Rollouts = field(default_factory=Rollouts)
    failures: Failures = field(default_factory=Failures)

    def requests(self, route: str) -> Requests:
        """Return the counters of a route, created on first use."""
        return self.management.setdefault(route, Requests())


def total(running: Iterable[Counters], ended: Iterable[Counters] = ()) -> Counters:
    """Return the sum of the counters of several processes.

    ``held`` covers the running processes only; its ``behind_since`` is that of the process furthest behind. The last
    look at rollouts is that of any running process, since one process is enough.

    Args:
        running: Counters of the processes that run.
        ended: Counters of the processes that have ended.
    """
    here = tuple(running)
    added: Counters = _sum([Counters(), *here, *ended])
    added.held = Held(
        deployments=sum(one.held.deployments for one in here),
        behind_since=min((one.held.behind_since for one in here if one.held.behind_since), default=0.0),
    )
    added.rollouts.looked_at = max((one.rollouts.looked_at for one in here), default=0.0)
    return added


def _sum(values: Sequence[Any]) -> Any:  # noqa: ANN401 - any type of an attribute above
    """Add up values of one type: numbers, or structs, lists and dictionaries of numbers, field by field."""
    first = values[0]
    if isinstance(first, Struct):
        return type(first)(*(_sum([getattr(one, name) for one in values]) for name in first.__struct_fields__))
    if isinstance(first, dict):
        return {key: _sum([one[key] for one in values if key in one]) for key in dict.fromkeys(chain(*values))}
    if isinstance(first, list):
        return [_sum(column) for column in zip(*values, strict=True)]
    return sum(values)
