"""What the responses of both management APIs share: request IDs, log lines, limits, and headers for browsers."""

import logging
from importlib.metadata import version

import anyio
import httpx2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route

from codepush.server.app import create_app
from codepush.server.assembly.parts import open_parts
from codepush.server.services.caller import operator
from codepush.server.settings import Settings
from codepush.server.web.management import management_app
from codepush.server.web.requests import RequestIds
from support.serving import serving

pytestmark = pytest.mark.anyio

PROBLEM = {"Accept": "application/problem+json"}


@pytest.fixture
async def client(tmp_path):
    async with serving(tmp_path / "data") as client:
        yield client


async def test_every_answer_names_the_server_and_the_request(client):
    """Tools learn which server it is, and each answer can be found in the log."""
    answers = [await client.get(path) for path in ("/apps", "/no/such/path", "/authenticated")]
    answers += [await client.options("/apps"), await client.post("/apps/a/deployments/b/release", content=b"x")]
    assert {answer.headers["x-codepush-server"] for answer in answers} == {f"codepush/{version('codepush')}"}
    assert len({answer.headers["x-request-id"] for answer in answers}) == len(answers)


async def test_a_refusal_is_in_the_log_under_its_id(client, caplog):
    """The line says what was asked, by the pattern of the path, and why it was refused; no secret is in it."""
    with caplog.at_level(logging.INFO, "codepush"):
        answer = await client.get("/accessKeys/some-secret?access_token=another-secret", headers=PROBLEM)
    problem = answer.json()
    assert problem["request_id"] == answer.headers["x-request-id"]
    [line] = caplog.records
    assert line.getMessage() == "GET /accessKeys/{access_key} 401"
    assert (line.request_id, line.refused) == (problem["request_id"], "invalid_access_key")


@pytest.mark.parametrize("path", ["/v0.1/no/such/path", "/V0.1/nope/", "/upload/no/such/path"])
async def test_app_centers_clients_are_told_in_json(client, path):
    """A refusal has both shapes that App Center had: the SDK reads one, the schema of accounts and apps the other."""
    answer = await client.post(path)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/json; charset=utf-8")
    refusal = answer.json()
    assert refusal["statusCode"] == 401
    assert refusal["message"].startswith("The API token is missing or invalid. Make one with")
    assert refusal["error"] == {"code": refusal["code"], "message": refusal["message"]}
    assert refusal["code"] == "Unauthorized"


async def test_paths_of_phones_and_of_the_standalone_dialect_are_not_app_centers(client):
    """Below the alias of the standalone dialect, and where phones ask, a refusal is text as ever."""
    for path, status in (("/v0.1/legacy/apps", 401), ("/v0.1/public/codepush/nope", 404), ("/apps", 401)):
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "text/plain; charset=utf-8")


async def _fails(_):
    raise ZeroDivisionError


async def test_a_failure_is_in_the_log_under_its_id(caplog):
    """What goes wrong inside is a 500 without details, and the log has them."""
    inside = management_app([Route("/fails", _fails)], origins=())
    app = Starlette(routes=[Mount("/", inside)], middleware=[Middleware(RequestIds)])
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://codepush.test") as client:
        answer = await client.get("/fails")
    assert (answer.status_code, answer.text) == (500, "Internal Server Error")
    assert "x-codepush-server" in answer.headers
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert answer.headers["x-request-id"] in record.getMessage()
    assert record.exc_info[0] is ZeroDivisionError


async def test_pages_that_may_use_the_server_are_told_so(tmp_path):
    """A page that is listed is repeated, any other one gets the first of the list; asking first needs no key."""
    origins = "https://one.example, https://two.example"
    async with serving(tmp_path / "data", cors_origins=origins) as client:
        for origin, allowed in (("https://two.example", "two"), ("https://evil.example", "one"), ("null", "one")):
            answer = await client.options("/apps", headers={"Origin": origin})
            assert answer.status_code == 204
            assert answer.headers["access-control-allow-origin"] == f"https://{allowed}.example"
            assert answer.headers["vary"] == "Origin"
            assert "PATCH" in answer.headers["access-control-allow-methods"]
            assert "Authorization" in answer.headers["access-control-allow-headers"]


async def test_no_page_may_use_the_server(tmp_path):
    """With an empty list no page is told that it may."""
    async with serving(tmp_path / "data", cors_origins=" ") as client:
        assert "access-control-allow-origin" not in (await client.get("/apps")).headers


async def test_too_many_requests_with_one_key(tmp_path):
    """One key too often is a 429 that says how long to wait; phones and those who watch the server are not counted."""
    async with serving(tmp_path / "data", rate_limits="on", rate_limit_per_key=3) as client:
        statuses = [
            (await client.get("/apps", headers={"X-API-Token": "one-and-the-same"})).status_code for _ in "12345"
        ]
        answer = await client.get("/apps", headers={"X-API-Token": "one-and-the-same", **PROBLEM})
        plain = await client.get("/apps", headers={"X-API-Token": "one-and-the-same"})
        assert statuses == [401] * 3 + [429] * 2
        assert (answer.json()["code"], plain.text) == ("rate_limited", "Too many requests, please try again later.")
        assert 1 <= int(answer.headers["retry-after"]) == int(plain.headers["retry-after"]) <= 20
        assert (await client.get("/apps", headers={"X-API-Token": "another-one"})).status_code == 401
        phone = "/v0.1/public/codepush/update_check?deployment_key=aaaaaaaaaaaa&app_version=1.0.0"
        for path, status in ((phone, 404), ("/health", 200)):
            assert {(await client.get(path)).status_code for _ in range(10)} == {status}


