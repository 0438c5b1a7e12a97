"""The responses of the App Center API; permissions have their own tests."""

from uuid import UUID

import pytest

from codepush.server.assembly.parts import open_parts
from codepush.server.services.caller import operator
from codepush.server.settings import Settings
from support.serving import serving

pytestmark = pytest.mark.anyio

COMMAND_LINE = {"User-Agent": "appcenterCli/3.0.4 NodeJS/v24.19.0 linux/6.1", "Accept": "application/json"}
ME = "owner-example.test"


class Caller:
    """Somebody with a token, asking below ``/v0.1``."""

    def __init__(self, client, token):
        self._client = client
        self._token = token

    async def __call__(self, method, path, body=None, **headers):
        options = {} if body is None else {"json": body}
        return await self._client.request(
            method, f"/v0.1{path}", headers={"x-api-token": self._token} | headers, **options
        )


@pytest.fixture
async def ask(tmp_path):
    settings = Settings.load({"data": tmp_path}, {}, address="http://codepush.test")
    async with open_parts(settings) as parts:
        _, token = await parts.access.accounts.add(operator("test"), "owner@example.test", "Olive")
    async with serving(tmp_path) as client:
        yield Caller(client, token)


@pytest.fixture
async def app(ask):
    """Make an app with one deployment."""
    await ask("POST", "/apps", {"display_name": "App", "os": "Android", "platform": "React-Native"})
    await ask("POST", f"/apps/{ME}/App/deployments/", {"name": "Staging"})
    return f"/apps/{ME}/App"


async def test_a_person_has_the_same_id_everywhere(ask):
    """Clients compare the id of the person with that of an app's owner, to leave the owner out of names."""
    user = (await ask("GET", "/user")).json()
    assert UUID(user["id"])
    assert (user["name"], user["display_name"], user["email"]) == (ME, "Olive", "owner@example.test")
    app = (await ask("POST", "/apps", {"display_name": "App", "os": "iOS", "platform": "Cordova"})).json()
    assert (app["owner"]["id"], app["owner"]["type"]) == (user["id"], "user")
    assert (app["name"], app["display_name"], app["os"], app["platform"]) == ("App", "App", "iOS", "Cordova")


async def test_a_new_app_has_no_deployments(ask):
    """The SDK makes them itself; made twice, they would be conflicts."""
    await ask("POST", "/apps", {"display_name": "App"})
    assert (await ask("GET", f"/apps/{ME}/App/deployments")).json() == []
    for name in ("Staging", "Production"):
        assert (await ask("POST", f"/apps/{ME}/App/deployments/", {"name": name})).status_code == 201
    shown = (await ask("GET", f"/apps/{ME}/App/deployments/")).json()
    assert [one["name"] for one in shown] == ["Production", "Staging"]
    assert shown[0].keys() == {"name", "key"}


async def test_apps_come_in_the_order_of_their_making_or_as_asked(ask):
    """Without an order, the oldest one comes first."""
    for name in ("b", "C", "a"):
        await ask("POST", "/apps", {"display_name": name})
    assert [app["name"] for app in (await ask("GET", "/apps")).json()] == ["b", "C", "a"]
    for order in ("name", "display_name"):
        apps = (await ask("GET", f"/apps?$orderBy={order}")).json()
        assert [app["name"] for app in apps] == ["a", "b", "C"]


async def test_an_app_without_a_system_says_so_in_a_word_of_the_service(ask):
    """Clients take the system apart as a text, so there always is one."""
    app = (await ask("POST", "/apps", {"display_name": "App"})).json()
    assert (app["os"], app["platform"]) == ("Custom", "Custom")


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("owner", [ME, ME.upper(), "owner@example.test"])
@pytest.mark.parametrize("slash", ["", "/"])
async def test_owners_are_found_by_name_and_by_address(ask, owner, slash):
    """A name in any letter case, an address, and a slash at the end all lead to the app."""
    assert (await ask("GET", f"/apps/{owner}/App{slash}")).json()["name"] == "App"


async def test_a_renamed_app_is_found_under_its_new_name(ask, app):
    """A name for people that was given stays, unless another one is sent; nothing sent changes nothing."""
    for change, name, shown in (
        ({"name": "New"}, "New", "App"),
        ({"name": "Newer", "display_name": "Newer"}, "Newer", "Newer"),
        ({"display_name": "The / Newest: App?"}, "Newer", "The / Newest: App?"),
        ({"display_name": None, "name": "Last"}, "Last", "The / Newest: App?"),
        ({}, "Last", "The / Newest: App?"),
    ):
        renamed = (await ask("PATCH", app, change)).json()
        assert (renamed["name"], renamed["display_name"]) == (name, shown)
        app = f"/apps/{ME}/{name}"
        [listed] = (await ask("GET", "/apps")).json()
        assert renamed == listed == (await ask("GET", app)).json()
    assert (await ask("GET", f"/apps/{ME}/App")).status_code == 404


