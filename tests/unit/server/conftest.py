"""A store to work on."""

import shutil

import pytest

from codepush.server.storage.sql.migrate import upgrade
from codepush.server.storage.sql.store import SqlStore


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """Return a migrated database without records, to be copied."""
    path = tmp_path_factory.mktemp("template") / "codepush.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
async def store(migrated, tmp_path):
    store = SqlStore(f"sqlite:///{shutil.copyfile(migrated, tmp_path / 'codepush.db')}")
    yield store
    await store.close()
