"""Archives written by hand, field by field, so that tests can make what no decent tool would."""

import io
import struct
import zlib

from msgspec import Struct

REGULAR = 0o100644


class Member(Struct, frozen=True, kw_only=True):
    """One entry. ``None`` means the honest value; ``local_*`` is what only the local header says."""

    name: bytes | str
    data: bytes = b"content"
    deflated: bool = False
    payload: bytes | None = None
    method: int | None = None
    flags: int = 0
    crc: int | None = None
    size: int | None = None
    mode: int = REGULAR
    extra: bytes = b""
    local_extra: bytes = b""
    local_name: bytes | None = None
    local_method: int | None = None
    local_flags: int | None = None
    local_sizes: tuple[int, int] | None = None
    descriptor: bytes | None = None
    gap: bytes = b""
    header_offset: int | None = None


def deflate(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def archive(*members, count=None, count_here=None, disk=0, comment=b"", before=b"", shift=0, between=b"", after=b""):
    """Return the bytes of an archive; ``shift`` moves the offset that the end record gives."""
    body, directory = bytearray(before), bytearray()
    for member in members:
        header_offset = len(body) + len(member.gap) if member.header_offset is None else member.header_offset
        local, central = records(member, header_offset)
        body += member.gap + local
        directory += central
    offset = len(body) + len(between) + shift
    total = len(members) if count is None else count
    here = total if count_here is None else count_here
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", disk, 0, here, total, len(directory), offset, len(comment))
    return bytes(body + between + directory + end + comment + after)


def records(member, header_offset):
    """Return an entry's local record with its data, and its central record."""
    name = member.name.encode() if isinstance(member.name, str) else member.name
    packed = deflate(member.data) if member.deflated else member.data
    payload = packed if member.payload is None else member.payload
    method = (8 if member.deflated else 0) if member.method is None else member.method
    crc = zlib.crc32(member.data) if member.crc is None else member.crc
    size = len(member.data) if member.size is None else member.size
    utf8 = 0x0800 if isinstance(member.name, str) and not member.name.isascii() else 0
    flags = member.flags | utf8
    local_name = name if member.local_name is None else member.local_name
    local_method = method if member.local_method is None else member.local_method
    local_flags = flags if member.local_flags is None else member.local_flags
    sizes = (len(payload), size) if member.local_sizes is None else member.local_sizes
    local_lengths = len(local_name), len(member.local_extra)
    local = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, local_flags, local_method, 0, 33, crc, *sizes, *local_lengths)
    local += local_name + member.local_extra + payload + (member.descriptor or b"")
    lengths = len(name), len(member.extra), 0
    fields = 0x0314, 20, flags, method, 0, 33, crc, len(payload), size, *lengths, 0, 0, member.mode << 16, header_offset
    return local, struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", *fields) + name + member.extra


def opened(content):
    """Return bytes as an open file."""
    return io.BytesIO(content)


class CountingFile(io.BytesIO):
    """A file that knows how many bytes were read from it."""

    total = 0

    def read(self, size=-1):
        found = super().read(size)
        self.total += len(found)
        return found
