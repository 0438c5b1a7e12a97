"""Archives that are unusual and sound."""

import hashlib
import io
import struct
import zipfile
import zlib

import pytest

from codepush.packaging.archive import normalise, read_manifest
from unit.packaging.forge import Member, archive, deflate, opened

DESCRIPTOR = 0x0008
FOLDER = 0o040755


def names(content):
    return list(read_manifest(opened(content)).files)


def descriptor(data, payload, *, signature, sizes):
    return signature + struct.pack("<I" + sizes, zlib.crc32(data), len(payload), len(data))


@pytest.mark.parametrize("signature", [b"PK\7\x08", b""], ids=["signed", "bare"])
@pytest.mark.parametrize("sizes", ["II", "QQ"], ids=["short", "long"])
def test_data_descriptors_are_read_in_every_form(signature, sizes):
    """Sizes and checksum may follow the data, as tools write them that pack from a pipe."""
    members = []
    for name, data in {"a.js": b"first", "b.js": b"", "c.js": b"third" * 99}.items():
        payload = deflate(data)
        tail = descriptor(data, payload, signature=signature, sizes=sizes)
        members.append(
            Member(name=name, data=data, deflated=True, flags=DESCRIPTOR, local_sizes=(0, 0), descriptor=tail)
        )
    manifest = read_manifest(opened(archive(*members)))
    assert manifest.files["c.js"] == hashlib.sha256(b"third" * 99).hexdigest()
    assert list(manifest.files) == ["a.js", "b.js", "c.js"]


def test_reserved_zip64_sizes_in_a_local_header_are_read():
    """A small file whose own header keeps its sizes in the ZIP64 field is still a small file."""
    field = struct.pack("<HHQQ", 1, 16, 7, 7)
    member = Member(name="a", local_sizes=(0xFFFFFFFF, 0xFFFFFFFF), local_extra=field)
    assert names(archive(member)) == ["a"]


def test_archives_of_pythons_zipfile_are_read():
    """Archives written by another tool, to a file and to a pipe, hold what was put in."""

    class Pipe(io.RawIOBase):
        def __init__(self):
            self.content = bytearray()

        def writable(self):
            return True

        def write(self, data):
            self.content += bytes(data)
            return len(data)

    for target in (io.BytesIO(), Pipe()):
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.mkdir("www")
            packed.writestr("www/index.html", "<p>" * 500)
            packed.writestr("www/ü.js", "")
            with packed.open("www/large.js", "w", force_zip64=True) as entry:
                entry.write(b"var a;" * 1000)
        content = bytes(target.content) if isinstance(target, Pipe) else target.getvalue()
        assert names(content) == ["www/index.html", "www/large.js", "www/ü.js"]


def test_a_comment_may_follow():
    """An archive comment that ends with the file is no foreign matter."""
    assert names(archive(Member(name="a"), comment=b"built on a Monday")) == ["a"]


def test_entries_may_be_listed_in_another_order_than_they_stand():
    """The central directory may list entries in any order, as long as they fill the archive."""
    content = archive(Member(name="a"), Member(name="b"))
    directory = content.index(b"PK\1\2")
    first, second = content[directory : directory + 47], content[directory + 47 : directory + 94]
    assert names(content[:directory] + second + first + content[directory + 94 :]) == ["a", "b"]


def test_an_identical_duplicate_counts_once():
    """The same name with the same bytes, as appcenter-cli writes a single file, is one file."""
    once, twice = Member(name="main.jsbundle"), Member(name="main.jsbundle", deflated=True)
    stored = io.BytesIO()
    index = normalise(opened(archive(once, twice)), stored)
    assert [entry.name for entry in index.entries] == ["main.jsbundle"]
    assert index.manifest == read_manifest(opened(archive(once)))


def test_folder_entries_do_not_count():
    """Folders are neither in the manifest nor in the hash, listed once or twice, empty by storing or by deflating."""
    folders = Member(name="d/", data=b"", mode=FOLDER), Member(name="d/e/", data=b"", deflated=True, mode=0)
    file = Member(name="d/a")
    assert read_manifest(opened(archive(*folders, folders[0], file))) == read_manifest(opened(archive(file)))


def test_what_macos_adds_does_not_count():
    """Ignored files are left out, and cannot clash with anything, as none of them is kept."""
    litter = [Member(name=name) for name in (".DS_Store", "a/.DS_Store", "__MACOSX/._a", "__MACOSX/._A")]
    content = archive(*litter, Member(name=".DS_Store/kept"), Member(name="a/.ds_store"))
    assert names(content) == [".DS_Store/kept", "a/.ds_store"]


def test_names_without_a_flag_are_code_page_437():
    """Old names are read with DOS letters, in which even control characters are pictures."""
    members = Member(name=b"caf\x82"), Member(name=b"a\x01\x7f"), Member(name="é".encode() + b"!", flags=0)
    assert names(archive(*members)) == ["a☺⌂", "café", "├⌐!"]


def test_control_characters_survive_with_the_utf8_flag():
    """A name that says it is UTF-8 is taken as it is, also after normalising."""
    content = archive(Member(name=b"a\x01\n", flags=0x0800))
    target = io.BytesIO()
    normalise(opened(content), target)
    assert names(content) == names(target.getvalue()) == ["a\x01\n"]


def test_the_unicode_path_field_wins_when_its_checksum_is_right():
    """The extra name counts only if it was written for the name that stands there now."""
    field = struct.pack("<BI", 1, zlib.crc32(b"plain")) + "ünï".encode()
    padding = b"\0\0\0"
    right = struct.pack("<HH", 0x5455, 1) + b"\0" + struct.pack("<HH", 0x7075, len(field)) + field + padding
    assert names(archive(Member(name=b"plain", extra=right))) == ["ünï"]
    assert names(archive(Member(name=b"other", extra=right))) == ["other"]
