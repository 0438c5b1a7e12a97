"""The management SDK: one method for each thing a person may do with apps, deployments and releases."""

from __future__ import annotations

import os as system
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from codepush.client._async.driver import AsyncDriver
from codepush.client._compat import async_aside
from codepush.client.preparation import Preparation
from codepush.client.settings import resolve
from codepush.client.upload import upload_of
from codepush.errors import DecodeError, Unauthorized
from codepush.models import PackageInfo
from codepush.wire import standalone

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    from codepush.client.settings import Verify
    from codepush.models import Account, App, Deployment, Metrics, Package
    from codepush.wire.messages import Progress

__all__ = ["AsyncCodePush"]

_NOTHING_SAID: Final = PackageInfo()


class AsyncCodePush:
    """A client of a CodePush server.

    Use it in a ``with`` statement (``async with`` for the asynchronous one), or close it yourself.

    Every method raises :class:`~codepush.CodePushError` when it cannot do what it says: an
    :class:`~codepush.APIError` of the kind of the status when the server says no (``NotFound``,
    ``Conflict``, ``Invalid``, ...), a :class:`~codepush.TransportError` when no answer comes, a
    :class:`~codepush.DecodeError` when the answer cannot be read. Reading is repeated when the
    server is busy or the connection breaks; changes are repeated only when no connection could be
    made, as they might otherwise happen twice.

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
        self._server_url = settings.server_url
        self._driver = AsyncDriver(settings)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(server_url={self._server_url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._driver.aclose()

    async def is_authenticated(self, throw_if_unauthorized: bool = False) -> bool:
        """Tell whether the server knows the access key.

        Args:
            throw_if_unauthorized: raise :class:`~codepush.Unauthorized` instead of returning ``False``.

        """
        try:
            await self._driver.run(standalone.authenticated())
        except Unauthorized:
            if throw_if_unauthorized:
                raise
            return False
        return True

    async def get_account_info(self) -> Account:
        """Return the account that the access key belongs to."""
        return await self._driver.run(standalone.account())

    async def add_app(
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
        return await self._driver.run(
            standalone.add_app(
                app_name,
                os=os,
                platform=platform,
                manually_provision_deployments=manually_provision_deployments,
            )
        )

    async def get_apps(self) -> list[App]:
        """Return all apps this account is a collaborator of."""
        return await self._driver.run(standalone.apps())

    async def get_app(self, app_name: str) -> App:
        """Return one app.

        Args:
            app_name: its name; ``owner@example.com:name`` for another owner's app of an ambiguous name.

        Raises:
            NotFound: there is no such app, or this account is not a collaborator of it.

        """
        return await self._driver.run(standalone.app(app_name))

    async def remove_app(self, app_name: str) -> None:
        """Remove an app with its deployments and releases; its phones get no more updates.

        Raises:
            NotFound: there is no such app.
            Forbidden: this account does not own it.

        """
        await self._driver.run(standalone.remove_app(app_name))

    async def add_deployment(self, app_name: str, deployment_name: str, *, key: str | None = None) -> Deployment:
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
        return await self._driver.run(standalone.add_deployment(app_name, deployment_name, key=key))

    async def get_deployments(self, app_name: str) -> list[Deployment]:
        """Return all deployments of an app, each with its newest release.

        Raises:
            NotFound: there is no such app.

        """
        return await self._driver.run(standalone.deployments(app_name))

    async def get_deployment(self, app_name: str, deployment_name: str) -> Deployment:
        """Return one deployment with its newest release.

        Raises:
            NotFound: there is no such app or deployment.

        """
        return await self._driver.run(standalone.deployment(app_name, deployment_name))

    async def release(
        self,
        app_name: str,
        deployment_name: str,
        update_contents_path: str | system.PathLike[str],
        target_binary_version: str,
        update_metadata: PackageInfo = _NOTHING_SAID,
        *,
        on_progress: Progress | None = None,
        private_key_path: str | system.PathLike[str] | None = None,
    ) -> Package:
        """Release an update to the phones of a deployment.

        Args:
            app_name: the app.
            deployment_name: the deployment.
            update_contents_path: a directory (which is zipped), a zip file, or a single other file.
            target_binary_version: the versions of the app in the store that can run it: one (``1.2.3``)
                or a range (``^1.2.0``).
            update_metadata: what else is said about it: description, mandatory, disabled, rollout.
            on_progress: called with the bytes sent so far and their total as they leave; what it raises
                ends the release.
            private_key_path: the file with the private key to sign a directory or a single file with, for
                apps that have the public key built in; needs the extra ``signing``. Nothing is written
                into the directory. React Native apps expect it to be named ``CodePush``, Cordova apps
                ``www``; a single file is put into a folder ``CodePush``.

        Returns:
            The release, as the server stored it.

        Raises:
            PackageError: the path is not there, is empty or cannot be read, or an archive is to be
                signed; nothing was sent then.
            ConfigurationError: the private key cannot be read or is none, or the extra ``signing`` is not
                installed; nothing was sent then.
            NotFound: there is no such app or deployment.
            Conflict: the newest release is identical, or its rollout is unfinished.
            Invalid: the server does not take the package or what is said about it.

        """
        info = replace(update_metadata, app_version=target_binary_version)
        with Preparation() as preparation:
            package = await async_aside(preparation.run, update_contents_path, private_key_path=private_key_path)
            upload = upload_of(package, on_progress)
            told = await self._driver.run(standalone.release(app_name, deployment_name, upload, info))
        return told or await self._stored(app_name, deployment_name)

    async def patch_release(
        self,
        app_name: str,
        deployment_name: str,
        label: str | None = None,
        update_metadata: PackageInfo = _NOTHING_SAID,
    ) -> Package | None:
        """Change what is said about a release.

        Args:
            app_name: the app.
            deployment_name: the deployment.
            label: the release; the newest one when not given (here or in ``update_metadata``).
            update_metadata: what changes; what is ``None`` stays. A rollout can only grow.

        Returns:
            The changed release, or ``None`` when it was so already.

        Raises:
            NotFound: there is no such app, deployment or release.
            Conflict: the rollout is finished, or would not grow.
            Invalid: a value cannot be one.

        """
        info = update_metadata if label is None else replace(update_metadata, label=label)
        answer = await self._driver.run(standalone.patch_release(app_name, deployment_name, info))
        if answer == standalone.UNCHANGED:
            return None
        return answer or await self._stored(app_name, deployment_name, info.label)

    async def promote(
        self,
        app_name: str,
        source_deployment_name: str,
        destination_deployment_name: str,
        update_metadata: PackageInfo = _NOTHING_SAID,
    ) -> Package:
        """Release in one deployment what another one has.

        Args:
            app_name: the app.
            source_deployment_name: the deployment that has it.
            destination_deployment_name: the deployment that gets it.
            update_metadata: what is said differently there; ``label`` picks another release than the
                newest. The rollout is not taken over.

        Returns:
            The new release of the destination.

        Raises:
            NotFound: there is no such app, deployment or release.
            Conflict: the destination's newest release is identical, or its rollout is unfinished.
            Invalid: a value cannot be one.

        """
        call = standalone.promote(app_name, source_deployment_name, destination_deployment_name, update_metadata)
        return await self._driver.run(call) or await self._stored(app_name, destination_deployment_name)

    async def get_deployment_history(self, app_name: str, deployment_name: str) -> list[Package]:
        """Return the releases of a deployment, oldest first.

        Raises:
            NotFound: there is no such app or deployment.

        """
        return await self._driver.run(standalone.history(app_name, deployment_name))

    async def get_deployment_metrics(self, app_name: str, deployment_name: str) -> dict[str, Metrics]:
        """Return the counters of a deployment by label; versions from the store count active devices only.

        Raises:
            NotFound: there is no such app or deployment.

        """
        return await self._driver.run(standalone.metrics(app_name, deployment_name))

    async def _stored(self, app_name: str, deployment_name: str, label: str | None = None) -> Package:
        """Look up a release (the newest one without a label) that the server took without describing it."""
        releases = await self.get_deployment_history(app_name, deployment_name)
        found = [package for package in releases if label in {None, package.label}]
        if not found:
            raise DecodeError("The server accepted the change, but neither describes the release nor lists it.")
        return found[-1]
