"""Measure how many status reports a second are acknowledged, in groups beside one transaction for each.

    make bench-reports

What is measured is the real thing: parsed, validated, counted by the rules, written with all that a crash must not take
back, and only then answered. The other way differs in one number: how many reports may share a transaction. At the
store, the same reports go to the same writer without HTTP. Both ways take turns in each round, and the best counts.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio
import uvicorn
from msgspec import Struct
from results import circumstances, table, write_section
from sqlalchemy import create_engine, insert

from codepush.models import StatusReport
from codepush.server import process
from codepush.server.app import create_app
from codepush.server.assembly.parts import open_parts
from codepush.server.ports.blobs import BlobRecord
from codepush.server.ports.releases import NewRelease
from codepush.server.services.caller import operator
from codepush.server.services.phones import reports as service
from codepush.server.services.phones.reports import Reports
from codepush.server.settings import Settings
from codepush.server.storage.sql.schema import counters, devices
from codepush.server.storage.sql.store import SqlStore
from codepush.wire.acquisition import ACCEPTED_TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COMMAND: Final = "make bench-reports"
ROUNDS: Final = 3
SECONDS: Final = 4.0
CONNECTIONS: Final = 64
SENDERS: Final = 1_000
LABELS: Final = 5
DEVICES: Final = 1_000_000
"""Devices that are stored before, and run another label."""

SHARE_STORED: Final = 0.8
"""The share of them among the devices that report."""

DEPLOYMENT_KEY: Final = "benchmark-deployment"
PATH: Final = "/v0.1/public/codepush/report_status"

SINGLE: Final = "one transaction for each report"
GROUPED: Final = "group commit"
WAYS: Final = {SINGLE: 1, GROUPED: service._BATCH}  # noqa: SLF001 - the figure that is measured
"""How many reports may share a transaction."""


class Rate(Struct, frozen=True):
    """Acknowledged reports a second: by the clock, and of the processor seconds that the server took."""

    clock: float = 0.0
    processors: float = 0.0


class Figures(Struct, frozen=True):
    """The best rates, by way."""

    by_way: dict[str, Rate]

    @property
    def ratios(self) -> tuple[str, str]:
        """How many times as many reports the group commit acknowledges, by the clock and by processors."""
        grouped, single = self.by_way[GROUPED], self.by_way[SINGLE]
        return f"{grouped.clock / single.clock:.1f}", f"{grouped.processors / single.processors:.1f}"


def make_reports(seed: int) -> Iterator[StatusReport]:
    """Yield what devices report without end: downloads and installations of a few labels, by stored and new devices."""
    dice = random.Random(seed)  # noqa: S311 - nothing here is secret
    while True:
        label, number = f"v{dice.randrange(LABELS) + 2}", dice.randrange(DEVICES)
        device = device_id(number if dice.random() < SHARE_STORED else DEVICES + dice.getrandbits(100))
        yield StatusReport(kind="download", deployment_key=DEPLOYMENT_KEY, label=label, client_unique_id=device)
        yield StatusReport(
            kind="deploy",
            deployment_key=DEPLOYMENT_KEY,
            app_version="1.0.0",
            label=label,
            status="DeploymentSucceeded",
            client_unique_id=device,
            previous_deployment_key=DEPLOYMENT_KEY,
            previous_label_or_app_version="v1",
        )


def device_id(number: int) -> str:
    """Return the ID of a device."""
    return f"{number:032x}"


async def at_the_store(url: str, way: str, seed: int) -> Rate:
    """Return how many reports a second the writer acknowledges to many senders."""
    service._BATCH = WAYS[way]  # noqa: SLF001 - the one difference
    store = SqlStore(url)
    reports = Reports(store)
    writer = asyncio.create_task(reports.run())
    reports_to_send, taken, until = make_reports(seed), 0, time.perf_counter() + SECONDS

    async def send() -> None:
        nonlocal taken
        while time.perf_counter() < until:
            await reports.take(next(reports_to_send))
            taken += 1

    began, busy = time.perf_counter(), time.process_time()
    async with anyio.create_task_group() as group:
        for _ in range(SENDERS):
            group.start_soon(send)
    rate = Rate(taken / (time.perf_counter() - began), taken / (time.process_time() - busy))
    writer.cancel()
    with suppress(asyncio.CancelledError):
        await writer
    await store.close()
    return rate


def over_http(url: str, way: str, seed: int, data: Path) -> Rate:
    """Return how many reports a second a server acknowledges over 64 connections."""
    command = [sys.executable, __file__, "--serve", str(WAYS[way]), "--data", str(data), "--database-url", url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            port = int(server.stdout.readline())
            anyio.run(_load, port, seed, 0.5)  # it has opened everything then
            busy = processor_seconds(server.pid)
            taken, took = anyio.run(_load, port, seed + ROUNDS, SECONDS)
            return Rate(taken / took, taken / (processor_seconds(server.pid) - busy))
        finally:
            server.terminate()


def processor_seconds(pid: int) -> float:
    """Return how many seconds of processors a process has taken."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.exists():
        fields = stat.read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    # ps prints hundredths on macOS, whole seconds elsewhere.
    elapsed = subprocess.run(["ps", "-o", "time=", "-p", str(pid)], capture_output=True, text=True, check=True).stdout
    minutes, seconds = elapsed.strip().split(":")
    return int(minutes) * 60 + float(seconds)


