"""The administrator's commands, for a running server or before its first start."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
import sys
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import anyio

from codepush.errors import CodePushError
from codepush.rules.validation import AccessKeyInfo
from codepush.server import logs
from codepush.server.assembly.foundation import migrate as migrate_database
from codepush.server.assembly.parts import Parts, open_parts
from codepush.server.ports.errors import PortError
from codepush.server.services.caller import Caller, operator
from codepush.server.services.errors import ServiceError
from codepush.server.services.upkeep.garbage_collection import Cleaned
from codepush.server.services.upkeep.integrity import Findings
from codepush.server.storage.files import new_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
    from pathlib import Path

    from codepush.models import AccessKey, Account
    from codepush.server.services.upkeep.backups import BackedUp, Restored
    from codepush.server.settings import Settings

__all__ = [
    "Cleaned",
    "Findings",
    "add_account",
    "add_key",
    "back_up",
    "check",
    "clean",
    "keys",
    "list_accounts",
    "make_login_code",
    "migrate",
    "prepare",
    "remove_account",
    "restore",
    "revoke_key",
    "start_updates",
    "stop_updates",
    "work",
]

_DAY_MS: Final = 24 * 60 * 60 * 1000


def _operator() -> Caller:
    return operator(socket.gethostname())


@contextmanager
def _command_line_errors() -> Iterator[None]:
    """Convert errors of services and ports into errors that the command line prints."""
    try:
        yield
    except ServiceError as error:
        raise CodePushError(error.message) from error
    except PortError as error:
        raise CodePushError(str(error)) from error


@asynccontextmanager
async def _open(
    settings: Settings, prepare: Callable[[Parts], Awaitable[None]] = Parts.prepare
) -> AsyncIterator[Parts]:
    """Open the parts as `open_parts` does, with errors that the command line prints."""
    with _command_line_errors():
        async with open_parts(settings, prepare) as parts:
            yield parts


@contextmanager
def _file_errors(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CodePushError(f"{target} cannot be written: {error.strerror or error}.") from error


async def prepare(settings: Settings, *, new: bool = False) -> bool:
    """Prepare folders and database; return whether there is an account yet.

    Args:
        settings: The server's settings.
        new: Whether to accept an empty database although there are archives.

    Raises:
        CodePushError: The database or a folder cannot be used, or the database is empty although there are archives.

    """
    async with _open(settings, Parts.create) as parts:
        if new:
            await parts.first_start.accept(_operator())
        await parts.first_start.check()
        return await parts.access.accounts.any()


async def migrate(settings: Settings) -> bool:
    """Migrate the database to the schema of this version; return whether anything changed.

    Raises:
        CodePushError: The database cannot be used, or a newer version created it; the message names the reason.

    """
    with _command_line_errors():
        return await migrate_database(settings)


async def add_account(settings: Settings, email: str, name: str) -> tuple[Account, str]:
    """Create an account; return it and its first access key, which cannot be shown again.

    Raises:
        CodePushError: The address is not a valid email address or is taken, or the database cannot be used.

    """
    async with _open(settings) as parts:
        return await parts.access.accounts.add(_operator(), email, name)


async def add_key(settings: Settings, email: str, name: str | None, days: int) -> tuple[Account, AccessKey]:
    """Create another access key for an account; return both; the key cannot be shown again.

    Args:
        settings: The server's settings.
        email: The account's email address.
        name: The key's name; ``None`` for this machine's name and the time.
        days: Lifetime of the key, in days.

    Raises:
        CodePushError: The account does not exist, it has a key of this name, or the database cannot be used.

    """
    machine = socket.gethostname()
    info = AccessKeyInfo(
        friendly_name=name or f"{machine} {datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}", ttl=days * _DAY_MS
    )
    async with _open(settings) as parts:
        return await parts.access.accounts.add_key(operator(machine), email, info)


async def list_accounts(settings: Settings) -> Sequence[Account]:
    """Return all accounts.

    Raises:
        CodePushError: The database cannot be used.

    """
    async with _open(settings) as parts:
        return await parts.access.accounts.list()


async def remove_account(settings: Settings, email: str) -> None:
    """Remove an account with its keys.

    Raises:
        CodePushError: The account does not exist, something depends on it, or the database cannot be used.

    """
    async with _open(settings) as parts:
        await parts.access.accounts.remove(_operator(), email)


async def keys(settings: Settings, email: str) -> Sequence[AccessKey]:
    """Return an account's access keys, without their secrets.

    Raises:
        CodePushError: The account does not exist, or the database cannot be used.

    """
    async with _open(settings) as parts:
        return await parts.access.accounts.keys(_operator(), email)


async def revoke_key(settings: Settings, email: str, name: str) -> None:
    """Remove an access key of an account by its name.

    Raises:
        CodePushError: The account or key does not exist, or the database cannot be used.

    """
    async with _open(settings) as parts:
        await parts.access.accounts.revoke_key(_operator(), email, name)


async def check(settings: Settings, *, deep: bool, repair: bool = False) -> Findings:
    """Return the lost, damaged and inconsistent data.

    Args:
        settings: The server's settings.
        deep: Whether to read every archive instead of checking only that it exists.
        repair: Whether to create lost or damaged diffs again. By default, nothing is changed.

    Raises:
        CodePushError: The database or the archives cannot be reached.

    """
    async with _open(settings, Parts.prepare_existing) as parts:
        return await parts.upkeep.integrity.check(deep=deep, repair=repair)


async def clean(settings: Settings, *, retired_days: int, dry_run: bool) -> Cleaned:
    """Delete unreferenced and expired data; with ``dry_run`` only count it.

    Raises:
        CodePushError: The database or the archives cannot be reached.

    """
    async with _open(settings, Parts.prepare_existing) as parts:
        return await parts.upkeep.garbage_collection.clean(retired_days=retired_days, dry_run=dry_run)


async def stop_updates(settings: Settings, note: str | None) -> int:
    """Stop the updates of all deployments that are not stopped, and return their number.

    Args:
        settings: The server's settings.
        note: Why, for the audit trail.

    Raises:
        CodePushError: The database cannot be used.

    """
    async with _open(settings, Parts.prepare_existing) as parts:
        return await parts.releasing.stopping.stop_all(_operator(), note)


async def start_updates(settings: Settings, note: str | None) -> int:
    """Start the updates of the deployments that `stop_updates` has stopped, and return their number.

    Args:
        settings: The server's settings.
        note: Why, for the audit trail.

    Raises:
        CodePushError: The database cannot be used.

    """
    async with _open(settings, Parts.prepare_existing) as parts:
        return await parts.releasing.stopping.start_all(_operator(), note)


async def back_up(settings: Settings, target: Path) -> BackedUp:
    """Back up all data to a new file, which appears when it is complete; only its owner can read it.

    Raises:
        CodePushError: The file exists or cannot be written, or the database or the archives cannot be reached.

    """
    with _file_errors(target):
        if await anyio.Path(target).exists():
            raise FileExistsError(errno.EEXIST, "it already exists; choose another name")
        async with _open(settings, Parts.prepare_existing) as parts:
            with new_file(target) as part:
                part.touch(mode=0o600)
                with part.open("r+b") as file:
                    return await parts.upkeep.backups.back_up(file)


async def restore(settings: Settings, source: Path, *, replace: bool) -> Restored:
    """Restore a backup into the database and the store of these settings, of whatever kinds.

    Raises:
        CodePushError: The file is not a backup, or is damaged; the database has records and ``replace`` is false; or
            the database or the archives cannot be reached.

    """
    async with _open(settings, Parts.create) as parts:
        return await parts.upkeep.backups.restore(source, replace=replace)


async def make_login_code(settings: Settings, email: str) -> str:
    """Return a one-time code for a browser login; it cannot be shown again.

    Raises:
        CodePushError: The account does not exist, or the database cannot be used.

    """
    async with _open(settings) as parts:
        return await parts.access.logins.make_code(_operator(), email)


async def work(settings: Settings, *, once: bool) -> None:
    """Run background jobs until SIGTERM or Ctrl-C; with ``once``, until the queue is empty.

    Raises:
        CodePushError: The database or a folder cannot be used; the message names the reason.

    """
    logs.set_up(settings.log_level, settings.log_format)
    async with _open(settings) as parts:
        await parts.foundation.sweep()
        workers = parts.packages.workers
        sys.stderr.write(f"codepush server worker: at work (data in {settings.data})\n")
        with anyio.CancelScope() as scope:
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, scope.cancel)
            await (workers.run_all() if once else workers.run(parts.releasing.looking.run))
