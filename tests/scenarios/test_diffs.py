"""Smaller downloads: diffs and better archives that are made in the background, and phones that use them."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from contextlib import contextmanager
from itertools import permutations
from pathlib import Path

import anyio
import httpx2
import pytest

from codepush.device import SimulatedDevice
from codepush.packaging.manifest import Manifest
from codepush.server.services.packages.diffs import DiffJob, add_job
from codepush.server.storage.sql.store import SqlStore
from codepush.testing import live_server
from support.keys import make_key_pair
from support.stores import rows, wait_for_jobs

WORKER = [str(Path(sys.executable).with_name("codepush")), "server", "worker"]


@pytest.fixture
def build(tmp_path):
    """Give a maker of builds: many assets that never change, and a script that does."""

    def make(script, *, name="CodePush"):
        bundle = tmp_path / f"build-{script}" / name
        bundle.mkdir(parents=True)
        (bundle / "index.android.bundle").write_text(f"console.log('{script}')\n")
        dice = random.Random(1)
        for number in range(60):
            (bundle / f"asset{number}.png").write_bytes(dice.randbytes(2000))
        return bundle

    return make


@contextmanager
def serving(data, **settings):
    """Run a server with an app; give it with a client of its owner."""
    with live_server(data, **settings) as server, server.client() as code_push:
        code_push.add_app("App")
        yield server, code_push


@pytest.fixture
def make_phone(tmp_path):
    """Give a maker of phones on a deployment of the app."""

    def make(server, code_push, deployment="Staging", **options):
        key = code_push.get_deployment("App", deployment).key
        folder = tmp_path / f"phone-{len(list(tmp_path.glob('phone-*')))}"
        return SimulatedDevice(folder, server_url=server.url, deployment_key=key, app_version="1.0.0", **options)

    return make


def update(phone):
    """Let a phone take what it is offered, and return how many bytes it downloaded."""
    received = []
    phone.sync(install_mode="immediate", on_progress=lambda done, _: received.append(done))
    return received[-1]


def test_a_phone_downloads_what_changed(tmp_path, build, make_phone):
    """After a release, a phone that runs the one before gets the few bytes that changed, and runs the new one."""
    with serving(tmp_path / "data") as (server, code_push):
        code_push.release("App", "Staging", build("one"), "1.0.0")
        phone = make_phone(server, code_push)
        whole = update(phone)
        package = code_push.release("App", "Staging", build("two"), "1.0.0")
        wait_for_jobs(server.settings)

        offer = phone.check()
        downloaded = update(phone)

        assert offer.package_size == downloaded < whole / 50
        assert phone.running.package_hash == package.package_hash
        assert phone.running.bundle.read_text() == "console.log('two')\n"
        assert update(make_phone(server, code_push)) == code_push.get_deployment_history("App", "Staging")[-1].size


def test_promoting_makes_diffs_too(tmp_path, build, make_phone):
    """A phone of the destination gets the diff from what was released there, which its source never had."""
    with serving(tmp_path / "data") as (server, code_push):
        code_push.release("App", "Production", build("one"), "1.0.0")
        phone = make_phone(server, code_push, "Production")
        whole = update(phone)
        package = code_push.release("App", "Staging", build("two"), "1.0.0")
        code_push.promote("App", "Staging", "Production")
        wait_for_jobs(server.settings)

        assert update(phone) < whole / 50
        assert phone.running.package_hash == package.package_hash


def test_a_signed_package_comes_as_a_signed_diff(tmp_path, build, make_phone):
    """A phone that insists on signatures takes a diff, because the diff carries the new signature."""
    private, public = make_key_pair(tmp_path)
    with serving(tmp_path / "data") as (server, code_push):
        phone = make_phone(server, code_push, public_key=public)
        downloaded = []
        for script in ("one", "two"):
            package = code_push.release("App", "Staging", build(script), "1.0.0", private_key_path=private)
            wait_for_jobs(server.settings)
            downloaded.append(update(phone))
            assert phone.running.package_hash == package.package_hash
        assert downloaded[1] < downloaded[0] / 50


def test_whatever_phones_run_gets_its_diff(tmp_path, build, make_phone):
    """A phone on a release for which no diff was planned is offered the whole package, and soon after the diff."""
    with serving(tmp_path / "data", diff_count=1) as (server, code_push):
        code_push.release("App", "Staging", build("one"), "1.0.0")
        phone = make_phone(server, code_push)
        whole = update(phone)
        for script in ("two", "three"):
            package = code_push.release("App", "Staging", build(script), "1.0.0")
        wait_for_jobs(server.settings)

        assert phone.check().package_size > whole / 2
        deadline = time.monotonic() + 30
        while phone.check().package_size > whole / 50:
            assert time.monotonic() < deadline
            time.sleep(0.05)

        assert update(phone) < whole / 50
        assert phone.running.package_hash == package.package_hash


def test_a_diff_that_saves_too_little_is_not_stored(tmp_path, build, make_phone):
    """A package with hardly anything in common is downloaded whole, and its diff is not made again for any phone."""
    with serving(tmp_path / "data") as (server, code_push):
        code_push.release("App", "Staging", build("one"), "1.0.0")
        phone = make_phone(server, code_push)
        update(phone)
        other = tmp_path / "other" / "CodePush"
        other.mkdir(parents=True)
        (other / "index.android.bundle").write_bytes(os.urandom(50_000))
        package = code_push.release("App", "Staging", other, "1.0.0")
        wait_for_jobs(server.settings)
        judged = rows(server.settings, "SELECT * FROM diffs")
        jobs = rows(server.settings, "SELECT seq FROM sqlite_sequence WHERE name = 'jobs'")

        for _ in range(3):
            assert phone.check().package_size == package.size
            time.sleep(0.3)

        assert [blob_id for (blob_id,) in rows(server.settings, "SELECT blob_id FROM diffs")] == [None]
        assert rows(server.settings, "SELECT * FROM diffs") == judged
        assert rows(server.settings, "SELECT seq FROM sqlite_sequence WHERE name = 'jobs'") == jobs
        update(phone)
        assert phone.running.package_hash == package.package_hash


def test_a_package_gets_smaller_afterwards(tmp_path, make_phone):
    """The best packing replaces the quick one under the same hash; who was told of the old archive still gets it."""
    words = random.Random(1).choices([f"word{number}" for number in range(500)], k=200_000)
    bundle = tmp_path / "build" / "CodePush"
    bundle.mkdir(parents=True)
    (bundle / "index.android.bundle").write_text(" ".join(words))
    with serving(tmp_path / "data", compression_level=1) as (server, code_push):
        before = code_push.release("App", "Staging", bundle, "1.0.0")
        wait_for_jobs(server.settings)
        [after] = code_push.get_deployment_history("App", "Staging")

        assert after.package_hash == before.package_hash
        assert after.size < before.size
        assert after.blob_url != before.blob_url
        for package in (before, after):
            assert len(httpx2.get(package.blob_url).content) == package.size
        phone = make_phone(server, code_push)
        assert update(phone) == after.size
        assert phone.running.package_hash == before.package_hash
        assert rows(server.settings, "SELECT id, state, retired_at IS NULL FROM blobs ORDER BY created_at") == [
            (before.blob_url.rpartition("/")[2], "retired", 0),
            (after.blob_url.rpartition("/")[2], "live", 1),
        ]


def test_work_that_was_killed_is_done_once(tmp_path, build):
    """After kill -9 in the middle of making diffs, the next worker makes the rest: each once, and all of them right."""
    with serving(tmp_path / "data", diff_count=0) as (server, code_push):
        for number in range(12):
            code_push.release("App", "Staging", build(f"release {number}"), "1.0.0")
        wait_for_jobs(server.settings)
    settings = server.settings
    anyio.run(queue_every_diff, settings)

    with working(settings) as worker:
        wait_for_diffs(settings, 10)
        worker.kill()
    made = len(rows(settings, "SELECT * FROM diffs"))
    assert 10 <= made < 132
    assert work_once(settings) == 0

    assert rows(settings, "SELECT * FROM jobs") == []
    query = "SELECT p.hash, p.blob_id, d.old_hash, d.blob_id FROM diffs d JOIN packages p ON p.id = d.package_id"
    diffs = rows(settings, query)
    assert len(diffs) == 132
    assert [diff for diff in diffs if not is_right(settings, *diff)] == []
    stored = [path for path in settings.storage.rglob("*") if path.is_file()]
    assert len(stored) - len(rows(settings, "SELECT * FROM blobs")) <= 1  # what the killed worker had just stored


def test_work_under_way_is_given_back_on_request(tmp_path):
    """A server and a worker that are told to stop leave the job they are at to the next one, unharmed."""
    bundle = tmp_path / "build" / "CodePush"
    bundle.mkdir(parents=True)
    dice = random.Random(1)
    for number in range(8):
        words = dice.choices([f"word{number}" for number in range(5000)], k=250_000)
        (bundle / f"part{number}.bundle").write_text(" ".join(words))
    with serving(tmp_path / "data", compression_level=1) as (server, code_push):
        before = code_push.release("App", "Staging", bundle, "1.0.0")
        wait_until_begun(server.settings)
    settings = server.settings
    assert jobs(settings) == [("repack", "waiting", 0)]

    with working(settings) as worker:
        wait_until_begun(settings)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=30) == 0
    assert jobs(settings) == [("repack", "waiting", 0)]
    assert list(settings.workspace.iterdir()) == []

    assert work_once(settings) == 0
    assert jobs(settings) == []
    [(package_hash, size)] = rows(settings, "SELECT hash, size FROM packages JOIN blobs ON blobs.id = blob_id")
    assert (package_hash, size < before.size) == (before.package_hash, True)


def test_a_worker_without_work_ends_at_once(tmp_path):
    """``--once`` on a new folder makes the database and has nothing to do."""
    done = subprocess.run([*WORKER, "--once", "--data", str(tmp_path / "data")], timeout=60, check=False)
    assert done.returncode == 0


def test_a_worker_that_cannot_work_says_why(tmp_path):
    """A database that cannot be used is told in a sentence."""
    done = subprocess.run(
        [*WORKER, "--once", "--data", str(tmp_path), "--database-url", "mysql://h/db"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "sqlite:///" in done.stderr
    assert "Traceback" not in done.stderr


async def queue_every_diff(settings):
    """Queue the diffs between all packages, as phones would that run them."""
    store = SqlStore(settings.database_url)
    async with store.write() as records:
        archives = await records.packages.archives(1)
        for old, new in permutations(archives, 2):
            await add_job(records, DiffJob(archives[new], old), 0)
    await store.close()


@contextmanager
def working(settings):
    """Run a worker in a process of its own."""
    with subprocess.Popen([*WORKER, "--data", str(settings.data)], stderr=subprocess.PIPE) as worker:
        try:
            yield worker
        finally:
            worker.kill()


def work_once(settings):
    """Let a worker do everything that is left; return its exit status."""
    return subprocess.run([*WORKER, "--once", "--data", str(settings.data)], timeout=120, check=False).returncode


def jobs(settings):
    return rows(settings, "SELECT kind, state, attempt FROM jobs")


def wait_until_begun(settings):
    wait_until(lambda: ("repack", "running", 1) in jobs(settings))


def wait_for_diffs(settings, count):
    wait_until(lambda: len(rows(settings, "SELECT * FROM diffs")) >= count)


def wait_until(is_so):
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def is_right(settings, package_hash, package_blob, old_hash, diff_blob):
    """Return whether the files of the old package become those of the new one when the diff is laid over them."""
    [(old_blob,)] = rows(settings, f"SELECT blob_id FROM packages WHERE hash = '{old_hash}'")
    files, difference = contents(settings, old_blob), contents(settings, diff_blob)
    for name in json.loads(difference.pop("hotcodepush.json"))["deletedFiles"]:
        del files[name]
    files |= difference
    manifest = Manifest.of((name, hashlib.sha256(content).hexdigest()) for name, content in files.items())
    return manifest.package_hash == package_hash and files == contents(settings, package_blob)


def contents(settings, blob_id):
    """Return the files in an archive, by name."""
    with zipfile.ZipFile(settings.storage / blob_id[:2] / blob_id) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
