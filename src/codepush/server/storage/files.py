"""Files that appear as a whole or not at all, and survive a power failure."""

from __future__ import annotations

import os
from contextlib import contextmanager
from secrets import token_hex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """Open a block that writes a file beside the target; then move it to the target, on disk.

    Only its owner can read it. Raises `FileExistsError` when the target exists, which is never replaced. A process
    that is killed leaves ``.<name>.<random>.part``; otherwise nothing remains.
    """
    part = target.with_name(f".{target.name}.{token_hex(8)}.part")
    try:
        yield part
        part.chmod(0o600)
        sync(part)
        # Unlike a rename, a link never replaces an existing file.
        os.link(part, target)
    finally:
        part.unlink(missing_ok=True)
    sync(target.parent)


def make_folder(folder: Path) -> None:
    """Create a folder that only its owner can enter, with its parents, if it does not exist."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync(folder.parent)


def sync(path: Path) -> None:
    """Wait until a file's content, or a folder's list of entries, is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
