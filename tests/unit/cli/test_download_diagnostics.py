"""Whether devices elsewhere can use the address of a download, as far as the address tells."""

import pytest

from codepush.cli.download_diagnostics import address_fault, setting_fault

FAR, NEAR, HERE = "https://8.8.8.8", "http://192.168.1.5:3000", "http://127.0.0.1:3000"


@pytest.mark.parametrize(
    ("url", "server_url", "reason"),
    [
        ("http://0.0.0.0:3000/x.zip", HERE, "address to listen on"),
        ("http://0.0.0.0:3000/x.zip", FAR, "address to listen on"),
        ("http://[::]:3000/x.zip", NEAR, "address to listen on"),
        ("http://127.0.0.1:3000/x.zip", FAR, "leads each device to itself"),
        ("http://localhost:3000/x.zip", NEAR, "leads each device to itself"),
        ("http://[::1]:3000/x.zip", FAR, "leads each device to itself"),
        ("https://10.0.0.7/x.zip", FAR, "private network"),
        ("https://172.16.0.1/x.zip", FAR, "private network"),
        ("https://[fd00::1]/x.zip", FAR, "private network"),
        ("http://1.1.1.1/x.zip", FAR, "not https"),
    ],
)
def test_addresses_that_do_not_lead_anywhere(url, server_url, reason):
    """Addresses to listen on, of this machine, of a private network, and without https are named as such."""
    assert reason in address_fault(url, server_url)


@pytest.mark.parametrize(
    ("url", "server_url"),
    [
        ("https://8.8.8.8/x.zip", FAR),
        ("https://1.1.1.1/x.zip", FAR),
        ("http://192.168.1.5:3000/x.zip", NEAR),
        ("http://192.168.1.9:9000/x.zip", NEAR),
        ("http://127.0.0.1:3000/x.zip", HERE),
        ("http://127.0.0.1:9000/x.zip", HERE),
        ("https://1.1.1.1/x.zip", HERE),
    ],
)
def test_addresses_that_devices_can_use(url, server_url):
    """The server's own address, another public one, and for a trial on one machine or network an address of it."""
    assert address_fault(url, server_url) is None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://0.0.0.0:3000", "address to listen on"),
        ("https://localhost:3000", "leads each device to itself"),
        ("http://127.0.0.1:3000", "leads each device to itself"),
        ("http://10.0.2.2:3000", "not https"),
        ("http://codepush.invalid", "not https"),
    ],
)
def test_servers_in_an_app_that_devices_cannot_use(url, reason):
    """Addresses to listen on, of the device itself, and without https are named as such."""
    assert reason in setting_fault(url)


@pytest.mark.parametrize("url", ["https://8.8.8.8", "https://192.168.1.5:3000", "https://codepush.invalid"])
def test_servers_in_an_app_that_devices_can_use(url):
    """Any other address is one that devices may reach, as far as it tells."""
    assert setting_fault(url) is None
