"""``codepush server backup`` and ``restore``: from any database and store into any other."""

import hashlib
import json
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
import zipfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import anyio
import psycopg
import pytest

from codepush import CodePushError, PackageInfo, RolloutPlan
from codepush.rules import plans
from codepush.server import operations
from codepush.server.assembly.foundation import open_blobs
from codepush.server.storage.sql.schema import metadata
from codepush.testing import live_server
from support.object_stores import s3_client
from support.packages import make_bundle
from support.populated import change, check, settings, stored

SERVER = [str(Path(sys.executable).with_name("codepush")), "server"]
SCHEMAS = Path(__file__).parents[1] / "data" / "schemas"
SHORT_LIVED = {"login_codes", "uploads", "upload_chunks"}


def back_up(place, file):
    return anyio.run(operations.back_up, place, file)


def restore(place, file, *, replace=False):
    return anyio.run(lambda: operations.restore(place, file, replace=replace))


def rows(place):
    """Return every row of every table that is backed up, from whichever kind of database."""
    return {table.name: _rows(place, table) for table in metadata.sorted_tables if table.name not in SHORT_LIVED}


def _rows(place, table):
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    query = f'SELECT {columns} FROM "{table.name}"'
    if place.database_url.startswith("sqlite"):
        with closing(sqlite3.connect(place.database_url.removeprefix("sqlite:///"))) as connection:
            found = connection.execute(query).fetchall()
    else:
        with psycopg.connect(place.database_url) as connection:
            found = connection.execute(query).fetchall()
    return sorted((tuple(row) for row in found), key=repr)


def blobs(place):
    """Return every archive, whichever kind of store it is in."""

    async def contents():
        store = open_blobs(place)
        place.workspace.mkdir(parents=True, exist_ok=True)
        found = {}
        async for entry in store.entries():
            async with store.fetch(entry.id) as path:
                found[entry.id] = path.read_bytes()
        return found

    return anyio.run(contents)


def everything(place):
    return rows(place), blobs(place)


def assert_same(place, expected):
    """Compare all that is somewhere with what should be, and name what differs rather than show it."""
    found = everything(place)
    differing = {
        name
        for one, other in zip(found, expected, strict=True)
        for name in one.keys() | other.keys()
        if one.get(name) != other.get(name)
    }
    assert not differing


def test_a_round_trip_through_other_kinds(populated, updated_phone, postgresql_url, s3_url, tmp_path):
    """SQLite and a folder, then PostgreSQL and S3, then SQLite and a folder: row for row and byte for byte the same.

    A phone that ran v2 before all this gets v3 afterwards, as a diff, from a server that goes on with v4.
    """
    change(populated, "UPDATE apps SET display_name = 'For people'")
    away = settings(tmp_path / "away", database_url=postgresql_url, storage_url=s3_url)
    back = settings(tmp_path / "back")
    before = everything(populated)
    made = back_up(populated, tmp_path / "first.backup")
    assert (made.missing, made.blobs) == ((), len(before[1]))
    restored = restore(away, tmp_path / "first.backup")
    assert (restored.rows, restored.blobs, restored.present) == (made.rows, made.blobs, 0)
    assert_same(away, before)
    assert check(away).problems == ()
    back_up(away, tmp_path / "second.backup")
    restore(back, tmp_path / "second.backup")
    assert_same(back, before)
    with live_server(back.data) as server, server.client() as client:
        phone = updated_phone(server.url)
        phone.sync()
        assert phone.restart().label == "v3"
        phone.report()
        assert client.release("Shop", "Fixed", make_bundle(tmp_path / "4"), "1.0.0").label == "v4"
        client.add_app("Another")  # a number that is not taken
    assert check(back).problems == ()


def test_numbers_are_not_given_again(populated, postgresql_url, tmp_path):
    """What is added after a restore gets other numbers than what was there, even than what was removed before."""
    change(populated, "INSERT INTO accounts VALUES (77, 'x@x.example', 'x@x.example', 'x', 'X', 1)")
    change(populated, "DELETE FROM accounts WHERE id = 77")
    back_up(populated, tmp_path / "backup")
    for place in (settings(tmp_path / "other"), settings(tmp_path / "third", database_url=postgresql_url)):
        restore(place, tmp_path / "backup")
        anyio.run(operations.add_account, place, "new@example.test", "")
        assert max(row[0] for row in rows(place)["accounts"]) == 78


