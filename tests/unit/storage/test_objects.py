"""What is true of archives in object stores only: signed addresses, large blobs, and what goes wrong."""

import subprocess
import sys
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import httpx2
import pytest
from azure.storage.blob import AccountSasPermissions, ResourceTypes, generate_account_sas

from codepush.server.ports.errors import AlreadyExistsError, MissingError, UnavailableError
from codepush.server.storage import objects
from codepush.server.storage.objects import ObjectBlobs
from codepush.server.storage.urls import Place
from support.object_stores import AZURE_ACCOUNT, AZURE_KEY, moto_server, s3_bucket, s3_client
from support.processes import free_port

pytestmark = pytest.mark.anyio

BLOB_ID = "Ab-_456789012345"
CONTENT = bytes(range(256)) * 1000
LARGE = 20 * 1024 * 1024
SECRET = "a secret that nobody may read"


@pytest.fixture(params=["s3", "azure", "google"])
def object_blobs(request):
    """Return an object store of each kind in turn."""
    return request.getfixturevalue(f"{request.param}_blobs")


async def test_a_phone_can_follow_a_signed_address(object_blobs, source):
    """Whoever has the address gets every byte, with its length, uncompressed, and leave to keep it for ever."""
    await object_blobs.put(BLOB_ID, source(CONTENT))
    located = await object_blobs.locate(BLOB_ID)
    async with httpx2.AsyncClient() as phone:
        answer = await phone.get(located.signed.url, headers={"Accept-Encoding": "identity"})
    assert answer.status_code == 200
    assert answer.content == CONTENT
    assert answer.headers["Content-Length"] == str(len(CONTENT))
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert "immutable" in answer.headers["Cache-Control"]


async def test_any_part_can_be_read(object_blobs, source):
    """From a first byte up to, and without, another one; also none at all."""
    await object_blobs.put(BLOB_ID, source(CONTENT))
    located = await object_blobs.locate(BLOB_ID)
    for start, end in ((0, len(CONTENT)), (0, 1), (1000, 2000), (len(CONTENT) - 1, len(CONTENT)), (5, 5)):
        assert b"".join([piece async for piece in located.read(start, end)]) == CONTENT[start:end]


