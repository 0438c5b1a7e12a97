"""Where figures are written down: one section of ``results.md`` for each benchmark."""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_FILE: Final = Path(__file__).with_name("results.md")
_INTRODUCTION: Final = """\
# What was measured

Each section is written by the command that it names. Seconds belong to the machine and the hour; ratios, taken side by
side in turns, travel better.
"""


def write_section(title: str, *paragraphs: str) -> None:
    """Put a section in the place of the one with the same title, or behind all others, and print it."""
    section = "\n\n".join([f"## {title}", *paragraphs]) + "\n"
    text = _FILE.read_text(encoding="utf-8") if _FILE.exists() else _INTRODUCTION
    sections = {
        part.split("\n", 1)[0]: part.rstrip() + "\n" for part in re.split(r"^(?=## )", text, flags=re.MULTILINE)
    }
    sections[f"## {title}"] = section
    _FILE.write_text("\n".join(sections.values()), encoding="utf-8")
    print(section)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table: the first column is text, the others are figures."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def circumstances(command: str, *packages: str, others: str = "") -> str:
    """Return what was run, when, on what kind of machine, and with which versions."""
    versions = [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in packages), others]
    machine = f"{os.cpu_count()} cores ({_processor()}), {platform.system()}"
    today = dt.datetime.now(tz=dt.UTC).date()
    return f"`{command}` on {today}; {machine}; {', '.join(filter(None, versions))}."


def _processor() -> str:
    """Return the processor's name, which Linux has in a separate file."""
    facts = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.+)", facts.read_text(encoding="utf-8")) if facts.exists() else None
    return found[1] if found else platform.machine()
