"""The state of a device, in a folder, so that any process can continue from it.

```
codepush.json               the state, always whole: written to a temporary file and renamed
updates/<package hash>/
    app.json                metadata of the update; written last, so without it there is no update
    contents/               the package's files, and nothing else: its hash can be computed at any time
```
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from codepush.device.packages import LocalUpdate
from codepush.errors import ConfigurationError
from codepush.models import StatusReport

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Pending", "Reported", "State", "Store"]

T = TypeVar("T")


class Pending(msgspec.Struct, frozen=True):
    """An installed update that is not confirmed yet.

    ``is_loading``: it was started. If so at the next start, it has crashed and is rolled back.
    """

    package_hash: str
    is_loading: bool = False


class Reported(msgspec.Struct, frozen=True):
    """The last reported state: a label and its deployment, or a binary version."""

    label_or_app_version: str
    deployment_key: str | None = None


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a device besides its packages.

    ``current_package``, ``previous_package`` and ``running`` are package hashes (``running`` is
    ``None`` while the binary runs), ``failed`` the hashes of failed updates. ``binary_version`` and
    ``binary_hash`` are those of the binary that started last. ``is_notified``: the app has notified that
    it is ready; ``is_crashed``: it crashed before.
    ``rollback_report`` is still to be sent.
    """

    client_unique_id: str
    binary_version: str | None = None
    binary_hash: str | None = None
    current_package: str | None = None
    previous_package: str | None = None
    running: str | None = None
    pending: Pending | None = None
    failed: tuple[str, ...] = ()
    is_notified: bool = False
    is_crashed: bool = False
    last_reported: Reported | None = None
    rollback_report: StatusReport | None = None


class Store:
    """The folder of one device.

    Args:
        folder: Path; created if missing.

    Raises:
        ConfigurationError: The folder cannot be created.

    """

    def __init__(self, folder: Path) -> None:
        self._state = folder / "codepush.json"
        self._updates = folder / "updates"
        try:
            self._updates.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f'The device cannot keep its state in "{folder}" ({error.strerror}).') from error

    def load(self) -> State | None:
        """Return the state, or ``None`` of a new device; raise ``ConfigurationError`` if it cannot be read."""
        return _read(self._state, State)

    def save(self, state: State) -> None:
        """Store the state."""
        written = self._state.with_suffix(".new")
        written.write_bytes(msgspec.json.encode(state))
        written.replace(self._state)

    def find(self, package_hash: str | None) -> LocalUpdate | None:
        """Return the update with this package, or ``None``."""
        return None if package_hash is None else _read(self._updates / package_hash / "app.json", LocalUpdate)

    def contents(self, update: LocalUpdate) -> Path:
        """Return the folder of an update's files."""
        return self._updates / update.package_hash / "contents"

    @contextmanager
    def workspace(self) -> Iterator[Path]:
        """Yield an empty temporary folder to assemble a package in."""
        with tempfile.TemporaryDirectory(prefix="incoming-", dir=self._updates.parent) as name:
            yield Path(name)

    def keep(self, update: LocalUpdate, contents: Path) -> None:
        """Store an update, moving its files from a workspace; replace one with the same package."""
        folder = self._updates / update.package_hash
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir()
        contents.rename(folder / "contents")
        (folder / "app.json").write_bytes(msgspec.json.encode(update))

    def remove_all_but(self, *kept: str | None) -> None:
        """Delete all packages except those with these hashes."""
        for folder in self._updates.iterdir():
            if folder.name not in kept:
                shutil.rmtree(folder)


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError(
            f'"{path}" cannot be read ({error}). Delete the device\'s folder to start with a new device.'
        ) from error
