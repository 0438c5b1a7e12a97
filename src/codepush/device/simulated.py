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
    """A device with one app on it, which takes its updates from a server.

    Making one on an empty folder installs the app; making one on a folder of an earlier device goes
    on where that was. A binary that differs from the one before was installed over it by the store.

    Args:
        folder: where the device keeps its state and packages.
        server_url: the server that the app asks.
        deployment_key: the key built into the app.
        app_version: the binary's version.
        bundle: what was built into the binary: the JavaScript bundle, or the folder of bundle and
            assets. Only needed where the binary's own hash matters.
        bundle_name: what the app calls its bundle; the platform's usual name if not given.
        platform: which platform to imitate. Android is strict about downloads; iOS sends the
            binary's hash when it asks.
        client_unique_id: the device's id; made up and remembered if not given.
        timeout: seconds to wait for each step of a conversation with the server.
        public_key: the key built into the app, in PEM form or as the path of a file with it; needs the
            extra ``signing``. With it the device accepts only updates signed with the private key;
            without it, signatures are not looked at.
        answers: who answers when the device asks for an update; the server unless given. So a release can be tried
            that the server does not offer yet.
        is_silent: the device reports nothing, as if the server had taken every report: no device is counted.

    Raises:
        ConfigurationError: the server's address, the platform, the bundle's name or the public key is
            wrong, or the folder holds something else than a device.
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
            raise ConfigurationError(f'There is no platform "{platform}" to imitate. Choose "android" or "ios".')
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
        """The device's id, by which the server tells devices apart."""
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
        """Return what the device says of itself when it asks for an update."""
        latest = self._latest()
        if latest is None:
            return UpdateCheck(
                deployment_key=self._deployment_key,
                app_version=self._binary.app_version,
                # Android compares its binary's hash by itself, below.
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
        """Ask the server for an update.

        Args:
            on_version_mismatch: called with the binary versions that an update is for, when there is
                one that this binary is too old for.

        Returns:
            What the server offers; ``None`` when it offers nothing, or what the device has already.
            An offer that failed on this device before is returned, with ``failed_install`` set.

        Raises:
            TransportError: no answer came.
            APIError: the server refused, for instance because it does not know the deployment key.
            DecodeError: the answer cannot be understood.

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
        """Download an update, put its package together, verify it, and report the download.

        Whatever goes wrong, the device is left with what it had. A package without the app's bundle,
        with another hash than promised, or (with a public key) without a signature that proves where
        it comes from, is remembered as failed. A diff that a device without an update cannot apply, because its
        iOS binary has no ``assets`` folder, is not: the device retries it at every check.

        Args:
            update: the offer.
            on_progress: called with the bytes received and their total (``None`` if unknown).

        Raises:
            TransportError: the download did not arrive, or not whole.
            APIError: the server refused.
            DecodeError: the server's answer is not one that devices accept as a download.
            PackageError: what arrived is not a sound package, or not the one that was promised.

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
        """Make a downloaded update the one that runs from the next start on.

        Args:
            update: what ``download`` returned.
            mode: whether the app restarts at once.

        Raises:
            PackageError: the update is not on the device (any more).

        """
        self._open()
        if self._store.find(update.package_hash) is None:
            raise PackageError(f"Update {update.label} is not on the device. Download it before you install it.")
        self._save(lifecycle.installed(self._state, update.package_hash))
        if mode == "immediate":
            self.restart()

    def restart(self, *, crash: bool = False) -> Running:
        """Start the app again, as after a swipe or a crash, and return what it runs.

        An installed update begins to run. If it ran before and never came up, it is rolled back: to
        the update that ran before, or to the binary.

        Args:
            crash: the app dies before it can say that it came up. Otherwise it comes up and
                ``notify_app_ready`` is called, as every app does that wraps its root component.

        """
        self._start()
        if crash:
            self._save(structs.replace(self._state, is_crashed=True))
        else:
            self.notify_app_ready()
        return self.running

    def notify_app_ready(self) -> StatusReport | None:
        """Say that the app came up, and report what is due. Only the first call after a start counts.

        Returns:
            As ``report``.

        """
        self._open()
        if self._state.is_notified:
            return None
        self._save(lifecycle.notified(self._state))
        return self.report()

    def report(self) -> StatusReport | None:
        """Send the status report that is due, as at a start or when the app comes back to the foreground.

        A report that does not get through is tried again; it never disturbs the app.

        Returns:
            The report that the server took; ``None`` when none was due, or it did not get through.

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
        """Do what most apps do at every start: say that it came up, then check, download and install.

        Args:
            install_mode: when an update begins to run.
            mandatory_install_mode: the same for a mandatory one.
            on_progress: as for ``download``.

        Returns:
            ``UPDATE_INSTALLED`` when an update was installed now, or was before and still waits for its
            restart; else ``UP_TO_DATE``. An update that failed before is passed over.

        Raises:
            CodePushError: as ``check`` and ``download``.

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
        """Start an app that crashed: it can do nothing before the user opens it again."""
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
        """Return an offer, after a look at what is about to become a folder's name and an address."""
        if not _HASH.fullmatch(info.package_hash):
            raise DecodeError(f'The server offers a package with the hash "{info.package_hash}", which is none.')
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
        """Return what a diff is applied to: the update here, or on iOS a copy from the binary."""
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
        raise ConfigurationError(f'"{name}" cannot be the name of a bundle. Give a file name without folders.')
    return name
