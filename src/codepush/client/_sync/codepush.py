# Generated from src/codepush/client/_async/codepush.py by tools/unasync.py; do not edit.
"""The management SDK: one method for each thing a person may do with apps, deployments and releases."""

from __future__ import annotations

import os as system
import socket
from copy import copy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeVar, overload

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from codepush.client._compat import aside
from codepush.client._sync.driver import Driver
from codepush.client._sync.rollouts import Rollouts
from codepush.client.key_names import conceal, named
from codepush.client.metadata import check_target, package_info
from codepush.client.preparation import Preparation
from codepush.client.rollout_plans import with_plan
from codepush.client.settings import changed, resolve
from codepush.client.upload import upload_of
from codepush.errors import GATEWAY, APIError, CodePushError, DecodeError, Invalid, Unauthorized
from codepush.wire import standalone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

    from codepush.client.rollout_plans import Plan
    from codepush.client.settings import Secret, Verify
    from codepush.models import (
        AccessKey,
        Account,
        App,
        CollaboratorMap,
        Deployment,
        DeploymentMetrics,
        MetricsPoint,
        Package,
        PackageInfo,
        PackageInfoDict,
        Session,
    )
    from codepush.wire.messages import Progress
    from codepush.wire.standalone import Call, Life

__all__ = ["CodePush"]

T = TypeVar("T")


