"""What every test has: a clean environment, and the fixtures that users get too."""

import os

import pytest

pytest_plugins = ["codepush.testing", "support.object_stores", "support.populated", "support.postgresql"]

_OURS = ("CODEPUSH_", "AWS_", "AZURE_", "GOOGLE_")
"""How the variables begin that the server reads, and the libraries in it."""


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
