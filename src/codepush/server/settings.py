"""The server's settings: one frozen value, read once from flags and the environment."""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias
from urllib.parse import SplitResult, urlsplit

import msgspec
import platformdirs
from msgspec import Struct

from codepush.errors import ConfigurationError
from codepush.packaging.archive import DEFAULT_LEVEL
from codepush.rules.diffs import DEFAULT_LIMIT
from codepush.server.services.packages.repacking import BEST_LEVEL
from codepush.server.storage.urls import Place
from codepush.server.web.proxies import Proxies

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ENVIRONMENT", "Settings"]

ENVIRONMENT: Final[Mapping[str, str]] = {
    "data": "CODEPUSH_DATA",
    "public_url": "CODEPUSH_PUBLIC_URL",
    "database_url": "CODEPUSH_DATABASE_URL",
    "database_connections": "CODEPUSH_DATABASE_CONNECTIONS",
    "storage_url": "CODEPUSH_STORAGE_URL",
    "download_url": "CODEPUSH_DOWNLOAD_URL",
    "redirect_downloads": "CODEPUSH_REDIRECT_DOWNLOADS",
    "accel_redirect": "CODEPUSH_ACCEL_REDIRECT",
    "upload_limit_mb": "CODEPUSH_UPLOAD_LIMIT_MB",
    "pack_level": "CODEPUSH_PACK_LEVEL",
    "diff_count": "CODEPUSH_DIFF_COUNT",
    "request_seconds": "CODEPUSH_REQUEST_SECONDS",
    "check_cache_seconds": "CODEPUSH_CHECK_CACHE_SECONDS",
    "workspace_limit_mb": "CODEPUSH_WORKSPACE_LIMIT_MB",
    "max_connections": "CODEPUSH_MAX_CONNECTIONS",
    "downloads_per_address": "CODEPUSH_DOWNLOADS_PER_ADDRESS",
    "new_devices_per_hour": "CODEPUSH_NEW_DEVICES_PER_HOUR",
    "access_key_max_days": "CODEPUSH_ACCESS_KEY_MAX_DAYS",
    "trusted_proxies": "CODEPUSH_TRUSTED_PROXIES",
    "operations_port": "CODEPUSH_OPERATIONS_PORT",
    "rate_limits": "CODEPUSH_RATE_LIMITS",
    "failed_logins_per_address": "CODEPUSH_FAILED_LOGINS_PER_ADDRESS",
    "requests_per_key": "CODEPUSH_REQUESTS_PER_KEY",
    "requests_per_address": "CODEPUSH_REQUESTS_PER_ADDRESS",
    "cors_origins": "CODEPUSH_CORS_ORIGINS",
    "log_level": "CODEPUSH_LOG_LEVEL",
    "log_format": "CODEPUSH_LOG_FORMAT",
    "metrics": "CODEPUSH_METRICS",
    "traces_url": "OTEL_EXPORTER_OTLP_ENDPOINT",
    "enable_registration": "CODEPUSH_ENABLE_REGISTRATION",
    "oidc_issuer": "CODEPUSH_OIDC_ISSUER",
    "oidc_client_id": "CODEPUSH_OIDC_CLIENT_ID",
    "oidc_client_secret": "CODEPUSH_OIDC_CLIENT_SECRET",
    "github_url": "CODEPUSH_GITHUB_URL",
    "github_client_id": "CODEPUSH_GITHUB_CLIENT_ID",
    "github_client_secret": "CODEPUSH_GITHUB_CLIENT_SECRET",
}
"""The variable of each setting that has one. A flag goes before it."""

_THIS_MACHINE: Final = frozenset({"127.0.0.1", "::1", "localhost"})

LogFormat: TypeAlias = Literal["auto", "json", "text"]
LOG_FORMATS: Final[tuple[LogFormat, ...]] = ("auto", "json", "text")
LOG_LEVELS: Final = ("critical", "error", "warning", "info", "debug")


