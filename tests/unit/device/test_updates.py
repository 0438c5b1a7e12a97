"""The main path: check, download, install, restart."""

from uuid import UUID

import pytest

from codepush.device import Phone, Running, SyncStatus
from codepush.errors import ConfigurationError, PackageError
from unit.device.scripted import KEY, app_files, package_hash


def test_fresh_phone_runs_the_binary_and_then_the_update(server, phone):
    """A new phone runs what the store delivered, and after sync and restart the released files."""
    assert phone.running == Running(app_version="1.0.0")
    expected = server.release("v1", app_files("one"))

    assert phone.sync() is SyncStatus.UPDATE_INSTALLED
    assert phone.running.is_binary, "an update does not run before the restart"
    running = phone.restart()

    assert (running.label, running.package_hash) == ("v1", expected)
    assert running.bundle.read_text() == "one"
    assert (running.bundle.parent / "assets" / "logo.txt").read_text() == "logo"


def test_second_update_follows_the_first(server, phone):
    """A phone goes from v1 to v2, asking with the hash and label of v1."""
    first = server.release("v1", app_files("one"))
    phone.sync()
    phone.restart()
    second = server.release("v2", app_files("two"))

    phone.sync()
    phone.restart()

    assert phone.running.package_hash == second
    asked = dict(server.checks[-1][1])
    assert (asked["package_hash"], asked["label"]) == (first, "v1")


def test_sync_without_news_is_up_to_date(server, phone):
    """A server that has nothing leaves the phone as it is."""
    assert phone.sync() is SyncStatus.UP_TO_DATE
    assert phone.running.is_binary
    assert server.downloads == []


def test_update_that_waits_for_its_restart_is_said_to_be_installed(server, phone):
    """A second sync before the restart downloads nothing and still says that an update was installed."""
    server.release("v1", app_files("one"))
    phone.sync()

    assert phone.sync() is SyncStatus.UPDATE_INSTALLED
    assert len(server.downloads) == 1
    phone.restart()
    assert phone.sync() is SyncStatus.UP_TO_DATE


def test_mandatory_update_runs_at_once(server, phone):
    """A mandatory update restarts the app without waiting for the user."""
    server.release("v1", app_files("one"), is_mandatory=True)

    phone.sync()

    assert phone.running.label == "v1"


def test_install_mode_of_ordinary_updates_can_be_chosen(server, phone):
    """With immediate installation an ordinary update runs at once too, and a mandatory one can be made to wait."""
    server.release("v1", app_files("one"))
    phone.sync(install_mode="immediate")
    assert phone.running.label == "v1"

    server.release("v2", app_files("two"), is_mandatory=True)
    phone.sync(mandatory_install_mode="on_next_restart")
    assert phone.running.label == "v1"


def test_newer_update_replaces_one_that_was_never_started(server, phone):
    """Of two updates installed between restarts the second runs, and falls back on what ran before both."""
    for label in ("v1", "v2", "v3"):
        server.release(label, app_files(label))
        phone.sync()
        if label == "v1":
            phone.restart()

    assert phone.restart(crash=True).label == "v3"
    assert phone.restart().label == "v1"


def test_release_made_of_the_binarys_own_files_is_not_installed(server, make_phone, tmp_path):
    """A package that is what the store delivered is none to a phone that runs it."""
    bundle = tmp_path / "index.android.bundle"
    bundle.write_text("built in")
    server.release("v1", {"CodePush/index.android.bundle": "built in"})

    phone = make_phone(bundle=bundle)

    assert phone.check() is None
    assert phone.running == Running(
        app_version="1.0.0", package_hash=package_hash({"CodePush/index.android.bundle": "built in"}), bundle=bundle
    )


