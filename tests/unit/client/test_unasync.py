"""The generator of the synchronous client."""

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[3] / "tools" / "unasync.py"


@pytest.fixture(scope="module")
def unasync():
    """The tool as a module."""
    spec = spec_from_file_location("unasync", TOOL)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def elsewhere(unasync, tmp_path, monkeypatch):
    """Two empty folders for the clients, below their own root."""
    monkeypatch.setattr(unasync, "ROOT", tmp_path)
    monkeypatch.setattr(unasync, "SOURCE", tmp_path / "_async")
    monkeypatch.setattr(unasync, "TARGET", tmp_path / "_sync")
    monkeypatch.setattr(unasync, "RENAMES", {"AsyncDriver": "Driver"})
    (tmp_path / "_async").mkdir()
    (tmp_path / "_sync").mkdir()
    return tmp_path


def test_the_committed_client_is_up_to_date():
    """A change of the asynchronous client requires a run of the tool."""
    done = subprocess.run([sys.executable, TOOL, "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_waiting_words_go_and_names_are_replaced(unasync):
    """Layout, strings and comments stay as they are."""
    source = (
        '__all__ = ["AsyncCodePush"]\n'
        "async def run(self):  # await nothing\n"
        '    """Say async and AsyncCodePush."""\n'
        "    async with AsyncClient() as http:\n"
        "        return (await http.get(), await self.aclose())\n"
    )
    text, used = unasync.convert(source)
    assert text == (
        '__all__ = ["CodePush"]\n'
        "def run(self):  # await nothing\n"
        '    """Say async and AsyncCodePush."""\n'
        "    with Client() as http:\n"
        "        return (http.get(), self.close())\n"
    )
    assert used == {"AsyncCodePush", "AsyncClient", "aclose"}


def test_files_are_written_with_their_origin(unasync, elsewhere):
    """A reader of the generated file learns where to change it, and it is formatted."""
    (elsewhere / "_async" / "driver.py").write_text(
        "class AsyncDriver:\n    async def run(self): return await  self.x\n"
    )
    unasync.write(unasync.generated())
    lines = (elsewhere / "_sync" / "driver.py").read_text().splitlines()
    assert lines[0] == "# Generated from _async/driver.py by tools/unasync.py; do not edit."
    assert lines[-3:] == ["class Driver:", "    def run(self):", "        return self.x"]
    assert unasync.stale(unasync.generated()) == []


def test_changed_and_left_over_files_are_found(unasync, elsewhere):
    """A file without a source is as stale as one that differs."""
    (elsewhere / "_async" / "driver.py").write_text("class AsyncDriver: ...\n")
    unasync.write(unasync.generated())
    (elsewhere / "_sync" / "driver.py").write_text("# edited by hand\n")
    (elsewhere / "_sync" / "gone.py").write_text("# its source was removed\n")
    assert [path.name for path in unasync.stale(unasync.generated())] == ["driver.py", "gone.py"]
    unasync.write(unasync.generated())
    assert [path.name for path in (elsewhere / "_sync").iterdir()] == ["driver.py"]


def test_a_rename_that_nothing_needs_is_an_error(unasync, elsewhere):
    """Rules that are no longer used do not pile up."""
    (elsewhere / "_async" / "driver.py").write_text("class Other: ...\n")
    with pytest.raises(SystemExit, match="AsyncDriver"):
        unasync.generated()
