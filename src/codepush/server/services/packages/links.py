"""Download URLs, and the public form of stored releases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from codepush.models import DiffPackage, Package
from codepush.rules import labels
from codepush.rules.actions import settings

if TYPE_CHECKING:
    from codepush.server.ports.releases import ReleaseRecord

__all__ = ["Links"]


class Links(Struct, frozen=True):
    """Builds URLs under the download base, e.g. ``https://cdn.example.com``."""

    download_url: str

    def blob(self, blob_id: str) -> str:
        """Return the permanent URL of a blob."""
        return f"{self.download_url}/blobs/{blob_id}"

    def package(self, release: ReleaseRecord) -> Package:
        """Return a stored release as a package for clients."""
        return Package(
            label=labels.label(release.number),
            **settings(release),
            package_hash=release.package_hash,
            blob_url=self.blob(release.blob_id),
            size=release.size,
            upload_time=datetime.fromtimestamp(release.upload_time / 1000, UTC),
            release_method=release.release_method,
            original_label=release.original_label,
            original_deployment=release.original_deployment,
            released_by=release.released_by,
            is_held=release.is_held,
            diff_package_map={
                # Unknown counts as unfit: the whole package suits every device.
                diff.old_hash: DiffPackage(
                    size=diff.size, url=self.blob(diff.blob_id), fits_binary=bool(diff.fits_binary)
                )
                for diff in release.diffs
            },
        )
