"""Devices of both kinds against the real server, and what its metrics make of them."""

import pytest

from codepush import Metrics
from codepush.device import SimulatedDevice
from support.packages import make_bundle


@pytest.fixture
def code_push(codepush_server):
    with codepush_server.client() as client:
        client.add_app("App")
        yield client


@pytest.fixture
def key(code_push):
    return code_push.get_deployment("App", "Staging").key


def test_both_platforms_take_one_release(code_push, key, codepush_device, tmp_path):
    """An Android and an iOS device each take the release that holds both their bundles, and both are counted."""
    bundle = make_bundle(tmp_path, "both")
    (bundle / "main.jsbundle").write_text("both")
    package = code_push.release("App", "Staging", bundle, "1.0.0")

    for platform in ("android", "ios"):
        device = codepush_device(deployment_key=key, app_version="1.0.0", platform=platform)
        device.sync(install_mode="immediate")
        assert device.running.package_hash == package.package_hash
        assert device.running.bundle.read_text() == "both"

    metrics = code_push.get_deployment_metrics("App", "Staging")
    assert metrics["v1"] == Metrics(active=2, downloaded=2, failed=0, installed=2)


def test_single_file_release_reaches_the_device(code_push, key, codepush_device, tmp_path):
    """A release of one bare bundle is downloaded as it is, verified and run."""
    bundle = tmp_path / "index.android.bundle"
    bundle.write_text("console.log('bare')\n")
    package = code_push.release("App", "Staging", bundle, "1.0.0")
    device = codepush_device(deployment_key=key, app_version="1.0.0")

    device.sync(install_mode="immediate")

    assert device.running.package_hash == package.package_hash
    assert device.running.bundle.read_bytes() == bundle.read_bytes()


@pytest.mark.parametrize("platform", ["android", "ios"])
def test_release_of_the_binarys_own_files_is_not_installed(code_push, key, codepush_device, tmp_path, platform):
    """A device whose binary was built from the very files of a release leaves that release alone."""
    bundle = make_bundle(tmp_path)
    (bundle / "main.jsbundle").write_text("for iOS")
    package = code_push.release("App", "Staging", bundle, "1.0.0")
    device = codepush_device(deployment_key=key, app_version="1.0.0", bundle=bundle, platform=platform)

    assert device.running.package_hash == package.package_hash
    assert device.check() is None


def test_device_moves_from_binary_to_update_to_next_binary(code_push, key, codepush_server, tmp_path):
    """One device is active in one place at a time, through an update and a new version from the store."""
    code_push.release("App", "Staging", make_bundle(tmp_path), "1.0.0")

    def device(app_version):
        return SimulatedDevice(
            tmp_path / "device",
            server_url=codepush_server.url,
            deployment_key=key,
            app_version=app_version,
            timeout=10.0,
        )

    def active():
        metrics = code_push.get_deployment_metrics("App", "Staging")
        return {name: figures.active for name, figures in metrics.items() if figures.active}

    device("1.0.0").notify_app_ready()
    assert active() == {"1.0.0": 1}
    device("1.0.0").sync(install_mode="immediate")
    assert active() == {"v1": 1}
    device("1.1.0").notify_app_ready()
    assert active() == {"1.1.0": 1}


def test_reports_made_offline_arrive_later(code_push, key, codepush_server, tmp_path):
    """A failure that happened without a network is counted once the device is back, and once only."""
    code_push.release("App", "Staging", make_bundle(tmp_path), "1.0.0")

    def device(url):
        return SimulatedDevice(
            tmp_path / "device", server_url=url, deployment_key=key, app_version="1.0.0", timeout=10.0
        )

    device(codepush_server.url).sync()
    offline = device("http://127.0.0.1:1")
    offline.restart(crash=True)
    offline.restart()
    assert code_push.get_deployment_metrics("App", "Staging")["v1"].failed == 0

    online = device(codepush_server.url)
    online.restart()
    online.restart()
    assert code_push.get_deployment_metrics("App", "Staging")["v1"] == Metrics(
        active=0, downloaded=1, failed=1, installed=0
    )
