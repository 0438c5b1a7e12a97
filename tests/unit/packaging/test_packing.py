"""How archives are packed: as small as promised, on all cores, in bounded memory."""

import io
import json
import os
import random
import tracemalloc
import zlib
from pathlib import Path

import pytest

from codepush.packaging.writer import Item, write_archive

NOISE = random.Random(1).randbytes(1 << 20)
SCRIPT = b"".join(path.read_bytes() for path in sorted(Path(json.__file__).parent.glob("*.py")))


def item(name, *pieces):
    return Item(name, sum(map(len, pieces)), lambda: iter(pieces))


def packed(*items, **options):
    target = io.BytesIO()
    return target, write_archive(items, target, **options)


class Sink(io.RawIOBase):
    """A file that forgets what is written to it, but not how much that was."""

    position = 0

    def write(self, data):
        self.position += len(data)
        return len(data)

    def tell(self):
        return self.position


@pytest.mark.parametrize("level", [7, 11, 12])
def test_the_bytes_do_not_depend_on_the_cores(level, monkeypatch):
    """One core or many: the same files give the same archive, whichever is finished first."""
    files = [item(f"{number:02}", *[SCRIPT[number:] * (number % 4), NOISE[: number * 999]]) for number in range(20)]
    archives = set()
    for cores in (1, 2, 7, None):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        archives.add(packed(*files, level=level)[0].getvalue())
    assert len(archives) == 1


def test_the_largest_file_is_begun_first(monkeypatch):
    """The bundle, last in the archive as it may be, is not what the other cores wait for in the end."""
    begun = []

    def recorded(name, size):
        return Item(name, size, lambda: iter([begun.append(name) or NOISE[:size]]))

    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    _, index = packed(recorded("a", 10), recorded("b", 20), recorded("z", 5000), recorded("c", 0))
    assert begun == ["z", "b", "a", "c"]
    assert [entry.name for entry in index.entries] == ["a", "b", "c", "z"]


def test_memory_is_bounded_however_large_the_archive_is():
    """Of 282 MiB of noise, 64 are in memory at once, and once more while they are put together from pieces."""

    def large(name, size):
        return Item(name, size << 20, lambda: (bytes(bytearray(NOISE)) for _ in range(size)))

    sizes = [1, 31, 8, 17, 32, 5] * 3
    tracemalloc.start()
    try:
        index = write_archive([large(f"{at:02}", size) for at, size in enumerate(sizes)], Sink())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [entry.size for entry in index.entries] == [size << 20 for size in sizes]
    assert peak < 2 * 64 << 20


def test_scripts_become_smaller_than_zlib_makes_them():
    """No larger than zlib's default at our default, and more than 3 % smaller at the best level."""
    _, default = packed(item("a.js", SCRIPT))
    _, best = packed(item("a.js", SCRIPT), level=12)
    by_zlib = len(zlib.compress(SCRIPT, wbits=-15))
    assert default.entries[0].compressed_size <= by_zlib
    assert best.entries[0].compressed_size < 0.97 * by_zlib


def test_files_that_can_be_deflated_in_places_are():
    """A file that is noise but for some text in its middle is deflated; one that is all noise is stored."""
    mixed = NOISE[:100_000] + SCRIPT[:50_000] + NOISE[:100_000]
    _, index = packed(item("mixed", mixed), item("noise", NOISE))
    assert [(entry.method, entry.compressed_size < entry.size) for entry in index.entries] == [(8, True), (0, False)]
