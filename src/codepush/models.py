"""The vocabulary: what the SDK returns, the server stores and a device receives.

Every value is frozen. Times are aware datetimes in UTC, sizes are bytes, rollouts are whole percents. Names are the
common terms (``docs/architecture.md``); ``codepush.wire`` has the spellings of requests and responses. ``extra`` has
the unknown fields of a management server's response, with their names and values in JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, TypeAlias, TypedDict

from msgspec import Struct

from codepush.rollout_plan import RolloutPlan

__all__ = [
    "AccessKey",
    "Account",
    "App",
    "Collaborator",
    "CollaboratorMap",
    "Deployment",
    "DeploymentMetrics",
    "DiffPackage",
    "Metrics",
    "MetricsPoint",
    "Package",
    "PackageInfo",
    "PackageInfoDict",
    "Permission",
    "ReleaseMethod",
    "Role",
    "Session",
    "StatusReport",
    "UpdateCheck",
    "UpdateInfo",
]

Permission: TypeAlias = Literal["Owner", "Manager", "Collaborator", "Reader"]
"""Permission in an app: managers have the permissions of owners, collaborators release, readers read."""

Role: TypeAlias = Literal["manager", "developer", "viewer"]
"""Role in an organization: its permission in each of the organization's apps."""

ReleaseMethod: TypeAlias = Literal["Upload", "Promote", "Rollback"]
"""How a release was created."""

COMPLETE_ROLLOUT: Final = 100
"""The rollout, in percent, of a release for all devices."""


