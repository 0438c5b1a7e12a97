"""The folder that an update is built in."""

from contextlib import suppress

import pytest

from codepush.errors import ProjectError
from codepush.projects.output import output_folder
from support.projects import write_files

NAME = "main.jsbundle"


def never(_folder):
    return False


def always(_folder):
    return True


def test_temporary():
    """Without a folder named, each run has its own, and it is gone afterwards."""
    with output_folder(None, NAME, may_empty=never) as first, output_folder(None, NAME, may_empty=never) as second:
        assert first != second
        assert first.name == second.name == "CodePush"
        write_files(first, {NAME: ""})
    assert not first.exists()
    assert not second.exists()


def test_temporary_after_error():
    """The temporary folder is gone after an error too."""
    with pytest.raises(ZeroDivisionError), output_folder(None, NAME, may_empty=never) as folder:
        raise ZeroDivisionError
    assert not folder.exists()


@pytest.mark.parametrize("given", ["build", "build/CodePush"])
def test_kept(root, given):
    """A named folder gets a folder CodePush, unless it is called so itself; it stays, after an error too."""
    with suppress(ZeroDivisionError), output_folder(root / given, NAME, may_empty=never) as folder:
        write_files(folder, {NAME: "new"})
        raise ZeroDivisionError
    assert (root / "build/CodePush" / NAME).read_text() == "new"


def test_overwritten(root):
    """What an earlier run left is removed without asking."""
    write_files(root, {f"build/CodePush/{NAME}": "old", "build/CodePush/drawable/a.png": "old", "build/mine.txt": ""})
    with output_folder(root / "build", NAME, may_empty=never) as folder:
        assert list(folder.iterdir()) == []
    assert (root / "build/mine.txt").exists()


def test_asked(root):
    """Anything else is removed only when the person agrees."""
    write_files(root, {"CodePush/diary.txt": "dear", "CodePush/deep/er.txt": ""})
    with pytest.raises(ProjectError, match=r"not empty.*--yes"), output_folder(root, NAME, may_empty=never):
        pass
    assert (root / "CodePush/diary.txt").read_text() == "dear"
    with output_folder(root, NAME, may_empty=always) as folder:
        assert list(folder.iterdir()) == []


def test_never_the_project(root, monkeypatch):
    """The folder that is being worked in is never emptied, whatever the person agrees to."""
    write_files(root, {"CodePush/package.json": "{}"})
    monkeypatch.chdir(root / "CodePush")
    with pytest.raises(ProjectError, match="Choose another"), output_folder(root, NAME, may_empty=always):
        pass
    assert (root / "CodePush/package.json").exists()


def test_link(root):
    """Where a link leads is not emptied."""
    write_files(root, {"elsewhere/file": "", f"CodePush/{NAME}": ""})
    (root / "CodePush/link").symlink_to(root / "elsewhere")
    with output_folder(root, NAME, may_empty=never):
        assert (root / "elsewhere/file").exists()


def test_unusable(root):
    """A file in the place of the folder is an error."""
    write_files(root, {"build": "a file"})
    with pytest.raises(ProjectError, match="cannot be used"), output_folder(root / "build", NAME, may_empty=always):
        pass
