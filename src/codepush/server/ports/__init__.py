"""What the services need from the outside, in the product's own words.

Ports: a :class:`Store` for records (a database), :class:`Blobs` for archives (a folder or an object
store), and an :class:`IdentityProvider` for each place where people can log in. Adapters live in
:mod:`codepush.server.storage`, where those of one port all pass the same tests, and in
:mod:`codepush.server.identity`.
"""

from __future__ import annotations

from codepush.server.ports.blobs import (
    Blobs,
)
from codepush.server.ports.errors import (
    AlreadyExistsError,
    MissingError,
    PortError,
    ProviderError,
    UnavailableError,
)
from codepush.server.ports.identity import (
    Identity,
    IdentityProvider,
    LoginAttempt,
)
from codepush.server.ports.records import (
    AccessKeyRecord,
    AccountRecord,
    AnswerRecord,
    AppRecord,
    BlobRecord,
    CollaboratorRecord,
    CounterKind,
    CounterRecord,
    DeploymentHistory,
    DeploymentRecord,
    EventRecord,
    JobKind,
    JobRecord,
    LoginCodeKind,
    LoginCodeRecord,
    NewRelease,
    PackageRecord,
    ReleaseRecord,
    StoredDiff,
)
from codepush.server.ports.store import (
    AccessKeys,
    Accounts,
    Answers,
    Apps,
    Deployments,
    Devices,
    Diffs,
    Events,
    Histories,
    Identities,
    Jobs,
    LoginCodes,
    Packages,
    Records,
    Releases,
    Store,
)

__all__ = [
    "AccessKeyRecord",
    "AccessKeys",
    "AccountRecord",
    "Accounts",
    "AlreadyExistsError",
    "AnswerRecord",
    "Answers",
    "AppRecord",
    "Apps",
    "BlobRecord",
    "Blobs",
    "CollaboratorRecord",
    "CounterKind",
    "CounterRecord",
    "DeploymentHistory",
    "DeploymentRecord",
    "Deployments",
    "Devices",
    "Diffs",
    "EventRecord",
    "Events",
    "Histories",
    "Identities",
    "Identity",
    "IdentityProvider",
    "JobKind",
    "JobRecord",
    "Jobs",
    "LoginAttempt",
    "LoginCodeKind",
    "LoginCodeRecord",
    "LoginCodes",
    "MissingError",
    "NewRelease",
    "PackageRecord",
    "Packages",
    "PortError",
    "ProviderError",
    "Records",
    "ReleaseRecord",
    "Releases",
    "Store",
    "StoredDiff",
    "UnavailableError",
]
