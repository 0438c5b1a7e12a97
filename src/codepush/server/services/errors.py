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
    """The request is refused and nothing was changed.

    Attributes:
        message: one sentence for people.
        code: a word for machines.
        field: the field of the request that is wrong, where there is one.

    """

    def __init__(self, message: str, *, code: str, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.field = field


class UnauthenticatedError(ServiceError):
    """The access key is missing, unknown or has expired."""


class ForbiddenError(ServiceError):
    """The account may see the app, but not do this with it."""


class NotFoundError(ServiceError):
    """It does not exist, or the account may not know that it does."""


class ConflictError(ServiceError):
    """The state of the server forbids it."""


class InvalidError(ServiceError):
    """The request itself is wrong."""


class KeyReusedError(ServiceError):
    """The request has the idempotency key of an earlier one, but other content."""


class TooLargeError(ServiceError):
    """The request, or what it would upload, is larger than this server takes."""


class BusyError(ServiceError):
    """The request can succeed later. ``retry_after`` is in whole seconds."""

    def __init__(self, message: str, *, code: str, retry_after: int) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class TooManyError(BusyError):
    """The account does too much at the same time."""


class NoRoomError(BusyError):
    """The server has no room for what the request would upload."""
