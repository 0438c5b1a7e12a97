"""Directories, archives and single files made ready to be sent."""

import hashlib
import os
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

from codepush.errors import PackageError
from codepush.packaging.archive import Limits
from codepush.packaging.local import package_directory, prepare
from codepush.packaging.manifest import hash_directory
from unit.packaging.forge import Member, archive


@pytest.fixture(autouse=True)
def temporary(tmp_path_factory, monkeypatch):
    """A folder for temporary files of this test alone, so that it can see what is left there."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def build(tmp_path):
    """A directory as a build writes it."""
    root = tmp_path / "CodePush"
    (root / "assets" / "empty").mkdir(parents=True)
    (root / "main.jsbundle").write_bytes(b"var a = 1;" * 100)
    (root / "assets" / "logo.png").write_bytes(b"img")
    (root / ".hidden").write_bytes(b"counts")
    (root / ".DS_Store").write_bytes(b"does not count")
    return root


def names(path):
    with zipfile.ZipFile(path) as found:
        return found.namelist()


def test_a_directory_becomes_an_archive_with_its_own_name_first(build, temporary):
    """Names start with the directory's name; hidden files are sent, empty folders and macOS files are not."""
    with prepare(build) as package:
        assert names(package.path) == ["CodePush/.hidden", "CodePush/assets/logo.png", "CodePush/main.jsbundle"]
        assert package.hash == package.manifest.package_hash == hash_directory(build).package_hash
        assert package.size == package.path.stat().st_size
        assert package.is_archive
        assert package.path.parent == temporary
    assert list(temporary.iterdir()) == []


def test_the_same_directory_gives_the_same_bytes(build):
    """Two builds of the same content are the same file, whatever the times on disk are."""
    with prepare(build) as first:
        before = first.path.read_bytes()
    os.utime(build / "main.jsbundle", (1, 1))
    with package_directory(str(build)) as second:
        assert second.path.read_bytes() == before


@pytest.mark.parametrize("spelling", ["{}/", "{}/.", "{}/assets/.."])
def test_a_path_may_be_spelled_in_many_ways(build, spelling):
    """Trailing slashes and dots do not change the name that comes first."""
    with prepare(spelling.format(build)) as package:
        assert names(package.path)[0] == "CodePush/.hidden"


def test_the_current_directory_has_a_name_too(build, monkeypatch):
    """Releasing "." is releasing the directory by its name."""
    monkeypatch.chdir(build)
    with prepare(".") as package:
        assert names(package.path)[0] == "CodePush/.hidden"


def test_a_link_to_a_directory_is_released_under_its_own_name(build):
    """The link's name is what the person gave, so it comes first."""
    link = build.parent / "www"
    link.symlink_to(build)
    with prepare(link) as package:
        assert names(package.path)[0] == "www/.hidden"


def test_a_link_to_a_file_is_read_as_the_file(build):
    """What is released is the content behind the link."""
    (build / "link.png").symlink_to(build / "assets" / "logo.png")
    with prepare(build) as package:
        files = package.manifest.files
    assert files["CodePush/link.png"] == files["CodePush/assets/logo.png"]


def test_an_archive_is_sent_as_it_is(tmp_path, temporary):
    """An archive is checked, hashed by its content and left alone."""
    path = tmp_path / "release.bin"
    path.write_bytes(archive(Member(name="a.js"), Member(name="d/", data=b"", mode=0)))
    with prepare(path) as package:
        assert (package.path, package.size, package.is_archive) == (path, path.stat().st_size, True)
        assert list(package.manifest.files) == ["a.js"]
        assert package.hash == package.manifest.package_hash
    assert path.exists()
    assert list(temporary.iterdir()) == []


def test_a_single_file_is_sent_as_it_is(tmp_path):
    """A bundle is known by the sha256 of its bytes."""
    path = tmp_path / "main.jsbundle"
    path.write_bytes(b"var a")
    with prepare(path) as package:
        assert (package.path, package.size, package.is_archive) == (path, 5, False)
        assert (package.hash, package.manifest) == (hashlib.sha256(b"var a").hexdigest(), None)
    assert path.exists()


def nothing(folder):
    return folder / "missing"


def impossible(folder):
    return f"{folder}/a\0b"


def empty_directory(folder):
    (folder / "build" / "assets").mkdir(parents=True)
    return folder / "build"


def ignored_only(folder):
    (folder / "build").mkdir()
    (folder / "build" / ".DS_Store").touch()
    return folder / "build"


