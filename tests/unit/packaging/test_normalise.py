"""What archives look like once they were normalised."""

import hashlib
import io
import os
import random
import zipfile
import zlib

import msgspec
import pytest

from codepush.errors import PackageError
from codepush.packaging.archive import ArchiveIndex, normalise, read_manifest, store_package
from unit.packaging.forge import Member, archive, opened

TEXT = b"function add(a, b) { return a + b }\n" * 200
NOISE = random.Random(1).randbytes(5000)
FILES = {"CodePush/b.js": TEXT, "CodePush/a.png": NOISE, "CodePush/ü\n.txt": b"", "CodePush/.codepushrelease": b"jwt"}


def packed(files, method=zipfile.ZIP_DEFLATED, level=1):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method, compresslevel=level) as target:
        for name, data in files.items():
            target.writestr(name, data)
    return stream.getvalue()


def normalised(content, **options):
    target = io.BytesIO()
    index = normalise(opened(content), target, **options)
    return target.getvalue(), index


def test_the_same_content_gives_the_same_bytes():
    """Order, dates, methods and folder entries of the upload leave no trace."""
    reversed_files = dict(reversed(FILES.items()))
    by_hand = [Member(name=name.encode(), data=data, flags=0x0800) for name, data in FILES.items()]
    folder = Member(name="CodePush/", data=b"", mode=0o040755)
    litter = Member(name="CodePush/.DS_Store")
    uploads = packed(FILES), packed(reversed_files, zipfile.ZIP_STORED), archive(folder, *by_hand, litter)
    assert len({normalised(upload)[0] for upload in uploads}) == 1


def test_normalising_twice_changes_nothing():
    """A normalised archive is its own normal form."""
    once, index = normalised(packed(FILES))
    assert normalised(once) == (once, index)


def test_other_tools_read_it():
    """Python's own zipfile finds sound entries, in canonical order, with fixed time and mode."""
    content, _ = normalised(packed(FILES))
    with zipfile.ZipFile(opened(content)) as found:
        assert found.testzip() is None
        assert {entry.filename: found.read(entry) for entry in found.infolist()} == FILES
        assert [entry.filename for entry in found.infolist()] == sorted(FILES)
        assert {entry.date_time for entry in found.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {(entry.create_system, entry.external_attr >> 16) for entry in found.infolist()} == {(3, 0o100644)}
        assert {entry.flag_bits for entry in found.infolist()} == {0, 0x0800}


def test_files_are_stored_where_deflating_would_not_help():
    """Noise and nothing are stored, text is deflated, and that better than zlib does it."""
    content, index = normalised(packed(FILES))
    assert {entry.name: entry.method for entry in index.entries} == {
        "CodePush/.codepushrelease": 0,
        "CodePush/a.png": 0,
        "CodePush/b.js": 8,
        "CodePush/ü\n.txt": 0,
    }
    assert len(content) < len(packed(FILES, level=9))


def test_the_level_changes_bytes_but_not_the_hash():
    """A higher level makes the archive smaller; the package stays the same."""
    words = [f"{number * 7919 % 1009:x}" for number in range(1010)]
    source = random.Random(2)
    text = " ".join(source.choice(words) for _ in range(20_000)).encode()
    fast, fast_index = normalised(packed({"a.js": text}), level=1)
    small, small_index = normalised(packed({"a.js": text}), level=12)
    assert len(small) < len(fast)
    assert fast_index.manifest.package_hash == small_index.manifest.package_hash


def test_the_index_says_where_everything_is():
    """From the index alone, each file can be cut out of the archive, inflated and recognised."""
    content, index = normalised(packed(FILES))
    for entry in index.entries:
        raw = content[entry.offset : entry.offset + entry.compressed_size]
        data = zlib.decompress(raw, -15) if entry.method else raw
        assert (data, entry.size, entry.crc) == (FILES[entry.name], len(data), zlib.crc32(data))
        assert entry.sha256 == hashlib.sha256(data).hexdigest()
    assert index.size == len(content)
    assert index.manifest == read_manifest(opened(packed(FILES)))


def test_the_index_survives_being_stored():
    """An index written as JSON comes back the same."""
    _, index = normalised(packed(FILES))
    assert msgspec.json.decode(msgspec.json.encode(index), type=ArchiveIndex) == index


def test_files_too_large_for_memory_are_streamed(tmp_path):
    """Large text is deflated and large noise is stored, as small files are, and other tools read both."""
    files = {"a.js": bytes(33 << 20), "b.bin": os.urandom(33 << 20), "c.js": TEXT}
    upload = tmp_path / "upload"
    upload.write_bytes(packed(files))
    stored = store_package(upload, tmp_path / "stored")
    assert stored.index is not None
    assert [entry.method for entry in stored.index.entries] == [8, 0, 8]
    with zipfile.ZipFile(tmp_path / "stored") as found:
        assert all(found.read(name) == data for name, data in files.items())
    assert store_package(tmp_path / "stored", tmp_path / "again") == stored


def test_a_single_file_is_stored_as_it_is(tmp_path):
    """A bundle that is no archive is copied, and known by the hash of its bytes."""
    upload = tmp_path / "upload"
    upload.write_bytes(TEXT)
    stored = store_package(upload, tmp_path / "stored")
    assert (stored.hash, stored.size) == (hashlib.sha256(TEXT).hexdigest(), len(TEXT))
    assert (stored.manifest, stored.index) == (None, None)
    assert (tmp_path / "stored").read_bytes() == TEXT


def test_an_empty_file_is_not_stored(tmp_path):
    """A file without a byte is refused, and nothing is left behind."""
    upload = tmp_path / "upload"
    upload.touch()
    with pytest.raises(PackageError, match="The package is empty"):
        store_package(upload, tmp_path / "stored")
    assert not (tmp_path / "stored").exists()


def test_an_existing_target_is_left_alone(tmp_path):
    """Storing never overwrites: an existing file is an error, and still there afterwards."""
    upload, target = tmp_path / "upload", tmp_path / "stored"
    upload.write_bytes(TEXT)
    target.write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        store_package(upload, target)
    assert target.read_bytes() == b"precious"
