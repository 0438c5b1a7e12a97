"""The routes for uploads in chunks, as used by clients and by attackers."""

import socket
import time
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import anyio
import httpx2
import pytest

from codepush.server.services.caller import visitor
from codepush.server.services.change import Changes
from codepush.server.services.releasing.uploads import CHUNK_SIZE, LIFE_MS, Uploads
from codepush.server.services.releasing.workspace import Workspace
from codepush.server.settings import Settings
from codepush.server.storage.disk import DiskBlobs
from codepush.server.storage.sql.store import SqlStore
from support.serving import serving
from support.stores import rows

pytestmark = pytest.mark.anyio

CONTENT = bytes(range(256)) * (CHUNK_SIZE // 256) + b"the rest"
FIRST, SECOND = CONTENT[:CHUNK_SIZE], CONTENT[CHUNK_SIZE:]


class Client:
    """Speaks as the original upload client does: with the token in the query, and without an access key."""

    def __init__(self, http, ticket):
        self.http = http
        self.ticket = ticket

    async def post(self, action, *, upload=None, content=b"", **query):
        query = {"token": self.ticket.token} | query
        return await self.http.post(f"/upload/{action}/{upload or self.ticket.id}", params=query, content=content)

    async def describe(self, **more):
        query = {"file_name": "a.zip", "file_Size": len(CONTENT), "content_type": ""} | more
        return await self.post("set_metadata", **query)

    async def send(self, number, content):
        return await self.post("upload_chunk", block_number=number, content=content)


@asynccontextmanager
async def open_uploads(data):
    """Open the services behind the routes, over the same database and folder."""
    settings = Settings.load({"data": data}, {})
    store = SqlStore(settings.database_url)
    workspace = Workspace(settings.workspace, limit_mb=settings.workspace_limit_mb)
    yield store, Uploads(store, Changes(store), DiskBlobs(settings.storage), workspace=workspace, limit_mb=200)
    await store.close()


async def begin(data):
    """Return the account of an app, made when it is not there, and the ticket of an upload for it."""
    async with open_uploads(data) as (store, uploads):
        async with store.write() as records:
            owner = await records.accounts.by_email("ada@example.com")
            if owner is None:
                owner = await records.accounts.add(email="ada@example.com", name="", created_at=1)
                app = await records.apps.add(owner_id=owner.id, name="App", os=None, platform=None, created_at=1)
                await records.deployments.add(app_id=app, name="Staging", key="k" * 20, device_key=b"k", created_at=1)
        caller = visitor().acting_as(owner)
        return caller, await uploads.begin(caller, "App", "Staging")


async def assembled(data, owner, ticket):
    """Return the file that has arrived."""
    async with open_uploads(data) as (_, uploads), uploads.claim(owner, "App", ticket) as file:
        return file.read_bytes()


def kept(data):
    """Return how many bytes the blobs have, and the names of what is left in the workspace."""
    blobs = sum(path.stat().st_size for path in (data / "blobs").glob("??/*"))
    return blobs, [path.name for path in (data / "tmp").iterdir()]


def told(answer, status=200):
    """Return what an answer says; it is always a JSON object, since clients take it apart without a look."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    said = answer.json()
    assert isinstance(said, dict)
    return said


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
async def http(data):
    async with serving(data) as http:
        yield http


@pytest.fixture
async def client(http, data):
    _, ticket = await begin(data)
    return Client(http, ticket)


async def test_a_file_arrives(http, data):
    """The original client's steps: what is coming, the chunks beginning with the last one, the end."""
    owner, ticket = await begin(data)
    client = Client(http, ticket)
    assert told(await client.describe()) == {
        "error": False,
        "id": ticket.id,
        "chunk_size": CHUNK_SIZE,
        "chunk_list": [1, 2],
        "blob_partitions": 1,
        "resume_restart": False,
    }
    for number, chunk in ((2, SECOND), (1, FIRST)):
        assert told(await client.send(number, chunk))["error"] is False
    for _ in range(2):
        said = told(await client.post("finished"))
        assert (said["error"], said["state"]) == (False, "Done")
    assert await assembled(data, owner, ticket) == CONTENT
    assert kept(data) == (len(CONTENT), [])


async def test_chunks_reach_different_nodes(http, data):
    """Two instances of the server over one database and one folder receive a file together."""
    owner, ticket = await begin(data)
    async with serving(data) as other:
        one, two = Client(http, ticket), Client(other, ticket)
        told(await one.describe())
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one.send, 2, SECOND)
            tasks.start_soon(two.send, 1, FIRST)
        assert told(await two.post("finished"))["state"] == "Done"
    assert await assembled(data, owner, ticket) == CONTENT


