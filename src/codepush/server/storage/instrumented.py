"""The database and the blob store with counters of their failures."""

# ruff: noqa: D102 - the ports describe each method once, for every adapter

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from codepush.server.ports.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterator
    from pathlib import Path

    from codepush.server.counters import Failures
    from codepush.server.ports.blobs import BlobEntry, BlobLocation, Blobs
    from codepush.server.ports.store import Records, Store

__all__ = ["InstrumentedBlobs", "InstrumentedStore"]


class InstrumentedStore:
    """A store whose failures are counted. Implements :class:`codepush.server.ports.store.Store`."""

    def __init__(self, store: Store, failures: Failures) -> None:
        self._store = store
        self._failures = failures

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Records]:
        with self._counting():
            async with self._store.read() as records:
                yield records

    @asynccontextmanager
    async def write(self, *, alone: bool = True) -> AsyncIterator[Records]:
        with self._counting():
            async with self._store.write(alone=alone) as records:
                yield records

    async def check(self) -> None:
        with self._counting():
            await self._store.check()

    def changes(self) -> AsyncIterator[Collection[int] | None]:
        return self._store.changes()

    async def close(self) -> None:
        await self._store.close()

    @contextmanager
    def _counting(self) -> Iterator[None]:
        try:
            yield
        except UnavailableError:
            self._failures.database += 1
            raise


class InstrumentedBlobs:
    """A blob store whose failures are counted. Implements :class:`codepush.server.ports.blobs.Blobs`."""

    def __init__(self, blobs: Blobs, failures: Failures) -> None:
        self._blobs = blobs
        self._failures = failures

    async def put(self, blob_id: str, source: Path) -> None:
        with self._counting():
            await self._blobs.put(blob_id, source)

    @asynccontextmanager
    async def fetch(self, blob_id: str) -> AsyncIterator[Path]:
        with self._counting():
            async with self._blobs.fetch(blob_id) as path:
                yield path

    async def locate(self, blob_id: str) -> BlobLocation:
        with self._counting():
            return await self._blobs.locate(blob_id)

    async def remove(self, blob_id: str) -> None:
        with self._counting():
            await self._blobs.remove(blob_id)

    async def entries(self) -> AsyncIterator[BlobEntry]:
        with self._counting():
            async for entry in self._blobs.entries():
                yield entry

    async def sweep(self, until: int) -> None:
        with self._counting():
            await self._blobs.sweep(until)

    async def check(self) -> None:
        with self._counting():
            await self._blobs.check()

    @contextmanager
    def _counting(self) -> Iterator[None]:
        try:
            yield
        except UnavailableError:
            self._failures.storage += 1
            raise
