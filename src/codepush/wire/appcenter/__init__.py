"""App Center's dialect (App Center v0.1 management API): the messages of npm ``code-push`` 4 and ``appcenter-cli``.

Server side only: the SDK uses the standalone dialect. ``shapes`` has the objects of responses, ``requests`` reads the
bodies of requests.
"""

from codepush.wire.appcenter.requests import (
    CHANGE_FIELDS,
    PROMOTION_FIELDS,
    RELEASE_FIELDS,
    ROLLBACK_FIELDS,
    in_our_words,
    permission,
    permissions,
    role,
    scope,
)
from codepush.wire.appcenter.shapes import (
    ORIGIN,
    UNKNOWN,
    AppShape,
    DeploymentShape,
    MemberShape,
    MetricShape,
    OrganizationShape,
    OwnerShape,
    ReleaseShape,
    ReleaseUploadShape,
    TokenShape,
    UserShape,
    identifier,
    moment,
    permission_word,
    role_word,
)

__all__ = [
    "CHANGE_FIELDS",
    "ORIGIN",
    "PROMOTION_FIELDS",
    "RELEASE_FIELDS",
    "ROLLBACK_FIELDS",
    "UNKNOWN",
    "AppShape",
    "DeploymentShape",
    "MemberShape",
    "MetricShape",
    "OrganizationShape",
    "OwnerShape",
    "ReleaseShape",
    "ReleaseUploadShape",
    "TokenShape",
    "UserShape",
    "identifier",
    "in_our_words",
    "moment",
    "permission",
    "permission_word",
    "permissions",
    "role",
    "role_word",
    "scope",
]
