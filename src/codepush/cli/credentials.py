"""Stored access keys, one for each server.

The list of servers is a file that only its owner can read. The access keys are in the keyring if there is one (and the
extra ``cli`` is installed), otherwise in the same file. The file of the original tool is read, never written.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from platformdirs import user_config_path

from codepush.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Credentials", "Login", "clean_address"]

_SERVICE: Final = "codepush"
_ORIGINAL_FILE: Final = ".code-push.config"
_ORIGINAL_SERVER: Final = "http://localhost:3000"
_LOOPBACK: Final = re.compile(r"^http://(localhost|127\.0\.0\.1):")


@dataclass(frozen=True)
class Login:
    """An access key and its source.

    ``is_session``: a browser login created it, and logging out ends it. ``is_foreign``: it belongs to another tool.
    """

    access_key: str
    place: str
    is_session: bool = False
    is_foreign: bool = False

    def __repr__(self) -> str:
        return f"Login(place={self.place!r}, is_session={self.is_session!r})"


def clean_address(server: str) -> str:
    r"""Return the normalised form of a server URL.

    Shells on Windows write ``http:\host``; that is corrected, as in the original.
    """
    return re.sub(r"^(https?):[\\/]+", r"\1://", server.strip()).rstrip("/")


class Credentials:
    """The logins of the user on this machine.

    Args:
        environment: ``CODEPUSH_CONFIG_DIR`` is the folder of the file, ``CODEPUSH_KEYRING=off`` disables the
            keyring, and ``HOME`` (or ``LOCALAPPDATA``) is the folder of the original's file.

    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        folder = environment.get("CODEPUSH_CONFIG_DIR")
        self.path = (Path(folder) if folder else user_config_path(_SERVICE)) / "credentials.json"
        self._environment = environment

    def default_server(self) -> str | None:
        """Return the server of the last login, or of the original tool's; ``None`` if there is none."""
        default = self._read().get("default")
        return default if isinstance(default, str) else self._original()[0]

    def servers(self) -> list[str]:
        """Return all servers with a login."""
        return list(self._servers(self._read()))

    def find(self, server: str) -> Login | None:
        """Return the login for a server, or ``None``.

        Raises:
            ConfigurationError: The file cannot be read, or the keyring is locked.

        """
        kept = self._servers(self._read()).get(server)
        if kept is None:
            return self._find_original(server)
        is_session = kept.get("isSession") is True
        if key := kept.get("accessKey"):
            return Login(key, str(self.path), is_session)
        key = _from_keyring(server)
        return Login(key, "the keyring", is_session) if key else None

    def keep(self, server: str, access_key: str, *, is_session: bool) -> Login:
        """Store an access key, replacing any other for this server, and make the server the default.

        Raises:
            ConfigurationError: The file cannot be written.

        """
        kept: dict[str, Any] = {"isSession": is_session}
        in_keyring = self._environment.get("CODEPUSH_KEYRING") != "off" and _to_keyring(server, access_key)
        if not in_keyring:
            kept["accessKey"] = access_key
        stored = self._read()
        self._write({"default": server, "servers": self._servers(stored) | {server: kept}})
        return Login(access_key, "the keyring" if in_keyring else str(self.path), is_session)

    def forget(self, server: str) -> None:
        """Delete the access key for a server.

        Raises:
            ConfigurationError: The file cannot be written.

        """
        stored = self._read()
        servers = self._servers(stored)
        kept = servers.pop(server, None)
        if kept is not None and "accessKey" not in kept:
            _out_of_keyring(server)
        default = stored.get("default")
        if default == server:
            default = next(reversed(servers), None)
        self._write({"default": default, "servers": servers})

    def _read(self) -> dict[str, Any]:
        try:
            stored = json.loads(self.path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"{self.path} cannot be read: {error}. Delete it and log in again.") from error
        return stored if isinstance(stored, dict) else {}

    @staticmethod
    def _servers(stored: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        servers = stored.get("servers")
        pairs = servers.items() if isinstance(servers, dict) else ()
        return {server: kept for server, kept in pairs if isinstance(kept, dict)}

    def _write(self, stored: Mapping[str, Any]) -> None:
        """Write the file atomically; only its owner can read it (`mkstemp` creates it with mode 0600)."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=".credentials-")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump(stored, file, indent=2)
                Path(name).replace(self.path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise ConfigurationError(
                f"{self.path} cannot be written: {error.strerror or error}. Set CODEPUSH_ACCESS_KEY instead, or"
                " CODEPUSH_CONFIG_DIR to a writable folder."
            ) from error

    def _find_original(self, server: str) -> Login | None:
        address, key, path = self._original()
        if key is None or address is None or _canonical(address) != _canonical(server):
            return None
        return Login(key, f"{path} of code-push-standalone", is_foreign=True)

    def _original(self) -> tuple[str | None, str | None, Path | None]:
        """Return the server and the key in the original tool's file, and the path of that file."""
        home = self._environment.get("LOCALAPPDATA") or self._environment.get("HOME")
        if not home:
            return None, None, None
        path = Path(home) / _ORIGINAL_FILE
        with suppress(OSError, ValueError, AttributeError):
            stored = json.loads(path.read_bytes())
            key = stored.get("accessKey") or stored.get("accessKeyName")
            if isinstance(key, str):
                return clean_address(stored.get("customServerUrl") or _ORIGINAL_SERVER), key, path
        return None, None, None


def _canonical(address: str) -> str:
    return _LOOPBACK.sub("http://localhost:", address)


def _keyring() -> Any:  # noqa: ANN401 - a module that need not be installed
    """Return the keyring library if a keyring is usable, else ``None``."""
    if find_spec("keyring") is None:
        return None
    import keyring

    # Backends that cannot work here, and the null backend, have no positive priority.
    return keyring if getattr(keyring.get_keyring(), "priority", 0) > 0 else None


def _to_keyring(server: str, access_key: str) -> bool:
    """Store a key in the keyring and return whether that succeeded."""
    keyring = _keyring()
    if keyring is None:
        return False
    try:
        keyring.set_password(_SERVICE, server, access_key)
    except keyring.errors.KeyringError:
        return False
    return True


def _from_keyring(server: str) -> str | None:
    keyring = _keyring()
    if keyring is None:
        raise ConfigurationError(
            "The access key is in a keyring, which cannot be used here. Log in again, or set CODEPUSH_ACCESS_KEY."
        )
    try:
        key: str | None = keyring.get_password(_SERVICE, server)
    except keyring.errors.KeyringError as error:
        raise ConfigurationError(
            f"The keyring cannot be opened: {error}. Unlock it, or set CODEPUSH_ACCESS_KEY."
        ) from error
    return key


def _out_of_keyring(server: str) -> None:
    keyring = _keyring()
    if keyring is not None:
        with suppress(keyring.errors.KeyringError):
            keyring.delete_password(_SERVICE, server)
