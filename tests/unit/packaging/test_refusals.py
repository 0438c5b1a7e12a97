"""Archives that are refused, and the sentence that says why."""

import io
import struct
import tracemalloc
import zipfile
import zlib

import pytest

from codepush.errors import PackageError
from codepush.packaging.archive import Limits, extract, is_archive, normalise, read_manifest, store_package
from unit.packaging.forge import CountingFile, Member, archive, deflate, opened

GOOD = Member(name="good.js")
SOUND = archive(GOOD)
NOT_ASCII = "é".encode()
DESCRIPTOR = 0x0008
UTF8 = 0x0800

REFUSED = {
    "absolute path": (archive(Member(name="/etc/passwd")), '"/etc/passwd" cannot be part of a package: it is an abs'),
    "parent": (
        archive(GOOD, Member(name="a/../../b")),
        '"a/../../b" cannot be part of a package: it has an empty, "."',
    ),
    "parent at the end": (archive(Member(name="a/..")), "component"),
    "dot": (archive(Member(name="./a")), "component"),
    "double slash": (archive(Member(name="a//b")), "component"),
    "only a slash": (archive(GOOD, Member(name="/", data=b"")), "absolute path"),
    "drive": (archive(Member(name="C:/a")), "drive"),
    "drive without slash": (archive(Member(name="c:a")), "drive"),
    "backslash": (archive(Member(name="a\\b")), "backslash"),
    "NUL": (archive(Member(name="a\0.js")), '"a\\u0000.js" cannot be part of a package: it contains a NUL character'),
    "no name": (archive(Member(name="")), "it is empty"),
    "not UTF-8": (archive(Member(name=b"\xff", flags=UTF8)), "not valid UTF-8"),
    "unsafe unicode path": (
        archive(
            Member(name="a", extra=struct.pack("<HHBI", 0x7075, 9, 1, zlib.crc32(b"a")) + b"../b", local_extra=b"")
        ),
        '"../b"',
    ),
    "long name": (archive(Member(name="a/" * 512 + "b")), "1024 bytes"),
    "long component": (archive(Member(name="a" * 256)), "255 bytes"),
    "long name once decoded": (archive(Member(name=("\xb0" * 250 + "/").encode("latin-1") * 3 + b"x")), "bytes"),
    "link": (archive(Member(name="ln", data=b"/etc", mode=0o120777)), '"ln" is a link or another special file'),
    "device": (archive(Member(name="dev", data=b"", mode=0o020644)), "special file"),
    "folder mode on a file": (archive(Member(name="d", mode=0o040755)), "special file"),
    "file mode on a folder": (archive(GOOD, Member(name="d/", data=b"")), "special file"),
    "encrypted": (archive(Member(name="secret", flags=1)), '"secret" is encrypted'),
    "encrypted in its own header": (archive(Member(name="secret", local_flags=1)), "is encrypted"),
    "strongly encrypted": (archive(Member(name="secret", flags=0x41)), "is encrypted"),
    "patch": (archive(Member(name="p", flags=0x20)), "only stored (0) and deflated (8)"),
    "bzip2": (archive(Member(name="b", method=12)), '"b" is compressed with method 12'),
    "same name, other content": (archive(GOOD, Member(name="good.js", data=b"other")), "twice, with different content"),
    "same name composed otherwise": (archive(Member(name="\u00e9"), Member(name="e\u0301")), "are the same file"),
    "file is also a folder": (
        archive(Member(name="a"), Member(name="a/b")),
        '"a" is both a file and the folder of "a/b"',
    ),
    "file is also a folder entry": (
        archive(Member(name="a"), Member(name="a/", data=b"", mode=0o040755)),
        "both a file",
    ),
    "folder with content": (archive(GOOD, Member(name="d/", mode=0)), '"d/" is a folder and yet has content'),
    "stored in two sizes": (archive(Member(name="s", size=3)), "two different sizes"),
    "more than declared": (
        archive(Member(name="big", data=b"a" * 900, deflated=True, size=800)),
        '"big" holds more than the 800 bytes it declares',
    ),
    "less than declared": (archive(Member(name="small", deflated=True, size=9)), "holds 7 bytes instead of the 9"),
    "wrong checksum": (archive(Member(name="crc", crc=1)), '"crc" does not have the checksum it declares'),
    "damaged data": (archive(Member(name="bad", deflated=True, payload=b"\xff" * 9)), '"bad" has damaged data'),
    "data ends early": (
        archive(Member(name="cut", deflated=True, data=b"abc", payload=deflate(b"abc")[:-1])),
        "data that ends too early",
    ),
    "data goes on": (
        archive(Member(name="more", deflated=True, payload=deflate(b"content") + b"junk")),
        "bytes after the end of its data",
    ),
    "cut off": (SOUND[:-5], "does not end with an end record"),
    "cut to its first bytes": (SOUND[:10], "does not end with an end record"),
    "followed by bytes": (SOUND + b"junk", "does not end with an end record"),
    "comment beyond the file": (archive(GOOD, comment=b"hello")[:-1], "does not end with an end record"),
    "bytes in front": (archive(GOOD, before=b"#!/bin/sh\n"), '"good.js" comes after 10 bytes that belong to no entry'),
    "bytes in front, not counted": (b"#!/bin/sh\n" + SOUND, "central directory is not at"),
    "bytes between entries": (archive(GOOD, Member(name="b", gap=b"hidden")), '"b" comes after 6 bytes'),
    "bytes before the directory": (archive(GOOD, between=b"hidden"), "belong to no entry in front of its central"),
    "overlap": (archive(GOOD, Member(name="good.js", header_offset=0)), "overlaps another entry"),
    "offset outside": (archive(GOOD, Member(name="b", header_offset=1 << 20)), "comes after"),
    "data reaches into the directory": (
        archive(Member(name="long", payload=b"12345678", data=b"12345678", local_extra=b"")).replace(
            struct.pack("<II", 8, 8), struct.pack("<II", 99, 99)
        ),
        "reaches into the central directory",
    ),
    "no header": (b"PK\3\5" + SOUND[4:], "has no header at"),
    "other name in its own header": (archive(Member(name="a", local_name=b"b")), '"a" is called or packed differently'),
    "other encoding in its own header": (archive(Member(name="é", local_flags=0)), "called or packed differently"),
    "other method in its own header": (archive(Member(name="a", local_method=8)), "called or packed differently"),
    "other size in its own header": (archive(Member(name="a", local_sizes=(7, 8))), "another size or checksum"),
    "descriptor that disagrees": (
        archive(Member(name="d", flags=DESCRIPTOR, local_sizes=(0, 0), descriptor=b"PK\7\x08" + bytes(12))),
        "followed by another size or checksum",
    ),
    "fewer entries than declared": (archive(GOOD, count=2), "fewer entries than declared"),
    "more entries than declared": (archive(GOOD, Member(name="b"), count=1), "more entries than declared"),
    "two counts": (archive(GOOD, count_here=2), "contradicts itself"),
    "several parts": (archive(GOOD, disk=1), "one part of several"),
    "directory moved": (archive(GOOD, shift=1), "central directory is not at"),
    "ZIP64 count": (archive(GOOD, count=0xFFFF), "ZIP64"),
    "ZIP64 offset": (archive(GOOD, shift=0xFFFFFFFF - 44), "ZIP64"),
    "ZIP64 locator": (archive(GOOD, comment=b"").replace(b"PK\5\6", b"PK\6\7" + bytes(16) + b"PK\5\6"), "ZIP64"),
    "ZIP64 size": (archive(Member(name="z", size=0xFFFFFFFF, local_sizes=(7, 7))), '"z" uses ZIP64'),
    "no entries": (archive(), "holds no files to release"),
    "folders only": (archive(Member(name="d/", data=b"", mode=0o040755)), "holds no files to release"),
    "ignored files only": (archive(Member(name=".DS_Store"), Member(name="__MACOSX/._a")), "holds no files to release"),
    "signature only": (archive(Member(name="CodePush/.codepushrelease")), "holds no files to release"),
}


