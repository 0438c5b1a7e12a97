"""What several folders of tests copy instead of making it anew."""

import pytest

from codepush.server.storage.sql.migrate import upgrade


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """Return a migrated database without records, to be copied."""
    path = tmp_path_factory.mktemp("template") / "codepush.db"
    upgrade(f"sqlite:///{path}")
    return path
