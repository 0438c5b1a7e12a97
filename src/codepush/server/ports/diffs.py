"""Diffs between packages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codepush.server.ports.blobs import BlobRecord

__all__ = ["Diffs", "StoredDiff", "UnknownFit"]


class StoredDiff(Struct, frozen=True, kw_only=True):
    """A smaller download for devices that run the package with ``old_hash``.

    ``fits_binary`` is whether a device that runs the store build can apply it; ``None``: not known.
    """

    old_hash: str
    blob_id: str
    size: int
    fits_binary: bool | None = None


class UnknownFit(Struct, frozen=True, kw_only=True):
    """A diff that may or may not fit a store build, with the manifest of the older package."""

    package_id: int
    old_hash: str
    manifest: bytes


class Diffs(Protocol):
    """Records of diffs, including those that were built but not worth storing."""

    async def known(self, package_id: int, old_hash: str) -> bool:
        """Return whether the diff from this hash was built, stored or not."""

    async def add(
        self,
        package_id: int,
        old_hash: str,
        blob: BlobRecord | None,
        *,
        created_at: int,
        fits_binary: bool | None = None,
    ) -> None:
        """Record a diff; without a blob it is not worth storing. ``fits_binary`` is that of `StoredDiff`.

        `AlreadyExistsError` when it was built before; `MissingError` when the package is gone.
        """

    async def unknown_fits(self, limit: int) -> Sequence[UnknownFit]:
        """Return some stored diffs that may or may not fit a store build."""

    async def set_fit(self, package_id: int, old_hash: str, *, fits_binary: bool) -> None:
        """Record whether a diff fits a store build."""

    async def remove(self, package_id: int, old_hash: str) -> None:
        """Delete the record of a diff, if there is one."""
