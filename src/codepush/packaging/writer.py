"""Reproducible archives: the same files always give the same bytes.

Entries are in canonical order with one fixed time and mode, deflated by libdeflate (much smaller files in the time that
zlib takes), or stored if that is not larger. Files are deflated in parallel on all cores, the largest first; only a
bounded number of bytes is in memory, however large the archive is.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO, Final

import deflate
from msgspec import Struct

from codepush.packaging.directory import DEFLATED, STORED
from codepush.packaging.manifest import Manifest, utf16_key

__all__ = [
    "DEFAULT_LEVEL",
    "ArchiveIndex",
    "IndexEntry",
    "Item",
    "local_header",
    "write_archive",
    "write_directory",
    "write_item",
]

DEFAULT_LEVEL: Final = 7
"""The fastest libdeflate level (1 to 12) that was not found to make scripts larger than zlib's default does. Level 9
takes twice as long for 1 % less, level 12 twelve times as long for 5 %: ``benchmarks/results.md`` has the figures."""

_LARGE: Final = 1 << 20
_LARGE_LEVEL: Final = 11
"""The highest level for files from ``_LARGE`` bytes on. One of them keeps one core busy long after the others are idle,
and the last level would take a fifth longer for less than a thousandth of its bytes."""

_SAMPLE: Final = 2 << 10
_SAMPLE_EVERY: Final = 8 << 10
_SAMPLE_LEVEL: Final = 1
"""Sample of a file that may be compressed already: 2 KiB out of every 8, deflated at the fastest level."""

_WHOLE: Final = 32 << 20
"""Files up to this size, in bytes, are deflated in memory; larger ones stream through zlib."""

_IN_FLIGHT: Final = 64 << 20
"""Bytes of files that may be in memory at once, waiting to be deflated or written; at least twice ``_WHOLE``."""

_MOST_THREADS: Final = 16
"""Threads that deflate at once. Each takes up to 9 MB besides, for libdeflate's tables at its highest levels."""

_LOCAL: Final = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL: Final = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END: Final = struct.Struct("<4sHHHHIIH")
_VERSION_NEEDED: Final = 20
_MADE_BY: Final = 3 << 8 | _VERSION_NEEDED  # POSIX, so that readers apply the mode below
_MODE: Final = (stat.S_IFREG | 0o644) << 16
_TIME: Final = 0
_DATE: Final = 1 << 5 | 1  # 1 January 1980, the earliest date an archive can hold
_IS_UTF8: Final = 0x0800


class Item(Struct, frozen=True):
    """A file to be written: its name, its size in bytes, and how to get its content, piece by piece.

    ``pieces`` may be called from any thread and more than once.
    """

    name: str
    size: int
    pieces: Callable[[], Iterator[bytes]]


class IndexEntry(Struct, frozen=True, kw_only=True):
    """The entry of a file in an archive.

    Attributes:
        name: Name of the file.
        sha256: SHA-256 of its content, lower-case hex.
        crc: CRC-32 of its content.
        size: Size of its content in bytes.
        compressed_size: Size of its data in the archive in bytes.
        method: Compression method: 0 stored, 8 deflated.
        offset: Start of the data, in bytes from the start of the archive.

    """

    name: str
    sha256: str
    crc: int
    size: int
    compressed_size: int
    method: int
    offset: int

    @property
    def start(self) -> int:
        """Start of the entry with its local header, in bytes from the start of the archive."""
        return self.offset - _header_size(self.name)

    @property
    def end(self) -> int:
        """End of its data, and start of the next entry, in bytes from the start of the archive."""
        return self.offset + self.compressed_size


class ArchiveIndex(Struct, frozen=True):
    """The index of a written archive: its files in canonical order, and its size in bytes."""

    entries: tuple[IndexEntry, ...]
    size: int

    @property
    def manifest(self) -> Manifest:
        """The names and hashes of the files."""
        return Manifest.of((entry.name, entry.sha256) for entry in self.entries)


class _Packed(Struct, frozen=True):
    """A file ready to be written, with its ``data`` as in the archive."""

    sha256: str
    crc: int
    size: int
    method: int
    data: bytes | bytearray


def write_archive(items: Iterable[Item], target: BinaryIO, *, level: int = DEFAULT_LEVEL) -> ArchiveIndex:
    """Write an archive and return its index.

    Args:
        items: The files, no name twice, in any order.
        target: An open, seekable and empty file.
        level: The libdeflate level, 1 (fast) to 12 (small).

    Raises:
        PackageError: As the items' pieces do. The target then holds a part of the archive.

    """
    ordered = sorted(items, key=lambda item: utf16_key(item.name))
    with ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST_THREADS), "codepush-deflate") as pool:
        entries = tuple(_write_entries(ordered, target, pool, level))
    return write_directory(entries, target)


def write_item(item: Item, target: BinaryIO, *, level: int = DEFAULT_LEVEL) -> IndexEntry:
    """Write one file that fits into memory at the target's position, and return its entry."""
    return _write_packed(item.name, _pack(item, level), target)


def write_directory(entries: Sequence[IndexEntry], target: BinaryIO) -> ArchiveIndex:
    """Finish an archive, whose entries have been written, and return its index."""
    directory_offset = target.tell()
    target.writelines(_central_header(entry) for entry in entries)
    directory_size = target.tell() - directory_offset
    count = len(entries)
    target.write(_END.pack(b"PK\x05\x06", 0, 0, count, count, directory_size, directory_offset, 0))
    return ArchiveIndex(tuple(entries), target.tell())


