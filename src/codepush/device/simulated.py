"""The simulated device itself."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import structs

from codepush.device import lifecycle, telemetry
from codepush.device.assembly import Assembled, assemble, verify
from codepush.device.binary import Binary
from codepush.device.connection import Connection, Progress, is_web_address
from codepush.device.packages import InstallMode, LocalUpdate, Platform, RemotePackage, Running, SyncStatus
from codepush.device.store import State, Store
from codepush.errors import APIError, ConfigurationError, DecodeError, PackageError, TransportError
from codepush.models import StatusReport, UpdateCheck, UpdateInfo
from codepush.packaging.signing import read_public_key

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SimulatedDevice"]

_HASH: Final = re.compile("[0-9a-f]{64}")
_BUNDLE_NAMES: Final[dict[Platform, str]] = {"android": "index.android.bundle", "ios": "main.jsbundle"}


class SimulatedDevice:
    """A device with one app, which gets its updates from a server.

    In an empty folder the app is newly installed; in the folder of an earlier device its state continues.
    A binary that differs from the one before counts as an update from the store.

    Args:
        folder: Folder of the device's state and packages.
        server_url: Server of the app.
        deployment_key: The key built into the app.
        app_version: The binary's version.
        bundle: Content of the binary: the JavaScript bundle, or the folder of bundle and assets.
            Only needed if the binary's own hash matters.
        bundle_name: File name of the bundle; by default the platform's usual one.
        platform: Platform to simulate. Android is strict about downloads; iOS sends the hash of the
            binary with update checks.
        client_unique_id: Device ID; by default random and stored.
        timeout: Seconds for each network operation.
        public_key: The key built into the app, in PEM form or as the path of a file with it; needs the
            extra ``signing``. With it the device accepts only updates signed with the private key;
            without it, signatures are ignored.
        answers: Function that answers update checks instead of the server, to test a release that the server
            does not offer yet.
        is_silent: Send no reports, as if the server had accepted them: no device is counted.

    Raises:
        ConfigurationError: The server URL, the platform, the bundle's name or the public key is invalid,
            or the folder is not that of a device.
        PackageError: ``bundle`` cannot be read.

    """

    def __init__(
        self,
        folder: str | Path,
        *,
        server_url: str,
        deployment_key: str,
        app_version: str,
        bundle: str | Path | None = None,
        bundle_name: str | None = None,
        platform: Platform = "android",
        client_unique_id: str | None = None,
        timeout: float = 60.0,
        public_key: str | Path | None = None,
        answers: Callable[[UpdateCheck], UpdateInfo] | None = None,
        is_silent: bool = False,
    ) -> None:
        if platform not in _BUNDLE_NAMES:
            raise ConfigurationError(f'Unknown platform "{platform}". Choose "android" or "ios".')
        self._platform = platform
        self._deployment_key = deployment_key
        self._connection = Connection(server_url, platform=platform, timeout=timeout)
        self._binary = Binary(
            app_version=app_version,
            bundle_name=_file_name(bundle_name or _BUNDLE_NAMES[platform]),
            path=None if bundle is None else Path(bundle),
        )
        self._binary_hash = self._binary.package_hash()
        self._public_key = None if public_key is None else read_public_key(public_key)
        self._answer = answers or self._connection.ask
        self._is_silent = is_silent
        self._store = Store(Path(folder))
        self._save(self._remembered(client_unique_id))
        if (self._state.binary_version, self._state.binary_hash) != self._identity:
            self._start()

    @property
    def client_unique_id(self) -> str:
        """The device ID, which identifies the device to the server."""
        return self._state.client_unique_id

    @property
    def running(self) -> Running:
        """What the app runs now. An update that waits for a restart does not run yet."""
        update = self._store.find(self._state.running)
        if update is None:
            return Running(
                app_version=self._binary.app_version, package_hash=self._binary_hash, bundle=self._binary.bundle()
            )
        return Running(
            app_version=self._binary.app_version,
            label=update.label,
            package_hash=update.package_hash,
            bundle=self._store.contents(update) / update.bundle,
        )

    def question(self) -> UpdateCheck:
        """Return the parameters of an update check."""
        latest = self._latest()
        if latest is None:
            return UpdateCheck(
                deployment_key=self._deployment_key,
                app_version=self._binary.app_version,
                # Android compares the hash of its binary itself, below.
                package_hash=self._binary_hash if self._platform == "ios" else None,
                client_unique_id=self.client_unique_id,
            )
        return UpdateCheck(
            deployment_key=self._deployment_key,
            app_version=latest.app_version,
            package_hash=latest.package_hash,
            label=latest.label,
            client_unique_id=self.client_unique_id,
        )

    def check(self, *, on_version_mismatch: Callable[[str], None] | None = None) -> RemotePackage | None:
        """Check for an update.

        Args:
            on_version_mismatch: Called with the target binary versions if there is an update for which this
                binary is too old.

        Returns:
            The offered update; ``None`` if there is none, or it is already installed.
            An update that failed on this device before has ``failed_install`` set.

        Raises:
            TransportError: No response arrived.
            APIError: The server rejected the check, for example because the deployment key is unknown.
            DecodeError: The response is invalid.

        """
        self._open()
        latest = self._latest()
        info = self._answer(self.question())
        if info.update_app_version:
            if on_version_mismatch is not None:
                on_version_mismatch(info.app_version)
            return None
        if not info.is_available or self._has_already(info.package_hash, latest):
            return None
        return self._offer(info)

    def download(self, update: RemotePackage, *, on_progress: Progress | None = None) -> LocalUpdate:
        """Download an update, assemble and verify its package, and report the download.

        A failure changes nothing else on the device. A package without the app's bundle, with a wrong
        hash, or (with a public key) without a valid signature, is stored as failed. A diff that cannot be
        applied, because the iOS binary has no ``assets`` folder, is not: the device retries it.

        Args:
            update: The offered update.
            on_progress: Called with the bytes received and their total (``None`` if unknown).

        Raises:
            TransportError: The download failed or is incomplete.
            APIError: The server returned an error.
            DecodeError: The response is not one that devices accept as a download.
            PackageError: The package is invalid, or not the announced one.

        """
        self._open()
        with self._store.workspace() as workspace:
            downloaded = workspace / "download"
            self._connection.download(update.download_url, downloaded, on_progress=on_progress)
            assembled = assemble(
                downloaded,
                workspace,
                base=lambda: self._base(workspace),
                bundle_name=self._binary.bundle_name,
                bare_bundle_name="app.jsbundle" if self._platform == "ios" else self._binary.bundle_name,
            )
            local = self._verified(update, assembled)
            self._store.keep(local, assembled.contents)
        self._send(
            StatusReport(
                kind="download",
                deployment_key=update.deployment_key,
                label=update.label,
                client_unique_id=self.client_unique_id,
            )
        )
        return local

    def install(self, update: LocalUpdate, *, mode: InstallMode = "on_next_restart") -> None:
        """Install a downloaded update, which runs from the next start on.

        Args:
            update: Result of ``download``.
            mode: Whether the app restarts immediately.

        Raises:
            PackageError: The update is not on the device.

        """
        self._open()
        if self._store.find(update.package_hash) is None:
            raise PackageError(f"Update {update.label} is not on the device. Download it before you install it.")
        self._save(lifecycle.installed(self._state, update.package_hash))
        if mode == "immediate":
            self.restart()

    def restart(self, *, crash: bool = False) -> Running:
        """Restart the app, as after a swipe or a crash, and return what it runs.

        An installed update begins to run. If it crashed at its first start, it is rolled back to the
        update that ran before, or to the binary.

        Args:
            crash: Whether the app crashes at the start. Otherwise
                ``notify_app_ready`` is called, as apps do that wrap their root component.

        """
        self._start()
        if crash:
            self._save(structs.replace(self._state, is_crashed=True))
        else:
            self.notify_app_ready()
        return self.running

    def notify_app_ready(self) -> StatusReport | None:
        """Notify that the app is ready, and send the due report. Only the first call after a start counts.

        Returns:
            As ``report``.

        """
        self._open()
        if self._state.is_notified:
            return None
        self._save(lifecycle.notified(self._state))
        return self.report()

    def report(self) -> StatusReport | None:
        """Send the due status report, as at a start or when the app returns to the foreground.

        A failed report is retried later and never raises an error.

        Returns:
            The accepted report; ``None`` if none was due, or sending failed.

        """
        self._open()
        report = telemetry.due(
            self._state,
            running=self._store.find(self._state.running),
            app_version=self._binary.app_version,
            deployment_key=self._deployment_key,
        )
        if report is None or not self._send(report):
            return None
        self._save(telemetry.reported(self._state, report))
        return report

    def sync(
        self,
        *,
        install_mode: InstallMode = "on_next_restart",
        mandatory_install_mode: InstallMode = "immediate",
        on_progress: Progress | None = None,
    ) -> SyncStatus:
        """Synchronise, as most apps do at every start: notify that the app is ready, then check, download and install.

        Args:
            install_mode: When an update begins to run.
            mandatory_install_mode: The same for a mandatory one.
            on_progress: As for ``download``.

        Returns:
            ``UPDATE_INSTALLED`` if an update was installed now, or earlier and still waits for its
            restart; else ``UP_TO_DATE``. An update that failed before is skipped.

        Raises:
            CodePushError: As ``check`` and ``download``.

        """
        self.notify_app_ready()
        offer = self.check()
        if offer is None or offer.failed_install:
            return SyncStatus.UP_TO_DATE if self._state.pending is None else SyncStatus.UPDATE_INSTALLED
        update = self.download(offer, on_progress=on_progress)
        self.install(update, mode=mandatory_install_mode if update.is_mandatory else install_mode)
        return SyncStatus.UPDATE_INSTALLED

    @property
    def _identity(self) -> tuple[str, str | None]:
        return self._binary.app_version, self._binary_hash

    def _remembered(self, client_unique_id: str | None) -> State:
        state = self._store.load()
        if state is None:
            return State(client_unique_id=client_unique_id or self._new_id())
        return structs.replace(state, client_unique_id=client_unique_id or state.client_unique_id)

    def _new_id(self) -> str:
        made_up = str(uuid.uuid4())
        return made_up.upper() if self._platform == "ios" else made_up

    def _save(self, state: State) -> None:
        self._store.save(state)
        self._state = state

    def _start(self) -> None:
        state = lifecycle.started(
            self._state,
            current=self._latest(),
            previous=self._store.find(self._state.previous_package),
            binary=self._identity,
            deployment_key=self._deployment_key,
        )
        self._save(state)
        self._store.remove_all_but(state.current_package, state.previous_package)

    def _open(self) -> None:
        """Restart an app that crashed, as the user would."""
        if self._state.is_crashed:
            self._start()

    def _latest(self) -> LocalUpdate | None:
        """Return the update installed last, whether it runs already or waits for a restart."""
        return self._store.find(self._state.current_package)

    def _has_already(self, package_hash: str, latest: LocalUpdate | None) -> bool:
        if latest is not None and latest.package_hash == package_hash:
            return True
        return self._state.running is None and package_hash == self._binary_hash

    def _offer(self, info: UpdateInfo) -> RemotePackage:
        """Return an offered update after validating its hash and URL."""
        if not _HASH.fullmatch(info.package_hash):
            raise DecodeError(
                f'The server offers a package with the hash "{info.package_hash}", which is not a valid hash.'
            )
        if not is_web_address(info.download_url):
            raise DecodeError(f'The server offers a package at "{info.download_url}", which is not a web address.')
        return RemotePackage(
            deployment_key=self._deployment_key,
            app_version=info.app_version,
            label=info.label,
            package_hash=info.package_hash,
            package_size=info.package_size,
            description=info.description,
            is_mandatory=bool(info.is_mandatory),
            download_url=info.download_url,
            failed_install=info.package_hash in self._state.failed,
        )

    def _base(self, workspace: Path) -> Path | None:
        """Return the base of a diff: the installed update, or on iOS a copy from the binary."""
        latest = self._latest()
        if latest is not None:
            return self._store.contents(latest)
        return None if self._platform == "android" else self._binary.copy_to(workspace / "binary")

    def _verified(self, update: RemotePackage, assembled: Assembled) -> LocalUpdate:
        try:
            bundle = verify(
                assembled,
                package_hash=update.package_hash,
                bundle_name=self._binary.bundle_name,
                public_key=self._public_key,
            )
        except PackageError:
            self._save(structs.replace(self._state, failed=(*self._state.failed, update.package_hash)))
            raise
        return LocalUpdate(
            deployment_key=update.deployment_key,
            app_version=update.app_version,
            label=update.label,
            package_hash=update.package_hash,
            package_size=update.package_size,
            description=update.description,
            is_mandatory=update.is_mandatory,
            bundle=bundle,
            binary_hash=self._binary_hash,
        )

    def _send(self, report: StatusReport) -> bool:
        """Send a report and return whether the server accepted it."""
        if self._is_silent:
            return True
        try:
            self._connection.report(report)
        except (TransportError, APIError, DecodeError):
            return False
        return True


def _file_name(name: str) -> str:
    if Path(name).name != name:
        raise ConfigurationError(f'"{name}" cannot be the name of a bundle. Use a file name without folders.')
    return name
