"""Logging in and out without a browser, and what is kept where."""

import json
import socket
import stat

import pytest

from codepush.testing import live_server
from support.browsing import log_in_with_browser
from support.commands import CommandLine


@pytest.fixture
def cli(tmp_path):
    """Give the command line of somebody who has never logged in anywhere."""
    return CommandLine(tmp_path)


def kept(cli):
    """Return the file that log-ins are kept in."""
    (path,) = cli.home.rglob("credentials.json")
    return path


def test_login_by_key(cli, codepush_server):
    """A key on stdin logs in to a server, which commands then talk to; logging out forgets it."""
    said = cli.text("login", codepush_server.url, stdin=f"{codepush_server.access_key}\n")
    assert said.startswith(f"Successfully logged-in to {codepush_server.url}.")
    assert str(kept(cli)) in said
    assert stat.S_IMODE(kept(cli).stat().st_mode) == 0o600
    assert cli.text("whoami") == "owner@example.test"
    assert cli.json("whoami")["accessKeyFrom"] == str(kept(cli))
    assert cli.json("logout") == {"server": codepush_server.url, "loggedOut": True}
    assert cli.fails("whoami")[0] == 5
    assert cli.text("whoami", CODEPUSH_ACCESS_KEY=codepush_server.access_key, CODEPUSH_SERVER_URL=codepush_server.url)


@pytest.mark.parametrize("words", [["--accessKey"], ["--key"], ["--access-key"], ["--token"]])
def test_login_by_key_among_the_arguments(cli, codepush_server, words):
    """The original's way is understood, with a warning that others can see the key."""
    done = cli.run("login", codepush_server.url, *words, codepush_server.access_key)
    assert done.returncode == 0
    assert "can see an access key" in done.stderr
    assert codepush_server.access_key not in done.stdout + done.stderr
    done = cli.run("login", codepush_server.url, *words, "-", stdin=codepush_server.access_key)
    assert (done.returncode, done.stderr) == (0, "")


def test_wrong_key(cli, codepush_server):
    """A key that the server does not know is not kept."""
    code, said = cli.fails("login", codepush_server.url, stdin="k" * 43)
    assert code == 5
    assert "Invalid access key." in said
    assert list(cli.home.rglob("credentials.json")) == []
    assert cli.fails("login", codepush_server.url, stdin="")[0] == 2


def test_expired_key_is_not_forgotten(cli, codepush_server):
    """A key that is refused later is told, with where it is, and stays there."""
    with codepush_server.client() as code_push:
        key = code_push.add_access_key("short").key
        cli.text("login", codepush_server.url, stdin=key)
        code_push.remove_access_key("short")
    code, said = cli.fails("app", "list")
    assert code == 5
    assert f"rejected the access key from {kept(cli)}" in said
    assert f"codepush login {codepush_server.url}" in said
    assert key in kept(cli).read_text()


def test_several_servers(cli, codepush_server, tmp_path):
    """Log-ins to several servers stand side by side; the last one is the default."""
    with live_server(tmp_path / "other") as other:
        with other.client() as code_push:
            code_push.add_app("There")
        cli.text("login", other.url, stdin=other.access_key)
        cli.text("login", "--server", codepush_server.url, stdin=codepush_server.access_key)
        assert cli.json("app", "list") == []
        assert [one["name"] for one in cli.json("app", "list", "--server", other.url)] == ["There"]
        assert [one["name"] for one in cli.json("app", "list", CODEPUSH_SERVER_URL=f"{other.url}/")] == ["There"]
        cli.text("logout", codepush_server.url)
        assert cli.json("whoami")["server"] == other.url


def test_flag_goes_before_environment(cli, codepush_server):
    """The key of the option goes before that of the environment."""
    environment = {"CODEPUSH_SERVER_URL": codepush_server.url, "CODEPUSH_ACCESS_KEY": "k" * 43}
    assert cli.text("whoami", "--access-key", codepush_server.access_key, **environment) == "owner@example.test"
    assert cli.text("whoami", "--token", "-", stdin=codepush_server.access_key, **environment) == "owner@example.test"
    code, said = cli.fails("whoami", **environment)
    assert code == 5
    assert "from CODEPUSH_ACCESS_KEY" in said


def test_session_of_the_original(cli, codepush_server):
    """Whoever is logged in with the original's command line is logged in with ours, and stays so."""
    file = cli.home / ".code-push.config"
    text = json.dumps({"accessKey": codepush_server.access_key, "customServerUrl": codepush_server.url})
    file.write_text(text)
    assert cli.text("whoami") == "owner@example.test"
    code, said = cli.fails("logout")
    assert (code, "code-push-standalone logout" in said) == (1, True)
    assert file.read_text() == text
    assert cli.fails("whoami", "--server", "http://127.0.0.1:9")[0] == 5


def test_sessions(cli, codepush_server):
    """The log-ins of other machines are listed, and ended; that of this machine is ended by logging out."""
    key = log_in_with_browser(codepush_server, "/auth/login?hostname=laptop")
    log_in_with_browser(codepush_server, f"/auth/login?hostname={socket.gethostname()}")
    cli.environment |= {"CODEPUSH_SERVER_URL": codepush_server.url, "CODEPUSH_ACCESS_KEY": codepush_server.access_key}
    listed = cli.json("session", "list")
    assert {one["machineName"] for one in listed} == {"laptop", socket.gethostname()}
    assert all(one.keys() == {"machineName", "loggedInTime"} for one in listed)
    assert cli.text("session", "ls").split("\n")[0].split() == ["Machine", "Logged", "in"]
    code, said = cli.fails("session", "rm", socket.gethostname(), "-y")
    assert (code, "Please run 'codepush logout' instead." in said) == (2, True)
    assert cli.text("session", "rm", "laptop", "-y") == 'Successfully removed the login session for "laptop".'
    assert cli.fails("whoami", CODEPUSH_ACCESS_KEY=key)[0] == 5
    assert [one["machineName"] for one in cli.json("session", "list")] == [socket.gethostname()]


def test_logout_without_login(cli):
    """Who is not logged in cannot log out."""
    assert cli.fails("logout", "https://push.example.com")[0] == 5


def test_link_without_a_browser(cli, codepush_server):
    """Where no browser can open, the page to open is told."""
    page = cli.text("link", codepush_server.url)
    assert page.startswith(f"{codepush_server.url}/auth/link?hostname=")
