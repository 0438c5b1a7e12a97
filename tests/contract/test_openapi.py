"""The server says what its OpenAPI document says it does.

schemathesis makes requests from the document, good and bad ones, and looks at the answers of a real
server: none may be a 5xx, of an undocumented status, or outside its schema.
"""

import copy
import inspect
import json
import random
import re
from contextlib import ExitStack
from pathlib import Path
from zlib import crc32

import httpx2
import pytest
import schemathesis
from hypothesis import settings
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from codepush import CodePush, PackageInfo
from codepush.server.app import create_app
from codepush.server.web.paths import canonical
from codepush.testing import live_server
from codepush.wire.messages import PROBLEM_TYPE
from support.packages import make_bundle
from support.serving import routes
from support.stores import wait_for_jobs

DOCUMENT = json.loads((Path(__file__).parents[2] / "docs/openapi.json").read_text(encoding="utf-8"))

KEY = "phones-deployment-key"
FRIEND = "friend@example.test"
STRANGER = "stranger@example.test"
OWNER = "owner@example.test"
PHONES = "Phones"

KNOWN = {
    "access_key": ["spare"],
    "app": ["App"],
    "blob_id": ["blob"],
    "deployment": ["Staging"],
    "destination": ["Production"],
    "email": [FRIEND, STRANGER],
    "label": ["v1"],
    "machine": ["laptop"],
    "new_owner": [FRIEND, "contoso"],
    "org": ["contoso"],
    "owner": ["owner-example.test"],
    "token": ["token"],
    "upload": ["00000000-0000-4000-8000-000000000000"],
    "user": [FRIEND, "owner-example.test"],
}
"""What is there, by path parameter; the ids of the blob and of the access key are put in later."""

LIKELY = {
    "appVersion": ["1.0.0", "2.0.0"],
    "app_version": ["1.0.0", "2.0.0"],
    "label": ["v1", "v2", "v9"],
    "deployment_key": [KEY, "some-other-key"],
    "deploymentKey": [KEY, "some-other-key"],
    "target_binary_range": ["1.0.0", "2.0.0"],
    "target_binary_version": ["1.0.0", "2.0.0"],
    "user_email": [FRIEND, STRANGER],
    "rolloutPlan": ["5% 4h, 100%", {"text": "100% 1h", "onHalt": "notify", "limitPercent": 1.5}],
}
"""What good requests hold where the document cannot say it, or a random text would lead nowhere."""

TAKEN = {
    "add_access_key": {"friendlyName": "spare"},
    "add_app": {"name": "App"},
    "add_deployment": {"name": "Staging"},
    "patch_access_key": {"friendlyName": "spare"},
    "rename_app": {"name": PHONES},
    "rename_deployment": {"name": "Production"},
    "appcenter_add_token": {"description": "spare"},
    "appcenter_add_app": {"name": "App"},
    "appcenter_add_deployment": {"name": "Staging"},
    "appcenter_add_organization": {"name": "contoso"},
    "appcenter_rename_app": {"name": PHONES},
    "appcenter_rename_deployment": {"name": "Production"},
}
"""What is refused as there already, by operation; some of the good requests ask for it."""

ASKED = {
    name
    for name in DOCUMENT["components"]["schemas"]
    if name.endswith(("Creation", "Change", "Renaming", "Report", "Request", "PackageInfo")) or name == "Release"
}
"""The schemas of what is sent to the server."""

PAGES = ("/auth/", "/accesskey")
"""Pages for people's browsers, which no client can make anything of."""

ALIASES = {"/public/codepush/status"}
"""Paths that exist because another name of the server is cut off in front of them."""

