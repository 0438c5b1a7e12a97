"""``/blobs/<id>``: bytes and headers, from a folder and from an object store."""

import httpx2
import pytest

from codepush.server.assembly.foundation import open_blobs
from codepush.server.assembly.parts import Parts, open_parts
from codepush.server.services.caller import operator
from codepush.server.settings import Settings
from codepush.server.storage.urls import Place
from support.object_stores import s3_client
from support.processes import free_port
from support.serving import serving

pytestmark = pytest.mark.anyio

BLOB_ID = "Ab-_456789012345"
PATH = f"/blobs/{BLOB_ID}"
CONTENT = bytes(range(256)) * 10_000  # more than is read at once
SIZE = len(CONTENT)


async def put(data, source, **settings):
    """Store the blob where a server with these settings looks for it."""
    loaded = Settings.load({"data": data, **settings}, {})
    loaded.workspace.mkdir(parents=True)
    source.write_bytes(CONTENT)
    await open_blobs(loaded).put(BLOB_ID, source)
    async with open_parts(loaded, Parts.create) as parts:
        await parts.first_start.accept(operator("test"))


@pytest.fixture
async def disk(tmp_path):
    await put(tmp_path / "data", tmp_path / "source")
    async with serving(tmp_path / "data") as client:
        yield client


@pytest.fixture
async def through_server(tmp_path, s3_url):
    settings = {"storage_url": s3_url, "redirect_downloads": "off"}
    await put(tmp_path / "data", tmp_path / "source", **settings)
    async with serving(tmp_path / "data", **settings) as client:
        yield client


@pytest.fixture(params=["disk", "through_server"])
def client(request):
    """Return a client of servers that send blobs themselves."""
    return request.getfixturevalue(request.param)


async def test_a_whole_blob(client):
    """It comes with its length, uncompressed, and with leave to keep it for ever."""
    answer = await client.get(PATH, headers={"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert headers(answer) == {
        "accept-ranges": "bytes",
        "access-control-allow-origin": "*",
        "cache-control": "public, max-age=31536000, immutable",
        "content-length": str(SIZE),
        "content-type": "application/octet-stream",
        "etag": f'"{BLOB_ID}"',
        "x-content-type-options": "nosniff",
    }


async def test_head_tells_what_get_would_send(client):
    """The same headers, and no byte of it."""
    answer = await client.head(PATH)
    assert (answer.status_code, answer.content) == (200, b"")
    assert headers(answer) == headers(await client.get(PATH))


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=100-", 100, SIZE),
        ("bytes=-100", SIZE - 100, SIZE),
        (f"bytes=-{SIZE * 2}", 0, SIZE),
        (f"bytes=10-{SIZE * 2}", 10, SIZE),
        ("Bytes = 1-2".replace(" ", ""), 1, 3),
    ],
)
async def test_a_part_of_a_blob(client, asked, start, end):
    """What is asked for is sent, as far as it is there."""
    answer = await client.get(PATH, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, CONTENT[start:end])
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{SIZE}"
    assert answer.headers["Content-Length"] == str(end - start)


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=",
        "bytes=-",
        "bytes=5-1",
        "bytes=a-b",
        "lines=1-2",
        "bytes=0-1,5-6",
        "bytes=1-2-3",
        "1-2",
        f"bytes=0-{'9' * 30}",
    ],
)
async def test_a_range_that_makes_no_sense_is_ignored(client, asked):
    """The whole blob is sent, as if it had not been asked for a part. Several parts at once are not offered."""
    answer = await client.get(PATH, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, CONTENT)


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", f"bytes={SIZE + 5}-{SIZE + 9}", "bytes=-0"])
async def test_bytes_that_are_not_there(client, asked):
    """The answer says how many there are."""
    answer = await client.get(PATH, headers={"Range": asked})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{SIZE}"
    assert "immutable" not in answer.headers["Cache-Control"]


async def test_a_part_of_another_blob_is_not_sent(client):
    """``If-Range`` with another tag, or a date, gets the whole."""
    for tag, status in ((f'"{BLOB_ID}"', 206), ('"another"', 200), ("Wed, 21 Oct 2015 07:28:00 GMT", 200)):
        answer = await client.get(PATH, headers={"Range": "bytes=0-9", "If-Range": tag})
        assert answer.status_code == status


