"""What every store does for uploads in chunks."""

import msgspec
import pytest
from sqlalchemy import func, select

from codepush.server.ports.errors import MissingError
from codepush.server.ports.uploads import ChunkRecord, UploadRecord
from codepush.server.storage.sql import schema
from unit.storage.factories import lay_ground, unique

pytestmark = pytest.mark.anyio


@pytest.fixture
async def upload(store):
    """Return an upload that has been recorded, and nothing is known of yet."""
    ground = await lay_ground(store)
    upload = an_upload(ground)
    async with store.write() as records:
        await records.uploads.add(upload)
    return upload


def an_upload(ground, **changes):
    record = UploadRecord(
        id=unique("upload"),
        app_id=ground.app_id,
        account_id=ground.account_id,
        token_digest="ab" * 32,
        created_at=1,
        expires_at=100,
    )
    return msgspec.structs.replace(record, **changes)


def a_chunk(number, blob_id="blob", size=5):
    return ChunkRecord(number=number, size=size, blob_id=blob_id)


async def test_an_upload_is_found_as_it_was_recorded(store, upload):
    """What is told later of the file is recorded too, even a size that no 32 bits hold."""
    told = msgspec.structs.replace(upload, file_name="a.zip", size=2**40, chunk_size=4, state="open")
    async with store.write() as records:
        assert await records.uploads.get(upload.id) == upload
        await records.uploads.lock(upload.id)
        await records.uploads.update(told)
    async with store.read() as records:
        assert await records.uploads.get(upload.id) == told
        assert await records.uploads.get("nobody's") is None


async def test_an_upload_needs_its_app_and_account(store):
    """One for an app or an account that is gone is refused, and an unknown one cannot be changed."""
    ground = await lay_ground(store)
    for gone in ({"app_id": 10**6}, {"account_id": 10**6}):
        with pytest.raises(MissingError):
            async with store.write() as records:
                await records.uploads.add(an_upload(ground, **gone))
    with pytest.raises(MissingError):
        async with store.write() as records:
            await records.uploads.update(an_upload(ground))


async def test_chunks_are_listed_in_the_order_of_the_file(store, upload):
    """They may come in any order; one that comes again takes the place of the one before, which is returned."""
    async with store.write() as records:
        for number in (3, 1, 2):
            assert await records.uploads.put_chunk(upload.id, a_chunk(number)) is None
        assert await records.uploads.put_chunk(upload.id, a_chunk(2, "another", 6)) == a_chunk(2)
    async with store.read() as records:
        found = await records.uploads.chunks(upload.id)
        assert found == (a_chunk(1), a_chunk(2, "another", 6), a_chunk(3))
        assert await records.uploads.chunks("nobody's") == ()


async def test_a_chunk_needs_its_upload(store):
    """A chunk of an upload that is gone is refused."""
    with pytest.raises(MissingError):
        async with store.write() as records:
            await records.uploads.put_chunk("gone", a_chunk(1))


async def test_uploads_expire(store, upload):
    """Those whose time is over at a moment are listed, the longest past first."""
    ground = await lay_ground(store)
    earlier, later = an_upload(ground, expires_at=99), an_upload(ground, expires_at=101)
    async with store.write() as records:
        for one in (later, earlier):
            await records.uploads.add(one)
        assert await records.uploads.expired(100) == (earlier.id, upload.id)
        assert await records.uploads.expired(98) == ()


async def test_what_is_removed_leaves_nothing(store, upload):
    """Chunks can be forgotten alone; they go with their upload, and that with its app."""
    ground = await lay_ground(store)
    of_app = an_upload(ground)
    async with store.write() as records:
        await records.uploads.put_chunk(upload.id, a_chunk(1))
        await records.uploads.forget_chunks(upload.id)
        assert await records.uploads.chunks(upload.id) == ()
        await records.uploads.put_chunk(upload.id, a_chunk(1))
        await records.uploads.remove(upload.id)
        await records.uploads.remove(upload.id)
        await records.uploads.add(of_app)
        await records.uploads.put_chunk(of_app.id, a_chunk(1))
        await records.apps.remove(ground.app_id)
        for table in (schema.uploads, schema.upload_chunks):
            assert await records.uploads._value(select(func.count()).select_from(table)) == 0
