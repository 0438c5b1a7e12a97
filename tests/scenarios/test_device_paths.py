"""What devices call on a running server: web views, misspelt paths, addresses and clients without diffs."""

import sqlite3
import time
from contextlib import closing

import httpx2
import pytest

from codepush.testing import live_server
from support.packages import make_bundle
from support.stores import rows

CHECK = "/v0.1/public/codepush/update_check"
REPORTS = ("/reportStatus/deploy", "/v0.1/public/codepush/report_status/download")
CAPACITOR = {
    "X-CodePush-Plugin-Name": "cordova-plugin-code-push",
    "X-CodePush-Plugin-Version": "1.11.13",
    "X-CodePush-SDK-Version": "3.1.5",
}


def release_one(server, folder):
    """Release a package and return the deployment's key."""
    with server.client() as code_push:
        code_push.add_app("App")
        code_push.release("App", "Staging", make_bundle(folder), "1.0.0")
        return code_push.get_deployment("App", "Staging").key


@pytest.mark.parametrize("origin", ["null", "ionic://localhost", "https://anything.example"])
def test_web_views_may_read_what_devices_call(codepush_server, tmp_path, origin):
    """Checks on both paths, errors, reports, downloads and the status name every origin; management names its own."""
    key = release_one(codepush_server, tmp_path)
    with httpx2.Client(base_url=codepush_server.url, headers={"Origin": origin}, timeout=60) as page:
        check = f"{CHECK}?deployment_key={key}&app_version=1.0.0"
        responses = [page.get(check) for _ in range(3)]
        blob = responses[0].json()["update_info"]["download_url"]
        responses += [
            page.get(path)
            for path in (blob, "/blobs/none", f"{CHECK}?app_version=1", f"{codepush_server.url}//updateCheck")
        ]
        responses += [page.get(f"{CHECK}?deployment_key=no-such-key-1&app_version=1.0.0")]
        responses += [page.get("/v0.1/public/codepush/status"), page.post("/updateCheck")]
        responses += [page.post(path, content=body) for path in REPORTS for body in (b"{}", b"no JSON")]
        assert {one.headers["access-control-allow-origin"] for one in responses} == {"*"}
        assert page.get("/apps").headers["access-control-allow-origin"] != "*"


@pytest.mark.parametrize("path", [CHECK, "/updateCheck", *REPORTS, "/blobs/x", "/v0.1/public/codepush/status"])
def test_the_question_before_the_request_is_answered(codepush_server, path):
    """A preflight allows the methods and the headers that clients send; nonsense in it is not sent back."""
    wanted = "x-codepush-plugin-name,x-codepush-sdk-version, Content-Type"
    asked = {"Origin": "null", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": wanted}
    answer = httpx2.request("OPTIONS", codepush_server.url + path, headers=asked, timeout=60)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, "*")
    assert {"GET", "POST"} <= set(answer.headers["access-control-allow-methods"].split(", "))
    assert answer.headers["access-control-allow-headers"] == wanted
    asked["Access-Control-Request-Headers"] = "a b; <script>"
    answer = httpx2.request("OPTIONS", codepush_server.url + path, headers=asked, timeout=60)
    assert "X-CodePush-SDK-Version" in answer.headers["access-control-allow-headers"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "//updateCheck", 404),
        ("GET", "/update_check", 404),
        ("GET", "/v0.1/public/codepush/updateCheck", 404),
        ("POST", "/v0.1/public/codepush/report_status", 404),
        ("GET", "/v0.1/public/codepush/v0.1/public/codepush/update_check", 404),
        ("GET", "/api//v0.1/public/codepush/update_check", 404),
        ("POST", "/updateCheck", 405),
        ("GET", "/reportStatus/deploy", 405),
        ("DELETE", "/blobs/x", 405),
        ("GET", "/apps/updateCheck/nonsense", 401),
        ("GET", "/nonsense", 401),
    ],
)
def test_misspelt_paths_of_devices(codepush_server, method, path, status):
    """A device is told which path is wrong, or which method; other paths ask for an access key as before."""
    answer = httpx2.request(method, f"{codepush_server.url}{path}", timeout=60)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/plain; charset=utf-8")
    assert (path in answer.text) is (status != 401)
    assert ("allow" in answer.headers) is (status == 405)


def test_no_more_than_the_beginning_of_a_long_path_is_sent_back(codepush_server):
    """The response to a path of kilobytes is short."""
    answer = httpx2.get(f"{codepush_server.url}//updateCheck/{'x' * 8000}", timeout=60)
    assert answer.status_code == 404
    assert len(answer.text) < 500


