"""Other people's servers, started anew on free ports of the loopback, in a folder that goes when the tests are over.

They take a while and are fetched from npm and Debian, so this folder is tried only when it is named:
``make test-interop`` or ``pytest tests/interop``. To lock the npm packages anew, in their folder:
``npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund``.
"""

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
import pytest

from codepush import CodePush
from support.processes import NPM_CI, OFFLINE, free_port, is_listening, run, started

LISONG = Path(__file__).with_name("lisong")
MARIADB = ["mariadb-server-core", "mariadb-client-core"]  # not mariadb-server, which makes a service of it
ADMINISTRATOR = {"account": "admin", "password": "123456"}  # as in the server's own first database
REGISTER = """
require("code-push-server/core/services/account-manager")()
    .register(process.argv[1], "a password").then(() => process.exit(0), (error) => { throw error })
"""


@dataclass(frozen=True)
class Server:
    """A running server of somebody else, with two accounts."""

    url: str
    access_key: str
    other_access_key: str


@pytest.fixture(scope="session")
def lisong():
    """Give npm ``code-push-server`` with its database; each test makes an app of its own."""
    if OFFLINE:
        pytest.skip("CODEPUSH_TEST_OFFLINE=1: npm's registry and Debian's packages are not to be asked")
    with TemporaryDirectory(prefix="interop-") as name, mariadb(Path(name)) as database_port:
        folder = Path(name) / "lisong"
        shutil.copytree(LISONG, folder, ignore=shutil.ignore_patterns("node_modules"))
        run(*NPM_CI, folder=folder)
        with code_push_server(folder, database_port) as url:
            yield Server(url, access_key(url, ADMINISTRATOR), access_key(url, register(folder, database_port)))


@contextmanager
def mariadb(folder):
    """Run an empty database without a password, and yield its port."""
    port, data = free_port(), folder / "database"
    user = ["--user=root"] if os.geteuid() == 0 else []
    options = ["--no-defaults", f"--datadir={data}", *user]
    install = ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]
    run(debian_program("mariadb-install-db"), *options, *install, folder=folder)
    network = [f"--port={port}", "--bind-address=127.0.0.1", "--skip-name-resolve"]
    files = [f"--socket={folder / 'mariadb.sock'}", f"--pid-file={folder / 'mariadb.pid'}"]
    command = [debian_program("mariadbd"), *options, *network, *files]
    with started(command, folder / "mariadb.log", folder, lambda: is_listening(port)):
        yield port


@contextmanager
def code_push_server(folder, database_port):
    """Run npm ``code-push-server`` on a database that it makes, and yield its address."""
    program = folder / "node_modules/.bin/code-push-server"
    settings = ["--dbhost", "127.0.0.1", "--dbport", str(database_port), "--dbuser", "root"]
    assert "success." in run(f"{program}-db", "init", *settings, folder=folder)
    port = free_port()
    for name in ("storage", "contents", "temporary"):
        (folder / name).mkdir()
    environment = database_environment(database_port) | {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "STORAGE_DIR": str(folder / "storage"),
        "DATA_DIR": str(folder / "contents"),
        "TMPDIR": str(folder / "temporary"),
        "LOCAL_DOWNLOAD_URL": f"http://127.0.0.1:{port}/download",
        "TOKEN_SECRET": "a secret for these tests only",
    }
    with started([program], folder / "server.log", folder, lambda: is_listening(port), environment):
        yield f"http://127.0.0.1:{port}"


def register(folder, database_port):
    """Add an account as the server does it, but for the code sent by e-mail, and return what it logs in with."""
    email = "other@example.test"
    run("node", "-e", REGISTER, email, folder=folder, environment=database_environment(database_port))
    return {"account": email, "password": "a password"}


def access_key(url, account):
    """Log in as in the browser, and return an access key made with the token that this gives."""
    answer = httpx2.post(f"{url}/auth/login", json=account).json()
    assert answer["status"] == "OK", answer
    with CodePush(answer["results"]["tokens"], url) as client:
        return client.add_access_key("tests", timedelta(hours=1)).key


def database_environment(port):
    """Return what tells the server where its database is."""
    return {"NODE_ENV": "production", "RDS_HOST": "127.0.0.1", "RDS_PORT": str(port)}


def debian_program(name):
    """Return the path of a program of MariaDB; the packages with it are installed if that is possible."""
    path = os.pathsep.join([os.environ["PATH"], "/usr/sbin"])
    if not shutil.which(name, path=path):
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            pytest.fail(f"There is no {name}. Install MariaDB (on Debian: apt-get install {' '.join(MARIADB)}).")
        run("apt-get", "update", folder="/")
        run("apt-get", "install", "--yes", "--no-install-recommends", *MARIADB, folder="/")
    return shutil.which(name, path=path)
