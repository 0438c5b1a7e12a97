"""Feed damaged and hostile archives to the reader, and check that each is either rejected properly or read.

    python tools/fuzz_archives.py [--count N] [--seed S]

Half of the cases are sound archives whose parts were changed knowingly (names, flags, methods, sizes, checksums, extra
fields, descriptors, entries twice or in each other's place), and put together again so that the lie is all that is
wrong; the others had bytes changed besides, anywhere. Each is read and unpacked. It is a failure when anything but a
``PackageError`` comes out, when reading and unpacking do not agree, when a call takes more than a few seconds, and
when something is written, made or linked outside the folder to unpack into, or left there after a refusal.

The first failure ends the run: its archive is kept, and the command exits 1. The same count and seed give the same
cases on any number of cores.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import secrets
import shutil
import signal
import struct
import sys
import tempfile
import time
import zlib
from collections import Counter
from functools import cache
from multiprocessing import Pool
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from codepush.errors import PackageError
from codepush.packaging.archive import Limits, extract, is_archive, read_manifest
from codepush.packaging.manifest import hash_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

BATCH: Final = 5_000
MOST_SECONDS: Final = 5.0
LIMITS: Final = Limits(entries=50, total_size=1 << 16, name_size=300)

MEMORY: Final = Path("/dev/shm")  # noqa: S108 - only the parent of a folder with a random name
"""An in-memory file system on Linux: several times faster, without wear on disks."""

TEXT: Final = b"function add(a, b) { return a + b }\n" * 40
NOISE: Final = bytes(range(256)) * 3
BOMB: Final = bytes(1 << 18)
CONTENTS: Final = (b"", b"x", b"content", TEXT, NOISE)
TEXTUAL_NAMES: Final = (
    *("a.js", "CodePush/index.bundle", "CodePush/assets/a.png", "CodePush/é日.txt", "x/" * 20 + "y", "n" * 255),
    *("CODEPUSH/INDEX.bundle", "CodePush", "CodePush/", "e\u0301", "\u00e9", "__MACOSX/a", ".DS_Store"),
    *(".codepushrelease", "hotcodepush.json", "../up", "a/../../up", "/root", "//share", "C:/drive", "C:drive"),
    *("a\\b", "..\\up", "", ".", "..", "a//b", "a/./b", "nul\0l", "n" * 256, "l/" * 200, "con", "a ", "a.", "~"),
)
NAMES: Final = (*(name.encode() for name in TEXTUAL_NAMES), b"\xff\xfe", b"\x82\x01", b"\xed\xa0\x80")
NUMBERS: Final = (0, 1, 2, 8, 9, 20, 99, 0x7F, 0xFF, 0x0800, 0x7FFF, 0xFFFE, 0xFFFF, 1 << 20, 1 << 31, (1 << 32) - 1)
MODES: Final = (0, 0o100644, 0o100755, 0o040755, 0o120777, 0o010644, 0o020644, 0o060644, 0o140644, 0o107777)
FLAGS: Final = (0x0001, 0x0008, 0x0020, 0x0040, 0x0800, 0x2000)
SNIPPETS: Final = (b"PK\1\2", b"PK\3\4", b"PK\5\6", b"PK\6\7", b"PK\7\x08", b"../", b"\0\0\0\0", b"\xff" * 4)


class Header(Struct, frozen=True, kw_only=True):
    """One of the two headers of an entry."""

    name: bytes
    flags: int
    method: int
    crc: int
    compressed_size: int
    size: int
    extra: bytes = b""

    def pack(self) -> bytes:
        """Return the fields that both headers share, up to the length of the extra fields."""
        sizes = self.compressed_size, self.size, len(self.name) & 0xFFFF, len(self.extra) & 0xFFFF
        return struct.pack("<HHHHHIIIHH", 20, self.flags, self.method, 0, 33, self.crc, *sizes)


class Entry(Struct, frozen=True, kw_only=True):
    """An entry: its local header, its record in the central directory, and its data."""

    local: Header
    central: Header
    data: bytes
    mode: int = 0o100644
    descriptor: bytes = b""
    shift: int = 0


class Outcome(Struct, frozen=True):
    """The result of a batch: how many archives were rejected and read; the first failure, and its archive."""

    counts: Counter[str]
    failure: str = ""
    content: bytes = b""


def sound(source: random.Random) -> Entry:
    """Return a valid entry, except for its name."""
    name = source.choice(NAMES[:5]) + b"%d" % source.randrange(100) if source.randrange(10) else source.choice(NAMES)
    return packed(source, name, source.choice(CONTENTS))


@cache
def deflated(content: bytes) -> bytes:
    """Deflate one of the few contents there are."""
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflater.compress(content) + deflater.flush()


def packed(source: random.Random, name: bytes, content: bytes) -> Entry:
    """Return a file as an entry: stored or deflated, with or without descriptor."""
    method = source.choice((0, 8))
    data = deflated(content) if method else content
    has_descriptor = source.random() < 1 / 4
    crc, flags = zlib.crc32(content), 0 if name.isascii() else 0x0800
    header = Header(name=name, flags=flags, method=method, crc=crc, compressed_size=len(data), size=len(content))
    if not has_descriptor:
        return Entry(local=header, central=header, data=data)
    described = replace(header, flags=flags | 0x0008)
    local = replace(described, crc=0, compressed_size=0, size=0) if source.random() < 1 / 2 else described
    fields = struct.pack(source.choice(("<III", "<IQQ")), crc, len(data), len(content))
    descriptor = source.choice((b"", b"PK\7\x08")) + fields
    return Entry(local=local, central=described, data=data, descriptor=descriptor)


def assemble(entries: list[Entry], comment: bytes = b"") -> bytes:
    """Return the archive of these entries; its offsets and counts are right, whatever else is wrong."""
    body, directory = bytearray(), bytearray()
    for entry in entries:
        offset = (len(body) + entry.shift) & 0xFFFFFFFF
        tail = struct.pack("<HHHII", 0, 0, 0, entry.mode << 16, offset)
        directory += b"PK\1\2" + struct.pack("<H", 0x0314) + entry.central.pack() + tail
        directory += entry.central.name + entry.central.extra
        body += b"PK\3\4" + entry.local.pack() + entry.local.name + entry.local.extra + entry.data + entry.descriptor
    count = len(entries)
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, len(directory), len(body), len(comment))
    return bytes(body + directory + end + comment)


def renamed(source: random.Random, entry: Entry) -> Entry:
    """Call an entry otherwise."""
    return changed(source, entry, name=source.choice(NAMES))


def lying(source: random.Random, entry: Entry) -> Entry:
    """Let an entry declare another number than the true one."""
    field = source.choice(("method", "crc", "compressed_size", "size"))
    true: int = getattr(entry.central, field)
    number = source.choice((*NUMBERS, true + 1, true - 1, true ^ 1 << source.randrange(32)))
    return changed(source, entry, **{field: number & (0xFFFF if field == "method" else 0xFFFFFFFF)})


def flagged(source: random.Random, entry: Entry) -> Entry:
    """Flip one of an entry's flags."""
    return changed(source, entry, flags=entry.central.flags ^ source.choice(FLAGS))


