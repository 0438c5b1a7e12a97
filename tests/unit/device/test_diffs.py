"""Differences: an update made of the package before and what changed since."""

import hashlib
import json

import pytest

from codepush.errors import PackageError
from unit.device.scripted import app_files, package_hash, zipped

OLD = app_files("one", **{"CodePush/assets/old.txt": "old", "CodePush/same.txt": "same"})
NEW = app_files("two", **{"CodePush/assets/new.txt": "new", "CodePush/same.txt": "same"})


@pytest.fixture
def updated(server, device):
    """Give a device that runs the old package."""
    server.release("v1", OLD)
    device.sync(install_mode="immediate")
    return device


def _files(running):
    root = running.bundle.parent.parent
    return {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*") if path.is_file()}


def test_difference_gives_the_whole_new_package(server, updated):
    """Unchanged files come from the device, changed and new ones from the archive, deleted ones are gone."""
    expected = server.release_diff("v2", OLD, NEW)

    updated.sync(install_mode="immediate")

    assert updated.running.package_hash == expected
    assert _files(updated.running) == NEW


def test_difference_that_only_deletes(server, updated):
    """An archive with nothing in it but the list of deleted files is enough."""
    fewer = {name: content for name, content in OLD.items() if "old" not in name}
    server.release_diff("v2", OLD, fewer)

    updated.sync(install_mode="immediate")

    assert _files(updated.running) == fewer


def test_package_before_is_left_whole_for_a_roll_back(server, updated):
    """Applying a difference does not touch what it starts from."""
    server.release_diff("v2", OLD, NEW)
    updated.sync()
    updated.restart(crash=True)

    assert _files(updated.restart()) == OLD


@pytest.mark.parametrize(
    "name", ["../../app.json", "/etc/passwd", "CodePush/../../app.json", "..", "", "..\\app.json", "a\0b"]
)
def test_deletion_outside_the_package_is_refused(server, updated, tmp_path, name):
    """No name in the list leads out of the package; the update is refused whole and nothing is lost."""
    before = _everything(tmp_path)
    server.release_diff("v2", OLD, NEW, deleted=[name])

    with pytest.raises(PackageError, match="outside the package"):
        updated.sync()

    assert _everything(tmp_path) == before
    assert updated.restart().label == "v1"


def test_deletion_of_what_is_not_there_does_nothing(server, updated):
    """Names of folders and of missing files are passed over, as devices do."""
    listed = ["CodePush/assets/old.txt", "CodePush/nothing.txt", "CodePush/assets"]
    server.release_diff("v2", OLD, NEW, deleted=listed)

    updated.sync(install_mode="immediate")

    assert _files(updated.running) == NEW


@pytest.mark.parametrize(
    "listed", ["", "[]", '{"deletedFiles": "CodePush/x"}', '{"deletedFiles": [1]}', "{", "[" * 99_999]
)
def test_list_that_cannot_be_read_is_refused(server, updated, listed):
    """A broken list of deleted files refuses the update."""
    server.offer("v2", zipped({"hotcodepush.json": listed, "CodePush/index.android.bundle": "two"}), package_hash(NEW))

    with pytest.raises(PackageError, match="cannot be read"):
        updated.sync()

    assert updated.restart().label == "v1"


def test_difference_from_another_package_is_refused(server, updated):
    """A difference that was made for another package gives another hash, and so nothing."""
    other = OLD | {"CodePush/same.txt": "not the same"}
    new = other | {"CodePush/index.android.bundle": "two"}
    server.release_diff("v2", other, new)

    with pytest.raises(PackageError, match="announced"):
        updated.sync()

    assert updated.restart().label == "v1"
    assert updated.check().failed_install


@pytest.mark.parametrize("clash", ["CodePush/assets", "CodePush/same.txt/inside.txt"])
def test_difference_that_does_not_fit_the_folders_is_refused(server, updated, clash):
    """A file where the package before has a folder, or a folder where it has a file, cannot be laid over it."""
    new = {"CodePush/index.android.bundle": "two", clash: "a file now"}
    server.release_diff("v2", OLD, new, deleted=[])

    with pytest.raises(PackageError):
        updated.sync()

    assert updated.restart().label == "v1"


def test_difference_without_a_package_before_is_refused_on_android(server, device):
    """An Android device that runs its binary has nothing to lay a difference over."""
    server.release_diff("v2", OLD, NEW)

    with pytest.raises(PackageError, match="announced"):
        device.sync()


def test_difference_from_the_binary_is_applied_on_ios(server, make_device, tmp_path):
    """An iOS device without an update applies a diff to the assets and the bundle of its binary."""
    old = {"CodePush/main.jsbundle": "built in", "CodePush/assets/logo.txt": "logo"}
    new = old | {"CodePush/main.jsbundle": "two"}
    folder = tmp_path / "built in"
    (folder / "assets").mkdir(parents=True)
    (folder / "main.jsbundle").write_text("built in")
    (folder / "assets" / "logo.txt").write_text("logo")
    server.release_diff("v1", old, new)
    device = make_device(platform="ios", bundle=folder)

    device.sync(install_mode="immediate")
    assert _files(device.running) == new


def _built(folder, **files):
    """Write the files of a binary and return their folder."""
    for name, content in {"main.jsbundle": "built in", **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


@pytest.mark.parametrize("name", ["", "main.jsbundle"])
def test_diff_for_an_ios_binary_without_assets_is_retried_for_ever(server, make_device, tmp_path, name):
    """The copy of the assets fails, the update is not marked as failed, and a whole package is installed later."""
    old = {"CodePush/main.jsbundle": "built in"}
    new = old | {"CodePush/more.txt": "more"}
    device = make_device(platform="ios", bundle=_built(tmp_path / "built in") / name)
    server.release_diff("v1", old, new)
    for _ in range(2):
        with pytest.raises(PackageError, match='no "assets"'):
            device.sync()
        assert device.running.is_binary
        assert not device.check().failed_install
    server.release("v1", new)
    device.sync(install_mode="immediate")
    assert _files(device.running) == new


def test_diff_for_an_ios_binary_is_applied_to_assets_and_bundle_only(server, make_device, tmp_path):
    """Another file of the binary is not copied, so the hash differs and the update is marked as failed."""
    files = {"main.jsbundle.meta": "meta", "assets/logo.txt": "logo"}
    old = {"CodePush/main.jsbundle": "built in"} | {f"CodePush/{name}": text for name, text in files.items()}
    device = make_device(platform="ios", bundle=_built(tmp_path / "built in", **files))
    server.release_diff("v1", old, old | {"CodePush/main.jsbundle": "two"})
    with pytest.raises(PackageError, match="announced"):
        device.sync()
    assert device.check().failed_install


def _everything(folder):
    """Return every file's path and hash."""
    return {
        path.as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()
    }


def test_archive_with_its_own_list_in_a_folder_is_a_full_package(server, updated):
    """Only a list at the root of the archive makes it a difference."""
    full = NEW | {"CodePush/hotcodepush.json": json.dumps({"deletedFiles": ["CodePush/same.txt"]})}
    server.release("v2", full)

    updated.sync(install_mode="immediate")

    assert _files(updated.running) == full
