"""The foundation of all groups of parts: settings, counters, spans, records and archives."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

import anyio.to_thread

from codepush.server.counters import Counters
from codepush.server.folders import remove_leftovers
from codepush.server.ports.errors import UnavailableError
from codepush.server.services.packages.links import Links
from codepush.server.storage.instrumented import InstrumentedBlobs, InstrumentedStore
from codepush.server.storage.sql.migrate import make_ready, upgrade
from codepush.server.storage.sql.store import SqlStore
from codepush.server.tracing import open_spans

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codepush.server.ports.blobs import Blobs
    from codepush.server.settings import Settings

__all__ = ["Foundation", "migrate", "open_blobs"]


class Foundation:
    """The foundation of all groups of parts. Nothing is opened or created before its first use.

    Args:
        settings: The server's settings.

    Attributes:
        counters: The counters of this process.
        spans: The spans of traces.
        store: The records.
        links: Builds download URLs.

    Raises:
        UnavailableError: The database URL is not one this server can use.

    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.counters = Counters()
        self.spans = open_spans(settings.traces_url)
        self.links = Links(settings.download_url)
        store = SqlStore(settings.database_url, connections=settings.database_connections)
        self.store = InstrumentedStore(store, self.counters.failures)

    @cached_property
    def blobs(self) -> InstrumentedBlobs:
        """The archives."""
        return InstrumentedBlobs(open_blobs(self.settings), self.counters.failures)

    async def create(self) -> None:
        """Create the folders and an empty database if they are missing, and upgrade an embedded one.

        Raises:
            UnavailableError: A folder or the database cannot be used.

        """
        await anyio.to_thread.run_sync(_create_folders, self.settings)
        await anyio.to_thread.run_sync(make_ready, self.settings.database_url)

    async def sweep(self) -> None:
        """Remove leftovers of killed processes from the workspace.

        Raises:
            UnavailableError: The workspace cannot be used.

        """
        await anyio.to_thread.run_sync(_sweep, self.settings)

    async def close(self) -> None:
        """Close the database, and send the remaining spans."""
        await self.store.close()
        await anyio.to_thread.run_sync(self.spans.close)


def open_blobs(settings: Settings) -> Blobs:
    """Return the archives; the library for object stores is imported only for one.

    Raises:
        UnavailableError: The settings of an object store are not valid.

    """
    if settings.place.scheme == "file":
        from codepush.server.storage.disk import DiskBlobs

        return DiskBlobs(settings.storage)
    from codepush.server.storage.objects import ObjectBlobs

    return ObjectBlobs(settings.place, workspace=settings.workspace)


async def migrate(settings: Settings) -> bool:
    """Upgrade any database to the schema of this version; return whether that changed anything.

    Raises:
        UnavailableError: A folder or the database cannot be used, or a newer version created the database.

    """
    await anyio.to_thread.run_sync(_create_folders, settings)
    return await anyio.to_thread.run_sync(upgrade, settings.database_url)


def _create_folders(settings: Settings) -> None:
    with _folder_errors(settings):
        for folder in (settings.data, settings.workspace):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _sweep(settings: Settings) -> None:
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