def extended(source: random.Random, entry: Entry) -> Entry:
    """Give an entry an extra field: large sizes, another name, or nonsense."""
    sizes = struct.pack("<HHQQ", 1, 16, entry.central.size, entry.central.compressed_size)
    name = source.choice(NAMES)
    path = struct.pack("<HHBI", 0x7075, 5 + len(name), 1, zlib.crc32(entry.central.name)) + name
    return changed(source, entry, extra=source.choice((sizes, path, path[:-1], source.randbytes(source.randrange(30)))))


def changed(source: random.Random, entry: Entry, **fields: object) -> Entry:
    """Change the local header of an entry, or its central record, or mostly both."""
    where = source.randrange(4)
    local = entry.local if where == 0 else replace(entry.local, **fields)
    central = entry.central if where == 1 else replace(entry.central, **fields)
    return replace(entry, local=local, central=central)


def garbled(source: random.Random, entry: Entry) -> Entry:
    """Damage an entry's data, with or without adapting its declared length."""
    data = damaged(source, entry.data)
    if source.random() < 1 / 2:
        return replace(entry, data=data)
    sizes = (
        {"compressed_size": len(data)} if entry.central.method else {"compressed_size": len(data), "size": len(data)}
    )
    return replace(entry, data=data, local=replace(entry.local, **sizes), central=replace(entry.central, **sizes))


