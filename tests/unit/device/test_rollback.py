"""Updates that do not come up."""

from codepush.device import SyncStatus
from unit.device.scripted import app_files


def _deployed(server):
    return [(body.get("label"), body.get("status")) for kind, body, _ in server.reports if kind == "deploy"]


def test_crash_rolls_back_to_the_binary_when_nothing_ran_before(server, device):
    """An update that dies at its first start is replaced by the store's binary at the next."""
    server.release("v1", app_files("one"))
    device.sync()

    assert device.restart(crash=True).label == "v1"
    assert device.restart().is_binary
    assert device.restart().is_binary


def test_crash_rolls_back_to_the_update_that_ran_before(server, device):
    """With an older update on the device, that is what runs again, with its files whole."""
    server.release("v1", app_files("one"))
    device.sync(install_mode="immediate")
    server.release("v2", app_files("two"))
    device.sync()

    device.restart(crash=True)
    device.restart()

    assert device.running.label == "v1"
    assert device.running.bundle.read_text() == "one"


def test_failed_package_is_never_tried_again(server, device):
    """The very package that crashed is passed over, whatever its label; another one is taken."""
    server.release("v1", app_files("bad"))
    device.sync()
    device.restart(crash=True)
    device.restart()

    assert device.sync() is SyncStatus.UP_TO_DATE
    server.release("v2", app_files("bad"))
    assert device.sync() is SyncStatus.UP_TO_DATE
    assert device.check().failed_install
    assert len(server.downloads) == 1

    server.release("v3", app_files("good"))
    assert device.sync() is SyncStatus.UPDATE_INSTALLED
    assert device.restart().label == "v3"


def test_roll_back_is_reported_once(server, device):
    """The server hears that the update failed, once, and never that it succeeded."""
    server.release("v1", app_files("bad"))
    device.sync()
    device.restart(crash=True)
    device.restart()
    device.restart()
    device.report()

    assert _deployed(server) == [(None, None), ("v1", "DeploymentFailed")]


def test_app_that_crashed_is_opened_before_it_does_anything(server, make_device):
    """A sync after a crash is that of the app opened again, in this process or another: already rolled back."""
    server.release("v1", app_files("bad"))
    make_device().sync()
    make_device().restart(crash=True)

    device = make_device()
    assert device.sync() is SyncStatus.UP_TO_DATE

    assert device.running.is_binary
    assert _deployed(server)[-1] == ("v1", "DeploymentFailed")


def test_update_that_came_up_once_is_not_rolled_back(server, device):
    """A crash later in an update's life is not the update's fault."""
    server.release("v1", app_files("one"))
    device.sync(install_mode="immediate")

    device.restart(crash=True)

    assert device.restart().label == "v1"
    assert _deployed(server)[-1] == ("v1", "DeploymentSucceeded")


def test_new_binary_that_discards_updates_forgets_failures_too(server, make_device):
    """What crashed in one binary may run in the next."""
    device = make_device()
    server.release("v1", app_files("one"))
    device.sync(install_mode="immediate")
    server.release("v2", app_files("two"))
    device.sync()
    device.restart(crash=True)
    device.restart()

    server.release("v3", app_files("two"), target_binary_range="1.1.0")
    upgraded = make_device(app_version="1.1.0")
    upgraded.sync(install_mode="immediate")

    assert upgraded.running.label == "v3"


def test_new_binary_after_a_crash_is_no_roll_back(server, make_device):
    """A store update that comes between crash and restart makes the crash a thing of the past."""
    server.release("v1", app_files("one"))
    device = make_device()
    device.sync()
    device.restart(crash=True)

    make_device(app_version="1.1.0").restart()

    assert ("v1", "DeploymentFailed") not in _deployed(server)


def test_packages_that_are_no_longer_needed_are_removed(server, device, tmp_path):
    """A device keeps the update that runs and the one before, and after a roll-back not the failed one."""
    hashes = []
    for label in ("v1", "v2", "v3"):
        hashes.append(server.release(label, app_files(label)))
        device.sync(install_mode="immediate")
    folder = tmp_path / "device" / "updates"
    assert {path.name for path in folder.iterdir()} == {hashes[1], hashes[2]}

    server.release("v4", app_files("bad"))
    device.sync()
    device.restart(crash=True)
    device.restart()
    assert {path.name for path in folder.iterdir()} == {hashes[2]}
