"""Measure update checks beside nginx, which serves a static file of the same bytes.

    make bench-checks

The server, started by its command, and nginx take turns on one core; wrk sends requests from the other, with 64
connections and another device in every request. The result is the number of requests per second of the server's CPU
time, which other load on the machine hardly changes. Linux only, with two cores or more.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx2
from msgspec import Struct
from results import circumstances, table, write_section

from codepush.server.ports.blobs import BlobRecord
from codepush.server.ports.releases import NewRelease
from codepush.server.storage.sql.migrate import upgrade
from codepush.server.storage.sql.store import SqlStore

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND: Final = "make bench-checks"
ROUNDS: Final = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS: Final = int(os.environ.get("BENCH_SECONDS", "3"))
CONNECTIONS: Final = 64
REQUESTS: Final = 65_536
HERE: Final = Path(__file__).parent
CODEPUSH: Final = Path(sys.executable).with_name("codepush")
PATH: Final = "/v0.1/public/codepush/update_check"
TICKS: Final = os.sysconf("SC_CLK_TCK")
SERVER_CORE: Final = 0
LOAD_CORE: Final = 1

NGINX: Final = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off; sendfile on; keepalive_requests 1000000000;
    open_file_cache max=100; open_file_cache_valid 60s;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location = {path} {{ default_type application/json; alias {folder}/answer.json; }}
    }}
}}
"""
"""nginx with the fastest settings: without a log, with a cache of open files."""


class Setting(Struct, frozen=True):
    """The data: number of deployments, releases of each, and whether the last one is rolling out."""

    name: str
    releases: int = 1
    deployments: int = 1
    rollout: int | None = None


SETTINGS: Final = (
    Setting("1 release"),
    Setting("50 releases", releases=50),
    Setting("1 000 releases", releases=1000),
    Setting("50 releases, the last rolled out to 25 %", releases=50, rollout=25),
    Setting("1 000 deployments", deployments=1_000),
    Setting("50 000 deployments", deployments=50_000),
    Setting("1 000 deployments, rolled out to 25 %", deployments=1_000, rollout=25),
)


class Run(Struct, frozen=True):
    """One round: requests per second of the server's CPU time, and milliseconds."""

    rate: float
    median: float
    p99: float


