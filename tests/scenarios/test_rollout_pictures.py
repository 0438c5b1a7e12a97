"""``examples/rollout_pictures.py``: pictures of a release on a real server, and what it says without reports."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import httpx2
import pytest

from support.packages import make_bundle

SCRIPT = Path(__file__).parents[2] / "examples/rollout_pictures.py"
NAMES = {"adoption", "evidence", "failures", "funnel", "gap"}


@pytest.fixture
def draw(codepush_server, tmp_path):
    """Run the script for a release of the app."""
    environment = os.environ | {
        "CODEPUSH_SERVER_URL": codepush_server.url,
        "CODEPUSH_ACCESS_KEY": codepush_server.access_key,
    }

    def run(label):
        return subprocess.run(
            [sys.executable, SCRIPT, "App", "Staging", label, tmp_path / "pictures"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def texts(path):
    return [one.text for one in ET.fromstring(path.read_text()).iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("plan", [None, "100% 1d"])
def test_pictures(codepush_server, draw, tmp_path, plan):
    """Each is an SVG with the numbers that were reported, with and without a plan."""
    with codepush_server.client() as client:
        client.add_app("App", os="Android", platform="React-Native")
        client.release("App", "Staging", make_bundle(tmp_path), "1.0.0", plan=plan)
        key = client.get_deployment("App", "Staging").key
    done = draw("v1")
    assert (done.returncode, done.stderr) == (1, "No device has reported v1.\n")
    for number in range(5):
        fields = {"app_version": "1.0.0", "client_unique_id": f"{number}", "deployment_key": key, "label": "v1"}
        paths = [("download", {}), ("deploy", {"status": "DeploymentFailed" if number == 0 else "DeploymentSucceeded"})]
        for path, more in paths[: 1 if number == 1 else 2]:
            url = f"{codepush_server.url}/v0.1/public/codepush/report_status/{path}"
            assert httpx2.post(url, json=fields | more, timeout=60).status_code == 200
    done = draw("v1")
    assert done.returncode == 0, done.stderr
    found = {path.stem: texts(path) for path in (tmp_path / "pictures").iterdir()}
    assert found.keys() == NAMES
    assert found["funnel"][1:] == ["downloaded", "5", "ran", "3", "failed", "1", "silent", "1"]
    assert ("limit 1.5 %" in found["failures"]) == (plan is not None)
    assert {"hold", "halt"} <= set(found["evidence"])
    assert ("100 %" in found["adoption"]) == (plan is not None)


def test_no_release(codepush_server, draw):
    """The message is the server's."""
    with codepush_server.client() as client:
        client.add_app("App", os="Android", platform="React-Native")
    done = draw("v1")
    assert done.returncode == 1
    assert "Release not found" in done.stderr