@pytest.mark.parametrize("tags", [f'"{BLOB_ID}"', f'W/"{BLOB_ID}"', f'"x", "{BLOB_ID}"', "*"])
async def test_whoever_has_it_is_not_sent_it_again(client, tags):
    """304, also for a part of it; with another tag the bytes."""
    answer = await client.get(PATH, headers={"If-None-Match": tags, "Range": "bytes=0-9"})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["ETag"] == f'"{BLOB_ID}"'
    assert (await client.get(PATH, headers={"If-None-Match": '"x"'})).status_code == 200


async def test_a_blob_that_is_not_there(client):
    """404, which no cache keeps for ever, whatever the id looks like."""
    for blob_id in ("Ab-_456789012346", "x", "%2e%2e%2fcodepush.db", "a" * 200):
        answer = await client.get(f"/blobs/{blob_id}")
        assert (answer.status_code, answer.text) == (404, "Not Found")
        assert answer.headers["Cache-Control"] == "no-cache"


async def test_a_phone_is_sent_to_the_object_store(tmp_path, s3_url):
    """A redirect that every phone follows, and that is kept for far less time than it is good for."""
    await put(tmp_path / "data", tmp_path / "source", storage_url=s3_url)
    async with serving(tmp_path / "data", storage_url=s3_url) as client:
        answer = await client.get(PATH)
        assert answer.status_code == 302
        assert answer.headers["Cache-Control"] == "public, max-age=60"
        assert "X-Amz-Expires=3600" in answer.headers["Location"]
        assert (await client.head(PATH)).headers["Content-Length"] == str(SIZE)
        assert (await client.get(PATH, headers={"If-None-Match": f'"{BLOB_ID}"'})).status_code == 304
        assert (await client.get("/blobs/Ab-_456789012346")).status_code == 404
    async with httpx2.AsyncClient() as phone:
        assert (await phone.get(answer.headers["Location"])).content == CONTENT


async def test_phones_that_would_not_follow_are_sent_the_bytes(tmp_path, s3_url):
    """Android goes from https to https only: where the store has no https, the server sends the blob itself."""
    settings = {"storage_url": s3_url, "download_url": "https://downloads.example.com"}
    await put(tmp_path / "data", tmp_path / "source", **settings)
    async with serving(tmp_path / "data", **settings) as client:
        answer = await client.get(PATH)
        assert (answer.status_code, answer.content) == (200, CONTENT)


@pytest.mark.usefixtures("s3_url")
async def test_an_object_store_that_is_away(tmp_path):
    """503 with a sentence, and no trace of a redirect that a cache could keep; ready reports it without details."""
    url = f"s3://bucket?endpoint=http://127.0.0.1:{free_port()}"
    async with open_parts(Settings.load({"data": tmp_path / "data"}, {})) as parts:
        await parts.access.accounts.add(operator("test"), "ada@example.com")
    async with serving(tmp_path / "data", storage_url=url) as client:
        answer = await client.get(PATH)
        assert answer.status_code == 503
        assert answer.headers["Cache-Control"] == "no-cache"
        ready = await client.get("/ready")
        assert ready.status_code == 503
        assert ready.json() == {"status": "unavailable", "database": "ok", "storage": "unavailable"}


async def test_a_blob_that_is_lost_while_it_is_sent_for(tmp_path, s3_url):
    """What goes wrong before the first byte is still told, although the server knew the blob a moment ago."""
    settings = {"storage_url": s3_url, "redirect_downloads": "off"}
    await put(tmp_path / "data", tmp_path / "source", **settings)
    place = Place.parse(s3_url)
    async with serving(tmp_path / "data", **settings) as client:
        assert (await client.head(PATH)).status_code == 200
        s3_client(place.options["endpoint"]).delete_object(Bucket=place.name, Key=f"some/prefix/{BLOB_ID}")
        assert (await client.get(PATH)).status_code == 404


async def test_nginx_is_told_which_file_to_send(tmp_path):
    """With a location set, the answer names the file and has no body; whoever has the blob gets 304 as ever."""
    await put(tmp_path / "data", tmp_path / "source")
    async with serving(tmp_path / "data", accel_redirect="/codepush-archives") as client:
        answer = await client.get(PATH, headers={"Range": "bytes=0-9"})
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["X-Accel-Redirect"] == f"/codepush-archives/Ab/{BLOB_ID}"
        assert "immutable" in answer.headers["Cache-Control"]
        assert (await client.get(PATH, headers={"If-None-Match": f'"{BLOB_ID}"'})).status_code == 304


def headers(answer):
    """Return the headers but those that every answer of this server has, or that differ by chance."""
    return {name: value for name, value in answer.headers.items() if name not in {"x-request-id", "date", "server"}}