class Answered(Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """A value from a server's response."""

    extra: Mapping[str, object] = {}


class Account(Answered, frozen=True, kw_only=True):
    """A user's account."""

    email: str
    name: str = ""
    linked_providers: tuple[str, ...] = ()


class AccessKey(Answered, frozen=True, kw_only=True):
    """A secret that authenticates an account until it expires.

    ``name`` is its display name. ``key`` is the secret itself, which only the response to its creation has and ``repr``
    never shows. ``created_by`` is the machine that it was created for or on; a key from a browser login is a session.
    """

    name: str
    created_time: datetime
    expires: datetime
    created_by: str = ""
    is_session: bool = False
    key: str | None = None

    def __rich_repr__(self) -> list[tuple[str, object]]:
        """Yield all fields but the secret."""
        return [(name, value) for name, value in super().__rich_repr__() if name != "key"]

    def __repr__(self) -> str:
        """Return a representation without the secret, which must not get into a log."""
        return f"AccessKey({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"


class Session(Struct, frozen=True, kw_only=True):
    """A valid browser login: its machine and time."""

    machine_name: str
    logged_in_time: datetime


class Collaborator(Answered, frozen=True, kw_only=True):
    """An account's role in an app."""

    permission: Permission
    is_current_account: bool = False


CollaboratorMap: TypeAlias = dict[str, Collaborator]
"""The collaborators of an app by email address."""


class App(Answered, frozen=True, kw_only=True):
    """An app: collaborators by email address, and the sorted names of its deployments."""

    name: str
    collaborators: Mapping[str, Collaborator] = {}
    deployments: tuple[str, ...] = ()
    os: str | None = None
    platform: str | None = None


class DiffPackage(Answered, frozen=True, kw_only=True):
    """The smaller download for devices that run one particular older package.

    ``fits_binary`` is whether a device that still runs its store build can apply it. Third-party servers do not
    send that.
    """

    size: int
    url: str
    fits_binary: bool = True


class ReleaseOptions(Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """The settings of a release besides its target binary version.

    Everything that carries settings derives from this: what is sent and stored, and its descriptions. ``None`` stands
    for what the releaser did not set.

    Attributes:
        description: Release notes.
        is_disabled: Whether no device receives the release.
        is_mandatory: Whether apps install it immediately.
        rollout: Percentage of devices to release to, 1 to 100; ``None`` for all devices.

    """

    description: str | None = None
    is_disabled: bool | None = None
    is_mandatory: bool | None = None
    rollout: int | None = None


RELEASE_SETTINGS: Final = ("app_version", *ReleaseOptions.__struct_fields__)
"""The names of the settings of a release."""


class Package(ReleaseOptions, frozen=True, kw_only=True):
    """One release of a deployment.

    ``app_version`` is the target binary version: an exact version or a range of them (node-semver's grammar).
    ``rollout`` is ``None`` or 100 if the release is for all devices, 1 to 99 while it is unfinished. ``description``,
    ``is_disabled`` and ``is_mandatory`` are ``None`` if they were never set, because devices get exactly what was set.
    ``size`` is that of the stored package in bytes. ``rollout_plan`` is the plan of a new release, if it has one;
    histories do not have it. ``is_held`` is set on the server only, since no management API sends it: only devices
    that run a held release keep it.
    """

    app_version: str
    package_hash: str
    label: str = ""
    blob_url: str = ""
    size: int = 0
    upload_time: datetime | None = None
    release_method: ReleaseMethod | None = None
    original_label: str | None = None
    original_deployment: str | None = None
    released_by: str | None = None
    is_held: bool = False
    diff_package_map: Mapping[str, DiffPackage] = {}
    rollout_plan: RolloutPlan | None = None
    extra: Mapping[str, object] = {}


class PackageInfo(ReleaseOptions, frozen=True, kw_only=True, repr_omit_defaults=False):
    """Metadata of a new or changed release. ``None`` means: unset, keep the current value.

    ``label`` selects the release to patch or promote; by default the newest.
    """

    app_version: str | None = None
    label: str | None = None


class PackageInfoDict(TypedDict, total=False):
    """A mapping instead of a ``PackageInfo``, with its fields in either spelling."""

    app_version: str | None
    description: str | None
    is_disabled: bool | None
    is_mandatory: bool | None
    label: str | None
    rollout: int | None
    appVersion: str | None
    isDisabled: bool | None
    isMandatory: bool | None


class Deployment(Answered, frozen=True, kw_only=True):
    """A channel of releases. ``key`` is the deployment key in apps; ``package`` is the newest release."""

    name: str
    key: str
    package: Package | None = None


class Metrics(Answered, frozen=True, kw_only=True):
    """The metrics of one label, or of one binary version (only ``active``).

    ``active`` is the number of devices that last ran it; ``downloaded`` and ``failed`` count reports;
    ``installed`` counts devices' changes to it.
    """

    active: int = 0
    downloaded: int | None = None
    failed: int | None = None
    installed: int | None = None


DeploymentMetrics: TypeAlias = dict[str, Metrics]
"""The metrics of a deployment by label, and by binary version for store builds."""


class MetricsPoint(Answered, frozen=True, kw_only=True):
    """The counters of one label or binary version in an hour or a day (``span``) in which something changed.

    ``active`` is the number of devices at the end; ``downloaded``, ``failed`` and ``installed`` count events
    within the period, and are ``None`` for a binary version.
    """

    starts_at: datetime
    span: str
    active: int = 0
    downloaded: int | None = None
    failed: int | None = None
    installed: int | None = None


class UpdateCheck(Struct, frozen=True, kw_only=True):
    """The parameters of an update check. ``None`` stands for a missing value.

    ``applies_diffs`` is not a parameter: it follows from the name of the client plugin.
    """

    deployment_key: str
    app_version: str
    package_hash: str | None = None
    label: str | None = None
    is_companion: bool = False
    client_unique_id: str | None = None
    applies_diffs: bool = True


class UpdateInfo(Struct, frozen=True, kw_only=True):
    """The response to an update check.

    ``app_version`` is also sent as ``target_binary_range``; since SDK 3, devices reject an update
    whose value is not exactly their own binary version.
    """

    is_available: bool = False
    should_run_binary_version: bool = False
    update_app_version: bool = False
    app_version: str = ""
    download_url: str = ""
    description: str | None = ""
    is_mandatory: bool | None = False
    label: str = ""
    package_hash: str = ""
    package_size: int = 0


class StatusReport(Struct, frozen=True, kw_only=True):
    """A status report of a device.

    ``status`` is ``Downloaded`` for a download report; for a deploy report it is
    ``DeploymentSucceeded``, ``DeploymentFailed``, or ``None`` if the device runs the store
    build (then ``label`` is ``None`` too, and ``app_version`` is its version).
    """

    kind: Literal["download", "deploy"]
    deployment_key: str
    app_version: str | None = None
    label: str | None = None
    status: str | None = None
    client_unique_id: str | None = None
    previous_deployment_key: str | None = None
    previous_label_or_app_version: str | None = None
