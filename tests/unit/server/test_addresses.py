"""Addresses of clients, as limits count them."""

import pytest

from codepush.server.web.addresses import counted_address


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("unknown", "unknown"),
    ],
)
def test_a_site_counts_once(host, counted):
    """An IPv6 site counts under its network, everything else under its own name."""
    assert counted_address(host) == counted


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_loopback_is_exempt(host):
    """Loopback addresses have no name, since no limit applies to them."""
    assert counted_address(host) is None
