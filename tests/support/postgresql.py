"""A real PostgreSQL server for the tests of one process, and databases in it that cost a copy each.

It is started when the first test asks for it and stopped with the last one. Its collation is that of English, not
of bytes, so that an order left to the database shows. ``CODEPUSH_TEST_OFFLINE=1`` skips what needs it where it is not
installed.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from codepush.server.storage.sql.migrate import upgrade

OFFLINE = os.environ.get("CODEPUSH_TEST_OFFLINE") == "1"  # read here: each test finds the environment cleaned

USER, PASSWORD = "codepush", "s3cr3t/p@ss:word"
"""The password has what a URL must escape."""

_START_SECONDS = 60
_ATTEMPTS = 5

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": 200,
    "shared_buffers": "32MB",
    "fsync": "off",  # a test kills processes, not the machine
    "full_page_writes": "off",
    "autovacuum": "off",
    "logging_collector": "off",
}


class PostgresqlServer:
    """A running server.

    Attributes:
        host, port: where it listens.
        folder: with its data, its socket and its log.

    """

    def __init__(self, folder, port, host="127.0.0.1"):
        self.folder = folder
        self.host = host
        self.port = port
        self._numbers = count(1)
        self._has_template = False

    def url(self, database, *, user=USER, password=PASSWORD):
        return f"postgresql://{user}:{quote(password, safe='')}@{self.host}:{self.port}/{database}"

    def execute(self, statement, database="postgres", **values):
        """Run a statement outside any transaction, and return the rows it gives."""
        socket = {"host": str(self.folder), "port": self.port, "user": USER}  # which is there whatever the network is
        with psycopg.connect(dbname=database, autocommit=True, **socket) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def new_database(self, template="template1"):
        """Make a database of its own for a test, and return its URL."""
        name = f"test_{next(self._numbers)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def migrated_database(self):
        """Make a database with our schema and no records, and return its URL."""
        if not self._has_template:
            self.execute("CREATE DATABASE migrated")
            upgrade(self.url("migrated"))
            self._has_template = True
        return self.new_database("migrated")


def programs() -> Path:
    """Return the folder with PostgreSQL's programs; end the test when there is none."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if newest := max(found, key=lambda folder: float(folder.parent.name), default=None):
        return newest
    if program := shutil.which("postgres"):
        return Path(program).resolve().parent
    sentence = (
        "PostgreSQL is not installed: install it (Debian: apt-get install postgresql), or, as root, run `make test`"
    )
    if OFFLINE:
        pytest.skip(f"CODEPUSH_TEST_OFFLINE=1: {sentence}")
    return pytest.fail(sentence)


@contextmanager
def running_server(*, host="127.0.0.1", machine=()):
    """Run a server of its own until the block ends.

    Args:
        host: the address at which it listens.
        machine: a command that runs another one elsewhere, which takes root.

    """
    binaries = programs()
    folder = Path(tempfile.mkdtemp(prefix="cp-pg-", dir="/tmp"))  # short, for the path of the socket
    who = _user()
    try:
        if "user" in who:
            shutil.chown(folder, **who)
        _make(binaries, folder, who)
        for _ in range(_ATTEMPTS):
            port = _free_port()
            process = _start(binaries, folder, port, who, host=host, machine=machine)
            if _is_up(process, folder):
                break
        else:
            raise RuntimeError((folder / "log").read_text())
        try:
            yield PostgresqlServer(folder, port, host)
        finally:
            process.send_signal(signal.SIGINT)  # "fast": connections are cut
            process.wait()
    finally:
        shutil.rmtree(folder)


def _user():
    """Return as whom to run: the server refuses to be root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            pwd.getpwnam(name)
            return {"user": name, "group": pwd.getpwnam(name).pw_gid}
    raise RuntimeError("There is neither a user postgres nor a user nobody to run PostgreSQL as.")


def _as(who):
    return {**who, "extra_groups": []} if who else {}


def _make(binaries, folder, who):
    """Make the server's data: anybody on this machine's socket gets in, over the network only with the password."""
    secret = folder / "password"
    secret.write_text(PASSWORD)
    if who:
        shutil.chown(secret, **who)
    options = ["--auth-local=trust", "--auth-host=scram-sha-256", f"--username={USER}", f"--pwfile={secret}"]
    command = [binaries / "initdb", "-D", folder / "data", "--encoding=UTF8", "--no-sync", *options]
    everywhere = "host all all 0.0.0.0/0 scram-sha-256\n"  # it listens on the addresses of tests only
    english = ["--locale-provider=icu", "--icu-locale=en-US", "--locale=C"]
    run = {"cwd": folder, "capture_output": True, "text": True, **_as(who)}
    done = subprocess.run([*command, *english], check=False, **run)
    if done.returncode != 0:  # older than 15, or built without ICU
        shutil.rmtree(folder / "data", ignore_errors=True)
        subprocess.run([*command, "--locale=C"], check=True, **run)
    with (folder / "data" / "pg_hba.conf").open("a") as rules:
        rules.write(everywhere)


def _start(binaries, folder, port, who, *, host, machine):
    settings = _SETTINGS | {"port": port, "unix_socket_directories": folder, "listen_addresses": host}
    options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
    command = [binaries / "postgres", "-D", folder / "data", *options]
    run = {"cwd": folder, **_as(who)}
    if machine:
        command = [*machine, "setpriv", f"--reuid={who['user']}", f"--regid={who['group']}", "--clear-groups", *command]
        run = {"cwd": folder}
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, **run)


def _is_up(process, folder):
    """Wait for a server to take connections; return whether it does, or ended because its port was taken."""
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None:
        if "is ready to accept connections" in (folder / "log").read_text(errors="replace"):
            return True
        if time.monotonic() > deadline:
            process.kill()
        time.sleep(0.02)
    return False


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture(scope="session")
def postgresql_server():
    """Give a PostgreSQL server, shared by the tests of this process."""
    with running_server() as server:
        yield server


@pytest.fixture
def postgresql_url(postgresql_server):
    """Give the URL of a migrated database of the test's own on PostgreSQL."""
    return postgresql_server.migrated_database()


def undo_newest_migration(server, url):
    """Bring a database back to the schema before the newest one."""
    added = {
        "deployments": ("stopped_by", "default_plan"),
        "devices": ("known_since", "trial", "trial_at", "outcome"),
        "releases": ("held",),
    }
    columns = [f"ALTER TABLE {table} DROP COLUMN {name}" for table, names in added.items() for name in names]
    undo = ["DROP TABLE rollouts", "DROP TABLE trial_series", *columns]
    for statement in (*undo, "UPDATE alembic_version SET version_num = '0004'"):
        server.execute(statement, url.rpartition("/")[2])