def test_while_somebody_writes(tmp_path):
    """A backup made beside releases, patches and reports holds one moment: nothing in it is half there."""
    with live_server(tmp_path / "data") as server, server.client() as client:
        client.add_app("Shop")
        client.release("Shop", "Staging", make_bundle(tmp_path / "first"), "1.0.0")
        stop = threading.Event()

        def write():
            number = 0
            while not stop.is_set():
                number += 1
                bundle = make_bundle(tmp_path / f"b{number}", f"console.log({number})")
                client.release("Shop", "Staging", bundle, "1.0.0")
                client.patch_release("Shop", "Staging", None, PackageInfo(description=str(number)))
                client.promote("Shop", "Staging", "Production")

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for number in range(4):
                back_up(server.settings, tmp_path / f"{number}.backup")
        finally:
            stop.set()
            writer.join()
    for number in range(4):
        place = settings(tmp_path / f"restored{number}")
        restore(place, tmp_path / f"{number}.backup")
        findings = check(place)
        assert (findings.problems, findings.orphans) == ((), ())


def test_a_restore_pauses_rollouts(postgresql_url, tmp_path):
    """What devices reported since the backup is unknown: active plans wait for a person, others stay as they are."""
    plan = RolloutPlan(stages=plans.parse("5%, 100%").stages, starts_at=datetime(2999, 1, 1, tzinfo=UTC))
    with live_server(tmp_path / "data") as server, server.client() as client:
        for app, given in (("Running", "5% 1h, 100%"), ("Planned", plan), ("Halted", "5%, 100%"), ("Over", "5%, 100%")):
            client.add_app(app)
            client.release(app, "Staging", make_bundle(tmp_path / app), "1.0.0", plan=given)
        client.halt_rollout("Halted", "Staging", "v1")
        client.complete_rollout("Over", "Staging", "v1")
        back_up(server.settings, tmp_path / "backup")
    restore(settings(tmp_path / "restored", database_url=postgresql_url), tmp_path / "backup")
    with live_server(tmp_path / "restored", database_url=postgresql_url) as server, server.client() as client:
        found = {app.name: client.get_rollout(app.name, "Staging") for app in client.get_apps()}
        assert {name: (one.state, one.reason) for name, one in found.items()} == {
            "Running": ("paused", "restored"),
            "Planned": ("paused", "restored"),
            "Halted": ("halted", "person"),
            "Over": ("completed", "person"),
        }
        assert [(one.kind, one.actor) for one in found["Running"].decisions[:1]] == [("pause", "server:cli")]
        assert client.resume_rollout("Planned", "Staging", "v1").state == "running"
        assert not client.get_deployment_history("Planned", "Staging")[0].is_disabled


def test_a_target_that_is_not_empty(populated, tmp_path):
    """Nothing is overwritten unprompted; with --replace nothing of what was there is left."""
    back_up(populated, tmp_path / "backup")
    expected = everything(populated)
    place = settings(tmp_path / "other")
    anyio.run(operations.add_account, place, "ada@example.test", "")
    before = everything(place)
    with pytest.raises(CodePushError, match="There are records in this database already"):
        restore(place, tmp_path / "backup")
    assert_same(place, before)
    restore(place, tmp_path / "backup", replace=True)
    assert_same(place, expected)


def test_an_interrupted_restore_is_repeated(populated, s3_url, tmp_path):
    """While the store refuses, there are no records; afterwards only what is missing or broken is stored."""
    back_up(populated, tmp_path / "backup")
    place = settings(tmp_path / "other", storage_url=s3_url)
    client = s3_client(place.place.options["endpoint"])
    client.delete_bucket(Bucket=place.place.name)
    with pytest.raises(CodePushError, match="no bucket or container"):
        restore(place, tmp_path / "backup")
    assert not any(rows(place).values())
    client.create_bucket(Bucket=place.place.name)
    first, second, *_ = ids = list(blobs(populated))
    for blob_id, content in ((first, stored(populated, first).read_bytes()), (second, b"broken")):
        client.put_object(Bucket=place.place.name, Key=f"some/prefix/{blob_id}", Body=content)
    restored = restore(place, tmp_path / "backup")
    assert (restored.blobs, restored.present) == (len(ids), 1)
    assert_same(place, everything(populated))


