"""Prepare a package in a thread, and clean up if the caller is cancelled."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from codepush.packaging.local import prepare

if TYPE_CHECKING:
    import os
    from typing import Self

    from codepush.packaging.local import LocalPackage

__all__ = ["Preparation"]


class Preparation:
    """Owns the package that a worker thread prepares.

    The caller may be cancelled while the thread continues. Whichever of the two ends last deletes the
    temporary archive.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._left = False
        self._package: LocalPackage | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._left = True
        if self._package is not None:
            self._package.close()

    def run(
        self, path: str | os.PathLike[str], *, private_key_path: str | os.PathLike[str] | None = None
    ) -> LocalPackage:
        """Return the package at a path, signed if there is a key.

        Raises:
            PackageError: The path cannot be released.
            ConfigurationError: The key cannot sign it.

        """
        package = prepare(path, private_key_path=private_key_path)
        with self._lock:
            self._package = package
            left = self._left
        if left:
            package.close()
        return package
