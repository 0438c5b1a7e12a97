"""A store to work on."""

import shutil

import pytest

from codepush.server.storage.sql.store import SqlStore


@pytest.fixture
async def store(migrated, tmp_path):
    store = SqlStore(f"sqlite:///{shutil.copyfile(migrated, tmp_path / 'codepush.db')}")
    yield store
    await store.close()
