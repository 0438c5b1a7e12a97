"""The one place where the parts of the server are joined."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import anyio.to_thread
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route

from codepush.server.background import keep_running
from codepush.server.counters import Counters, Failures
from codepush.server.folders import remove_leftovers
from codepush.server.jobs.arrivals import Arrivals
from codepush.server.jobs.lanes import lanes
from codepush.server.jobs.workers import Workers
from codepush.server.multiprocess import SharedCounters
from codepush.server.ports.errors import UnavailableError
from codepush.server.services.access.access_keys import AccessKeys
from codepush.server.services.access.accounts import Accounts
from codepush.server.services.access.logins import Logins
from codepush.server.services.access.organizations import Organizations
from codepush.server.services.change import Changes, Committed
from codepush.server.services.packages.diffs import Diffs
from codepush.server.services.packages.links import Links
from codepush.server.services.packages.missing_diffs import MissingDiffs
from codepush.server.services.packages.repacking import Repacking
from codepush.server.services.phones.downloads import Downloads
from codepush.server.services.phones.histories import StoredHistories
from codepush.server.services.phones.new_devices import NewDevices
from codepush.server.services.phones.reports import Reports
from codepush.server.services.phones.updates import Updates
from codepush.server.services.releasing.apps import Apps
from codepush.server.services.releasing.collaborators import Collaborators
from codepush.server.services.releasing.contents import Contents
from codepush.server.services.releasing.deployments import Deployments
from codepush.server.services.releasing.idempotency import Idempotency
from codepush.server.services.releasing.metrics import Metrics
from codepush.server.services.releasing.releases import Releases
from codepush.server.services.releasing.series import Series
from codepush.server.services.releasing.uploaded_releases import UploadedReleases
from codepush.server.services.releasing.uploads import Uploads
from codepush.server.services.releasing.workspace import Workspace
from codepush.server.services.upkeep.backups import Backups
from codepush.server.services.upkeep.first_start import FirstStart
from codepush.server.services.upkeep.garbage_collection import GarbageCollection
from codepush.server.services.upkeep.health import Health
from codepush.server.services.upkeep.integrity import Integrity
from codepush.server.services.upkeep.overview import Overview
from codepush.server.storage.disk import DiskBlobs
from codepush.server.storage.instrumented import InstrumentedBlobs, InstrumentedStore
from codepush.server.storage.sql.migrate import make_ready, upgrade
from codepush.server.storage.sql.store import SqlStore
from codepush.server.tracing import open_spans
from codepush.server.web.acquisition import AcquisitionRoutes
from codepush.server.web.admission import Admission
from codepush.server.web.appcenter import AppCenterRoutes, ChunkRoutes
from codepush.server.web.auth import FailedLogins, Gate, Limits
from codepush.server.web.check_responses import Checks
from codepush.server.web.connections import CONNECTIONS, Connections
from codepush.server.web.device_paths import SharedWithPages, misspelt_route
from codepush.server.web.downloads import DownloadRoutes
from codepush.server.web.fastpath import STATE, FastPath
from codepush.server.web.hosts import RequestHosts
from codepush.server.web.login import LoginRoutes
from codepush.server.web.management import management_app
from codepush.server.web.metrics import MetricsRoutes
from codepush.server.web.openapi import OpenApiRoutes
from codepush.server.web.operations import OperationsPort, absent
from codepush.server.web.paths import CanonicalPaths, for_all_paths
from codepush.server.web.problems import HANDLERS
from codepush.server.web.proxies import ForwardedClients
from codepush.server.web.ratelimits import RateLimit
from codepush.server.web.request_log import RequestLog
from codepush.server.web.requests import RequestIds
from codepush.server.web.standalone import StandaloneRoutes
from codepush.server.web.status import StatusRoutes
from codepush.server.web.unread import UnreadBodies
from codepush.server.web.uploads import UploadRoom

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
    from pathlib import Path

    from starlette.types import Lifespan

    from codepush.server.ports.blobs import Blobs
    from codepush.server.ports.identity import IdentityProvider
    from codepush.server.ports.store import Store
    from codepush.server.services.caller import Caller
    from codepush.server.settings import Settings
    from codepush.server.tracing import Spans

__all__ = [
    "Upkeep",
    "begin",
    "create_app",
    "migrate",
    "open_accounts",
    "open_blobs",
    "open_logins",
    "open_upkeep",
    "open_worker",
]

_ANYTHING: Final = "/{path:path}"
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

_REPORT_SECONDS: Final = 30
"""How long a status report may take, from the end of its head to the response."""


def create_app(settings: Settings, *, peers: Path | None = None) -> Starlette:
    """Return the server as an ASGI application, to be run or mounted anywhere.

    ``peers`` is a folder in which the workers of one server tell each other what they have counted.

    Nothing is opened before the application starts up, and two of them can live in one process.

    Raises:
        codepush.server.ports.errors.UnavailableError: the database URL is not one this server can use.

    """
    counters = Counters()
    spans = open_spans(settings.traces_url)
    store = InstrumentedStore(_open_store(settings), counters.failures)
    blobs = InstrumentedBlobs(open_blobs(settings), counters.failures)
    links = Links(settings.download_url)
    arrivals = Arrivals()
    missing_diffs = MissingDiffs(store, queued=arrivals.notify)
    updates = Updates(StoredHistories(store, links), missing=missing_diffs.notice, counts=counters.snapshots)
    checks = Checks(
        cache_seconds=settings.check_cache_seconds, needs_host=settings.download_url in settings.unreachable_urls
    )
    reports = Reports(store, new_devices=_new_devices(settings), commits=counters.reports.commits, spans=spans)
    diffs, repacking = _makers(settings, store, blobs, changed=updates.drop)
    workers = Workers(store, lanes(diffs, repacking), arrivals=arrivals, counts=counters.jobs, spans=spans)
    shared = SharedCounters(counters, peers, held=updates.held)
    changes = Changes(store, partial(_announce, updates=updates, arrivals=arrivals, counters=counters))
    access_keys = AccessKeys(store, changes, max_days=settings.access_key_max_days)
    failures = FailedLogins(RateLimit(settings.failed_logins_per_ip)) if settings.rate_limits else None
    gate = Gate(access_keys, _limits(settings, failures))
    apps, collaborators = Apps(store, changes), Collaborators(store, changes)
    organizations = Organizations(store, changes)
    admission = Admission(gate, apps, organizations, request_seconds=settings.request_timeout)
    deployments, metrics = Deployments(store, changes, links), Metrics(store)
    series = Series(store)
    workspace = Workspace(settings.workspace, limit_mb=settings.workspace_limit_mb)
    contents = Contents(
        blobs, workspace, repacking, pack_level=settings.compression_level, counters=counters.releases, spans=spans
    )
    releases = Releases(store, changes, contents, links, diffs, spans=spans)
    idempotency = Idempotency(store)
    uploads = Uploads(store, changes, blobs, workspace=workspace, limit_mb=settings.upload_limit_mb)
    management = StandaloneRoutes(
        admission=admission,
        access_keys=access_keys,
        accounts=Accounts(store, changes, access_keys),
        apps=apps,
        collaborators=collaborators,
        deployments=deployments,
        releases=releases,
        idempotency=idempotency,
        metrics=metrics,
        series=series,
        uploads=UploadRoom(workspace, settings.upload_limit_mb, spans),
    )
    appcenter = AppCenterRoutes(
        admission=admission,
        access_keys=access_keys,
        apps=apps,
        collaborators=collaborators,
        organizations=organizations,
        deployments=deployments,
        releases=releases,
        metrics=metrics,
        uploaded_releases=UploadedReleases(uploads, releases),
        idempotency=idempotency,
        upload_url=settings.public_url,
    )
    chunks = ChunkRoutes(
        uploads,
        workspace=workspace,
        rate_limit=_address_limit(settings),
        request_seconds=settings.request_timeout,
    )
    fallback = for_all_paths(Route(_ANYTHING, management.fallback, methods=_METHODS))
    managing = management_app(
        [*management.routes(), *appcenter.routes(), *chunks.routes(), fallback], origins=settings.origins
    )
    status = StatusRoutes(Health(store, blobs))
    operations = [status.ready_route(), *(MetricsRoutes(Overview(store, shared)).routes() if settings.metrics else ())]
    return Starlette(
        routes=[
            *status.routes(),
            *(absent(operations) if settings.operations_port else operations),
            *AcquisitionRoutes(
                updates, checks, reports, counters, report_seconds=min(_REPORT_SECONDS, settings.request_timeout)
            ).routes(),
            *_download_door(settings, store, blobs, counters).routes(),
            *OpenApiRoutes().routes(),
            *_login_door(settings, changes, access_keys, failures).routes(),
            misspelt_route(),
            for_all_paths(Mount("/", RequestLog(managing, counters, spans, fallback=_ANYTHING))),
        ],
        middleware=[
            Middleware(UnreadBodies),
            Middleware(ForwardedClients, proxies=settings.proxies),
            Middleware(RequestIds),
            *([Middleware(RequestHosts, settings.unreachable_urls)] if settings.unreachable_urls else ()),
            Middleware(CanonicalPaths),
            Middleware(SharedWithPages),
            Middleware(OperationsPort, routes=[status.health_route(), *operations], port=settings.operations_port),
        ],
        exception_handlers=HANDLERS,
        lifespan=_lifespan(
            settings,
            store,
            (
                *(updates.watch, reports.run, missing_diffs.run, diffs.judge),
                *workers.tasks,
                *(uploads.run, series.run, shared.run),
            ),
            spans,
            failures=counters.failures,
            state={
                STATE: FastPath(updates, checks, counters.fast, operations_port=settings.operations_port),
                CONNECTIONS: Connections(settings.max_connections),
            },
        ),
    )


def _announce(committed: Committed, *, updates: Updates, arrivals: Arrivals, counters: Counters) -> None:
    """Wake what depends on a committed change: snapshots, jobs and counters."""
    if committed.deployments:
        updates.drop(committed.deployments)
        arrivals.notify()
    counters.releases.add(committed.kinds)


def _limits(settings: Settings, failures: FailedLogins | None) -> Limits | None:
    if failures is None:
        return None
    return Limits(RateLimit(settings.rate_limit_per_ip), RateLimit(settings.rate_limit_per_key), failures)


def _new_devices(settings: Settings) -> NewDevices:
    return NewDevices(settings.new_devices_per_hour if settings.rate_limits else None)


def _address_limit(settings: Settings) -> RateLimit | None:
    """Return the limit for doors that need no access key."""
    return RateLimit(settings.rate_limit_per_ip) if settings.rate_limits else None


def _login_door(
    settings: Settings, changes: Changes, access_keys: AccessKeys, failures: FailedLogins | None
) -> LoginRoutes:
    return LoginRoutes(
        Logins(changes, access_keys, is_registration_open=settings.enable_registration),
        _providers(settings),
        public_url=settings.public_url,
        rate_limit=_address_limit(settings),
        failures=failures,
        request_seconds=settings.request_timeout,
    )


def _providers(settings: Settings) -> list[IdentityProvider]:
    """Return the places to log in with; a server without any need not load what speaks to them."""
    providers: list[IdentityProvider] = []
    if settings.github_client_id:
        from codepush.server.identity.github import GitHub

        github = GitHub(
            client_id=settings.github_client_id,
            client_secret=settings.github_client_secret,
            site=settings.github_url,
        )
        providers.append(github)
    if settings.oidc_issuer:
        from codepush.server.identity.openid import OpenIdConnect

        openid = OpenIdConnect(
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret,
        )
        providers.append(openid)
    return providers


def open_blobs(settings: Settings) -> Blobs:
    """Return where the archives are kept; the library for object stores is imported only for one.

    Raises:
        codepush.server.ports.errors.UnavailableError: the settings of an object store make no sense.

    """
    if settings.place.scheme == "file":
        return DiskBlobs(settings.storage)
    from codepush.server.storage.objects import ObjectBlobs

    return ObjectBlobs(settings.place, workspace=settings.workspace)


def _download_door(settings: Settings, store: Store, blobs: Blobs, counters: Counters) -> DownloadRoutes:
    downloads = Downloads(blobs, store, download_url=settings.download_url, redirects=settings.redirect_downloads)
    return DownloadRoutes(
        downloads,
        counters.downloads,
        accel_redirect=settings.accel_redirect,
        per_address=settings.downloads_per_ip,
    )


def _makers(
    settings: Settings, store: Store, blobs: Blobs, *, changed: Callable[[Iterable[int]], None]
) -> tuple[Diffs, Repacking]:
    """Return what does the work in the background."""
    return (
        Diffs(store, blobs, workspace=settings.workspace, count=settings.diff_count, changed=changed),
        Repacking(store, blobs, workspace=settings.workspace, changed=changed),
    )


def _lifespan(
    settings: Settings,
    store: Store,
    background: Iterable[Callable[[], Awaitable[None]]],
    spans: Spans,
    *,
    failures: Failures,
    state: dict[str, object],
) -> Lifespan[Starlette]:
    """Open and close the application; what goes on in the background runs in between. ``state`` is for connections."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, object]]:
        await _prepare(settings, store)
        await anyio.to_thread.run_sync(_sweep, settings)
        tasks = [asyncio.ensure_future(keep_running(run, failures)) for run in background]
        try:
            yield state
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await store.close()
            await anyio.to_thread.run_sync(spans.close)

    return lifespan


