"""Files that appear whole or not at all, and stay after a power cut."""

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
    """Let the block make a file beside the target, then put it in the target's place, on disk.

    Only its owner can read it. Raises `FileExistsError` when the target is there, which is never
    replaced. A process that is killed leaves ``.<name>.<random>.part``; otherwise nothing remains.
    """
    part = target.with_name(f".{target.name}.{token_hex(8)}.part")
    try:
        yield part
        part.chmod(0o600)
        sync(part)
        # Unlike a rename, a link never replaces what is there.
        os.link(part, target)
    finally:
        part.unlink(missing_ok=True)
    sync(target.parent)


def make_folder(folder: Path) -> None:
    """Make a folder that only its owner can enter, and those above it, unless it is there."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync(folder.parent)


def sync(path: Path) -> None:
    """Wait until a file's content, or a folder's list of names, is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