class Server(Struct, frozen=True):
    """A running server: the process that handles requests, and its URL."""

    pid: int
    url: str

    def cpu(self) -> float:
        """Return its CPU time in seconds."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self) -> float:
        """Return its private and shared memory in MB."""
        found = re.search(
            r"^VmRSS:\s+(\d+)", Path(f"/proc/{self.pid}/status").read_text(encoding="ascii"), re.MULTILINE
        )
        assert found
        return int(found[1]) / 1000


class Row(Struct, frozen=True):
    """The results for one setting."""

    setting: Setting
    ours: Sequence[Run]
    nginx: Sequence[Run]
    megabytes: float

    @property
    def ratio(self) -> float:
        """Requests that our server handles per request of nginx: the median of the rounds."""
        return statistics.median(ours.rate / other.rate for ours, other in zip(self.ours, self.nginx, strict=True))

    def figures(self) -> list[str]:
        """Return the row of the table."""
        ours, other = _middle(self.ours), _middle(self.nginx)
        return [
            self.setting.name,
            *(f"{ours.rate:,.0f}", f"{other.rate:,.0f}", f"{self.ratio:.2f}"),
            *(f"{ours.median:.2f}", f"{other.median:.2f}", f"{ours.p99:.2f}", f"{other.p99:.2f}"),
            f"{self.megabytes:.0f}",
        ]


def _middle(runs: Sequence[Run]) -> Run:
    return Run(*(statistics.median(getattr(run, name) for run in runs) for name in Run.__struct_fields__))


async def fill(database: Path, setting: Setting) -> list[str]:
    """Create a database with deployments and their releases; return their keys."""
    await asyncio.to_thread(upgrade, f"sqlite:///{database}")
    store = SqlStore(f"sqlite:///{database}")
    async with store.write() as records:
        account = await records.accounts.add(email="bench@example.test", name="Bench", created_at=1)
        app = await records.apps.add(
            owner_id=account.id, name="App", os="Android", platform="React-Native", created_at=1
        )
        first = await records.deployments.add(
            app_id=app, name="Production", key=_key(0), device_key=b"\0" * 32, created_at=1
        )
        for number in range(1, setting.releases + 1):
            package = await records.packages.add(
                app_id=app,
                package_hash=f"{number:064x}",
                manifest=None,
                index=None,
                blob=BlobRecord(id=f"blob{number:028x}", size=123_456, sha256="0" * 64),
                created_at=1,
            )
            release = NewRelease(
                package_id=package.id,
                app_version="^1.0.0",
                description="Fixes the shopping cart and shows prices in the phone's own currency.",
                rollout=setting.rollout if number == setting.releases else None,
                upload_time=1,
                release_method="Upload",
                released_by="bench@example.test",
            )
            await records.releases.add(first.id, release)
    await store.close()
    _multiply(database, setting.deployments)
    return [_key(number) for number in range(setting.deployments)]


def _key(number: int) -> str:
    return f"Key{number:034d}abc"


def _multiply(database: Path, count: int) -> None:
    """Create more deployments like the existing one."""
    with closing(sqlite3.connect(database)) as connection, connection:
        for number in range(1, count):
            made = _copy(connection, "deployments", 1, key=_key(number), name=f"Deployment {number}")
            _copy(connection, "releases", 1, deployment_id=made)


def _copy(connection: sqlite3.Connection, kind: str, row: int, /, **changed: object) -> int:
    columns = [column for _, column, *_ in connection.execute(f"PRAGMA table_info({kind})") if column != "id"]
    values = [changed.get(column, column) for column in columns]
    shown = ", ".join("?" if column in changed else column for column in columns)
    taken = [value for column, value in zip(columns, values, strict=True) if column in changed]
    names = ", ".join(columns)
    # The names come from the database.
    made = connection.execute(f"INSERT INTO {kind} ({names}) SELECT {shown} FROM {kind} WHERE rowid = ?", [*taken, row])  # noqa: S608
    return made.lastrowid or 0


def targets(setting: Setting, keys: Sequence[str]) -> list[str]:
    """Return the request targets of devices that run the release before the last, up to the device ID."""
    before = setting.releases - 1
    rest = f"&app_version=1.0.0&package_hash={before:064x}&label=v{before}&client_unique_id="
    return [f"{PATH}?deployment_key={key}{rest}" for key in keys]


@contextmanager
def pinned(command: Sequence[str | Path], core: int) -> Iterator[subprocess.Popen[str]]:
    """Run a program on one core until the block ends."""
    process = subprocess.Popen(["taskset", "-c", str(core), *command], text=True, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@contextmanager
def our_server(data: Path) -> Iterator[tuple[Server, float]]:
    """Run our server; yield it, and the seconds from the start of the command to the first response."""
    began = time.perf_counter()
    command = [CODEPUSH, "server", "start", "--data", data, "--port", "0"]
    with pinned(command, SERVER_CORE) as process:
        assert process.stderr
        output = process.stderr.readline()
        url = re.search(r"http://\S+", output)
        assert url, output
        server = Server(process.pid, url[0])
        target = server.url + targets(Setting(""), [_key(0)])[0]
        assert httpx2.get(target).is_success
        seconds = time.perf_counter() - began
        # During a rollout some devices are offered the release, and others are not.
        assert any(httpx2.get(f"{target}{device}").json()["update_info"]["is_available"] for device in range(50))
        yield server, seconds


@contextmanager
def nginx(folder: Path, answer: bytes) -> Iterator[Server]:
    """Run nginx with a static file."""
    (folder / "answer.json").write_bytes(answer)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX.format(folder=folder, port=port, path=PATH), encoding="utf-8")
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program, "nginx is not here: tools/services.sh nginx wrk"
    with pinned([program, "-p", folder, "-c", configuration], SERVER_CORE) as master:
        server = worker_of(master.pid, f"http://127.0.0.1:{port}")
        assert httpx2.get(f"{server.url}{PATH}").content == answer
        yield server


def worker_of(master: int, url: str) -> Server:
    """Return the process of nginx that serves requests; the first one only manages it."""
    while True:
        children = Path(f"/proc/{master}/task/{master}/children").read_text(encoding="ascii").split()
        if children:
            return Server(int(children[0]), url)
        time.sleep(0.05)


def load(server: Server, asked: Path, seconds: int = SECONDS) -> Run:
    """Send update checks of many devices for some seconds."""
    before = server.cpu()
    output = subprocess.run(
        [
            *("taskset", "-c", str(LOAD_CORE), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"),
            *("-s", HERE / "devices.lua", server.url, "--", asked, str(REQUESTS)),
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    used = server.cpu() - before
    count = re.search(r"(\d+) requests in", output)
    assert count, output
    assert "Non-2xx" not in output, output
    assert "Socket errors" not in output, output
    return Run(int(count[1]) / used, _milliseconds(output, "50%"), _milliseconds(output, "99%"))


def _milliseconds(output: str, share: str) -> float:
    found = re.search(rf"^\s+{share}\s+([\d.]+)(us|ms|s)$", output, re.MULTILINE)
    assert found, output
    return float(found[1]) * {"us": 0.001, "ms": 1, "s": 1000}[found[2]]


def warm(server: Server, asked: Sequence[str]) -> bytes:
    """Check each deployment on both paths, which loads all into memory; return the body of the last response."""
    with httpx2.Client(base_url=server.url) as client:
        for target in (*asked, *asked):
            answer = client.get(f"{target}device")
    return answer.content


def measure(setting: Setting, folder: Path) -> tuple[Row, float, float]:
    """Return the results for a setting, the seconds to the first response, and the memory then."""
    folder.mkdir()
    (folder / "data").mkdir()
    keys = asyncio.run(fill(folder / "data/codepush.db", setting))
    asked = targets(setting, keys)
    (folder / "targets").write_text("".join(f"{target}\n" for target in asked), encoding="ascii")
    with our_server(folder / "data") as (ours, seconds):
        fresh = ours.memory()
        answer = warm(ours, asked)
        with nginx(folder, answer) as other:
            rounds = [(load(ours, folder / "targets"), load(other, folder / "targets")) for _ in range(ROUNDS)]
        return Row(setting, *map(tuple, zip(*rounds, strict=True)), ours.memory()), seconds, fresh


def floors(rows: Sequence[Row], seconds: float, fresh: float) -> str:
    """Return the table of requirements and results."""
    resting = [row for row in rows if row.setting.rollout is None]
    rolling = [row for row in rows if row.setting.rollout is not None]
    tails = [_middle(row.ours).p99 / _middle(row.nginx).p99 for row in rows]
    by_name = {row.setting.name: row.ratio for row in rows}
    length = by_name["1 000 releases"] / by_name["1 release"]
    lines = [
        ["requests of nginx's, no rollout running, least", "at least 0.85", f"{min(row.ratio for row in resting):.2f}"],
        ["requests of nginx's, one running, least", "at least 0.6", f"{min(row.ratio for row in rolling):.2f}"],
        ["p99 beside nginx's, worst", "at most 1.5", f"{max(tails):.2f}"],
        ["1 000 releases beside one", "at least 0.95", f"{length:.2f}"],
        ["seconds from the command to the first answer", "below 0.5", f"{seconds:.2f}"],
        ["MB of a worker after its first answer", "below 100", f"{fresh:.0f}"],
    ]
    return table(["", "floor", "reached"], lines)


def main() -> None:
    """Measure, and write the section."""
    chosen = [one for one in SETTINGS if not sys.argv[1:] or one.name in sys.argv[1:]]
    with tempfile.TemporaryDirectory(prefix="codepush-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # nginx's worker is another user
        # The first start compiles the modules, as the installation of a package does; it does not count.
        os.environ |= {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
        measured = [measure(setting, folder / f"{number}") for number, setting in enumerate(chosen)]
    rows = [row for row, _, _ in measured]
    head = ["", "codepush", "nginx", "ratio", "p50 ms", "nginx", "p99 ms", "nginx", "MB"]
    shown = table(head, [row.figures() for row in rows])
    if len(chosen) < len(SETTINGS):
        print(shown, measured[0][1:])
        return
    write_section(
        "Update checks",
        circumstances(COMMAND, "uvicorn", "uvloop", "httptools", others=_versions())
        + f" {CONNECTIONS} connections, {ROUNDS} rounds of {SECONDS} seconds each, in turns; medians.",
        floors(rows, min(seconds for _, seconds, _ in measured), min(fresh for *_, fresh in measured)),
        "Requests for each second of the server's processor. nginx serves a static file of the same bytes, which it"
        " keeps open, and logs nothing. Devices run the release before the last; each request is from another device.",
        shown,
    )


def _versions() -> str:
    output = subprocess.run(["/usr/sbin/nginx", "-v"], capture_output=True, text=True, check=True).stderr
    return output.strip().rpartition("/")[2].join(["nginx ", ""])


if __name__ == "__main__":
    main()
