"""Which address counts as the client's when proxies are in front of the server."""

import pytest

from codepush.server.web.proxies import UNKNOWN, ForwardedClients, Proxies

INNER, OUTER, CLIENT, FORGED = "10.0.0.1", "10.0.0.2", "203.0.113.7", "198.51.100.9"


def client(setting, peer, *header):
    return Proxies.parse(setting).client(peer, ",".join(header).split(",") if header else ())


@pytest.mark.parametrize(
    ("setting", "peer", "header", "found"),
    [
        ("", CLIENT, (FORGED,), CLIENT),
        ("", "127.0.0.1", (), "127.0.0.1"),
        ("", "127.0.0.1", (FORGED, CLIENT), CLIENT),
        ("", "::1", (FORGED, CLIENT), CLIENT),
        ("", "127.0.0.1", (CLIENT, "127.0.0.1"), CLIENT),
        ("", "::ffff:127.0.0.1", (FORGED, CLIENT), CLIENT),
        ("", INNER, (FORGED, CLIENT), INNER),
        ("10.0.0.0/8", INNER, (FORGED, CLIENT), CLIENT),
        ("10.0.0.0/8", INNER, (FORGED, CLIENT, OUTER), CLIENT),
        ("10.0.0.0/8", "::ffff:10.0.0.1", (FORGED, CLIENT), CLIENT),
        ("10.0.0.0/8", INNER, (OUTER,), OUTER),
        ("10.0.0.0/8", INNER, (), INNER),
        ("10.0.0.0/8", CLIENT, (FORGED,), CLIENT),
        ("10.0.0.1, fd00::/8", INNER, (FORGED, CLIENT, "fd00::5"), CLIENT),
        ("10.0.0.1", INNER, (FORGED, OUTER), OUTER),
        ("1", INNER, (FORGED, CLIENT), CLIENT),
        ("2", INNER, (FORGED, CLIENT, OUTER), CLIENT),
        ("5", INNER, (CLIENT, OUTER), CLIENT),
        ("5", INNER, (), INNER),
        ("0", "127.0.0.1", (CLIENT,), "127.0.0.1"),
    ],
)
def test_only_the_right_end_of_the_list_counts(setting, peer, header, found):
    """The client is the rightmost address that no trusted proxy has; what it sent itself never counts."""
    assert client(setting, peer, *header) == found


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        (" 203.0.113.7\t", CLIENT),
        ("203.0.113.7:443", CLIENT),
        ("::ffff:203.0.113.7", CLIENT),
        ("2001:DB8::0:1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        *((entry, UNKNOWN) for entry in ("", "unknown", "_hidden", "unix:", "203.0.113.7:", "203.0.113.7:x", "1.2.3")),
        *(
            (entry, UNKNOWN)
            for entry in ("[2001:db8::1", "[2001:db8::1]x", "fe80::1%eth0", "203.0.113.7:٤", "x" * 9999)
        ),
    ],
)
def test_spellings_of_an_entry(entry, found):
    """Ports and brackets are allowed; anything that is not an address counts as one unknown client."""
    assert client("1", INNER, entry) == found


@pytest.mark.parametrize("entry", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "127.9.9.9:1"])
def test_no_header_makes_a_client_local(entry):
    """A loopback address in the header stands for the machine that sent it, which limits still count."""
    assert client("10.0.0.0/8", INNER, entry) == INNER
    assert client("2", INNER, entry, CLIENT) == CLIENT


@pytest.mark.parametrize("setting", ["*", "10.0.0.0/33", "10.0.0.1/8", "proxy.example.com", "-1", "11", "1,", "1.5"])
def test_settings_that_are_neither_networks_nor_hops(setting):
    """Anything else is an error, since a wrong guess would let clients choose their address."""
    with pytest.raises(ValueError, match=r".+"):
        Proxies.parse(setting)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("peer", "headers", "seen"),
    [
        (INNER, [("x-forwarded-for", FORGED), ("x-forwarded-for", CLIENT)], (CLIENT, 0, "http")),
        (INNER, [("x-forwarded-for", CLIENT), ("x-forwarded-proto", "https")], (CLIENT, 0, "https")),
        (INNER, [("x-forwarded-proto", "javascript")], (INNER, 5000, "http")),
        (CLIENT, [("x-forwarded-for", FORGED), ("x-forwarded-proto", "https")], (CLIENT, 5000, "http")),
    ],
)
async def test_requests_carry_their_client(peer, headers, seen):
    """Several lines of the header are one list, and the scheme comes from trusted proxies only."""
    scopes = []

    async def app(scope, _receive, _send):
        scopes.append(scope)

    scope = {
        "type": "http",
        "scheme": "http",
        "client": (peer, 5000),
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    }
    await ForwardedClients(app, Proxies.parse("10.0.0.0/8"))(scope, None, None)
    assert [(*one["client"], one["scheme"]) for one in scopes] == [seen]
