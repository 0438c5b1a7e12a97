"""The main job, end to end: a release travels from a Python script to devices.

Starts a server of its own on a free port in a temporary folder, releases two versions of the app
in ``examples/hello``, and lets two simulated devices take them: one that is among the first 25 % of
a rollout, and one that is not. Then 60 more devices follow two rollouts with a plan: of a release
that crashes, and of its fix. Every step is checked; the script exits with 1 when one differs from
what is expected.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path

from msgspec import structs

from codepush import CodePush, CodePushError, Metrics, PackageInfo, Rollout
from codepush.device import SimulatedDevice
from codepush.packaging.local import prepare
from codepush.rules import plans, rollout

CODEPUSH = str(Path(sys.executable).with_name("codepush"))
HELLO = Path(__file__).parent / "hello"
APP = "Hello"
BINARY = "1.0.0"
ROLLOUT = 25
FLEET = 60
PLAN = "20% 10s, 100%"


class Scenario:
    """Prints each step with its duration, and checks results."""

    def __init__(self) -> None:
        self._began = self._last = time.perf_counter()

    def report(self, sentence: str) -> None:
        """Print what has just been done, and the time since the sentence before."""
        now = time.perf_counter()
        print(f"{(now - self._last) * 1000:7.0f} ms  {sentence}")
        self._last = now

    def expect(self, what: str, found: object, expected: object) -> None:
        """Stop the scenario when something is not as expected."""
        if found != expected:
            sys.exit(f"\nThe demo failed: {what} should be {expected!r}, but is {found!r}.")

    def end(self) -> None:
        """Print how long everything took."""
        print(f"\nAll as expected, in {time.perf_counter() - self._began:.1f} seconds.")


@contextmanager
def running_server(data: Path) -> Iterator[str]:
    """Run ``codepush server start`` until the block ends; yield its URL."""
    command = [CODEPUSH, "server", "start", "--data", str(data), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        line = server.stderr.readline()
        address = re.search(r"http://\S+", line)
        if address is None:
            sys.exit(f"The server did not start: {line}{server.stderr.read()}")
        try:
            yield address.group()
        finally:
            server.send_signal(signal.SIGTERM)
            server.stderr.read()


def add_account(data: Path) -> str:
    """Create an account on the server and return its access key."""
    command = [CODEPUSH, "server", "account", "add", "demo@example.com", "--data", str(data)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def device_id(label: str, *, selected: bool) -> str:
    """Return an id of a device that is, or is not, among the first to get a release."""
    return next(
        name for name in (f"demo-device-{n}" for n in count(1)) if rollout.is_selected(name, ROLLOUT, label) == selected
    )


def take_update(device: SimulatedDevice) -> str | None:
    """Let a device check, download, verify, install and restart; return the label it runs then."""
    device.sync()
    return device.restart().label


def run_scenario(scenario: Scenario, code_push: CodePush, new_device: Callable[..., SimulatedDevice]) -> None:
    """Release v1 and v2 and follow them to the devices."""
    hashes = {}
    for version in ("v1", "v2"):
        with prepare(HELLO / version / "CodePush") as package:
            hashes[version] = package.hash

    code_push.add_app(APP)
    key = code_push.get_deployment(APP, "Production").key
    scenario.report(f'Created the app "{APP}" with the deployments Staging and Production.')

    released = code_push.release(APP, "Staging", HELLO / "v1" / "CodePush", BINARY, PackageInfo(description="First"))
    scenario.expect("the hash of v1 in Staging", released.package_hash, hashes["v1"])
    code_push.promote(APP, "Staging", "Production")
    scenario.report(
        f"Released v1 to Staging and promoted it to Production: {released.size} bytes, {hashes['v1'][:12]}."
    )

    early = new_device(deployment_key=key, client_unique_id=device_id("v2", selected=True))
    late = new_device(deployment_key=key, client_unique_id=device_id("v2", selected=False))
    for device in (early, late):
        scenario.expect("what a new device runs", take_update(device), "v1")
        scenario.expect("its hash", device.running.package_hash, hashes["v1"])
    scenario.report("Two devices with the store's binary took v1; hashes verified.")

    released = code_push.release(APP, "Staging", HELLO / "v2" / "CodePush", BINARY, PackageInfo(description="Second"))
    code_push.promote(APP, "Staging", "Production", PackageInfo(rollout=ROLLOUT))
    scenario.report(f"Released v2 to Staging and promoted it to {ROLLOUT} % of Production.")

    scenario.expect("what the device among the first runs", take_update(early), "v2")
    scenario.expect("its hash", early.running.package_hash, hashes["v2"])
    scenario.expect("what the other device runs", take_update(late), "v1")
    scenario.report("The device among the first took v2, hash verified; the other one stayed on v1.")

    code_push.patch_release(APP, "Production", "v2", PackageInfo(rollout=100))
    scenario.expect("what the other device runs now", take_update(late), "v2")
    scenario.expect("its hash", late.running.package_hash, hashes["v2"])
    scenario.report("Finished the rollout: the other device took v2 as well, hash verified.")

    metrics = code_push.get_deployment_metrics(APP, "Production")
    counted = {label: metrics.get(label) for label in ("v1", "v2")}
    everyone = Metrics(active=2, downloaded=2, installed=2, failed=0)
    replaced = Metrics(active=0, downloaded=2, installed=2, failed=0)
    print("\nMetrics of Production     active  downloaded  installed  failed")
    for label, one in counted.items():
        if one is not None:
            print(f"  {label:22}{one.active:8}{one.downloaded:12}{one.installed:11}{one.failed:8}")
    scenario.expect("the metrics", counted, {"v1": replaced, "v2": everyone})
    print()


def run_rollouts(
    scenario: Scenario, code_push: CodePush, new_device: Callable[..., SimulatedDevice], folder: Path
) -> None:
    """Release v3, which crashes, and v4 to a fleet, both with a rollout plan."""
    key = code_push.get_deployment(APP, "Production").key
    fleet = [new_device(deployment_key=key, client_unique_id=f"fleet-{number}") for number in range(FLEET)]
    scenario.expect("who runs v2", takers(fleet, "v2"), {device.client_unique_id for device in fleet})
    scenario.report(f"Let {FLEET} more devices take v2.")

    release_with_plan(code_push, folder, "throw new Error('v3');")
    first = [device for device in fleet if rollout.is_selected(device.client_unique_id, 20, "v3")]
    rest = [device for device in fleet if device not in first]
    scenario.report(f'Released v3, which crashes, with the plan "{PLAN}": {len(first)} devices are in its first stage.')
    for device in first:
        device.sync()
        device.restart(crash=True)
    for device in first[:3]:
        scenario.expect("what a device runs after the crash", device.restart().label, "v2")
    scenario.report(f"{len(first)} devices took v3 and crashed; 3 were opened again, rolled back and reported it.")
    halted = wait_for(code_push, lambda one: one.state == "halted")
    scenario.report("The server halted the rollout by itself.")
    print(textwrap.indent(textwrap.fill(halted.decisions[0].text, 88), " " * 12))
    scenario.expect("offers of v3 to other devices", {device.check() for device in rest}, {None})
    scenario.expect("what those with v3 run", {device.restart().label for device in first}, {"v2"})
    scenario.report(f"None of the other {len(rest)} devices is offered v3; those that had it run v2 again.")

    release_with_plan(code_push, folder, "// v4")
    first = [device for device in fleet if rollout.is_selected(device.client_unique_id, 20, "v4")]
    scenario.expect("who takes v4", takers(fleet, "v4"), {device.client_unique_id for device in first})
    scenario.report(f"Released v4, the fix, with the same plan: {len(first)} devices took it.")
    wait_for(code_push, lambda one: one.stage == len(one.plan.stages))
    scenario.expect("who runs v4", takers(fleet, "v4"), {device.client_unique_id for device in fleet})
    scenario.report(f"The rollout advanced to 100 % by itself: all {FLEET} devices run v4.")
    print("            Seconds are for the demo: a real plan takes days, and reports instead of patience.")


def release_with_plan(code_push: CodePush, folder: Path, line: str) -> None:
    """Release v2 with another line of code to Production."""
    contents = folder / "CodePush"
    shutil.copytree(HELLO / "v2" / "CodePush", contents, dirs_exist_ok=True)
    with (contents / "index.android.bundle").open("a") as bundle:
        bundle.write(line)
    plan = structs.replace(plans.parse(PLAN), patience=timedelta(seconds=10))
    code_push.release(APP, "Production", contents, BINARY, plan=plan)


def wait_for(code_push: CodePush, is_so: Callable[[Rollout], bool]) -> Rollout:
    """Return the newest rollout once something is so."""
    return next(one for one in code_push.watch_rollout(APP, "Production", interval=0.5) if is_so(one))


def takers(fleet: Sequence[SimulatedDevice], label: str) -> set[str]:
    """Let devices take their updates, and return the IDs of those that run a release then."""
    with ThreadPoolExecutor() as pool:
        running = list(pool.map(take_update, fleet))
    return {device.client_unique_id for device, runs in zip(fleet, running, strict=True) if runs == label}


def main() -> None:
    """Run the demo."""
    for variable in ("CODEPUSH_DATA", "CODEPUSH_DATABASE_URL", "CODEPUSH_STORAGE_URL", "CODEPUSH_PUBLIC_URL"):
        os.environ.pop(variable, None)
    scenario = Scenario()
    with tempfile.TemporaryDirectory(prefix="codepush-demo-") as folder:
        data = Path(folder, "server")
        numbers = count(1)
        with running_server(data) as url:
            scenario.report(f"Started a server at {url}.")
            access_key = add_account(data)
            scenario.report("Added an account.")

            def new_device(**options: str) -> SimulatedDevice:
                return SimulatedDevice(
                    Path(folder, f"device-{next(numbers)}"), server_url=url, app_version=BINARY, **options
                )

            with CodePush(access_key, url) as code_push:
                run_scenario(scenario, code_push, new_device)
                run_rollouts(scenario, code_push, new_device, Path(folder))
    scenario.end()


if __name__ == "__main__":
    try:
        main()
    except CodePushError as error:
        sys.exit(f"\nThe demo failed: {error}")