async def test_the_size_is_found_in_any_spelling(http, data):
    """Clients do not agree about it."""
    for spelling in ("file_Size", "file_size", "FILE_SIZE"):
        _, ticket = await begin(data)
        query = {"token": ticket.token, "file_name": "a.zip", spelling: "5"}
        assert told(await http.post(f"/upload/set_metadata/{ticket.id}", params=query))["chunk_list"] == [1]


async def test_what_is_missing_is_asked_for(client):
    """The client sends missing_chunks anew if error is false and the state is not Done; the status tells them too."""
    said = told(await client.http.get(f"/upload/status/{client.ticket.id}", params={"token": client.ticket.token}))
    assert (said["state"], said["chunk_size"], said["missing_chunks"]) == ("New", 0, [])
    await client.describe()
    await client.send(2, SECOND)
    assert told(await client.post("finished")) == {"error": False, "state": "Uploading", "missing_chunks": [1]}
    said = told(await client.post("status"))
    assert (said["state"], said["chunk_size"], said["missing_chunks"]) == ("Uploading", CHUNK_SIZE, [1])


async def test_a_file_that_is_too_large_is_refused_so_that_people_read_why(client):
    """The original clients show a sentence of ours only with status 200; with any other they show one of their own."""
    said = told(await client.describe(file_Size=200 * 1024 * 1024 + 1))
    assert said == {"error": True, "message": "The uploaded file is larger than the size limit of 200 megabytes."}
    told(await client.send(1, FIRST), 409)


async def test_a_cancelled_upload_is_over(client, data):
    """It says so, and is a conflict from then on."""
    await client.describe()
    await client.send(1, FIRST)
    for _ in range(2):
        assert told(await client.post("cancel"))["message"] == "The upload was cancelled."
    assert kept(data) == (0, [])
    told(await client.send(1, FIRST), 409)
    told(await client.post("finished"), 409)
    assert told(await client.post("status"))["state"] == "Cancelled"


ODD_NUMBERS = [
    "",
    "0",
    "-1",
    "1.5",
    "1e3",
    "0x1",
    "\N{FULLWIDTH DIGIT ONE}",
    " 1",
    "+1",
    "1_0",
    "1\0",
    "NaN",
    "9" * 5000,
]


async def test_odd_numbers_are_refused(client, data):
    """Whatever stands where a number should: the client's fault, in JSON, and nothing is kept."""
    for number in ODD_NUMBERS:
        told(await client.describe(file_Size=number), 400)
    await client.describe()
    for number in [*ODD_NUMBERS, "9" * 15]:
        told(await client.post("upload_chunk", block_number=number, content=FIRST), 400)
    assert kept(data) == (0, [])


async def test_odd_queries_are_refused(client, data):
    """Bytes that are no text, names that are too long, nothing at all: 4xx, in JSON."""
    base = f"/upload/set_metadata/{client.ticket.id}"
    token = f"token={client.ticket.token}"
    for query, status in (
        ("", 401),
        ("file_size=1", 401),
        (f"{token}", 400),
        (f"{token}&file_size=", 400),
        (f"file_size=1&{token}%00", 401),
        ("file_size=1&token=%ff%fe", 401),
        (f"file_size=1&{token}&file_name={'x' * 1001}", 400),
        (f"file_size=1&{token}&file_name=%00", 400),
        ("&".join(["file_size=1"] * 500), 401),
    ):
        told(await client.http.post(f"{base}?{query}"), status)
    told(await client.http.post(f"{base}?{token}&file_size=1&file_name=%ff%fe"))
    for path in ("/upload/upload_chunk/%00", "/upload/finished/..%2f..", f"/upload/cancel/{'x' * 5000}"):
        told(await client.http.post(f"{path}?{token}&block_number=1"), 401)
    assert kept(data) == (0, [])


