"""Addresses of clients behind proxies: which part of ``X-Forwarded-For`` is trusted."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["UNKNOWN", "ForwardedClients", "Proxies"]

Address: TypeAlias = "IPv4Address | IPv6Address"
Network: TypeAlias = "IPv4Network | IPv6Network"

UNKNOWN: Final = "unknown"
"""The address of a client whose proxy sent something other than an address."""

_LOOPBACK: Final = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
_MOST_HOPS: Final = 10
_SCHEMES: Final = {b"http": "http", b"https": "https"}


class Proxies(Struct, frozen=True):
    """The proxies whose ``X-Forwarded-For`` and ``X-Forwarded-Proto`` the server trusts.

    Each proxy appends the address of its own client, so only the right end of the list is reliable: the rest is
    whatever the client sent.

    Attributes:
        networks: The networks of the proxies; loopback is always among them.
        hops: The number of proxies, with any addresses; ``None`` to use networks.

    """

    networks: tuple[Network, ...] = _LOOPBACK
    hops: int | None = None

    @classmethod
    def parse(cls, text: str) -> Proxies:
        """Return the proxies in a setting: networks separated by commas, or a number of hops.

        Raises:
            ValueError: The string is neither.

        """
        if text.strip().isdecimal():
            hops = int(text)
            if hops > _MOST_HOPS:
                raise ValueError(f"{text.strip()} proxies in a row are more than {_MOST_HOPS}")
            return cls(hops=hops)
        return cls((*_LOOPBACK, *(ip_network(one.strip()) for one in text.split(",") if one.strip())))

    def trusts(self, host: str, *, hop: int = 0) -> bool:
        """Return whether the sender of an entry is a trusted proxy.

        Args:
            host: The sender's address.
            hop: The number of entries to the right of this one.

        """
        if self.hops is not None:
            return hop < self.hops
        address = _address(host)
        return address is not None and any(address in network for network in self.networks)

    def client(self, peer: str, entries: Iterable[str]) -> str:
        """Return the address of a client.

        Args:
            peer: The address at the other end of the connection.
            entries: The entries of ``X-Forwarded-For``, from left to right.

        Returns:
            The rightmost address that no trusted proxy has; ``unknown`` if a trusted proxy sent no address there.

        """
        host = peer
        for hop, entry in enumerate(reversed(list(entries))):
            if not self.trusts(host, hop=hop):
                break
            address = _address(_without_port(entry.strip()))
            if address is None:
                return UNKNOWN
            if not address.is_loopback:  # a client on the proxy's machine counts as the proxy
                host = str(address)
        return host


class ForwardedClients:
    """Replaces the address and the scheme of requests that come through trusted proxies."""

    def __init__(self, app: ASGIApp, proxies: Proxies) -> None:
        self._app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its client's address."""
        if scope["type"] == "http" and scope.get("client"):
            self._replace(scope)
        await self._app(scope, receive, send)

    def _replace(self, scope: Scope) -> None:
        """Replace address and scheme in place: they apply to everything that handles the request."""
        peer, port = scope["client"]
        if not self._proxies.trusts(peer):
            return
        sent = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
        if sent:
            client = self._proxies.client(peer, b",".join(sent).decode("latin-1").split(","))
            scope["client"] = (client, port if client == peer else 0)
        for name, value in scope["headers"]:
            if name == b"x-forwarded-proto":
                scope["scheme"] = _SCHEMES.get(value.strip().lower(), scope["scheme"])


def _without_port(entry: str) -> str:
    """Return the address of ``ADDRESS``, ``IPV4:PORT``, ``[IPV6]`` or ``[IPV6]:PORT``; anything else unchanged."""
    if entry.startswith("["):
        host, bracket, port = entry[1:].partition("]")
        return host if bracket and (not port or _is_port(port)) else entry
    host, colon, port = entry.partition(":")
    return host if "." in host and _is_port(colon + port) else entry


def _is_port(text: str) -> bool:
    return text.startswith(":") and text[1:].isascii() and text[1:].isdecimal()


def _address(text: str) -> Address | None:
    """Return an address; an IPv4 address in IPv6 notation as itself, ``None`` for anything else."""
    if "%" in text:  # a zone is meaningless on other machines and can be any string
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
