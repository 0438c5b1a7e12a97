"""The check of ``codepush doctor`` for downloads: whether devices can reach the download URL of an update check."""

from __future__ import annotations

import socket
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import urlsplit

from codepush.cli.findings import Finding
from codepush.cli.planning import some_version
from codepush.cli.simulated_devices import platform_of
from codepush.device.connection import Connection
from codepush.errors import Invalid, NotFound
from codepush.models import UpdateCheck

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from codepush.cli.context import Cli
    from codepush.models import Deployment

__all__ = ["ADVICE", "address_fault", "examine_downloads", "is_known_key", "origin", "setting_fault"]

_SUBJECT: Final = "downloads"
_TIMEOUT: Final = 10.0
ADVICE: Final = "Start the server with --public-url and the address that devices use (CODEPUSH_PUBLIC_URL)."
_UNSPECIFIED: Final = "this is the address to listen on, to which no device can connect."
_LOOPBACK: Final = "this address leads each device to itself."
_PLAIN: Final = "it is not https, so iOS and Android reject it."

_Address: TypeAlias = "IPv4Address | IPv6Address"


def examine_downloads(cli: Cli, deployments: Sequence[Deployment]) -> Iterator[Finding]:
    """Check for an update as a new device does, and check the download URL.

    No status report is sent, so no device is counted.

    Args:
        cli: Context of the command.
        deployments: Deployments of the project's app.

    Raises:
        CodePushError: The update check failed.

    """
    url = next((url for one in deployments if (url := _download_url(cli, one))), None)
    if url is None:
        yield Finding(subject=_SUBJECT, verdict="skipped", found="No deployment offers a release to new devices.")
        return
    fault = address_fault(url, cli.server_url) or _refusal(cli, url)
    if fault:
        yield Finding(
            subject=_SUBJECT, verdict="error", found=f"Devices are sent to {origin(url)}: {fault}", advice=ADVICE
        )
    else:
        yield Finding(subject=_SUBJECT, verdict="ok", found=f"Devices download from {origin(url)}.")


def _download_url(cli: Cli, deployment: Deployment) -> str | None:
    """Return the download URL of a deployment's newest release, if new devices are offered it."""
    if deployment.package is None:
        return None
    check = UpdateCheck(deployment_key=deployment.key, app_version=some_version(deployment.package.app_version))
    offered = _connection(cli).ask(check)
    return offered.download_url if offered.is_available else None


def is_known_key(cli: Cli, deployment_key: str) -> bool:
    """Return whether a deployment of any app on the server has a key. No status report is sent.

    Raises:
        CodePushError: The update check failed for another reason.

    """
    try:
        _connection(cli).ask(UpdateCheck(deployment_key=deployment_key, app_version="0.0.0"))
    except (Invalid, NotFound):
        return False
    return True


def _connection(cli: Cli) -> Connection:
    return Connection(cli.server_url, platform=platform_of(None), timeout=cli.flags.get("timeout") or _TIMEOUT)


def address_fault(url: str, server_url: str) -> str | None:
    """Return why devices cannot use a download URL, as far as the URL shows."""
    download, server = urlsplit(url), urlsplit(server_url)
    host, of_server = _ip(download.hostname), _ip(server.hostname)
    if host is not None and host.is_unspecified:
        return _UNSPECIFIED
    if download.hostname == server.hostname:
        return None
    if host is not None and host.is_loopback:
        is_same = of_server is not None and of_server.is_loopback
        return None if is_same else _LOOPBACK
    if host is not None and not host.is_global and not (of_server is not None and not of_server.is_global):
        return "this is an address of a private network."
    if server.scheme == "https" and download.scheme == "http":
        return _PLAIN
    return None


def setting_fault(url: str) -> str | None:
    """Return why devices cannot use a server URL in an app, as far as the URL shows."""
    parts = urlsplit(url)
    host = _ip(parts.hostname)
    if host is not None and host.is_unspecified:
        return _UNSPECIFIED
    if host is not None and host.is_loopback:
        return _LOOPBACK
    return _PLAIN if parts.scheme == "http" else None


def _refusal(cli: Cli, url: str) -> str | None:
    """Return why the download fails on this machine, or ``None`` if it starts."""
    import httpx2

    verify = str(cli.project.ca_file) if cli.project.ca_file else True
    try:
        with httpx2.stream("GET", url, timeout=_TIMEOUT, verify=verify, follow_redirects=True) as response:
            return None if response.is_success else f"the download fails with status {response.status_code}."
    except (httpx2.HTTPError, OSError) as error:
        return f"it does not respond to this machine: {error}."


def _ip(host: str | None) -> _Address | None:
    """Return the IP address of a host; ``None`` if its name does not resolve here."""
    with suppress(ValueError):
        return ip_address(host or "")
    with suppress(OSError):
        return ip_address(socket.getaddrinfo(host, None)[0][4][0])
    return None


def origin(url: str) -> str:
    """Return scheme and host of a URL; the rest may contain a signature of a bucket."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
