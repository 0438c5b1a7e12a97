"""What one process has counted since it started, for those who watch the server.

Plain integers on plain objects: a part that counts holds the object it adds to, and an addition costs
next to nothing. Nobody looks at them but whoever asks for the numbers, so counting never waits, never
fails and needs no lock (everything happens on one event loop). The objects are messages as well: what
several processes have counted is sent as JSON and added up by :func:`total`.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

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
    "Held",
    "Jobs",
    "Releases",
    "Reports",
    "Requests",
    "Snapshots",
    "total",
]

BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Seconds up to which durations are counted together."""


class Durations(Struct):
    """How long something took, each time: how often up to each of :data:`BOUNDS` and beyond, and the sum in seconds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


class Checks(Struct):
    """Update checks, by what phones were told.

    ``update`` is an update to load, ``none`` anything else that a deployment's releases say, ``unknown_key``
    a 404, ``refused`` a 400. ``unavailable`` are those told that there is no update because the database
    could not be asked; they are counted in ``none`` as well.
    """

    update: int = 0
    none: int = 0
    unknown_key: int = 0
    refused: int = 0
    unavailable: int = 0


class Reports(Struct):
    """Status reports: on disk, refused as wrong, or not stored (to be sent again); and the commits of their batches."""

    taken: int = 0
    refused: int = 0
    unavailable: int = 0
    commits: Durations = field(default_factory=Durations)


class Snapshots(Struct):
    """How often a deployment's releases were read to answer checks from, and how often they could not be read."""

    loads: int = 0
    errors: int = 0


class Held(Struct):
    """What a process holds now: how many deployments, and since when it has not been able to find out what changed.

    ``behind_since`` is a :func:`time.time`; 0: it is up to date.
    """

    deployments: int = 0
    behind_since: float = 0.0


class Requests(Struct):
    """Requests of one route: how many got each status, and how long all of them took."""

    statuses: dict[int, int] = field(default_factory=dict)
    durations: Durations = field(default_factory=Durations)

    def add(self, status: int, seconds: float) -> None:
        """Count one."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.durations.add(seconds)


class Releases(Struct):
    """Releases by how they were made, and what was received for uploaded ones."""

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
    """Requests for archives: answered with one, sent on to where it is, or not found."""

    served: int = 0
    redirected: int = 0
    missing: int = 0


class Jobs(Struct):
    """Attempts at jobs in the background, and how long they took."""

    done: int = 0
    failed: int = 0
    durations: Durations = field(default_factory=Durations)


class Failures(Struct):
    """How often the database or the blob store could not do its work, and how often the server itself failed."""

    database: int = 0
    storage: int = 0
    unexpected: int = 0


class Counters(Struct):
    """All that a process counts.

    ``fast`` are the update checks answered straight from the protocol, ``ordinary`` those that took the way
    of every other request. ``management`` is by method and pattern of the route, such as ``GET /apps/{app}``.
    """

    fast: Checks = field(default_factory=Checks)
    ordinary: Checks = field(default_factory=Checks)
    reports: Reports = field(default_factory=Reports)
    snapshots: Snapshots = field(default_factory=Snapshots)
    held: Held = field(default_factory=Held)
    management: dict[str, Requests] = field(default_factory=dict)
    releases: Releases = field(default_factory=Releases)
    downloads: Downloads = field(default_factory=Downloads)
    jobs: Jobs = field(default_factory=Jobs)
    failures: Failures = field(default_factory=Failures)

    def requests(self, route: str) -> Requests:
        """Return what is counted of a route, from now on if it was not before."""
        return self.management.setdefault(route, Requests())


def total(running: Iterable[Counters], ended: Iterable[Counters] = ()) -> Counters:
    """Return what several processes have counted together.

    Of those that have ended, what they did still counts, and what they held does not. How far they are behind is
    told by the process that is furthest behind.
    """
    here = tuple(running)
    added: Counters = _sum([Counters(), *here, *ended])
    added.held = Held(
        deployments=sum(one.held.deployments for one in here),
        behind_since=min((one.held.behind_since for one in here if one.held.behind_since), default=0.0),
    )
    return added


def _sum(values: Sequence[Any]) -> Any:  # noqa: ANN401 - whatever an attribute above is
    """Add up values of one kind: numbers, or numbers at the same places of structs, lists and dictionaries."""
    first = values[0]
    if isinstance(first, Struct):
        return type(first)(*(_sum([getattr(one, name) for one in values]) for name in first.__struct_fields__))
    if isinstance(first, dict):
        return {key: _sum([one[key] for one in values if key in one]) for key in dict.fromkeys(chain(*values))}
    if isinstance(first, list):
        return [_sum(places) for places in zip(*values, strict=True)]
    return sum(values)
