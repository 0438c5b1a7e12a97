"""Offered, installed and running packages of a device."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Literal, TypeAlias

from msgspec import Struct

__all__ = ["InstallMode", "LocalUpdate", "Platform", "RemotePackage", "Running", "SyncStatus"]

Platform: TypeAlias = Literal["android", "ios"]
"""Platform that the device simulates."""

InstallMode: TypeAlias = Literal["immediate", "on_next_restart"]
"""When an installed update runs: after an immediate restart, or after the user's next one."""


class SyncStatus(StrEnum):
    """Result of a synchronisation without an error."""

    UP_TO_DATE = "up_to_date"
    UPDATE_INSTALLED = "update_installed"


class _Update(Struct, frozen=True, kw_only=True):
    """Metadata of an update, downloaded or not.

    ``app_version`` is the one binary version it may run in: the server's ``target_binary_range``,
    which SDKs since 3 treat as an exact version. ``package_size`` is that of the download in bytes.
    """

    deployment_key: str
    app_version: str
    label: str
    package_hash: str
    package_size: int
    description: str | None = None
    is_mandatory: bool = False


class RemotePackage(_Update, frozen=True, kw_only=True):
    """An update that the server offers. ``failed_install``: this device has rolled its package back before."""

    download_url: str
    failed_install: bool = False


class LocalUpdate(_Update, frozen=True, kw_only=True):
    """An update that was downloaded and verified.

    ``bundle`` is the path of the JavaScript bundle inside the package, with forward slashes.
    ``binary_hash`` is the package hash of the binary that downloaded it, if known: another build of the
    app does not run it, even if it has the same version.
    """

    bundle: str
    binary_hash: str | None = None


class Running(Struct, frozen=True, kw_only=True):
    """What the app runs: an update, or the store build if ``label`` is ``None``.

    ``package_hash`` and ``bundle`` are ``None`` for a store build without a known bundle.
    """

    app_version: str
    label: str | None = None
    package_hash: str | None = None
    bundle: Path | None = None

    @property
    def is_binary(self) -> bool:
        """Whether this is the store build."""
        return self.label is None