async def test_an_app_has_a_name_for_people_of_its_own(ask):
    """Both names are kept as they were sent, in every answer, and apps are sorted by either."""
    for name, shown in (("b", "1st: App"), ("a", "2nd / App")):
        made = (await ask("POST", "/apps", {"name": name, "display_name": shown})).json()
        assert (made["name"], made["display_name"]) == (name, shown)
        assert (await ask("GET", f"/apps/{ME}/{name}")).json() == made
    for order, names in (("name", ["a", "b"]), ("display_name", ["b", "a"])):
        assert [app["name"] for app in (await ask("GET", f"/apps?$orderBy={order}")).json()] == names


async def test_an_app_without_a_name_for_people_is_shown_by_its_name(ask):
    """An app of the standalone dialect has one name, which changes both; that dialect never shows another."""
    await ask("POST", "/apps", {"name": "Plain"})
    renamed = (await ask("PATCH", f"/apps/{ME}/Plain", {"name": "Plainer"})).json()
    assert (renamed["name"], renamed["display_name"]) == ("Plainer", "Plainer")


async def test_a_tokens_secret_is_told_once(ask):
    """Its description finds it again, its id removes it, and then it is good for nothing."""
    made = (await ask("POST", "/api_tokens", {"description": "ci"})).json()
    assert made["api_token"].startswith("cpk_")
    listed = (await ask("GET", "/api_tokens")).json()
    assert [one["description"] for one in listed] == ["first key", "ci"]
    assert all("api_token" not in one and one["scope"] == ["all"] for one in listed)
    assert listed[1]["id"] == made["id"]
    header = {"x-api-token": made["api_token"]}
    assert (await ask("GET", "/user", **header)).status_code == 200
    assert (await ask("DELETE", f"/api_tokens/{made['id'].upper()}")).status_code == 204
    assert (await ask("GET", "/user", **header)).status_code == 401


async def test_a_token_needs_no_description(ask):
    """It gets one that nobody else has."""
    made = [(await ask("POST", "/api_tokens")).json() for _ in range(2)]
    assert made[0]["description"] != made[1]["description"]


async def test_the_command_line_is_told_in_text(ask, app):
    """It prints a refusal as it comes, and knows a missing deployment by these very words."""
    answer = await ask("GET", f"{app}/deployments/Nope/releases", **COMMAND_LINE)
    assert (answer.status_code, answer.text) == (404, 'Deployment "Nope" does not exist.')
    assert answer.headers["content-type"].startswith("text/plain")
    answer = await ask("POST", "/apps", {}, **COMMAND_LINE)
    assert (answer.status_code, answer.text.split(";")[0]) == (400, "The field 'display_name' is missing")


async def test_others_are_told_the_same_in_json(ask, app):
    """The SDK shows the message at the top of a body."""
    answer = await ask("GET", f"{app}/deployments/Nope/releases")
    message = 'Deployment "Nope" does not exist.'
    error = {"code": "NotFound", "message": message}
    assert answer.json() == {**error, "statusCode": 404, "error": error}


async def test_a_wrong_token_is_told_without_other_tools_advice(ask):
    """The sentence does not speak of a command line that App Center's people have not got."""
    for headers in ({}, COMMAND_LINE):
        answer = await ask("GET", "/user", **{"x-api-token": "cpk_nobody-has-this-one"}, **headers)
        assert answer.status_code == 401
        assert "API token" in answer.text
        assert "code-push-standalone" not in answer.text


async def test_invitations_make_members_at_once(ask, app):
    """So there is nobody who has yet to accept, for an app or an organization."""
    await ask("POST", "/orgs", {"display_name": "Contoso Ltd.", "name": "contoso"})
    for path in (f"{app}/invitations", "/orgs/contoso/invitations"):
        assert (await ask("GET", path)).json() == []


