"""What people see in a terminal: questions, tables with colours, progress."""

import re
import stat
import sys

import pytest

from support.browsing import log_in_with_browser
from support.commands import COMMAND, CommandLine
from support.packages import make_bundle

pexpect = pytest.importorskip("pexpect", reason="there are no terminals of this kind on Windows")

COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-7]m")


class Terminal(CommandLine):
    """Somebody who sits at a terminal."""

    def start(self, *words, **environment):
        """Start a command; what it shows is to be expected, what is typed to be sent."""
        return pexpect.spawn(
            COMMAND,
            [*map(str, words)],
            cwd=str(self.folder),
            env=self.environment | {"TERM": "xterm-256color"} | environment,
            encoding="utf-8",
            timeout=60,
            dimensions=(40, 120),
        )

    def shown(self, *words, **environment):
        """Run a command that asks nothing to its end, and return all that it shows."""
        child = self.start(*words, **environment)
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 0, child.before
        return child.before


@pytest.fixture
def terminal(tmp_path):
    return Terminal(tmp_path)


@pytest.fixture
def logged_in(tmp_path, codepush_server):
    return Terminal(tmp_path, CODEPUSH_SERVER_URL=codepush_server.url, CODEPUSH_ACCESS_KEY=codepush_server.access_key)


def ended(child):
    """Wait for a command's end, and return what it showed since it was last looked at, and its exit code."""
    child.expect(pexpect.EOF)
    child.close()
    return child.before, child.exitstatus


def test_login_with_a_browser(terminal, codepush_server, tmp_path):
    """The log-in page opens in the browser; its key logs in without being shown, and logging out ends the session."""
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!{sys.executable}\nimport sys\nopen({str(opened)!r}, "w").write(sys.argv[1])\n')
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    child = terminal.start("login", codepush_server.url, BROWSER=str(browser))
    child.expect("A browser is being launched to authenticate your account")
    child.expect("Enter your access key: ")
    page = opened.read_text()
    assert page.startswith(f"{codepush_server.url}/auth/login?hostname=")
    key = log_in_with_browser(codepush_server, page)
    child.sendline(key)
    shown, code = ended(child)
    assert (code, key in shown) == (0, False)
    assert f"Successfully logged-in to {codepush_server.url}." in shown
    assert "already logged in" in terminal.shown("login", codepush_server.url)
    assert len(terminal.json("session", "list")) == 1
    assert "Successfully logged-out" in terminal.text("logout")
    with codepush_server.client() as code_push:
        assert code_push.get_sessions() == []
    with codepush_server.client(key) as code_push:
        assert not code_push.is_authenticated()


def test_login_that_is_given_up(terminal, codepush_server):
    """Ctrl-C at the question ends quietly, and nothing is kept."""
    child = terminal.start("login", codepush_server.url)
    child.expect("Enter your access key: ")
    child.sendintr()
    shown, code = ended(child)
    assert (code, "Traceback" in shown) == (130, False)
    assert list(terminal.home.rglob("credentials.json")) == []


def test_question_before_a_removal(logged_in, tmp_path):
    """A removal says what will be lost; only yes goes on."""
    logged_in.text("app", "add", "App")
    logged_in.text("release", "App", make_bundle(tmp_path), "1.0.0")
    for answer in ("n", ""):
        child = logged_in.start("app", "rm", "App")
        child.expect("Staging: 1 release, 0 active devices")
        child.expect("PERMANENTLY unrecoverable")
        child.expect(r"\[y/N\]: ")
        child.sendline(answer)
        shown, code = ended(child)
        assert (code, "App removal cancelled." in shown) == (130, True)
    assert len(logged_in.json("app", "list")) == 1
    child = logged_in.start("app", "rm", "App")
    child.expect(r"\[y/N\]: ")
    child.sendline("y")
    shown, code = ended(child)
    assert (code, 'Successfully removed the "App" app.' in shown) == (0, True)
    assert logged_in.json("app", "list") == []


def test_table_in_a_terminal(logged_in):
    """In a terminal a table has lines and colours; without colours with NO_COLOR; JSON has neither."""
    logged_in.text("app", "add", "App")
    shown = logged_in.shown("app", "list")
    assert "╭" in shown
    assert COLOUR.search(shown)
    plain = logged_in.shown("app", "list", NO_COLOR="1")
    assert "╭" in plain
    assert not COLOUR.search(plain)
    assert "\x1b" not in logged_in.shown("app", "list", "--json")
    assert "╭" not in logged_in.shown("app", "list", TERM="dumb")


def test_keys_in_a_narrow_terminal(logged_in):
    """A deployment key is shown in one piece, to be copied, however narrow the terminal is."""
    logged_in.text("app", "add", "App")
    keys = [one["key"] for one in logged_in.json("deployment", "list", "App")]
    shown = logged_in.shown("deployment", "list", "App", "-k", COLUMNS="70")
    assert all(key in shown for key in keys)


def test_errors_in_a_terminal(logged_in):
    """An error is red; with NO_COLOR it is not."""
    shown, code = ended(logged_in.start("deployment", "ls", "Nowhere"))
    assert (code, "\x1b[31mError: " in shown) == (6, True)
    shown, code = ended(logged_in.start("deployment", "ls", "Nowhere", NO_COLOR="1"))
    assert (code, "\x1b" in shown) == (6, False)


def test_progress_in_a_terminal(logged_in, tmp_path):
    """An upload shows how far it is, to its end."""
    logged_in.text("app", "add", "App")
    bundle = make_bundle(tmp_path, "x" * 3_000_000)
    shown = logged_in.shown("release", "App", bundle / "index.android.bundle", "1.0.0")
    assert "Uploading" in shown
    assert "3.0 of 3.0 MB" in shown
    assert "100%" in shown
