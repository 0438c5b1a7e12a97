"""The tables of routes: their rows fit together, and requests come from them."""

import re

import pytest

from codepush.models import PackageInfo
from codepush.wire.appcenter.routes import MANAGEMENT, UPLOADS
from codepush.wire.public import PUBLIC
from codepush.wire.routes import Route, by_id
from codepush.wire.standalone import requests
from codepush.wire.standalone.routes import ROUTES

TABLES = (ROUTES, MANAGEMENT, UPLOADS, PUBLIC)

ACCOUNT_LEVEL = {
    "add_access_key": "the caller's own key",
    "patch_access_key": "the caller's own key",
    "remove_access_key": "the caller's own key",
    "remove_session": "the caller's own sessions",
    "add_app": "an app of the caller, or of an organization named in the body, which the service checks",
    "add_token": "the caller's own key",
    "remove_token": "the caller's own key",
    "add_organization": "an organization of the caller",
}
"""Routes that change something without a right in an app or organization, and what they change."""


def test_no_two_rows_match_the_same_request():
    """A method and a path lead to one row, whatever the parameters in the path are called."""
    requested = [(route.method, re.sub(r"{\w+}", "{}", route.path)) for table in TABLES for route in table.values()]
    assert len(requested) == len(set(requested))


def test_two_rows_with_the_same_id_are_refused():
    """A table would otherwise lose one of them."""
    route = Route("get_app", "GET", "/apps/{app}", "Show an app.", ())
    with pytest.raises(ValueError, match="same id"):
        by_id((route,), (route,))


def test_every_change_needs_a_right():
    """A route that changes something names a right, or is in the list of those that concern the account alone."""
    rightless = {
        route.id
        for table in (ROUTES, MANAGEMENT)
        for route in table.values()
        if route.method != "GET" and route.right is None
    }
    assert rightless == ACCOUNT_LEVEL.keys()


def test_every_route_in_an_app_or_organization_needs_a_right():
    """Reading what belongs to an app or organization needs one as well."""
    rightless = [
        route.id
        for table in (ROUTES, MANAGEMENT)
        for route in table.values()
        if route.right is None and re.search("{(app|org)}", route.path)
    ]
    assert rightless == []


def test_a_request_takes_method_and_path_from_its_row():
    """Names are encoded, one segment each."""
    request = requests.promote("team/My App", "Staging", "{label}", PackageInfo()).request
    assert (request.method, request.path) == (
        "POST",
        "/apps/team~~My%20App/deployments/Staging/promote/%7Blabel%7D",
    )
