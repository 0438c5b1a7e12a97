"""What goes wrong outside the services, in the product's own words."""

from __future__ import annotations

__all__ = [
    "AlreadyExistsError",
    "MissingError",
    "NewerSchemaError",
    "PortError",
    "ProviderError",
    "UnavailableError",
    "UnstorableError",
]


class PortError(Exception):
    """Something outside the services said no."""


class AlreadyExistsError(PortError):
    """A record or blob with this name is already there."""


class MissingError(PortError):
    """The record or blob is not there."""


class ProviderError(PortError):
    """An identity provider failed, returned a malformed response, or rejected the login. Contains no secrets."""


class UnavailableError(PortError):
    """The database or the blob store cannot be reached, is full, or is broken."""


class NewerSchemaError(UnavailableError):
    """The database has a newer schema than this version knows, so that it must not be used. The sentence says so."""


class UnstorableError(PortError):
    """A string or number that no database can store. The message is for the client that sent it."""
