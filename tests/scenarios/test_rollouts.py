"""Rollouts with a plan on a real server: what devices are offered, and what old tools do with such a release."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from codepush.device import SimulatedDevice
from codepush.rules import rollout
from codepush.testing import live_server
from scenarios.test_chunked_release import Releaser
from support.packages import make_bundle

LOOK_SECONDS = 40
"""Longer than the time between two looks by far."""

UNFINISHED = "Please update the previous release to 100% rollout before releasing a new package."
UNFINISHED_PROMOTE = "Cannot promote to an unfinished rollout release unless it is already disabled."
COMPLETE = "Cannot update rollout value for a completed rollout release."


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with live_server(tmp_path_factory.mktemp("rollouts"), rate_limits="off") as server:
        yield server


@pytest.fixture
def app(server, tmp_path, request):
    """Return an app of the test's own."""
    with server.client() as client, httpx2.Client(base_url=server.url, timeout=60) as http:
        yield App(server, client, http, request.node.name, tmp_path)


class App:
    """An app with the deployment Production, its releases and its devices."""

    def __init__(self, server, client, http, name, folder):
        self.server, self.client, self.http, self.folder = server, client, http, folder
        self.name = "".join(letter for letter in name if letter.isalnum())
        self.place = (self.name, "Production")
        client.add_app(self.name)
        self.key = client.get_deployment(*self.place).key
        self.bundles = 0

    def bundle(self):
        self.bundles += 1
        return make_bundle(self.folder / f"bundle{self.bundles}", f"{self.name} {self.bundles}")

    def release(self, **options):
        return self.client.release(*self.place, self.bundle(), "1.0.0", **options).label

    def device(self, device_id):
        return SimulatedDevice(
            self.folder / device_id,
            server_url=self.server.url,
            deployment_key=self.key,
            app_version="1.0.0",
            client_unique_id=device_id,
        )

    def devices(self, count, *, percent=None, label="v2"):
        """Return devices; with a percentage only such as are in the rollout of a label."""
        ids = (f"{self.name}-{number}" for number in range(10_000))
        chosen = (one for one in ids if percent is None or rollout.is_selected(one, percent, label))
        return [self.device(next(chosen)) for _ in range(count)]

    def rollout(self):
        return self.client.get_rollout(*self.place)

    def newest(self):
        return self.client.get_deployment_history(*self.place)[-1]

    def wait_for(self, state):
        deadline = time.monotonic() + LOOK_SECONDS
        while (found := self.rollout()).state != state:
            assert time.monotonic() < deadline, found
            time.sleep(0.1)
        return found


def install(device):
    """Let a device update, restart and report."""
    device.sync()
    device.restart()
    return device.running.label


def crash(device):
    """Let a device update, crash, go back and report that."""
    device.sync()
    device.restart(crash=True)
    device.restart()
    return device.running.label


def offered(device):
    update = device.check()
    return update and update.label


def test_a_release_that_crashes_is_halted_after_three_verdicts(app):
    """Of forty devices three have it, and go back by themselves; the others are never offered it."""
    app.release()
    devices = app.devices(40)
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(install, devices)) == {"v1"}
    app.release(plan="50% 1h, 100%")
    inside = [one for one in devices if rollout.is_selected(one.client_unique_id, 50, "v2")]
    assert len(inside) > 3
    assert [offered(one) for one in inside] == ["v2"] * len(inside)

    assert [crash(one) for one in inside[:3]] == ["v1"] * 3
    halted = app.wait_for("halted")
    assert (halted.reason, halted.counts.ok, halted.counts.bad, halted.percent) == ("failures", 0, 3, 50)
    [decision, start] = halted.decisions
    assert (decision.kind, decision.actor, decision.numbers["verdicts"]) == ("halt", "system:rollout", 3)
    assert start.kind == "start"
    others = [one for one in devices if one not in inside[:3]]
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(offered, others)) == {None}
    assert {one.running.label for one in devices} == {"v1"}


@pytest.mark.parametrize(
    ("on_halt", "flags", "runs", "is_offered"),
    [
        ("stop", (True, False), "v2", None),
        ("disable", (True, True), "v1", None),
        ("notify", (False, False), "v2", "v2"),
    ],
)
def test_what_a_halt_does_with_devices(app, on_halt, flags, runs, is_offered):
    """Devices that run it keep it unless it is disabled; others get it only where a halt merely notifies."""
    app.release()
    has, waits, *failing = devices = app.devices(5, percent=50)
    for one in devices:
        install(one)
    plan = app.client.preview_rollout(*app.place, "50% 1h, 100%").plan
    app.release(plan=type(plan)(stages=plan.stages, on_halt=on_halt))
    assert install(has) == "v2"
    for one in failing:
        crash(one)
    app.wait_for("holding" if on_halt == "notify" else "halted")
    release = app.newest()
    assert (release.rollout, bool(release.is_disabled)) == (50, flags[1])
    assert app.rollout().is_held == flags[0]
    assert (install(has), offered(waits)) == (runs, is_offered)

    released = Standalone(app).release()
    assert released.status_code == (201 if flags[0] else 409)
    if flags[0]:
        assert app.client.get_rollout(*app.place, "v2").state == "superseded"
        assert (install(has), install(waits)) == ("v3", "v3")


