"""Live log messages of an app on a device about its updates."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from codepush.errors import ProjectError
from codepush.projects.tools import command_line, find_tool, output_of

if TYPE_CHECKING:
    from typing import IO

__all__ = ["AndroidLog", "Device", "SimulatorLog", "message_in", "parse_devices"]

_MARK: Final = "[CodePush] "
_SOURCE: Final = '", source: file:///'
_HEADING: Final = "List of devices attached"
_READY: Final = "device"
_MOST_EMPTY_RUNS: Final = 3
_ADB_ADVICE: Final = "Install Android's platform tools, and see that adb is on the PATH."
_XCRUN_ADVICE: Final = "Install Xcode and its command line tools."

Notify = Callable[[str], None]
"""Prints a status message besides the log."""


class Device(Struct, frozen=True):
    """An Android device as ``adb devices`` lists it: its serial number, and its state (``device`` when it is ready)."""

    serial: str
    state: str


def parse_devices(listing: str) -> list[Device]:
    """Return the devices in the output of ``adb devices``, whatever else it contains."""
    _, _, lines = listing.partition(_HEADING)
    pairs = (line.split(None, 1) for line in lines.splitlines() if line.strip() and not line.startswith("*"))
    return [Device(pair[0], pair[1].split("  ")[0].strip()) for pair in pairs if len(pair) > 1]


def message_in(line: str) -> str | None:
    """Return the message about updates in a line of a log; ``None`` for other lines."""
    _, mark, message = line.partition(_MARK)
    return message.partition(_SOURCE)[0].rstrip() if mark else None


class AndroidLog:
    """The log of one Android device or emulator.

    Args:
        serial: Its serial number; by default, that of the only device that is ready.
        notify: Function that prints a status message.

    Raises:
        ProjectError: adb is not installed, or there is no such device, no device, or several.

    """

    def __init__(self, serial: str | None, notify: Notify) -> None:
        self._adb = find_tool("adb", advice=_ADB_ADVICE)
        self._notify = notify
        self.serial = self._chosen(serial)

    def messages(self) -> Iterator[str]:
        """Yield messages about updates, starting with the device's log buffer; continue after a reconnection.

        Raises:
            ProjectError: adb cannot read the log.

        """
        command = [self._adb, "-s", self.serial, "logcat"]
        for message in _runs(lambda: _lines(command)):
            if message is not None:
                yield message
                continue
            self._notify(f"{self.serial} is gone. Waiting for it to come back (press Ctrl-C to end).")
            _capture([self._adb, "-s", self.serial, "wait-for-device"])
            command[4:] = ["-T", "1"]  # do not repeat earlier messages

    def _chosen(self, serial: str | None) -> str:
        devices = parse_devices(_capture([self._adb, "devices"]))
        ready = [device.serial for device in devices if device.state == _READY]
        if serial is not None:
            if serial not in ready:
                raise ProjectError(f'There is no Android device "{serial}". {_listed(devices)}')
            return serial
        if len(ready) > 1:
            raise ProjectError(f"Found {len(ready)} Android devices: {', '.join(ready)}. Choose one with --device.")
        if not ready:
            raise ProjectError(f"No Android device is ready. {_listed(devices)}")
        return ready[0]


def _listed(devices: Sequence[Device]) -> str:
    """Return the next step, given the connected devices."""
    if any(device.state == "unauthorized" for device in devices):
        return "Unlock the device and allow this computer to debug it, then run this command again."
    if devices:
        return "Connected: " + ", ".join(f"{device.serial} ({device.state})" for device in devices) + "."
    return "Connect one or start an emulator, then run this command again."


class SimulatorLog:
    """The log of the first iOS simulator that runs.

    Args:
        udid: Identifier of the simulator; by default, that of the first one that runs.
        notify: Function that prints a status message.
        system: Operating system of this machine.

    Raises:
        ProjectError: This is not a Mac, Xcode is not installed, or no simulator runs.

    """

    def __init__(self, udid: str | None, notify: Notify, *, system: str = sys.platform) -> None:
        if system != "darwin":
            raise ProjectError("Logs of iOS simulators can be read on macOS only.")
        self._xcrun = find_tool("xcrun", advice=_XCRUN_ADVICE)
        self._notify = notify
        self.udid = self._chosen(udid)

    def messages(self) -> Iterator[str]:
        """Yield messages about updates; continue after a restart of the simulator.

        Raises:
            ProjectError: The simulator is gone, or its log cannot be read.

        """
        for message in _runs(lambda: _lines(self._command())):
            if message is not None:
                yield message
                continue
            self._notify(f"{self.udid} has stopped. Looking for it again.")
            self._chosen(self.udid)

    def _command(self) -> list[str]:
        stream = ["log", "stream", "--level", "debug", "--style", "compact"]
        return [self._xcrun, "simctl", "spawn", self.udid, *stream, "--predicate", 'eventMessage CONTAINS "[CodePush]"']

    def _chosen(self, udid: str | None) -> str:
        command = [self._xcrun, "simctl", "list", "devices", "booted", "--json"]
        booted = _booted(command, _capture(command))
        if not booted:
            raise ProjectError("No iOS simulator runs. Start one, then run this command again.")
        if udid is not None and udid not in booted:
            raise ProjectError(f'The iOS simulator "{udid}" does not run. These do: {", ".join(booted)}.')
        return udid or booted[0]


def _booted(command: Sequence[str], answer: str) -> list[str]:
    try:
        runtimes: dict[str, list[dict[str, Any]]] = json.loads(answer)["devices"]
    except (ValueError, KeyError) as error:
        raise ProjectError(f"This command answered something else than a list: {command_line(command)}") from error
    return [str(device["udid"]) for devices in runtimes.values() for device in devices if device["state"] == "Booted"]


def _runs(lines: Callable[[], Iterator[str]]) -> Iterator[str | None]:
    """Yield the messages of one run of a tool after the other, with ``None`` between runs."""
    empty_runs = 0
    while empty_runs < _MOST_EMPTY_RUNS:
        empty_runs += 1
        for line in lines():
            empty_runs = 0
            if (message := message_in(line)) is not None:
                yield message
        yield None
    raise ProjectError(
        f"The log ended {_MOST_EMPTY_RUNS} times in a row without a single line. Is the device all right?"
    )


def _lines(command: Sequence[str]) -> Iterator[str]:
    """Yield the lines that a tool writes, and stop it when the consumer ends."""
    try:
        process = subprocess.Popen(  # noqa: S603 - no shell; the command is put together by us
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, encoding="utf-8", errors="replace"
        )
    except OSError as error:
        raise ProjectError(
            f"This command cannot be run ({error.strerror or error}): {command_line(command)}"
        ) from error
    with process:
        output: IO[str] | None = process.stdout
        assert output is not None
        try:
            yield from output
        finally:
            process.terminate()


def _capture(command: Sequence[str]) -> str:
    return output_of(command, Path.cwd())
