"""What is true of archives in a folder only: permissions, other file systems, and disks that fail."""

import errno
import resource
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from codepush.server.ports.errors import AlreadyExistsError, MissingError, UnavailableError
from codepush.server.storage.disk import DiskBlobs

pytestmark = pytest.mark.anyio

BLOB_ID = "Ab-_456789012345"
CONTENT = b"content" * 1000


async def test_only_the_owner_can_read_what_is_stored(disk_blobs, source, tmp_path):
    """Folders and files have the least permissions, whatever those of the source were."""
    await disk_blobs.put(BLOB_ID, source(CONTENT))
    stored = (await disk_blobs.locate(BLOB_ID)).path
    assert [mode(path) for path in (tmp_path / "blobs", stored.parent, stored)] == [
        "drwx------",
        "drwx------",
        "-rw-------",
    ]


async def test_nothing_remains_beside_the_blobs(disk_blobs, source, tmp_path):
    """Whether a blob was stored or refused, its file is the only one afterwards."""
    await disk_blobs.put(BLOB_ID, source(CONTENT))
    with pytest.raises(AlreadyExistsError):
        await disk_blobs.put(BLOB_ID, source(CONTENT))
    await disk_blobs.check()
    assert files(tmp_path / "blobs") == [f"Ab/{BLOB_ID}"]


async def test_other_files_in_the_folder_are_no_blobs(disk_blobs, source, tmp_path):
    """What a killed process left behind, and what people put there, is not listed."""
    await disk_blobs.put(BLOB_ID, source(CONTENT))
    for name in (".check.part", "lost+found", f"Ab/.{BLOB_ID}.0123.part", "Ab/Zz-_456789012345"):
        (tmp_path / "blobs" / name).touch()
    assert [entry.id async for entry in disk_blobs.entries()] == [BLOB_ID]


async def test_a_source_may_be_on_another_file_system(disk_blobs, far_source):
    """A file that cannot be moved is copied."""
    await disk_blobs.put(BLOB_ID, far_source)
    assert (await disk_blobs.locate(BLOB_ID)).path.read_bytes() == CONTENT


async def test_a_source_that_is_not_there_stores_nothing(disk_blobs, tmp_path):
    """A mistake of the caller's is told and leaves no file."""
    with pytest.raises(UnavailableError, match="No such file"):
        await disk_blobs.put(BLOB_ID, tmp_path / "missing")
    assert files(tmp_path / "blobs") == []


async def test_a_folder_that_cannot_be_one_is_unavailable(source, tmp_path):
    """A file in the place of the folder is told by every method that needs the folder."""
    (tmp_path / "file").touch()
    blobs = DiskBlobs(tmp_path / "file")
    with pytest.raises(UnavailableError, match=r"Not a directory|File exists"):
        await blobs.put(BLOB_ID, source(CONTENT))
    with pytest.raises(UnavailableError, match=r"Not a directory|File exists"):
        await blobs.check()
    with pytest.raises(MissingError):
        await blobs.locate(BLOB_ID)


async def test_a_disk_that_fails_half_way_leaves_no_partial_blob(disk_blobs, far_source, tmp_path):
    """When writing stops in the middle, there is an error, no blob, and no part of one; with room it is stored."""
    with largest_file(1000), pytest.raises(UnavailableError, match="File too large"):
        await disk_blobs.put(BLOB_ID, far_source)
    assert files(tmp_path / "blobs") == []
    await disk_blobs.put(BLOB_ID, far_source)
    assert (await disk_blobs.locate(BLOB_ID)).path.read_bytes() == CONTENT


class FarPath(type(Path())):
    """A path that cannot be moved, as if it were on another file system."""

    def rename(self, target):
        raise OSError(errno.EXDEV, "Invalid cross-device link", str(self), None, str(target))


@pytest.fixture
def far_source(tmp_path):
    """Return a file on another file system; where the machine has only one, a file that behaves so."""
    memory = Path("/dev/shm")
    is_far = memory.is_dir() and memory.stat().st_dev != tmp_path.stat().st_dev
    with tempfile.TemporaryDirectory(dir=memory if is_far else tmp_path) as folder:
        source = (Path if is_far else FarPath)(folder, "source")
        source.write_bytes(CONTENT)
        yield source


@contextmanager
def largest_file(size):
    """Let no file of this process grow beyond a size in bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def mode(path):
    return stat.filemode(path.stat().st_mode)


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
