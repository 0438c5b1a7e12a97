"""Every adapter, freshly made. A new adapter of a port is added to the parameters here."""

import shutil
from itertools import count

import pytest

from codepush.server.storage.disk import DiskBlobs
from codepush.server.storage.objects import ObjectBlobs
from codepush.server.storage.sql.store import SqlStore
from codepush.server.storage.urls import Place


@pytest.fixture
def anyio_backend():
    """Run on asyncio: the SQLite driver knows no other event loop."""
    return "asyncio"


@pytest.fixture
def url(migrated, tmp_path):
    """Return the URL of a migrated database of the test's own."""
    path = tmp_path / "codepush.db"
    shutil.copyfile(migrated, path)
    return f"sqlite:///{path}"


@pytest.fixture
async def sqlite_store(url):
    store = SqlStore(url)
    yield store
    await store.close()


@pytest.fixture
async def postgresql_store(postgresql_url):
    store = SqlStore(postgresql_url)
    yield store
    await store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request):
    """Return the URL of a migrated database of each kind in turn."""
    return request.getfixturevalue("url" if request.param == "sqlite" else "postgresql_url")


@pytest.fixture
async def store(database_url):
    """Return a store of each kind in turn."""
    store = SqlStore(database_url)
    yield store
    await store.close()


@pytest.fixture
async def sqlite_stores(sqlite_store, url):
    other = SqlStore(url)
    yield sqlite_store, other
    await other.close()


@pytest.fixture
async def postgresql_stores(postgresql_store, postgresql_url):
    other = SqlStore(postgresql_url)
    yield postgresql_store, other
    await other.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def stores(request):
    """Return two stores on one database, as two processes have them, of each kind in turn."""
    return request.getfixturevalue(f"{request.param}_stores")


@pytest.fixture
def source(tmp_path):
    """Return a function that makes a file with some content, to be consumed."""
    numbers = count()

    def make(content):
        path = tmp_path / f"source{next(numbers)}"
        path.write_bytes(content)
        return path

    return make


@pytest.fixture
def disk_blobs(tmp_path):
    return DiskBlobs(tmp_path / "blobs")


@pytest.fixture
def open_objects(tmp_path):
    """Return a function that opens an object store by its URL."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    return lambda url: ObjectBlobs(Place.parse(url), workspace=workspace)


@pytest.fixture
def s3_blobs(s3_url, open_objects):
    return open_objects(s3_url)


@pytest.fixture
def azure_blobs(azure_url, open_objects):
    return open_objects(azure_url)


@pytest.fixture
def google_blobs(google_url, open_objects):
    return open_objects(google_url)


@pytest.fixture(params=["disk", "s3", "azure", "google"])
def blobs(request):
    """Return a blob store of each kind in turn."""
    return request.getfixturevalue(f"{request.param}_blobs")