def signature_only(folder):
    (folder / "build").mkdir()
    (folder / "build" / ".codepushrelease").touch()
    return folder / "build"


def empty_file(folder):
    (folder / "main.jsbundle").touch()
    return folder / "main.jsbundle"


def pipe(folder):
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def damaged_archive(folder):
    (folder / "release.zip").write_bytes(archive(Member(name="a"))[:-1])
    return folder / "release.zip"


def unsafe_archive(folder):
    (folder / "release.zip").write_bytes(archive(Member(name="../a")))
    return folder / "release.zip"


def with_file(folder, name):
    (folder / "build").mkdir()
    (folder / "build" / "main.jsbundle").touch()
    (folder / "build" / name).touch()
    return folder / "build"


def linked_folder(folder):
    root = with_file(folder, "a")
    (root / "loop").symlink_to(root)
    return root


def dangling_link(folder):
    root = with_file(folder, "a")
    (root / "gone.js").symlink_to(folder / "missing")
    return root


def pipe_inside(folder):
    root = with_file(folder, "a")
    os.mkfifo(root / "pipe")
    return root


def two_accents(folder):
    build = with_file(folder, "\u00e9.js")
    (build / "e\u0301.js").touch()
    return build


def list_of_a_diff(folder):
    path = folder / "HotCodePush.json"
    path.mkdir()
    (path / "main.jsbundle").write_text("script")
    return path


BAD = {
    list_of_a_diff: "devices treat a package with hotcodepush.json at its top as a diff",
    nothing: 'missing" cannot be released (No such file or directory). Pass the directory',
    impossible: "embedded null",
    empty_directory: "holds no files to release. Pass the directory",
    ignored_only: "holds no files to release",
    signature_only: "holds no files to release",
    empty_file: 'main.jsbundle" is empty',
    pipe: "neither a file nor a directory",
    damaged_archive: 'release.zip" cannot be released. The archive is cut off',
    unsafe_archive: '"../a"',
    linked_folder: 'loop" is a link to a folder. Replace it',
    dangling_link: 'gone.js" cannot be read (No such file or directory)',
    pipe_inside: 'pipe" is neither a file nor a folder. Remove it',
    lambda folder: with_file(folder, "a\\b"): "it contains a backslash",
}
if sys.platform != "darwin":  # whose file system cannot hold such names
    BAD |= {
        lambda folder: with_file(folder, b"\xff".decode("utf-8", "surrogateescape")): "it is not valid Unicode",
        two_accents: "are the same file on iOS. Rename one of them",
    }


@pytest.mark.parametrize("make", BAD)
def test_refused_before_anything_is_sent(make, tmp_path, temporary):
    """Each mistake gets a sentence that names the path, and leaves no temporary file behind."""
    path = make(tmp_path)
    with pytest.raises(PackageError) as refusal:
        prepare(path)
    assert BAD[make] in refusal.value.message
    assert list(temporary.iterdir()) == []


def test_an_unreadable_file_is_named(build, temporary):
    """A file that goes away, or may not be read, is named, and the half-made archive is removed."""
    unreadable = Path("/proc/self/mem")
    (build / "mem").symlink_to(unreadable)
    with pytest.raises(PackageError, match='mem" cannot be read'):
        prepare(build)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("package", [prepare, package_directory])
def test_an_empty_path_is_refused(build, monkeypatch, package):
    """An empty path, as of a variable that was not set, does not release the current directory."""
    monkeypatch.chdir(build)
    with pytest.raises(PackageError, match="is empty"):
        package("")


def test_the_archive_is_named(build):
    """A directory's archive can be found under that name; a single file that is sent as it is has none."""
    with package_directory(build) as package:
        assert names(package.archive) == list(package.manifest.files)
    with prepare(build / "main.jsbundle") as package:
        assert package.archive is None


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(entries=2), "holds 3 files; at most 2 are allowed"),
        (Limits(total_size=100), "holds more than 100 bytes"),
        (Limits(name_size=20), "longer than 20 bytes"),
    ],
)
def test_limits_are_checked_before_anything_is_packed(build, temporary, limits, reason):
    """A directory that a server would refuse for its size is refused here."""
    with pytest.raises(PackageError, match=reason):
        prepare(build, limits=limits)
    assert list(temporary.iterdir()) == []


def test_a_file_is_not_a_directory(tmp_path):
    """Only a directory can be packaged as one."""
    path = tmp_path / "main.jsbundle"
    path.touch()
    with pytest.raises(PackageError, match=r"cannot be read \(Not a directory\)"):
        package_directory(path)
