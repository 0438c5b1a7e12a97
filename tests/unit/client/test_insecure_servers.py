"""The warning that an access key is sent in plain text."""

import warnings

import pytest

from codepush import CodePush, InsecureServerWarning
from support.commands import CommandLine
from support.processes import free_port

KEY = "cpk_0123456789abcdef"


def warned(url):
    """Return what making a client warns of, and the file that the warning points at."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        CodePush(KEY, url).close()
    return [(one.category, str(one.message), one.filename) for one in caught]


@pytest.mark.parametrize(
    "url",
    ["http://codepush.example.com", "http://10.0.0.7:3000", "http://[2001:db8::1]", "http://localhost.example.com"],
)
def test_plain_http_to_another_machine(url):
    """The warning names the server and the remedy, never the key, and points at the caller."""
    [(category, message, filename)] = warned(url)
    assert category is InsecureServerWarning
    assert url in message
    assert "Use an https address." in message
    assert KEY not in message
    assert filename == __file__


@pytest.mark.parametrize(
    "url",
    [
        "https://codepush.example.com",
        "http://127.0.0.1:3000",
        "http://127.8.8.8",
        "http://[::1]:3000",
        "http://localhost",
    ],
)
def test_encrypted_or_local(url):
    """HTTPS, and plain HTTP that stays on this machine, need no warning."""
    assert warned(url) == []


@pytest.mark.parametrize("words", [["whoami"], ["login", "--access-key", "-"]])
def test_the_command_line_warns_once(tmp_path, words):
    """One line on stderr for each run, and nothing for a server on this machine."""
    shell = CommandLine(tmp_path, CODEPUSH_ACCESS_KEY=KEY, HTTP_PROXY=f"http://127.0.0.1:{free_port()}")
    far = shell.run(*words, "--server", "http://codepush.example.com", stdin=f"{KEY}\n")
    near = shell.run(*words, "--server", "http://localhost:1", stdin=f"{KEY}\n", NO_PROXY="localhost")
    assert far.stderr.count("[Warning] The access key is sent to http://codepush.example.com without encryption") == 1
    assert "InsecureServerWarning" not in far.stderr
    assert "without encryption" not in near.stderr
