"""Who is asking: the access key in a request, and whether it is let in."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from msgspec import Struct

from codepush.server.web.ratelimits import RateLimit
from codepush.server.web.watching import notes

if TYPE_CHECKING:
    from starlette.requests import Request

    from codepush.server.ports import AccountRecord
    from codepush.server.services.access_keys import AccessKeys

__all__ = ["Gate", "Limits", "access_key", "address"]


class Limits(Struct, frozen=True):
    """How many requests are let in from one address, and with one access key."""

    per_address: RateLimit
    per_key: RateLimit


class Gate:
    """Lets requests in that carry a good access key, and not too many of them.

    Args:
        access_keys: knows the keys.
        limits: ``None`` for no limits.

    """

    def __init__(self, access_keys: AccessKeys, limits: Limits | None) -> None:
        self._access_keys = access_keys
        self._limits = limits

    async def admit(self, request: Request) -> AccountRecord:
        """Return whose request it is.

        Raises:
            RateLimitedError: too many requests came from its address, or with its key.
            UnauthenticatedError: it has no key, or none that is good.

        """
        key = access_key(request)
        if self._limits is not None:
            self._limits.per_address.check(address(request))
            self._limits.per_key.check(hashlib.sha256((key or "").encode()).hexdigest())
        caller = await self._access_keys.authenticate(key)
        notes(request.scope)["account"] = caller.id
        return caller


def access_key(request: Request) -> str | None:
    """Return the access key of a request, from a header or the query.

    ``Authorization: Bearer KEY`` and ``?access_token=KEY`` are the standalone dialect's (standalone
    management API, section 1.2), ``X-API-Token: KEY`` is App Center's (clients in the field, section
    4). More than one of them are as good as none. The original also looks into the body; no client
    sends a key there, and whoever has none should not get an upload read.
    """
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    keys = [bearer.strip()] if scheme.lower() == "bearer" else []
    keys += request.headers.getlist("x-api-token") + request.query_params.getlist("access_token")
    return keys[0] if len(keys) == 1 else None


def address(request: Request) -> str:
    """Return the address a request comes from; behind a trusted proxy uvicorn has put the client's there."""
    return request.client.host if request.client else "unknown"