def local_header(entry: IndexEntry) -> bytes:
    """Return the header before an entry's data, which is the same at every offset."""
    raw_name = entry.name.encode()
    return _LOCAL.pack(b"PK\x03\x04", *_common(entry, raw_name)) + raw_name


def _write_entries(items: list[Item], target: BinaryIO, pool: ThreadPoolExecutor, level: int) -> Iterator[IndexEntry]:
    """Write the files in order, and deflate others in parallel as far as memory allows: the largest, then the next."""
    started = {item.name: pool.submit(_pack, item, level) for item in _largest(items)}
    ahead = deque(item for item in items if item.size <= _WHOLE and item.name not in started)
    memory = _IN_FLIGHT - sum(item.size for item in items if item.name in started)
    for item in items:
        while ahead and ahead[0].size <= memory:
            begun = ahead.popleft()
            memory -= begun.size
            started[begun.name] = pool.submit(_pack, begun, level)
        if item.size > _WHOLE:
            yield _write_streamed(item, target)
        else:
            yield _write_packed(item.name, started.pop(item.name).result(), target)
            memory += item.size


def _largest(items: list[Item]) -> Iterator[Item]:
    """Yield the largest files that fit into half of the memory. If started last, they would keep only one core busy."""
    memory = _IN_FLIGHT // 2
    for item in sorted(items, key=lambda item: item.size, reverse=True):
        if item.size <= memory:
            memory -= item.size
            yield item


def _pack(item: Item, level: int) -> _Packed:
    data = b"".join(item.pieces())
    deflated = _deflate(data, level) if _can_be_deflated(data) else data
    method, packed = (DEFLATED, deflated) if len(deflated) < len(data) else (STORED, data)
    return _Packed(hashlib.sha256(data).hexdigest(), zlib.crc32(data), len(data), method, packed)


def _deflate(data: bytes, level: int) -> bytearray:
    return deflate.deflate_compress(data, level if len(data) < _LARGE else min(level, _LARGE_LEVEL))


def _can_be_deflated(data: bytes) -> bool:
    """Return whether a file is worth deflating.

    Most images are not, and deflating them all would take as long as the rest.
    """
    if len(data) <= _SAMPLE_EVERY:
        return True
    samples = b"".join(data[start : start + _SAMPLE] for start in range(0, len(data), _SAMPLE_EVERY))
    return len(deflate.deflate_compress(samples, _SAMPLE_LEVEL)) < len(samples)


def _write_packed(name: str, packed: _Packed, target: BinaryIO) -> IndexEntry:
    entry = IndexEntry(
        name=name,
        sha256=packed.sha256,
        crc=packed.crc,
        size=packed.size,
        compressed_size=len(packed.data),
        method=packed.method,
        offset=target.tell() + _header_size(name),
    )
    target.write(local_header(entry))
    target.write(packed.data)
    return entry


def _write_streamed(item: Item, target: BinaryIO) -> IndexEntry:
    """Write a file that is too large for memory: deflated, then again stored if that is smaller."""
    deflated = _stream(item, target, DEFLATED)
    if deflated.compressed_size < deflated.size:
        return deflated
    target.seek(deflated.offset - _header_size(item.name))
    target.truncate()
    return _stream(item, target, STORED)


def _stream(item: Item, target: BinaryIO, method: int) -> IndexEntry:
    start = target.tell()
    offset = start + _header_size(item.name)
    target.seek(offset)
    deflater = zlib.compressobj(zlib.Z_BEST_COMPRESSION, zlib.DEFLATED, -zlib.MAX_WBITS)
    digest, crc, size = hashlib.sha256(), 0, 0
    for piece in item.pieces():
        digest.update(piece)
        crc = zlib.crc32(piece, crc)
        size += len(piece)
        target.write(deflater.compress(piece) if method == DEFLATED else piece)
    if method == DEFLATED:
        target.write(deflater.flush())
    end = target.tell()
    entry = IndexEntry(
        name=item.name,
        sha256=digest.hexdigest(),
        crc=crc,
        size=size,
        compressed_size=end - offset,
        method=method,
        offset=offset,
    )
    target.seek(start)
    target.write(local_header(entry))
    target.seek(end)
    return entry


def _header_size(name: str) -> int:
    return _LOCAL.size + len(name.encode())


def _common(entry: IndexEntry, raw_name: bytes) -> tuple[int, ...]:
    """Return the fields that both headers of an entry share, from the version to the length of the extra fields."""
    flags = 0 if entry.name.isascii() and entry.name.isprintable() else _IS_UTF8
    sizes = entry.compressed_size, entry.size, len(raw_name), 0
    return _VERSION_NEEDED, flags, entry.method, _TIME, _DATE, entry.crc, *sizes


def _central_header(entry: IndexEntry) -> bytes:
    raw_name = entry.name.encode()
    rest = 0, 0, 0, _MODE, entry.start  # no comment, first disk, no internal attributes
    return _CENTRAL.pack(b"PK\x01\x02", _MADE_BY, *_common(entry, raw_name), *rest) + raw_name
