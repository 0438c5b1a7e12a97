"""The workspace: a budget and limits that hold across processes, and folders that outlive none."""

import os
import subprocess
import sys
import time
from types import SimpleNamespace

import anyio
import pytest

from codepush.server.folders import leftovers, remove_leftovers, work_folder
from codepush.server.services.errors import NoRoomError, TooManyError
from codepush.server.services.releasing.workspace import UPLOADS_AT_ONCE, Workspace

pytestmark = pytest.mark.anyio

MEGABYTE = 1024 * 1024

HOLDER = """
import sys, pathlib
from codepush.server.services.releasing.workspace import Workspace
with Workspace(pathlib.Path(sys.argv[1]), limit_mb=100).upload(1, 10) as folder:
    (folder / "upload").write_bytes(bytes(1000))
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path, limit_mb=10)


@pytest.fixture
def holder(tmp_path):
    """Run another process that holds an upload of account 1."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        yield process
        process.kill()


async def test_a_folder_is_gone_when_its_block_ends(workspace, tmp_path):
    """Also when the block fails, and whatever is in it."""

    def fail(folder):
        (folder / "upload").write_bytes(b"content")
        raise RuntimeError

    with pytest.raises(RuntimeError), workspace.upload(1, 10) as folder:
        fail(folder)
    assert list(tmp_path.iterdir()) == []


async def test_uploads_of_other_processes_count(workspace, holder, tmp_path):
    """Two processes share the limit of an account; one that is killed counts no longer, and leaves a leftover."""
    with workspace.upload(1, 10):
        assert UPLOADS_AT_ONCE == 2
        with pytest.raises(TooManyError), workspace.upload(1, 10):
            pass
        with workspace.upload(2, 10):
            pass
        assert leftovers(tmp_path) == []
        holder.kill()
        holder.wait()
        [left] = leftovers(tmp_path)
        assert left.size == 1000
        with workspace.upload(1, 10):
            pass
        assert remove_leftovers(tmp_path) == [left]
        assert not left.path.exists()
        assert len(list(tmp_path.iterdir())) == 1  # the one in use


async def test_an_upload_waits_for_its_turn(workspace):
    """Of several at once, those beyond the limit begin when others complete; too many more are rejected."""
    running, most, rejected = 0, 0, 0

    async def upload():
        nonlocal running, most, rejected
        try:
            async with workspace.upload_in_turn(1, 10):
                running += 1
                most = max(most, running)
                await anyio.sleep(0.01)
                running -= 1
        except TooManyError:
            rejected += 1

    async with anyio.create_task_group() as group:
        for _ in range(30):
            group.start_soon(upload)
    assert most == UPLOADS_AT_ONCE
    assert 0 < rejected <= 30 - 20


async def test_the_budget_counts_what_is_reserved(workspace):
    """An upload counts twice, for what is received and for what is packed; a chunk counts once."""
    with workspace.upload(1, 3 * MEGABYTE), workspace.chunk(2, 3 * MEGABYTE):
        with pytest.raises(NoRoomError) as full, workspace.chunk(3, 2 * MEGABYTE):
            pass
        assert full.value.retry_after > 0
        with workspace.chunk(3, MEGABYTE):
            pass
    with workspace.upload(1, 5 * MEGABYTE):
        pass


async def test_work_in_the_background_counts_and_is_never_rejected(workspace, tmp_path):
    """A diff is made although the budget is used up, and uploads wait for it."""
    with work_folder(tmp_path, "diff", size=11 * MEGABYTE):
        with pytest.raises(NoRoomError), workspace.upload(1, 10):
            pass
        with work_folder(tmp_path, "repack", size=11 * MEGABYTE):
            pass


async def test_a_full_disk_is_noticed_before_the_first_byte(workspace, monkeypatch):
    """An upload that the disk has no room for is rejected."""
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=19))
    with pytest.raises(NoRoomError), workspace.upload(1, 10):
        pass


async def test_one_release_of_an_account_is_packed_at_a_time(workspace):
    """The second one waits until the first is packed; another account's does not."""
    order = []

    async def pack(account_id, name):
        async with workspace.packing(account_id):
            order.append(f"{name} begins")
            await anyio.sleep(0.2)
            order.append(f"{name} ends")

    async with anyio.create_task_group() as tasks, workspace.packing(2):
        tasks.start_soon(pack, 1, "a")
        tasks.start_soon(pack, 1, "b")
    assert [line.split()[1] for line in order] == ["begins", "ends", "begins", "ends"]


async def test_a_wait_for_packing_can_be_cancelled(workspace, tmp_path):
    """It leaves nothing behind."""
    async with workspace.packing(1):
        with anyio.move_on_after(0.2) as scope:
            async with workspace.packing(1):
                pass
        assert scope.cancelled_caught
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


async def test_other_entries_are_left_over_after_a_day(tmp_path):
    """What has another kind of name may belong to a program that locks nothing."""
    young, old = tmp_path / "young", tmp_path / "old"
    for path in (young, old):
        path.mkdir()
    os.utime(old, (time.time() - 25 * 3600,) * 2)
    assert [left.path for left in remove_leftovers(tmp_path)] == [old]
    assert (young.exists(), old.exists()) == (True, False)


async def test_a_workspace_that_does_not_exist_has_no_leftovers(tmp_path):
    """Commands can run before the first start."""
    assert leftovers(tmp_path / "nothing") == []
