"""The main job, end to end: a release travels from a Python script to devices.

Starts a server of its own on a free port in a temporary folder, releases two versions of the app
in ``examples/hello``, and lets two simulated devices take them: one that is among the first 25 % of
a rollout, and one that is not. Every step is checked; the script exits with 1 when one differs from
what is expected.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from codepush import CodePush, CodePushError, Metrics, PackageInfo
from codepush.device import SimulatedDevice
from codepush.packaging.local import prepare
from codepush.rules import rollout

CODEPUSH = str(Path(sys.executable).with_name("codepush"))
HELLO = Path(__file__).parent / "hello"
APP = "Hello"
BINARY = "1.0.0"
ROLLOUT = 25


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
    scenario.end()


if __name__ == "__main__":
    try:
        main()
    except CodePushError as error:
        sys.exit(f"\nThe demo failed: {error}")
