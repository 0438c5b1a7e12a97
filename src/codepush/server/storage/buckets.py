"""Opening buckets and containers of object stores. Credentials come from each provider's own variables."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec
from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, S3Store

from codepush.server.ports.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    from obstore.store import ClientConfig, RetryConfig

    from codepush.server.storage.urls import Place

    Bucket: TypeAlias = S3Store | AzureStore | GCSStore

__all__ = ["open_bucket", "open_signer"]

_RETRIES: Final[RetryConfig] = {"max_retries": 4, "retry_timeout": timedelta(seconds=15)}
"""Longer failures are returned to the client, which can retry."""

_CLIENT: Final[ClientConfig] = {
    "connect_timeout": timedelta(seconds=5),
    "read_timeout": timedelta(seconds=30),
    "timeout": timedelta(minutes=15),  # for a whole answer: a large archive on its way to a slow phone
}


def open_bucket(place: Place) -> Bucket:
    """Return the bucket that a place names; nothing is asked of it yet.

    Raises `UnavailableError` when the settings in the environment make no sense to the provider.
    """
    try:
        return _open(place)
    except (BaseError, ValueError):
        # What the provider's library says may hold what stands in the environment.
        raise UnavailableError(
            f"The object store {place.shown} cannot be opened: a setting or credential of the provider's in the "
            "environment is missing or malformed. docs/storage.md lists them."
        ) from None


def open_signer(place: Place, bucket: Bucket) -> Bucket:
    """Return the bucket under the address by which phones reach it, to make signed addresses with."""
    endpoint = place.options.get("public_endpoint")
    if endpoint is None:
        return bucket
    return open_bucket(msgspec.structs.replace(place, options={**place.options, "endpoint": endpoint}))


def _open(place: Place) -> Bucket:
    bucket = _MAKERS[place.scheme](place, _CLIENT)
    if _endpoint(bucket).startswith("http://"):  # explicitly configured
        return _MAKERS[place.scheme](place, {**_CLIENT, "allow_http": True})
    return bucket


def _endpoint(bucket: Bucket) -> str:
    config: Mapping[str, Any] = bucket.config
    return next((str(config[name]) for name in _ENDPOINTS if name in config), "")


_ENDPOINTS: Final = ("aws_endpoint_url_s3", "endpoint", "base_url")
"""Where the providers' settings keep the address, the strongest first."""


def _s3(place: Place, client: ClientConfig) -> Bucket:
    given: dict[str, Any] = {name: place.options[name] for name in ("endpoint", "region") if name in place.options}
    path_style = place.options.get("path_style")
    if path_style is not None:
        given["virtual_hosted_style_request"] = path_style == "false"
    # One request for each blob that goes is understood by more stores than the one for many.
    return S3Store(
        place.name,
        prefix=place.path or None,
        client_options=client,
        retry_config=_RETRIES,
        disable_bulk_delete=True,
        **given,
    )


def _azure(place: Place, client: ClientConfig) -> Bucket:
    given: dict[str, Any] = {}
    if "endpoint" in place.options:
        given["endpoint"] = place.options["endpoint"]
    if "account" in place.options:
        given["account_name"] = place.options["account"]
    return AzureStore(place.name, prefix=place.path or None, client_options=client, retry_config=_RETRIES, **given)


def _google(place: Place, client: ClientConfig) -> Bucket:
    given: dict[str, Any] = {"base_url": place.options["endpoint"]} if "endpoint" in place.options else {}
    return GCSStore(place.name, prefix=place.path or None, client_options=client, retry_config=_RETRIES, **given)


_MAKERS: Final = {"s3": _s3, "az": _azure, "gs": _google}
