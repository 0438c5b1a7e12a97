"""Transactions that survive the cancellation of their caller.

A cancellation inside the driver costs the connection, and leaves its lock on the file until the garbage collection. So
all database access runs to its end in a separate task, and the cancellation is raised afterwards.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

T = TypeVar("T")


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Await a coroutine without interruption; a cancellation meanwhile is raised when it is done."""
    task = asyncio.create_task(work)
    cancellation: asyncio.CancelledError | None = None
    # Tasks are cancelled in two ways: asyncio raises once, anyio again and again unless shielded from.
    with anyio.CancelScope(shield=True):
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError as error:
                cancellation = error
    if cancellation is not None:
        raise cancellation from task.exception()
    return task.result()


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Open a transaction that is committed when the block ends, and rolled back when the block raises."""
    connection = engine.connect()
    try:
        await to_the_end(_begin(connection))
        yield connection
        await to_the_end(connection.commit())
    finally:
        await to_the_end(_end(connection))


async def _begin(connection: AsyncConnection) -> None:
    await connection.start()
    await connection.begin()


async def _end(connection: AsyncConnection) -> None:
    if connection.sync_connection is not None:
        await connection.close()
