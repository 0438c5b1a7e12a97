"""``codepush server``: run and maintain a self-hosted server."""

from __future__ import annotations

import gc as garbage
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

import anyio
import click

from codepush.cli.options import LocalGroup
from codepush.cli.server_data import backup, check, gc, restore
from codepush.cli.server_people import account, key, login_code
from codepush.cli.server_updates import start_updates, stop_updates
from codepush.cli.storage_options import load_settings, place_options

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

__all__ = ["server"]


@click.group(cls=LocalGroup)
def server() -> None:
    """Run and maintain a self-hosted server."""
    if find_spec("starlette") is None or find_spec("sqlalchemy") is None:
        raise click.ClickException("The server needs more packages. Install them with: pip install 'codepush[server]'")


@server.command()
@place_options
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=3000, show_default=True, type=click.IntRange(0, 65535), help="Port; 0: any free one.")
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 256), help="Number of worker processes."
)
@click.option("--public-url", metavar="URL", help="Public base URL for devices.  [CODEPUSH_PUBLIC_URL]")
@click.option("--new", is_flag=True, help="Accept an empty database beside existing archives.")
def start(host: str, port: int, workers: int, *, new: bool, **places: str | None) -> None:
    """Start the server.

    SIGTERM or Ctrl-C stops it once it has completed open requests. An empty database beside archives usually means that
    the records were lost, so the server then starts only with --new, which is needed once.
    """
    with _no_collection():
        from codepush.server import process

    with ExitStack() as sockets:
        listeners = [sockets.enter_context(_listen(host, port, "--port"))]
        settings = load_settings(places, address=process.address(listeners[0]))
        if settings.operations_port:
            variable = "CODEPUSH_OPERATIONS_PORT"
            listeners.append(sockets.enter_context(_listen(host, settings.operations_port, variable)))
        process.serve(settings, listeners, workers=workers, new=new)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Disable garbage collection during imports: nothing is freed, and each pass slows the start."""
    garbage.disable()
    try:
        yield
    finally:
        garbage.freeze()
        garbage.enable()


def _listen(host: str, port: int, setting: str) -> socket.socket:
    from codepush.server import process

    try:
        return process.listen(host, port)
    except OSError as error:
        raise click.ClickException(
            f"Cannot listen on {host}:{port}: {error.strerror or error}. Is another server running? Try {setting}."
        ) from error


@server.command()
@place_options
@click.option("--once", is_flag=True, help="Exit when the queue is empty.")
def worker(*, once: bool, **places: str | None) -> None:
    """Run background jobs: diffs and recompression.

    SIGTERM or Ctrl-C stops it. Servers run these jobs too; additional workers relieve them.
    """
    from codepush.server.operations import work

    anyio.run(lambda: work(load_settings(places), once=once))


@server.command()
@place_options
def migrate(**places: str | None) -> None:
    """Upgrade the database to the schema of this version.

    Needed once for a PostgreSQL database of an older version, before its servers start. Create a backup and stop the
    older servers first. A start upgrades SQLite databases and sets up empty ones.
    """
    from codepush.server.operations import migrate

    done = anyio.run(migrate, load_settings(places))
    click.echo("The database was upgraded." if done else "The database is up to date. Nothing was changed.")


for _command in (account, key, login_code, check, gc, backup, restore, stop_updates, start_updates):
    server.add_command(_command)
