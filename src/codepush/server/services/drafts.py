"""Archives being written, before they are stored."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import contextmanager
from io import BufferedIOBase, BufferedRandom
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from msgspec import Struct

from codepush.server.ports import BlobRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Draft", "describe", "draft"]


class Draft(Struct, frozen=True):
    """A file to write an archive to: where it is, and the file itself, open and empty."""

    path: Path
    file: BufferedRandom


@contextmanager
def draft(workspace: Path, *, prefix: str) -> Iterator[Draft]:
    """Make a file in the workspace that is closed and gone when the block ends, unless it was moved away.

    So when a block is cancelled, a thread that still writes for it fails at its next write.
    """
    with TemporaryDirectory(dir=workspace, prefix=prefix) as folder:
        path = Path(folder) / "archive"
        with path.open("x+b") as file:
            yield Draft(path, file)


def describe(file: BufferedIOBase) -> BlobRecord:
    """Return the record of a new blob, under a random id, that holds what is in an open file."""
    file.flush()
    file.seek(0)
    sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return BlobRecord(id=secrets.token_urlsafe(24), size=file.tell(), sha256=sha256)
