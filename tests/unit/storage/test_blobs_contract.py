"""What every blob store does, wherever it keeps archives."""

import time

import anyio
import pytest

from codepush.server.ports.blobs import LocalFile
from codepush.server.ports.errors import AlreadyExistsError, MissingError

pytestmark = pytest.mark.anyio

BLOB_ID = "Ab-_456789012345"
OTHER_ID = "-" * 100
CONTENT = bytes(range(256)) * 1000


async def test_a_blob_comes_back_as_it_was_put(blobs, source):
    """Every byte is there, however often it is asked for."""
    await blobs.put(BLOB_ID, source(CONTENT))
    for _ in range(2):
        assert await content_of(blobs, BLOB_ID) == CONTENT


async def test_an_empty_blob_is_a_blob(blobs, source):
    """Nothing at all can be stored too."""
    await blobs.put(BLOB_ID, source(b""))
    assert await content_of(blobs, BLOB_ID) == b""


async def test_a_blob_never_changes(blobs, source):
    """A second blob of the same id is refused and the first stays."""
    await blobs.put(BLOB_ID, source(CONTENT))
    with pytest.raises(AlreadyExistsError):
        await blobs.put(BLOB_ID, source(b"other"))
    assert await content_of(blobs, BLOB_ID) == CONTENT


async def test_one_of_many_at_once_is_stored(blobs, source):
    """When ten put the same id together, one succeeds and its content is there whole."""
    contents = [bytes([number]) * 100_000 for number in range(10)]
    stored = []

    async def put(content):
        try:
            await blobs.put(BLOB_ID, source(content))
        except AlreadyExistsError:
            return
        stored.append(content)

    async with anyio.create_task_group() as group:
        for content in contents:
            group.start_soon(put, content)
    assert len(stored) == 1
    assert await content_of(blobs, BLOB_ID) == stored[0]


async def test_a_blob_that_was_never_put_is_missing(blobs):
    """There is nothing to be had under an unknown id."""
    await assert_missing(blobs, BLOB_ID)


IMPOSSIBLE_IDS = [
    "",
    "short",
    "a" * 15,
    "a" * 101,
    "../" * 6 + "etc/passwd",
    "/etc/passwd-0123456789",
    "a/b/c/d/e/f/g/h/i/j",
    "\0" * 16,
    "a" * 16 + "\n",
    "\u00e4" * 16,
]


@pytest.mark.parametrize("blob_id", IMPOSSIBLE_IDS)
async def test_what_cannot_be_an_id_is_missing_and_never_stored(blobs, source, blob_id):
    """An id from a URL that no blob can have leads nowhere; putting one is a mistake."""
    await assert_missing(blobs, blob_id)
    await blobs.remove(blob_id)
    with pytest.raises(ValueError, match="16 to 100"):
        await blobs.put(blob_id, source(CONTENT))


async def test_a_removed_blob_is_missing(blobs, source):
    """After its removal, which may be repeated, a blob is gone and others are not."""
    await blobs.put(BLOB_ID, source(CONTENT))
    await blobs.put(BLOB_ID + "2", source(CONTENT))
    for _ in range(2):
        await blobs.remove(BLOB_ID)
    await assert_missing(blobs, BLOB_ID)
    assert await content_of(blobs, BLOB_ID + "2") == CONTENT


async def test_every_blob_is_listed_with_its_size_and_time(blobs, source):
    """Whoever goes through the blobs finds each of them once, and nothing before anything was stored."""
    assert [entry async for entry in blobs.entries()] == []
    before = time.time()
    for blob_id, content in ((BLOB_ID, CONTENT), (OTHER_ID, b"")):
        await blobs.put(blob_id, source(content))
    entries = [entry async for entry in blobs.entries()]
    assert {entry.id: entry.size for entry in entries} == {BLOB_ID: len(CONTENT), OTHER_ID: 0}
    assert len(entries) == 2
    assert all(abs(entry.put_at / 1000 - before) < 60 for entry in entries)


async def test_a_fetched_blob_is_gone_from_this_machine_unless_it_lives_there(blobs, source):
    """What was fetched for a while leaves nothing behind, and fetching changes nothing in the store."""
    await blobs.put(BLOB_ID, source(CONTENT))
    async with blobs.fetch(BLOB_ID) as path:
        assert path.read_bytes() == CONTENT
    location = await blobs.locate(BLOB_ID)
    assert path.exists() == (isinstance(location, LocalFile) and location.path == path)


async def test_a_block_that_fails_is_told_its_own_error(blobs, source):
    """What goes wrong while a fetched blob is used is not taken for trouble of the store."""
    await blobs.put(BLOB_ID, source(CONTENT))
    with pytest.raises(OSError, match="mine"):
        async with blobs.fetch(BLOB_ID):
            raise OSError("mine")


async def test_a_blob_store_that_works_says_so(blobs):
    """The check of a working store returns, also before anything was stored."""
    await blobs.check()


async def content_of(blobs, blob_id):
    """Return what is in a blob, and check that its size is told right."""
    async with blobs.fetch(blob_id) as path:
        content = path.read_bytes()
    assert (await blobs.locate(blob_id)).size == len(content)
    return content


async def assert_missing(blobs, blob_id):
    with pytest.raises(MissingError):
        await blobs.locate(blob_id)
    with pytest.raises(MissingError):
        async with blobs.fetch(blob_id):
            pytest.fail("There should be nothing to fetch.")
