"""Copy the pages of the documentation site to build/pages, with the files that they link to.

The copy has the layout of the repository, so that the same links work in both. Every page has to be in the navigation.

python tools/site_pages.py    copy and check; exit 1 and name the pages that are missing
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parent.parent
CONFIG: Final = ROOT / "mkdocs.yml"
SOURCES: Final = (
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "benchmarks/results.md",
    "deploy",
    "docs",
    "tests/README.md",
)


def main() -> int:
    """Copy the pages; return 1 if the navigation is incomplete."""
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    pages = ROOT / config["docs_dir"]
    copy(pages)
    wrong = list(missing_pages(pages, set(targets(config["nav"]))))
    for line in wrong:
        print(line)
    return int(bool(wrong))


def copy(pages: Path) -> None:
    """Copy the sources, and remove what an earlier run copied."""
    shutil.rmtree(pages, ignore_errors=True)
    for name in SOURCES:
        source, target = ROOT / name, pages / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy2(source, target)


def targets(nav: object) -> Iterator[str]:
    """Yield the pages of a navigation: a list of titles, each with a page or another list."""
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict):
        for value in nav.values():
            yield from targets(value)
    elif isinstance(nav, list):
        for item in nav:
            yield from targets(item)


def missing_pages(pages: Path, navigation: set[str]) -> Iterator[str]:
    """Yield a message for each page that is missing from the navigation, and each that is only there."""
    existing = {path.relative_to(pages).as_posix() for path in pages.rglob("*.md")}
    for name in sorted(existing - navigation):
        yield f"{name} is not in the navigation: add it to nav in {CONFIG.name}"
    for name in sorted(navigation - existing):
        yield f"{name} is in the navigation of {CONFIG.name}, but does not exist"


if __name__ == "__main__":
    sys.exit(main())
