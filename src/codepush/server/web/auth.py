"""Who is asking: the access key in a request's headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.datastructures import Headers

__all__ = ["access_key"]


def access_key(headers: Headers) -> str | None:
    """Return the access key of a request, from either header that tools use.

    ``Authorization: Bearer KEY`` is the standalone dialect's, ``X-API-Token: KEY`` App Center's
    (clients in the field, section 4). Both together are as good as none (standalone management
    API, section 1.2).
    """
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    keys = [bearer.strip()] if scheme.lower() == "bearer" else []
    if (token := headers.get("x-api-token")) is not None:
        keys.append(token)
    return keys[0] if len(keys) == 1 else None