def blown_up(source: random.Random, entry: Entry) -> Entry:
    """Let an entry hold much more than it declares."""
    bomb = packed(source, entry.central.name, BOMB)
    size = source.choice((0, 1, entry.central.size, len(BOMB)))
    return replace(bomb, local=replace(bomb.local, size=size), central=replace(bomb.central, size=size))


def special(source: random.Random, entry: Entry) -> Entry:
    """Make an entry a link, a folder, a device."""
    return replace(entry, mode=source.choice(MODES))


def misplaced(source: random.Random, entry: Entry) -> Entry:
    """Let the central directory look for an entry elsewhere."""
    return replace(entry, shift=source.choice((-30, -1, 1, 30, source.randrange(-500, 500))))


def undescribed(source: random.Random, entry: Entry) -> Entry:
    """Damage an entry's descriptor, or invent one."""
    return replace(entry, descriptor=damaged(source, entry.descriptor))


CHANGES: Final[tuple[Callable[[random.Random, Entry], Entry], ...]] = (
    *(renamed, lying, flagged, extended, garbled, blown_up, special, misplaced, undescribed),
)


def damaged(source: random.Random, content: bytes) -> bytes:
    """Change some bytes anywhere: one of them, a few, or a whole stretch."""
    out = bytearray(content)
    for _ in range(source.randrange(1, 4)):
        at, length = source.randrange(len(out) + 1), source.choice((1, 1, 2, 4, 30, 300))
        piece = source.choice((source.choice(SNIPPETS), source.randbytes(length)))
        kind = source.choice(("cut", "insert", "overwrite", "copy", "flip"))
        if kind == "cut":
            del out[at : at + length]
        elif kind == "insert":
            out[at:at] = piece
        elif kind == "overwrite":
            out[at : at + len(piece)] = piece
        elif kind == "copy":
            start = source.randrange(len(out) + 1)
            out[at:at] = out[start : start + length]
        elif at < len(out):
            out[at] ^= 1 << source.randrange(8)
    return bytes(out)


def hostile(source: random.Random) -> bytes:
    """Return the archive of one case."""
    entries = [sound(source) for _ in range(source.randrange(1, 5))]
    for _ in range(source.randrange(3)):
        at = source.randrange(len(entries))
        entries[at] = source.choice(CHANGES)(source, entries[at])
    if source.random() < 1 / 8:
        entries.insert(source.randrange(len(entries) + 1), source.choice(entries))
    comment = source.randbytes(source.randrange(20)) if source.random() < 1 / 8 else b""
    content = assemble(entries, comment)
    return damaged(source, content) if source.random() < 1 / 2 else content


