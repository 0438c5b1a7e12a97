"""The recorded sequences of reports, through the server's routes and its database."""

import anyio
import httpx2
import pytest

from codepush.server.storage.sql.store import SqlStore
from codepush.testing import live_server
from contract.differences import PRESUMED_RELEASES, REPORTS, difference
from contract.test_metrics import CASES, happened
from support.recounts import recount
from unit.storage.factories import add_package, release_labels


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Give a server with an app that has every recorded deployment, named by its key, and what it has released."""
    with live_server(tmp_path_factory.mktemp("metrics"), rate_limits="off") as server:
        with server.client() as code_push:
            code_push.add_app("App", os="iOS", platform="React-Native", manually_provision_deployments=True)
            for key in (key for case in CASES for key in case["deployment_keys"].values()):
                code_push.add_deployment("App", key, key=key)
        release(server, [key for case in CASES for key in case["deployment_keys"].values()])
        yield server


def release(server, keys):
    """Make the releases of deployments that the recorded reports presume."""

    async def make():
        store = SqlStore(server.settings.database_url)
        async with store.read() as records:
            deployments = await records.deployments.with_keys(keys)
        async with store.write() as records:
            package = await add_package(records, deployments[0].app_id)
        for deployment in deployments:
            await release_labels(store, deployment.id, package.id, len(PRESUMED_RELEASES))
        await store.close()

    anyio.run(make)


def report(client, step):
    """Send a report and return its answer."""
    headers = {"X-CodePush-SDK-Version": step["sdk_version"]} if step["sdk_version"] else {}
    answer = client.request(step["method"], step["path"], headers=headers, json=step["json"])
    return {"status": answer.status_code, "text": answer.text}


def found(shown):
    """Return the metrics that a deployment shows, by counter, without zeros."""
    kinds = ("active", "downloaded", "failed", "installed")
    return {kind: {subject: value for subject, one in shown.items() if (value := getattr(one, kind))} for kind in kinds}


def wanted(case, key):
    """Return what a recount finds, as it is shown: of anything but labels only the active devices."""
    counted = recount(happened(case), key)
    return {
        kind: {subject: value for subject, value in counts.items() if value and (kind == "active" or subject[0] == "v")}
        for kind, counts in counted.items()
    }


def test_recorded_sequences_add_up_in_the_database(server):
    """Each report gets the wanted answer, and whenever metrics are read they are what a recount finds."""
    wrong, read = [], 0
    with server.client() as code_push, httpx2.Client(base_url=server.url) as client:
        for case in CASES:
            keys = case["deployment_keys"]
            for number, step in enumerate([*case["steps"], *({"metrics_of": name} for name in keys)]):
                if "json" in step:
                    rule, answer = difference(REPORTS, step), report(client, step)
                    if answer != (rule.wanted(step) if rule else step["expect"]):
                        wrong.append((case["id"], number, answer))
                elif "clear_history_of" in step:
                    key = keys[step["clear_history_of"]]
                    code_push.clear_deployment_history("App", key)
                    release(server, [key])
                else:
                    key, read = keys[step["metrics_of"]], read + 1
                    shown = found(code_push.get_deployment_metrics("App", key))
                    expected = wanted(case | {"steps": case["steps"][:number]}, key)
                    if shown != expected:
                        wrong.append((case["id"], number, shown, expected))
    assert read
    assert wrong[:3] == []
