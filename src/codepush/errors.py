"""The errors of the SDK.

```
CodePushError
├── TransportError          no response
│   └── TimeoutError        the server took longer than the timeout
├── APIError                the server returned an error
│   ├── Unauthorized        401: the access key is missing, unknown or expired
│   ├── Forbidden           403: the account has no permission
│   ├── NotFound            404: the app, deployment, release, ... does not exist
│   ├── Conflict            409: it exists already, or a rollout is unfinished
│   ├── Invalid             400, 406, 413, 422: the request itself is wrong
│   ├── RateLimited         429: too many requests
│   └── ServerError         5xx: the server failed
├── DecodeError             the response is invalid
├── PlanIgnoredError        the server created the release, but does not support rollout plans
├── PackageError            the files are wrong: archive, path, hash
├── ProjectError            an app's project is incomplete, or one of its tools failed
└── ConfigurationError      the client's settings are invalid
```

All have ``message`` and ``status_code``, as the errors of Microsoft's
Node "CodePush Management SDK" had (``message`` and ``statusCode``).
"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from codepush.models import Package

__all__ = [
    "GATEWAY",
    "APIError",
    "CodePushError",
    "ConfigurationError",
    "Conflict",
    "DecodeError",
    "Forbidden",
    "InsecureServerWarning",
    "Invalid",
    "NotFound",
    "PackageError",
    "PlanIgnoredError",
    "ProjectError",
    "RateLimited",
    "ServerError",
    "TimeoutError",
    "TransportError",
    "Unauthorized",
    "api_error",
]


GATEWAY: Final = "gateway"
"""The ``code`` of an error whose response a proxy or gateway probably sent in place of the server."""


class CodePushError(Exception):
    """Base class of all errors of this distribution.

    Attributes:
        message: The message.
        status_code: The HTTP status. 504 without a response and 500 for an invalid response, as in the
            original SDK; ``None`` if no request was made.

    """

    status_code: int | None = None

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class TransportError(CodePushError):
    """No response: the connection failed. Reported as status 504, like the original SDK."""

    status_code: int | None = 504


class TimeoutError(TransportError, builtins.TimeoutError):
    """No response within the timeout. Also caught by the built-in ``TimeoutError``."""


class APIError(CodePushError):
    """The server returned an error status.

    Attributes:
        status_code: The HTTP status.
        code: The machine-readable code of a problem document, if the server sent one; ``gateway`` if a proxy or
            gateway in front of the server probably sent the response.
        field: The wrong field of the request, if the server named one.
        request_id: The request's ID in the server's log.
        retry_after: The seconds of ``Retry-After``, if present.

    """

    status_code: int

    def __init__(
        self,
        message: str,
        status_code: int,
        *,
        code: str | None = None,
        field: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.code = code
        self.field = field
        self.request_id = request_id
        self.retry_after = retry_after


class Unauthorized(APIError):
    """401: the access key is missing, unknown or has expired."""


class Forbidden(APIError):
    """403: the account has no permission."""


class NotFound(APIError):
    """404: the app, deployment or release does not exist, or is not visible to this account."""


class Conflict(APIError):
    """409: conflict with the current state (name taken, identical package, unfinished rollout)."""


class Invalid(APIError):
    """400, 406, 413 or 422: the request is wrong; ``field`` names the wrong field if known."""


class RateLimited(APIError):
    """429: too many requests; ``retry_after`` is the number of seconds to wait, if known."""


class ServerError(APIError):
    """5xx: the server failed."""


class DecodeError(CodePushError):
    """The response violates the protocol. Reported as status 500."""

    status_code: int | None = 500


class PlanIgnoredError(CodePushError):
    """The server created a release, but ignored its rollout plan, because it does not support plans.

    Attributes:
        package: The release. It is at the percentage of the plan's first stage and stays there.

    """

    def __init__(self, package: Package) -> None:
        percent = 100 if package.rollout is None else package.rollout
        super().__init__(
            f"The server does not support rollout plans and ignored this one. The release {package.label} is there, "
            f"for {percent}% of the devices, and stays so until its rollout is raised with patch_release."
        )
        self.package = package


class PackageError(CodePushError):
    """The files are wrong: a missing path, an unsafe or broken archive, a wrong hash."""


class ProjectError(CodePushError):
    """An app's project is incomplete, or one of its tools failed."""


class ConfigurationError(CodePushError):
    """The client's settings are invalid or contradict each other."""


class InsecureServerWarning(UserWarning):
    """An access key is sent unencrypted over HTTP to another machine."""


_BY_STATUS: Final[dict[int, type[APIError]]] = {
    400: Invalid,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    406: Invalid,
    409: Conflict,
    413: Invalid,
    422: Invalid,
    429: RateLimited,
}


_FIRST_SERVER_ERROR: Final = 500


def api_error(
    message: str,
    status_code: int,
    *,
    code: str | None = None,
    field: str | None = None,
    request_id: str | None = None,
    retry_after: float | None = None,
) -> APIError:
    """Return the error class for an HTTP status."""
    fallback = ServerError if status_code >= _FIRST_SERVER_ERROR else APIError
    kind = _BY_STATUS.get(status_code, fallback)
    return kind(message, status_code, code=code, field=field, request_id=request_id, retry_after=retry_after)
