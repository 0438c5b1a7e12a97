"""What every blob store does, wherever it keeps archives."""

import anyio
import pytest

from codepush.server.ports import AlreadyExistsError, MissingError

pytestmark = pytest.mark.anyio

BLOB_ID = "Ab-_456789012345"
CONTENT = bytes(range(256)) * 1000


async def test_a_blob_comes_back_as_it_was_put(blobs, source):
    """Every byte is there, however often it is asked for."""
    await blobs.put(BLOB_ID, source(CONTENT))
    for _ in range(2):
        assert (await blobs.file(BLOB_ID)).read_bytes() == CONTENT


async def test_an_empty_blob_is_a_blob(blobs, source):
    """Nothing at all can be stored too."""
    await blobs.put(BLOB_ID, source(b""))
    assert (await blobs.file(BLOB_ID)).read_bytes() == b""


async def test_a_blob_never_changes(blobs, source):
    """A second blob of the same id is refused and the first stays."""
    await blobs.put(BLOB_ID, source(CONTENT))
    with pytest.raises(AlreadyExistsError):
        await blobs.put(BLOB_ID, source(b"other"))
    assert (await blobs.file(BLOB_ID)).read_bytes() == CONTENT


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
    assert (await blobs.file(BLOB_ID)).read_bytes() == stored[0]


async def test_a_blob_that_was_never_put_is_missing(blobs):
    """There is nothing to be had under an unknown id."""
    with pytest.raises(MissingError):
        await blobs.file(BLOB_ID)


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
    with pytest.raises(MissingError):
        await blobs.file(blob_id)
    await blobs.remove(blob_id)
    with pytest.raises(ValueError, match="16 to 100"):
        await blobs.put(blob_id, source(CONTENT))


async def test_a_removed_blob_is_missing(blobs, source):
    """After its removal, which may be repeated, a blob is gone and others are not."""
    await blobs.put(BLOB_ID, source(CONTENT))
    await blobs.put(BLOB_ID + "2", source(CONTENT))
    for _ in range(2):
        await blobs.remove(BLOB_ID)
    with pytest.raises(MissingError):
        await blobs.file(BLOB_ID)
    assert (await blobs.file(BLOB_ID + "2")).read_bytes() == CONTENT


async def test_a_blob_store_that_works_says_so(blobs):
    """The check of a working store returns, also before anything was stored."""
    await blobs.check()