NOT_ONE_REQUEST = {"aclose", "close", "get_sessions", "watch_rollout", "with_options"}
"""Methods of the SDK that ask nothing, or what another one asks."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    positive_data_acceptance,
]


def sharpened(document):
    """Return the document for the test: requests lead to what is there, and answers hold no field it does not name."""
    sharp = copy.deepcopy(document)
    for operation in operations(sharp):
        for parameter in operation.get("parameters", []):
            _lead(parameter)
    for name, schema in sharp["components"]["schemas"].items():
        if name in ASKED:
            fields = schema["properties"]
            fields |= {field: {"enum": LIKELY[field]} for field in fields if field in LIKELY}
        elif schema["type"] == "object":
            schema["additionalProperties"] = False
    sharp["components"]["schemas"]["PackageInfo"]["properties"]["rolloutPlan"] = {"type": "null"}  # fits every rollout
    return sharp


def _lead(parameter):
    name = parameter["name"]
    if parameter["in"] == "path":
        parameter["schema"] = {"enum": KNOWN[name]}
    elif name in LIKELY:
        parameter["schema"] = {"enum": LIKELY[name]}


def operations(document):
    """Return every operation of a document."""
    return [operation for path in document["paths"].values() for operation in path.values()]


def schema_with(coverage):
    """Return the document to make requests from; ``coverage`` says whether every value at an edge is tried."""
    config = {
        "seed": 0,
        "generation": {"deterministic": True, "database": "none", "with-security-parameters": False},
        "phases": {"coverage": coverage},
        # A key that is sent again with other content is a 422, as a name that is taken is a 409.
        "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "3xx", 401, 403, 404, 409, 422, 429]}},
    }
    return schemathesis.openapi.from_dict(sharpened(DOCUMENT), config=SchemathesisConfig.from_dict(config))


APPCENTER = "App Center"
"""The dialect that is behind the same services: values at the edges of its fields are tried by the other one."""

schema = schema_with({"unexpected-methods": []})
appcenter = schema_with({"enabled": False})


@pytest.fixture(scope="module")
def friend_keys():
    """The access key of the account that others give apps to."""
    return []


@pytest.fixture(scope="module")
def server(tmp_path_factory, friend_keys):
    """A server, an app whose phones' key the tests know, and two more accounts."""
    with live_server(tmp_path_factory.mktemp("openapi"), rate_limits=False, diff_count=0) as server:
        friend_keys.append(server.add_account(FRIEND))
        server.add_account(STRANGER)
        with server.client() as owner:
            owner.add_app(PHONES, manually_provision_deployments=True)
            owner.add_deployment(PHONES, "Staging", key=KEY)
            owner.release(PHONES, "Staging", make_bundle(tmp_path_factory.mktemp("phones")), "*")
        yield server


class Account:
    """The first account. It has an app with everything, which is made anew when a request may have changed it."""

    def __init__(self, client, people, folder):
        self.blob_id = None
        self.token = None
        self._client = client
        self._people = people
        self._bundles = [make_bundle(folder / str(number), f"console.log({number})") for number in range(2)]

    def restore(self):
        """Have what the tests begin with, unless it is so."""
        if self.blob_id is None:
            self._clear()
            self._fill()

    def spoil(self):
        """Tell that it is no longer so."""
        self.blob_id = None

    def _clear(self):
        for email, person in self._people.items():
            self._clear_apps(email, person)
            self._clear_organizations(email, person)
        if "spare" in {access_key.name for access_key in self._client.get_access_keys()}:
            self._client.remove_access_key("spare")

    def _clear_apps(self, email, person):
        for app in person.get("apps").json():
            path = f"apps/{app['owner']['name']}/{app['name']}"
            if app["name"] != PHONES:
                is_manager = app["member_permissions"] == ["manager"]
                person.delete(path if is_manager else f"{path}/users/{email}")

    def _clear_organizations(self, email, person):
        for organization in person.get("orgs").json():
            path = f"orgs/{organization['name']}"
            if person.delete(path).status_code == 403:
                person.delete(f"{path}/users/{email}")

    def _fill(self):
        self._client.add_app("App", os="Android")
        self._client.add_access_key("spare")
        self._client.add_collaborator("App", FRIEND)
        person = self._people[OWNER]
        self.token = next(one["id"] for one in person.get("api_tokens").json() if one["description"] == "spare")
        person.post("orgs", json={"name": "contoso"})
        person.post("orgs/contoso/invitations", json={"user_email": FRIEND})
        for bundle in self._bundles:
            package = self._client.release("App", "Staging", bundle, "1.0.0", PackageInfo(is_mandatory=True))
        self.blob_id = package.blob_url.rpartition("/")[2]


@pytest.fixture(scope="module")
def account(server, friend_keys, tmp_path_factory):
    """Whose requests are tried, with all who may get something of theirs."""
    with server.client() as client, ExitStack() as stack:
        keys = {FRIEND: friend_keys[0], OWNER: server.access_key}
        people = {
            email: stack.enter_context(httpx2.Client(base_url=f"{server.url}/v0.1", headers={"X-API-Token": key}))
            for email, key in keys.items()
        }
        yield Account(client, people, tmp_path_factory.mktemp("account"))


@schema.exclude(tag=APPCENTER).parametrize()
@settings(max_examples=8, deadline=None)
def test_answers_are_documented(case, server, account):
    """No request brings out a 5xx, an undocumented status, or an answer outside its schema."""
    _try(case, server, account)


