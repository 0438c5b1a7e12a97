"""The server's application without a socket: every layer of it but uvicorn, and what it consists of."""

from contextlib import asynccontextmanager

import httpx2
from starlette.routing import Mount

from codepush.server.app import create_app
from codepush.server.settings import Settings


@asynccontextmanager
async def serving(data, **settings):
    """Run the application over a folder until the block ends; yield a client of it."""
    loaded = Settings.load({"data": data, "rate_limits": "off", **settings}, {}, address="http://codepush.test")
    app = create_app(loaded)
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url=loaded.public_url, timeout=60) as client,
    ):
        yield client


def routes(app):
    """Return every route of an application, but the one that answers what is no route."""
    while not hasattr(app, "routes"):
        app = app._app
    for route in app.routes:
        if isinstance(route, Mount):
            yield from routes(route.app)
        elif route.path != "/{path:path}":
            yield route
