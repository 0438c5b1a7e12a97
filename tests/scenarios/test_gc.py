"""``codepush server gc``: what nobody needs goes, what anybody may need stays."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import anyio
import httpx2

from codepush.server import operations
from codepush.server.assembly.foundation import open_blobs
from codepush.server.assembly.parts import open_parts
from codepush.testing import live_server
from support.packages import make_bundle
from support.populated import change, check, settings, stored
from support.stores import wait_for_jobs

DAY_MS = 24 * 60 * 60 * 1000
COMMAND = [str(Path(sys.executable).with_name("codepush")), "server", "gc"]


def clean(place, **options):
    return anyio.run(lambda: operations.clean(place, **{"retired_days": 30, "dry_run": False, **options}))


def test_archives_that_releases_no_longer_point_to(populated):
    """They are kept for thirty days, for phones that were told of them, and not a day longer."""
    retired = [blob_id for (blob_id,) in change(populated, "SELECT id FROM blobs WHERE state = 'retired' ORDER BY id")]
    assert retired  # packages that were packed better
    assert clean(populated).retired == 0
    now = int(time.time() * 1000)
    change(populated, "UPDATE blobs SET retired_at = ? WHERE id = ?", now - 31 * DAY_MS, retired[0])
    change(populated, "UPDATE blobs SET retired_at = ? WHERE id = ?", now - 29 * DAY_MS, retired[1])
    size = stored(populated, retired[0]).stat().st_size
    cleaned = clean(populated)
    assert (cleaned.retired, cleaned.orphans, cleaned.bytes) == (1, 0, size)
    assert not stored(populated, retired[0]).exists()
    assert stored(populated, retired[1]).exists()
    assert change(populated, "SELECT count(*) FROM blobs WHERE id = ?", retired[0]) == [(0,)]
    assert clean(populated, retired_days=0).retired == len(retired) - 1
    assert check(populated).problems == ()


def test_archives_that_nothing_ever_pointed_to(populated):
    """They go when they are a day old: until then somebody may be about to record them."""
    young, old = orphan(populated, "young-0123456789-abc", 23), orphan(populated, "old-0123456789-abcde", 25)
    parts = orphan(populated, ".young-0123.part", 23), orphan(populated, ".old-0123.part", 25)
    assert clean(populated, dry_run=True).orphans == 1
    assert old.exists()
    cleaned = clean(populated)
    assert (cleaned.orphans, cleaned.bytes) == (1, 6)
    assert (young.exists(), old.exists()) == (True, False)
    assert [part.exists() for part in parts] == [True, False]


def test_nothing_that_is_needed_goes(populated, updated_phone):
    """With every archive years old and nothing kept, all releases, diffs and running uploads are still there."""
    for path in populated.storage.rglob("*"):
        os.utime(path, (0, 0))
    upload_id, chunk = upload(populated, expires_at=int(time.time() * 1000) + DAY_MS)
    needed = change(populated, "SELECT blob_id FROM packages UNION SELECT blob_id FROM diffs WHERE blob_id IS NOT NULL")
    assert needed
    clean(populated, retired_days=0)
    left = {path.name for path in populated.storage.rglob("*") if path.is_file()}
    assert left == {blob_id for (blob_id,) in needed} | {chunk.name}
    assert change(populated, "SELECT id FROM uploads") == [(upload_id,)]
    findings = check(populated)
    assert (findings.problems, findings.orphans) == ((), ())
    with live_server(populated.data) as server:
        phone = updated_phone(server.url)
        phone.sync()
        assert phone.restart().label == "v3"


def test_uploads_that_nobody_released_in_time(populated):
    """They go with their chunks."""
    _, chunk = upload(populated, expires_at=int(time.time() * 1000) - 1)
    assert clean(populated, dry_run=True).uploads == 1
    assert chunk.exists()
    assert clean(populated).uploads == 1
    assert not chunk.exists()
    assert change(populated, "SELECT count(*) FROM uploads") == [(0,)]


def test_answers_and_codes_that_have_expired(populated):
    """What was remembered for a day or ten minutes is forgotten after that, and not before."""
    now = int(time.time() * 1000)
    [(account_id,)] = change(populated, "SELECT id FROM accounts WHERE email LIKE 'owner%'")
    change(populated, "DELETE FROM idempotency_keys")
    for key, at in (("old", now - DAY_MS - 1000), ("young", now)):
        row = account_id, key, at
        change(populated, "INSERT INTO idempotency_keys VALUES (?, 'r', ?, 201, '{}', x'00', ?, NULL)", *row)
        values = key, account_id, at + 2000
        change(populated, "INSERT INTO login_codes VALUES (?, ?, 'code', '', ?)", *values)
    clean(populated)
    assert change(populated, "SELECT key FROM idempotency_keys") == [("young",)]
    assert change(populated, "SELECT digest FROM login_codes") == [("young",)]


def test_beside_a_busy_server(tmp_path):
    """Cleaned again and again, a server goes on to take releases, and every one of them can be downloaded."""
    with live_server(tmp_path / "data") as server, server.client() as client:
        client.add_app("Shop")
        for number in range(5):
            client.release("Shop", "Staging", make_bundle(tmp_path / str(number), f"console.log({number})"), "1.0.0")
            clean(server.settings, retired_days=0)
        wait_for_jobs(server.settings)
        clean(server.settings, retired_days=0)
        for release in client.get_deployment_history("Shop", "Staging"):
            assert len(httpx2.get(release.blob_url).content) == release.size
        assert check(server.settings).problems == ()


def test_in_an_object_store(populated, s3_url):
    """Orphans in a bucket are found and removed too; those are young, so the clock is what differs here."""
    place = settings(populated.data, storage_url=s3_url)
    copy(populated, place)

    async def orphaned():
        source = populated.workspace / "orphan"
        await anyio.Path(source).write_bytes(b"orphan")
        await open_blobs(place).put("orphan-0123456789-abc", source)
        async with open_parts(place) as parts:
            collection = parts.upkeep.garbage_collection
            collection._clock = lambda: int(time.time() * 1000) + 2 * DAY_MS
            return await collection.clean(), [entry.id async for entry in open_blobs(place).entries()]

    cleaned, left = anyio.run(orphaned)
    assert (cleaned.orphans, cleaned.retired) == (1, 0)
    assert sorted(left) == sorted(path.name for path in populated.storage.rglob("*") if path.is_file())


def test_the_command(populated):
    """It says what it removed, or would, to people and as JSON."""
    orphan(populated, "old-0123456789-abcde", 25)
    place = ["--data", str(populated.data)]
    done = subprocess.run([*COMMAND, "--dry-run", *place], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Would delete 0 archives that releases no longer reference, 1 that were never")
    done = subprocess.run([*COMMAND, "--json", *place], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {
        "dry_run": False,
        "retired": 0,
        "orphans": 1,
        "bytes": 6,
        "uploads": 0,
        "leftovers": 0,
        "leftover_bytes": 0,
    }


def orphan(place, blob_id, hours):
    """Put an archive that nothing points to, as a process leaves it that is killed."""
    path = stored(place, blob_id)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"orphan")
    os.utime(path, (time.time() - hours * 3600,) * 2)
    return path


def upload(place, *, expires_at):
    """Record an upload with a chunk; return its id and the chunk's file."""
    [(app_id,)] = change(place, "SELECT id FROM apps")
    [(account_id,)] = change(place, "SELECT id FROM accounts WHERE email LIKE 'owner%'")
    upload_id = "01234567-89ab-cdef-0123-456789abcdef"
    change(
        place,
        "INSERT INTO uploads (id, app_id, account_id, token_digest, file_name, size, chunk_size, state, created_at,"
        " expires_at) VALUES (?, ?, ?, 'd', 'f', 6, 6, 'open', 1, ?)",
        *(upload_id, app_id, account_id, expires_at),
    )
    change(place, "INSERT INTO upload_chunks VALUES (?, 1, 6, 'chunk-0123456789-abc')", upload_id)
    return upload_id, orphan(place, "chunk-0123456789-abc", 48)


def copy(source, target):
    """Put all archives of a folder into another store."""

    async def put():
        for path in [path for path in source.storage.rglob("*") if path.is_file()]:
            await open_blobs(target).put(path.name, path)

    anyio.run(put)