def test_lost_archives(populated, tmp_path):
    """The backup is made without them and says so; what is retired and gone is missed by nobody."""
    [(lost,), (damaged,)] = change(populated, "SELECT blob_id FROM packages ORDER BY id LIMIT 2")
    [(retired,), *_] = change(populated, "SELECT id FROM blobs WHERE state = 'retired'")
    stored(populated, lost).unlink()
    stored(populated, retired).unlink()
    stored(populated, damaged).write_bytes(b"damaged")
    command = [*SERVER, "backup", str(tmp_path / "backup"), "--data", str(populated.data)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "2 archives are lost or damaged and missing" in done.stderr
    place = settings(tmp_path / "other")
    restore(place, tmp_path / "backup")
    assert {problem.kind for problem in check(place).problems} == {"package_missing"}


def test_the_commands(populated, tmp_path):
    """Two commands and two sentences; the file can be read by its owner only and is never overwritten."""
    file, place = tmp_path / "backup", ["--data", str(tmp_path / "other")]
    run(*SERVER, "backup", file, "--data", populated.data)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    refused = run(*SERVER, "backup", file, "--data", populated.data, code=1)
    assert "it already exists" in refused.stderr
    assert run(*SERVER, "restore", file, *place).stdout.startswith("Restored ")
    assert "There are records" in run(*SERVER, "restore", file, *place, code=1).stderr
    assert "Cannot ask for confirmation" in run(*SERVER, "restore", file, "--replace", *place, code=2).stderr
    again = json.loads(run(*SERVER, "restore", file, "--replace", "--yes", "--json", *place).stdout)
    assert again["blobs"] == again["present"] > 0
    assert_same(settings(tmp_path / "other"), everything(populated))
    assert (
        "cannot be written" in run(*SERVER, "backup", tmp_path / "no/folder", "--data", populated.data, code=1).stderr
    )
    assert "There is no database" in run(*SERVER, "backup", tmp_path / "x", "--data", tmp_path / "none", code=1).stderr
    assert not (tmp_path / "x").exists()


# Damaged and hostile files


@pytest.fixture
def file(populated, tmp_path):
    back_up(populated, tmp_path / "backup")
    return tmp_path / "backup"


def refuse(file, tmp_path, sentence):
    """Expect that a file is refused, and that nothing is changed by that."""
    place = settings(tmp_path / "target")
    with pytest.raises(CodePushError, match=sentence) as caught:
        restore(place, file)
    assert not any(rows(place).values())
    assert list(place.workspace.iterdir()) == []
    return caught.value


def test_flipped_bits(file, populated, tmp_path):
    """Wherever a bit has flipped, the file is refused, or what is restored is right all the same."""
    content, expected = file.read_bytes(), everything(populated)
    place = settings(tmp_path / "target")
    for position in range(7, len(content), len(content) // 60):
        damaged = bytearray(content)
        damaged[position] ^= 1 << position % 8
        file.write_bytes(damaged)
        try:
            restore(place, file)
        except CodePushError:
            assert not any(rows(place).values())
        else:
            assert_same(place, expected)
            shutil.rmtree(place.data)


def test_a_file_that_was_cut_off(file, tmp_path):
    """However much is missing."""
    content = file.read_bytes()
    for length in (0, 1, 100, len(content) // 2, len(content) - 1):
        file.write_bytes(content[:length])
        refuse(file, tmp_path, "The backup cannot be used")


def test_something_else_entirely(tmp_path):
    """A file that is no backup is refused in the same words."""
    (tmp_path / "text").write_text("no backup" * 100)
    refuse(tmp_path / "text", tmp_path, "The backup cannot be used")
    with zipfile.ZipFile(tmp_path / "zip", "w") as archive:
        archive.writestr("index.js", "x")
    refuse(tmp_path / "zip", tmp_path, "it has no valid manifest")


def rewrite(file, change_manifest=len, members=None, compression=zipfile.ZIP_STORED):
    """Write a backup anew with something changed, and everything else as it was."""
    with zipfile.ZipFile(file) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    content |= members or {}
    manifest = json.loads(content.pop("manifest.json"))
    change_manifest(manifest)
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in content.items():
            if data is not None:
                archive.writestr(name, data)
        archive.writestr("manifest.json", json.dumps(manifest))


def test_members_that_are_not_listed_or_not_there(file, tmp_path):
    """What is in the file is what its list says."""
    original = file.read_bytes()
    rewrite(file, members={"records/accounts.jsonl": None})
    refuse(file, tmp_path, "its files do not match its manifest")
    for name in ("more.txt", "../../etc/passwd", "blobs/another-0123456789"):
        file.write_bytes(original)
        rewrite(file, members={name: b"x"})
        refuse(file, tmp_path, "its files do not match its manifest")


def test_names_that_lead_elsewhere(file, tmp_path):
    """Even a list that agrees gets nobody out of the folders."""
    original = file.read_bytes()
    for name in ("blobs/../../../../tmp/evil-0123456789", "/etc/cron.d/evil", "blobs/a", "records/../x.jsonl"):
        file.write_bytes(original)
        rewrite(file, lambda manifest, name=name: manifest["members"].update({name: listed(b"x")}), {name: b"x"})
        refuse(file, tmp_path, "it contains files with invalid names")


def test_a_bomb(file, tmp_path):
    """Nothing may be compressed, so a small file stays small."""
    rewrite(file, compression=zipfile.ZIP_DEFLATED)
    refuse(file, tmp_path, "it contains compressed files|it has no valid manifest")


def test_a_wrong_checksum(file, tmp_path):
    """An archive whose sum is another one's is refused, and so are records."""
    original = file.read_bytes()
    with zipfile.ZipFile(file) as archive:
        names = [next(n for n in archive.namelist() if n.startswith("blobs/")), "records/accounts.jsonl"]
    for name in names:
        file.write_bytes(original)
        rewrite(file, lambda manifest, name=name: manifest["members"][name].update(sha256="0" * 64))
        refuse(file, tmp_path, f"{name} does not match its checksum")


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (b"nonsense\n", "is malformed"),
        (b"[1]\n", "is malformed"),
        (b'[1, "a", "a", "a", "a", "1"]\n', "is malformed"),
        (b'[9223372036854775808, "a", "a", "a", "a", 1]\n', "is malformed"),
        (b'[1, "a", "a", "a", "a", 1]\n[1, "b", "b", "b", "b", 1]\n', "exists already"),
        (b'[1, "a", "a", "a", "a", 1]', "middle of a line"),
        (b"", "refers to a record that does not exist|rows instead of"),
    ],
)
def test_rows_that_make_no_sense(file, tmp_path, lines, sentence):
    """Records that are no records, or contradict each other, leave the database empty."""

    def claim(manifest):
        manifest["members"]["records/accounts.jsonl"] = listed(lines)
        manifest["tables"]["accounts"]["rows"] = lines.count(b"\n")

    rewrite(file, claim, {"records/accounts.jsonl": lines})
    refuse(file, tmp_path, sentence)


def test_tables_and_columns_that_are_not_known(file, tmp_path):
    """No name from the file gets into a statement."""
    original = file.read_bytes()
    rewrite(file, lambda manifest: manifest["tables"]["accounts"].update(columns=["id", 'x"; DROP TABLE apps']))
    refuse(file, tmp_path, "has no column")
    file.write_bytes(original)

    def add_table(manifest):
        manifest["tables"]["sqlite_master"] = {"columns": ["name"], "rows": 0}
        manifest["members"]["records/sqlite_master.jsonl"] = listed(b"")

    rewrite(file, add_table, {"records/sqlite_master.jsonl": b""})
    refuse(file, tmp_path, "there is no table sqlite_master")


def test_versions_that_are_not_known_yet(file, tmp_path):
    """A later layout and a later schema are named as what they are."""
    original = file.read_bytes()
    rewrite(file, lambda manifest: manifest.update(format=2))
    refuse(file, tmp_path, "has format 2, and this codepush reads format 1")
    file.write_bytes(original)
    rewrite(file, lambda manifest: manifest.update(schema="9999"))
    refuse(file, tmp_path, "made with schema 9999")


@pytest.mark.parametrize("revision", sorted(path.name[:4] for path in SCHEMAS.glob("*.sqlite.sql")))
def test_a_backup_of_an_earlier_schema(file, populated, tmp_path, revision):
    """A backup without the tables and columns that came later is restored, with nothing in these."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript((SCHEMAS / f"{revision}.sqlite.sql").read_text())
        had = {
            table.name: {row[1] for row in connection.execute(f"PRAGMA table_info({table.name})")}
            for table in metadata.sorted_tables
        }
    tables, contents = {}, {}
    with zipfile.ZipFile(file) as archive:
        for name, table in json.loads(archive.read("manifest.json"))["tables"].items():
            if not had[name]:
                contents[f"records/{name}.jsonl"] = None
                continue
            kept = [place for place, column in enumerate(table["columns"]) if column in had[name]]
            lines = [json.loads(line) for line in archive.read(f"records/{name}.jsonl").splitlines()]
            stripped = [json.dumps([line[place] for place in kept]).encode() + b"\n" for line in lines]
            contents[f"records/{name}.jsonl"] = b"".join(stripped)
            tables[name] = table | {"columns": [table["columns"][place] for place in kept]}

    def claim(manifest):
        manifest.update(schema=revision, tables=tables)
        manifest["members"].update({name: listed(content) for name, content in contents.items() if content is not None})
        for name in [name for name, content in contents.items() if content is None]:
            del manifest["members"][name]

    rewrite(file, claim, contents)
    place = settings(tmp_path / "target")
    restore(place, file)
    expected = {
        table.name: sorted(
            (
                tuple(
                    value if column.name in had[table.name] else _left_out(column)
                    for column, value in zip(table.columns, row, strict=True)
                )
                for row in _rows(populated, table)
                if had[table.name]
            ),
            key=repr,
        )
        for table in metadata.sorted_tables
        if table.name not in SHORT_LIVED
    }
    assert rows(place) == expected
    assert blobs(place) == blobs(populated)
    assert check(place).ok


def _left_out(column):
    """Return what a row has in a column that its backup did not have: nothing, or false."""
    return None if column.nullable else 0


def listed(content):
    return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def run(*command, code=0):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done
