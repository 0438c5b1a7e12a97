"""Write the table of the server's settings into docs/server.md.

python tools/settings_docs.py           write the table between the marks
python tools/settings_docs.py --check   write nothing; exit 1 if the file is not up to date
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from codepush.cli.server import start
from codepush.server.settings import SETTINGS, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parent.parent
TARGET: Final = ROOT / "docs/server.md"
PART: Final = re.compile(r"(?<=<!-- generated: settings -->\n).*?(?=<!-- end -->)", re.DOTALL)


def main() -> int:
    """Write the file, or check it."""
    parser = argparse.ArgumentParser(description="Write the table of the server's settings into docs/server.md.")
    parser.add_argument("--check", action="store_true", help="only check whether the file is up to date")
    only_check = parser.parse_args().check
    before = TARGET.read_text(encoding="utf-8")
    after = PART.sub(lambda _: f"\n{table()}\n\n", before)
    if not only_check:
        TARGET.write_text(after, encoding="utf-8")
        return 0
    if after != before:
        print(f"{TARGET.relative_to(ROOT)} is not up to date: run 'python tools/settings_docs.py'")
    return int(after != before)


def table() -> str:
    """Return a table with one row for each setting."""
    head = "| Variable | Default | Flag | Meaning |\n|---|---|---|---|\n"
    return head + "\n".join(f"| {' | '.join(row)} |" for row in rows())


def rows() -> Iterator[tuple[str, str, str, str]]:
    """Yield variable, default, flag and meaning of each setting."""
    flags = {one.name: f"`{one.opts[0]} {one.metavar}`" for one in start.params if isinstance(one, click.Option)}
    defaults = Settings.load({}, {})
    for name, setting in SETTINGS.items():
        default = setting.default or shown(getattr(defaults, name))
        yield f"`{setting.variable}`", default, flags.get(name, ""), setting.summary


def shown(default: object) -> str:
    """Return a default as a user would set it."""
    if isinstance(default, bool):
        return "`on`" if default else "`off`"
    return f"`{default}`" if default != "" else "none"


if __name__ == "__main__":
    raise SystemExit(main())
