"""A server for each scenario, on whichever database the scenario asks for."""

import pytest

from codepush.testing import live_server
from support.databases import database_settings


def pytest_generate_tests(metafunc):
    """Tell the stories of a module on all the ``DATABASES`` that it names."""
    databases = getattr(metafunc.module, "DATABASES", None)
    if databases and "codepush_server" in metafunc.fixturenames:
        metafunc.parametrize("codepush_server", databases, indirect=True)


@pytest.fixture
def codepush_server(request, tmp_path_factory):
    """Give a server as the fixture for users does, on SQLite unless parametrised."""
    settings = database_settings(request, getattr(request, "param", "sqlite"))
    with live_server(tmp_path_factory.mktemp("codepush-server"), **settings) as server:
        yield server
