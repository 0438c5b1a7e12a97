"""What a device remembers, in a folder: so it goes on where it was, in whatever process.

```
codepush.json               the state, always whole: written beside and moved into place
updates/<package hash>/
    app.json                what is known of the update; written last, so without it there is no update
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
    """An installed update that has not proved itself yet.

    ``is_loading``: it was started. Found so at the next start, it never came up, and is rolled back.
    """

    package_hash: str
    is_loading: bool = False


class Reported(msgspec.Struct, frozen=True):
    """What the device last reported to run: a label and its deployment, or a binary version."""

    label_or_app_version: str
    deployment_key: str | None = None


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a device remembers besides the packages themselves.

    ``current_package``, ``previous_package`` and ``running`` are package hashes (``running`` is
    ``None`` while the binary runs), ``failed`` the hashes never to be tried again. ``binary_version``
    and ``binary_hash`` tell which binary was started last. ``is_notified``: the app said that it came
    up; ``is_crashed``: it died before it could.
    ``rollback_report`` is owed to the server.
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
        folder: where; it is made if need be.

    Raises:
        ConfigurationError: there cannot be a folder.

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
        """Keep the state."""
        written = self._state.with_suffix(".new")
        written.write_bytes(msgspec.json.encode(state))
        written.replace(self._state)

    def find(self, package_hash: str | None) -> LocalUpdate | None:
        """Return the update with this package, or ``None`` if it is not here."""
        return None if package_hash is None else _read(self._updates / package_hash / "app.json", LocalUpdate)

    def contents(self, update: LocalUpdate) -> Path:
        """Return the folder of an update's files."""
        return self._updates / update.package_hash / "contents"

    @contextmanager
    def workspace(self) -> Iterator[Path]:
        """Give an empty folder to put a package together in; it is gone afterwards, whatever happened."""
        with tempfile.TemporaryDirectory(prefix="incoming-", dir=self._updates.parent) as name:
            yield Path(name)

    def keep(self, update: LocalUpdate, contents: Path) -> None:
        """Keep an update, moving its files from a workspace; another with the same package is replaced."""
        folder = self._updates / update.package_hash
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir()
        contents.rename(folder / "contents")
        (folder / "app.json").write_bytes(msgspec.json.encode(update))

    def remove_all_but(self, *kept: str | None) -> None:
        """Remove the packages that are not among these hashes."""
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
            f'"{path}" cannot be read ({error}). Remove the device\'s folder to begin with a new device.'
        ) from error
