"""Names that only a package as a whole must not have, and archives that unpack to too much."""

import io
import zipfile

import pytest

from codepush.errors import PackageError
from codepush.packaging.archive import read_manifest, store_package
from codepush.packaging.inspection import names_in
from codepush.packaging.local import prepare
from codepush.packaging.releasable import check_releasable, windows_faults
from unit.packaging.forge import Member, archive, opened

LISTS = [
    "hotcodepush.json",
    "HotCodePush.JSON",
    "HOTCODEPUSH.JSON/main.js",
    "hotcodepu\u017fh.json",
    "hotcodepush.json.",
    "hotcodepush.json ",
]


def zipped(*names):
    return archive(*(Member(name=name, flags=0x0800) for name in names))


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_deleted_files_at_the_top_is_rejected(tmp_path, name):
    """However it is spelt, a file system could take it for the list of a diff: server and command line reject it."""
    path = tmp_path / "a.zip"
    path.write_bytes(zipped("index.js", name))
    for read in (lambda: prepare(path), lambda: store_package(path, tmp_path / "stored")):
        with pytest.raises(PackageError, match=r"devices treat a package with hotcodepush\.json at its top as a diff"):
            read()
    assert not (tmp_path / "stored").exists()


def test_such_a_file_is_allowed_elsewhere(tmp_path):
    """Below the top, or with another name, devices install it like any file; stored packages stay readable."""
    path = tmp_path / "a.zip"
    path.write_bytes(zipped("CodePush/hotcodepush.json", "hotcodepush.json5", "xhotcodepush.json"))
    store_package(path, tmp_path / "stored")
    assert read_manifest(opened(zipped("hotcodepush.json"))).files
    folder = tmp_path / "CodePush"
    folder.mkdir()
    (folder / "hotcodepush.json").write_text("{}")
    prepare(folder).close()


def test_names_that_differ_in_letter_case_are_accepted(tmp_path):
    """iOS and Android keep such files apart, and a file apart from a folder."""
    path = tmp_path / "a.zip"
    path.write_bytes(zipped("a.js", "A.js", "b/c.js", "B"))
    assert set(store_package(path, tmp_path / "stored").manifest.files) == {"a.js", "A.js", "b/c.js", "B"}


HOSTILE = [
    *("CON", "con", "Con.txt", "aux.tar.gz", "NUL", "prn", "COM0", "com9.js", "LPT1", "COM\u00b9", "lpt\u00b3.x"),
    *("CONIN$", "conout$.js", "NUL .txt", "con ", "a/nul/b.js", "ab:c", "a<b", "a>b", 'a"b', "a|b", "a?b", "a*b"),
    *("a\x1fb", "a\nb", "dot.", "space ", "folder./a.js", "folder /a.js", "..."),
]
HARMLESS = ["CONSOLE", "icon.png", "com10", "lpt", "a.con", "aux_", "a b.js", ".hidden", "COM\u2074", "x.com1", "a~1"]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_windows_does_not_store_are_rejected_for_its_apps_only(tmp_path, name):
    """The sentence names the file; apps of other systems may have it."""
    path = tmp_path / "a.zip"
    path.write_bytes(zipped("index.js", name))
    with pytest.raises(PackageError, match="cannot be part of a package for Windows"):
        store_package(path, tmp_path / "stored", for_windows=True)
    assert not (tmp_path / "stored").exists()
    store_package(path, tmp_path / "stored")
    assert [found for found, _ in windows_faults(["index.js", name])] == [name]


@pytest.mark.parametrize("name", HARMLESS)
def test_names_that_only_look_alike_are_accepted(name):
    """Windows stores them like any other name."""
    check_releasable(["index.js", name], for_windows=True)


def test_names_that_windows_takes_for_one_are_rejected_for_its_apps():
    """Its file system ignores letter case."""
    with pytest.raises(PackageError, match=r'it is the same file as "a\.js"'):
        check_releasable(["a.js", "A.JS"], for_windows=True)


def test_what_is_not_known_to_be_windows_is_not_read_for_it(tmp_path):
    """Names are listed without reading contents: of a directory, of an archive, and none of a single file."""
    folder = tmp_path / "CodePush"
    folder.mkdir()
    (folder / "nul.js").write_text("script")
    path = tmp_path / "a.zip"
    path.write_bytes(zipped("nul.js", ".DS_Store"))
    assert [names_in(folder), names_in(path), names_in(folder / "nul.js")] == [["CodePush/nul.js"], ["nul.js"], []]


def sparse(megabytes):
    """Return an archive of this many megabytes of zeros."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as opened_archive:
        opened_archive.writestr("zeros.bin", bytes(megabytes << 20))
    return stream.getvalue()


def test_an_archive_that_unpacks_to_too_much_is_rejected(tmp_path):
    """More than 100 times its packed size is too much beyond 50 MB, before anything is unpacked."""
    path = tmp_path / "a.zip"
    path.write_bytes(sparse(51))
    for read in (lambda: prepare(path), lambda: store_package(path, tmp_path / "stored")):
        with pytest.raises(PackageError, match=r"unpacks to 53477376 bytes, more than 100 times its packed size"):
            read()
    read_manifest(opened(path.read_bytes()))  # what was stored once is read with any ratio
    path.write_bytes(sparse(50))
    store_package(path, tmp_path / "stored")


def test_a_directory_that_packs_too_well_is_rejected_as_its_archive_would_be(tmp_path):
    """So that the command line rejects it before it is sent."""
    folder = tmp_path / "CodePush"
    folder.mkdir()
    (folder / "zeros.bin").write_bytes(bytes(51 << 20))
    with pytest.raises(PackageError, match="more than 100 times its packed size"):
        prepare(folder)