async def _load(port: int, seed: int, length: float) -> tuple[int, float]:
    reports_to_send, taken = make_reports(seed), 0
    began = time.perf_counter()
    until = began + length

    async def connection() -> None:
        nonlocal taken
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < until:
            writer.write(request(next(reports_to_send)))
            await accepted(reader)
            taken += 1
        writer.close()

    async with anyio.create_task_group() as group:
        for _ in range(CONNECTIONS):
            group.start_soon(connection)
    return taken, time.perf_counter() - began


def request(report: StatusReport) -> bytes:
    """Return a report as React Native sends it."""
    names = ("deployment_key", "app_version", "label", "status", "client_unique_id", "previous_deployment_key")
    fields = {name: value for name in names if (value := getattr(report, name))}
    fields["previous_label_or_app_version"] = report.previous_label_or_app_version or "1.0.0"
    body = json.dumps(fields)
    return (
        f"POST {PATH}/{report.kind} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"X-CodePush-SDK-Version: 4.2.3\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


async def accepted(reader: asyncio.StreamReader) -> None:
    """Wait for the acknowledgement."""
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    assert await reader.readexactly(len(ACCEPTED_TEXT)) == ACCEPTED_TEXT.encode()


def serve(batch: int, data: Path, url: str) -> None:
    """Run the server; print its port."""
    service._BATCH = batch  # noqa: SLF001 - the one difference
    with process.listen("127.0.0.1", 0) as listener:
        print(listener.getsockname()[1], flush=True)
        settings = Settings.load({"data": data, "database_url": url}, {}, address=process.address(listener))
        config = uvicorn.Config(
            create_app(settings),
            http=process.connection_class(),
            log_level="warning",
            access_log=False,
            proxy_headers=False,
        )
        uvicorn.Server(config).run(sockets=[listener])


async def prepare(url: str, data: Path) -> None:
    """Make a database with the deployment that reports are about, and its devices."""
    settings = Settings.load({"data": data, "database_url": url}, {})
    async with open_parts(settings) as parts:
        account, _ = await parts.access.accounts.add(operator("benchmark"), "benchmark@example.com", "Benchmark")
    store = SqlStore(url)
    async with store.write() as records:
        owner = await records.accounts.by_email(account.email)
        assert owner
        app = await records.apps.add(owner_id=owner.id, name="App", os=None, platform=None, created_at=1)
        deployment = await records.deployments.add(
            app_id=app, name="Production", key=DEPLOYMENT_KEY, device_key=os.urandom(32), created_at=1
        )
        blob = BlobRecord(id="benchmark-blob", size=1, sha256="00" * 32)
        package = await records.packages.add(
            app_id=app, package_hash="benchmark", manifest=None, index=None, blob=blob, created_at=1
        )
        for _ in range(LABELS + 1):
            await records.releases.add(
                deployment.id,
                NewRelease(
                    package_id=package.id,
                    app_version="1.0.0",
                    upload_time=1,
                    release_method="Upload",
                    released_by=account.email,
                ),
            )
    await store.close()
    store_devices(url, deployment.id, deployment.device_key)


def store_devices(url: str, deployment_id: int, device_key: bytes) -> None:
    """Store devices that run v1, in the order in which devices come: their digests are random."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    row = {"deployment_id": deployment_id, "subject": "v1", "updated_at": 1}
    trial = {"known_since": 1, "trial": 1, "trial_at": 1, "outcome": "ok"}
    with engine.begin() as connection:
        for start in range(0, DEVICES, 10_000):
            names = (device_id(number).encode() for number in range(start, min(start + 10_000, DEVICES)))
            digests = (hmac.digest(device_key, name, hashlib.sha256) for name in names)
            connection.execute(insert(devices), [{**row, **trial, "device": digest} for digest in digests])
        counter = {"deployment_id": deployment_id, "subject": "v1", "kind": "active", "value": DEVICES}
        connection.execute(insert(counters), counter)
    engine.dispose()


def measure(once: Callable[[str, int], Rate]) -> Figures:
    """Let both ways take their turn in each round."""
    best = dict.fromkeys(WAYS, Rate())
    for seed in range(ROUNDS):
        for way in WAYS:
            rate, before = once(way, seed), best[way]
            best[way] = Rate(max(before.clock, rate.clock), max(before.processors, rate.processors))
    return Figures(best)


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, str]]:
    """Yield an address of each kind of database that is at hand, new and empty, by name."""
    found = {"SQLite": f"sqlite:///{folder / 'codepush.db'}"}
    from support import postgresql

    if not list(Path("/usr/lib/postgresql").glob("*/bin/postgres")):
        print("PostgreSQL is not installed and is skipped.")
        yield found
        return
    postgresql._SETTINGS.update(fsync="on", full_page_writes="on")  # noqa: SLF001 - as in earnest
    with postgresql.running_server() as server:
        yield found | {"PostgreSQL": server.new_database()}


def report(figures: dict[tuple[str, str], Figures]) -> None:
    """Write down what was measured."""
    floors = {"at the store": 5, "over HTTP": 3}
    demanded = [
        [f"{name}, {place}: times as many as {SINGLE}", f"at least {floors[place]}", *one.ratios]
        for (name, place), one in figures.items()
    ]
    measured = [
        [f"{name}, {place}: {way}", f"{rate.clock:,.0f}", f"{rate.processors:,.0f}"]
        for (name, place), one in figures.items()
        for way, rate in one.by_way.items()
    ]
    about = (
        f"Acknowledged reports, half of them downloads, best of {ROUNDS} rounds of {SECONDS:.0f} seconds, in groups of "
        f"up to {WAYS[GROUPED]}. {DEVICES:,} devices are stored before; {SHARE_STORED:.0%} of those "
        f"that report are among them. "
        f"Over HTTP {CONNECTIONS} connections send, and the processors are the server's; at the store "
        f"{SENDERS:,} senders in the same process do. Those of PostgreSQL are not counted."
    )
    write_section(
        "Reports",
        circumstances(COMMAND, "uvicorn", "sqlalchemy", "psycopg"),
        table(["", "floor", "by the clock", "by processors"], demanded),
        about,
        table(["", "reports a second", "of a processor second"], measured),
    )


def main() -> None:
    """Measure everything, or serve while another process measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--database-url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.data, options.database_url)
        return
    figures: dict[tuple[str, str], Figures] = {}
    with tempfile.TemporaryDirectory() as name, databases(Path(name)) as urls:
        for kind, url in urls.items():
            data = Path(name) / kind
            anyio.run(prepare, url, data)
            figures[kind, "at the store"] = measure(lambda way, seed, url=url: anyio.run(at_the_store, url, way, seed))
            figures[kind, "over HTTP"] = measure(lambda way, seed, url=url, data=data: over_http(url, way, seed, data))
    report(figures)


if __name__ == "__main__":
    main()
