"""The vocabulary: what the SDK returns, the server stores and a phone is told.

Every value is frozen. Times are aware datetimes in UTC, sizes are bytes, rollouts are whole
percents. Names are those of the field (``docs/architecture.md``); the spellings of the wire live
in ``codepush.wire``. What a management server says of them beyond what is known here is kept in
``extra``, under the names and with the values of its JSON.
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
"""What somebody may do with an app: a manager what the owner may, a collaborator releases, a reader looks."""

Role: TypeAlias = Literal["manager", "developer", "viewer"]
"""What a member of an organization may do: be a manager, a collaborator or a reader of each of its apps."""

ReleaseMethod: TypeAlias = Literal["Upload", "Promote", "Rollback"]
"""How a release came to be."""

COMPLETE_ROLLOUT: Final = 100
"""The rollout, in percent, of a release that every phone may take."""


class Answered(Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """A value that comes out of a server's answer."""

    extra: Mapping[str, object] = {}


class Account(Answered, frozen=True, kw_only=True):
    """A person who may log in."""

    email: str
    name: str = ""
    linked_providers: tuple[str, ...] = ()


class AccessKey(Answered, frozen=True, kw_only=True):
    """A secret that stands for an account until it expires.

    ``name`` is what people call it. ``key`` is the secret itself, told only by the answer that
    creates it and never shown by ``repr``. ``created_by`` is the machine it was made for or at; a
    key that a log-in in the browser made is a session.
    """

    name: str
    created_time: datetime
    expires: datetime
    created_by: str = ""
    is_session: bool = False
    key: str | None = None

    def __rich_repr__(self) -> list[tuple[str, object]]:
        """Return what is shown of it: everything but the secret."""
        return [(name, value) for name, value in super().__rich_repr__() if name != "key"]

    def __repr__(self) -> str:
        """Return it without its secret, so that none gets into a log."""
        return f"AccessKey({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"


class Session(Struct, frozen=True, kw_only=True):
    """A log-in in the browser that still holds: the machine it was for, and when."""

    machine_name: str
    logged_in_time: datetime


class Collaborator(Answered, frozen=True, kw_only=True):
    """An account's part in an app."""

    permission: Permission
    is_current_account: bool = False


CollaboratorMap: TypeAlias = dict[str, Collaborator]
"""The collaborators of an app by email address."""


class App(Answered, frozen=True, kw_only=True):
    """An app: collaborators by e-mail address, and the names of its deployments, sorted."""

    name: str
    collaborators: Mapping[str, Collaborator] = {}
    deployments: tuple[str, ...] = ()
    os: str | None = None
    platform: str | None = None


class DiffPackage(Answered, frozen=True, kw_only=True):
    """The smaller download for phones that run one particular older package.

    ``fits_binary`` is whether a device that still runs its store build can apply it. Servers of other makers do not
    send that.
    """

    size: int
    url: str
    fits_binary: bool = True


class ReleaseOptions(Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """What a releaser may set of a release besides its target binary version.

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

    ``app_version`` is the target binary version: an exact version or a range of them
    (node-semver's grammar). ``rollout`` is ``None`` or 100 when every phone may take the release,
    1 to 99 while it is unfinished. ``description``, ``is_disabled`` and ``is_mandatory`` are
    ``None`` where the releaser never said, because old phones are sent exactly what was said.
    ``size`` is that of the stored package in bytes. ``rollout_plan`` is the plan of a new release, if it has one;
    histories do not have it. ``is_held`` is known on the server only, since no management API sends it: only devices
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
    """What a person may say about a release. ``None`` means: not said, leave as it is.

    ``label`` picks the release to patch or promote; the newest one when not given.
    """

    app_version: str | None = None
    label: str | None = None


class PackageInfoDict(TypedDict, total=False):
    """A mapping in place of a ``PackageInfo``, with its fields in either spelling."""

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
    """A channel of releases. ``key`` is what apps carry; ``package`` is the newest release."""

    name: str
    key: str
    package: Package | None = None


class Metrics(Answered, frozen=True, kw_only=True):
    """The counters of one label, or of one binary version (then only ``active`` is counted).

    ``active`` is how many devices last ran it; ``downloaded`` and ``failed`` count reports;
    ``installed`` counts devices' changes to it.
    """

    active: int = 0
    downloaded: int | None = None
    failed: int | None = None
    installed: int | None = None


DeploymentMetrics: TypeAlias = dict[str, Metrics]
"""The counters of a deployment by label, and by binary version for the app as installed from the store."""


class MetricsPoint(Answered, frozen=True, kw_only=True):
    """The counters of one label or binary version in an hour or a day (``span``) in which something changed.

    ``active`` is how many devices ran it at the end; ``downloaded``, ``failed`` and ``installed`` count what
    happened meanwhile, and are ``None`` for a binary version.
    """

    starts_at: datetime
    span: str
    active: int = 0
    downloaded: int | None = None
    failed: int | None = None
    installed: int | None = None


class UpdateCheck(Struct, frozen=True, kw_only=True):
    """What a device sends with an update check. ``None`` stands for a value that it did not send.

    ``applies_diffs`` is not a parameter: a server knows it from the name of the client plugin.
    """

    deployment_key: str
    app_version: str
    package_hash: str | None = None
    label: str | None = None
    is_companion: bool = False
    client_unique_id: str | None = None
    applies_diffs: bool = True


class UpdateInfo(Struct, frozen=True, kw_only=True):
    """What a phone is told.

    ``app_version`` is also sent as ``target_binary_range``; phones since SDK 3 refuse an update
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
    """What a phone says happened.

    ``status`` is ``Downloaded`` for a download report; for a deploy report it is
    ``DeploymentSucceeded``, ``DeploymentFailed``, or ``None`` when the phone runs the store's
    binary (then ``label`` is ``None`` too and ``app_version`` says which).
    """

    kind: Literal["download", "deploy"]
    deployment_key: str
    app_version: str | None = None
    label: str | None = None
    status: str | None = None
    client_unique_id: str | None = None
    previous_deployment_key: str | None = None
    previous_label_or_app_version: str | None = None
