"""The directory of a zip archive, checked completely before anything is inflated.

Every byte of the file must belong to exactly one entry, to the central directory, or to the end record, and the two
headers of an entry must agree. So a device that reads the archive from its start and one that reads it from its end
see the same files, which most malicious archives try to prevent.
"""

from __future__ import annotations

import os
import stat
import struct
from typing import TYPE_CHECKING, BinaryIO, Final, NoReturn

from msgspec import Struct
from msgspec.structs import replace

from codepush.errors import PackageError
from codepush.packaging.manifest import is_ignored
from codepush.packaging.names import check_name, check_together, decode_name, extra_field, quote

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "DEFAULT_LIMITS",
    "DEFLATED",
    "RELEASE_LIMITS",
    "STORED",
    "Entry",
    "Limits",
    "is_archive",
    "read_at",
    "read_directory",
    "reject",
]

STORED: Final = 0
DEFLATED: Final = 8

_LOCAL: Final = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL: Final = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END: Final = struct.Struct("<4sHHHHIIH")
_LOCAL_SIGNATURE: Final = b"PK\x03\x04"
_CENTRAL_SIGNATURE: Final = b"PK\x01\x02"
_END_SIGNATURE: Final = b"PK\x05\x06"
_DESCRIPTOR_SIGNATURE: Final = b"PK\x07\x08"
_ZIP64_LOCATOR_SIGNATURE: Final = b"PK\x06\x07"
_ZIP64_LOCATOR_SIZE: Final = 20
_ZIP64_FIELD: Final = 0x0001
_LONGEST_DESCRIPTOR: Final = 24
_LONGEST_COMMENT: Final = 0xFFFF
_IN_ZIP64: Final = 0xFFFFFFFF
_MOST_ENTRIES: Final = 0xFFFE
_MOST_BYTES: Final = 1 << 31
_LONGEST_NAME: Final = 1 << 12
_EMPTY_DEFLATED_SIZE: Final = 2

_HAS_DESCRIPTOR: Final = 0x0008
_IS_UTF8: Final = 0x0800
_IS_ENCRYPTED: Final = 0x0001 | 0x0040 | 0x2000  # by the old method, by a newer one, together with the directory
_IS_PATCH: Final = 0x0020


class Limits(Struct, frozen=True, kw_only=True):
    """Limits of a package. The defaults are several times the size of large React Native apps.

    Attributes:
        entries: Entries of an archive, at most 65,534 (more would need ZIP64, which not every device reads).
        total_size: Bytes of all inflated files together, at most 2 GiB (for the same reason).
        name_size: Bytes of one name in UTF-8, at most 4,096.
        ratio: Maximum ratio of unpacked to packed size, beyond ``free_size``; ``None`` for any.
        free_size: Bytes of all files together up to which the ratio does not count.

    """

    entries: int = 20_000
    total_size: int = 1 << 30
    name_size: int = 1024
    ratio: int | None = None
    free_size: int = 50 << 20

    def check_ratio(self, unpacked: int, packed: int) -> None:
        """Raise ``PackageError`` if the unpacked size is too large for the packed size."""
        if self.ratio is not None and unpacked > self.free_size and unpacked > self.ratio * packed:
            raise PackageError(
                f"The archive unpacks to {unpacked} bytes, more than {self.ratio} times its packed size of {packed} "
                "bytes. Remove the files that hold little but repetition."
            )

    def __post_init__(self) -> None:
        if self.entries > _MOST_ENTRIES or self.total_size > _MOST_BYTES or self.name_size > _LONGEST_NAME:
            raise ValueError("Limits are at most 65,534 entries, 2 GiB in total and 4,096 bytes for a name.")


DEFAULT_LIMITS: Final = Limits()

RELEASE_LIMITS: Final = Limits(ratio=100)
"""Limits of released packages. Stored packages can have a higher compression, and are read without a ratio."""


class Entry(Struct, frozen=True, kw_only=True):
    """One entry of an archive, as its central directory declares it.

    Attributes:
        name: The decoded name; a trailing slash marks a folder.
        raw_name: The name's bytes in the archive.
        flags: The general purpose bits.
        method: Compression method, ``STORED`` or ``DEFLATED``.
        crc: The declared CRC-32 of the content.
        compressed_size: Bytes of the data in the archive.
        size: Declared bytes of the content.
        mode: The POSIX file mode, 0 when the archive has none.
        header_offset: Start of the local header, in bytes from the start of the archive.
        data_offset: Start of its data; 0 until the local header has been read.

    """

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    compressed_size: int
    size: int
    mode: int
    header_offset: int
    data_offset: int = 0

    @property
    def is_folder(self) -> bool:
        """Whether the entry only names a folder."""
        return self.name.endswith("/")


