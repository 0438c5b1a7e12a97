"""Uploads in chunks: what arrives at any node, in any order, is one file in the end, and nothing else is left."""

import hashlib
import re
import secrets

import anyio
import pytest
from sqlalchemy import func, select

from codepush.server.ports.errors import UnavailableError
from codepush.server.services.caller import visitor
from codepush.server.services.change import Changes
from codepush.server.services.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    TooLargeError,
    UnauthenticatedError,
)
from codepush.server.services.releasing.uploads import LIFE_MS, Ticket, Uploads
from codepush.server.services.releasing.workspace import Workspace
from codepush.server.storage.disk import DiskBlobs
from codepush.server.storage.sql import schema
from codepush.server.storage.sql.store import SqlStore

pytestmark = pytest.mark.anyio

CONTENT = b"0123456789"


class Node:
    """One node of a server: its uploads over the folder that all nodes share, and a clock of its own."""

    def __init__(self, store, folder, name):
        self.now = 1_000_000
        self.store = store
        self.folder = folder
        self.workspace = folder / name
        self.workspace.mkdir()
        self.blobs = DiskBlobs(folder / "blobs")
        self.uploads = Uploads(
            store,
            Changes(store, clock=lambda: self.now),
            self.blobs,
            workspace=Workspace(self.workspace, limit_mb=10),
            limit_mb=1,
            chunk_size=4,
            clock=lambda: self.now,
        )

    async def send(self, ticket, number, content):
        """Send a chunk, as a file in the workspace."""
        file = self.workspace / secrets.token_hex(8)
        file.write_bytes(content)
        try:
            await self.uploads.add_chunk(ticket, number, file)
        finally:
            file.unlink(missing_ok=True)

    async def content(self, caller, ticket, app="App"):
        """Return the file that has been put together."""
        async with self.uploads.claim(caller, app, ticket) as file:
            return file.read_bytes()

    async def use(self, ticket):
        async with self.store.write() as records:
            await self.uploads.use(records, ticket.id)

    def stored(self):
        """Return the content of every blob."""
        return sorted(path.read_bytes() for path in (self.folder / "blobs").glob("??/*"))

    def leftovers(self):
        return list(self.workspace.iterdir())

    async def records(self):
        """Return how many uploads and chunks are recorded."""
        async with self.store.read() as records:
            return [
                await records.uploads._value(select(func.count()).select_from(table))
                for table in (schema.uploads, schema.upload_chunks)
            ]


@pytest.fixture
def node(store, tmp_path):
    return Node(store, tmp_path, "one")


@pytest.fixture
async def other_node(tmp_path, node):
    store = SqlStore(f"sqlite:///{tmp_path}/codepush.db")
    yield Node(store, node.folder, "two")
    await store.close()


async def make_owner(store, email="ada@example.com"):
    async with store.write() as records:
        owner = await records.accounts.add(email=email, name="", created_at=1)
        app_id = await records.apps.add(owner_id=owner.id, name="App", os=None, platform=None, created_at=1)
        await records.deployments.add(app_id=app_id, name="Staging", key=email, device_key=b"k", created_at=1)
        await records.apps.add(owner_id=owner.id, name="Other", os=None, platform=None, created_at=1)
    return visitor().acting_as(owner)


@pytest.fixture
async def owner(store):
    return await make_owner(store)


@pytest.fixture
async def ticket(node, owner):
    return await node.uploads.begin(owner, "App", "Staging")


@pytest.fixture
async def described(node, ticket):
    """Return the ticket of an upload of which it is known what will arrive: chunks of 4, 4 and 2 bytes."""
    await node.uploads.describe(ticket, file_name="a.zip", size=len(CONTENT))
    return ticket


@pytest.fixture
async def finished(node, described):
    for number, chunk in ((1, b"0123"), (2, b"4567"), (3, b"89")):
        await node.send(described, number, chunk)
    assert await node.uploads.finish(described) == ()
    return described


async def test_a_ticket_has_a_secret_of_its_own(node, owner, ticket):
    """The token is 256 random bits in signs that need no encoding; what is stored does not give it away."""
    other = await node.uploads.begin(owner, "App", "Staging")
    assert len({ticket.id, other.id, ticket.token, other.token}) == 4
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", ticket.token)
    async with node.store.read() as records:
        record = await records.uploads.get(ticket.id)
    assert record.token_digest == hashlib.sha256(ticket.token.encode()).hexdigest()


async def test_who_may_not_release_gets_no_ticket(node, owner, store):
    """For others the app is not there, and a deployment that is not there is said so early."""
    stranger = await make_owner(store, "eve@example.com")
    for caller, app, deployment in ((stranger, "ada@example.com:App", "Staging"), (owner, "App", "Nope")):
        with pytest.raises(NotFoundError):
            await node.uploads.begin(caller, app, deployment)
    assert await node.records() == [0, 0]


