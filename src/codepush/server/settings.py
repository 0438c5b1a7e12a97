"""The server's settings: one frozen value, read once from flags and the environment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

import msgspec
import platformdirs
from msgspec import Struct

from codepush.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ENVIRONMENT", "Settings"]

ENVIRONMENT: Final[Mapping[str, str]] = {
    "data": "CODEPUSH_DATA",
    "public_url": "CODEPUSH_PUBLIC_URL",
    "database_url": "CODEPUSH_DATABASE_URL",
    "storage_url": "CODEPUSH_STORAGE_URL",
    "download_url": "CODEPUSH_DOWNLOAD_URL",
    "upload_limit_mb": "CODEPUSH_UPLOAD_LIMIT_MB",
    "log_level": "CODEPUSH_LOG_LEVEL",
}
"""The variable of each setting that has one. A flag goes before it."""

LOG_LEVELS: Final = ("critical", "error", "warning", "info", "debug")


class Settings(Struct, frozen=True, kw_only=True):
    """Everything about a server that can be set. Made by :meth:`load`, which fills in the defaults.

    Attributes:
        data: the folder for all that the server keeps (database and archives, unless told otherwise).
        public_url: how phones and tools reach the server, without a slash at the end.
        database_url: where the records are, ``sqlite:///FILE``.
        storage_url: where the archives are, ``file:///FOLDER``.
        download_url: what stands before ``/blobs`` in download addresses.
        upload_limit_mb: the largest package taken, in units of 1 048 576 bytes.
        log_level: one of critical, error, warning, info, debug.

    """

    data: Path
    public_url: str
    database_url: str
    storage_url: str
    download_url: str
    upload_limit_mb: int = 200
    log_level: str = "info"

    @classmethod
    def load(
        cls, flags: Mapping[str, Any], environment: Mapping[str, str], *, address: str = "http://127.0.0.1:3000"
    ) -> Settings:
        """Return the settings that flags, else environment variables, else defaults give.

        Args:
            flags: settings by attribute name; ``None`` where a flag was not given.
            environment: environment variables, see :data:`ENVIRONMENT`.
            address: where the server listens: the public URL, unless one is given.

        Raises:
            ConfigurationError: a value makes no sense; the sentence names its variable.

        """
        given = {name: environment[variable] for name, variable in ENVIRONMENT.items() if environment.get(variable)}
        given |= {name: value for name, value in flags.items() if value is not None}
        data = Path(given.get("data") or platformdirs.user_data_path("codepush")).expanduser().absolute()
        public_url = _base_url("public_url", given.get("public_url", address))
        return cls(
            data=data,
            public_url=public_url,
            database_url=given.get("database_url", f"sqlite:///{data / 'codepush.db'}"),
            storage_url=_storage_url(given.get("storage_url", (data / "blobs").as_uri())),
            download_url=_base_url("download_url", given.get("download_url", public_url)),
            upload_limit_mb=_positive("upload_limit_mb", given.get("upload_limit_mb", 200)),
            log_level=_log_level(given.get("log_level", "info")),
        )

    @property
    def storage(self) -> Path:
        """The folder that holds the archives."""
        return Path(unquote(urlsplit(self.storage_url).path))

    @property
    def workspace(self) -> Path:
        """The folder for uploads that are being received and packed."""
        return self.data / "tmp"


def _base_url(name: str, value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ConfigurationError(
            f"{ENVIRONMENT[name]}: {value!r} is not the address of a server, such as https://codepush.example.com."
        )
    return value.rstrip("/")


def _storage_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"} or not parts.path:
        raise ConfigurationError(
            f"{ENVIRONMENT['storage_url']}: {value!r} is not a place this server can store archives in. Give a "
            "folder, as file:///var/lib/codepush/blobs."
        )
    return value


def _positive(name: str, value: object) -> int:
    try:
        number = msgspec.convert(value, int, strict=False)
    except msgspec.ValidationError:
        number = 0
    if number < 1:
        raise ConfigurationError(f"{ENVIRONMENT[name]}: {value!r} is not a whole number of at least 1.")
    return number


def _log_level(value: str) -> str:
    level = value.lower()
    if level not in LOG_LEVELS:
        raise ConfigurationError(f"{ENVIRONMENT['log_level']}: {value!r} is none of {', '.join(LOG_LEVELS)}.")
    return level
