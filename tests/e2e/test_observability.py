"""What an operator sees of the real server, in processes of its own: its log and its numbers."""

import json
import signal
import time

import httpx2

from codepush import CodePush
from codepush.device import SimulatedDevice
from e2e.test_server_command import add_account, start
from unit.server.test_prometheus import samples

_PATIENCE = 60


def test_the_log_tells_of_requests_and_of_no_secret(tmp_path):
    """Each management request is one JSON line, found by the id in its answer; keys and devices are in none."""
    data = tmp_path / "data"
    access_key = add_account(data)
    with start(data) as server:
        with CodePush(access_key, server.url) as code_push:
            code_push.add_app("Hello", os="Android", platform="React-Native")
            (tmp_path / "index.js").write_text("1")
            code_push.release("Hello", "Staging", tmp_path / "index.js", "1.0.0")
            key = code_push.get_deployment("Hello", "Staging").key
        phone = SimulatedDevice(
            tmp_path / "phone",
            server_url=server.url,
            deployment_key=key,
            app_version="1.0.0",
            client_unique_id="device-of-somebody",
        )
        phone.sync()
        phone.restart()
        refused = httpx2.get(f"{server.url}/apps?access_token=secret-in-the-address")
        status, said = server.stop(signal.SIGTERM)
    assert status == 0
    lines = [json.loads(line) for line in said.splitlines() if not line.startswith("codepush server:")]
    requests = [line for line in lines if line["logger"] == "codepush.server.web.request_log"]
    assert [(line["method"], line["route"], line["status"]) for line in requests] == [
        ("POST", "/apps", 201),
        ("POST", "/apps/{app}/deployments/{deployment}/release", 201),
        ("GET", "/apps/{app}/deployments/{deployment}", 200),
        ("GET", "/apps", 401),
    ]
    assert requests[-1]["request_id"] == refused.headers["x-request-id"]
    assert requests[-1]["refused"] == "invalid_access_key"
    assert {line.get("account") for line in requests} == {1, None}
    assert all(line["ms"] > 0 and line["timestamp"] and line["level"] == "info" for line in requests)
    for secret in (access_key, key, "device-of-somebody", "secret-in-the-address"):
        assert secret not in said


def test_any_worker_tells_what_all_have_counted(tmp_path):
    """However requests are spread over two workers, the numbers add up."""
    add_account(tmp_path)
    with start(tmp_path, "--workers", "2") as server:
        for _ in range(40):  # each over a connection of its own, so that both workers get some
            assert httpx2.get(f"{server.url}/apps", timeout=60).status_code == 401
        deadline = time.monotonic() + _PATIENCE
        while True:
            found = [samples(httpx2.get(f"{server.url}/metrics", timeout=60).text) for _ in range(8)]
            name = ("codepush_management_requests_total", "method=GET", "route=/apps", "status=401")
            counts = {(one[("codepush_workers",)], one.get(name)) for one in found}
            if counts == {(2, 40)}:
                break
            assert time.monotonic() < deadline, counts
            time.sleep(0.2)
