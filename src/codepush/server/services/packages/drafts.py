"""Archives being written, before they are stored."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import contextmanager
from io import BufferedIOBase, BufferedRandom
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from codepush.server.ports.blobs import BlobRecord

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

__all__ = ["Draft", "describe", "draft"]


class Draft(Struct, frozen=True):
    """A file to write an archive to: its path, and the open, empty file."""

    path: Path
    file: BufferedRandom


@contextmanager
def draft(folder: AbstractContextManager[Path]) -> Iterator[Draft]:
    """Create a file in a work folder. It is closed when the block ends.

    If the block is cancelled, a thread that is still writing to it therefore fails at its next write.
    """
    with folder as entered:
        path = entered / "archive"
        with path.open("x+b") as file:
            yield Draft(path, file)


def describe(file: BufferedIOBase) -> BlobRecord:
    """Return the record of a new blob, under a random ID, for the content of an open file."""
    file.flush()
    file.seek(0)
    sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return BlobRecord(id=secrets.token_urlsafe(24), size=file.tell(), sha256=sha256)