class Settings(Struct, frozen=True, kw_only=True):
    """Everything about a server that can be set. Made by :meth:`load`, which fills in the defaults.

    Attributes:
        data: the folder for all that the server keeps (database and archives, unless told otherwise).
        public_url: how phones and tools reach the server, without a slash at the end.
        database_url: where the records are, ``sqlite:///FILE`` or ``postgresql://USER:PASSWORD@HOST/NAME``.
        database_connections: how many connections to PostgreSQL each process keeps, besides the one that listens.
        storage_url: where the archives are: ``file:///FOLDER``, or a bucket such as ``s3://BUCKET/PREFIX``.
        download_url: what stands before ``/blobs`` in download addresses.
        redirect_downloads: whether phones are sent to the object store itself, where that is possible.
        accel_redirect: the internal location of nginx that serves the folder of archives, such as
            ``/codepush-archives``; empty: the server sends them itself.
        upload_limit_mb: the largest package taken, in units of 1 048 576 bytes.
        pack_level: how hard a release is packed while its uploader waits, from 1 (fast) to 12 (small).
        diff_count: from how many older releases diffs are made to a new one.
        request_seconds: how long a management request may take; a release ten times as long.
        check_cache_seconds: how long a cache in front of the server may answer update checks; 0: not at all.
        workspace_limit_mb: how much disk all uploads in progress may use together, in units of 1 048 576 bytes.
        max_connections: how many connections each process keeps open; the longest idle one is closed beyond it.
        downloads_per_address: how many downloads one address may run at once.
        new_devices_per_hour: how many devices not seen before one address may report in an hour.
        access_key_max_days: the longest lifetime of an access key, in days.
        trusted_proxies: the networks whose ``X-Forwarded-For`` is trusted besides loopback, separated by commas, or
            the number of proxies in front of the server; 0: the header is ignored.
        operations_port: the port that alone serves ``/metrics`` and ``/ready``; 0: the same port as everything else.
        rate_limits: whether requests are limited at all.
        failed_logins_per_address: how many failed log-ins a minute are accepted from one address.
        requests_per_key: how many management requests a minute are taken with one access key.
        requests_per_address: how many management requests a minute are taken from one address.
        cors_origins: the web pages that may use the server from a browser, separated by commas.
        log_level: one of critical, error, warning, info, debug.
        log_format: how log lines look: json, text, or auto for text on a terminal and JSON elsewhere.
        metrics: whether ``/metrics`` tells Prometheus the server's numbers.
        traces_url: where OpenTelemetry's spans are sent (OTLP over HTTP); empty: nowhere.
        enable_registration: whether people whom a provider knows may make accounts by themselves.
        oidc_issuer, oidc_client_id, oidc_client_secret: the OpenID Connect provider to log in with;
            all empty: none.
        github_url, github_client_id, github_client_secret: the GitHub to log in with; the id and the
            secret empty: none.

    """

    data: Path
    public_url: str
    database_url: str
    storage_url: str
    download_url: str
    redirect_downloads: bool = True
    accel_redirect: str = ""
    database_connections: int = 5
    upload_limit_mb: int = 200
    pack_level: int = DEFAULT_LEVEL
    diff_count: int = DEFAULT_LIMIT
    request_seconds: int = 120
    check_cache_seconds: int = 0
    workspace_limit_mb: int = 4096
    max_connections: int = 10_000
    downloads_per_address: int = 256
    new_devices_per_hour: int = 2000
    access_key_max_days: int = 365
    trusted_proxies: str = ""
    operations_port: int = 0
    rate_limits: bool = True
    failed_logins_per_address: int = 20
    requests_per_key: int = 1200
    requests_per_address: int = 6000
    cors_origins: str = "http://localhost:4000"
    log_level: str = "info"
    log_format: LogFormat = "auto"
    metrics: bool = True
    traces_url: str = ""
    enable_registration: bool = False
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    github_url: str = "https://github.com"
    github_client_id: str = ""
    github_client_secret: str = ""

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
            ConfigurationError: a value is invalid; the message names its variable.

        """
        given = {name: environment[variable] for name, variable in ENVIRONMENT.items() if environment.get(variable)}
        given |= {name: value for name, value in flags.items() if value is not None}
        data = Path(given.get("data") or platformdirs.user_data_path("codepush")).expanduser().absolute()
        public_url = _base_url("public_url", given.get("public_url", address))
        if given.get("oidc_issuer"):
            _provider_url("oidc_issuer", given["oidc_issuer"])
        return cls(
            data=data,
            public_url=public_url,
            database_url=given.get("database_url", f"sqlite:///{data / 'codepush.db'}"),
            database_connections=_whole("database_connections", given.get("database_connections", 5), least=1),
            storage_url=_storage_url(given.get("storage_url", (data / "blobs").as_uri())),
            download_url=_base_url("download_url", given.get("download_url", public_url)),
            redirect_downloads=_switch("redirect_downloads", given.get("redirect_downloads", "on")),
            accel_redirect=_location(given.get("accel_redirect", "")),
            upload_limit_mb=_whole("upload_limit_mb", given.get("upload_limit_mb", 200), least=1),
            pack_level=_whole("pack_level", given.get("pack_level", DEFAULT_LEVEL), least=1, most=BEST_LEVEL),
            diff_count=_whole("diff_count", given.get("diff_count", DEFAULT_LIMIT), least=0),
            request_seconds=_whole("request_seconds", given.get("request_seconds", 120), least=1),
            check_cache_seconds=_whole("check_cache_seconds", given.get("check_cache_seconds", 0), least=0),
            workspace_limit_mb=_whole("workspace_limit_mb", given.get("workspace_limit_mb", 4096), least=1),
            max_connections=_whole("max_connections", given.get("max_connections", 10_000), least=10),
            downloads_per_address=_whole("downloads_per_address", given.get("downloads_per_address", 256), least=1),
            new_devices_per_hour=_whole("new_devices_per_hour", given.get("new_devices_per_hour", 2000), least=1),
            access_key_max_days=_whole(
                "access_key_max_days", given.get("access_key_max_days", 365), least=1, most=36_500
            ),
            trusted_proxies=_proxies(given.get("trusted_proxies", "")),
            operations_port=_whole("operations_port", given.get("operations_port", 0), least=0, most=65_535),
            rate_limits=_switch("rate_limits", given.get("rate_limits", "on")),
            failed_logins_per_address=_whole(
                "failed_logins_per_address", given.get("failed_logins_per_address", 20), least=1
            ),
            requests_per_key=_whole("requests_per_key", given.get("requests_per_key", 1200), least=1),
            requests_per_address=_whole("requests_per_address", given.get("requests_per_address", 6000), least=1),
            cors_origins=given.get("cors_origins", "http://localhost:4000"),
            log_level=_log_level(given.get("log_level", "info")),
            log_format=_log_format(given.get("log_format", "auto")),
            metrics=_switch("metrics", given.get("metrics", "on")),
            traces_url=_base_url("traces_url", given["traces_url"]) if given.get("traces_url") else "",
            enable_registration=_switch("enable_registration", given.get("enable_registration", "off")),
            **_together(given, "oidc_issuer", "oidc_client_id", "oidc_client_secret"),
            **_together(given, "github_client_id", "github_client_secret"),
            github_url=_provider_url("github_url", given.get("github_url", "https://github.com")).rstrip("/"),
        )

    @property
    def origins(self) -> tuple[str, ...]:
        """The web pages that may use the server from a browser, one by one."""
        return tuple(origin.strip() for origin in self.cors_origins.split(",") if origin.strip())

    @property
    def place(self) -> Place:
        """Where the archives are."""
        return Place.parse(self.storage_url)

    @property
    def proxies(self) -> Proxies:
        """The proxies in front of the server."""
        return Proxies.parse(self.trusted_proxies)

    @property
    def storage(self) -> Path:
        """The folder that holds the archives, when it is a folder that does."""
        return Path(self.place.path)

    @property
    def unreachable_urls(self) -> tuple[str, ...]:
        """The public and the download URL, if their host is the unspecified address, such as ``0.0.0.0``."""
        return tuple(url for url in sorted({self.public_url, self.download_url}) if _is_unspecified(url))

    @property
    def workspace(self) -> Path:
        """The folder for uploads that are being received and packed."""
        return self.data / "tmp"


def _base_url(name: str, value: str) -> str:
    parts = _parts(name, value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ConfigurationError(
            f"{ENVIRONMENT[name]}: {value!r} is not the address of a server, such as https://codepush.example.com."
        )
    return value.rstrip("/")


def _parts(name: str, value: str) -> SplitResult:
    try:
        return urlsplit(value)
    except ValueError as error:
        raise ConfigurationError(f"{ENVIRONMENT[name]}: {value!r} is no address: {error}.") from error


def _is_unspecified(url: str) -> bool:
    try:
        return ip_address(urlsplit(url).hostname or "").is_unspecified
    except ValueError:
        return False


def _provider_url(name: str, value: str) -> str:
    """Return an address that is asked who somebody is: nobody may listen or answer in between."""
    parts = _parts(name, value)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _THIS_MACHINE)
    if not is_safe or not parts.hostname or parts.query or parts.fragment:
        raise ConfigurationError(
            f"{ENVIRONMENT[name]}: {value!r} is not the address of an identity provider, such as "
            "https://accounts.example.com."
        )
    return value


def _storage_url(value: str) -> str:
    try:
        Place.parse(value)
    except ValueError as error:
        raise ConfigurationError(f"{ENVIRONMENT['storage_url']}: {error}.") from error
    return value


def _proxies(value: str) -> str:
    try:
        Proxies.parse(value)
    except ValueError as error:
        raise ConfigurationError(
            f"{ENVIRONMENT['trusted_proxies']}: {value!r} is neither a list of networks, such as 10.0.0.0/8,fd00::/8, "
            f"nor a number of proxies: {error}."
        ) from error
    return value


def _location(value: str) -> str:
    if value and not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+/?", value):
        raise ConfigurationError(
            f"{ENVIRONMENT['accel_redirect']}: {value!r} is not a location of nginx, such as /codepush-archives."
        )
    return value.rstrip("/")


def _whole(name: str, value: object, *, least: int, most: int | None = None) -> int:
    try:
        number = msgspec.convert(value, int, strict=False)
    except msgspec.ValidationError:
        number = least - 1
    if number < least or (most is not None and number > most):
        wanted = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise ConfigurationError(f"{ENVIRONMENT[name]}: {value!r} is not a whole number {wanted}.")
    return number


def _log_level(value: str) -> str:
    level = value.lower()
    if level not in LOG_LEVELS:
        raise ConfigurationError(f"{ENVIRONMENT['log_level']}: {value!r} is none of {', '.join(LOG_LEVELS)}.")
    return level


def _log_format(value: str) -> LogFormat:
    for known in LOG_FORMATS:
        if value.lower() == known:
            return known
    raise ConfigurationError(f"{ENVIRONMENT['log_format']}: {value!r} is none of {', '.join(LOG_FORMATS)}.")


def _together(given: Mapping[str, Any], *names: str) -> dict[str, str]:
    """Return settings of which either all are given or none."""
    values: dict[str, str] = {name: given.get(name, "") for name in names}
    if any(values.values()) and not all(values.values()):
        variables = ", ".join(ENVIRONMENT[name] for name in names)
        raise ConfigurationError(f"{variables} belong together: set all of them, or none.")
    return values


def _switch(name: str, value: object) -> bool:
    word = str(value).lower()
    if word not in {"on", "true", "off", "false"}:
        raise ConfigurationError(f"{ENVIRONMENT[name]}: {value!r} is neither on nor off.")
    return word in {"on", "true"}
