"""Downloads: what each platform takes, and that nothing is kept of what it refuses."""

import hashlib

import pytest

from codepush.errors import DecodeError, NotFound, PackageError, TransportError
from unit.device.scripted import app_files, package_hash, zipped


def _kept(tmp_path):
    """Return what lies in the device's folder besides its state."""
    folder = tmp_path / "device"
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.name != "codepush.json")


def _assert_nothing_changed(device, tmp_path):
    assert _kept(tmp_path) == ["updates"]
    assert device.restart().is_binary


def test_android_asks_for_identity(server, device):
    """Android wants the bytes as they are, or their number would not be the Content-Length."""
    server.release("v1", app_files("one"))
    device.sync()

    assert server.downloads[0][1]["Accept-Encoding"] == "identity"


def test_progress_ends_with_everything(server, device):
    """Progress grows to the length that the server declared."""
    server.release("v1", app_files("x" * 300, **{"CodePush/noise.bin": _noise(400_000)}))
    offer = device.check()
    told = []

    device.download(offer, on_progress=lambda *figures: told.append(figures))

    received = [figure for figure, _ in told]
    assert len(told) > 1
    assert received == sorted(received)
    assert {total for _, total in told} == {offer.package_size}
    assert received[-1] == offer.package_size


def test_error_raised_by_progress_stops_the_download(server, device, tmp_path):
    """An application may stop a download; nothing of it stays."""
    server.release("v1", app_files("one"))

    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        device.sync(on_progress=stop)

    _assert_nothing_changed(device, tmp_path)


def test_android_refuses_a_download_without_length(server, device, tmp_path):
    """A chunked answer, or one that ends with the connection, does not get onto an Android device."""
    files = app_files("one")
    for chunked in (False, True):
        path = server.offer("v1", zipped(files), package_hash(files))
        server.blobs[path] |= {"length": None, "chunked": chunked}
        with pytest.raises(DecodeError, match="no Content-Length"):
            device.sync()

    _assert_nothing_changed(device, tmp_path)


def test_ios_takes_a_download_without_length(server, make_device):
    """iOS does not ask for the length; its progress has no total then."""
    files = {"CodePush/main.jsbundle": "one"}
    path = server.offer("v1", zipped(files), package_hash(files))
    server.blobs[path] |= {"length": None, "chunked": True}
    device = make_device(platform="ios")
    told = []

    device.sync(install_mode="immediate", on_progress=lambda *figures: told.append(figures))

    assert device.running.label == "v1"
    assert told[-1] == (len(zipped(files)), None)


@pytest.mark.parametrize("platform", ["android", "ios"])
def test_cut_off_download_is_refused(server, make_device, tmp_path, platform):
    """A body that is shorter than declared is a broken connection, and nothing of it is kept."""
    device = make_device(platform=platform)
    files = app_files("one")
    path = server.offer("v1", zipped(files), package_hash(files))
    server.blobs[path]["length"] = len(zipped(files)) + 1

    with pytest.raises(TransportError):
        device.sync()

    _assert_nothing_changed(device, tmp_path)


def test_android_refuses_a_length_that_is_not_true(server, device, tmp_path):
    """A declared length that the transfer contradicts is refused, as devices count what they receive."""
    files = app_files("one")
    content = zipped(files)
    path = server.offer("v1", content, package_hash(files))
    server.blobs[path] |= {"length": len(content) + 3, "chunked": True}

    with pytest.raises(TransportError, match=f"Received {len(content)} bytes .* expected {len(content) + 3}"):
        device.sync()

    _assert_nothing_changed(device, tmp_path)


def test_download_longer_than_a_device_can_count_is_refused(server, device, tmp_path):
    """A declared length beyond 31 bits is refused before anything is read."""
    path = server.offer("v1", b"PK", "0" * 64)
    server.blobs[path]["length"] = 2**31

    with pytest.raises(DecodeError, match="longer than"):
        device.sync()

    _assert_nothing_changed(device, tmp_path)


def test_redirects_are_followed(server, device):
    """A redirect to the place where packages lie is followed, even several in a row."""
    expected = server.release("v1", app_files("one"))
    [there] = server.blobs
    server.blobs["/b"] = {"redirect": f"{server.url}{there}"}
    server.blobs["/a"] = {"redirect": "/b"}
    server.tell(
        is_available=True,
        target_binary_range="1.0.0",
        download_url=f"{server.url}/a",
        label="v1",
        package_hash=expected,
    )

    device.sync(install_mode="immediate")

    assert device.running.package_hash == expected
    assert [path for path, _ in server.downloads] == ["/a", "/b", there]


def test_redirects_in_a_circle_are_given_up(server, device, tmp_path):
    """A device does not follow redirects for ever."""
    path = server.offer("v1", b"", "0" * 64)
    server.blobs[path] = {"redirect": path}

    with pytest.raises(TransportError, match="redirected more than 20 times"):
        device.sync()

    assert len(server.downloads) == 21
    _assert_nothing_changed(device, tmp_path)


