"""Compare what can deflate, for the record: the choice of libdeflate and of its levels comes from here.

``isal`` and ``zopfli`` are no dependencies, so they are installed aside:

    pip install --target OTHERS isal zopfli
    PYTHONPATH=tests:OTHERS python benchmarks/deflaters.py
"""

from __future__ import annotations

import tempfile
import time
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import deflate
import zopfli.zlib
from apps import generated_app
from isal import igzip_lib
from results import circumstances, table, write_section

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMAND: Final = "PYTHONPATH=tests:OTHERS python benchmarks/deflaters.py"
ROUNDS: Final = 3
FRAME: Final = 6
"""Bytes that zlib's format puts around deflated data."""

Deflate: TypeAlias = Callable[[bytes], int]
"""Deflates content and returns how many bytes that takes."""


def by_zlib(level: int, content: bytes) -> int:
    """Deflate as Python and Node do, whose default level is 6."""
    return len(zlib.compress(content, level)) - FRAME


def by_libdeflate(level: int, content: bytes) -> int:
    """Deflate as we do."""
    return len(deflate.deflate_compress(content, level))


def by_igzip(level: int, content: bytes) -> int:
    """Deflate with Intel's library, made for speed; 3 is its highest level."""
    return len(igzip_lib.compress(content, level, flag=igzip_lib.COMP_DEFLATE))


def by_zopfli(content: bytes) -> int:
    """Deflate with Google's library, made for size."""
    return len(zopfli.zlib.compress(content)) - FRAME


WAYS: Final[dict[str, Deflate]] = {
    **{f"zlib {level}": partial(by_zlib, level) for level in (6, 9)},
    **{f"libdeflate {level}": partial(by_libdeflate, level) for level in (6, 7, 8, 9, 10, 11, 12)},
    **{f"igzip {level}": partial(by_igzip, level) for level in (1, 3)},
    "zopfli": by_zopfli,
}


def measure(way: Deflate, contents: Sequence[bytes]) -> tuple[float, int]:
    """Return the seconds of processor time of the best round, and the bytes."""
    seconds = []
    for _ in range(1 if way is by_zopfli else ROUNDS):
        start = time.process_time()
        size = sum(min(way(content), len(content)) for content in contents)
        seconds.append(time.process_time() - start)
    return min(seconds), size


def rows(contents: Sequence[bytes]) -> list[list[str]]:
    """Return the figures of every way, compared with those of the first."""
    costs = {name: measure(way, contents) for name, way in WAYS.items()}
    seconds, size = costs["zlib 6"]
    return [
        [name, f"{cost[0]:.3f}", f"{cost[1]:,}", f"{cost[0] / seconds:.2f}", f"{cost[1] / size:.4f}"]
        for name, cost in costs.items()
    ]


def main() -> None:
    """Measure, and write down what came out."""
    head = ["", "seconds, one core", "bytes", "of zlib's time", "of its bytes"]
    with tempfile.TemporaryDirectory(prefix="codepush-bench-") as name:
        files = sorted(path for path in generated_app(Path(name)).rglob("*") if path.is_file())
        contents = [path.read_bytes() for path in files]
    script, images = max(contents, key=len), sorted(contents, key=len)[:-1]
    write_section(
        "Deflaters",
        circumstances(COMMAND, "deflate", "isal", "zopfli", others=f"zlib {zlib.ZLIB_RUNTIME_VERSION}"),
        "The JavaScript of the generated app.",
        table(head, rows([script])),
        "Its 600 images, each stored where deflating it does not help.",
        table(head, rows(images)),
    )


if __name__ == "__main__":
    main()
