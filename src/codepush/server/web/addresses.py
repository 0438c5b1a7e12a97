"""Addresses of clients, as limits count them."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

__all__ = ["counted_address"]

_ONE_SITE: Final = 64
"""Bits of an IPv6 address that a provider assigns to one site; the site chooses the others freely."""


@lru_cache(maxsize=4096)
def counted_address(host: str) -> str | None:
    """Return the name under which limits count a client.

    Args:
        host: The client's address, or any other string for a client without one, such as ``unknown``.

    Returns:
        An IPv4 address unchanged, the /64 network of an IPv6 address, any other string unchanged; ``None`` for loopback
        addresses, which no limit applies to.

    """
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return None if address.is_loopback else str(ip_network((int(address), _ONE_SITE), strict=False))
        address = address.ipv4_mapped
    return None if address.is_loopback else str(address)