async def test_chunks_come_in_any_order(node, owner, described):
    """What they make up is the file, however they came; one that is sent again replaces the one before."""
    await node.send(described, 3, b"89")
    await node.send(described, 1, b"xxxx")
    await node.send(described, 2, b"4567")
    await node.send(described, 1, b"0123")
    assert node.stored() == [b"0123", b"4567", b"89"]
    assert await node.uploads.finish(described) == ()
    assert await node.content(owner, described) == CONTENT
    assert node.leftovers() == []


async def test_chunks_reach_different_nodes(node, other_node, owner, described):
    """Nodes share nothing but the database and the blobs; sent at once, and even twice, all of it arrives."""
    async with anyio.create_task_group() as tasks:
        for number, chunk in ((1, b"0123"), (2, b"4567"), (3, b"89")):
            tasks.start_soon((node if number % 2 else other_node).send, described, number, chunk)
            tasks.start_soon((other_node if number % 2 else node).send, described, number, chunk)
    assert await other_node.uploads.finish(described) == ()
    assert await node.content(owner, described) == CONTENT
    assert await other_node.content(owner, described) == CONTENT
    assert node.stored() == [b"0123", b"4567", b"89"]


async def test_what_is_missing_is_told(node, described):
    """An upload is finished when all of it is there, and finishing again changes nothing."""
    await node.send(described, 2, b"4567")
    assert await node.uploads.finish(described) == (1, 3)
    assert (await node.uploads.status(described)).missing == (1, 3)
    await node.send(described, 1, b"0123")
    await node.send(described, 3, b"89")
    assert await node.uploads.finish(described) == ()
    assert await node.uploads.finish(described) == ()
    status = await node.uploads.status(described)
    assert (status.upload.state, status.missing) == ("finished", ())


async def test_a_file_is_described_once(node, ticket):
    """The same may be said again, also when chunks have come; another file is another upload."""
    told = await node.uploads.describe(ticket, file_name="a.zip", size=10)
    assert (told.size, told.chunk_size, told.state) == (10, 4, "open")
    await node.send(ticket, 1, b"0123")
    assert await node.uploads.describe(ticket, file_name="a.zip", size=10) == told
    for name, size in (("a.zip", 11), ("b.zip", 10)):
        with pytest.raises(ConflictError, match="another file"):
            await node.uploads.describe(ticket, file_name=name, size=size)


@pytest.mark.parametrize(
    ("error", "name", "size"),
    [
        (InvalidError, "a.zip", 0),
        (InvalidError, "a.zip", -1),
        (InvalidError, "x" * 1001, 1),
        (InvalidError, "a\0b", 1),
        (TooLargeError, "a.zip", 1024 * 1024 + 1),
        (TooLargeError, "a.zip", 10**15),
    ],
)
async def test_impossible_files_are_refused(node, ticket, error, name, size):
    """They are not recorded, so that the upload can still be used for another file."""
    with pytest.raises(error):
        await node.uploads.describe(ticket, file_name=name, size=size)
    await node.uploads.describe(ticket, file_name="a.zip", size=1024 * 1024)


@pytest.mark.parametrize(
    ("number", "content"), [(0, b"0123"), (4, b"89"), (-1, b"89"), (10**15, b"8"), (1, b"01"), (3, b"890"), (2, b"")]
)
async def test_impossible_chunks_are_refused(node, described, number, content):
    """A number that the file does not have, or a size that is not the chunk's: nothing of it is kept."""
    with pytest.raises(InvalidError):
        await node.send(described, number, content)
    assert node.stored() == []
    assert await node.uploads.finish(described) == (1, 2, 3)


async def test_nothing_is_taken_before_it_is_described(node, ticket):
    """Neither a chunk nor the end."""
    with pytest.raises(ConflictError, match="set_metadata"):
        await node.uploads.expect(ticket, 1)
    with pytest.raises(ConflictError, match="set_metadata"):
        await node.send(ticket, 1, b"0123")
    with pytest.raises(ConflictError, match="set_metadata"):
        await node.uploads.finish(ticket)
    assert node.stored() == []


async def test_nothing_changes_after_the_end(node, owner, finished):
    """What was finished is released as it was then."""
    with pytest.raises(ConflictError, match="complete"):
        await node.send(finished, 1, b"evil")
    with pytest.raises(ConflictError, match="complete"):
        await node.uploads.describe(finished, file_name="a.zip", size=len(CONTENT))
    assert await node.content(owner, finished) == CONTENT


async def test_an_upload_is_only_for_who_began_it(node, store, owner, finished):
    """Somebody else cannot release it, nor can its owner to another app, whatever they know."""
    stranger = await make_owner(store, "eve@example.com")
    for caller, app in ((stranger, "App"), (owner, "Other")):
        with pytest.raises(UnauthenticatedError):
            await node.content(caller, finished, app)
    with pytest.raises(NotFoundError):
        await node.content(stranger, finished, "ada@example.com:App")
    with pytest.raises(UnauthenticatedError):
        await node.content(owner, Ticket(finished.id, "guessed"))


