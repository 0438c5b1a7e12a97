"""Facts about particular client plugins, known by the names that they send.

Most clients need no such facts. Each one here has its reason beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Client"]


class Client(Struct, frozen=True):
    """A client plugin as it names itself in the headers of its requests; ``""`` for a header that it does not send."""

    plugin: str
    plugin_version: str
    sdk_version: str

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Client:
        """Return the client that sent these headers, whose names are in lower case."""
        return cls(
            plugin=headers.get("x-codepush-plugin-name", "").strip(),
            plugin_version=headers.get("x-codepush-plugin-version", "").strip(),
            sdk_version=headers.get("x-codepush-sdk-version", "").strip(),
        )

    @property
    def applies_diffs(self) -> bool:
        """Whether the client can apply diffs. One that cannot needs whole packages."""
        return self not in _WITHOUT_DIFFS


# The Capacitor plugin cap-codepush 3 took its name and version from the Cordova plugin; the real 1.11.13 has SDK 2.0.6.
# Since Capacitor 4, listing a folder gives objects where the plugin expects names. So it applies no diff, reports a
# failure and downloads the same diff again at its next check.
_WITHOUT_DIFFS: Final = frozenset({Client("cordova-plugin-code-push", "1.11.13", "3.1.5")})
