"""The checks of the documentation site: links in ``tools/links.py``, the navigation in ``tools/site_pages.py``."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / "tools"


@pytest.fixture
def site(tmp_path):
    """Return a function that writes a site with one page of links, and returns what the check prints."""
    (tmp_path / "guide").mkdir()
    (tmp_path / "guide/index.html").write_text('<h2 id="start">Start</h2><a name="old"></a>')
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.conf").touch()

    def check(target):
        (tmp_path / "index.html").write_text(f'<h1 id="top">Top</h1><a href="{target}">link</a>')
        done = subprocess.run(
            [sys.executable, TOOLS / "links.py", tmp_path], capture_output=True, text=True, check=False
        )
        assert done.returncode == bool(done.stdout), done.stderr
        return done.stdout

    return check


@pytest.mark.parametrize(
    "target",
    [
        "guide/", "guide/#start", "/guide/index.html#old", "#top", "file.conf", ".", "",
        "https://example.com/a#b", "http://example.com:8080", "mailto:you@example.com",
    ],
)  # fmt: skip
def test_valid_links(site, target):
    """Files, folders with a page, anchors and URLs are accepted."""
    assert site(target) == ""


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("missing/", "does not exist"),
        ("empty/", "does not exist"),
        ("guide/#end", "has no such anchor"),
        ("#bottom", "has no such anchor"),
        ("https://", "not a valid external URL"),
        ("https://HOST:PORT/", "not a valid external URL"),
        ("ftp://example.com", "not a valid external URL"),
        ("javascript:alert(1)", "not a valid external URL"),
    ],
)
def test_broken_links(site, target, problem):
    """The message names the page, the link and the problem."""
    assert site(target) == f"index.html: {target}: {problem}\n"


def test_navigation(tmp_path):
    """A page that is missing from the navigation fails the check, and so does one that is only there."""
    (tmp_path / "tools").mkdir()
    for name in ("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md"):
        (tmp_path / name).touch()
    for name in ("benchmarks/results.md", "deploy/README.md", "docs/guide.md", "docs/new.md", "tests/README.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "tools/site_pages.py").write_bytes((TOOLS / "site_pages.py").read_bytes())
    pages = "[README.md, CHANGELOG.md, CONTRIBUTING.md, SECURITY.md, benchmarks/results.md, deploy/README.md]"
    (tmp_path / "mkdocs.yml").write_text(
        f"docs_dir: build/pages\nnav:\n- Project: {pages}\n- Docs: [Guide: docs/guide.md, Old: docs/old.md]\n"
        "- tests/README.md\n"
    )
    done = subprocess.run(
        [sys.executable, tmp_path / "tools/site_pages.py"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert done.stdout.splitlines() == [
        "docs/new.md is not in the navigation: add it to nav in mkdocs.yml",
        "docs/old.md is in the navigation of mkdocs.yml, but does not exist",
    ]
    assert (tmp_path / "build/pages/LICENSE").exists()
