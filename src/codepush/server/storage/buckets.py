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
    "timeout": timedelta(minutes=15),  # for a whole response: a large archive to a slow device
}


def open_bucket(place: Place) -> Bucket:
    """Return the bucket of a location, without sending a request yet.

    Raises `UnavailableError` when the provider rejects the settings in the environment.
    """
    try:
        return _open(place)
    except (BaseError, ValueError):
        # The message of the provider's library may contain values from the environment.
        raise UnavailableError(
            f"The object store {place.shown} cannot be opened: a setting or credential of the provider's in the "
            "environment is missing or malformed. docs/storage.md lists them."
        ) from None


def open_signer(place: Place, bucket: Bucket) -> Bucket:
    """Return the bucket under the URL that devices use, for signing URLs."""
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
"""The providers' settings for the URL, in order of precedence."""


def _s3(place: Place, client: ClientConfig) -> Bucket:
    given: dict[str, Any] = {name: place.options[name] for name in ("endpoint", "region") if name in place.options}
    path_style = place.options.get("path_style")
    if path_style is not None:
        given["virtual_hosted_style_request"] = path_style == "false"
    # More stores support deleting single objects than deleting several at once.
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
