"""Errors of services. The web layer translates them into each dialect, in one table."""

from __future__ import annotations

from codepush.server.ports.errors import NewerSchemaError, UnavailableError, UnstorableError

__all__ = [
    "BusyError",
    "ConflictError",
    "ForbiddenError",
    "InvalidError",
    "KeyReusedError",
    "NewerSchemaError",
    "NoRoomError",
    "NotFoundError",
    "ServiceError",
    "TooLargeError",
    "TooManyError",
    "UnauthenticatedError",
    "UnavailableError",  # errors of ports, which services pass on to the web layer
    "UnstorableError",
]


class ServiceError(Exception):
    """The request is rejected and nothing was changed.

    Attributes:
        message: One sentence for users.
        code: A stable identifier for clients.
        field: The invalid field of the request, if there is one.

    """

    def __init__(self, message: str, *, code: str, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.field = field


class UnauthenticatedError(ServiceError):
    """The access key is missing, unknown or has expired."""


class ForbiddenError(ServiceError):
    """The account may see the resource, but not perform this action on it."""


class NotFoundError(ServiceError):
    """The resource does not exist, or is hidden from the account."""


class ConflictError(ServiceError):
    """The current state conflicts with the request."""


class InvalidError(ServiceError):
    """The request itself is invalid."""


class KeyReusedError(ServiceError):
    """The request has the idempotency key of an earlier one, but other content."""


class TooLargeError(ServiceError):
    """The request, or the upload it announces, is larger than this server accepts."""


class BusyError(ServiceError):
    """The request can succeed later. ``retry_after`` is in whole seconds."""

    def __init__(self, message: str, *, code: str, retry_after: int) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class TooManyError(BusyError):
    """The account has too many concurrent requests or uploads."""


class NoRoomError(BusyError):
    """The server has no room for the upload."""