@appcenter.include(tag=APPCENTER).parametrize()
@settings(max_examples=6, deadline=None)
def test_app_centers_answers_are_documented(case, server, account):
    """The same holds in App Center's dialect."""
    _try(case, server, account)


def _try(case, server, account):
    account.restore()
    dice = crc32(repr((case.path_parameters, case.query, case.body)).encode("utf-8", "replace"))
    if case.path_parameters.get("blob_id") in KNOWN["blob_id"]:
        case.path_parameters["blob_id"] = account.blob_id
    if case.path_parameters.get("token") in KNOWN["token"]:
        case.path_parameters["token"] = account.token
    if isinstance(case.body, dict) and case.meta.generation.mode.is_positive and dice % 3 == 0:
        case.body |= TAKEN.get(case.operation.definition.raw["operationId"], {})
    accept = PROBLEM_TYPE if dice % 2 else "*/*"
    headers = {"Authorization": f"Bearer {server.access_key}", "Accept": accept}
    response = case.call_and_validate(server.url, headers=headers, checks=CHECKS)
    if case.method != "GET" and "Devices" not in case.operation.tags and response.status_code < 300:
        account.spoil()


def test_who_needs_a_key_is_documented(server):
    """Without an access key, 401 is the answer where the document asks for one, and nowhere else."""
    wrong = [
        f"{method} {path}: {status}"
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
        if ((status := httpx2.request(method, server.url + path).status_code) == 401) != bool(operation["security"])
    ]
    assert wrong == []


def test_phones_get_text(server):
    """What is refused on the routes of phones is answered with text, whatever the request says it can read."""
    wanted = {"Accept": PROBLEM_TYPE}
    answers = [
        httpx2.get(f"{server.url}/updateCheck", headers=wanted),
        httpx2.post(f"{server.url}/reportStatus/deploy", headers=wanted, content=b"{"),
        httpx2.post(f"{server.url}/reportStatus/deploy", headers=wanted, content=b" " * 100_000),
    ]
    assert [answer.status_code for answer in answers] == [400, 400, 413]
    assert {answer.headers["content-type"] for answer in answers} == {"text/plain; charset=utf-8"}


def test_diffs_are_documented(tmp_path):
    """A history whose releases have smaller downloads is documented as well."""
    picture = random.Random(0).randbytes(20_000)
    with live_server(tmp_path / "diffs") as diffing, diffing.client() as owner:
        owner.add_app("App")
        for number in range(2):
            bundle = make_bundle(tmp_path / str(number), f"console.log({number})")
            (bundle / "picture.png").write_bytes(picture)
            owner.release("App", "Staging", bundle, "1.0.0")
        wait_for_jobs(diffing.settings)
        headers = {"Authorization": f"Bearer {diffing.access_key}"}
        answer = httpx2.get(f"{diffing.url}/apps/App/deployments/Staging/history", headers=headers)
    assert answer.json()["history"][1]["diffPackageMap"]
    schema["/apps/{app}/deployments/{deployment}/history"]["GET"].validate_response(answer)


def test_document_is_served(server):
    """The server shows the very document that is checked in, to anyone."""
    answer = httpx2.get(f"{server.url}/openapi.json")
    assert answer.status_code == 200
    assert answer.json() == DOCUMENT


def test_document_is_valid():
    """The document is what OpenAPI 3.1 says a document is."""
    schemathesis.openapi.from_dict(DOCUMENT).validate()


def test_every_route_is_documented(server):
    """The document tells of the server's routes, no more and no fewer."""
    documented = {(method.upper(), _unnamed(path)) for path, methods in DOCUMENT["paths"].items() for method in methods}
    served = {
        (method, _unnamed(canonical(route.path.encode())))
        for route in routes(create_app(server.settings))
        for method in route.methods - {"HEAD", "OPTIONS"}
        if not route.path.startswith(PAGES) and route.path not in ALIASES
    }
    assert served == documented


def _unnamed(path):
    return re.sub(r"{\w+}", "{}", path)


def test_operations_are_named_like_methods():
    """Whoever knows a method of the SDK finds its operation by the name."""
    methods = {name for name, _ in inspect.getmembers(CodePush, inspect.isfunction) if not name.startswith("_")}
    named = {operation["operationId"] for operation in operations(DOCUMENT)}
    assert methods - NOT_ONE_REQUEST <= named
    assert len(named) == len(operations(DOCUMENT))
