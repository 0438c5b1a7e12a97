"""Limits on how long a request may take, so that one that hangs does not hold on to what others need."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from codepush.server.services.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["TookTooLongError", "at_most"]


class TookTooLongError(ServiceError):
    """The request was given up."""


@asynccontextmanager
async def at_most(seconds: float) -> AsyncIterator[None]:
    """Give the block up after some seconds.

    Raises:
        TookTooLongError: it took longer.

    """
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise TookTooLongError(
            f"The request took longer than {seconds:g} seconds and was given up. Look whether it has taken effect "
            "before you repeat it.",
            code="request_timeout",
        ) from error
