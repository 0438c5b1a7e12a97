"""Packages: the contents of releases, and the archives that hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from codepush.server.ports.blobs import BlobRecord

__all__ = ["PackageRecord", "Packages"]


class PackageRecord(Struct, frozen=True, kw_only=True):
    """The content of releases, one per app and manifest.

    ``manifest`` and ``index`` are JSON texts made by ``codepush.packaging``; ``None`` for a single file.
    ``blob_id`` and ``size`` are those of the archive that holds the content now.
    """

    id: int
    app_id: int
    hash: str
    manifest: bytes | None
    index: bytes | None
    blob_id: str
    size: int


class Packages(Protocol):
    """Records of the contents of releases, and of the archives that hold them."""

    async def get(self, package_id: int) -> PackageRecord | None:
        """Return a content by its id."""

    async def with_hash(self, app_id: int, package_hash: str) -> PackageRecord | None:
        """Return the newest content of this app with this package hash.

        Contents that differ only in a signature share a hash, because devices ignore signatures in it.
        """

    async def with_content(self, app_id: int, package_hash: str, manifest: bytes | None) -> PackageRecord | None:
        """Return the content of this app with this package hash and exactly this manifest, signature included."""

    async def archives(self, app_id: int) -> dict[str, int]:
        """Return the ids of the app's contents that have a manifest, by package hash; the newest of each hash."""

    async def add(
        self,
        *,
        app_id: int,
        package_hash: str,
        manifest: bytes | None,
        index: bytes | None,
        blob: BlobRecord,
        created_at: int,
    ) -> PackageRecord:
        """Record a content together with the archive that holds it."""

    async def repack(self, package: PackageRecord, blob: BlobRecord, *, index: bytes | None, at: int) -> None:
        """Replace the archive that holds a content; the previous one is retired.

        `MissingError` when the content is gone, or another archive than that of ``package`` holds it.
        """