class _End(Struct, frozen=True):
    """The end record: number of entries, and position of the central directory in bytes."""

    count: int
    size: int
    offset: int


def is_archive(source: BinaryIO) -> bool:
    """Return whether a file is an archive rather than a single file.

    Devices check the first four bytes. A file that only ends like an archive counts too, so that reading rejects it:
    no device would unpack it, and it is not a bundle.

    Args:
        source: An open, seekable file; its position afterwards is undefined.

    """
    return read_at(source, 0, 4) in {_LOCAL_SIGNATURE, _END_SIGNATURE} or _find_end(source) is not None


def read_directory(source: BinaryIO, limits: Limits) -> list[Entry]:
    """Return the entries of an archive, folders included, in the order of their data.

    Args:
        source: An open, seekable file; its position afterwards is undefined.
        limits: Limits of the archive.

    Raises:
        PackageError: The archive is unsafe, damaged or beyond the limits; the message names the entry, where one is
            to blame, and the reason.

    """
    end = _read_end(source, limits)
    entries = list(_read_entries(source, end, limits))
    for entry in entries:
        _check_declared(entry, limits)
    if sum(entry.size for entry in entries) > limits.total_size:
        raise PackageError(f"The archive holds more than {limits.total_size} bytes once it is unpacked.")
    limits.check_ratio(sum(entry.size for entry in entries), sum(entry.compressed_size for entry in entries))
    check_together(entry.name for entry in entries if not is_ignored(entry.name))
    return list(_locate(source, entries, end.offset))


def read_at(source: BinaryIO, offset: int, size: int) -> bytes:
    """Return that many bytes from an offset, or fewer where the file ends."""
    source.seek(offset)
    return source.read(size)


def reject(entry: Entry, reason: str) -> NoReturn:
    """Raise a ``PackageError`` about an entry."""
    raise PackageError(f"The archive entry {quote(entry.name)} {reason}.")


def _find_end(source: BinaryIO) -> int | None:
    """Return the offset of the end record, if the file ends with one: its comment must end at the last byte."""
    file_size = source.seek(0, os.SEEK_END)
    start = max(0, file_size - _END.size - _LONGEST_COMMENT)
    tail = read_at(source, start, file_size - start)
    index = tail.rfind(_END_SIGNATURE)
    if index < 0 or len(tail) - index < _END.size:
        return None
    comment_size: int = _END.unpack_from(tail, index)[-1]
    return start + index if index + _END.size + comment_size == len(tail) else None


def _read_end(source: BinaryIO, limits: Limits) -> _End:
    position = _find_end(source)
    if position is None:
        raise PackageError("The archive is cut off, or other bytes follow it: it does not end with an end record.")
    _, disk, first_disk, count_here, count, size, offset, _ = _END.unpack(read_at(source, position, _END.size))
    locator = read_at(source, max(0, position - _ZIP64_LOCATOR_SIZE), len(_ZIP64_LOCATOR_SIGNATURE))
    if count > _MOST_ENTRIES or _IN_ZIP64 in {size, offset} or locator == _ZIP64_LOCATOR_SIGNATURE:
        raise PackageError("The archive uses ZIP64, which not every device reads. Create it without ZIP64.")
    if disk or first_disk or count_here != count:
        raise PackageError("The archive is one part of several, or contradicts itself on how many entries it has.")
    if count > limits.entries:
        raise PackageError(f"The archive has {count} entries; at most {limits.entries} are allowed.")
    if offset + size != position:
        raise PackageError("The archive's central directory is not at the offset in its end record.")
    return _End(count, size, offset)


def _read_entries(source: BinaryIO, end: _End, limits: Limits) -> Iterator[Entry]:
    left = end.size
    source.seek(end.offset)
    for _ in range(end.count):
        record = source.read(min(_CENTRAL.size, left))
        if len(record) < _CENTRAL.size or not record.startswith(_CENTRAL_SIGNATURE):
            raise PackageError("The archive's central directory is damaged, or has fewer entries than declared.")
        fields = _CENTRAL.unpack(record)
        name_size, extra_size, comment_size = fields[10:13]
        left -= _CENTRAL.size + name_size + extra_size + comment_size
        if left < 0:
            raise PackageError("The archive's central directory is damaged: an entry reaches beyond its end.")
        raw_name, extra = source.read(name_size), source.read(extra_size)
        source.seek(comment_size, os.SEEK_CUR)
        yield _entry(fields, raw_name, extra, limits)
    if left:
        raise PackageError("The archive's central directory has more entries than declared.")


