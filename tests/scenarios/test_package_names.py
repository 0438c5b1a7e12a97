"""The command line and file names that one operating system stores and another does not."""

import pytest

from support.commands import CommandLine
from support.packages import make_bundle


@pytest.fixture
def cli(codepush_server, tmp_path):
    with codepush_server.client() as owner:
        owner.add_app("App")
    return CommandLine(
        tmp_path, CODEPUSH_SERVER_URL=codepush_server.url, CODEPUSH_ACCESS_KEY=codepush_server.access_key
    )


@pytest.fixture
def bundle(cli):
    bundle = make_bundle(cli.folder)
    for name in ("CON", "a.js", "A.js", "b:c", "dot."):
        (bundle / name).write_text("content")
    return bundle


@pytest.mark.parametrize("dry_run", [["--dry-run"], []], ids=["dry run", "release"])
def test_names_are_warned_of_once(cli, bundle, dry_run):
    """One warning names up to three files and how many more there are, and the release goes on."""
    done = cli.run("release", "App", bundle, "1.0.0", *dry_run)
    assert done.returncode == 0, done.stderr
    [warning] = [line for line in done.stderr.splitlines() if line.startswith("[Warning]")]
    assert "Windows does not store these names unchanged" in warning
    assert warning.count('": ') == 3
    assert "and 1 more" in warning


@pytest.mark.parametrize("dry_run", [["--dry-run"], []], ids=["dry run", "release"])
def test_names_are_rejected_for_an_app_on_windows(cli, bundle, dry_run):
    """The error names the first such file, before anything is sent."""
    cli.text("app", "add", "Desktop", "windows", "react-native")
    code, text = cli.fails("release", "Desktop", bundle, "1.0.0", *dry_run)
    assert code != 0
    assert "cannot be part of a package for Windows" in text


def test_usual_names_are_no_subject(cli):
    """Nothing is said of names that every system stores."""
    done = cli.run("release", "App", make_bundle(cli.folder / "usual"), "1.0.0")
    assert (done.returncode, "[Warning]" in done.stderr) == (0, False)
