"""The server as a process: it listens, starts its workers, and stops on a signal."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import anyio
import msgspec
import uvicorn

from codepush.server import logs
from codepush.server.app import create_app
from codepush.server.descriptors import connections_within, raise_limit
from codepush.server.folders import hold, work_folder
from codepush.server.operations import prepare
from codepush.server.settings import SETTINGS, Settings

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from starlette.applications import Starlette

__all__ = ["address", "connection_class", "listen", "serve", "worker_app"]

_BACKLOG: Final = 2048
_UNSENT: Final = 128 * 1024
"""Bytes of a response that the operating system buffers for each connection.

Its default is megabytes, which many clients that do not read would fill.
"""
_ACCEPTED: Final = 32
"""Connections accepted in one iteration of the event loop: uvloop accepts one for each descriptor."""
_PEERS: Final = "_CODEPUSH_PEERS"
"""The variable that passes workers the folder of their counters."""
_SHUTDOWN_SECONDS: Final = 30
"""Time limit for requests in progress once the server is stopping."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that accepts connections; ``OSError`` when the address is not available."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    listener.set_inheritable(True)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # connections take it over from the listener
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT)
    return listener


def address(listener: socket.socket) -> str:
    """Return the URL at which a socket listens."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(settings: Settings, listeners: Sequence[socket.socket], *, workers: int = 1, new: bool = False) -> None:
    """Serve until SIGTERM or SIGINT, then finish the requests in progress and return.

    Args:
        settings: The server's settings.
        listeners: The socket that accepts connections, and a separate one for operators, if any.
        workers: The number of processes.
        new: Whether to accept an empty database although there are archives.

    """
    logs.set_up(settings.log_level, settings.log_format)
    has_accounts = anyio.run(partial(prepare, settings, new=new))
    _announce(settings, [address(listener) for listener in listeners], has_accounts=has_accounts)
    _warn_of_unread_variables()
    settings = _within_limits(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stopped)
    if workers == 1:
        uvicorn.Server(_config(settings, create_app(settings))).run(sockets=_copies(listeners))
        return
    from uvicorn.supervisors import Multiprocess

    os.environ.update(settings.environment)
    config = _config(settings, "codepush.server.process:worker_app", workers=workers)
    with work_folder(settings.workspace, "workers") as peers:
        os.environ[_PEERS] = str(peers)
        Multiprocess(config, sockets=_copies(listeners)).run()


def _copies(listeners: Sequence[socket.socket]) -> list[socket.socket]:
    """Return several descriptors of each listener, to accept bursts of connections faster."""
    return [copy for one in listeners for copy in (one, *(one.dup() for _ in range(_ACCEPTED - 1)))]


def _within_limits(settings: Settings) -> Settings:
    """Return the settings with no more connections than this process can open, with room for files."""
    files = raise_limit()
    most = connections_within(files, settings.max_connections)
    if most < settings.max_connections:
        logging.getLogger(__name__).warning(
            "Each process keeps at most %d connections open instead of %d, because it may open only %s files. "
            "Raise the hard limit (ulimit -Hn, or LimitNOFILE= in systemd), or lower %s.",
            *(most, settings.max_connections, files, SETTINGS["max_connections"].variable),
        )
    return msgspec.structs.replace(settings, max_connections=most)


def worker_app() -> Starlette:
    """Return the application of one worker process; its settings come from the environment."""
    threading.Thread(target=_follow_parent, name="follow-parent", daemon=True).start()
    settings = Settings.load({}, os.environ)
    logs.set_up(settings.log_level, settings.log_format)
    peers = Path(os.environ[_PEERS])
    hold(peers)  # for as long as this process runs, even when its parent is killed
    return create_app(settings, peers=peers)


def _follow_parent() -> None:
    """Stop this worker when its parent is gone: a killed parent cannot stop it."""
    parent = multiprocessing.parent_process()
    assert parent is not None  # uvicorn starts workers through multiprocessing
    parent.join()
    signal.raise_signal(signal.SIGTERM)


def _announce(settings: Settings, urls: Sequence[str], *, has_accounts: bool) -> None:
    """Print where the server listens."""
    lines = [f"codepush server: {urls[0]} (data in {settings.data})"]
    lines += [f"Operators' endpoints: {url}/metrics and {url}/ready" for url in urls[1:]]
    if not has_accounts:
        command = f"codepush server account add EMAIL --data {settings.data}"
        also = "" if settings.database_url.startswith("sqlite:") else "   (with the same database URL)"
        lines.append(f"There is no account yet. Create one with: {command}{also}")
    if settings.download_url in settings.unreachable_urls:
        lines.append(
            f"Devices will get download addresses on the host of their own request: {settings.download_url} cannot be"
            " reached. Set --public-url to the address that devices use."
        )
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    sys.stderr.flush()


def _warn_of_unread_variables() -> None:
    """Warn about a variable of uvicorn that has no effect on this server."""
    if os.environ.get("FORWARDED_ALLOW_IPS"):
        logging.getLogger(__name__).warning(
            "FORWARDED_ALLOW_IPS is ignored. Set CODEPUSH_TRUSTED_PROXIES to the networks or the number of the proxies "
            "in front of this server; docs/security.md explains how."
        )


def _config(settings: Settings, app: Starlette | str, *, workers: int = 1) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        workers=workers,
        log_level=settings.log_level,
        log_config=None,  # its lines go through the same logging
        access_log=False,
        server_header=False,
        proxy_headers=False,  # CODEPUSH_TRUSTED_PROXIES decides, in the application
        http=connection_class(),
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )


def connection_class() -> type[asyncio.Protocol] | Literal["auto"]:
    """Return the HTTP protocol class: ours with bounds and the fast path, or uvicorn's choice without httptools."""
    try:
        from codepush.server.web.fasthttp import FastHttp, obstacle
    except ImportError as error:  # httptools is not available everywhere
        reason: str | None = str(error)
    else:
        reason = obstacle()
        if reason is None:
            return FastHttp
    logging.getLogger(__name__).error(
        "Update checks use the slower standard path, and the bounds on connections and request heads are off: %s",
        reason,
    )
    return "auto"


def _stopped(_number: int, _frame: object) -> None:
    """Ignore the signal that uvicorn raises again after a regular stop, so that the process exits with 0."""
