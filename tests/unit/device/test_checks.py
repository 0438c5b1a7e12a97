"""Asking for an update, and what a device makes of the answer."""

import json
import socket

import pytest

from codepush.errors import DecodeError, NotFound, ServerError, TimeoutError, TransportError  # noqa: A004 - ours
from unit.device.scripted import KEY, app_files


def test_question_has_the_parameters_and_headers_of_react_native(server, device):
    """A fresh Android device sends key, version and device id, in that order, and says who it is."""
    device.check()

    path, query, headers = server.checks[0]
    assert path == "/v0.1/public/codepush/update_check"
    assert query == [
        ("deployment_key", KEY),
        ("app_version", "1.0.0"),
        ("client_unique_id", device.client_unique_id),
    ]
    assert headers["X-CodePush-Plugin-Name"] == "react-native-code-push"
    assert headers["X-CodePush-Plugin-Version"] == "9.0.1"
    assert headers["X-CodePush-SDK-Version"] == "4.2.3"
    assert headers["Accept"] == headers["Content-Type"] == "application/json"


def test_device_with_an_update_asks_in_its_name(server, device):
    """What was installed last is what the server is told, even before it runs."""
    expected = server.release("v1", app_files("one"))
    device.sync()

    device.check()

    assert [name for name, _ in server.checks[-1][1]] == [
        "deployment_key",
        "app_version",
        "package_hash",
        "label",
        "client_unique_id",
    ]
    assert dict(server.checks[-1][1])["package_hash"] == expected


def test_ios_sends_the_binarys_hash_and_android_does_not(server, make_device, tmp_path):
    """Only iOS tells the server which files its binary has."""
    bundle = tmp_path / "bundle"
    bundle.write_text("built in")
    android = make_device(bundle=bundle)
    android.check()
    ios = make_device(bundle=bundle, platform="ios")
    ios.check()

    sent = [dict(query).get("package_hash") for _, query, _ in server.checks]
    assert sent == [None, ios.running.package_hash]


def test_offer_says_what_the_server_said(server, device):
    """Everything a person may want to know of an update is in the offer."""
    expected = server.release("v3", app_files("three"), is_mandatory=True, description="Bug fixes")

    offer = device.check()

    assert (offer.label, offer.package_hash, offer.app_version) == ("v3", expected, "1.0.0")
    assert (offer.is_mandatory, offer.description, offer.failed_install) == (True, "Bug fixes", False)
    assert offer.deployment_key == KEY


def test_offer_may_leave_out_what_the_releaser_never_said(server, device):
    """Absent description and mandatory flag mean none and no."""
    server.tell(
        is_available=True,
        target_binary_range="1.0.0",
        download_url=f"{server.url}/x",
        label="v1",
        package_hash="0" * 64,
    )

    offer = device.check()

    assert (offer.description, offer.is_mandatory, offer.package_size) == (None, False, 0)


def test_update_for_a_newer_binary_is_not_offered(server, device):
    """An app that is too old hears which versions the update is for, and installs nothing."""
    server.tell(is_available=False, update_app_version=True, target_binary_range=">=2.0.0")
    heard = []

    assert device.check(on_version_mismatch=heard.append) is None
    assert device.check() is None
    assert heard == [">=2.0.0"]


@pytest.mark.parametrize(("status", "kind"), [(404, NotFound), (500, ServerError), (503, ServerError)])
def test_refusal_is_shown_with_status_and_words(server, device, status, kind):
    """An error status raises the error that stands for it, in the words apps are shown."""
    server.told = (status, b"No such deployment")

    with pytest.raises(kind, match=f"^{status}: No such deployment$") as caught:
        device.check()

    assert caught.value.status_code == status


def _told(**changed):
    usual = {
        "is_available": True,
        "target_binary_range": "1.0.0",
        "download_url": "http://127.0.0.1/x",
        "label": "v1",
        "package_hash": "0" * 64,
        "package_size": 5,
    }
    return json.dumps({"update_info": usual | changed}).encode()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>It works!</html>",
        b"null",
        b"{}",
        b'{"update_info": []}',
        b'{"update_info": {}}',
        b"\xff\xfe",
        b'{"update_info": {"is_available": true, "x": ' + b"[" * 100_000,
        b'{"update_info": {"is_available": false}, "padding": "' + b" " * 2_000_000 + b'"}',
        _told(is_available="yes"),
        _told(package_hash=17),
        _told(package_size="5"),
        _told(label=["v1"]),
        _told(package_hash=""),
        _told(package_hash="../../../../somewhere"),
        _told(package_hash="A" * 64),
        _told(download_url=""),
        _told(download_url="file:///etc/passwd"),
    ],
    ids=lambda answer: answer[:60].decode("latin-1"),
)
def test_answer_that_makes_no_sense_is_an_error(server, device, answer):
    """Whatever a server sends, a device either understands it or says that it does not."""
    server.told = (200, answer)

    with pytest.raises(DecodeError):
        device.sync()

    assert server.downloads == []
    assert device.restart().is_binary


def test_server_that_is_not_there_is_a_transport_error(make_device):
    """No connection is told apart from a refusal."""
    with pytest.raises(TransportError, match=r"127\.0\.0\.1:1/.*Check the URL") as caught:
        make_device(server_url="http://127.0.0.1:1").check()

    assert caught.value.status_code == 504


def test_server_that_does_not_answer_is_a_timeout(make_device):
    """A server that accepts the connection and then says nothing is given up."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        device = make_device(server_url=f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout=0.1)
        with pytest.raises(TimeoutError):
            device.check()


def test_server_url_may_end_in_a_slash_or_have_a_path(server, make_device):
    """The API's path goes below whatever address is configured."""
    make_device(server_url=f"{server.url}/").check()
    make_device(server_url=f"{server.url}/behind/proxy").check()

    assert [path for path, _, _ in server.checks] == [
        "/v0.1/public/codepush/update_check",
        "/behind/proxy/v0.1/public/codepush/update_check",
    ]