async def test_too_many_requests_from_one_address(tmp_path):
    """Whatever keys are tried, one address may not ask too often."""
    async with serving(tmp_path / "data", rate_limits="on", rate_limit_per_ip=4) as client:
        statuses = [
            (await client.get("/apps", headers={"X-API-Token": f"key-{n}-of-many"})).status_code for n in range(6)
        ]
        assert statuses == [401] * 4 + [429] * 2


async def test_an_ipv6_site_is_limited_as_one(tmp_path):
    """Addresses of one /64 network share a limit, and those of another network have their own."""
    async with serving(tmp_path / "data", rate_limits="on", rate_limit_per_ip=3) as client:
        for network in ("2001:db8:0:1", "2001:db8:0:2"):
            statuses = [
                (await client.get("/apps", headers={"X-Forwarded-For": f"{network}::{n}"})).status_code
                for n in range(1, 6)
            ]
            assert statuses == [401] * 3 + [429] * 2


async def test_limits_can_be_switched_off(tmp_path):
    """Then no number of requests is too many."""
    async with serving(tmp_path / "data", rate_limits="off", rate_limit_per_key=1, rate_limit_per_ip=1) as client:
        assert {(await client.get("/apps")).status_code for _ in range(20)} == {401}


async def test_a_request_that_takes_too_long_is_given_up(tmp_path):
    """A body that stops arriving is a 408, and changes nothing."""

    async def stands_still():
        yield b'{"name": '
        await anyio.sleep(60)

    data = tmp_path / "data"
    async with open_parts(Settings.load({"data": data}, {})) as parts:
        _, key = await parts.access.accounts.add(operator("here"), "ada@example.com")
    async with serving(data, request_timeout=1) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        answer = await client.post("/apps", content=stands_still())
        assert (answer.status_code, "longer than 1 seconds" in answer.text) == (408, True)
        assert (await client.get("/apps")).json() == {"apps": []}


async def test_an_upload_that_is_broken_off_is_no_failure_of_the_server(tmp_path, caplog):
    """Whoever hangs up while sending leaves one line in the log and no file."""

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        pass

    settings = Settings.load({"data": tmp_path / "data"}, {}, address="http://codepush.test")
    async with open_parts(settings) as parts:
        _, key = await parts.access.accounts.add(operator("here"), "ada@example.com")
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "multipart/form-data; boundary=parts"}
    async with serving(tmp_path / "data") as client:
        assert (await client.post("/apps", json={"name": "a"}, headers={"X-API-Token": key})).status_code == 201
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/apps/a/deployments/Staging/release",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    app = create_app(settings)
    with caplog.at_level(logging.INFO, "codepush"):
        async with app.router.lifespan_context(app):
            await app(scope, receive, send)
    refusals = [record for record in caplog.records if getattr(record, "refused", None) == "broken_off"]
    assert [record.levelno for record in refusals] == [logging.INFO]
    assert max(record.levelno for record in caplog.records) < logging.ERROR
    assert not list(settings.workspace.iterdir())


async def test_names_with_line_breaks_are_found_again(tmp_path):
    """An access key of any name can be removed, and a path of any form needs a key."""
    data = tmp_path / "data"
    async with open_parts(Settings.load({"data": data}, {})) as parts:
        _, key = await parts.access.accounts.add(operator("here"), "ada@example.com")
    async with serving(data) as client:
        for path in ("/accessKeys/two%0Alines", "/no%0Asuch/path"):
            assert (await client.get(path)).status_code == 401
        client.headers["Authorization"] = f"Bearer {key}"
        made = await client.post("/accessKeys", json={"friendlyName": "two\nlines"})
        assert (await client.delete(made.headers["location"])).status_code == 204
        assert "Cannot GET" in (await client.get("/no%0Asuch/path")).text


async def test_wrong_fields_of_an_access_key_are_listed_as_json(tmp_path):
    """Old tools get the list as JSON, as the original sends it for keys; others a sentence on what to send."""
    data = tmp_path / "data"
    async with open_parts(Settings.load({"data": data}, {})) as parts:
        _, key = await parts.access.accounts.add(operator("here"), "ada@example.com")
    async with serving(data) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        said = {"friendlyName": "ci", "name": "short"}
        answer = await client.post("/accessKeys", json=said)
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert (answer.status_code, answer.json()) == (400, [{"field": "name", "message": "Field is invalid"}])
        problem = (await client.post("/accessKeys", json=said, headers=PROBLEM)).json()
        assert problem["field"] == "name"
        assert "10 to 100 letters" in problem["message"]


async def test_app_center_s_status(client):
    """Whoever asks whether the service is up is told so, without a key, also below the alias."""
    for prefix in ("", "/v0.1/legacy"):
        answer = await client.get(f"{prefix}/v0.1/public/codepush/status")
        assert (answer.status_code, answer.json()["code"]) == (200, "OK")
