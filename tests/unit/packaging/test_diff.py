"""What diffs are made of."""

import hashlib
import io
import json
import random
import zipfile
from functools import partial

import pytest

from codepush.errors import PackageError
from codepush.packaging.diff import LIST_NAME, Changes, find_changes, is_worth_storing, write_diff
from codepush.packaging.directory import read_at
from codepush.packaging.manifest import Manifest
from codepush.packaging.writer import Item, write_archive
from unit.packaging.forge import CountingFile, opened

TEXT = b"function add(a, b) { return a + b }\n" * 200
FILES = {f"CodePush/{letter}.js": TEXT + letter.encode() for letter in "abcdef"}


def packed(files):
    """Return the archive of a package and its index, as a server stores them."""
    target = io.BytesIO()
    items = [Item(name, len(data), lambda data=data: iter([data])) for name, data in files.items()]
    index = write_archive(items, target)
    return target.getvalue(), index


def manifest(files):
    return Manifest.of((name, hashlib.sha256(data).hexdigest()) for name, data in files.items())


def made(old, new):
    """Return the bytes of the diff between two packages and its index."""
    content, index = packed(new)
    target = io.BytesIO()
    written = write_diff(find_changes(index, manifest(old)), partial(read_at, opened(content)), target)
    return target.getvalue(), written


def unzipped(content):
    with zipfile.ZipFile(opened(content)) as archive:
        assert archive.testzip() is None
        return {entry.filename: archive.read(entry) for entry in archive.infolist()}


def names_of(changes):
    return changes.deleted, tuple(entry.name for entry in changes.copied)


def test_a_diff_holds_the_list_then_what_is_new_or_changed():
    """The list of deleted files is the first entry; unchanged files are not in the diff."""
    old = {"gone.js": b"1", "Gone.js": b"2", "same.js": TEXT, "changed.js": b"old"}
    content, _ = made(old, {"same.js": TEXT, "new.js": b"3", "changed.js": b"new"})
    found = unzipped(content)
    assert list(found) == [LIST_NAME, "changed.js", "new.js"]
    assert found == {
        LIST_NAME: b'{"deletedFiles":["Gone.js","gone.js"]}',
        "changed.js": b"new",
        "new.js": b"3",
    }


def test_the_list_is_javascript_json():
    """Names are written as the original writes them: only quotes, backslashes and controls are escaped."""
    content, _ = made({'q"\u2028é😀\n': b"1", "a": b"1"}, {"a": b"1"})
    assert unzipped(content)[LIST_NAME] == '{"deletedFiles":["q\\"\u2028é😀\\n"]}'.encode()


def test_everything_is_in_canonical_order():
    """Names are in the order of their UTF-16 code units, in the list as among the entries."""
    order = ["1", "10", "9", "😀", "\uffee"]
    content, index = made(dict.fromkeys([f"{name}x" for name in order], b"1"), dict.fromkeys(order, b"1"))
    assert json.loads(unzipped(content)[LIST_NAME])["deletedFiles"] == ["10x", "1x", "9x", "😀x", "\uffeex"]
    assert [entry.name for entry in index.entries] == [LIST_NAME, *order]


def test_a_long_list_is_deflated():
    """Thousands of deleted files do not make a small diff large."""
    old = {f"CodePush/assets/{number}.png": b"" for number in range(5000)}
    content, index = made(old | {"a": b""}, {"a": b""})
    assert json.loads(unzipped(content)[LIST_NAME]) == {"deletedFiles": sorted(old)}
    assert len(content) < index.entries[0].size / 4


def test_data_is_copied_as_it_was_packed():
    """The deflated bytes of the package's archive are those of the diff, with the same sizes and checksums."""
    package, index = packed(FILES)
    content, written = made({}, FILES)
    assert len(written.entries) == len(index.entries) + 1
    assert {entry.method for entry in index.entries} == {8}
    for before, after in zip(index.entries, written.entries[1:], strict=True):
        assert package[before.offset : before.end] == content[after.offset : after.end]
        assert (before.name, before.sha256, before.crc) == (after.name, after.sha256, after.crc)
    assert written.size == len(content)


def test_the_bytes_depend_on_nothing_but_the_contents():
    """Whatever order the files came in, the diff is the same, byte for byte, and its times are fixed."""
    old = FILES | {"x": b"1", "y": b"2", "CodePush/a.js": b"old"}
    backwards = made(dict(reversed(old.items())), dict(reversed(FILES.items())))
    assert made(old, FILES) == backwards
    with zipfile.ZipFile(opened(backwards[0])) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_only_what_changed_is_read_and_neighbours_at_once():
    """From the archive nothing is read but the changed entries, and those side by side in one go."""
    content, index = packed(FILES)
    changed = {"CodePush/a.js", "CodePush/b.js", "CodePush/d.js"}
    source = CountingFile(content)
    reads = []

    def read(offset, size):
        reads.append((offset, size))
        return read_at(source, offset, size)

    old = manifest({name: b"old" if name in changed else data for name, data in FILES.items()})
    write_diff(find_changes(index, old), read, io.BytesIO())
    a, b, _, d, *_ = index.entries
    assert reads == [(a.start, b.end - a.start), (d.start, d.end - d.start)]
    assert source.total == sum(entry.end - entry.start for entry in (a, b, d))


