"""Work folders: temporary folders in the workspace, each locked by the process that uses it.

Several processes share the workspace: the workers of a server, and commands beside it. The operating system releases
the locks of a process that ends, however it ends. So a folder without a lock is a leftover, to be removed immediately.

The name of a folder holds its purpose, the account it works for (0: none), and the bytes reserved for it.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Claim", "Leftover", "hold", "leftovers", "remove_leftovers", "work_folder"]

_NAME: Final = re.compile(r"([a-z]+)-([0-9]+)-([0-9]+)-[0-9a-f]{16}")

_FOREIGN_SECONDS: Final = 24 * 60 * 60
"""Age at which an entry with another kind of name is a leftover: no process locks it."""


class Claim(Struct, frozen=True):
    """A work folder, and what its name holds: its purpose, its account, and its reserved bytes."""

    path: Path
    kind: str
    account_id: int
    size: int

    def is_live(self) -> bool:
        """Return whether a process uses the folder."""
        with suppress(FileNotFoundError):
            return _is_held(self.path)
        return False


class Leftover(Struct, frozen=True):
    """An entry of the workspace that no process uses, and the bytes of the files in it."""

    path: Path
    size: int


@contextmanager
def work_folder(
    workspace: Path,
    kind: str,
    *,
    account_id: int = 0,
    size: int = 0,
    admit: Callable[[Sequence[Claim]], None] | None = None,
) -> Iterator[Path]:
    """Create a locked folder for the block. It is deleted with its content when the block ends.

    Args:
        workspace: The folder to create it in.
        kind: Its purpose, in lower-case letters.
        account_id: The account that it works for; 0 for none.
        size: Bytes to reserve for it.
        admit: Called with the claims of all other folders; no process creates one meanwhile. It raises to reject.

    """
    with _exclusive(workspace):
        if admit is not None:
            admit([claim for entry in workspace.iterdir() if (claim := _claim(entry)) is not None])
        folder = workspace / f"{kind}-{account_id}-{size}-{token_hex(8)}"
        folder.mkdir(mode=0o700)
        lock = hold(folder)
    try:
        yield folder
    finally:
        with suppress(OSError):  # if it cannot be removed now, it is a leftover
            shutil.rmtree(folder)
        os.close(lock)


def hold(folder: Path) -> int:
    """Lock a folder until the returned descriptor is closed, or this process ends. Several processes can hold one."""
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def leftovers(workspace: Path) -> list[Leftover]:
    """Return the entries of a workspace that no process uses any more; an empty list if there is no workspace."""
    if not workspace.is_dir():
        return []
    with _exclusive(workspace):
        found = [entry for entry in workspace.iterdir() if _is_left_over(entry)]
    return [Leftover(entry, _size(entry)) for entry in sorted(found)]


def remove_leftovers(workspace: Path) -> list[Leftover]:
    """Remove the entries that no process uses any more, and return them.

    Raises:
        OSError: An entry cannot be removed.

    """
    removed = leftovers(workspace)
    for leftover in removed:
        with suppress(FileNotFoundError):  # another process removed it just now
            shutil.rmtree(leftover.path) if leftover.path.is_dir() else leftover.path.unlink()
    return removed


@contextmanager
def _exclusive(folder: Path) -> Iterator[None]:
    """Exclude other processes during the block."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _claim(entry: Path) -> Claim | None:
    match = _NAME.fullmatch(entry.name)
    return Claim(entry, match[1], int(match[2]), int(match[3])) if match else None


def _is_left_over(entry: Path) -> bool:
    with suppress(FileNotFoundError):  # its process removed it just now
        claim = _claim(entry)
        if claim is None:
            return entry.lstat().st_mtime < time.time() - _FOREIGN_SECONDS
        return not claim.is_live()
    return False


def _is_held(folder: Path) -> bool:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _size(entry: Path) -> int:
    size = 0
    for path in (entry, *entry.rglob("*")):
        with suppress(FileNotFoundError):
            size += path.lstat().st_size if not path.is_dir() else 0
    return size
