"""The server's settings: one frozen value, read once from flags and the environment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias, get_args, get_type_hints

import platformdirs
from msgspec import Struct

from codepush.errors import ConfigurationError
from codepush.packaging.archive import DEFAULT_LEVEL
from codepush.rules.diffs import DEFAULT_LIMIT
from codepush.server.services.packages.repacking import BEST_LEVEL
from codepush.server.storage.urls import Place
from codepush.server.variables import (
    Choice,
    Setting,
    Whole,
    base_url,
    folder,
    is_unspecified,
    location,
    optional_base_url,
    optional_provider_url,
    proxy_list,
    site_url,
    storage_url,
    switch,
)
from codepush.server.web.proxies import Proxies

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SETTINGS", "LogFormat", "LogLevel", "Settings"]

LogFormat: TypeAlias = Literal["auto", "json", "text"]
LogLevel: TypeAlias = Literal["critical", "error", "warning", "info", "debug"]

_TOGETHER: Final = (
    ("oidc_issuer", "oidc_client_id", "oidc_client_secret"),
    ("github_client_id", "github_client_secret"),
)
"""Settings that must be given together or not at all."""


class Settings(Struct, frozen=True, kw_only=True):
    """Everything about a server that can be set, as :meth:`load` returns it.

    Each field carries its :class:`~codepush.server.variables.Setting`: environment variable, accepted values and
    documentation. ``tools/settings_docs.py`` writes them into ``docs/server.md``.
    """

    data: Annotated[
        Path,
        Setting(
            "folder of the database and the archives, readable by its owner only",
            folder,
            default="the platform's folder for user data",
        ),
    ]
    public_url: Annotated[
        str,
        Setting(
            "URL at which devices and tools reach the server; set it behind a proxy",
            base_url,
            default="`http://HOST:PORT`",
        ),
    ]
    database_url: Annotated[
        str,
        Setting(
            "an SQLite file, or [PostgreSQL](postgresql.md) for several machines", default="`sqlite:///DIR/codepush.db`"
        ),
    ]
    database_connections: Annotated[
        int, Setting("connections of each process to PostgreSQL; one more listens", Whole(1))
    ] = 5
    storage_url: Annotated[
        str,
        Setting("[a folder or an object store](storage.md) for archives", storage_url, default="`file:///DIR/blobs`"),
    ]
    download_url: Annotated[
        str, Setting("URL before `/blobs` in download addresses, such as that of a CDN", base_url, "the public URL")
    ]
    redirect_downloads: Annotated[
        bool, Setting("`off`: devices are never redirected to the object store itself", switch)
    ] = True
    accel_redirect: Annotated[
        str,
        Setting("nginx's [internal location](storage.md#nginx-with-a-folder) of the folder of archives", location),
    ] = ""
    upload_limit_mb: Annotated[int, Setting("largest package, in units of 1 048 576 bytes", Whole(1))] = 200
    compression_level: Annotated[
        int,
        Setting(
            "compression of a release while its uploader waits: 1 (fast) to 12 (small)",
            Whole(1, BEST_LEVEL),
            formerly="CODEPUSH_PACK_LEVEL",
        ),
    ] = DEFAULT_LEVEL
    diff_count: Annotated[int, Setting("number of older releases from which diffs lead to a new one", Whole(0))] = (
        DEFAULT_LIMIT
    )
    check_cache_seconds: Annotated[
        int, Setting("seconds for which [a CDN may answer update checks](cdn.md); 0: not at all", Whole(0))
    ] = 0
    oidc_issuer: Annotated[
        str, Setting("OpenID Connect provider to [log in with](login.md)", optional_provider_url)
    ] = ""
    oidc_client_id: Annotated[str, Setting("client ID at the OpenID Connect provider")] = ""
    oidc_client_secret: Annotated[str, Setting("client secret at the OpenID Connect provider")] = ""
    github_url: Annotated[
        str,
        Setting("GitHub or GitHub Enterprise to [log in with](login.md)", site_url),
    ] = "https://github.com"
    github_client_id: Annotated[str, Setting("client ID of the OAuth app at GitHub")] = ""
    github_client_secret: Annotated[str, Setting("client secret of the OAuth app at GitHub")] = ""
    enable_registration: Annotated[
        bool, Setting("`on`: users whom a provider identifies may create an account", switch)
    ] = False
    rate_limits: Annotated[bool, Setting("`off`: no limits on requests and new devices", switch)] = True
    rate_limit_per_key: Annotated[
        int,
        Setting("management requests a minute with one access key", Whole(1), formerly="CODEPUSH_REQUESTS_PER_KEY"),
    ] = 1200
    rate_limit_per_ip: Annotated[
        int,
        Setting("management requests a minute from one address", Whole(1), formerly="CODEPUSH_REQUESTS_PER_ADDRESS"),
    ] = 6000
    failed_logins_per_ip: Annotated[
        int,
        Setting("failed logins a minute from one address", Whole(1), formerly="CODEPUSH_FAILED_LOGINS_PER_ADDRESS"),
    ] = 20
    access_key_max_days: Annotated[int, Setting("longest lifetime of an access key, in days", Whole(1, 36_500))] = 365
    trusted_proxies: Annotated[
        str,
        Setting(
            "[proxies in front of the server](security.md#client-addresses): networks, or their number",
            proxy_list,
            default="loopback",
        ),
    ] = ""
    operations_port: Annotated[
        int,
        Setting(
            "separate port for [`/metrics` and `/ready`](security.md#operators-endpoints)",
            Whole(0, 65_535),
            default="none",
        ),
    ] = 0
    max_connections: Annotated[int, Setting("open connections of each process", Whole(10))] = 10_000
    downloads_per_ip: Annotated[
        int,
        Setting("concurrent downloads from one address", Whole(1), formerly="CODEPUSH_DOWNLOADS_PER_ADDRESS"),
    ] = 256
    new_devices_per_hour: Annotated[int, Setting("new devices that one address may report in an hour", Whole(1))] = 2000
    workspace_limit_mb: Annotated[
        int, Setting("disk space of all uploads in progress, in units of 1 048 576 bytes", Whole(1))
    ] = 4096
    request_timeout: Annotated[
        int,
        Setting(
            "seconds that a management request may take; a release, or a chunk of one, ten times as long",
            Whole(1),
            formerly="CODEPUSH_REQUEST_SECONDS",
        ),
    ] = 120
    cors_origins: Annotated[
        str, Setting("web pages that may use the management API from a browser, separated by commas")
    ] = "http://localhost:4000"
    log_level: Annotated[
        LogLevel,
        Setting("`critical`, `error`, `warning`, `info` or `debug`", Choice(get_args(LogLevel))),
    ] = "info"
    log_format: Annotated[
        LogFormat,
        Setting("`json`, `text`, or `auto`: text on a terminal and JSON elsewhere", Choice(get_args(LogFormat))),
    ] = "auto"
    metrics: Annotated[bool, Setting("`off`: no `/metrics` ([monitoring](observability.md))", switch)] = True
    traces_url: Annotated[
        str,
        Setting(
            "URL to which traces are sent, with `codepush[otel]` installed",
            optional_base_url,
            variable="OTEL_EXPORTER_OTLP_ENDPOINT",
        ),
    ] = ""

    @classmethod
    def load(
        cls, flags: Mapping[str, Any], environment: Mapping[str, str], *, address: str = "http://127.0.0.1:3000"
    ) -> Settings:
        """Return the settings from flags, else environment variables, else defaults.

        Args:
            flags: Settings by attribute name; ``None`` for a flag that is not given.
            environment: Environment variables, see :data:`SETTINGS`.
            address: The URL at which the server listens, which is the default of the public URL.

        Raises:
            ConfigurationError: A value is not accepted, or a variable has been renamed. The message names it.

        """
        if unknown := flags.keys() - SETTINGS.keys():
            raise TypeError(f"There is no setting {', '.join(sorted(unknown))}.")
        given: dict[str, Any] = {name: setting.given(environment) for name, setting in SETTINGS.items()}
        given |= {name: value for name, value in flags.items() if value is not None}
        given = {name: value for name, value in given.items() if value is not None}
        data = folder(given.get("data") or platformdirs.user_data_path("codepush"))
        given = {
            "public_url": address,
            "database_url": f"sqlite:///{data / 'codepush.db'}",
            "storage_url": (data / "blobs").as_uri(),
            "download_url": given.get("public_url", address),
            **given,
            "data": data,
        }
        _check_together(given)
        values: dict[str, Any] = {name: one.parse(given[name]) for name, one in SETTINGS.items() if name in given}
        return cls(**values)

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables from which :meth:`load` returns these settings."""
        return {setting.variable: str(getattr(self, name)) for name, setting in SETTINGS.items()}

    @property
    def origins(self) -> tuple[str, ...]:
        """The web pages that may use the server from a browser, one by one."""
        return tuple(origin.strip() for origin in self.cors_origins.split(",") if origin.strip())

    @property
    def place(self) -> Place:
        """The location of the archives."""
        return Place.parse(self.storage_url)

    @property
    def proxies(self) -> Proxies:
        """The proxies in front of the server."""
        return Proxies.parse(self.trusted_proxies)

    @property
    def storage(self) -> Path:
        """The folder of the archives, if they are in a folder."""
        return Path(self.place.path)

    @property
    def unreachable_urls(self) -> tuple[str, ...]:
        """The public and the download URL, if their host is the unspecified address, such as ``0.0.0.0``."""
        return tuple(url for url in sorted({self.public_url, self.download_url}) if is_unspecified(url))

    @property
    def workspace(self) -> Path:
        """The folder for uploads while they are received and packed."""
        return self.data / "tmp"


def _read() -> Mapping[str, Setting]:
    """Return the settings in the annotations of the fields."""
    hints = get_type_hints(Settings, include_extras=True)
    return {name: hints[name].__metadata__[0].named(name) for name in Settings.__struct_fields__}


SETTINGS: Final[Mapping[str, Setting]] = _read()
"""The setting of each field of :class:`Settings`."""


def _check_together(given: Mapping[str, Any]) -> None:
    for names in _TOGETHER:
        if len({bool(given.get(name)) for name in names}) > 1:
            variables = ", ".join(SETTINGS[name].variable for name in names)
            raise ConfigurationError(f"{variables} belong together: set all of them, or none.")