def test_devices_that_run_a_held_release_keep_it_until_the_next(app):
    """Neither a patch nor a pause gives it to others; resuming does."""
    app.release()
    has, waits = app.devices(2, percent=50)
    for one in (has, waits):
        install(one)
    app.release(plan="50% 1h, 100%")
    assert install(has) == "v2"
    app.client.halt_rollout(*app.place, "v2", note="support calls")
    assert (install(has), offered(waits)) == ("v2", None)
    Standalone(app).patch(rollout=60)
    assert (app.rollout().state, app.newest().rollout) == ("halted", 60)
    assert (install(has), offered(waits)) == ("v2", None)
    app.client.resume_rollout(*app.place, "v2", note="not ours")
    assert (app.rollout().percent, offered(waits)) == (60, "v2")


class Standalone:
    """The standalone API, as tools use it that know nothing of plans."""

    def __init__(self, app):
        self.app = app
        self.below = f"/apps/{app.name}/deployments"
        self.headers = {
            "Authorization": f"Bearer {app.server.access_key}",
            "Accept": "application/vnd.code-push.v2+json",
        }

    def ask(self, method, path, **options):
        return self.app.http.request(method, self.below + path, headers=self.headers, **options)

    def release(self, **info):
        bundle = self.app.bundle() / "index.android.bundle"
        parts = {
            "package": (bundle.name, bundle.read_bytes()),
            "packageInfo": (None, httpx2.Request("POST", "http://x", json={"appVersion": "1.0.0"} | info).content),
        }
        return self.ask("POST", "/Production/release", files=parts)

    def patch(self, *, rollout=None, is_disabled=None):
        return self.ask(
            "PATCH", "/Production/release", json={"packageInfo": {"rollout": rollout, "isDisabled": is_disabled}}
        )

    def roll_back(self):
        return self.ask("POST", "/Production/rollback")

    def clear(self):
        return self.ask("DELETE", "/Production/history")

    def promote(self, source, destination):
        return self.ask("POST", f"/{source}/promote/{destination}", json={"packageInfo": {}})

    def percents(self):
        history = self.ask("GET", "/Production/history")
        assert "rolloutPlan" not in history.text
        return [one.get("rollout") for one in history.json()["history"]]


class AppCenter:
    """App Center's API."""

    def __init__(self, app):
        self.app = app
        self.releaser = Releaser(app.http, app.server.access_key, f"owner-example.test/{app.name}")

    def ask(self, method, path, **options):
        return self.releaser.ask(method, f"/deployments/{path}", **options)

    def release(self, **info):
        content = (self.app.bundle() / "index.android.bundle").read_bytes()
        return self.releaser.release(self.releaser.upload(content), "Production", **info)

    def patch(self, *, rollout=None, is_disabled=None):
        given = {"rollout": rollout, "is_disabled": is_disabled}
        body = {name: value for name, value in given.items() if value is not None}
        return self.ask("PATCH", f"Production/releases/{self.app.newest().label}", json=body)

    def roll_back(self):
        return self.ask("POST", "Production/rollback_release", json={})

    def clear(self):
        return self.ask("DELETE", "Production/releases")

    def promote(self, source, destination):
        return self.ask("POST", f"{source}/promote_release/{destination}", json={})

    def percents(self):
        return [one.get("rollout") for one in self.ask("GET", "Production/releases").json()]


@pytest.fixture(params=[Standalone, AppCenter])
def tool(request, app):
    """Return each kind of old tool in turn."""
    return request.param(app)


def test_old_tools_patch_a_rollout(app, tool):
    """A percentage pauses the plan, 100 completes it; neither can fall, and a completed one cannot be patched."""
    app.release()
    app.release(plan="5% 1h, 25% 1h, 100%")
    assert tool.percents() == [None, 5]
    assert tool.patch(rollout=4).status_code == 409
    assert app.rollout().state == "running"
    assert tool.patch(rollout=30).status_code < 300
    paused = app.rollout()
    assert (paused.state, paused.reason, paused.percent) == ("paused", "patched", 30)
    assert app.client.resume_rollout(*app.place, "v2").stage == 2
    assert tool.patch(rollout=100).status_code < 300
    assert (app.rollout().state, tool.percents()) == ("completed", [None, None])
    refused = tool.patch(rollout=100)
    assert (refused.status_code, COMPLETE in refused.text) == (409, True)


