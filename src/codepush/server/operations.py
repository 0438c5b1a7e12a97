"""What an operator's commands do, beside the server or before its first start."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import anyio

from codepush.errors import CodePushError
from codepush.rules.validation import AccessKeyInfo
from codepush.server.app import migrate as migrate_database, open_accounts, open_logins, open_worker
from codepush.server.ports import PortError
from codepush.server.services.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codepush.models import AccessKey, Account
    from codepush.server.settings import Settings

__all__ = ["add_account", "add_key", "make_login_code", "migrate", "prepare", "work"]

_DAY_MS: Final = 24 * 60 * 60 * 1000


@contextmanager
def _for_people() -> Iterator[None]:
    """Raise what goes wrong inside as an error of the tree that the command line prints."""
    try:
        yield
    except ServiceError as error:
        raise CodePushError(error.message) from error
    except PortError as error:
        raise CodePushError(str(error)) from error


async def prepare(settings: Settings) -> bool:
    """Make folders and database ready to serve; return whether there is an account yet.

    Raises:
        CodePushError: the database or a folder cannot be used; the sentence says why.

    """
    with _for_people():
        async with open_accounts(settings) as accounts:
            return await accounts.any()


async def migrate(settings: Settings) -> bool:
    """Bring the database to the schema of this version; return whether there was something to do.

    Raises:
        CodePushError: the database cannot be used, or a newer version made it; the sentence says which.

    """
    with _for_people():
        return await migrate_database(settings)


async def add_account(settings: Settings, email: str, name: str) -> tuple[Account, str]:
    """Create an account; return it and its first access key, which cannot be shown again.

    Raises:
        CodePushError: the address is no e-mail address or is taken, or the database cannot be used.

    """
    with _for_people():
        async with open_accounts(settings) as accounts:
            return await accounts.add(email, name, created_by=socket.gethostname())


async def add_key(settings: Settings, email: str, name: str | None, days: int) -> tuple[Account, AccessKey]:
    """Create another access key for an account; return both. The key cannot be shown again.

    Args:
        settings: where the database is.
        email: whose key it is.
        name: what to call it; ``None`` for this machine and the time.
        days: how long it is good for.

    Raises:
        CodePushError: there is no such account, it has a key of this name, or the database cannot be used.

    """
    machine = socket.gethostname()
    info = AccessKeyInfo(
        friendly_name=name or f"{machine} {datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}", ttl=days * _DAY_MS
    )
    with _for_people():
        async with open_accounts(settings) as accounts:
            return await accounts.add_key(email, info, created_by=machine)


async def make_login_code(settings: Settings, email: str) -> str:
    """Return a one-time code with which somebody can log in with a browser. It cannot be shown again.

    Raises:
        CodePushError: there is no such account, or the database cannot be used.

    """
    with _for_people():
        async with open_logins(settings) as logins:
            return await logins.make_code(email)


async def work(settings: Settings, *, once: bool) -> None:
    """Do the work in the background until SIGTERM or Ctrl-C, or with ``once`` until nothing is left to do.

    Raises:
        CodePushError: the database or a folder cannot be used; the sentence says why.

    """
    with _for_people():
        async with open_worker(settings) as worker:
            sys.stderr.write(f"codepush server worker: at work (data in {settings.data})\n")
            with anyio.CancelScope() as scope:
                for number in (signal.SIGTERM, signal.SIGINT):
                    asyncio.get_running_loop().add_signal_handler(number, scope.cancel)
                await (worker.run_all() if once else worker.run())
