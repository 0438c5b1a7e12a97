"""A trial: a device that runs something asks for an update, takes it, and is asked what it runs then.

Nothing is reported, so that a trial moves no counter. With answers of one's own a release can be tried that the server
does not offer yet.
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
    """How a trial ended.

    Attributes:
        question: what the device said of itself.
        offered: the answer that it got.
        runs: what it runs in the end.
        failure: why it could not take what it was offered; ``None`` when it could, or was offered nothing.
        is_rolled_back: whether it took the update and went back to what it ran before.

    """

    question: UpdateCheck
    offered: UpdateInfo
    runs: Running
    failure: str | None = None
    is_rolled_back: bool = False


class Trial:
    """What devices in a trial have in common.

    Args:
        server_url: the server's address.
        deployment_key: the key in the app.
        answers: who answers when a device asks for an update.
        platform: which platform to imitate.
        bundle_name: what the app calls its bundle; the platform's usual name if not given.
        public_key: the key built into the app, in PEM form or as the path of a file with it.
        timeout: seconds to wait for each step of a conversation with the server.

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
        """Let a new device ask once, and take what it is offered.

        Args:
            folder: where the device lives; a folder of its own.
            app_version: the binary version of its app.
            start: the release that it runs; ``None`` for the store's binary.
            client_unique_id: the device's id; made up if not given.
            crash: the update dies before it comes up.

        Raises:
            CodePushError: the device could not be brought to the release it is to start from, or got no answer to
                its question. What goes wrong with the update is in the outcome.

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