def _open_store(settings: Settings) -> SqlStore:
    return SqlStore(settings.database_url, connections=settings.database_connections)


async def _prepare(settings: Settings, store: Store) -> None:
    """Make the folders, bring the database up to date, and refuse an empty one beside archives."""
    await _make_places(settings)
    await _first_start(settings, store).check()


async def _make_places(settings: Settings) -> None:
    """Make the folders and bring the database up to date."""
    await anyio.to_thread.run_sync(_prepare_folders, settings)
    await anyio.to_thread.run_sync(make_ready, settings.database_url)


def _first_start(settings: Settings, store: Store) -> FirstStart:
    return FirstStart(store, Changes(store), partial(open_blobs, settings), place=settings.place.shown)


async def begin(settings: Settings, caller: Caller) -> None:
    """Accept an empty database beside archives, whose records were lost or never made here."""
    await _make_places(settings)
    store = _open_store(settings)
    try:
        await _first_start(settings, store).accept(caller)
    finally:
        await store.close()


async def migrate(settings: Settings) -> bool:
    """Bring the database to the schema of this code, wherever it is; return whether there was something to do."""
    await anyio.to_thread.run_sync(_prepare_folders, settings)
    return await anyio.to_thread.run_sync(upgrade, settings.database_url)


def _prepare_folders(settings: Settings) -> None:
    with _folder_errors(settings):
        for folder in (settings.data, settings.workspace):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _sweep(settings: Settings) -> None:
    """Remove what killed processes left in the workspace."""
    with _folder_errors(settings):
        remove_leftovers(settings.workspace)