async def test_an_organization_is_named_after_what_people_call_it(ask):
    """Where it gets no name for addresses, one is made: lower case, with hyphens for what cannot stand there."""
    made = (await ask("POST", "/orgs", {"display_name": "Contoso & Söhne Ltd."})).json()
    assert (made["name"], made["display_name"]) == ("contoso-s-hne-ltd", "Contoso & Söhne Ltd.")
    made = (await ask("POST", "/orgs", {"name": "Fabrikam"})).json()
    assert (made["name"], made["display_name"]) == ("fabrikam", "Fabrikam")
    changed = (await ask("PATCH", "/orgs/FABRIKAM", {"display_name": "Fabrikam Inc."})).json()
    assert (changed["name"], changed["display_name"]) == ("fabrikam", "Fabrikam Inc.")
    assert [one["name"] for one in (await ask("GET", "/orgs")).json()] == ["contoso-s-hne-ltd", "fabrikam"]


async def test_an_organization_that_owns_apps_stays(ask):
    """Its apps are to be transferred or removed first."""
    await ask("POST", "/orgs", {"name": "contoso"})
    made = await ask("POST", "/orgs/contoso/apps", {"display_name": "App"})
    assert (made.status_code, made.json()["owner"]["name"]) == (201, "contoso")
    assert (await ask("DELETE", "/orgs/contoso")).status_code == 409
    assert (await ask("DELETE", "/apps/contoso/App")).status_code == 204
    assert (await ask("DELETE", "/orgs/contoso")).status_code == 204
    assert (await ask("GET", "/orgs")).json() == []


async def test_releases_are_told_in_the_words_of_the_service(ask, app):
    """What was released through the standalone API is changed, promoted and rolled back here, with its statuses."""
    for script in (b"1", b"2"):
        parts = {"package": ("index.js", script), "packageInfo": (None, '{"appVersion":"1.0.0","isMandatory":true}')}
        path = "/apps/App/deployments/Staging/release"
        await ask._client.post(path, headers={"x-api-token": ask._token}, files=parts)
    await ask("POST", f"{app}/deployments", {"name": "Production"})
    staging = f"{app}/deployments/Staging"
    oldest, newest = (await ask("GET", f"{staging}/releases")).json()
    assert [oldest["label"], newest["label"]] == ["v1", "v2"]
    assert newest.keys() >= {"target_binary_range", "package_hash", "blob_url", "upload_time", "released_by", "size"}
    assert (newest["is_mandatory"], newest["is_disabled"], newest["release_method"]) == (True, False, "Upload")
    assert (await ask("GET", staging)).json()["latest_release"] == newest

    change = {"description": "new", "is_disabled": True, "is_mandatory": None, "rollout": None}
    patched = await ask("PATCH", f"{staging}/releases/null", change)
    assert (patched.status_code, patched.json()["label"], patched.json()["rollout"]) == (200, "v2", 100)
    assert (await ask("PATCH", f"{staging}/releases/v2", change)).status_code == 204
    promoted = await ask("POST", f"{staging}/promote_release/Production", {"label": "v1", "rollout": 50})
    assert (promoted.status_code, promoted.json()["rollout"]) == (200, 50)
    assert (promoted.json()["original_label"], promoted.json()["original_deployment"]) == ("v1", "Staging")
    rolled_back = await ask("POST", f"{staging}/rollback_release", {})
    assert (rolled_back.status_code, rolled_back.json()["label"]) == (201, "v3")
    assert (await ask("GET", f"{staging}/metrics")).json() == []
    assert (await ask("DELETE", f"{staging}/releases")).status_code == 204
    assert (await ask("GET", f"{staging}/releases")).json() == []


async def test_properties_of_other_bodies_are_ignored(ask, app):
    """A body holds what its schema names; what only another body has is not even looked at."""
    wrong = {"": 1}
    await ask("POST", "/orgs", {"name": "contoso"})
    for script in (b"1", b"2"):
        parts = {"package": ("index.js", script), "packageInfo": (None, '{"appVersion":"1.0.0"}')}
        path = "/apps/App/deployments/Staging/release"
        await ask._client.post(path, headers={"x-api-token": ask._token}, files=parts)
    system = {"organization": wrong, "manuallyProvisionDeployments": wrong, "key": wrong}
    for method, path, body, status in (
        ("POST", "/apps", {"name": "Mine", **system}, 201),
        ("POST", "/orgs/contoso/apps", {"name": "Theirs", **system}, 201),
        ("PATCH", f"{app}/deployments/Staging", {"name": "Beta", "key": wrong}, 204),
        ("PATCH", f"{app}/deployments/Beta/releases/v1", {"description": "new", "label": wrong}, 200),
        ("POST", f"{app}/deployments/Beta/rollback_release", {"label": "v1", "description": wrong}, 201),
    ):
        response = await ask(method, path, body)
        assert response.status_code == status, response.text
