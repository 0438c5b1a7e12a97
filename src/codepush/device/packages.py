"""What a device is offered, what it keeps, and what it runs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Literal, TypeAlias

from msgspec import Struct

__all__ = ["InstallMode", "LocalUpdate", "Platform", "RemotePackage", "Running", "SyncStatus"]

Platform: TypeAlias = Literal["android", "ios"]
"""Which of the two native halves the device imitates."""

InstallMode: TypeAlias = Literal["immediate", "on_next_restart"]
"""When an installed update begins to run: the app restarts at once, or it is left to the user."""


class SyncStatus(StrEnum):
    """How a synchronisation ended, other than with an error."""

    UP_TO_DATE = "up_to_date"
    UPDATE_INSTALLED = "update_installed"


class _Update(Struct, frozen=True, kw_only=True):
    """What is known of an update, whether it is here already or not.

    ``app_version`` is the one binary version it may run in: the server's ``target_binary_range``,
    which SDKs since 3 take for an exact version. ``package_size`` is that of the download in bytes.
    """

    deployment_key: str
    app_version: str
    label: str
    package_hash: str
    package_size: int
    description: str | None = None
    is_mandatory: bool = False


class RemotePackage(_Update, frozen=True, kw_only=True):
    """An update that the server offers. ``failed_install``: this device has tried its package before and gave it up."""

    download_url: str
    failed_install: bool = False


class LocalUpdate(_Update, frozen=True, kw_only=True):
    """An update that was downloaded and verified.

    ``bundle`` is the path of the JavaScript bundle inside the package, with forward slashes.
    ``binary_hash`` is the package hash of the binary it was downloaded by, if that is known: another
    build of the app does not run it, even when it has the same version.
    """

    bundle: str
    binary_hash: str | None = None


class Running(Struct, frozen=True, kw_only=True):
    """What the app runs: an update, or the store's binary when ``label`` is ``None``.

    ``package_hash`` and ``bundle`` are ``None`` for a binary whose bundle the device was not given.
    """

    app_version: str
    label: str | None = None
    package_hash: str | None = None
    bundle: Path | None = None

    @property
    def is_binary(self) -> bool:
        """Whether this is the store's binary, without any update."""
        return self.label is None