def readings(content, folder):
    """Every way of reading an archive."""
    path = folder / "upload"
    path.write_bytes(content)
    return {
        "hash": lambda: read_manifest(opened(content)),
        "normalise": lambda: normalise(opened(content), io.BytesIO()),
        "extract": lambda: extract(opened(content), folder / "out"),
        "store": lambda: store_package(path, folder / "stored"),
    }


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name, tmp_path):
    """However the archive is read, it is refused with a sentence that says why, and nothing is left behind."""
    content, reason = REFUSED[name]
    for way, read in readings(content, tmp_path).items():
        with pytest.raises(PackageError) as refusal:
            read()
        assert reason in refusal.value.message, way
        assert refusal.value.message.endswith(".")
    assert [path.name for path in tmp_path.iterdir()] == ["upload"]


def test_the_archive_all_others_are_made_of_is_sound(tmp_path):
    """Without a fault the same archive is read in every way."""
    for read in readings(SOUND, tmp_path).values():
        read()


def test_too_many_entries_are_refused_before_any_is_read():
    """The count in the end record is enough to refuse."""
    content = archive(*(Member(name=f"{number}.js") for number in range(11)))
    with pytest.raises(PackageError, match="has 11 entries; at most 10 are allowed"):
        read_manifest(opened(content), limits=Limits(entries=10))


def test_too_many_bytes_are_refused_before_anything_is_inflated():
    """An archive that declares more than the limit is refused after its directory was read, and nothing else."""
    source = CountingFile(archive(Member(name="a", data=bytes(1 << 20), payload=bytes(1 << 20))))
    with pytest.raises(PackageError, match="more than 1000 bytes once it is unpacked"):
        read_manifest(source, limits=Limits(total_size=1000))
    assert source.total < 1 << 17


def test_a_bomb_stops_at_the_first_byte_too_many(tmp_path):
    """An entry that inflates to more than it declares is given up early: little memory, and nothing on disk."""
    content = archive(Member(name="bomb", data=bytes(64 << 20), deflated=True, size=1000))
    tracemalloc.start()
    with pytest.raises(PackageError, match="holds more than the 1000 bytes"):
        extract(opened(content), tmp_path / "out")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20
    assert list(tmp_path.iterdir()) == []


def test_limits_have_limits():
    """Limits that would need ZIP64 archives are refused."""
    for options in ({"entries": 65_535}, {"total_size": (1 << 31) + 1}, {"name_size": 4097}):
        with pytest.raises(ValueError, match="Limits are at most"):
            Limits(**options)


def test_a_long_name_is_shortened_in_the_sentence():
    """A refusal stays readable however long the name is."""
    with pytest.raises(PackageError) as refusal:
        read_manifest(opened(archive(Member(name="../" + "x" * 900))))
    assert len(refusal.value.message) < 300


def test_what_counts_as_an_archive():
    """What starts or ends like an archive is read as one; anything else is a single file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w"):
        pass
    empty = stream.getvalue()
    archives = SOUND, empty, SOUND[:10], b"bundle" + SOUND
    files = b"", b"PK", b"var a = 1", SOUND[1:10], b"var a = 'PK\5\6" + bytes(30)
    assert [is_archive(opened(content)) for content in archives] == [True] * len(archives)
    assert [is_archive(opened(content)) for content in files] == [False] * len(files)
