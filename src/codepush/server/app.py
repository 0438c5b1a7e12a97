"""The one place where the parts of the server are joined."""

from __future__ import annotations

import asyncio
import shutil
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import anyio.to_thread
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from codepush.server.services.access_keys import AccessKeys
from codepush.server.services.accounts import Accounts
from codepush.server.services.apps import Apps
from codepush.server.services.deployments import Deployments
from codepush.server.services.downloads import Downloads
from codepush.server.services.health import Health
from codepush.server.services.histories import StoredHistories
from codepush.server.services.links import Links
from codepush.server.services.metrics import Metrics
from codepush.server.services.releases import Releases
from codepush.server.services.reports import Reports
from codepush.server.services.updates import Updates
from codepush.server.storage.disk import DiskBlobs
from codepush.server.storage.sql.migrate import upgrade
from codepush.server.storage.sql.store import SqlStore
from codepush.server.web.acquisition import AcquisitionDoor
from codepush.server.web.downloads import DownloadDoor
from codepush.server.web.paths import CanonicalPaths
from codepush.server.web.problems import HANDLERS
from codepush.server.web.requests import RequestIds
from codepush.server.web.standalone import StandaloneDoor, UploadRoom
from codepush.server.web.status import StatusDoor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.types import Lifespan

    from codepush.server.ports import Store
    from codepush.server.settings import Settings

__all__ = ["create_app", "open_accounts"]

_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

_LEFTOVER_SECONDS: Final = 24 * 60 * 60
"""After this long, a file in the workspace can only be left over from a process that was killed."""


def create_app(settings: Settings) -> Starlette:
    """Return the server as an ASGI application, to be run or mounted anywhere.

    Nothing is opened before the application starts up, and two of them can live in one process.

    Raises:
        codepush.server.ports.UnavailableError: the database URL is not one this server can use.

    """
    store = SqlStore(settings.database_url)
    blobs = DiskBlobs(settings.storage)
    links = Links(settings.download_url)
    updates = Updates(StoredHistories(store, links))
    reports = Reports(store)
    access_keys = AccessKeys(store)
    management = StandaloneDoor(
        access_keys=access_keys,
        accounts=Accounts(store, access_keys),
        apps=Apps(store, changed=updates.drop),
        deployments=Deployments(store, links),
        releases=Releases(store, blobs, links, workspace=settings.workspace, changed=updates.drop),
        metrics=Metrics(store),
        uploads=UploadRoom(settings.workspace, settings.upload_limit_mb),
    )
    return Starlette(
        routes=[
            *StatusDoor(Health(store, blobs)).routes(),
            *AcquisitionDoor(updates, reports).routes(),
            *DownloadDoor(Downloads(blobs)).routes(),
            *management.routes(),
            Route("/{path:path}", management.fallback, methods=_METHODS),
        ],
        middleware=[Middleware(RequestIds), Middleware(CanonicalPaths)],
        exception_handlers=HANDLERS,
        lifespan=_lifespan(settings, store, updates, reports),
    )


def _lifespan(settings: Settings, store: Store, updates: Updates, reports: Reports) -> Lifespan[Starlette]:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await _prepare(settings)
        tasks = [asyncio.create_task(updates.watch()), asyncio.create_task(reports.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await store.close()

    return lifespan


async def _prepare(settings: Settings) -> None:
    """Make the folders and bring the database up to date."""
    await anyio.to_thread.run_sync(_prepare_folders, settings)
    await anyio.to_thread.run_sync(upgrade, settings.database_url)


def _prepare_folders(settings: Settings) -> None:
    for folder in (settings.data, settings.workspace):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sweep(settings.workspace)


def _sweep(workspace: Path) -> None:
    """Remove what uploads left behind when their process was killed."""
    oldest = time.time() - _LEFTOVER_SECONDS
    for entry in workspace.iterdir():
        if entry.lstat().st_mtime < oldest:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


@asynccontextmanager
async def open_accounts(settings: Settings) -> AsyncIterator[Accounts]:
    """Open the accounts alone, for commands that run beside the server or before its first start."""
    await _prepare(settings)
    store = SqlStore(settings.database_url)
    try:
        yield Accounts(store, AccessKeys(store))
    finally:
        await store.close()