@contextmanager
def _folder_errors(settings: Settings) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnavailableError(
            f"The folder {settings.data} cannot be used: {error}. Choose another one with --data or CODEPUSH_DATA."
        ) from error


@asynccontextmanager
async def open_accounts(settings: Settings) -> AsyncIterator[Accounts]:
    """Open the accounts alone, for commands that run beside the server or before its first start."""
    store = _open_store(settings)
    try:
        await _prepare(settings, store)
        changes = Changes(store)
        yield Accounts(store, changes, AccessKeys(store, changes, max_days=settings.access_key_max_days))
    finally:
        await store.close()


@asynccontextmanager
async def open_logins(settings: Settings) -> AsyncIterator[Logins]:
    """Open the log-ins alone, for the command that makes one-time codes."""
    store = _open_store(settings)
    try:
        await _prepare(settings, store)
        changes = Changes(store)
        yield Logins(changes, AccessKeys(store, changes, max_days=settings.access_key_max_days))
    finally:
        await store.close()


@asynccontextmanager
async def open_worker(settings: Settings) -> AsyncIterator[Workers]:
    """Open workers for all lanes that run beside the server, or without one. Servers find their results themselves."""
    store = _open_store(settings)
    makers = _makers(settings, store, open_blobs(settings), changed=lambda _: None)
    spans = open_spans(settings.traces_url)
    try:
        await _prepare(settings, store)
        await anyio.to_thread.run_sync(_sweep, settings)
        yield Workers(store, lanes(*makers), arrivals=Arrivals(), spans=spans)
    finally:
        await store.close()
        await anyio.to_thread.run_sync(spans.close)


class Upkeep(NamedTuple):
    """What operators do with all of a server's data."""

    integrity: Integrity
    garbage_collection: GarbageCollection
    backups: Backups


@asynccontextmanager
async def open_upkeep(settings: Settings, *, make: bool = False) -> AsyncIterator[Upkeep]:
    """Open everything beside the server. Unless ``make`` allows to make one, there must be a database."""
    store = SqlStore(settings.database_url)
    try:
        if make:
            await _make_places(settings)
        else:
            await store.check()
            await _prepare(settings, store)
        blobs = open_blobs(settings)
        workspace = Workspace(settings.workspace, limit_mb=settings.workspace_limit_mb)
        uploads = Uploads(store, Changes(store), blobs, workspace=workspace, limit_mb=settings.upload_limit_mb)
        yield Upkeep(
            integrity=Integrity(store, blobs, workspace=settings.workspace),
            garbage_collection=GarbageCollection(store, blobs, uploads, workspace=settings.workspace),
            backups=Backups(store, blobs, workspace=settings.workspace),
        )
    finally:
        await store.close()