async def test_chunks_of_another_size_are_refused(client, data):
    """No status of 200 with an error: the client would send the same chunk again for ever."""
    await client.describe()
    for number, content, status in (
        (1, FIRST + b"x", 413),
        (1, FIRST[:-1], 400),
        (1, b"", 400),
        (2, SECOND + FIRST, 413),
        (3, b"x", 400),
    ):
        told(await client.send(number, content), status)
    assert kept(data) == (0, [])


async def test_a_chunk_that_does_not_end_is_given_up(client, data):
    """A body without a length is counted as it comes; what is more than the chunk is never read."""
    await client.describe()
    sent = 0

    async def endless():
        nonlocal sent
        while True:
            sent += 1
            yield b"x" * (1024 * 1024)

    told(await client.post("upload_chunk", block_number=1, content=endless()), 413)
    assert sent <= CHUNK_SIZE // (1024 * 1024) + 2
    assert kept(data) == (0, [])


async def test_a_chunk_may_take_longer_than_other_requests(data):
    """Ten of them come over one line, which may be a slow one."""
    async with serving(data, request_timeout=1) as http:
        _, ticket = await begin(data)
        client = Client(http, ticket)
        await client.describe()

        async def slowly():
            yield FIRST[:1]
            await anyio.sleep(1.5)
            yield FIRST[1:]

        told(await client.post("upload_chunk", block_number=1, content=slowly()))


async def test_strangers_get_nowhere(client, data):
    """With no token, a guess, another upload's, or one that has expired: 401 to everything, and nothing is kept."""
    await client.describe()
    _, another = await begin(data)
    for token in ("", "guess", another.token, client.ticket.token[:-1]):
        await everything_is_refused(client, token)
    now = int(time.time() * 1000)
    async with open_uploads(data) as (store, _), store.write() as records:
        await records.uploads._connection.exec_driver_sql(f"UPDATE uploads SET expires_at = {now - LIFE_MS}")
    await everything_is_refused(client, client.ticket.token)
    assert kept(data) == (0, [])


async def everything_is_refused(client, token):
    for action in ("set_metadata", "upload_chunk", "finished", "cancel", "status"):
        answer = await client.post(action, token=token, file_size=len(CONTENT), block_number=1, content=FIRST)
        said = told(answer, 401)
        assert said["code"] == said["error"]["code"] == "Unauthorized"


async def test_other_methods_are_no_routes(client):
    """An unknown path requires an access key, as everywhere."""
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        answer = await client.http.request(method, f"/upload/finished/{client.ticket.id}")
        told(answer, 401)


def test_a_client_that_goes_away_leaves_nothing(codepush_server):
    """A chunk that is broken off in the middle is not kept, and can be sent again."""
    data = codepush_server.settings.data
    owner, ticket = anyio.run(begin, data)
    with httpx2.Client(base_url=codepush_server.url) as http:

        def post(action, content=b"", **query):
            return told(
                http.post(f"/upload/{action}/{ticket.id}", params={"token": ticket.token} | query, content=content)
            )

        post("set_metadata", file_size=len(CONTENT), file_name="")
        break_off(codepush_server.url, ticket, lambda: kept(data)[1] != [])
        wait_until(lambda: kept(data) == (0, []))
        assert rows(codepush_server.settings, "SELECT count(*) FROM upload_chunks") == [(0,)]
        for number, chunk in ((1, FIRST), (2, SECOND)):
            post("upload_chunk", block_number=number, content=chunk)
        assert post("finished")["state"] == "Done"
    assert anyio.run(assembled, data, owner, ticket) == CONTENT


def break_off(url, ticket, has_begun):
    """Send half a chunk and hang up once the server has begun to receive it."""
    address = urlsplit(url)
    query = f"token={ticket.token}&block_number=1"
    head = f"POST /upload/upload_chunk/{ticket.id}?{query} HTTP/1.1\r\nHost: x\r\nContent-Length: {CHUNK_SIZE}\r\n\r\n"
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(head.encode() + FIRST[: CHUNK_SIZE // 2])
        wait_until(has_begun)


def wait_until(is_so):
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)
