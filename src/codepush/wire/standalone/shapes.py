"""The objects of the standalone dialect, field by field, and their conversion to and from the models.

Reading is tolerant, because servers differ: optional fields may be null, whole numbers may have a fraction, the rollout
may be a string, and unknown fields are kept: a shape is read together with ``fields``, the object it was decoded from.
Writing is exact: unknown values are omitted, never null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from msgspec import UNSET, Struct, UnsetType, defstruct, structs
from msgspec.structs import replace

from codepush.errors import DecodeError
from codepush.models import (
    COMPLETE_ROLLOUT,
    RELEASE_SETTINGS,
    AccessKey,
    Account,
    App,
    Collaborator,
    Deployment,
    DiffPackage,
    Metrics,
    MetricsPoint,
    Package,
    PackageInfo,
    Permission,
    ReleaseMethod,
    ReleaseOptions,
)
from codepush.rollout_plan import NoPlan, RolloutPlan
from codepush.wire.standalone.plans import PlanShape, first_percent, written_plan
from codepush.wire.standalone.values import Fields, Number, milliseconds, moment, unknown, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "HIDDEN",
    "AccessKeyShape",
    "AccountShape",
    "AppShape",
    "CollaboratorShape",
    "CountersShape",
    "DeploymentShape",
    "DiffShape",
    "InfoShape",
    "PackageShape",
    "PointShape",
]

HIDDEN: Final = "(hidden)"
"""Replacement of the secrets in a list of access keys."""

_RELEASE_METHODS: Final[Mapping[str, ReleaseMethod]] = {method: method for method in get_args(ReleaseMethod)}


class AccountShape(Struct, frozen=True, kw_only=True, rename="camel"):
    """``account``."""

    email: str
    name: str | None = None
    linked_providers: tuple[str, ...] | None = None

    @classmethod
    def of(cls, account: Account) -> AccountShape:
        """Return the shape of an account."""
        return cls(email=account.email, name=account.name, linked_providers=account.linked_providers)

    def account(self, fields: Fields) -> Account:
        """Return the account that was sent."""
        return Account(
            email=self.email,
            name=self.name or "",
            linked_providers=self.linked_providers or (),
            extra=unknown(self, fields),
        )


class AccessKeyShape(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """``accessKey``. ``name`` is the secret; ``description`` is how old tools call ``friendlyName``."""

    created_by: str | None = None
    friendly_name: str | None = None
    description: str | None = None
    name: str | None = None
    created_time: Number
    expires: Number
    is_session: bool | None = None

    @classmethod
    def of(cls, access_key: AccessKey, secret: str | None = None) -> AccessKeyShape:
        """Return the shape of an access key; ``isSession`` is only sent when true."""
        return cls(
            created_by=access_key.created_by,
            friendly_name=access_key.name,
            description=access_key.name,
            name=secret,
            created_time=milliseconds(access_key.created_time),
            expires=milliseconds(access_key.expires),
            is_session=access_key.is_session or None,
        )

    def access_key(self, fields: Fields) -> AccessKey:
        """Return the access key that was sent."""
        return AccessKey(
            name=self.friendly_name or self.description or "",
            created_time=moment(self.created_time),
            expires=moment(self.expires),
            created_by=self.created_by or "",
            is_session=bool(self.is_session),
            key=None if self.name == HIDDEN else self.name,
            extra=unknown(self, fields),
        )


class CollaboratorShape(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One value of an app's ``collaborators``; ``isCurrentAccount`` is only sent when true."""

    permission: Permission
    is_current_account: bool | None = None

    @classmethod
    def of(cls, collaborator: Collaborator) -> CollaboratorShape:
        """Return the shape of a collaborator."""
        return cls(permission=collaborator.permission, is_current_account=collaborator.is_current_account or None)

    def collaborator(self, fields: Fields) -> Collaborator:
        """Return the collaborator that was sent."""
        return Collaborator(
            permission=self.permission,
            is_current_account=bool(self.is_current_account),
            extra=unknown(self, fields),
        )


