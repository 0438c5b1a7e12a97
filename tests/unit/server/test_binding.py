"""Each row of a table of routes has a handler, and each handler a row; otherwise the server does not start."""

import pytest

from codepush.server.app import create_app
from codepush.server.settings import Settings
from codepush.server.web.binding import bind
from codepush.server.web.management import Admission
from codepush.wire.appcenter.routes import MANAGEMENT, UPLOADS
from codepush.wire.public import PUBLIC
from codepush.wire.routes import Route, by_id
from codepush.wire.standalone.routes import ROUTES
from support.serving import routes

TABLE = by_id(
    (Route("get_app", "GET", "/apps/{app}", "", ()), Route("remove_app", "DELETE", "/apps/{app}", "", ())),
)


async def handle(*_):
    raise NotImplementedError


def admit(_, handler):
    return handler


def test_each_row_becomes_a_route():
    """They are in the order of the table, whatever the order of the handlers."""
    bound = bind(TABLE, {"remove_app": handle, "get_app": handle}, admit)
    assert [(route.path, route.methods - {"HEAD"}) for route in bound] == [
        ("/apps/{app}", {"GET"}),
        ("/apps/{app}", {"DELETE"}),
    ]


@pytest.mark.parametrize("ids", [("get_app",), ("get_app", "remove_app", "rename_app")])
def test_a_row_without_a_handler_and_a_handler_without_a_row_are_refused(ids):
    """The error names what does not match."""
    with pytest.raises(ValueError, match=r"route: re(move|name)_app\.$"):
        bind(TABLE, dict.fromkeys(ids, handle), admit)


def test_a_right_that_does_not_exist_is_refused():
    """A misspelt right would otherwise let everyone in."""
    table = by_id((Route("get_app", "GET", "/apps/{app}", "", (), right="view_apps"),))
    with pytest.raises(ValueError, match="view_apps"):
        Admission(None, None, None, request_seconds=1).routes(table, {"get_app": handle})


def test_the_server_has_a_route_for_each_row(tmp_path):
    """This holds for the tables of all dialects, with the settings by default."""
    served = {
        (method, route.path)
        for route in routes(create_app(Settings.load({"data": tmp_path}, {}, address="http://codepush.test")))
        for method in route.methods
    }
    rows = {(row.method, row.path) for table in (ROUTES, MANAGEMENT, UPLOADS, PUBLIC) for row in table.values()}
    assert rows <= served
