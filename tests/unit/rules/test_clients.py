"""Facts about client plugins in the field."""

import pytest

from codepush.rules.clients import Client
from codepush.server.web.requestlines import is_plain_head

CAPACITOR = {
    "x-codepush-plugin-name": "cordova-plugin-code-push",
    "x-codepush-plugin-version": "1.11.13",
    "x-codepush-sdk-version": "3.1.5",
}


def head(headers):
    lines = {"host": "codepush.test", **headers}
    return "".join(f"{name.title()}: {value}\r\n" for name, value in lines.items()).encode() + b"\r\n"


def test_the_capacitor_plugin_takes_no_diffs():
    """The plugin that names itself like an older Cordova plugin gets whole packages; its head is not plain."""
    assert not Client.of(CAPACITOR).applies_diffs
    assert not is_plain_head(head(CAPACITOR))


@pytest.mark.parametrize(
    "other",
    [
        {},
        CAPACITOR | {"x-codepush-sdk-version": "2.0.6"},
        CAPACITOR | {"x-codepush-plugin-version": "1.12.3", "x-codepush-sdk-version": "3.0.1"},
        {"x-codepush-plugin-name": "react-native-code-push", "x-codepush-sdk-version": "3.1.5"},
    ],
)
def test_other_clients_take_diffs(other):
    """Clients that share only a part of these names, and those without any, are served on the fast path."""
    assert Client.of(other).applies_diffs
    assert is_plain_head(head(other))
