"""Making a package ready aside, without losing it when nobody waits for it any more."""

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

    The caller that waits for the thread may be cancelled. The thread goes on, and its temporary
    archive must be deleted even then: whichever of the two ends last deletes it.
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
        """Return what is at the path, ready to be sent, signed if there is a key.

        Raises:
            PackageError: it cannot be released.
            ConfigurationError: it cannot be signed with this key.

        """
        package = prepare(path, private_key_path=private_key_path)
        with self._lock:
            self._package = package
            left = self._left
        if left:
            package.close()
        return package
