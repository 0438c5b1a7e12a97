"""The numbers for Prometheus, made from the counters when somebody asks, in a registry of their own.

Which there are, and what to watch, is in ``docs/observability.md``.
"""

from __future__ import annotations

import platform
import time
from importlib.metadata import version
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily as Counter,
    GaugeMetricFamily as Gauge,
    HistogramMetricFamily as Histogram,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from codepush.server.counters import BOUNDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from prometheus_client.core import Metric

    from codepush.server.counters import Counters, Durations, Requests
    from codepush.server.services.upkeep.overview import Seen

__all__ = ["exposed"]

_VERSION: Final = version("codepush")
_BOUNDS: Final = (*map(str, BOUNDS), "+Inf")


def exposed(seen: Seen) -> tuple[bytes, str]:
    """Return all numbers as Prometheus reads them, and the content type of that."""
    registry = CollectorRegistry()
    registry.register(_Collector(seen))
    return generate_latest(registry), CONTENT_TYPE_LATEST


class _Collector:
    """What was seen, as Prometheus wants it."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        seen, counters = self._seen, self._seen.counters
        yield _gauge("codepush_build_info", "The version.", [({"version": _VERSION, "python": _python()}, 1)])
        yield _gauge("codepush_workers", "Processes that are serving.", [({}, seen.workers)])
        yield from _checks(counters)
        yield from _reports(counters)
        yield from _snapshots(counters)
        yield from _management(counters.management)
        yield from _releases(counters)
        yield from _jobs(seen)
        yield from _failures(seen)


def _checks(counters: Counters) -> Iterator[Metric]:
    roads = {"fast": counters.fast, "ordinary": counters.ordinary}
    yield _counter(
        "codepush_update_checks",
        "Update checks, by how they were answered and what phones were told.",
        (
            ({"road": road, "told": told}, getattr(checks, told))
            for road, checks in roads.items()
            for told in ("update", "none", "unknown_key", "refused")
        ),
    )
    yield _counter(
        "codepush_update_checks_unavailable",
        "Update checks told that there is no update, because the database could not be asked.",
        [({}, sum(checks.unavailable for checks in roads.values()))],
    )


def _reports(counters: Counters) -> Iterator[Metric]:
    reports = counters.reports
    yield _counter(
        "codepush_reports",
        "Status reports: taken are on disk, refused were wrong, unavailable have to be sent again.",
        (({"outcome": name}, getattr(reports, name)) for name in ("taken", "refused", "unavailable")),
    )
    yield _histogram("codepush_report_commit_seconds", "Commits of reports, each of a batch.", [({}, reports.commits)])


def _snapshots(counters: Counters) -> Iterator[Metric]:
    snapshots, held = counters.snapshots, counters.held
    yield _counter("codepush_snapshot_loads", "Deployments read from the database.", [({}, snapshots.loads)])
    yield _counter("codepush_snapshot_errors", "Deployments that could not be read.", [({}, snapshots.errors)])
    yield _gauge("codepush_snapshots", "Deployments held in memory, by all workers.", [({}, held.deployments)])
    behind = max(0.0, time.time() - held.behind_since) if held.behind_since else 0.0
    yield _gauge(
        "codepush_snapshots_behind_seconds",
        "For how long the database has not told what has changed, so that phones may get old answers.",
        [({}, behind)],
    )


def _management(management: dict[str, Requests]) -> Iterator[Metric]:
    yield _counter(
        "codepush_management_requests",
        "Management requests, by method, pattern of the path, and status.",
        (
            ({**_labels(name), "status": str(status)}, count)
            for name, requests in management.items()
            for status, count in requests.statuses.items()
        ),
        labels=("method", "route", "status"),
    )
    yield _histogram(
        "codepush_management_request_seconds",
        "How long management requests took.",
        [(_labels(name), requests.durations) for name, requests in management.items()],
        labels=("method", "route"),
    )


def _releases(counters: Counters) -> Iterator[Metric]:
    made, downloads = counters.releases, counters.downloads
    yield _counter(
        "codepush_releases",
        "Releases, by how they were made.",
        (({"method": name}, getattr(made, name)) for name in ("uploaded", "promoted", "rolled_back")),
    )
    yield _counter("codepush_uploads", "Packages received, released or not.", [({}, made.uploads)])
    yield _counter("codepush_upload_bytes", "Their bytes.", [({}, made.upload_bytes)])
    yield _counter(
        "codepush_downloads",
        "Requests for archives: served by this server, redirected to where they are, or missing.",
        (({"outcome": name}, getattr(downloads, name)) for name in ("served", "redirected", "missing")),
    )


def _jobs(seen: Seen) -> Iterator[Metric]:
    done = seen.counters.jobs
    if seen.jobs is not None:
        states = {"waiting": seen.jobs.waiting, "running": seen.jobs.running, "failed": seen.jobs.failed}
        yield _gauge("codepush_jobs", "Jobs in the database.", [({"state": name}, n) for name, n in states.items()])
        yield _gauge("codepush_oldest_job_seconds", "Since the oldest of those not done.", [({}, seen.oldest_seconds)])
    yield _counter(
        "codepush_job_attempts",
        "Attempts at jobs.",
        (({"outcome": name}, getattr(done, name)) for name in ("done", "failed")),
    )
    yield _histogram("codepush_job_seconds", "How long attempts took.", [({}, done.durations)])


def _failures(seen: Seen) -> Iterator[Metric]:
    failures = seen.counters.failures
    yield _counter(
        "codepush_failures",
        "Times that the database or the blob store could not do its work, or the server itself failed.",
        (({"of": name}, getattr(failures, name)) for name in ("database", "storage", "unexpected")),
    )
    yield _gauge("codepush_database_up", "Whether the database answered just now.", [({}, int(seen.jobs is not None))])


def _counter(
    name: str, about: str, values: Iterable[tuple[dict[str, str], float]], *, labels: Sequence[str] | None = None
) -> Metric:
    return _filled(Counter, name, about, list(values), labels)


def _gauge(name: str, about: str, values: Iterable[tuple[dict[str, str], float]]) -> Metric:
    return _filled(Gauge, name, about, list(values), None)


def _filled(
    kind: type[Counter | Gauge],
    name: str,
    about: str,
    values: Sequence[tuple[dict[str, str], float]],
    labels: Sequence[str] | None,
) -> Metric:
    family = kind(name, about, labels=labels or list(values[0][0]))
    for having, value in values:
        family.add_metric(list(having.values()), value)
    return family


def _histogram(
    name: str, about: str, values: Sequence[tuple[dict[str, str], Durations]], *, labels: Sequence[str] = ()
) -> Metric:
    family = Histogram(name, about, labels=labels)
    for having, durations in values:
        buckets = list(zip(_BOUNDS, accumulate(durations.counts), strict=True))
        family.add_metric(list(having.values()), buckets, durations.seconds)
    return family


def _labels(name: str) -> dict[str, str]:
    method, _, pattern = name.partition(" ")
    return {"method": method, "route": pattern}


def _python() -> str:
    return platform.python_version()
