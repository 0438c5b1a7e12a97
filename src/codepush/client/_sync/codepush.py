# Generated from src/codepush/client/_async/codepush.py by tools/unasync.py; do not edit.
"""The management SDK: one method for each operation on apps, deployments and releases."""

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

    Every method raises a ``CodePushError`` on failure: an ``APIError`` for the status of an error
    response (``NotFound``, ``Conflict``, ``Invalid``, ...), a ``TransportError`` without a response, a
    ``DecodeError`` for an unreadable response. Reads are retried if the server is busy or the
    connection breaks. Changes are retried only if no connection was established, because they might
    otherwise happen twice. Releases, promotions and rollbacks are retried like reads with servers of
    this distribution, which execute each of them once.

    Args:
        access_key: Access key; ``None`` uses the variable ``CODEPUSH_ACCESS_KEY``.
        server_url: Server URL; ``None`` uses the variable ``CODEPUSH_SERVER_URL``,
            or else ``http://127.0.0.1:3000``.
        timeout: Seconds for each network operation: connecting (at most 10), sending, receiving.
            ``None`` waits without limit.
        max_retries: Maximum number of retries of a request.
        proxy: Proxy URL; ``None`` uses ``HTTPS_PROXY`` and similar variables.
        headers: Additional headers of every request, such as those for a proxy.
        verify: ``False`` to trust any certificate, a CA bundle, or an ``ssl.SSLContext``.

    Raises:
        Unauthorized: There is no access key.
        ConfigurationError: Another argument, or its variable, is invalid.

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
        """Return a client with other options, for one or several calls: ``client.with_options(timeout=5).get_apps()``.

        It shares the connections of this client; closing either closes both.

        Args:
            timeout: Seconds for each network operation, or ``None`` to wait without limit; by default this client's.
            max_retries: Maximum number of retries of a request; by default this client's.
            headers: Headers in addition to this client's.

        Raises:
            ConfigurationError: An option is invalid.

        """
        options = changed(self._driver.settings, timeout=timeout, max_retries=max_retries, headers=headers)
        other = copy(self)
        other._driver = self._driver.using(options)  # noqa: SLF001 - same class
        return other

    def is_authenticated(self, throw_if_unauthorized: bool = False) -> bool:
        """Return whether the access key is valid.

        Args:
            throw_if_unauthorized: Raise ``Unauthorized`` instead of returning ``False``.

        Raises:
            Unauthorized: The key is invalid and ``throw_if_unauthorized`` is set, or a gateway in front
                of the server requires authentication.

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
            friendly_name: Name, unique among the account's keys.
            ttl: Lifetime: a ``timedelta``, or a number of milliseconds; 60 days by default.
            description: Alias of the argument ``friendly_name``, as the original's documentation has it.

        Returns:
            The access key with its secret, ``key``, which is returned only here: store it safely.

        Raises:
            Conflict: The account has a key with this name.
            Invalid: The name or the lifetime is invalid.

        """
        name = named(friendly_name=friendly_name, description=description)
        del friendly_name, description  # crash reports contain the variables of frames
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
            access_key_name: Its name.
            access_key: Alias of the argument ``access_key_name``, as the original's documentation has it.

        Raises:
            NotFound: The key does not exist. The error does not repeat an access key passed as a name.

        """
        name = named(access_key_name=access_key_name, access_key=access_key)
        del access_key_name, access_key  # crash reports contain the variables of frames
        return self._about_key(name, standalone.access_key)

    def get_access_keys(self) -> list[AccessKey]:
        """Return the access keys of this account, including expired ones, without secrets and sessions."""
        return self._driver.run(standalone.access_keys())

    def patch_access_key(self, old_name: str, new_name: str | None = None, ttl: Life | None = None) -> AccessKey:
        """Rename an access key, or change when it expires.

        Args:
            old_name: Its name.
            new_name: New name; ``None`` keeps it.
            ttl: New lifetime, starting now: a ``timedelta``, or a number of milliseconds; 0 expires the key,
                ``None`` keeps it.

        Returns:
            The changed key, without its secret.

        Raises:
            NotFound: The key does not exist.
            Conflict: The account has a key with the new name.
            Invalid: The name or the lifetime is invalid.

        """
        name = named(old_name=old_name)
        del old_name  # crash reports contain the variables of frames
        return self._about_key(name, lambda text: standalone.patch_access_key(text, new_name=new_name, ttl=ttl))

    @overload
    def remove_access_key(self, access_key_name: str) -> None: ...
    @overload
    def remove_access_key(self, *, access_key: str) -> None: ...
    def remove_access_key(self, access_key_name: str | None = None, *, access_key: str | None = None) -> None:
        """Remove an access key. It stops working immediately.

        Args:
            access_key_name: Its name.
            access_key: Alias of the argument ``access_key_name``, as the original's documentation has it.

        Raises:
            NotFound: The key does not exist. The error does not repeat an access key passed as a name.

        """
        name = named(access_key_name=access_key_name, access_key=access_key)
        del access_key_name, access_key  # crash reports contain the variables of frames
        self._about_key(name, standalone.remove_access_key)

    def get_sessions(self) -> list[Session]:
        """Return the browser logins that have not expired: the latest of each machine."""
        return self._driver.run(standalone.sessions(datetime.now(UTC)))

    def remove_session(self, machine_name: str) -> None:
        """Log out a machine: remove all its sessions.

        Raises:
            NotFound: The machine has no sessions.

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
            app_name: Name, unique among the account's apps.
            os: ``iOS``, ``Android`` or ``Windows``; required by some servers.
            platform: ``React-Native`` or ``Cordova``; required by some servers.
            manually_provision_deployments: Do not create the deployments ``Production`` and ``Staging``.

        Raises:
            Conflict: The account has an app with this name.
            Invalid: The name is invalid.

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
            app_name: Its name; ``owner@example.com:name`` for another owner's app of an ambiguous name.

        Raises:
            NotFound: The app does not exist, or this account is not its collaborator.

        """
        return self._driver.run(standalone.app(app_name))

    def remove_app(self, app_name: str) -> None:
        """Remove an app, its deployments and its releases. Its devices get no more updates.

        Raises:
            NotFound: The app does not exist.
            Forbidden: This account does not own it.

        """
        self._driver.run(standalone.remove_app(app_name))

    def rename_app(self, old_app_name: str, new_app_name: str) -> None:
        """Rename an app. Its deployments, keys and devices are not affected.

        Raises:
            NotFound: The app does not exist.
            Forbidden: This account does not own it.
            Conflict: The account has an app with the new name.
            Invalid: The new name is invalid.

        """
        self._driver.run(standalone.rename_app(old_app_name, new_app_name))

    def transfer_app(self, app_name: str, email: str) -> None:
        """Transfer an app to another account. This account becomes a collaborator.

        Raises:
            NotFound: The app does not exist, or no account has this email address.
            Forbidden: This account does not own it.
            Conflict: The account already owns it, or has another app with this name.

        """
        self._driver.run(standalone.transfer_app(app_name, email))

    def add_collaborator(self, app_name: str, email: str) -> None:
        """Add a collaborator to an app.

        Raises:
            NotFound: The app does not exist, or no account has this email address.
            Forbidden: This account does not own it.
            Conflict: The account is already a collaborator.

        """
        self._driver.run(standalone.add_collaborator(app_name, email))

    def get_collaborators(self, app_name: str) -> CollaboratorMap:
        """Return the collaborators of an app with their permissions, by email address.

        Raises:
            NotFound: The app does not exist.

        """
        return self._driver.run(standalone.collaborators(app_name))

    def remove_collaborator(self, app_name: str, email: str) -> None:
        """Remove a collaborator from an app. Owners may remove others, collaborators only themselves.

        Raises:
            NotFound: The app does not exist, or the account is not its collaborator.
            Forbidden: This account has no permission.
            Conflict: The account owns the app; transfer it first.

        """
        self._driver.run(standalone.remove_collaborator(app_name, email))

    def add_deployment(self, app_name: str, deployment_name: str, *, key: str | None = None) -> Deployment:
        """Create a deployment.

        Args:
            app_name: The app.
            deployment_name: Name, unique among the app's deployments.
            key: Existing deployment key to use instead of a new one, for example after a migration:
                10 to 100 letters, digits, ``_`` and ``-``.

        Raises:
            NotFound: The app does not exist.
            Conflict: The app has a deployment with this name, or the key is in use.
            Invalid: The name or the key is invalid.

        """
        return self._driver.run(standalone.add_deployment(app_name, deployment_name, key=key))

    def get_deployments(self, app_name: str) -> list[Deployment]:
        """Return all deployments of an app, each with its newest release.

        Raises:
            NotFound: The app does not exist.

        """
        return self._driver.run(standalone.deployments(app_name))

    def get_deployment(self, app_name: str, deployment_name: str) -> Deployment:
        """Return one deployment with its newest release.

        Raises:
            NotFound: The app or deployment does not exist.

        """
        found = self._driver.run(standalone.deployment(app_name, deployment_name))
        return found or self._listed(app_name, deployment_name)

    def rename_deployment(self, app_name: str, old_deployment_name: str, new_deployment_name: str) -> None:
        """Rename a deployment. Its key and releases do not change.

        Raises:
            NotFound: The app or deployment does not exist.
            Forbidden: This account does not own the app.
            Conflict: The app has a deployment with the new name.
            Invalid: The new name is invalid.

        """
        self._driver.run(standalone.rename_deployment(app_name, old_deployment_name, new_deployment_name))

    def remove_deployment(self, app_name: str, deployment_name: str) -> None:
        """Remove a deployment and its releases. Devices with its key get no more updates.

        Raises:
            NotFound: The app or deployment does not exist.
            Forbidden: This account does not own the app.

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
        """Release an update to a deployment.

        Args:
            app_name: App name.
            deployment_name: Deployment name.
            update_contents_path: A directory (which is zipped), a zip file, or a single other file.
            target_binary_version: Binary versions to target: one (``1.2.3``) or a range (``^1.2.0``).
            update_metadata: Description, mandatory, disabled, rollout: a ``PackageInfo``, or a
                mapping with its fields in either spelling (``is_mandatory`` or ``isMandatory``).
            on_progress: Called with the bytes sent so far and their total; restarts when the release is
                retried. An exception from it ends the release.
            private_key_path: File with the private key to sign a directory or a single file, for apps that
                contain the public key; needs the extra ``signing``. Nothing is written into the directory.
                React Native apps expect it to be named ``CodePush``, Cordova apps ``www``; a single file
                is put into a folder ``CodePush``.
            no_duplicate_release_error: Return the existing release if it is identical, instead of raising.
            plan: Rollout plan: a ``RolloutPlan`` or a string such as ``"5% 4h, 25% 1d, 100%"``; ``NO_PLAN`` for
                none, not even the default plan of the deployment.

        Returns:
            The release, as the server stored it.

        Raises:
            PackageError: The path does not exist, is empty or cannot be read, or an archive is to be
                signed; nothing was sent.
            ConfigurationError: The private key cannot be read or is invalid, or the extra ``signing`` is not
                installed; nothing was sent.
            NotFound: The app or deployment does not exist.
            Conflict: The release for these versions is identical, or the newest rollout is unfinished.
            Invalid: The target is empty, the metadata has an unknown key, the plan is invalid or does not start
                at the rollout of the metadata, or the server rejected the package or its metadata.
            PlanIgnoredError: The server created the release, but does not support rollout plans.

        """
        check_target(target_binary_version)
        info = replace(package_info(update_metadata), app_version=target_binary_version)
        with Preparation() as preparation:
            package = aside(preparation.run, update_contents_path, private_key_path=private_key_path)
            call = standalone.release(app_name, deployment_name, upload_of(package, on_progress), info, plan)
            try:
                created = self._driver.run_once(call)
            except APIError as error:
                if no_duplicate_release_error and standalone.is_duplicate(error):
                    return self._identical(app_name, deployment_name, package.hash)
                raise
        return with_plan(created or self._stored(app_name, deployment_name), plan)

    def patch_release(
        self,
        app_name: str,
        deployment_name: str,
        label: str | None = None,
        update_metadata: PackageInfo | PackageInfoDict | None = None,
    ) -> Package | None:
        """Update the settings of a release.

        Args:
            app_name: The app.
            deployment_name: The deployment.
            label: Label of the release; by default that of ``update_metadata``, or the newest.
            update_metadata: Changed values, as for ``release``; ``None`` keeps a value. A rollout can only
                grow.

        Returns:
            The changed release, or ``None`` if nothing changed.

        Raises:
            NotFound: The app, deployment or release does not exist.
            Conflict: The rollout is complete, or would not grow.
            Invalid: A value is invalid.

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
        """Promote a release to another deployment.

        Args:
            app_name: The app.
            source_deployment_name: Deployment with the release.
            destination_deployment_name: Deployment to promote to.
            update_metadata: Changed values, as for ``release``; ``label`` selects another release than
                the newest. The rollout is not copied.
            plan: As for ``release``.

        Returns:
            The new release of the destination.

        Raises:
            NotFound: The app, deployment or release does not exist.
            Conflict: The destination's newest release is identical, or its rollout is unfinished.
            Invalid: A value or the plan is invalid, or the plan does not start at the rollout.
            PlanIgnoredError: The server created the release, but does not support rollout plans.

        """
        info = package_info(update_metadata)
        call = standalone.promote(app_name, source_deployment_name, destination_deployment_name, info, plan)
        created = self._driver.run_once(call)
        return with_plan(created or self._stored(app_name, destination_deployment_name), plan)

    def rollback(self, app_name: str, deployment_name: str, target_release: str | None = None) -> Package:
        """Roll back a deployment by re-releasing an earlier release.

        Args:
            app_name: The app.
            deployment_name: The deployment.
            target_release: Label of the release to roll back to; by default the one before the newest.

        Returns:
            The new release.

        Raises:
            NotFound: The app, deployment or release does not exist, or there is no release before the newest.
            Conflict: The release is the newest one, or for other versions of the app.

        """
        call = standalone.rollback(app_name, deployment_name, target_release)
        return self._driver.run_once(call) or self._stored(app_name, deployment_name)

    def get_deployment_history(self, app_name: str, deployment_name: str) -> list[Package]:
        """Return the releases of a deployment, oldest first.

        Raises:
            NotFound: The app or deployment does not exist.

        """
        return self._driver.run(standalone.history(app_name, deployment_name))

    def clear_deployment_history(self, app_name: str, deployment_name: str) -> None:
        """Delete all releases and metrics of a deployment. The next release is ``v1``.

        Raises:
            NotFound: The app or deployment does not exist.
            Forbidden: This account does not own the app.

        """
        self._driver.run(standalone.clear_history(app_name, deployment_name))

    def get_deployment_metrics(self, app_name: str, deployment_name: str) -> DeploymentMetrics:
        """Return the metrics of a deployment by label; store versions only have ``active``.

        Raises:
            NotFound: The app or deployment does not exist.

        """
        return self._driver.run(standalone.metrics(app_name, deployment_name))

    def get_deployment_metrics_series(
        self, app_name: str, deployment_name: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> dict[str, list[MetricsPoint]]:
        """Return the metrics of a deployment over time, by label and store version.

        Third-party servers do not have them.

        Args:
            app_name: The app.
            deployment_name: The deployment.
            since: Start; the whole day (UTC) is returned. By default seven days before ``until``.
            until: End, exclusive. By default now.

        Returns:
            The hours with a change, oldest first; days, if more than seven days ago. Labels and versions with active
            devices before ``since`` have a point at the start.

        Raises:
            NotFound: The app or deployment does not exist, or the server has no time series.

        """
        return self._driver.run(standalone.metrics_series(app_name, deployment_name, since, until))

    def _about_key(self, name: Secret, call: Callable[[str], Call[T]]) -> T:
        """Run a call about an access key; its error does not repeat a key passed as a name."""
        try:
            return self._driver.run(call(name.reveal()))
        except CodePushError as error:
            conceal(error, name, self._driver.settings.access_key)
            raise

    def _listed(self, app_name: str, deployment_name: str) -> Deployment:
        """Look up a deployment that the server found but did not return."""
        found = [one for one in self.get_deployments(app_name) if one.name == deployment_name]
        if not found:
            raise DecodeError("The server found the deployment, but neither returned nor listed it.")
        return found[0]

    def _identical(self, app_name: str, deployment_name: str, package_hash: str) -> Package:
        """Look up the release that is identical to a package according to the server."""
        releases = self.get_deployment_history(app_name, deployment_name)
        same = [package for package in releases if package.package_hash == package_hash]
        # A server with a hash of its own can only mean the newest release.
        return same[-1] if same else self._stored(app_name, deployment_name)

    def _stored(self, app_name: str, deployment_name: str, label: str | None = None) -> Package:
        """Look up a release (without a label the newest) that the server accepted but did not return."""
        releases = self.get_deployment_history(app_name, deployment_name)
        found = [package for package in releases if label in {None, package.label}]
        if not found:
            raise DecodeError("The server accepted the change, but neither returned nor listed the release.")
        return found[-1]
