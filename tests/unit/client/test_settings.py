"""What a client is told, checked before it does anything."""

import ssl

import pytest

from codepush import AsyncCodePush, CodePush, ConfigurationError, Unauthorized
from codepush.client.settings import DEFAULT_SERVER_URL, Secret, resolve

KEY = "s3cret-access-key"


def settings(environment=(), **given):
    nothing = {"access_key": KEY, "server_url": None, "timeout": 60.0, "max_retries": 3}
    nothing |= {"proxy": None, "headers": None, "verify": True}
    return resolve(dict(environment), **(nothing | given))


def test_arguments_come_before_the_environment_and_that_before_defaults():
    """The environment only speaks where the caller did not."""
    environment = {"CODEPUSH_ACCESS_KEY": "from-environment", "CODEPUSH_SERVER_URL": "https://push.example.com"}
    told = settings(environment, access_key=KEY, server_url="http://here:1")
    assert (told.access_key.reveal(), told.server_url) == (KEY, "http://here:1")
    told = settings(environment, access_key=None)
    assert (told.access_key.reveal(), told.server_url) == ("from-environment", "https://push.example.com")
    assert settings().server_url == DEFAULT_SERVER_URL == "http://127.0.0.1:3000"


@pytest.mark.parametrize("key", [None, ""])
def test_no_key_is_the_error_of_the_original(key):
    """The sentence and status that scripts of the original SDK know."""
    with pytest.raises(Unauthorized) as caught:
        settings(access_key=key)
    assert (caught.value.message, caught.value.status_code) == ("A token must be specified.", 401)


def test_an_empty_key_does_not_fall_back_to_the_environment():
    """An empty variable of a build job must not use somebody else's key."""
    with pytest.raises(Unauthorized):
        settings({"CODEPUSH_ACCESS_KEY": KEY}, access_key="")


@pytest.mark.parametrize("key", [f"{KEY}\n", f" {KEY}", f"{KEY}\r\nX-Evil: 1", f"{KEY}é", f"{KEY}\0"])
def test_a_key_that_cannot_be_sent_is_refused_without_showing_it(key):
    """Mostly it was read with its line break."""
    with pytest.raises(ConfigurationError) as caught:
        settings(access_key=key)
    assert KEY not in str(caught.value)
    assert caught.value.status_code is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "localhost:3000",
        "push.example.com",
        "ftp://push.example.com",
        "http://",
        "http://host:port",
        "http://host:99999",
        "http://ho st",
        "http://host\n",
        "http://user:pass@host",
        "http://host?x=1",
        "http://host/#a",
    ],
)
def test_an_address_that_cannot_work_is_refused(address):
    """The sentence says what a good one looks like, and never shows a password."""
    with pytest.raises(ConfigurationError, match=r"^The server URL must") as caught:
        settings(server_url=address)
    assert "pass" not in str(caught.value).replace("a password", "")


@pytest.mark.parametrize("address", ["http://host:1/", "http://host:1//", "http://host:1"])
def test_slashes_at_the_end_of_the_address_do_not_matter(address):
    """Paths are appended to it."""
    assert settings(server_url=address).server_url == "http://host:1"


def test_an_address_may_have_a_path():
    """Servers are found below others, and at the alias that App Center had."""
    assert settings(server_url="https://x.example.com/v0.1/legacy/").server_url == "https://x.example.com/v0.1/legacy"


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_timeout_that_is_none_is_refused(timeout):
    """Waiting for ever is said with None."""
    with pytest.raises(ConfigurationError, match="timeout"):
        settings(timeout=timeout)
    assert settings(timeout=None).timeout is None


def test_negative_retries_are_refused():
    """Zero is the least."""
    with pytest.raises(ConfigurationError, match="max_retries"):
        settings(max_retries=-1)


@pytest.mark.parametrize("name", ["Authorization", "authorization", "Content-Length"])
def test_headers_the_client_sets_are_refused(name):
    """Two ways to give a key would hide which one counts."""
    with pytest.raises(ConfigurationError, match=name):
        settings(headers={name: "Bearer x"})


@pytest.mark.parametrize("header", [{"X-A": "b\r\nX-B: c"}, {"X-A\n": "b"}, {"X-Ä": "b"}, {"": "b"}, {"X A": "b"}])
def test_headers_that_cannot_be_sent_are_refused(header):
    """Before anything is sent, and without showing their value."""
    with pytest.raises(ConfigurationError, match="cannot be sent"):
        settings(headers=header)


@pytest.mark.parametrize("address", ["", "proxy:8080", "gopher://proxy", "user:pass@proxy:1", "http://user:pass@:1"])
def test_a_proxy_that_cannot_work_is_refused_without_showing_it(address):
    """It may hold a password."""
    with pytest.raises(ConfigurationError, match="proxy") as caught:
        settings(proxy=address)
    assert "pass" not in str(caught.value)


def test_certificates_that_cannot_be_read_are_refused(tmp_path):
    """A file that is missing or holds something else is named."""
    with pytest.raises(ConfigurationError, match=r"missing\.pem"):
        settings(verify=tmp_path / "missing.pem")
    (tmp_path / "odd.pem").write_text("not a certificate")
    with pytest.raises(ConfigurationError, match=r"odd\.pem"):
        settings(verify=str(tmp_path / "odd.pem"))


def test_certificates_may_come_as_a_context():
    """For everything a file cannot say."""
    context = ssl.create_default_context()
    assert settings(verify=context).verify is context


@pytest.mark.parametrize("client", [CodePush, AsyncCodePush])
def test_a_bad_proxy_of_the_environment_is_a_configuration_error(client, monkeypatch):
    """The library's complaint becomes ours, and does not show the password."""
    monkeypatch.setenv("HTTPS_PROXY", "gopher://user:hunter2@proxy:1")
    with pytest.raises(ConfigurationError, match="HTTPS_PROXY") as caught:
        client(KEY)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_secrets_do_not_show():
    """Neither alone nor inside settings, in any usual way of printing."""
    told = settings(proxy="http://user:hunter2@proxy:1")
    for shown in (repr(Secret(KEY)), str(Secret(KEY)), f"{Secret(KEY)}", repr(told), str(told)):
        assert KEY not in shown
        assert "hunter2" not in shown


def test_a_client_shows_its_server_only():
    """So that it can be printed and logged."""
    with CodePush(KEY, "https://host:1/") as client:
        assert repr(client) == "CodePush(server_url='https://host:1')"
    assert repr(AsyncCodePush(KEY, "https://host:1")) == "AsyncCodePush(server_url='https://host:1')"


def test_the_environment_is_read_when_a_client_is_made(monkeypatch):
    """Both variables are enough to make one without arguments."""
    monkeypatch.setenv("CODEPUSH_ACCESS_KEY", KEY)
    monkeypatch.setenv("CODEPUSH_SERVER_URL", "https://push.example.com")
    with CodePush() as client:
        assert repr(client) == "CodePush(server_url='https://push.example.com')"
