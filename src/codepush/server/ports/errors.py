"""Errors of ports, independent of the adapter."""

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
    """A failure outside the services."""


class AlreadyExistsError(PortError):
    """A record or blob with this name exists already."""


class MissingError(PortError):
    """The record or blob does not exist."""


class ProviderError(PortError):
    """An identity provider failed, returned a malformed response, or rejected the login. Contains no secrets."""


class UnavailableError(PortError):
    """The database or the blob store cannot be reached, is full, or is broken."""


class NewerSchemaError(UnavailableError):
    """The database has a newer schema than this version supports and must not be used, as the message explains."""


class UnstorableError(PortError):
    """A string or number that no database can store. The message is for the client that sent it."""
