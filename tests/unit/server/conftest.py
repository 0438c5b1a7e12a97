"""A store to work on."""

import pytest

from codepush.server.storage.sql.migrate import upgrade
from codepush.server.storage.sql.store import SqlStore


@pytest.fixture
async def store(tmp_path):
    url = f"sqlite:///{tmp_path}/codepush.db"
    upgrade(url)
    store = SqlStore(url)
    yield store
    await store.close()
