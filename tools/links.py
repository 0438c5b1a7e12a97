"""Check the links of a built site: files and anchors within it, and the syntax of external URLs.

python tools/links.py FOLDER    print the broken links; exit 1 if there are any
"""

from __future__ import annotations

import re
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

EXTERNAL: Final = {"http": re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?"), "mailto": re.compile("")}
EXTERNAL["https"] = EXTERNAL["http"]
"""The schemes of external links, each with a pattern of its hosts."""


class Page(HTMLParser):
    """The anchors of an HTML page, and the targets of its links and images."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.targets: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect what an element refers to, and how others refer to it."""
        for name, value in attrs:
            if name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(value or "")
            elif name in {"href", "src"}:
                self.targets.append(value or "")


@cache
def read(path: Path) -> Page:
    """Return a page, which is parsed once."""
    return Page(path.read_text(encoding="utf-8"))


def broken_links(site: Path) -> Iterator[str]:
    """Yield a message for each broken link of a site."""
    for path in sorted(site.rglob("*.html")):
        for target in read(path).targets:
            if problem := fault(site, path, urlsplit(target)):
                yield f"{path.relative_to(site)}: {target}: {problem}"


def fault(site: Path, page: Path, url: SplitResult) -> str | None:
    """Return what is wrong with a link, if anything is."""
    if url.scheme or url.netloc:
        hosts = EXTERNAL.get(url.scheme)
        return None if hosts and hosts.fullmatch(url.netloc.lower()) else "not a valid external URL"
    path = unquote(url.path)
    target = page if not path else site / path[1:] if path.startswith("/") else page.parent / path
    if target.is_dir():
        target /= "index.html"
    if not target.is_file():
        return "does not exist"
    if url.fragment and target.suffix == ".html" and unquote(url.fragment) not in read(target).anchors:
        return "has no such anchor"
    return None


def main(site: Path) -> int:
    """Print the broken links of a site; return 1 if there are any."""
    broken = list(broken_links(site))
    for line in broken:
        print(line)
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
