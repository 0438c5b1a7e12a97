"""Where access keys are kept."""

import json
import stat
from typing import Any

import pytest

from codepush import ConfigurationError
from codepush.cli.credentials import Credentials, clean_address

SERVER = "https://push.example.com"
OTHER = "https://other.example.com"


@pytest.fixture
def environment(tmp_path):
    return {"CODEPUSH_CONFIG_DIR": str(tmp_path / "config"), "CODEPUSH_KEYRING": "off", "HOME": str(tmp_path)}


@pytest.fixture
def credentials(environment):
    return Credentials(environment)


def test_kept_for_its_owner_only(credentials):
    """A key is kept in a file that nobody else can read, in a folder that nobody else can enter."""
    credentials.keep(SERVER, "secret-key", is_session=True)
    assert stat.S_IMODE(credentials.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(credentials.path.parent.stat().st_mode) == 0o700
    kept = credentials.find(SERVER)
    assert (kept.access_key, kept.is_session, kept.place) == ("secret-key", True, str(credentials.path))
    assert "secret-key" not in repr(kept)


def test_several_servers(credentials):
    """Each server has a key of its own; the last log-in is the default, and the one before it when that is gone."""
    assert (credentials.default_server(), credentials.find(SERVER)) == (None, None)
    credentials.keep(SERVER, "one", is_session=False)
    credentials.keep(OTHER, "two", is_session=False)
    assert credentials.default_server() == OTHER
    assert (credentials.find(SERVER).access_key, credentials.find(OTHER).access_key) == ("one", "two")
    credentials.forget(OTHER)
    assert (credentials.default_server(), credentials.find(OTHER)) == (SERVER, None)
    credentials.forget(SERVER)
    assert credentials.default_server() is None


def test_original_session_file(credentials, tmp_path):
    """The original's session is read for its own server only, and never written."""
    file = tmp_path / ".code-push.config"
    text = json.dumps({"accessKey": "old-key", "preserveAccessKeyOnLogout": True, "customServerUrl": f"{SERVER}/"})
    file.write_text(text)
    assert credentials.default_server() == SERVER
    kept = credentials.find(SERVER)
    assert (kept.access_key, kept.is_foreign) == ("old-key", True)
    assert str(file) in kept.place
    assert credentials.find(OTHER) is None
    credentials.keep(SERVER, "new-key", is_session=False)
    assert credentials.find(SERVER).access_key == "new-key"
    assert file.read_text() == text


def test_original_session_without_a_server(credentials, tmp_path):
    """Without a server, the original's session is for the server on this machine, whichever way that is written."""
    (tmp_path / ".code-push.config").write_text('{"accessKeyName": "old-key"}')
    assert credentials.find("http://127.0.0.1:3000").access_key == "old-key"
    assert credentials.find("http://localhost:3000").access_key == "old-key"
    assert credentials.find("http://127.0.0.1:3001") is None


@pytest.mark.parametrize("text", ["", "[]", "null", '"x"', "{", '{"accessKey": 1}'])
def test_broken_original_session(credentials, tmp_path, text):
    """A broken session of the original is no session."""
    (tmp_path / ".code-push.config").write_text(text)
    assert credentials.find("http://localhost:3000") is None


def test_broken_file(credentials):
    """A broken file is told, with what to do; it is not written over."""
    credentials.path.parent.mkdir()
    credentials.path.write_text("{")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        credentials.find(SERVER)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        credentials.keep(SERVER, "key", is_session=False)
    assert credentials.path.read_text() == "{"


def test_unusable_folder(environment, tmp_path):
    """A folder that cannot be made is told, with what to do instead."""
    (tmp_path / "config").write_text("a file")
    with pytest.raises(ConfigurationError, match="CODEPUSH_ACCESS_KEY"):
        Credentials(environment).keep(SERVER, "key", is_session=False)


def test_keyring(environment):
    """With a keyring, the key is there and not in the file."""
    keyring: Any = pytest.importorskip("keyring")
    kept = {}

    class Ring(keyring.backend.KeyringBackend):
        priority = 1

        def set_password(self, service, username, password):
            kept[service, username] = password

        def get_password(self, service, username):
            return kept.get((service, username))

        def delete_password(self, service, username):
            del kept[service, username]

    before = keyring.get_keyring()
    keyring.set_keyring(Ring())
    try:
        credentials = Credentials(environment | {"CODEPUSH_KEYRING": ""})
        credentials.keep(SERVER, "secret-key", is_session=False)
        assert "secret-key" not in credentials.path.read_text()
        assert credentials.find(SERVER).access_key == "secret-key"
        assert kept == {("codepush", SERVER): "secret-key"}
        credentials.forget(SERVER)
        assert (kept, credentials.find(SERVER)) == ({}, None)
        credentials.keep(SERVER, "secret-key", is_session=False)
        kept.clear()
        assert credentials.find(SERVER) is None
    finally:
        keyring.set_keyring(before)


def test_keyring_that_is_gone(environment):
    """A key that went into a keyring which is not there any more is told, with what to do."""
    keyring: Any = pytest.importorskip("keyring")
    credentials = Credentials(environment)
    credentials.keep(SERVER, "key", is_session=False)
    said = json.loads(credentials.path.read_text())
    del said["servers"][SERVER]["accessKey"]
    credentials.path.write_text(json.dumps(said))
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())
    try:
        with pytest.raises(ConfigurationError, match="cannot be used here"):
            credentials.find(SERVER)
    finally:
        keyring.set_keyring(before)


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("https://push.example.com/", SERVER),
        (" https://push.example.com// ", SERVER),
        (r"https:\push.example.com", SERVER),
        (r"https:\\push.example.com", SERVER),
    ],
)
def test_addresses(typed, address):
    """An address is remembered in one form, however it was typed."""
    assert clean_address(typed) == address
