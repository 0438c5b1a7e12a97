"""Metrics in Prometheus' text format, built from the counters on each request, in a separate registry.

``docs/observability.md`` lists the metrics and recommends alerts.
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

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from prometheus_client.core import Metric

    from codepush.server.counters import Counters, Durations, Requests
    from codepush.server.services.upkeep.overview import Seen

__all__ = ["exposed"]

_VERSION: Final = version("codepush")


def exposed(seen: Seen) -> tuple[bytes, str]:
    """Return all metrics in Prometheus' text format, and its content type."""
    registry = CollectorRegistry()
    registry.register(_Collector(seen))
    return generate_latest(registry), CONTENT_TYPE_LATEST


class _Collector:
    """Collects the metrics of one scrape."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        seen, counters = self._seen, self._seen.counters
        yield _gauge(
            "codepush_build_info",
            "Version of the server and of Python.",
            [({"version": _VERSION, "python": _python()}, 1)],
        )
        yield _gauge("codepush_workers", "Running worker processes.", [({}, seen.workers)])
        yield from _checks(counters)
        yield from _reports(counters)
        yield from _snapshots(counters)
        yield from _management(counters.management)
        yield from _releases(counters)
        yield from _jobs(seen)
        yield from _rollouts(seen)
        yield from _failures(seen)


def _checks(counters: Counters) -> Iterator[Metric]:
    paths = {"fast": counters.fast, "standard": counters.standard}
    yield _counter(
        "codepush_update_checks",
        "Update checks by path and result.",
        (
            ({"path": path, "result": result}, getattr(checks, result))
            for path, checks in paths.items()
            for result in ("update", "none", "unknown_key", "rejected")
        ),
    )
    yield _counter(
        "codepush_update_checks_unavailable",
        "Update checks without an update because the database was unavailable.",
        [({}, sum(checks.unavailable for checks in paths.values()))],
    )


def _reports(counters: Counters) -> Iterator[Metric]:
    reports = counters.reports
    yield _counter(
        "codepush_reports",
        "Status reports: accepted (stored), rejected (invalid) or unavailable (devices send them again).",
        (({"outcome": name}, getattr(reports, name)) for name in ("accepted", "rejected", "unavailable")),
    )
    yield _histogram(
        "codepush_report_commit_seconds", "Duration of commits, each of a batch of reports.", [({}, reports.commits)]
    )


def _snapshots(counters: Counters) -> Iterator[Metric]:
    snapshots, held = counters.snapshots, counters.held
    yield _counter("codepush_snapshot_loads", "Reads of a deployment from the database.", [({}, snapshots.loads)])
    yield _counter("codepush_snapshot_errors", "Failed reads of a deployment.", [({}, snapshots.errors)])
    yield _gauge("codepush_snapshots", "Deployments in memory, over all workers.", [({}, held.deployments)])
    behind = max(0.0, time.time() - held.behind_since) if held.behind_since else 0.0
    yield _gauge(
        "codepush_snapshots_behind_seconds",
        "Seconds since the last sync with the database; 0 when up to date.",
        [({}, behind)],
    )


def _management(management: dict[str, Requests]) -> Iterator[Metric]:
    yield _counter(
        "codepush_management_requests",
        "Management requests by method, route and status.",
        (
            ({**_labels(name), "status": str(status)}, count)
            for name, requests in management.items()
            for status, count in requests.statuses.items()
        ),
        labels=("method", "route", "status"),
    )
    yield _histogram(
        "codepush_management_request_seconds",
        "Duration of management requests.",
        [(_labels(name), requests.durations) for name, requests in management.items()],
        labels=("method", "route"),
    )


def _releases(counters: Counters) -> Iterator[Metric]:
    made, downloads = counters.releases, counters.downloads
    yield _counter(
        "codepush_releases",
        "Releases by method.",
        (({"method": name}, getattr(made, name)) for name in ("uploaded", "promoted", "rolled_back")),
    )
    yield _counter("codepush_uploads", "Packages received.", [({}, made.uploads)])
    yield _counter("codepush_upload_bytes", "Bytes of the packages received.", [({}, made.upload_bytes)])
    yield _counter(
        "codepush_downloads",
        "Requests for archives: served, redirected to the object store, or missing.",
        (({"outcome": name}, getattr(downloads, name)) for name in ("served", "redirected", "missing")),
    )


def _jobs(seen: Seen) -> Iterator[Metric]:
    done = seen.counters.jobs
    if seen.jobs is not None:
        states = {"waiting": seen.jobs.waiting, "running": seen.jobs.running, "failed": seen.jobs.failed}
        yield _gauge("codepush_jobs", "Jobs in the database.", [({"state": name}, n) for name, n in states.items()])
        yield _gauge("codepush_oldest_job_seconds", "Age of the oldest unfinished job.", [({}, seen.oldest_seconds)])
    yield _counter(
        "codepush_job_attempts",
        "Attempts at jobs.",
        (({"outcome": name}, getattr(done, name)) for name in ("done", "failed")),
    )
    yield _histogram("codepush_job_seconds", "Duration of attempts at jobs.", [({}, done.durations)])


def _rollouts(seen: Seen) -> Iterator[Metric]:
    counts = seen.counters.rollouts
    if seen.rollouts is not None:
        yield _gauge(
            "codepush_rollouts",
            "Rollouts with a plan in the database, by state.",
            [({"state": state}, count) for state, count in seen.rollouts.items()],
        )
    yield _histogram(
        "codepush_rollout_halt_seconds", "Time from a release's first failure to its halt.", [({}, counts.halts)]
    )
    if counts.looked_at:
        yield _gauge(
            "codepush_rollout_last_look_seconds",
            "Time since any worker last looked at all rollouts.",
            [({}, max(0.0, time.time() - counts.looked_at))],
        )


def _failures(seen: Seen) -> Iterator[Metric]:
    failures = seen.counters.failures
    yield _counter(
        "codepush_failures",
        "Failures by component: database, storage or the server itself.",
        (({"component": name}, getattr(failures, name)) for name in ("database", "storage", "server")),
    )
    yield _gauge("codepush_database_up", "1 when the database responds, else 0.", [({}, int(seen.jobs is not None))])


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
        buckets = list(zip((*map(str, durations.bounds), "+Inf"), accumulate(durations.counts), strict=True))
        family.add_metric(list(having.values()), buckets, durations.seconds)
    return family


def _labels(name: str) -> dict[str, str]:
    method, _, pattern = name.partition(" ")
    return {"method": method, "route": pattern}


def _python() -> str:
    return platform.python_version()
