"""Measure downloads from a folder beside nginx and Starlette's own way of sending files.

    make bench-downloads

Our server as it is started by its command, the same behind nginx that sends the files for it, Starlette's
``FileResponse`` on uvicorn, and nginx alone take turns on one core; wrk downloads from the other, over 8 connections.
What counts is how many downloads a second of the senders' processor is enough for. Linux only, with two cores or more.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from checks import LOAD_CORE, SERVER_CORE, Server, pinned, worker_of
from results import circumstances, table, write_section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

COMMAND: Final = "make bench-downloads"
ROUNDS: Final = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS: Final = int(os.environ.get("BENCH_SECONDS", "3"))
SIZE: Final = 5 * 1024 * 1024
BLOB: Final = "abcdefghijklmnopqrst"
CODEPUSH: Final = Path(sys.executable).with_name("codepush")

STARLETTE: Final = """
import socket, sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import FileResponse
from starlette.routing import Route
app = Starlette(routes=[Route("/blobs/{blob_id}", lambda _: FileResponse(sys.argv[1]))])
with socket.create_server(("127.0.0.1", 0)) as listener:
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", file=sys.stderr, flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listener])
"""

NGINX: Final = """
daemon off; worker_processes 1; user root; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off; sendfile on;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location /blobs/ {{ {blobs} }}
        location /codepush-archives/ {{ internal; alias {archives}/; }}
    }}
}}
"""


@contextmanager
def ours(data: Path, **environment: str) -> Iterator[list[Server]]:
    """Run our server."""
    command = [CODEPUSH, "server", "start", "--data", data, "--port", "0"]
    with pinned([*("env", *(f"{name}={value}" for name, value in environment.items())), *command], SERVER_CORE) as one:
        yield [Server(one.pid, _announced(one))]


@contextmanager
def starlette(data: Path) -> Iterator[list[Server]]:
    """Run Starlette's own way on uvicorn."""
    with pinned([sys.executable, "-c", STARLETTE, _file(data)], SERVER_CORE) as one:
        yield [Server(one.pid, _announced(one))]


@contextmanager
def nginx(data: Path, *, before: Server | None = None) -> Iterator[list[Server]]:
    """Run nginx: with the files, or in front of our server, which names the file to send."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    blobs = f"proxy_pass {before.url};" if before else f"alias {_file(data).parent}/;"
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program, "nginx is not here: tools/services.sh nginx wrk"
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder) / "nginx.conf"
        text = NGINX.format(folder=folder, port=port, blobs=blobs, archives=data / "blobs")
        configuration.write_text(text, encoding="utf-8")
        with pinned([program, "-p", folder, "-c", configuration], SERVER_CORE) as master:
            sender = worker_of(master.pid, f"http://127.0.0.1:{port}")
            yield [sender, before] if before else [sender]


@contextmanager
def ours_behind_nginx(data: Path) -> Iterator[list[Server]]:
    """Run our server behind nginx, which sends the files for it."""
    with ours(data, CODEPUSH_ACCEL_REDIRECT="/codepush-archives") as [server], nginx(data, before=server) as both:
        yield both


SENDERS: Final[dict[str, Callable[[Path], AbstractContextManager[list[Server]]]]] = {
    "nginx": nginx,
    "ours, nginx sends (`CODEPUSH_ACCEL_REDIRECT`)": ours_behind_nginx,
    "ours": ours,
    "Starlette's `FileResponse`": starlette,
}


def _announced(process: subprocess.Popen[str]) -> str:
    assert process.stderr
    output = ""
    while not (found := re.search(r"http://\S+", output)):
        output = process.stderr.readline()
        assert output
    return found[0]


def _file(data: Path) -> Path:
    return data / "blobs" / BLOB[:2] / BLOB


def rate(senders: Sequence[Server]) -> float:
    """Download for some seconds; return the downloads for each second of the senders' processor."""
    before = sum(one.cpu() for one in senders)
    command = ["wrk", "-t1", "-c8", f"-d{SECONDS}s", f"{senders[0].url}/blobs/{BLOB}"]
    output = subprocess.run(
        ["taskset", "-c", str(LOAD_CORE), *command], capture_output=True, text=True, check=True
    ).stdout
    count = re.search(r"(\d+) requests in", output)
    assert count, output
    assert "Non-2xx" not in output, output
    return int(count[1]) / (sum(one.cpu() for one in senders) - before)


def main() -> None:
    """Measure and write down."""
    rates: dict[str, list[float]] = {name: [] for name in SENDERS}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        _file(data).parent.mkdir(parents=True)
        _file(data).write_bytes(os.urandom(SIZE))
        for _ in range(ROUNDS):
            for name, run in SENDERS.items():
                with ExitStack() as stack:
                    rates[name].append(rate(stack.enter_context(run(data))))
    rows = [
        [
            name,
            f"{statistics.median(found):,.0f}",
            f"{statistics.median(a / b for a, b in zip(found, rates['nginx'], strict=True)):.2f}",
        ]
        for name, found in rates.items()
    ]
    write_section(
        "Downloads",
        "Archives of 5 MiB from a folder, over 8 connections: downloads for each second of processor, and how many of "
        "them where nginx does one (median of the rounds).",
        table(["", "downloads / CPU-s", "beside nginx"], rows),
        circumstances(COMMAND, "uvicorn", "starlette", others="nginx"),
    )


if __name__ == "__main__":
    main()
