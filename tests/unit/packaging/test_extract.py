"""Unpacking archives, as the simulated phone does."""

import pytest

from codepush.errors import PackageError
from codepush.packaging.archive import extract
from codepush.packaging.manifest import hash_tree
from unit.packaging.forge import Member, archive, opened

TREE = archive(
    Member(name="CodePush/", data=b"", mode=0o040755),
    Member(name="CodePush/main.jsbundle", data=b"var a", deflated=True),
    Member(name="CodePush/assets/ü.png", data=b"img"),
    Member(name="CodePush/.DS_Store"),
)
HALF = archive(Member(name="a/b/c"), Member(name="bad", crc=1))


def test_files_are_unpacked(tmp_path):
    """Every file that counts is there with its content, and what is on disk has the manifest that is returned."""
    manifest = extract(opened(TREE), tmp_path / "out")
    found = {path.relative_to(tmp_path / "out").as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"CodePush/main.jsbundle", "CodePush/assets/ü.png"}
    assert (tmp_path / "out/CodePush/main.jsbundle").read_bytes() == b"var a"
    assert hash_tree(tmp_path / "out") == manifest


def test_an_empty_directory_will_do(tmp_path):
    """The directory may exist as long as it is empty."""
    assert extract(opened(TREE), tmp_path) == hash_tree(tmp_path)


def test_a_directory_with_anything_in_it_is_refused(tmp_path):
    """Nothing is ever unpacked over existing files, and they stay."""
    (tmp_path / "mine").write_bytes(b"precious")
    with pytest.raises(PackageError, match="is not empty"):
        extract(opened(TREE), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_directory_made_for_a_bad_archive_is_removed(tmp_path):
    """When the second file turns out to be damaged, the first is removed too."""
    with pytest.raises(PackageError, match='"bad"'):
        extract(opened(HALF), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_directory_given_for_a_bad_archive_is_emptied(tmp_path):
    """A directory that was there before is left as it was: empty."""
    with pytest.raises(PackageError, match='"bad"'):
        extract(opened(HALF), tmp_path)
    assert tmp_path.is_dir()
    assert list(tmp_path.iterdir()) == []
