"""What every test has: a clean environment, and the fixtures that users get too."""

import os

import pytest

pytest_plugins = ["codepush.testing", "support.postgresql"]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    """No setting of the person who runs the tests leaks in."""
    for variable in os.environ:
        if variable.startswith("CODEPUSH_") and variable != "CODEPUSH_VECTORS":
            monkeypatch.delenv(variable)


@pytest.fixture
def anyio_backend():
    """The server runs on asyncio, so asynchronous tests do too."""
    return "asyncio"
