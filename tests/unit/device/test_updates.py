"""The main path: check, download, install, restart."""

from uuid import UUID

import pytest

from codepush.device import Running, SimulatedDevice, SyncStatus
from codepush.errors import ConfigurationError, PackageError
from unit.device.scripted import KEY, app_files, package_hash


def test_fresh_device_runs_the_binary_and_then_the_update(server, device):
    """A new device runs what the store delivered, and after sync and restart the released files."""
    assert device.running == Running(app_version="1.0.0")
    expected = server.release("v1", app_files("one"))

    assert device.sync() is SyncStatus.UPDATE_INSTALLED
    assert device.running.is_binary, "an update does not run before the restart"
    running = device.restart()

    assert (running.label, running.package_hash) == ("v1", expected)
    assert running.bundle.read_text() == "one"
    assert (running.bundle.parent / "assets" / "logo.txt").read_text() == "logo"


def test_second_update_follows_the_first(server, device):
    """A device goes from v1 to v2, asking with the hash and label of v1."""
    first = server.release("v1", app_files("one"))
    device.sync()
    device.restart()
    second = server.release("v2", app_files("two"))

    device.sync()
    device.restart()

    assert device.running.package_hash == second
    asked = dict(server.checks[-1][1])
    assert (asked["package_hash"], asked["label"]) == (first, "v1")


def test_sync_without_news_is_up_to_date(server, device):
    """A server that has nothing leaves the device as it is."""
    assert device.sync() is SyncStatus.UP_TO_DATE
    assert device.running.is_binary
    assert server.downloads == []


def test_update_that_waits_for_its_restart_is_said_to_be_installed(server, device):
    """A second sync before the restart downloads nothing and still says that an update was installed."""
    server.release("v1", app_files("one"))
    device.sync()

    assert device.sync() is SyncStatus.UPDATE_INSTALLED
    assert len(server.downloads) == 1
    device.restart()
    assert device.sync() is SyncStatus.UP_TO_DATE


def test_mandatory_update_runs_at_once(server, device):
    """A mandatory update restarts the app without waiting for the user."""
    server.release("v1", app_files("one"), is_mandatory=True)

    device.sync()

    assert device.running.label == "v1"


def test_install_mode_of_ordinary_updates_can_be_chosen(server, device):
    """With immediate installation an ordinary update runs at once too, and a mandatory one can be made to wait."""
    server.release("v1", app_files("one"))
    device.sync(install_mode="immediate")
    assert device.running.label == "v1"

    server.release("v2", app_files("two"), is_mandatory=True)
    device.sync(mandatory_install_mode="on_next_restart")
    assert device.running.label == "v1"


def test_newer_update_replaces_one_that_was_never_started(server, device):
    """Of two updates installed between restarts the second runs, and falls back on what ran before both."""
    for label in ("v1", "v2", "v3"):
        server.release(label, app_files(label))
        device.sync()
        if label == "v1":
            device.restart()

    assert device.restart(crash=True).label == "v3"
    assert device.restart().label == "v1"


def test_release_made_of_the_binarys_own_files_is_not_installed(server, make_device, tmp_path):
    """A package that is what the store delivered is none to a device that runs it."""
    bundle = tmp_path / "index.android.bundle"
    bundle.write_text("built in")
    server.release("v1", {"CodePush/index.android.bundle": "built in"})

    device = make_device(bundle=bundle)

    assert device.check() is None
    assert device.running == Running(
        app_version="1.0.0", package_hash=package_hash({"CodePush/index.android.bundle": "built in"}), bundle=bundle
    )