class Guard:
    """Sees every file that is opened for writing, and every folder and link that is made, from now on to the end.

    Args:
        folder: Where files and folders may be made, while it is watching.

    """

    def __init__(self, folder: Path) -> None:
        self.escaped = ""
        self.is_watching = False
        self._folder = str(folder)
        sys.addaudithook(self._see)

    def _see(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.is_watching or not changes_files(event, arguments):
            return
        path = os.path.abspath(os.fsdecode(arguments[0]))  # type: ignore[arg-type]  # noqa: PTH100 - as it stands
        is_inside = path == self._folder or path.startswith(self._folder + os.sep)
        if not is_inside or event not in {"open", "os.mkdir"}:
            self.escaped = f"{event} {path}"


def changes_files(event: str, arguments: tuple[object, ...]) -> bool:
    """Return whether an audit event makes or writes something."""
    if event == "open":
        return isinstance(arguments[2], int) and bool(arguments[2] & (os.O_WRONLY | os.O_RDWR))
    return event in {"os.link", "os.mkdir", "os.rename", "os.symlink"}


def judge(content: bytes, target: Path, guard: Guard) -> str:
    """Read and unpack an archive; return whether both rejected or read it.

    Raises:
        AssertionError: They did not agree, or something was left or written where nothing should be.
        TimeoutError: It took too long.
        Exception: Whatever came out of them that is no ``PackageError``.

    """
    is_archive(io.BytesIO(content))
    expected = attempt(lambda: read_manifest(io.BytesIO(content), limits=LIMITS))
    guard.is_watching = True
    unpacked = attempt(lambda: extract(io.BytesIO(content), target, limits=LIMITS))
    guard.is_watching = False
    assert not guard.escaped, f"reached outside: {guard.escaped}"
    assert unpacked == expected, f"read: {expected!r}, unpacked: {unpacked!r}"
    if isinstance(expected, str):
        assert not target.exists(), f"the rejected archive left files behind: {expected}"
        return "refused"
    assert hash_tree(target) == expected, "the files in the folder differ from the manifest"
    shutil.rmtree(target)
    return "read"


def attempt(call: Callable[[], object]) -> object:
    """Return the result of a call, or the message of its ``PackageError``."""
    try:
        return call()
    except PackageError as error:
        return error.message


def expire(_signal: int, _frame: FrameType | None) -> None:
    """Interrupt what takes too long."""
    raise TimeoutError(f"took more than {MOST_SECONDS:g} seconds")


def run_batch(job: tuple[str, int]) -> Outcome:
    """Run the cases of a batch, all of which follow from its name. Needs a process of its own."""
    name, count = job
    source = random.Random(name)  # noqa: S311 - the same cases have to come again
    counts: Counter[str] = Counter()
    signal.signal(signal.SIGALRM, expire)
    with tempfile.TemporaryDirectory(prefix="codepush-fuzz-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        target = Path(folder).resolve() / "target"
        guard = Guard(target)
        for case in range(count):
            content = hostile(source)
            signal.setitimer(signal.ITIMER_REAL, MOST_SECONDS)
            try:
                counts[judge(content, target, guard)] += 1
            except Exception as error:  # noqa: BLE001 - any exception at all is what is looked for
                return Outcome(counts, f"case {case} of batch {name}: {type(error).__name__}: {error}", content)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
    return Outcome(counts)


def jobs(count: int, seed: int) -> Iterator[tuple[str, int]]:
    """Yield names and sizes of the batches that make up a run."""
    for start in range(0, count, BATCH):
        yield f"{seed}:{start}", min(BATCH, count - start)


def keep(outcome: Outcome) -> str:
    """Keep the archive of a failure, and return where it is."""
    handle, path = tempfile.mkstemp(prefix="codepush-fuzz-", suffix=".zip")
    with os.fdopen(handle, "wb") as file:
        file.write(outcome.content)
    return path


def main() -> None:
    """Run the requested number of cases on all cores."""
    parser = argparse.ArgumentParser(description="Feed damaged and hostile archives to the reader.")
    parser.add_argument("--count", type=int, default=1_000_000, help="how many archives (default: a million)")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="default: another one each time")
    options = parser.parse_args()
    print(f"Seed {options.seed}: {options.count:,} archives on {os.cpu_count()} cores.", flush=True)
    start = time.monotonic()
    counts: Counter[str] = Counter()
    with Pool(maxtasksperchild=1) as pool:
        for outcome in pool.imap_unordered(run_batch, jobs(options.count, options.seed)):
            counts += outcome.counts
            if outcome.failure:
                sys.exit(f"{outcome.failure}\nIts archive is kept: {keep(outcome)}")
    summary = ", ".join(f"{number:,} {what}" for what, number in sorted(counts.items()))
    print(f"{counts.total():,} archives in {time.monotonic() - start:.0f} seconds: {summary}; no failure.")


if __name__ == "__main__":
    main()
