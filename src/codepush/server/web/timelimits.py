"""Time limits on requests, so that a request that hangs does not block resources."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from codepush.server.services.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["TookTooLongError", "at_most"]


class TookTooLongError(ServiceError):
    """The request exceeded its time limit."""


@asynccontextmanager
async def at_most(seconds: float) -> AsyncIterator[None]:
    """Cancel the block after a number of seconds.

    Raises:
        TookTooLongError: The block took longer.

    """
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise TookTooLongError(
            f"The request took longer than {seconds:g} seconds and was cancelled. Check whether it has taken effect "
            "before you retry.",
            code="request_timeout",
        ) from error
