"""Sum of the counters over all workers of a server.

Each worker writes its counters to its own file every second, and reads the files of the others when metrics are
requested. The counters of the others are therefore up to 1 s old, and a killed worker loses up to 1 s of counting.
The files of ended workers stay, because a counter must never fall; the folder is deleted with the server.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

import anyio
import msgspec

from codepush.server.counters import Counters, Held, total

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["SharedCounters"]

_INTERVAL: Final = 1.0
"""Seconds between two writes."""

_SILENCE: Final = 10.0
"""Seconds without a write after which a worker counts as ended."""

_SUFFIX: Final = ".json"


class SharedCounters:
    """The counters of this process and of the other workers of the same server.

    Args:
        own: Counters of this process.
        folder: Folder that all workers write to; ``None`` for a single process.
        held: Returns the current state of this process's snapshots.
    """

    def __init__(self, own: Counters, folder: Path | None, *, held: Callable[[], Held]) -> None:
        self._own = own
        self._folder = folder
        self._held = held
        self._name = f"{os.getpid()}{_SUFFIX}"

    async def total(self) -> tuple[Counters, int]:
        """Return the sum over all workers, and the number of running workers."""
        self._own.held = self._held()
        others = [] if self._folder is None else await anyio.to_thread.run_sync(self._others, self._folder)
        running = [self._own, *(counters for counters, is_running in others if is_running)]
        return total(running, ended=[counters for counters, is_running in others if not is_running]), len(running)

    async def run(self) -> None:
        """Write the counters of this process every second until cancelled, and once on cancellation."""
        if self._folder is None:
            return
        try:
            while True:
                await anyio.to_thread.run_sync(self._write, self._folder)
                await anyio.sleep(_INTERVAL)
        finally:
            self._write(self._folder)

    def _write(self, folder: Path) -> None:
        self._own.held = self._held()
        draft = folder / f"{self._name}.new"
        draft.write_bytes(msgspec.json.encode(self._own))
        draft.replace(folder / self._name)

    def _others(self, folder: Path) -> list[tuple[Counters, bool]]:
        """Return the counters of every other worker, and whether it is running."""
        return list(self._read(folder))

    def _read(self, folder: Path) -> Iterator[tuple[Counters, bool]]:
        oldest = time.time() - _SILENCE
        for file in folder.glob(f"*{_SUFFIX}"):
            if file.name != self._name:
                is_running = file.stat().st_mtime > oldest
                yield msgspec.json.decode(file.read_bytes(), type=Counters), is_running
