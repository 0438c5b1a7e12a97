"""Updates that do not come up."""

from codepush.device import SyncStatus
from unit.device.scripted import app_files


def _deployed(server):
    return [(body.get("label"), body.get("status")) for kind, body, _ in server.reports if kind == "deploy"]


def test_crash_rolls_back_to_the_binary_when_nothing_ran_before(server, phone):
    """An update that dies at its first start is replaced by the store's binary at the next."""
    server.release("v1", app_files("one"))
    phone.sync()

    assert phone.restart(crash=True).label == "v1"
    assert phone.restart().is_binary
    assert phone.restart().is_binary


def test_crash_rolls_back_to_the_update_that_ran_before(server, phone):
    """With an older update on the phone, that is what runs again, with its files whole."""
    server.release("v1", app_files("one"))
    phone.sync(install_mode="immediate")
    server.release("v2", app_files("two"))
    phone.sync()

    phone.restart(crash=True)
    phone.restart()

    assert phone.running.label == "v1"
    assert phone.running.bundle.read_text() == "one"


def test_failed_package_is_never_tried_again(server, phone):
    """The very package that crashed is passed over, whatever its label; another one is taken."""
    server.release("v1", app_files("bad"))
    phone.sync()
    phone.restart(crash=True)
    phone.restart()

    assert phone.sync() is SyncStatus.UP_TO_DATE
    server.release("v2", app_files("bad"))
    assert phone.sync() is SyncStatus.UP_TO_DATE
    assert phone.check().failed_install
    assert len(server.downloads) == 1

    server.release("v3", app_files("good"))
    assert phone.sync() is SyncStatus.UPDATE_INSTALLED
    assert phone.restart().label == "v3"


def test_roll_back_is_reported_once(server, phone):
    """The server hears that the update failed, once, and never that it succeeded."""
    server.release("v1", app_files("bad"))
    phone.sync()
    phone.restart(crash=True)
    phone.restart()
    phone.restart()
    phone.report()

    assert _deployed(server) == [(None, None), ("v1", "DeploymentFailed")]


def test_app_that_crashed_is_opened_before_it_does_anything(server, make_phone):
    """A sync after a crash is that of the app opened again, in this process or another: already rolled back."""
    server.release("v1", app_files("bad"))
    make_phone().sync()
    make_phone().restart(crash=True)

    phone = make_phone()
    assert phone.sync() is SyncStatus.UP_TO_DATE

    assert phone.running.is_binary
    assert _deployed(server)[-1] == ("v1", "DeploymentFailed")


def test_update_that_came_up_once_is_not_rolled_back(server, phone):
    """A crash later in an update's life is not the update's fault."""
    server.release("v1", app_files("one"))
    phone.sync(install_mode="immediate")

    phone.restart(crash=True)

    assert phone.restart().label == "v1"
    assert _deployed(server)[-1] == ("v1", "DeploymentSucceeded")


def test_new_binary_that_discards_updates_forgets_failures_too(server, make_phone):
    """What crashed in one binary may run in the next."""
    phone = make_phone()
    server.release("v1", app_files("one"))
    phone.sync(install_mode="immediate")
    server.release("v2", app_files("two"))
    phone.sync()
    phone.restart(crash=True)
    phone.restart()

    server.release("v3", app_files("two"), target_binary_range="1.1.0")
    upgraded = make_phone(app_version="1.1.0")
    upgraded.sync(install_mode="immediate")

    assert upgraded.running.label == "v3"


def test_new_binary_after_a_crash_is_no_roll_back(server, make_phone):
    """A store update that comes between crash and restart makes the crash a thing of the past."""
    server.release("v1", app_files("one"))
    phone = make_phone()
    phone.sync()
    phone.restart(crash=True)

    make_phone(app_version="1.1.0").restart()

    assert ("v1", "DeploymentFailed") not in _deployed(server)


def test_packages_that_are_no_longer_needed_are_removed(server, phone, tmp_path):
    """A phone keeps the update that runs and the one before, and after a roll-back not the failed one."""
    hashes = []
    for label in ("v1", "v2", "v3"):
        hashes.append(server.release(label, app_files(label)))
        phone.sync(install_mode="immediate")
    folder = tmp_path / "phone" / "updates"
    assert {path.name for path in folder.iterdir()} == {hashes[1], hashes[2]}

    server.release("v4", app_files("bad"))
    phone.sync()
    phone.restart(crash=True)
    phone.restart()
    assert {path.name for path in folder.iterdir()} == {hashes[2]}