def test_binary_may_be_given_as_the_folder_that_the_build_wrote(make_phone, tmp_path):
    """A folder's files count as if it were named CodePush, whatever it is called."""
    files = app_files("built in")
    for name, content in files.items():
        path = tmp_path / "output" / name.removeprefix("CodePush/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    running = make_phone(bundle=tmp_path / "output").running

    assert running.package_hash == package_hash(files)
    assert running.bundle == tmp_path / "output" / "index.android.bundle"


def test_going_back_to_the_binarys_files_is_an_update_for_a_phone_that_runs_another(server, make_phone, tmp_path):
    """A roll-back on the server to the very bundle of the binary is installed over a later update."""
    bundle = tmp_path / "index.android.bundle"
    bundle.write_text("built in")
    phone = make_phone(bundle=bundle)
    server.release("v1", app_files("one"))
    phone.sync(install_mode="immediate")
    server.release("v2", {"CodePush/index.android.bundle": "built in"})

    phone.sync(install_mode="immediate")

    assert phone.running.label == "v2"


def test_state_survives_the_process(server, make_phone):
    """Another phone object on the same folder goes on in the middle of an installation, as the same device."""
    first = make_phone()
    server.release("v1", app_files("one"))
    first.sync()

    second = make_phone()
    assert second.running.is_binary
    assert second.restart().label == "v1"

    assert make_phone().running == second.running
    assert make_phone().client_unique_id == first.client_unique_id


def test_new_binary_discards_the_update(server, make_phone):
    """The store's next version of the app runs itself, not an update that was for the version before."""
    phone = make_phone()
    server.release("v1", app_files("one"))
    phone.sync(install_mode="immediate")

    upgraded = make_phone(app_version="1.1.0")

    assert upgraded.running == Running(app_version="1.1.0")
    upgraded.check()
    asked = dict(server.checks[-1][1])
    assert asked["app_version"] == "1.1.0"
    assert "label" not in asked


def test_new_binary_discards_an_update_that_waits(server, make_phone):
    """An update that waits for its restart is gone when the store replaces the app first."""
    server.release("v1", app_files("one"))
    make_phone().sync()

    upgraded = make_phone(app_version="1.1.0")

    assert upgraded.restart().is_binary
    assert [report["app_version"] for kind, report, _ in server.reports if kind == "deploy"] == ["1.0.0", "1.1.0"]


def test_another_build_of_the_same_version_discards_the_update(server, make_phone, tmp_path):
    """Two builds of one version are two binaries."""
    bundle = tmp_path / "bundle"
    bundle.write_text("first build")
    phone = make_phone(bundle=bundle)
    server.release("v1", app_files("one"))
    phone.sync(install_mode="immediate")

    bundle.write_text("second build")

    assert make_phone(bundle=bundle).running.is_binary


def test_update_for_another_binary_version_is_discarded_at_its_start(server, phone):
    """A server that sends a range where phones expect their own version has its updates thrown away in silence."""
    server.release("v1", app_files("one"), target_binary_range="^1.0.0")
    phone.sync()

    assert phone.restart().is_binary
    assert [report.get("label") for kind, report, _ in server.reports if kind == "deploy"] == [None]


def test_update_that_left_the_phone_cannot_be_installed(server, phone):
    """Installing what was downloaded before a restart says what to do, and changes nothing."""
    server.release("v1", app_files("one"))
    update = phone.download(phone.check())
    phone.restart()

    with pytest.raises(PackageError, match="Download it"):
        phone.install(update)

    assert phone.restart().is_binary


def test_made_up_device_ids_look_as_on_the_platform(make_phone, tmp_path):
    """Android ids are lower-case UUIDs and iOS ids upper-case ones; a given id is kept."""
    android = make_phone().client_unique_id
    settings = {"server_url": "http://127.0.0.1:1", "deployment_key": KEY, "app_version": "1.0.0"}
    ios = Phone(tmp_path / "ios", platform="ios", **settings).client_unique_id

    assert android == str(UUID(android))
    assert ios == str(UUID(ios)).upper()
    assert make_phone(client_unique_id="my phone").client_unique_id == "my phone"
    assert make_phone().client_unique_id == "my phone"


@pytest.mark.parametrize("address", ["127.0.0.1:3000", "ftp://example.com", "http://", "http://[::1", ""])
def test_address_that_is_none_is_refused(make_phone, tmp_path, address):
    """A phone without a server to ask is not made, nor is its folder."""
    with pytest.raises(ConfigurationError, match="address of a server"):
        make_phone(server_url=address)

    assert not (tmp_path / "phone").exists()


def test_unknown_platform_is_refused(make_phone):
    """Only Android and iOS can be imitated."""
    with pytest.raises(ConfigurationError, match='"android" or "ios"'):
        make_phone(platform="windows")


def test_damaged_state_is_said_to_be_damaged(make_phone, tmp_path):
    """A state file that cannot be read is named, and left as it is."""
    make_phone()
    state = tmp_path / "phone" / "codepush.json"
    state.write_text('{"client_unique_id": 5}')

    with pytest.raises(ConfigurationError, match=r"codepush\.json"):
        make_phone()

    assert state.read_text() == '{"client_unique_id": 5}'


def test_folder_that_cannot_be_made_is_refused(make_phone, tmp_path):
    """A phone cannot live where a file is."""
    (tmp_path / "phone").write_text("a file")

    with pytest.raises(ConfigurationError, match="keep its state"):
        make_phone()


def test_bundle_name_with_a_folder_is_refused(make_phone):
    """The bundle is looked for by its name alone, so a path would never be found."""
    with pytest.raises(ConfigurationError, match="without folders"):
        make_phone(bundle_name="../main.jsbundle")


def test_server_goes_back_to_a_package_the_phone_still_has(server, phone):
    """A release with the files of the one before last is an update like any other, and may be rolled back."""
    server.release("v1", app_files("one"))
    phone.sync(install_mode="immediate")
    server.release("v2", app_files("two"))
    phone.sync(install_mode="immediate")
    server.release("v3", app_files("one"))
    phone.sync()

    assert phone.restart(crash=True).label == "v3"
    assert phone.running.bundle.read_text() == "one"
    assert phone.restart().label == "v2"


def test_reinstalling_what_runs_keeps_what_to_fall_back_on(server, phone):
    """An application that installs an update twice goes on running it, and can still go back to the one before."""
    server.release("v1", app_files("one"))
    phone.sync(install_mode="immediate")
    server.release("v2", app_files("two"))
    update = phone.download(phone.check())
    phone.install(update, mode="immediate")

    phone.install(update)
    assert phone.restart(crash=True).label == "v2"
    assert phone.restart().label == "v1"


def test_built_in_bundle_that_is_not_there_is_refused(make_phone, tmp_path):
    """A binary whose files are missing is named, and no phone is made."""
    with pytest.raises(PackageError, match="missing"):
        make_phone(bundle=tmp_path / "missing")

    assert not (tmp_path / "phone").exists()