def test_a_server_on_every_interface_sends_the_host_of_the_request(tmp_path):
    """Devices and tools get addresses on the host that they asked, each its own; nothing is kept for another host."""
    with live_server(tmp_path / "data", public_url="http://0.0.0.0:3000") as server:
        key = release_one(server, tmp_path)
        check = f"{server.url}{CHECK}?deployment_key={key}&app_version=1.0.0"
        for host in ("10.0.2.2:3000", "codepush.example", "[::1]:3000", "10.0.2.2:3000"):
            answer = httpx2.get(check, headers={"Host": host}, timeout=60)
            assert answer.json()["update_info"]["download_url"].startswith(f"http://{host}/blobs/")
        with server.client() as code_push:
            [package] = code_push.get_deployment_history("App", "Staging")
        assert package.blob_url.startswith(f"{server.url}/blobs/")
        assert httpx2.get(package.blob_url, timeout=60).status_code == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "Via", "X-Real-IP"])
def test_nothing_is_guessed_behind_a_proxy(tmp_path, caplog, header):
    """Without a public URL a proxied check is answered with no update, and the log says once what to set."""
    with live_server(tmp_path / "data", public_url="http://0.0.0.0:3000") as server:
        key = release_one(server, tmp_path)
        check = f"{server.url}{CHECK}?deployment_key={key}&app_version=1.0.0"
        for _ in range(2):
            answer = httpx2.get(check, headers={header: "10.1.2.3"}, timeout=60)
            assert (answer.status_code, answer.json()["update_info"]["is_available"]) == (200, False)
        assert caplog.text.count("Set --public-url") == 1
        assert httpx2.get(check, timeout=60).json()["update_info"]["is_available"] is True


def release_two(code_push, folder, assets):
    """Release two packages with these assets, wait for the diff, and return a device's check and the newer package."""
    code_push.add_app("App")
    for script in ("one", "two"):
        code_push.release("App", "Staging", make_bundle(folder / script, script, assets=assets), "1.0.0")
    deadline = time.monotonic() + 60
    while not (history := code_push.get_deployment_history("App", "Staging"))[1].diff_package_map:
        assert time.monotonic() < deadline, "no diff was made"
        time.sleep(0.05)
    key = code_push.get_deployment("App", "Staging").key
    return f"{CHECK}?deployment_key={key}&app_version=1.0.0&package_hash={history[0].package_hash}", history[1]


def offered(url, **headers):
    """Return the download address of a check, which is the same on both paths."""
    answers = [httpx2.get(url, headers=headers, timeout=60).json()["update_info"] for _ in range(3)]
    [address] = {one["download_url"] for one in answers}
    return address


@pytest.mark.parametrize(("folder", "fits"), [("assets", True), ("drawable-mdpi", False)])
def test_a_store_build_gets_the_diff_that_it_can_apply(codepush_server, tmp_path, folder, fits):
    """Without a label a diff is offered only if iOS can apply it; a device that runs the release always gets it."""
    with codepush_server.client() as code_push:
        check, newest = release_two(code_push, tmp_path, [f"{folder}/{number}.png" for number in range(60)])
    [diff] = newest.diff_package_map.values()
    assert diff.fits_binary is fits
    url = codepush_server.url + check
    assert offered(f"{url}&label=v1") == diff.url
    for unlabelled in (url, f"{url}&label="):
        assert offered(unlabelled) == (diff.url if fits else newest.blob_url)
    assert offered(f"{url}&label=v1", **CAPACITOR) == newest.blob_url


def test_diffs_of_earlier_versions_are_judged_at_the_next_start(tmp_path):
    """A diff of which nothing is known does not fit; the next start of the server finds out and tells devices."""
    with live_server(tmp_path / "data") as server, server.client() as code_push:
        check, newest = release_two(code_push, tmp_path, [f"assets/{number}.png" for number in range(60)])
        [diff] = newest.diff_package_map.values()
    with closing(sqlite3.connect(tmp_path / "data" / "codepush.db")) as database:
        database.execute("UPDATE diffs SET fits_binary = NULL")
        database.commit()
    with live_server(tmp_path / "data") as server:
        deadline = time.monotonic() + 60
        while not offered_path(server, check).endswith(diff.url.rpartition("/")[2]):
            assert time.monotonic() < deadline, "the diff was not judged"
            time.sleep(0.05)
        assert rows(server.settings, "SELECT DISTINCT fits_binary FROM diffs") == [(1,)]


def offered_path(server, check):
    """Return the download address of one check."""
    return httpx2.get(server.url + check, timeout=60).json()["update_info"]["download_url"]