def test_large_files_are_read_in_pieces():
    """However large files are, alone or together, at most 4 MiB are read at once."""
    noise = random.Random(1).randbytes(5 << 20)
    files = {"a": b"1", "b": noise, "c": noise[: 3 << 20], "d": noise[1 << 20 : 3 << 20], "e": b"2"}
    content, index = packed(files)
    sizes = []

    def read(offset, size):
        sizes.append(size)
        return read_at(opened(content), offset, size)

    target = io.BytesIO()
    write_diff(find_changes(index, manifest({})), read, target)
    assert max(sizes) <= 4 << 20
    assert unzipped(target.getvalue()) == {LIST_NAME: b'{"deletedFiles":[]}'} | files


def test_a_changed_signature_is_carried():
    """The diff of a signed package carries its signature, so that phones can verify what they put together."""
    old = {"CodePush/.codepushrelease": b"one", "CodePush/a.js": b"1"}
    new = {"CodePush/.codepushrelease": b"two", "CodePush/a.js": b"2"}
    assert unzipped(made(old, new)[0])["CodePush/.codepushrelease"] == b"two"
    unsigned = {"CodePush/a.js": b"2"}
    assert json.loads(unzipped(made(old, unsigned)[0])[LIST_NAME])["deletedFiles"] == ["CodePush/.codepushrelease"]


def test_equal_packages_have_no_diff():
    """When nothing changed there is nothing to send."""
    assert find_changes(packed(FILES)[1], manifest(FILES)) is None


@pytest.mark.parametrize("name", [LIST_NAME, "HotCodePush.json", "hotcodepush.json/x"])
def test_a_file_in_the_place_of_the_list_is_never_copied(name):
    """A package's own file of the list's name would be taken for the list, so phones get the full package."""
    assert find_changes(packed({"a": b"2", name: b"{}"})[1], manifest({"a": b"1"})) is None


def test_files_called_like_the_list_elsewhere_are_ordinary():
    """Only the root is special; and a phone can keep, or delete, a file that it already has."""
    old, new = {"a": b"1", LIST_NAME: b"{}"}, {"a": b"2", f"CodePush/{LIST_NAME}": b"{}"}
    changes = find_changes(packed(new)[1], manifest(old))
    assert names_of(changes) == ((LIST_NAME,), (f"CodePush/{LIST_NAME}", "a"))
    kept = find_changes(packed(old | {"a": b"2"})[1], manifest(old))
    assert names_of(kept) == ((), ("a",))


@pytest.mark.parametrize("name", ["a", "a/b"])
def test_a_file_never_replaces_a_folder(name):
    """Phones delete files, not folders, so a file with the name of a former folder cannot be laid over it."""
    assert find_changes(packed({name: b"1"})[1], manifest({"a/b/c": b"1"})) is None


def test_a_folder_can_replace_a_file():
    """The file is deleted first, then the folder is made."""
    changes = find_changes(packed({"a/b": b"1"})[1], manifest({"a": b"1"}))
    assert names_of(changes) == (("a",), ("a/b",))


def test_a_name_can_change_its_case():
    """The old spelling is deleted, the new one copied."""
    changes = find_changes(packed({"a.js": TEXT})[1], manifest({"A.js": TEXT}))
    assert names_of(changes) == (("A.js",), ("a.js",))


@pytest.mark.parametrize("name", ["../app.json", "/etc/passwd", "a/../../b", "C:x", "a\\b", "a\0", ""])
def test_names_that_lead_out_of_the_package_are_never_deleted(name):
    """Phones in the field delete what they are told, so a manifest with such a name gives no diff at all."""
    with pytest.raises(PackageError, match="cannot be part of a package"):
        find_changes(packed({"a": b"1"})[1], Manifest({name: "0" * 64}))


def test_another_archive_is_not_copied_from():
    """An archive that the index does not describe is refused rather than made into a broken diff."""
    _, index = packed(FILES)
    other, _ = packed(FILES | {"CodePush/c.js": TEXT})
    changes = find_changes(index, manifest({}))
    with pytest.raises(PackageError, match=r'"CodePush/c\.js" at its offset in the index'):
        write_diff(changes, partial(read_at, opened(other)), io.BytesIO())


def test_a_cut_off_archive_is_not_copied_from():
    """An archive that ends too early is refused."""
    content, index = packed(FILES)
    changes = find_changes(index, manifest({}))
    with pytest.raises(PackageError, match=r'ends before "CodePush/f\.js" does'):
        write_diff(changes, partial(read_at, opened(content[: index.entries[-1].end - 1])), io.BytesIO())


def test_a_diff_that_only_deletes_reads_nothing():
    """Nothing but the list is written, and the archive is not needed."""
    target = io.BytesIO()
    write_diff(Changes(("a",), ()), partial(read_at, opened(b"")), target)
    assert unzipped(target.getvalue()) == {LIST_NAME: b'{"deletedFiles":["a"]}'}


def test_a_diff_is_worth_storing_when_it_saves_a_tenth():
    """Ninety of a hundred bytes are worth it, ninety-one are not."""
    assert is_worth_storing(90, 100)
    assert not is_worth_storing(91, 100)
    assert is_worth_storing(899, 999)
    assert not is_worth_storing(900, 999)
