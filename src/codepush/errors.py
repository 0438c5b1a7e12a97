"""What can go wrong, as a caller of the SDK sees it.

```
CodePushError
├── TransportError          nothing came back
│   └── TimeoutError        the server took longer than the timeout
├── APIError                the server answered no
│   ├── Unauthorized        401: no access key, or one that is unknown or has expired
│   ├── Forbidden           403: the account may not do this
│   ├── NotFound            404: no such app, deployment, release, ...
│   ├── Conflict            409: it exists already, or a rollout is unfinished
│   ├── Invalid             400, 406, 413, 422: the request itself is wrong
│   ├── RateLimited         429: too many requests
│   └── ServerError         5xx: the server failed
├── DecodeError             the server answered something that cannot be read
├── PlanIgnoredError        the server made the release, but does not know rollout plans
├── PackageError            the files are wrong: archive, path, hash
├── ProjectError            an app's project lacks something, or one of its tools failed
└── ConfigurationError      the client was set up in a way that cannot work
```

Every one of them has ``message`` and ``status_code``, as the errors of Microsoft's
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
    """The root of every error this distribution raises on purpose.

    Attributes:
        message: one sentence for people.
        status_code: the HTTP status it stands for. 504 when nothing came back and 500 when the
            answer could not be read, as in the original SDK; ``None`` when no request was made.

    """

    status_code: int | None = None

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class TransportError(CodePushError):
    """No answer came: no connection, or it broke. Reported as status 504, like the original SDK."""

    status_code: int | None = 504


class TimeoutError(TransportError, builtins.TimeoutError):
    """No answer came within the timeout. Also caught by the built-in ``TimeoutError``."""


class APIError(CodePushError):
    """The server answered with an error status.

    Attributes:
        status_code: the HTTP status.
        code: the machine-readable code of a problem document, when the server sent one; ``gateway`` when a proxy or
            gateway in front of the server probably sent the response.
        field: the field of the request that is wrong, when the server named one.
        request_id: the server's id of the request, for its operator's log.
        retry_after: seconds the server asked to wait, when it did.

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
    """403: the account is known, but may not do this."""


class NotFound(APIError):
    """404: the app, deployment or release does not exist, or is not visible to this account."""


class Conflict(APIError):
    """409: the state of the server forbids it (name taken, identical package, unfinished rollout)."""


class Invalid(APIError):
    """400, 406, 413 or 422: the request is wrong; ``field`` names the culprit where it is known."""


class RateLimited(APIError):
    """429: too many requests; ``retry_after`` says how many seconds to wait, when the server did."""


class ServerError(APIError):
    """5xx: the server failed."""


class DecodeError(CodePushError):
    """The server's answer is not what the protocol promises. Reported as status 500."""

    status_code: int | None = 500


class PlanIgnoredError(CodePushError):
    """The server made a release, but ignored its rollout plan, as servers do that do not know plans.

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
    """The files are wrong: a path that is not there, an unsafe or broken archive, a hash that differs."""


class ProjectError(CodePushError):
    """An app's project does not have what is needed of it, or one of its own tools failed."""


class ConfigurationError(CodePushError):
    """The client was given settings that cannot work together, or at all."""


class InsecureServerWarning(UserWarning):
    """An access key is sent over plain HTTP to another machine, so others on the way can read it."""


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
    """Return the error of the tree that stands for an HTTP status."""
    fallback = ServerError if status_code >= _FIRST_SERVER_ERROR else APIError
    kind = _BY_STATUS.get(status_code, fallback)
    return kind(message, status_code, code=code, field=field, request_id=request_id, retry_after=retry_after)
