"""Generate the synchronous client from the asynchronous one.

The same text without ``async`` and ``await``, and with a few names replaced. Strings, docstrings and comments do not
change, so write them to be true for both clients.

    python tools/unasync.py           write the files
    python tools/unasync.py --check   write nothing; exit 1 and name the files that are not up to date
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tokenize
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parent.parent
SOURCE: Final = ROOT / "src/codepush/client/_async"
TARGET: Final = ROOT / "src/codepush/client/_sync"

RENAMES: Final = {
    "AsyncClient": "Client",
    "AsyncCodePush": "CodePush",
    "AsyncDriver": "Driver",
    "AsyncIterator": "Iterator",
    "AsyncRollouts": "Rollouts",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "_async": "_sync",
    "aclose": "close",
    "async_aside": "aside",
    "async_sleep": "sleep",
}
DROPPED: Final = frozenset({"async", "await"})
PUBLIC: Final = {f'"{old}"': f'"{new}"' for old, new in RENAMES.items()}
"""Strings that are nothing but a name, as in ``__all__``."""


def convert(source: str) -> tuple[str, set[str]]:
    """Return the synchronous text of a module, and the renames that it used."""
    lines = source.splitlines(keepends=True)
    used: set[str] = set()
    for start, end, old, new in reversed(list(edits(source))):
        row, column = start
        assert row == end[0]
        lines[row - 1] = lines[row - 1][:column] + new + lines[row - 1][end[1] :]
        used.add(old.strip('"'))
    return "".join(lines), used & set(RENAMES)


def edits(source: str) -> Iterator[tuple[tuple[int, int], tuple[int, int], str, str]]:
    """Yield start, end, old and new text of every place to change, in order."""
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    for token, following in pairwise(tokens):
        if token.string in DROPPED:
            yield token.start, following.start, token.string, ""
        elif token.type == tokenize.NAME and token.string in RENAMES:
            yield token.start, token.end, token.string, RENAMES[token.string]
        elif token.type == tokenize.STRING and token.string in PUBLIC:
            yield token.start, token.end, token.string, PUBLIC[token.string]


def formatted(text: str, path: Path) -> str:
    """Return a module as the formatter and the import sorter leave it."""
    ruff = [sys.executable, "-m", "ruff"]
    name = ["--stdin-filename", str(path), "-"]
    for command in (["check", "--quiet", "--select", "I", "--fix"], ["format", "--quiet"]):
        done = subprocess.run(
            [*ruff, *command, *name], input=text, capture_output=True, text=True, check=True, cwd=ROOT
        )
        text = done.stdout
    return text


def generated() -> dict[Path, str]:
    """Return the text of every file of the synchronous client.

    Raises:
        SystemExit: A rename is used nowhere, so its entry is stale.

    """
    files: dict[Path, str] = {}
    used: set[str] = set()
    for source in sorted(SOURCE.glob("*.py")):
        text, renames = convert(source.read_text(encoding="utf-8"))
        header = f"# Generated from {source.relative_to(ROOT).as_posix()} by tools/unasync.py; do not edit.\n"
        files[TARGET / source.name] = formatted(header + text, TARGET / source.name)
        used |= renames
    if unused := sorted(set(RENAMES) - used):
        raise SystemExit(f"unasync: no longer used, remove from RENAMES: {', '.join(unused)}")
    return files


def stale(files: dict[Path, str]) -> list[Path]:
    """Return the files that are not what would be written, and those that would not be written at all."""
    different = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    return sorted(different + [path for path in TARGET.glob("*.py") if path not in files])


def write(files: dict[Path, str]) -> None:
    """Write all files, and remove those whose source is gone."""
    for path in stale(files):
        if path in files:
            path.write_text(files[path], encoding="utf-8")
        else:
            path.unlink()
        print(f"unasync: wrote {path.relative_to(ROOT)}")


def main() -> int:
    """Run the command, and return the exit code."""
    parser = argparse.ArgumentParser(description="Generate the synchronous client.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is not up to date")
    files = generated()
    if not parser.parse_args().check:
        write(files)
        return 0
    for path in (outdated := stale(files)):
        print(f"unasync: {path.relative_to(ROOT)} is not up to date; run python tools/unasync.py")
    return 1 if outdated else 0


if __name__ == "__main__":
    sys.exit(main())
