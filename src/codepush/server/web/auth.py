"""Authentication: the access key in a request, and the limits on attempts."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from codepush.server.services.errors import UnauthenticatedError
from codepush.server.web.addresses import counted_address
from codepush.server.web.proxies import UNKNOWN
from codepush.server.web.ratelimits import RateLimit, RateLimitedError
from codepush.server.web.request_log import notes

if TYPE_CHECKING:
    from starlette.requests import Request

    from codepush.server.services.access.access_keys import AccessKeys
    from codepush.server.services.caller import Caller

__all__ = ["FailedLogins", "Gate", "Limits", "access_key", "address", "limited_address"]

_PROVEN: Final = 10_000
"""Number of valid access keys that are cached; the oldest is evicted first."""


class FailedLogins:
    """Failed logins by address. Beyond the limit, the server checks no further credentials from the address.

    Loopback addresses are exempt, and an IPv6 site counts as one address.

    Args:
        limit: Failed logins accepted from one address.

    """

    def __init__(self, limit: RateLimit) -> None:
        self._limit = limit

    def refuse_exhausted(self, request: Request) -> None:
        """Reject a request from an address with too many failed logins.

        Raises:
            RateLimitedError: The limit for the last minute was exceeded.

        """
        site = counted_address(address(request))
        if site is not None:
            self._limit.refuse_exhausted(site)

    def count(self, request: Request) -> None:
        """Count a failed login."""
        site = counted_address(address(request))
        if site is not None:
            with suppress(RateLimitedError):  # other requests from this address failed meanwhile
                self._limit.check(site)


class Limits(Struct, frozen=True):
    """Limits on requests from one address and with one access key, and on failed logins."""

    per_address: RateLimit
    per_key: RateLimit
    failures: FailedLogins


class Gate:
    """Authenticates requests and applies the rate limits.

    Args:
        access_keys: The service that checks keys.
        limits: The limits; ``None`` for no limits.

    """

    def __init__(self, access_keys: AccessKeys, limits: Limits | None) -> None:
        self._access_keys = access_keys
        self._limits = limits
        self._proven: dict[str, None] = {}

    async def admit(self, request: Request) -> Caller:
        """Return the caller of a request.

        Raises:
            RateLimitedError: Too many requests or failed logins from its address, or requests with its key.
            UnauthenticatedError: The key is missing, unknown or expired.

        """
        key = access_key(request)
        digest = hashlib.sha256((key or "").encode()).hexdigest()
        if self._limits is not None:
            self._limits.per_address.check(limited_address(request))
            if key is not None and digest not in self._proven:
                self._limits.failures.refuse_exhausted(request)
            self._limits.per_key.check(digest)
        caller = await self._authenticate(request, key, digest)
        notes(request.scope)["account"] = caller.account.id
        return caller

    async def _authenticate(self, request: Request, key: str | None, digest: str) -> Caller:
        """Return the caller with a key; cache a valid key and count a wrong one."""
        try:
            caller = await self._access_keys.authenticate(key, request_id=request.scope.get("request_id"))
        except UnauthenticatedError as error:
            self._proven.pop(digest, None)
            # A missing or expired key is no attempt to guess one.
            if self._limits is not None and key is not None and error.code == "invalid_access_key":
                self._limits.failures.count(request)
            raise
        if digest not in self._proven:
            if len(self._proven) >= _PROVEN:
                del self._proven[next(iter(self._proven))]
            self._proven[digest] = None
        return caller


def access_key(request: Request) -> str | None:
    """Return the access key of a request, from a header or the query.

    ``Authorization: Bearer KEY`` and ``?access_token=KEY`` belong to the standalone dialect (standalone management API,
    section 1.2), ``X-API-Token: KEY`` to App Center's (clients in the field, section 4). A request with more than one
    of them counts as one without a key. The original also looks into the body; no client sends a key there, and the
    upload of a client without a key must not be read.
    """
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    keys = [bearer.strip()] if scheme.lower() == "bearer" else []
    keys += request.headers.getlist("x-api-token") + request.query_params.getlist("access_token")
    return keys[0] if len(keys) == 1 else None


def address(request: Request) -> str:
    """Return the client's address; behind trusted proxies, the one determined by :class:`ForwardedClients`."""
    return request.client.host if request.client else UNKNOWN


def limited_address(request: Request) -> str:
    """Return the address by which limits count a request: the /64 network for IPv6, loopback unchanged."""
    host = address(request)
    return counted_address(host) or host
