"""What all workers of a server have counted, whichever of them is asked.

Each worker writes its counters to a file of its own, every second, and reads those of the others. So the numbers of
the others are a second old at most, a worker that is killed takes a second of counting with it, and the
work itself knows nothing of all this. The files of workers that have ended stay, because what they
counted must not be taken back; the folder goes with the server.
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
"""Seconds between two times at which a worker writes down what it has counted."""

_SILENCE: Final = 10.0
"""Seconds after which a worker that has written nothing is taken for ended."""

_SUFFIX: Final = ".json"


class SharedCounters:
    """The counters of this process and of others of the same server.

    Args:
        own: what this process counts.
        folder: where all of them write; ``None`` when there are no others.
        held: tells what this process holds now.

    """

    def __init__(self, own: Counters, folder: Path | None, *, held: Callable[[], Held]) -> None:
        self._own = own
        self._folder = folder
        self._held = held
        self._name = f"{os.getpid()}{_SUFFIX}"

    async def total(self) -> tuple[Counters, int]:
        """Return what all workers have counted together, and how many are running."""
        self._own.held = self._held()
        others = [] if self._folder is None else await anyio.to_thread.run_sync(self._others, self._folder)
        running = [self._own, *(counters for counters, is_running in others if is_running)]
        return total(running, ended=[counters for counters, is_running in others if not is_running]), len(running)

    async def run(self) -> None:
        """Write down what this process has counted; runs until it is cancelled, and once more then."""
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
        """Return the counters of every other worker, and whether it is still running."""
        return list(self._read(folder))

    def _read(self, folder: Path) -> Iterator[tuple[Counters, bool]]:
        oldest = time.time() - _SILENCE
        for file in folder.glob(f"*{_SUFFIX}"):
            if file.name != self._name:
                is_running = file.stat().st_mtime > oldest
                yield msgspec.json.decode(file.read_bytes(), type=Counters), is_running