async def test_an_unfinished_upload_cannot_be_released(node, owner, described):
    """All of it must be there."""
    with pytest.raises(ConflictError, match="not complete"):
        await node.content(owner, described)
    with pytest.raises(ConflictError, match="not complete"):
        await node.use(described)


async def test_an_upload_is_used_once(node, owner, finished):
    """After that it is known as used, and its chunks are removed; finishing it again still says that it is done."""
    await node.use(finished)
    for attempt in (node.use(finished), node.content(owner, finished)):
        with pytest.raises(ConflictError, match="released already"):
            await attempt
    await node.uploads.clear(finished.id)
    assert node.stored() == []
    assert await node.records() == [1, 0]
    assert await node.uploads.finish(finished) == ()
    assert (await node.uploads.status(finished)).upload.state == "released"


async def test_a_cancelled_upload_leaves_no_bytes(node, owner, described):
    """It takes nothing more, and cancelling again changes nothing."""
    await node.send(described, 1, b"0123")
    await node.uploads.cancel(described)
    await node.uploads.cancel(described)
    assert node.stored() == []
    for attempt in (node.send(described, 2, b"4567"), node.uploads.finish(described), node.content(owner, described)):
        with pytest.raises(ConflictError, match="cancelled"):
            await attempt
    assert node.stored() == []
    assert (await node.uploads.status(described)).upload.state == "cancelled"


WRONG = [
    lambda ticket: Ticket(ticket.id, ""),
    lambda ticket: Ticket(ticket.id, ticket.token + "x"),
    lambda ticket: Ticket(ticket.id, "é\0"),
    lambda ticket: Ticket("00000000-0000-4000-8000-000000000000", ticket.token),
    lambda ticket: Ticket("\0", ticket.token),
    lambda ticket: Ticket("x" * 10_000, ticket.token),
]


@pytest.mark.parametrize("forge", WRONG)
async def test_without_its_token_an_upload_cannot_be_reached(node, owner, described, forge):
    """Whoever has another one, or none, gets the same answer whether the upload is there or not."""
    await everything_is_refused(node, owner, forge(described), "There is no such upload")
    assert (await node.uploads.status(described)).missing == (1, 2, 3)


async def test_a_token_is_for_one_upload(node, owner, described):
    """One upload's token does not open another one."""
    other = await node.uploads.begin(owner, "App", "Staging")
    await everything_is_refused(node, owner, Ticket(described.id, other.token), "There is no such upload")


async def test_a_token_is_for_a_limited_time(node, owner, described):
    """When its time is over it opens nothing, from that moment on."""
    node.now += LIFE_MS - 1
    await node.uploads.status(described)
    node.now += 1
    await everything_is_refused(node, owner, described, "expired")


async def everything_is_refused(node, owner, ticket, match):
    """Check that nothing can be done with a ticket, and that nothing is left of the attempts."""
    uploads = node.uploads
    for attempt in (
        uploads.describe(ticket, file_name="a.zip", size=10),
        uploads.expect(ticket, 1),
        node.send(ticket, 1, b"0123"),
        uploads.finish(ticket),
        uploads.cancel(ticket),
        uploads.status(ticket),
        node.content(owner, ticket),
    ):
        with pytest.raises(UnauthenticatedError, match=match):
            await attempt
    assert node.stored() == []


async def test_what_was_abandoned_is_removed(node, owner, finished):
    """When its time is over nothing is left of an upload, however far it was; others stay."""
    await node.use(finished)
    open_one = await node.uploads.begin(owner, "App", "Staging")
    await node.uploads.describe(open_one, file_name="a.zip", size=3)
    await node.send(open_one, 1, b"abc")
    node.now += 1
    young = await node.uploads.begin(owner, "App", "Staging")
    await node.uploads.describe(young, file_name="a.zip", size=3)
    await node.send(young, 1, b"new")
    node.now += LIFE_MS - 1
    assert await node.uploads.sweep() == 2
    assert node.stored() == [b"new"]
    assert await node.records() == [1, 1]
    assert await node.uploads.sweep() == 0


async def test_a_sweep_that_fails_is_made_up_for(node, described, monkeypatch):
    """Who knows of the blobs is removed last, so that none is forgotten when the store is away meanwhile."""
    await node.send(described, 1, b"0123")
    node.now += LIFE_MS

    async def away(_):
        raise UnavailableError("The store is away.")

    with monkeypatch.context() as patch:
        patch.setattr(node.blobs, "remove", away)
        with pytest.raises(UnavailableError):
            await node.uploads.sweep()
    assert await node.records() == [1, 1]
    assert await node.uploads.sweep() == 1
    assert (node.stored(), await node.records()) == ([], [0, 0])


async def test_an_upload_that_ends_while_it_is_put_together_is_refused(node, owner, finished):
    """Whoever comes too late is told so, and nothing half is released."""
    async with node.store.read() as records:
        chunks = await records.uploads.chunks(finished.id)
    await node.blobs.remove(chunks[1].blob_id)
    with pytest.raises(NotFoundError, match="meanwhile"):
        await node.content(owner, finished)
    assert node.leftovers() == []