class CodePush(Rollouts):
    """A client of a CodePush server.

    Use it in a ``with`` statement (``async with`` for the asynchronous one), or close it yourself.

    Every method raises ``CodePushError`` when it cannot do what it says: an
    ``APIError`` of the kind of the status when the server says no (``NotFound``,
    ``Conflict``, ``Invalid``, ...), a ``TransportError`` when no answer comes, a
    ``DecodeError`` when the answer cannot be read. Reading is repeated when the
    server is busy or the connection breaks. Changes are repeated only when no connection could be
    made, as they might otherwise happen twice; but releases, promotions and rollbacks are repeated
    like reading by servers of this distribution, which carry out each of them once.

    Args:
        access_key: the access key; ``None`` takes that of the variable ``CODEPUSH_ACCESS_KEY``.
        server_url: the server's address; ``None`` takes that of the variable ``CODEPUSH_SERVER_URL``,
            or else ``http://127.0.0.1:3000``.
        timeout: seconds to wait at each step: for a connection (10 at most), for room to send, for an
            answer. ``None`` waits for ever.
        max_retries: how often a request is repeated at most.
        proxy: the address of a proxy; ``None`` follows ``HTTPS_PROXY`` and the like.
        headers: more headers for every request, such as those a proxy wants.
        verify: ``False`` to trust any certificate, or a file of certificate authorities to trust, or
            an ``ssl.SSLContext``.

    Raises:
        Unauthorized: there is no access key.
        ConfigurationError: another argument, or the variable it is taken from, cannot work.

    """

    ERROR_GATEWAY_TIMEOUT: Final = 504
    ERROR_INTERNAL_SERVER: Final = 500
    ERROR_NOT_FOUND: Final = 404
    ERROR_CONFLICT: Final = 409
    ERROR_UNAUTHORIZED: Final = 401

    def __init__(
        self,
        access_key: str | None = None,
        server_url: str | None = None,
        *,
        timeout: float | None = 60.0,
        max_retries: int = 3,
        proxy: str | None = None,
        headers: Mapping[str, str] | None = None,
        verify: Verify = True,
    ) -> None:
        settings = resolve(
            system.environ,
            access_key=access_key,
            server_url=server_url,
            timeout=timeout,
            max_retries=max_retries,
            proxy=proxy,
            headers=headers,
            verify=verify,
        )
        self._driver = Driver(settings)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(server_url={self._driver.settings.server_url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._driver.close()

    def with_options(
        self,
        *,
        timeout: float | UnsetType | None = UNSET,
        max_retries: int | UnsetType = UNSET,
        headers: Mapping[str, str] | None = None,
    ) -> Self:
        """Return a client with other options, for one call or a few: ``client.with_options(timeout=5).get_apps()``.

        It uses the connections of this one; closing either closes both.

        Args:
            timeout: seconds to wait at each step, or ``None`` to wait for ever; this client's if not given.
            max_retries: how often a request is repeated at most; this client's if not given.
            headers: more headers for every request, on top of this client's.

        Raises:
            ConfigurationError: an option cannot work.

        """
        options = changed(self._driver.settings, timeout=timeout, max_retries=max_retries, headers=headers)
        other = copy(self)
        other._driver = self._driver.using(options)  # noqa: SLF001 - it is one of us
        return other

    def is_authenticated(self, throw_if_unauthorized: bool = False) -> bool:
        """Tell whether the server knows the access key.

        Args:
            throw_if_unauthorized: raise ``Unauthorized`` instead of returning ``False``.

        Raises:
            Unauthorized: the server does not know the key and ``throw_if_unauthorized`` is set, or a
                gateway in front of the server requires a login of its own.

        """
        try:
            self._driver.run(standalone.authenticated())
        except Unauthorized as error:
            if throw_if_unauthorized or error.code == GATEWAY:
                raise
            return False
        return True

    def get_account_info(self) -> Account:
        """Return the account that the access key belongs to."""
        return self._driver.run(standalone.account())

    @overload
    def add_access_key(self, friendly_name: str, ttl: Life | None = None) -> AccessKey: ...
    @overload
    def add_access_key(self, *, ttl: Life | None = None, description: str) -> AccessKey: ...
    def add_access_key(
        self, friendly_name: str | None = None, ttl: Life | None = None, *, description: str | None = None
    ) -> AccessKey:
        """Create an access key for this account.

        Args:
            friendly_name: what to call it, unlike the account's other keys.
            ttl: how long it is good for: a ``timedelta``, or a number of milliseconds; 60 days when not given.
            description: another name of the argument ``friendly_name``, as the original's documentation has it.

        Returns:
            The access key with its secret, ``key``. It is told only now, so keep it in a safe place.

        Raises:
            Conflict: the account has a key of this name.
            Invalid: the name or the time to live cannot be one.

        """
        name = named(friendly_name=friendly_name, description=description)
        del friendly_name, description  # crash reports show what frames hold
        if not name.reveal():
            raise Invalid("A name must be specified when adding an access key.", 400, field="friendly_name")
        machine = socket.gethostname()
        return self._about_key(name, lambda text: standalone.add_access_key(text, created_by=machine, ttl=ttl))

    @overload
    def get_access_key(self, access_key_name: str) -> AccessKey: ...
    @overload
    def get_access_key(self, *, access_key: str) -> AccessKey: ...
    def get_access_key(self, access_key_name: str | None = None, *, access_key: str | None = None) -> AccessKey:
        """Return one access key of this account, without its secret.

        Args:
            access_key_name: its name.
            access_key: another name of the argument ``access_key_name``, as the original's documentation has it.

        Raises:
            NotFound: there is no such key. The error does not repeat an access key that was given as a name.

        """
        name = named(access_key_name=access_key_name, access_key=access_key)
        del access_key_name, access_key  # crash reports show what frames hold
        return self._about_key(name, standalone.access_key)

    def get_access_keys(self) -> list[AccessKey]:
        """Return the access keys of this account, also expired ones, without their secrets; no sessions."""
        return self._driver.run(standalone.access_keys())

    def patch_access_key(self, old_name: str, new_name: str | None = None, ttl: Life | None = None) -> AccessKey:
        """Rename an access key, or change when it expires.

        Args:
            old_name: its name.
            new_name: its new name; ``None`` leaves it as it is.
            ttl: how long it is good for from now: a ``timedelta``, or a number of milliseconds; 0 ends
                it now, ``None`` leaves it as it is.

        Returns:
            The changed key, without its secret.

        Raises:
            NotFound: there is no such key.
            Conflict: the account has a key of the new name.
            Invalid: the name or the time to live cannot be one.

        """
        name = named(old_name=old_name)
        del old_name  # crash reports show what frames hold
        return self._about_key(name, lambda text: standalone.patch_access_key(text, new_name=new_name, ttl=ttl))

    @overload
    def remove_access_key(self, access_key_name: str) -> None: ...
    @overload
    def remove_access_key(self, *, access_key: str) -> None: ...
    def remove_access_key(self, access_key_name: str | None = None, *, access_key: str | None = None) -> None:
        """Remove an access key. It stops working immediately.

        Args:
            access_key_name: its name.
            access_key: another name of the argument ``access_key_name``, as the original's documentation has it.

        Raises:
            NotFound: there is no such key. The error does not repeat an access key that was given as a name.

        """
        name = named(access_key_name=access_key_name, access_key=access_key)
        del access_key_name, access_key  # crash reports show what frames hold
        self._about_key(name, standalone.remove_access_key)

    def get_sessions(self) -> list[Session]:
        """Return the log-ins in the browser that have not expired: the last one of each machine."""
        return self._driver.run(standalone.sessions(datetime.now(UTC)))

    def remove_session(self, machine_name: str) -> None:
        """Log a machine out: remove all its sessions.

        Raises:
            NotFound: there are no sessions of this machine.

        """
        self._driver.run(standalone.remove_session(machine_name))

    def add_app(
        self,
        app_name: str,
        os: str | None = None,
        platform: str | None = None,
        manually_provision_deployments: bool = False,
    ) -> App:
        """Create an app, owned by this account.

        Args:
            app_name: its name, unlike that of the account's other apps.
            os: ``iOS``, ``Android`` or ``Windows``; some servers want it.
            platform: ``React-Native`` or ``Cordova``; some servers want it.
            manually_provision_deployments: do not create the deployments ``Production`` and ``Staging``.

        Raises:
            Conflict: the account has an app of this name.
            Invalid: the name cannot be one.

        """
        return self._driver.run(
            standalone.add_app(
                app_name,
                os=os,
                platform=platform,
                manually_provision_deployments=manually_provision_deployments,
            )
        )

    def get_apps(self) -> list[App]:
        """Return all apps this account is a collaborator of."""
        return self._driver.run(standalone.apps())

    def get_app(self, app_name: str) -> App:
        """Return one app.

        Args:
            app_name: its name; ``owner@example.com:name`` for another owner's app of an ambiguous name.

        Raises:
            NotFound: there is no such app, or this account is not a collaborator of it.

        """
        return self._driver.run(standalone.app(app_name))

    def remove_app(self, app_name: str) -> None:
        """Remove an app with its deployments and releases; its phones get no more updates.

        Raises:
            NotFound: there is no such app.
            Forbidden: this account does not own it.

        """
        self._driver.run(standalone.remove_app(app_name))

    def rename_app(self, old_app_name: str, new_app_name: str) -> None:
        """Give an app another name; its deployments, keys and phones do not notice.

        Raises:
            NotFound: there is no such app.
            Forbidden: this account does not own it.
            Conflict: the account has an app of the new name.
            Invalid: the new name cannot be one.

        """
        self._driver.run(standalone.rename_app(old_app_name, new_app_name))

    def transfer_app(self, app_name: str, email: str) -> None:
        """Make another account the owner of an app; this account stays as a collaborator.

        Raises:
            NotFound: there is no such app, or no account with this e-mail address.
            Forbidden: this account does not own it.
            Conflict: the account owns it already, or has another app of this name.

        """
        self._driver.run(standalone.transfer_app(app_name, email))

    def add_collaborator(self, app_name: str, email: str) -> None:
        """Let another account release to an app.

        Raises:
            NotFound: there is no such app, or no account with this e-mail address.
            Forbidden: this account does not own it.
            Conflict: the account is a collaborator already.

        """
        self._driver.run(standalone.add_collaborator(app_name, email))

    def get_collaborators(self, app_name: str) -> CollaboratorMap:
        """Return who may do what with an app, by e-mail address.

        Raises:
            NotFound: there is no such app.

        """
        return self._driver.run(standalone.collaborators(app_name))

    def remove_collaborator(self, app_name: str, email: str) -> None:
        """Take an account off an app. Owners may remove others, collaborators only themselves.

        Raises:
            NotFound: there is no such app, or the account is not a collaborator of it.
            Forbidden: this account may not do that.
            Conflict: the account owns the app; transfer it first.

        """
        self._driver.run(standalone.remove_collaborator(app_name, email))

    def add_deployment(self, app_name: str, deployment_name: str, *, key: str | None = None) -> Deployment:
        """Create a deployment.

        Args:
            app_name: the app.
            deployment_name: its name, unlike that of the app's other deployments.
            key: the key that apps will carry, if it is not to be a new one: 10 to 100 letters, digits,
                ``_`` and ``-``. For moving from another server without publishing the app again.

        Raises:
            NotFound: there is no such app.
            Conflict: the app has a deployment of this name, or the key is taken.
            Invalid: the name or the key cannot be one.

        """
        return self._driver.run(standalone.add_deployment(app_name, deployment_name, key=key))

    def get_deployments(self, app_name: str) -> list[Deployment]:
        """Return all deployments of an app, each with its newest release.

        Raises:
            NotFound: there is no such app.

        """
        return self._driver.run(standalone.deployments(app_name))

    def get_deployment(self, app_name: str, deployment_name: str) -> Deployment:
        """Return one deployment with its newest release.

        Raises:
            NotFound: there is no such app or deployment.

        """
        told = self._driver.run(standalone.deployment(app_name, deployment_name))
        return told or self._listed(app_name, deployment_name)

    def rename_deployment(self, app_name: str, old_deployment_name: str, new_deployment_name: str) -> None:
        """Give a deployment another name; its key and its releases stay.

        Raises:
            NotFound: there is no such app or deployment.
            Forbidden: this account does not own the app.
            Conflict: the app has a deployment of the new name.
            Invalid: the new name cannot be one.

        """
        self._driver.run(standalone.rename_deployment(app_name, old_deployment_name, new_deployment_name))

    def remove_deployment(self, app_name: str, deployment_name: str) -> None:
        """Remove a deployment with its releases; phones that carry its key get no more updates.

        Raises:
            NotFound: there is no such app or deployment.
            Forbidden: this account does not own the app.

        """
        self._driver.run(standalone.remove_deployment(app_name, deployment_name))

    def release(
        self,
        app_name: str,
        deployment_name: str,
        update_contents_path: str | system.PathLike[str],
        target_binary_version: str,
        update_metadata: PackageInfo | PackageInfoDict | None = None,
        *,
        on_progress: Progress | None = None,
        private_key_path: str | system.PathLike[str] | None = None,
        no_duplicate_release_error: bool = False,
        plan: Plan | None = None,
    ) -> Package:
        """Release an update to the phones of a deployment.

        Args:
            app_name: the app.
            deployment_name: the deployment.
            update_contents_path: a directory (which is zipped), a zip file, or a single other file.
            target_binary_version: the versions of the app in the store that can run it: one (``1.2.3``)
                or a range (``^1.2.0``).
            update_metadata: description, mandatory, disabled, rollout: a ``PackageInfo``, or a
                mapping with its fields in either spelling (``is_mandatory`` or ``isMandatory``).
            on_progress: called with the bytes sent so far and their total as they leave, from the start
                again when the release is repeated; what it raises ends the release.
            private_key_path: the file with the private key to sign a directory or a single file with, for
                apps that have the public key built in; needs the extra ``signing``. Nothing is written
                into the directory. React Native apps expect it to be named ``CodePush``, Cordova apps
                ``www``; a single file is put into a folder ``CodePush``.
            no_duplicate_release_error: return the release that is there already when it is identical,
                instead of raising.
            plan: how the release reaches all devices: a :class:`~codepush.RolloutPlan` or a text such as
                ``"5% 4h, 25% 1d, 100%"``; ``NO_PLAN`` for none, not even the default plan of the deployment.

        Returns:
            The release, as the server stored it.

        Raises:
            PackageError: the path is not there, is empty or cannot be read, or an archive is to be
                signed; nothing was sent then.
            ConfigurationError: the private key cannot be read or is none, or the extra ``signing`` is not
                installed; nothing was sent then.
            NotFound: there is no such app or deployment.
            Conflict: the release for these versions is identical, or the newest one's rollout is unfinished.
            Invalid: the target is empty, the metadata has an unknown key, the plan is invalid or does not start
                at the rollout of the metadata, or the server does not take the package or its metadata.
            PlanIgnoredError: the server made the release, but does not know rollout plans.

        """
        check_target(target_binary_version)
        info = replace(package_info(update_metadata), app_version=target_binary_version)
        with Preparation() as preparation:
            package = aside(preparation.run, update_contents_path, private_key_path=private_key_path)
            call = standalone.release(app_name, deployment_name, upload_of(package, on_progress), info, plan)
            try:
                told = self._driver.run_once(call)
            except APIError as error:
                if no_duplicate_release_error and standalone.is_duplicate(error):
                    return self._identical(app_name, deployment_name, package.hash)
                raise
        return with_plan(told or self._stored(app_name, deployment_name), plan)

    def patch_release(
        self,
        app_name: str,
        deployment_name: str,
        label: str | None = None,
        update_metadata: PackageInfo | PackageInfoDict | None = None,
    ) -> Package | None:
        """Change what is said about a release.

        Args:
            app_name: the app.
            deployment_name: the deployment.
            label: the release; the newest one when not given (here or in ``update_metadata``).
            update_metadata: what changes, as for ``release``; what is ``None`` stays. A rollout can only
                grow.

        Returns:
            The changed release, or ``None`` when nothing changed.

        Raises:
            NotFound: there is no such app, deployment or release.
            Conflict: the rollout is finished, or would not grow.
            Invalid: a value cannot be one.

        """
        info = package_info(update_metadata)
        info = info if label is None else replace(info, label=label)
        answer = self._driver.run(standalone.patch_release(app_name, deployment_name, info))
        if answer == standalone.UNCHANGED:
            return None
        return answer or self._stored(app_name, deployment_name, info.label)

    def promote(
        self,
        app_name: str,
        source_deployment_name: str,
        destination_deployment_name: str,
        update_metadata: PackageInfo | PackageInfoDict | None = None,
        *,
        plan: Plan | None = None,
    ) -> Package:
        """Release in one deployment what another one has.

        Args:
            app_name: the app.
            source_deployment_name: the deployment that has it.
            destination_deployment_name: the deployment that gets it.
            update_metadata: what differs there, as for ``release``; ``label`` picks another release
                than the newest. The rollout is not taken over.
            plan: as for :meth:`release`.

        Returns:
            The new release of the destination.

        Raises:
            NotFound: there is no such app, deployment or release.
            Conflict: the destination's newest release is identical, or its rollout is unfinished.
            Invalid: a value cannot be one, or the plan is invalid or does not start at the rollout.
            PlanIgnoredError: the server made the release, but does not know rollout plans.

        """
        info = package_info(update_metadata)
        call = standalone.promote(app_name, source_deployment_name, destination_deployment_name, info, plan)
        told = self._driver.run_once(call)
        return with_plan(told or self._stored(app_name, destination_deployment_name), plan)

    def rollback(self, app_name: str, deployment_name: str, target_release: str | None = None) -> Package:
        """Release an older release of a deployment once more, so that phones go back to it.

        Args:
            app_name: the app.
            deployment_name: the deployment.
            target_release: the label of the release to go back to; the one before the newest when not given.

        Returns:
            The new release.

        Raises:
            NotFound: there is no such app, deployment or release, or none before the newest.
            Conflict: the release is the newest one, or for other versions of the app.

        """
        call = standalone.rollback(app_name, deployment_name, target_release)
        return self._driver.run_once(call) or self._stored(app_name, deployment_name)

    def get_deployment_history(self, app_name: str, deployment_name: str) -> list[Package]:
        """Return the releases of a deployment, oldest first.

        Raises:
            NotFound: there is no such app or deployment.

        """
        return self._driver.run(standalone.history(app_name, deployment_name))

    def clear_deployment_history(self, app_name: str, deployment_name: str) -> None:
        """Remove all releases of a deployment and its counters; the next release is ``v1`` again.

        Raises:
            NotFound: there is no such app or deployment.
            Forbidden: this account does not own the app.

        """
        self._driver.run(standalone.clear_history(app_name, deployment_name))

    def get_deployment_metrics(self, app_name: str, deployment_name: str) -> DeploymentMetrics:
        """Return the counters of a deployment by label; versions from the store count active devices only.

        Raises:
            NotFound: there is no such app or deployment.

        """
        return self._driver.run(standalone.metrics(app_name, deployment_name))

    def get_deployment_metrics_series(
        self, app_name: str, deployment_name: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> dict[str, list[MetricsPoint]]:
        """Return the counters of a deployment over time, by label and by version from the store.

        Servers other than ours do not have them.

        Args:
            app_name: the app.
            deployment_name: the deployment.
            since: from when on; the whole day (UTC) is returned. By default seven days before ``until``.
            until: up to when, not included. By default now.

        Returns:
            The hours in which something changed, oldest first; days, where that is more than seven days ago. What
            had active devices before begins with a point at the first moment.

        Raises:
            NotFound: there is no such app or deployment, or the server does not keep this.

        """
        return self._driver.run(standalone.metrics_series(app_name, deployment_name, since, until))

    def _about_key(self, name: Secret, call: Callable[[str], Call[T]]) -> T:
        """Run a call about an access key; its error does not repeat a key that was given as a name."""
        try:
            return self._driver.run(call(name.reveal()))
        except CodePushError as error:
            conceal(error, name, self._driver.settings.access_key)
            raise

    def _listed(self, app_name: str, deployment_name: str) -> Deployment:
        """Look up a deployment that the server knows, but does not describe."""
        found = [one for one in self.get_deployments(app_name) if one.name == deployment_name]
        if not found:
            raise DecodeError("The server knows the deployment, but neither describes nor lists it.")
        return found[0]

    def _identical(self, app_name: str, deployment_name: str, package_hash: str) -> Package:
        """Look up the release that the server found to be identical to a package."""
        releases = self.get_deployment_history(app_name, deployment_name)
        same = [package for package in releases if package.package_hash == package_hash]
        # A server with a hash of its own can only mean the newest release.
        return same[-1] if same else self._stored(app_name, deployment_name)

    def _stored(self, app_name: str, deployment_name: str, label: str | None = None) -> Package:
        """Look up a release (the newest one without a label) that the server took without describing it."""
        releases = self.get_deployment_history(app_name, deployment_name)
        found = [package for package in releases if label in {None, package.label}]
        if not found:
            raise DecodeError("The server accepted the change, but neither describes the release nor lists it.")
        return found[-1]