async def test_a_large_blob_is_sent_in_parts_and_never_replaced(s3_url, open_objects, source):
    """It comes back whole, and a second one of its id is refused."""
    blobs, content = open_objects(s3_url), bytes(range(256)) * (LARGE // 256)
    await blobs.put(BLOB_ID, source(content))
    with pytest.raises(AlreadyExistsError):
        await blobs.put(BLOB_ID, source(content))
    async with blobs.fetch(BLOB_ID) as path:
        assert path.read_bytes() == content


async def test_nothing_else_in_the_bucket_is_a_blob(s3_url, open_objects, source):
    """Objects beside the prefix, below it, and of other names are not listed, nor is what the check leaves."""
    blobs = open_objects(s3_url)
    await blobs.put(BLOB_ID, source(CONTENT))
    await blobs.check()
    place = Place.parse(s3_url)
    client = s3_client(place.options["endpoint"])
    for key in ("0123456789abcdef", "some/prefix/notes.txt", "some/prefix/below/0123456789abcdef", "some/prefix2/x"):
        client.put_object(Bucket=place.name, Key=key, Body=b"")
    assert [entry.id async for entry in blobs.entries()] == [BLOB_ID]


async def test_a_source_that_is_not_there_is_told(s3_blobs, tmp_path):
    """A mistake of the caller's is no missing blob."""
    with pytest.raises(UnavailableError, match="No such file"):
        await s3_blobs.put(BLOB_ID, tmp_path / "missing")


async def test_what_was_found_out_is_forgotten_with_the_blob(s3_blobs, source):
    """A blob that was asked for and then removed is missing at once."""
    await s3_blobs.put(BLOB_ID, source(CONTENT))
    assert (await s3_blobs.locate(BLOB_ID)).signed == (await s3_blobs.locate(BLOB_ID)).signed
    await s3_blobs.remove(BLOB_ID)
    with pytest.raises(MissingError):
        await s3_blobs.locate(BLOB_ID)


async def test_phones_are_sent_to_the_public_address(s3_url, open_objects, source):
    """Where the server reaches the store by another name than phones do, phones are given theirs."""
    blobs = open_objects(s3_url + "&public_endpoint=https://storage.example.com")
    await blobs.put(BLOB_ID, source(CONTENT))
    url = (await blobs.locate(BLOB_ID)).signed.url
    assert url.startswith(f"https://storage.example.com/{Place.parse(s3_url).name}/some/prefix/{BLOB_ID}?")


async def test_a_store_that_cannot_sign_is_read_through_the_server(azure_url, open_objects, source, monkeypatch):
    """Without a key that signs there is no address for phones, and the bytes can be had."""
    await open_objects(azure_url).put(BLOB_ID, source(CONTENT))
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_KEY")
    monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", account_sas())
    located = await open_objects(azure_url).locate(BLOB_ID)
    assert located.signed is None
    assert b"".join([piece async for piece in located.read(0, located.size)]) == CONTENT


@pytest.mark.usefixtures("s3_url")
async def test_a_missing_bucket_is_named(moto, open_objects, source):
    """Whatever is done, the sentence says that there is no such bucket."""
    blobs = open_objects(f"s3://nowhere-at-all?endpoint={moto}")
    for attempt in (blobs.check, lambda: blobs.put(BLOB_ID, source(CONTENT)), lambda: whole(blobs.entries())):
        with pytest.raises(UnavailableError, match="no bucket or container for s3://nowhere-at-all"):
            await attempt()


async def test_a_missing_container_is_named(azure_url, open_objects):
    """As for S3."""
    with pytest.raises(UnavailableError, match="no bucket or container for az://nowhere"):
        await open_objects(azure_url.replace(Place.parse(azure_url).name, "nowhere")).check()


async def test_a_wrong_key_is_told_and_not_shown(tmp_path, open_objects, source, monkeypatch):
    """S3 refuses it; the sentence says so in plain words, without the key."""
    with moto_server(tmp_path, {"INITIAL_NO_AUTH_ACTION_COUNT": "1"}) as url:
        place = f"s3://{s3_bucket(url)}?endpoint={url}"
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAWRONGWRONGWRONG1")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        with pytest.raises(UnavailableError, match="rejected the credentials") as caught:
            await open_objects(place).put(BLOB_ID, source(CONTENT))
    assert SECRET not in everything(caught.value)


async def test_a_wrong_key_of_azure_is_told_and_not_shown(azure_url, open_objects, monkeypatch):
    """As for S3, also where a signature stands in the address that is asked."""
    for variable, wrong in (("KEY", "d3Jvbmcga2V5"), ("SAS_TOKEN", "sv=2023-11-03&sr=c&sig=d3Jvbmc%3D")):
        monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_KEY", raising=False)
        monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN" if variable == "SAS_TOKEN" else "AZURE_STORAGE_ACCOUNT_KEY", wrong)
        with pytest.raises(UnavailableError, match="rejected the credentials") as caught:
            await open_objects(azure_url).check()
        assert wrong not in everything(caught.value)
        assert "d3Jvbm" not in everything(caught.value)


async def test_settings_that_make_no_sense_are_told_and_not_shown(azure_url, open_objects, monkeypatch):
    """A key that is none is noticed when the store is opened."""
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", SECRET)
    with pytest.raises(UnavailableError, match="missing or malformed") as caught:
        open_objects(azure_url)
    assert SECRET not in everything(caught.value)


@pytest.mark.usefixtures("s3_url")
async def test_a_store_that_is_away_is_unavailable(open_objects, source):
    """Nobody listens: every method says so, and soon."""
    blobs = open_objects(f"s3://bucket?endpoint=http://127.0.0.1:{free_port()}")
    attempts = [
        blobs.check,
        lambda: blobs.put(BLOB_ID, source(CONTENT)),
        lambda: blobs.locate(BLOB_ID),
        lambda: blobs.remove(BLOB_ID),
        lambda: whole(blobs.entries()),
        lambda: enter(blobs.fetch(BLOB_ID)),
    ]
    for attempt in attempts:
        with pytest.raises(UnavailableError, match="cannot be reached"):
            await attempt()


async def test_a_store_that_works_is_not_written_to_at_every_check(s3_url, open_objects, monkeypatch):
    """Half a minute long a success stands; trouble is looked at anew each time."""
    blobs, place = open_objects(s3_url), Place.parse(s3_url)
    client = s3_client(place.options["endpoint"])
    await blobs.check()
    client.delete_object(Bucket=place.name, Key="some/prefix/check")
    await blobs.check()
    assert "Contents" not in client.list_objects_v2(Bucket=place.name)
    monkeypatch.setattr(objects, "_PROBED", 0)
    await blobs.check()
    assert "Contents" in client.list_objects_v2(Bucket=place.name)


async def test_a_workspace_that_is_full_is_told(s3_url, tmp_path, source):
    """What cannot be fetched for want of room is trouble of this machine, not a missing blob."""
    blobs = ObjectBlobs(Place.parse(s3_url), workspace=tmp_path)
    await blobs.put(BLOB_ID, source(CONTENT))
    with pytest.raises(UnavailableError, match="workspace"):
        blobs._save(BLOB_ID, tmp_path / "no" / "folder")


async def test_cancelled_readers_leave_nothing_behind(s3_blobs, source, tmp_path):
    """Whoever gives up while a blob is fetched leaves no file in the workspace."""
    await s3_blobs.put(BLOB_ID, source(CONTENT))
    with anyio.move_on_after(0.001):
        async with s3_blobs.fetch(BLOB_ID):
            pass
    await s3_blobs.locate(BLOB_ID)
    assert list((tmp_path / "workspace").iterdir()) == []


def test_the_library_is_imported_only_for_an_object_store(tmp_path):
    """A server with a folder starts without it."""
    script = (
        "import sys; from codepush.server.app import create_app; from codepush.server.settings import Settings;"
        f"create_app(Settings.load({{'data': {str(tmp_path)!r}}}, {{}}));"
        "print([name for name in sys.modules if 'obstore' in name])"
    )
    assert subprocess.check_output([sys.executable, "-c", script], text=True).strip() == "[]"


def account_sas():
    """Return a signature that lets its bearer read and write, but not sign anything."""
    return generate_account_sas(
        AZURE_ACCOUNT,
        AZURE_KEY,
        ResourceTypes(service=True, container=True, object=True),
        AccountSasPermissions(read=True, write=True, list=True),
        datetime.now(UTC) + timedelta(hours=1),
    )


def everything(error):
    """Return all that a log could show of an error."""
    return "".join(traceback.format_exception(error))


async def whole(entries):
    return [entry async for entry in entries]


async def enter(block):
    async with block as path:
        return Path(path)