def _entry(fields: tuple[int, ...], raw_name: bytes, extra: bytes, limits: Limits) -> Entry:
    _, _, _, flags, method, _, _, crc, compressed_size, size, *_, attributes, header_offset = fields
    if len(raw_name) > limits.name_size:
        shown = quote(raw_name.decode("utf-8", "replace"))
        raise PackageError(f"The archive entry {shown} has a name of more than {limits.name_size} bytes.")
    return Entry(
        name=decode_name(raw_name, extra, is_utf8=bool(flags & _IS_UTF8)),
        raw_name=raw_name,
        flags=flags,
        method=method,
        crc=crc,
        compressed_size=compressed_size,
        size=size,
        mode=attributes >> 16,
        header_offset=header_offset,
    )


def _check_declared(entry: Entry, limits: Limits) -> None:
    """Reject an entry by its central record alone."""
    check_name(entry.name, longest=limits.name_size)
    kind = stat.S_IFMT(entry.mode)
    if kind not in {0, stat.S_IFDIR if entry.is_folder else stat.S_IFREG}:
        reject(entry, "is a link or another special file; only files can be released")
    if entry.flags & _IS_ENCRYPTED:
        reject(entry, "is encrypted")
    if entry.method not in {STORED, DEFLATED} or entry.flags & _IS_PATCH:
        reject(entry, f"is compressed with method {entry.method}; only stored (0) and deflated (8) are supported")
    if _IN_ZIP64 in {entry.size, entry.compressed_size, entry.header_offset}:
        reject(entry, "uses ZIP64, which not every device reads")
    if entry.is_folder and (entry.size or entry.compressed_size > _EMPTY_DEFLATED_SIZE):
        reject(entry, "is a folder and yet has content")
    if entry.method == STORED and entry.compressed_size != entry.size:
        reject(entry, "is stored, but declares two different sizes")


def _locate(source: BinaryIO, entries: list[Entry], limit: int) -> Iterator[Entry]:
    """Check that the entries fill the archive up to the limit, and yield them with their data located."""
    position = 0
    for declared in sorted(entries, key=lambda entry: entry.header_offset):
        if declared.header_offset < position:
            reject(declared, "overlaps another entry")
        if declared.header_offset > position:
            reject(declared, f"comes after {declared.header_offset - position} bytes that belong to no entry")
        entry, has_descriptor = _read_local(source, declared)
        position = entry.data_offset + entry.compressed_size
        if position > limit:
            reject(entry, "reaches into the central directory")
        if has_descriptor:
            position += _descriptor_size(source, entry, position)
        yield entry
    if position != limit:
        raise PackageError("The archive has bytes that belong to no entry in front of its central directory.")


def _read_local(source: BinaryIO, entry: Entry) -> tuple[Entry, bool]:
    """Return the entry with its data located, and whether a descriptor follows the data."""
    header = read_at(source, entry.header_offset, _LOCAL.size)
    if len(header) < _LOCAL.size or not header.startswith(_LOCAL_SIGNATURE):
        reject(entry, "has no header at its offset in the central directory")
    _, _, flags, method, _, _, crc, compressed_size, size, name_size, extra_size = _LOCAL.unpack(header)
    name, extra = source.read(name_size), source.read(extra_size)
    if flags & (_IS_ENCRYPTED | _IS_PATCH):
        reject(entry, "is encrypted or a patch")
    is_same_name = name == entry.raw_name and (name.isascii() or (flags ^ entry.flags) & _IS_UTF8 == 0)
    if not is_same_name or method != entry.method:
        reject(entry, "is called or packed differently in its own header than in the central directory")
    has_descriptor = bool(flags & _HAS_DESCRIPTOR)
    declared = (crc, *_local_sizes(compressed_size, size, extra))
    if not has_descriptor and declared != (entry.crc, entry.compressed_size, entry.size):
        reject(entry, "has another size or checksum in its own header than in the central directory")
    return replace(entry, data_offset=entry.header_offset + _LOCAL.size + name_size + extra_size), has_descriptor


def _local_sizes(compressed_size: int, size: int, extra: bytes) -> tuple[int, int]:
    """Return both sizes. Tools that pack from a pipe reserve the ZIP64 field, even for small files."""
    large = extra_field(extra, _ZIP64_FIELD)
    if _IN_ZIP64 not in {compressed_size, size} or large is None or len(large) < struct.calcsize("<QQ"):
        return compressed_size, size
    large_size, large_compressed_size = struct.unpack_from("<QQ", large)
    return large_compressed_size, large_size


def _descriptor_size(source: BinaryIO, entry: Entry, offset: int) -> int:
    """Return the length of the descriptor after an entry's data, with or without signature, short or long."""
    found = read_at(source, offset, _LONGEST_DESCRIPTOR)
    for signature in (_DESCRIPTOR_SIGNATURE, b""):
        for sizes in ("QQ", "II"):
            fields = struct.pack("<I" + sizes, entry.crc, entry.compressed_size, entry.size)
            if found.startswith(signature + fields):
                return len(signature + fields)
    reject(entry, "is followed by another size or checksum than the central directory declares")
