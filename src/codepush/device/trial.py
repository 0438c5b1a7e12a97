"""A trial: a device in a given state checks for an update and installs it.

Nothing is reported, so a trial changes no counter. Custom answers allow for tests of releases that the server does not
offer yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from codepush.device.packages import RemotePackage, Running
from codepush.device.simulated import SimulatedDevice
from codepush.errors import APIError, DecodeError, PackageError, TransportError
from codepush.models import UpdateCheck, UpdateInfo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from codepush.device.packages import Platform
    from codepush.models import Package

__all__ = ["Outcome", "Trial"]

_FAILURES = (PackageError, TransportError, APIError, DecodeError)


class Outcome(Struct, frozen=True, kw_only=True):
    """The result of a trial.

    Attributes:
        question: Parameters of the update check.
        offered: Response to the update check.
        runs: What the device runs at the end.
        failure: Why the installation failed; ``None`` if it succeeded or nothing was offered.
        is_rolled_back: Whether the device installed the update and rolled it back.

    """

    question: UpdateCheck
    offered: UpdateInfo
    runs: Running
    failure: str | None = None
    is_rolled_back: bool = False


class Trial:
    """Common settings of the devices in a trial.

    Args:
        server_url: Server URL.
        deployment_key: Deployment key in the app.
        answers: Function that answers update checks.
        platform: Platform to simulate.
        bundle_name: File name of the bundle; by default the platform's usual one.
        public_key: The key built into the app, in PEM form or as the path of a file with it.
        timeout: Seconds for each network operation.

    """

    def __init__(
        self,
        *,
        server_url: str,
        deployment_key: str,
        answers: Callable[[UpdateCheck], UpdateInfo],
        platform: Platform = "android",
        bundle_name: str | None = None,
        public_key: str | Path | None = None,
        timeout: float = 60.0,
    ) -> None:
        self._server_url = server_url
        self._deployment_key = deployment_key
        self._answers = answers
        self._platform: Platform = platform
        self._bundle_name = bundle_name
        self._public_key = public_key
        self._timeout = timeout

    def run(
        self,
        folder: Path,
        *,
        app_version: str,
        start: Package | None = None,
        client_unique_id: str | None = None,
        crash: bool = False,
    ) -> Outcome:
        """Check for an update on a new device, and install it.

        Args:
            folder: Folder of the device.
            app_version: The binary version of its app.
            start: The release that it runs; ``None`` for the store build.
            client_unique_id: Device ID; by default random.
            crash: Whether the update crashes on its first start.

        Raises:
            CodePushError: The device could not install the release to start from, or the check failed. Failures of the
                update are in the outcome.

        """
        answers: list[UpdateInfo] = []
        device = self._device(folder, app_version, client_unique_id, answers)
        if start is not None:
            self._bring_to(device, start, app_version)
        before, question = device.running, device.question()
        failure = None
        try:
            _take(device, crash=crash)
        except _FAILURES as error:
            if not answers:
                raise
            failure = error.message
        return Outcome(
            question=question,
            offered=answers[-1],
            runs=device.running,
            failure=failure,
            is_rolled_back=crash and failure is None and answers[-1].is_available and device.running == before,
        )

    def _device(
        self, folder: Path, app_version: str, client_unique_id: str | None, answers: list[UpdateInfo]
    ) -> SimulatedDevice:
        def answer(check: UpdateCheck) -> UpdateInfo:
            answers.append(self._answers(check))
            return answers[-1]

        return SimulatedDevice(
            folder,
            server_url=self._server_url,
            deployment_key=self._deployment_key,
            app_version=app_version,
            bundle_name=self._bundle_name,
            platform=self._platform,
            client_unique_id=client_unique_id,
            timeout=self._timeout,
            public_key=self._public_key,
            answers=answer,
            is_silent=True,
        )

    def _bring_to(self, device: SimulatedDevice, release: Package, app_version: str) -> None:
        offer = RemotePackage(
            deployment_key=self._deployment_key,
            app_version=app_version,
            label=release.label,
            package_hash=release.package_hash,
            package_size=release.size,
            download_url=release.blob_url,
        )
        device.install(device.download(offer), mode="immediate")


def _take(device: SimulatedDevice, *, crash: bool) -> None:
    offer = device.check()
    if offer is None:
        return
    device.install(device.download(offer))
    device.restart(crash=crash)
    if crash:
        device.restart()