class AppShape(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``app``. The original server does not have ``os`` and ``platform``; some others require them."""

    name: str
    collaborators: dict[str, CollaboratorShape] | None = None
    deployments: tuple[str, ...] | None = None
    os: str | None = None
    platform: str | None = None

    @classmethod
    def of(cls, app: App) -> AppShape:
        """Return the shape of an app."""
        return cls(
            name=app.name,
            collaborators={email: CollaboratorShape.of(person) for email, person in app.collaborators.items()},
            deployments=app.deployments,
            os=app.os,
            platform=app.platform,
        )

    def app(self, fields: Fields) -> App:
        """Return the app that was sent."""
        people = self.collaborators or {}
        return App(
            name=self.name,
            collaborators={email: one.collaborator(fields["collaborators"][email]) for email, one in people.items()},
            deployments=self.deployments or (),
            os=self.os,
            platform=self.platform,
            extra=unknown(self, fields),
        )


class DiffShape(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One value of a package's ``diffPackageMap``, by the hash of the older package.

    ``fitsBinary`` is false if a device that runs the store build cannot apply the diff; otherwise it is omitted.
    """

    size: Number
    url: str
    fits_binary: bool = True

    def diff(self, fields: Fields) -> DiffPackage:
        """Return the download that was sent."""
        return DiffPackage(size=int(self.size), url=self.url, fits_binary=self.fits_binary, extra=unknown(self, fields))


if TYPE_CHECKING:
    _Options = ReleaseOptions
else:  # the names of inherited fields are not changed by ``rename``
    _Options = defstruct(
        "_Options",
        [(one.name, one.type, one.default) for one in structs.fields(ReleaseOptions)],
        frozen=True,
        kw_only=True,
        rename="camel",
        omit_defaults=True,
    )


class PackageShape(_Options, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """``package``, and the entries of ``history``. ``uploadTime`` is milliseconds since 1970, ``size`` bytes."""

    app_version: str
    package_hash: str
    blob_url: str | None = None
    size: Number | None = None
    release_method: str | None = None
    upload_time: Number | None = None
    label: str | None = None
    rollout: Number | str | None = None  # type: ignore[assignment]  # other servers write it differently
    original_label: str | None = None
    original_deployment: str | None = None
    released_by: str | None = None
    diff_package_map: dict[str, DiffShape] | None = None
    rollout_plan: PlanShape | None = None

    @classmethod
    def of(cls, package: Package) -> PackageShape:
        """Return the shape of a package, its rollout as stored."""
        diffs = {
            older: DiffShape(size=diff.size, url=diff.url, fits_binary=diff.fits_binary)
            for older, diff in package.diff_package_map.items()
        }
        return cls(
            **{name: getattr(package, name) for name in RELEASE_SETTINGS},
            package_hash=package.package_hash,
            blob_url=package.blob_url,
            size=package.size,
            release_method=package.release_method,
            upload_time=None if package.upload_time is None else milliseconds(package.upload_time),
            label=package.label or None,
            original_label=package.original_label,
            original_deployment=package.original_deployment,
            released_by=package.released_by,
            diff_package_map=diffs or None,
            rollout_plan=None if package.rollout_plan is None else PlanShape.of(package.rollout_plan),
        )

    @classmethod
    def of_reply(cls, package: Package) -> PackageShape:
        """Return the shape of a package that was just released or changed: a finished rollout is 100."""
        shape = cls.of(package)
        return shape if package.rollout is not None else replace(shape, rollout=COMPLETE_ROLLOUT)

    def package(self, fields: Fields) -> Package:
        """Return the package that was sent.

        Raises:
            DecodeError: The rollout is a string that is not a number, or the time is out of range.

        """
        diffs = self.diff_package_map or {}
        return Package(
            **{name: getattr(self, name) for name in RELEASE_SETTINGS} | {"rollout": _percent(self.rollout)},
            package_hash=self.package_hash,
            label=self.label or "",
            blob_url=self.blob_url or "",
            size=int(self.size or 0),
            upload_time=None if self.upload_time is None else moment(self.upload_time),
            release_method=_RELEASE_METHODS.get(self.release_method or ""),
            original_label=self.original_label,
            original_deployment=self.original_deployment,
            released_by=self.released_by,
            diff_package_map={older: diff.diff(fields["diffPackageMap"][older]) for older, diff in diffs.items()},
            rollout_plan=None if self.rollout_plan is None else self.rollout_plan.plan(),
            extra=unknown(self, fields),
        )


class DeploymentShape(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``deployment``; ``package`` is its newest release, if it has one."""

    name: str
    key: str
    package: PackageShape | None = None

    @classmethod
    def of(cls, deployment: Deployment) -> DeploymentShape:
        """Return the shape of a deployment."""
        package = None if deployment.package is None else PackageShape.of(deployment.package)
        return cls(name=deployment.name, key=deployment.key, package=package)

    def deployment(self, fields: Fields) -> Deployment:
        """Return the deployment that was sent."""
        package = None if self.package is None else self.package.package(fields["package"])
        return Deployment(name=self.name, key=self.key, package=package, extra=unknown(self, fields))


class CountersShape(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One value of ``metrics``, by label or binary version; a binary version has ``active`` only."""

    active: Number | None = None
    downloaded: Number | None = None
    failed: Number | None = None
    installed: Number | None = None

    @classmethod
    def of(cls, metrics: Metrics) -> CountersShape:
        """Return the shape of counters."""
        return cls(
            active=metrics.active,
            downloaded=metrics.downloaded,
            failed=metrics.failed,
            installed=metrics.installed,
        )

    def metrics(self, fields: Fields) -> Metrics:
        """Return the counters that were sent."""
        return Metrics(
            active=int(self.active or 0),
            downloaded=whole(self.downloaded),
            failed=whole(self.failed),
            installed=whole(self.installed),
            extra=unknown(self, fields),
        )


class PointShape(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One point of ``series``: the metrics of an hour or a day; of a binary version only ``active``."""

    starts_at: Number
    span: str
    active: Number | None = None
    downloaded: Number | None = None
    failed: Number | None = None
    installed: Number | None = None

    @classmethod
    def of(cls, point: MetricsPoint) -> PointShape:
        """Return the shape of a point."""
        return cls(
            starts_at=milliseconds(point.starts_at),
            span=point.span,
            active=point.active,
            downloaded=point.downloaded,
            failed=point.failed,
            installed=point.installed,
        )

    def point(self, fields: Fields) -> MetricsPoint:
        """Return the point that was sent."""
        return MetricsPoint(
            starts_at=moment(self.starts_at),
            span=self.span,
            active=int(self.active or 0),
            downloaded=whole(self.downloaded),
            failed=whole(self.failed),
            installed=whole(self.installed),
            extra=unknown(self, fields),
        )


class InfoShape(_Options, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """``packageInfo``: the settings of a release; fields without a value are not sent."""

    app_version: str | None = None
    label: str | None = None
    rollout_plan: PlanShape | str | UnsetType | None = UNSET

    @classmethod
    def of(cls, info: PackageInfo, plan: RolloutPlan | NoPlan | str | None = None) -> InfoShape:
        """Return the shape to send, with the rollout plan of a release.

        ``rollout`` is the first stage too, so that a server without support for plans at least starts there.

        Raises:
            Invalid: The plan is invalid, or the rollout is not that of its first stage.

        """
        settings = structs.asdict(info)
        if plan is None:
            return cls(**settings)
        if isinstance(plan, NoPlan):
            return cls(**settings, rollout_plan=None)
        checked, written = written_plan(plan)
        return cls(**settings | {"rollout": first_percent(checked, info.rollout)}, rollout_plan=written)


def _percent(rollout: Number | str | None) -> int | None:
    try:
        return None if rollout is None else int(rollout)
    except ValueError as error:
        raise DecodeError(f"Could not parse response: {rollout!r} is not a rollout.") from error