def test_binary_may_be_given_as_the_folder_that_the_build_wrote(make_device, tmp_path):
    """A folder's files count as if it were named CodePush, whatever it is called."""
    files = app_files("built in")
    for name, content in files.items():
        path = tmp_path / "output" / name.removeprefix("CodePush/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    running = make_device(bundle=tmp_path / "output").running

    assert running.package_hash == package_hash(files)
    assert running.bundle == tmp_path / "output" / "index.android.bundle"


def test_going_back_to_the_binarys_files_is_an_update_for_a_device_that_runs_another(server, make_device, tmp_path):
    """A roll-back on the server to the very bundle of the binary is installed over a later update."""
    bundle = tmp_path / "index.android.bundle"
    bundle.write_text("built in")
    device = make_device(bundle=bundle)
    server.release("v1", app_files("one"))
    device.sync(install_mode="immediate")
    server.release("v2", {"CodePush/index.android.bundle": "built in"})

    device.sync(install_mode="immediate")

    assert device.running.label == "v2"


def test_state_survives_the_process(server, make_device):
    """Another device object on the same folder goes on in the middle of an installation, as the same device."""
    first = make_device()
    server.release("v1", app_files("one"))
    first.sync()

    second = make_device()
    assert second.running.is_binary
    assert second.restart().label == "v1"

    assert make_device().running == second.running
    assert make_device().client_unique_id == first.client_unique_id


def test_new_binary_discards_the_update(server, make_device):
    """The store's next version of the app runs itself, not an update that was for the version before."""
    device = make_device()
    server.release("v1", app_files("one"))
    device.sync(install_mode="immediate")

    upgraded = make_device(app_version="1.1.0")

    assert upgraded.running == Running(app_version="1.1.0")
    upgraded.check()
    asked = dict(server.checks[-1][1])
    assert asked["app_version"] == "1.1.0"
    assert "label" not in asked


def test_new_binary_discards_an_update_that_waits(server, make_device):
    """An update that waits for its restart is gone when the store replaces the app first."""
    server.release("v1", app_files("one"))
    make_device().sync()

    upgraded = make_device(app_version="1.1.0")

    assert upgraded.restart().is_binary
    assert [report["app_version"] for kind, report, _ in server.reports if kind == "deploy"] == ["1.0.0", "1.1.0"]


def test_another_build_of_the_same_version_discards_the_update(server, make_device, tmp_path):
    """Two builds of one version are two binaries."""
    bundle = tmp_path / "bundle"
    bundle.write_text("first build")
    device = make_device(bundle=bundle)
    server.release("v1", app_files("one"))
    device.sync(install_mode="immediate")

    bundle.write_text("second build")

    assert make_device(bundle=bundle).running.is_binary


def test_update_for_another_binary_version_is_discarded_at_its_start(server, device):
    """A server that sends a range where devices expect their own version has its updates thrown away in silence."""
    server.release("v1", app_files("one"), target_binary_range="^1.0.0")
    device.sync()

    assert device.restart().is_binary
    assert [report.get("label") for kind, report, _ in server.reports if kind == "deploy"] == [None]


def test_update_that_left_the_device_cannot_be_installed(server, device):
    """Installing what was downloaded before a restart says what to do, and changes nothing."""
    server.release("v1", app_files("one"))
    update = device.download(device.check())
    device.restart()

    with pytest.raises(PackageError, match="Download it"):
        device.install(update)

    assert device.restart().is_binary


def test_made_up_device_ids_look_as_on_the_platform(make_device, tmp_path):
    """Android ids are lower-case UUIDs and iOS ids upper-case ones; a given id is kept."""
    android = make_device().client_unique_id
    settings = {"server_url": "http://127.0.0.1:1", "deployment_key": KEY, "app_version": "1.0.0"}
    ios = SimulatedDevice(tmp_path / "ios", platform="ios", **settings).client_unique_id

    assert android == str(UUID(android))
    assert ios == str(UUID(ios)).upper()
    assert make_device(client_unique_id="my device").client_unique_id == "my device"
    assert make_device().client_unique_id == "my device"


@pytest.mark.parametrize("address", ["127.0.0.1:3000", "ftp://example.com", "http://", "http://[::1", ""])
def test_address_that_is_none_is_refused(make_device, tmp_path, address):
    """A device without a server to ask is not made, nor is its folder."""
    with pytest.raises(ConfigurationError, match="not a server URL"):
        make_device(server_url=address)

    assert not (tmp_path / "device").exists()


def test_unknown_platform_is_refused(make_device):
    """Only Android and iOS can be imitated."""
    with pytest.raises(ConfigurationError, match='"android" or "ios"'):
        make_device(platform="windows")


def test_damaged_state_is_said_to_be_damaged(make_device, tmp_path):
    """A state file that cannot be read is named, and left as it is."""
    make_device()
    state = tmp_path / "device" / "codepush.json"
    state.write_text('{"client_unique_id": 5}')

    with pytest.raises(ConfigurationError, match=r"codepush\.json"):
        make_device()

    assert state.read_text() == '{"client_unique_id": 5}'


def test_folder_that_cannot_be_made_is_refused(make_device, tmp_path):
    """A device cannot live where a file is."""
    (tmp_path / "device").write_text("a file")

    with pytest.raises(ConfigurationError, match="keep its state"):
        make_device()


def test_bundle_name_with_a_folder_is_refused(make_device):
    """The bundle is looked for by its name alone, so a path would never be found."""
    with pytest.raises(ConfigurationError, match="without folders"):
        make_device(bundle_name="../main.jsbundle")


def test_server_goes_back_to_a_package_the_device_still_has(server, device):
    """A release with the files of the one before last is an update like any other, and may be rolled back."""
    server.release("v1", app_files("one"))
    device.sync(install_mode="immediate")
    server.release("v2", app_files("two"))
    device.sync(install_mode="immediate")
    server.release("v3", app_files("one"))
    device.sync()

    assert device.restart(crash=True).label == "v3"
    assert device.running.bundle.read_text() == "one"
    assert device.restart().label == "v2"


def test_reinstalling_what_runs_keeps_what_to_fall_back_on(server, device):
    """An application that installs an update twice goes on running it, and can still go back to the one before."""
    server.release("v1", app_files("one"))
    device.sync(install_mode="immediate")
    server.release("v2", app_files("two"))
    update = device.download(device.check())
    device.install(update, mode="immediate")

    device.install(update)
    assert device.restart(crash=True).label == "v2"
    assert device.restart().label == "v1"


def test_built_in_bundle_that_is_not_there_is_refused(make_device, tmp_path):
    """A binary whose files are missing is named, and no device is made."""
    with pytest.raises(PackageError, match="missing"):
        make_device(bundle=tmp_path / "missing")

    assert not (tmp_path / "device").exists()