def test_old_tools_disable_a_release(app, tool):
    """The plan pauses and says why; enabling it again leaves the rest to a person."""
    app.release()
    [device] = app.devices(1, percent=50)
    app.release(plan="50% 1h, 100%")
    assert install(device) == "v2"
    assert tool.patch(is_disabled=True).status_code < 300
    assert (app.rollout().state, app.rollout().reason) == ("paused", "disabled")
    assert install(device) == "v1"
    assert tool.patch(is_disabled=False).status_code < 300
    assert app.rollout().state == "paused"
    app.client.resume_rollout(*app.place, "v2")
    assert (app.rollout().state, app.newest().is_disabled) == ("running", False)


def test_old_tools_enable_a_release_that_only_is_watched(app, tool):
    """The guard stays armed at 100 percent."""
    app.release(plan="100% 1h")
    tool.patch(is_disabled=True)
    tool.patch(is_disabled=False)
    assert (app.rollout().state, app.rollout().reason) == ("paused", "disabled")


def test_old_tools_release_over_a_rollout(app, tool):
    """A rollout that goes on is in the way, with the sentence of ever; a halted one is not, and ends."""
    app.release()
    app.release(plan="5% 1h, 100%")
    for act in (None, app.client.pause_rollout):
        if act is not None:
            act(*app.place, "v2")
        refused = tool.release()
        assert (refused.status_code, UNFINISHED in refused.text) == (409, True)
        app.client.get_deployment(app.name, "Staging")
    app.client.halt_rollout(*app.place, "v2")
    assert tool.release().status_code < 300
    assert app.client.get_rollout(*app.place, "v2").state == "superseded"
    assert tool.percents() == [None, None, None]
    [device] = app.devices(1)
    assert install(device) == "v3"


def test_old_tools_roll_back(app, tool):
    """A rollback ends the rollout and gets no plan, whatever the default is."""
    app.release()
    app.client.set_default_plan(*app.place, "20% 1h, 100%")
    app.release()
    [device] = app.devices(1, percent=20)
    assert install(device) == "v2"
    assert tool.roll_back().status_code < 300
    assert [(one.label, one.state) for one in app.client.get_rollouts(*app.place)] == [("v2", "superseded")]
    assert (install(device), tool.percents()) == ("v3", [None, None, None])


def test_old_tools_clear_a_history(app, tool):
    """Rollouts and trials are gone with it, and a new v1 begins without verdicts."""
    app.release(plan="50% 1h, 100%")
    [device] = app.devices(1, percent=50, label="v1")
    assert install(device) == "v1"
    deadline = time.monotonic() + LOOK_SECONDS
    while app.rollout().counts.ok != 1:
        assert time.monotonic() < deadline
    assert tool.clear().status_code < 300
    assert (tool.percents(), app.client.get_rollouts(*app.place)) == ([], [])
    assert app.release(plan="50% 1h, 100%") == "v1"
    again = app.rollout()
    assert (again.state, again.counts.began, again.counts.ok, len(again.decisions)) == ("running", 0, 0, 1)


def test_old_tools_promote_into_a_default_plan(app, tool):
    """It guards what they promote and release; they see an ordinary percentage, and the 409 of ever."""
    app.client.set_default_plan(*app.place, "20% 1h, 100%")
    app.client.release(app.name, "Staging", app.bundle(), "1.0.0")
    assert tool.promote("Staging", "Production").status_code < 300
    assert (tool.percents(), app.rollout().state) == ([20], "running")
    app.client.release(app.name, "Staging", app.bundle(), "1.0.0")
    refused = tool.promote("Staging", "Production")
    assert (refused.status_code, UNFINISHED_PROMOTE in refused.text) == (409, True)
    app.client.complete_rollout(*app.place, "v1")
    assert tool.release().status_code < 300
    assert (tool.percents(), app.rollout().label) == ([None, 20], "v2")
    app.client.complete_rollout(*app.place, "v2")
    assert tool.release(rollout=35).status_code < 300
    shown = app.rollout()
    assert (tool.percents(), [one.percent for one in shown.plan.stages]) == ([None, None, 35], [35, 100])
    assert shown.plan.stages[1].needs_approval


def test_a_plan_of_seconds_advances_and_completes(app):
    """With patience no verdict is needed; devices outside get it once it is for all."""
    app.release()
    outside = next(one for one in app.devices(30) if not rollout.is_selected(one.client_unique_id, 10, "v2"))
    plan = app.client.preview_rollout(*app.place, "10% 10s, 100% 10s").plan
    app.release(plan=type(plan)(stages=plan.stages, patience=plan.stages[0].soak))
    assert install(outside) == "v1"
    app.wait_for("completed")
    assert [(one.kind, one.percent) for one in app.rollout().decisions] == [
        ("complete", 100),
        ("advance", 100),
        ("start", 10),
    ]
    assert (install(outside), app.newest().rollout) == ("v2", None)
