"""Reading of untrusted archives.

Sizes and checksums are believed only once the content has been counted and summed, piece by piece, so an archive that
promises little and inflates to much is found out at the first byte too many.
"""

from __future__ import annotations

import hashlib
import threading
import zlib
from typing import TYPE_CHECKING, BinaryIO, Final

from codepush.errors import PackageError
from codepush.packaging.directory import DEFLATED, Entry, Limits, read_at, read_directory, reject
from codepush.packaging.manifest import Manifest, is_empty, is_ignored

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Reader"]

_PIECE: Final = 256 * 1024


class Reader:
    """An archive whose directory has been checked.

    Args:
        source: An open, seekable file. The reader moves its position. Several threads can use one reader, if nothing
            else uses the file at the same time.
        limits: Limits of the archive.

    Attributes:
        files: The entries that belong to the package, one per name, in the order of their data: no folders and no
            ignored files.

    Raises:
        PackageError: The archive is unsafe, damaged, beyond the limits, or has no file of a package; the message names
            the entry and the reason.

    """

    files: Sequence[Entry]

    def __init__(self, source: BinaryIO, *, limits: Limits) -> None:
        self._source = source
        self._lock = threading.Lock()
        self.files = self._files(read_directory(source, limits))

    def pieces(self, entry: Entry) -> Iterator[bytes]:
        """Yield an entry's content in pieces of at most 256 KiB, never more of it than the entry declares.

        Raises:
            PackageError: The data is damaged, or the content is not of the declared size and checksum. Raised at the
                latest after the last piece.

        """
        left, crc = entry.size, 0
        for piece in self._inflated(entry) if entry.method == DEFLATED else self._raw(entry):
            left -= len(piece)
            if left < 0:
                reject(entry, f"holds more than the {entry.size} bytes it declares")
            crc = zlib.crc32(piece, crc)
            yield piece
        if left:
            reject(entry, f"holds {entry.size - left} bytes instead of the {entry.size} it declares")
        if crc != entry.crc:
            reject(entry, "does not have the checksum it declares")

    def sha256(self, entry: Entry) -> str:
        """Return the sha256 of an entry's content as lower-case hex; raises as :meth:`pieces` does."""
        digest = hashlib.sha256()
        for piece in self.pieces(entry):
            digest.update(piece)
        return digest.hexdigest()

    def manifest(self) -> Manifest:
        """Read the whole archive and return its manifest; raises as :meth:`pieces` does."""
        return Manifest.of((entry.name, self.sha256(entry)) for entry in self.files)

    def _files(self, entries: list[Entry]) -> list[Entry]:
        """Return the entries that belong to the package. ``appcenter-cli`` writes a single file twice: one is kept."""
        kept: dict[str, Entry] = {}
        for entry in entries:
            if entry.is_folder or is_ignored(entry.name):
                continue
            first = kept.setdefault(entry.name, entry)
            if first is not entry and self.sha256(first) != self.sha256(entry):
                reject(entry, "is in the archive twice, with different content")
        if is_empty(kept):
            raise PackageError("The archive holds no files to release.")
        return list(kept.values())

    def _raw(self, entry: Entry) -> Iterator[bytes]:
        offset, end = entry.data_offset, entry.data_offset + entry.compressed_size
        while offset < end:
            with self._lock:
                piece = read_at(self._source, offset, min(_PIECE, end - offset))
            if not piece:
                reject(entry, "is cut off")
            offset += len(piece)
            yield piece

    def _inflated(self, entry: Entry) -> Iterator[bytes]:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        for raw in self._raw(entry):
            if inflater.eof:
                reject(entry, "has bytes after the end of its data")
            yield from _inflate(entry, inflater, raw)
        if not inflater.eof:
            reject(entry, "has data that ends too early")
        if inflater.unused_data:
            reject(entry, "has bytes after the end of its data")


def _inflate(entry: Entry, inflater: zlib._Decompress, raw: bytes) -> Iterator[bytes]:
    """Yield the data that one more raw piece allows to inflate."""
    while True:
        try:
            piece = inflater.decompress(raw, _PIECE)
        except zlib.error:
            reject(entry, "has damaged data that cannot be inflated")
        if piece:
            yield piece
        if inflater.eof or len(piece) < _PIECE:
            return
        raw = inflater.unconsumed_tail