def test_android_does_not_follow_a_redirect_to_another_scheme(server, device, tmp_path):
    """From http to https there is no way on Android, so the download fails."""
    path = server.offer("v1", b"", "0" * 64)
    server.blobs[path] = {"redirect": server.url.replace("http:", "https:") + "/elsewhere"}

    with pytest.raises(TransportError, match="from http to https"):
        device.sync()

    _assert_nothing_changed(device, tmp_path)


def test_package_that_is_not_there_is_said_so(server, device, tmp_path):
    """A download that the server refuses raises its status."""
    server.offer("v1", b"", "0" * 64, download_url=f"{server.url}/nothing")

    with pytest.raises(NotFound, match="There is no such blob"):
        device.sync()

    _assert_nothing_changed(device, tmp_path)


def test_empty_download_is_refused(server, device, tmp_path):
    """Nothing is not a package."""
    server.offer("v1", b"", hashlib.sha256(b"").hexdigest())

    with pytest.raises(DecodeError, match="empty"):
        device.sync()

    _assert_nothing_changed(device, tmp_path)


def test_damaged_archive_is_refused(server, device, tmp_path):
    """A zip with a flipped byte, or cut off, is refused whole."""
    files = app_files(_noise(5_000))
    content = zipped(files)
    flipped = bytearray(content)
    flipped[100] ^= 0xFF
    for damaged in (bytes(flipped), content[:-30], content[: len(content) // 2]):
        server.offer("v1", damaged, package_hash(files))
        with pytest.raises(PackageError):
            device.sync()

    _assert_nothing_changed(device, tmp_path)


def test_archive_that_would_write_elsewhere_is_refused(server, device, tmp_path):
    """Names that lead out of the package are never written."""
    for name in ("../outside.txt", "/outside.txt", "CodePush/../../../outside.txt"):
        files = app_files("one", **{name: "escaped"})
        server.offer("v1", zipped(files), package_hash(files))
        with pytest.raises(PackageError):
            device.sync()

    _assert_nothing_changed(device, tmp_path)
    assert list(tmp_path.rglob("outside.txt")) == []


def test_package_with_another_hash_is_refused_and_remembered(server, device, tmp_path):
    """Files that are not those the server promised are not installed, and not downloaded again."""
    promised = package_hash(app_files("one"))
    server.offer("v1", zipped(app_files("another")), promised)

    with pytest.raises(PackageError, match=promised):
        device.sync()

    _assert_nothing_changed(device, tmp_path)
    device.sync()
    assert len(server.downloads) == 1
    assert device.check().failed_install


def test_package_without_the_apps_bundle_is_refused_and_remembered(server, device, tmp_path):
    """An update in which the app would find no JavaScript is not installed."""
    server.release("v1", {"CodePush/main.jsbundle": "for the other platform"})

    with pytest.raises(PackageError, match=r"index\.android\.bundle"):
        device.sync()

    assert device.check().failed_install
    _assert_nothing_changed(device, tmp_path)


def test_bundle_is_found_wherever_it_lies(server, make_device):
    """The folder's name does not matter, the bundle's does."""
    server.release("v1", {"dist/deep/app.bundle": "one"})
    device = make_device(bundle_name="app.bundle")

    device.sync(install_mode="immediate")

    assert device.running.bundle.read_text() == "one"


@pytest.mark.parametrize(("platform", "name"), [("android", "index.android.bundle"), ("ios", "app.jsbundle")])
def test_bare_bundle_is_an_update_too(server, make_device, platform, name):
    """What is no zip is the JavaScript itself, under the name the platform gives it."""
    content = b"console.log('one')\n"
    server.offer("v1", content, hashlib.sha256(content).hexdigest())
    device = make_device(platform=platform)

    device.sync(install_mode="immediate")

    assert device.running.bundle.name == name
    assert device.running.bundle.read_bytes() == content


def test_bare_bundle_with_another_hash_is_refused(server, device, tmp_path):
    """A bare bundle is verified as well."""
    server.offer("v1", b"console.log('one')\n", hashlib.sha256(b"other").hexdigest())

    with pytest.raises(PackageError, match="announced"):
        device.sync()

    _assert_nothing_changed(device, tmp_path)


def test_failed_download_leaves_the_update_that_runs(server, device):
    """A device that cannot get v2 goes on with v1."""
    server.release("v1", app_files("one"))
    device.sync(install_mode="immediate")
    server.offer("v2", b"PK\x03\x04 and no more", "0" * 64)

    with pytest.raises(PackageError):
        device.sync()

    assert device.restart().label == "v1"
    assert device.running.bundle.read_text() == "one"


def _noise(length):
    """Return text that hardly compresses, the same every time."""
    blocks = (hashlib.sha256(str(number).encode()).hexdigest() for number in range(length // 64 + 1))
    return "".join(blocks)[:length]
