"""Texts and numbers that a database cannot hold, in every place of every route: refused, and never a failure."""

import json
from pathlib import Path
from urllib.parse import quote

import pytest

from codepush.server.operations import add_account
from codepush.server.settings import Settings
from support.databases import ENGINES, database_settings
from support.serving import serving

pytestmark = pytest.mark.anyio

DOCUMENT = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text())

TEXTS = ["a\0b", "a\ud800"]
NUMBERS = [2**31, 2**63, -(10**30)]

UPDATE_CHECKS = {"/updateCheck", "/v0.1/public/codepush/update_check"}

PLACES = {
    "app": "App",
    "deployment": "Staging",
    "destination": "Production",
    "email": "owner@example.test",
    "owner": "owner-example.test",
    "label": "v1",
    "org": "guild",
}
"""What parts of a path mean something in the world of these tests; the others mean nothing."""


def operations():
    """Yield each operation as method, path and the schema of its body."""
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            if method in {"get", "post", "patch", "delete", "put"}:
                content = operation.get("requestBody", {}).get("content", {})
                yield method, path, resolved(content.get("application/json", {}).get("schema", {}))


def resolved(schema):
    while "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def kinds(schema):
    """Return the types that a field may have."""
    schema = resolved(schema)
    kind = schema.get("type", [])
    return {
        *([kind] if isinstance(kind, str) else kind),
        *(one for each in schema.get("anyOf", []) for one in kinds(each)),
    }


def bodies(schema):
    """Yield bodies in each of which one field has a bad value."""
    fields = {name: kinds(field) for name, field in schema.get("properties", {}).items()}
    usual = {name: "x" if "string" in kind else 1 if "integer" in kind else None for name, kind in fields.items()}
    for name, kind in fields.items():
        bad = [*(TEXTS if "string" in kind else ()), *(NUMBERS if kind & {"integer", "number"} else ())]
        for value in bad:
            yield {**{key: one for key, one in usual.items() if one is not None}, name: value}
        if "object" in kind:
            nested = resolved(schema["properties"][name])
            for body in bodies(nested):
                yield {name: body}


def paths(path):
    """Yield a path with its usual parts, and with a bad text in each part."""
    names = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
    usual = {name: quote(PLACES.get(name, "nothing"), safe="") for name in names}
    yield path.format(**usual)
    for name in names:
        for text in TEXTS:
            yield path.format(**{**usual, name: quote(text.encode("utf-8", "surrogatepass"), safe="")})


def requests():
    """Yield every request: method, path, body."""
    for method, path, schema in operations():
        usual, *others = paths(path)
        for body in bodies(schema):
            yield method, usual, body
        for other in others:
            yield method, other, {} if method in {"post", "patch", "put"} else None
        if path in UPDATE_CHECKS:
            for text in TEXTS:
                value = quote(text.encode("utf-8", "surrogatepass"), safe="")
                yield method, f"{usual}?deploymentKey={value}&appVersion=1.0.0&packageHash={value}&label={value}", None


@pytest.mark.parametrize("engine", ENGINES)
async def test_no_value_makes_a_request_fail(tmp_path, request, engine):
    """Whatever stands in a path, a query or a body, the answer is no failure of the server's."""
    settings = database_settings(request, engine)
    failed, asked = [], 0
    async with serving(tmp_path, **settings) as http:
        loaded = Settings.load({"data": tmp_path, **settings}, {})
        _, key = await add_account(loaded, "owner@example.test", "Owner")
        http.headers["Authorization"] = f"Bearer {key}"
        assert (await http.post("/apps", json={"name": "App"})).status_code == 201
        for method, path, body in requests():
            content = None if body is None else json.dumps(body)
            answer = await http.request(method, path, content=content, headers={"Content-Type": "application/json"})
            asked += 1
            if method in {"patch", "delete"} and answer.is_success:
                await http.post("/apps", json={"name": "App"})  # it may have been renamed or removed
            if answer.status_code >= 500:
                failed.append((answer.status_code, method, path[:200], (content or "")[:200]))
    assert failed == []
    assert asked > 400


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("text", TEXTS)
async def test_a_description_that_cannot_be_stored_is_refused(tmp_path, request, engine, text):
    """Neither a release nor a patch takes it; the sentence says what is wrong, and nothing is changed."""
    async with serving(tmp_path, **(settings := database_settings(request, engine))) as http:
        _, key = await add_account(Settings.load({"data": tmp_path, **settings}, {}), "owner@example.test", "Owner")
        http.headers["Authorization"] = f"Bearer {key}"
        await http.post("/apps", json={"name": "App"})
        path = "/apps/App/deployments/Staging"
        refused = await release(http, path, description=text)
        assert refused.status_code == 400, refused.text
        assert (await release(http, path, description="good")).status_code == 201
        patched = await http.patch(f"{path}/release", content=json.dumps({"packageInfo": {"description": text}}))
        assert patched.status_code == 400, patched.text
        [package] = (await http.get(f"{path}/history")).json()["history"]
        assert (package["label"], package["description"]) == ("v1", "good")


async def release(http, path, **info):
    parts = {"package": ("index.js", "script"), "packageInfo": (None, json.dumps({"appVersion": "1.0.0", **info}))}
    return await http.post(f"{path}/release", files=parts)
