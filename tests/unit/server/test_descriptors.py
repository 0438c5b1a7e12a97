"""How many connections a process keeps open, by how many files it may open."""

import sys

import pytest

from codepush.server.descriptors import connections_within, raise_limit


@pytest.mark.parametrize(
    ("files", "expected"), [(None, 10_000), (1_048_576, 10_000), (20_000, 10_000), (1024, 768), (8, 10)]
)
def test_connections_leave_room_for_files(files, expected):
    """A quarter of the descriptors is kept for files, and a few connections are always possible."""
    assert connections_within(files, 10_000) == expected


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have further limits")
def test_the_soft_limit_is_raised():
    """The process may open as many files as its hard limit allows."""
    import resource

    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, limits[1]))
        raise_limit()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == limits[1]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
