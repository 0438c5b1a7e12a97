"""What apps on devices say about their updates."""

from itertools import islice

import pytest

from codepush.errors import ProjectError
from codepush.projects.logs import AndroidLog, Device, SimulatorLog, message_in, parse_devices
from support.projects import install_tool

LISTING = """* daemon not running; starting now at tcp:5037
* daemon started successfully
List of devices attached
{}
"""


def test_devices():
    """The list of devices is read by its columns, so that a device named "device" counts once."""
    text = LISTING.format("emulator-5554\tdevice\nmy-device device product:x model:y\nR5\tunauthorized\nZ\toffline\n")
    assert parse_devices(text)[0] == Device("emulator-5554", "device")
    assert [device.serial for device in parse_devices(text)] == ["emulator-5554", "my-device", "R5", "Z"]
    assert parse_devices("") == parse_devices(LISTING.format("")) == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            'I/chromium: "[CodePush] Checking for update.", source: file:///android_asset/www/a.js (1)',
            "Checking for update.",
        ),
        ("11-25 21:00:00.000  1  2 D ReactNative: [CodePush] Loading JS bundle\n", "Loading JS bundle"),
        ("11-25 nothing of interest", None),
        ("[CodePush]no", None),
    ],
)
def test_messages(line, message):
    """Only what is said about updates is kept, without where the log says it was said."""
    assert message_in(line) == message


ADB = """
import pathlib, sys
state = pathlib.Path(__file__).with_name("state")
calls = pathlib.Path(__file__).with_name("calls")
with calls.open("a") as file:
    print(*sys.argv[1:], file=file)
if sys.argv[1] == "devices":
    print(state.read_text())
elif sys.argv[3] == "logcat":
    count = calls.read_text().count("logcat")
    if count < 3:
        print(f"--------- beginning of main\\nI/a: [CodePush] message {count}\\nI/a: other", flush=True)
"""


@pytest.fixture
def adb(root, monkeypatch):
    """Give a function that sets the devices that a stand-in for adb lists; its result tells how it was called."""
    folder = root / "bin"
    install_tool(folder, "adb", ADB)
    monkeypatch.setenv("PATH", str(folder))

    def attach(devices):
        (folder / "state").write_text(LISTING.format(devices))
        return folder / "calls"

    return attach


def test_android(adb):
    """The log of the one device is followed, and taken up again when the device comes back, without repeating."""
    calls = adb("R5\tdevice\nZ\toffline")
    said = []
    log = AndroidLog(None, said.append)
    assert list(islice(log.messages(), 2)) == ["message 1", "message 2"]
    assert "R5 is gone" in said[0]
    assert calls.read_text().splitlines() == [
        "devices", "-s R5 logcat", "-s R5 wait-for-device", "-s R5 logcat -T 1",
    ]  # fmt: skip


def test_android_without_log(adb):
    """A log that never says anything ends in an error rather than running for ever."""
    adb("R5\tdevice")
    with pytest.raises(ProjectError, match="3 times in a row"):
        list(AndroidLog("R5", lambda _: None).messages())


@pytest.mark.parametrize(
    ("devices", "serial", "said"),
    [
        ("", None, "No Android device is ready. Connect one"),
        ("R5\tunauthorized", None, "Unlock the device"),
        ("R5\toffline", None, r"R5 \(offline\)"),
        ("R5\tdevice\nZ\tdevice", None, "Found 2 Android devices: R5, Z. Choose one with --device"),
        ("R5\tdevice", "Z", 'no Android device "Z"'),
    ],
)
def test_no_device(adb, devices, serial, said):
    """Without exactly one device that is ready, the person is told which there are and what to do."""
    adb(devices)
    with pytest.raises(ProjectError, match=said):
        AndroidLog(serial, print)


def test_no_adb(root, monkeypatch):
    """Without adb the person is told what to install."""
    monkeypatch.setenv("PATH", str(root))
    with pytest.raises(ProjectError, match=r'"adb" was not found. Install'):
        AndroidLog(None, print)


XCRUN = """
import json, pathlib, sys
booted = json.loads(pathlib.Path(__file__).with_name("booted").read_text())
if "list" in sys.argv:
    print(json.dumps({"devices": {"iOS-26": [{"udid": udid, "state": "Booted"} for udid in booted], "iOS-18": []}}))
else:
    print("[CodePush] from", sys.argv[3], flush=True)
"""


@pytest.fixture
def xcrun(root, monkeypatch):
    folder = root / "bin"
    install_tool(folder, "xcrun", XCRUN)
    monkeypatch.setenv("PATH", str(folder))
    return (folder / "booted").write_text


def test_simulator(xcrun):
    """The log of the simulator that runs is followed, and again when it is started anew."""
    xcrun('["A", "B"]')
    assert list(islice(SimulatorLog(None, print, system="darwin").messages(), 2)) == ["from A", "from A"]
    assert list(islice(SimulatorLog("B", print, system="darwin").messages(), 1)) == ["from B"]


@pytest.mark.parametrize(
    ("booted", "udid", "system", "said"),
    [
        ("[]", None, "darwin", "No iOS simulator runs"),
        ('["A"]', "B", "darwin", "These do: A"),
        ("[]", None, "linux", "macOS only"),
    ],
)
def test_no_simulator(xcrun, booted, udid, system, said):
    """Without a simulator, or elsewhere than on a Mac, the person is told so."""
    xcrun(booted)
    with pytest.raises(ProjectError, match=said):
        SimulatorLog(udid, print, system=system)
