"""What every test has: a clean environment, and the fixtures that users get too."""

import os
import signal

import pytest

pytest_plugins = ["codepush.testing", "support.object_stores", "support.populated", "support.postgresql"]

_OURS = ("CODEPUSH_", "AWS_", "AZURE_", "GOOGLE_")
"""How the variables begin that the server reads, and the libraries in it."""


def pytest_configure():
    """Let Ctrl-C reach what the tests start, even when they run in the background, where it is ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    """No setting of the person who runs the tests leaks in."""
    for variable in os.environ:
        if variable.startswith(_OURS) and variable != "CODEPUSH_VECTORS":
            monkeypatch.delenv(variable)


@pytest.fixture
def anyio_backend():
    """The server runs on asyncio, so asynchronous tests do too."""
    return "asyncio"
