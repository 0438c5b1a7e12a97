"""The synchronous and the asynchronous client of the SDK, called the same way, so that a test can run with both."""

from contextlib import contextmanager
from functools import partial

from anyio.from_thread import start_blocking_portal

from codepush import AsyncCodePush, CodePush

CLIENTS = ["sync", "async"]


class _Blocking:
    """An asynchronous client with blocking methods."""

    def __init__(self, portal, client):
        self._portal = portal
        self._client = client

    def __getattr__(self, name):
        method = getattr(self._client, name)

        def call(*args, **kwargs):
            return self._portal.call(partial(method, *args, **kwargs))

        return call


@contextmanager
def open_client(kind, access_key, server_url, **options):
    """Yield a client of one of the `CLIENTS`."""
    if kind == "sync":
        with CodePush(access_key, server_url, **options) as synchronous:
            yield synchronous
        return
    with start_blocking_portal() as portal:
        client = AsyncCodePush(access_key, server_url, **options)
        yield _Blocking(portal, client)
        portal.call(client.aclose)
