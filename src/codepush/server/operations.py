"""What an operator's commands do, beside the server or before its first start."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

from codepush.errors import CodePushError
from codepush.server.app import open_accounts
from codepush.server.ports import PortError
from codepush.server.services.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codepush.models import Account
    from codepush.server.settings import Settings

__all__ = ["add_account", "prepare"]


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


async def add_account(settings: Settings, email: str, name: str) -> tuple[Account, str]:
    """Create an account; return it and its first access key, which cannot be shown again.

    Raises:
        CodePushError: the address is no e-mail address or is taken, or the database cannot be used.

    """
    with _for_people():
        async with open_accounts(settings) as accounts:
            return await accounts.add(email, name, created_by=socket.gethostname())
