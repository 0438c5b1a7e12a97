"""The parts of a server, built from its settings on first use."""

import subprocess
import sys

import pytest

from codepush.server.assembly.foundation import open_blobs
from codepush.server.assembly.parts import Parts, open_parts
from codepush.server.ports.errors import UnavailableError
from codepush.server.services.caller import operator
from codepush.server.services.errors import ConflictError
from codepush.server.settings import Settings

pytestmark = pytest.mark.anyio

ACCOUNT_COMMAND = """
import sys, anyio
from codepush.server.operations import add_account
from codepush.server.settings import Settings
anyio.run(add_account, Settings.load({"data": sys.argv[1]}, {}), "ada@example.com", "Ada")
print(*sys.modules)
"""


@pytest.fixture
def settings(tmp_path):
    """Return the settings of a server with no data yet."""
    return Settings.load({"data": tmp_path / "data"}, {})


def test_a_command_imports_only_what_it_uses(tmp_path):
    """A command that adds an account neither serves requests nor releases packages."""
    done = subprocess.run(
        [sys.executable, "-c", ACCOUNT_COMMAND, str(tmp_path)], capture_output=True, text=True, check=True
    )
    imported = set(done.stdout.split())
    assert "codepush.server.services.access.accounts" in imported
    assert imported.isdisjoint(
        {
            "starlette",
            "uvicorn",
            "codepush.server.app",
            "codepush.server.assembly.releasing",
            "codepush.server.web.auth",
        }
    )


async def test_each_part_is_built_once(settings):
    """Groups share their parts, so that a change reaches the update checks that are served."""
    async with open_parts(settings) as parts:
        assert parts.devices.updates is parts.devices.updates
        assert parts.releasing.uploads is parts.releasing.uploads
        assert parts.packages.workers is parts.packages.workers


async def test_nothing_is_created_before_it_is_prepared(settings):
    """The application can be built where the data folder does not exist."""
    parts = Parts(settings)
    assert parts.access.accounts
    assert parts.devices.updates
    assert parts.releasing.releases
    assert not settings.data.exists()


async def test_an_existing_database_can_be_required(settings):
    """Checks and backups of a mistyped folder fail instead of creating an empty database."""
    with pytest.raises(UnavailableError):
        async with open_parts(settings, Parts.prepare_existing):
            pass
    assert not settings.data.exists()


async def test_archives_without_records_need_consent(settings, tmp_path):
    """An empty database beside archives is rejected, until the administrator accepts it."""
    archive = tmp_path / "archive"
    archive.write_bytes(b"archive")
    await open_blobs(settings).put("Ab-_456789012345", archive)
    with pytest.raises(ConflictError, match="start --new"):
        async with open_parts(settings):
            pass
    async with open_parts(settings, Parts.create) as parts:
        await parts.first_start.accept(operator("here"))
    async with open_parts(settings) as parts:
        assert not await parts.access.accounts.any()
