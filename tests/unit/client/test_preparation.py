"""Packages that are made ready while nobody may be waiting any more."""

import anyio
import pytest

from codepush import AsyncCodePush
from codepush.client.preparation import Preparation


@pytest.fixture
def build(tmp_path):
    """A directory that takes a moment to pack."""
    folder = tmp_path / "CodePush"
    folder.mkdir()
    for number in range(200):
        (folder / f"{number}.js").write_bytes(f"console.log({number})\n".encode() * 5_000)
    return folder


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The folder that temporary files go to, empty at first."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


async def until(condition):
    """Wait for something that a folder shows."""
    with anyio.fail_after(20):
        while not condition():  # noqa: ASYNC110 - a folder tells nobody when it changes
            await anyio.sleep(0.001)


def test_a_package_is_there_until_the_preparation_ends(build, temporary):
    """Leaving removes the temporary archive."""
    with Preparation() as preparation:
        package = preparation.run(build)
        assert package.path.parent == temporary
        assert package.path.exists()
    assert list(temporary.iterdir()) == []


def test_a_package_that_comes_too_late_is_removed(build, temporary):
    """The thread that made it finds that nobody waits."""
    with Preparation() as preparation:
        pass
    preparation.run(build)
    assert list(temporary.iterdir()) == []


def test_a_cancelled_release_leaves_nothing_behind(build, temporary):
    """The wait ends at once, and the archive goes as soon as the thread has made it."""

    async def cancel_while_packing():
        async with AsyncCodePush("some-access-key", "http://127.0.0.1:1") as client, anyio.create_task_group() as group:
            group.start_soon(client.release, "App", "Staging", build, "1.0.0")
            await until(lambda: list(temporary.iterdir()))
            group.cancel_scope.cancel()
        await until(lambda: not list(temporary.iterdir()))

    anyio.run(cancel_while_packing)
