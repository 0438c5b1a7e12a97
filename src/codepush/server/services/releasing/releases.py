"""Releases: releasing, promoting, patching, rolling back and clearing.

The rules are those of the protocol pages (standalone management API, section 7).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, overload

import msgspec

from codepush.models import COMPLETE_ROLLOUT, PackageInfo
from codepush.rollout_plan import NoPlan, RolloutPlan
from codepush.rules import duplicates, labels, plans, rollout
from codepush.rules.actions import Clear, Patch, Promote, Release, Rollback, overridden, settings
from codepush.server.ports.errors import AlreadyExistsError, MissingError
from codepush.server.ports.releases import NewRelease
from codepush.server.services.access.resolution import deployment_of, find_deployment
from codepush.server.services.errors import ConflictError, NotFoundError, ServiceError
from codepush.server.services.releasing import rollbacks, steps
from codepush.server.tracing import NO_SPANS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from codepush.models import Package
    from codepush.rules.actions import Content, ReleaseAction
    from codepush.server.ports.apps import AppRecord
    from codepush.server.ports.deployments import DeploymentRecord
    from codepush.server.ports.releases import ReleaseRecord
    from codepush.server.ports.store import Records, Store
    from codepush.server.services.caller import Caller
    from codepush.server.services.change import Change, Changes
    from codepush.server.services.packages.diffs import Diffs
    from codepush.server.services.packages.links import Links
    from codepush.server.services.releasing.contents import Contents
    from codepush.server.services.releasing.idempotency import Receipt
    from codepush.server.tracing import Spans

__all__ = ["Performed", "Releases"]

_IDENTICAL_RELEASE: Final = (
    "The uploaded package was not released because it is identical to the contents of the specified deployment's "
    "current release."
)
_IDENTICAL_PROMOTE: Final = (
    "The uploaded package was not promoted because it is identical to the contents of the targeted deployment's "
    "current release."
)
_UNFINISHED_RELEASE: Final = "Please update the previous release to 100% rollout before releasing a new package."
_UNFINISHED_PROMOTE: Final = "Cannot promote to an unfinished rollout release unless it is already disabled."
_NOTHING_TO_PROMOTE: Final = "Cannot promote from a deployment with no enabled releases."


_NOTED: Final = 50
"""Number of cleared releases that the audit line lists."""


class Performed(NamedTuple):
    """The release that an action created or changed, and its new rollout plan."""

    release: ReleaseRecord
    plan: RolloutPlan | None = None


class Releases:
    """Actions on the releases of deployments.

    Args:
        store: The records.
        changes: Opens changes.
        contents: Stores uploads.
        links: Builds download URLs.
        diffs: Selects the diffs that a release needs.
        spans: Creates a span for each stage.

    """

    def __init__(
        self, store: Store, changes: Changes, contents: Contents, links: Links, diffs: Diffs, *, spans: Spans = NO_SPANS
    ) -> None:
        self._store = store
        self._changes = changes
        self._contents = contents
        self._links = links
        self._diffs = diffs
        self._spans = spans

    async def check_may_release(self, caller: Caller, app_name: str, deployment_name: str) -> None:
        """Check that an account may release to a deployment; that suffices to return a recorded response.

        Raises:
            NotFoundError: The account has no such app, or the app no such deployment.
            ForbiddenError: The account may not release to the app.

        """
        async with self._store.read() as records:
            await find_deployment(records, caller, app_name, deployment_name, "release")

    async def check_can_release(self, caller: Caller, app_name: str, deployment_name: str) -> None:
        """Check that an account can release to a deployment now, before an upload.

        Raises:
            NotFoundError, ForbiddenError: As in `check_may_release`.
            ConflictError: The rollout of the deployment's newest release is unfinished.

        """
        async with self._store.read() as records:
            await _releasable(records, caller, app_name, deployment_name)

    async def release(
        self,
        caller: Caller,
        app_name: str,
        deployment_name: str,
        upload: Path,
        info: PackageInfo,
        *,
        plan: RolloutPlan | NoPlan | None = None,
        receipt: Receipt | None = None,
    ) -> Package:
        """Release an uploaded file: a zip archive, or a single file as it is.

        The rules are checked before the archive is read, so that a rejection comes early, and again in the
        transaction, since another release may have been faster.

        Args:
            caller: The caller.
            app_name: The app.
            deployment_name: The deployment.
            upload: The file.
            info: The settings; ``app_version`` is required.
            plan: The rollout plan; ``None``: the default plan of the deployment, if there is one.
            receipt: Called with the release before it is committed, which it can still prevent.

        Raises:
            InvalidError: The archive is unsafe, damaged, empty, or unsuitable for the system of the app.
            NotFoundError: The caller has no such app, or the app no such deployment.
            ForbiddenError: The caller may not release to the app.
            ConflictError: A rollout is unfinished, or the content is released there already.

        """
        async with self._store.read() as records:
            app, _ = await _releasable(records, caller, app_name, deployment_name)
        content = await self._contents.store(upload, account_id=caller.account.id, app_os=app.os)
        is_in_use = await self._restore(caller, app, content)
        action = Release(app=app_name, deployment=deployment_name, info=info, content=content, plan=plan)
        try:
            with self._spans.span("release.commit"):
                async with self._changes.by(caller) as change:
                    performed = await self._release(change, action)
                    package = await self._answer(change, performed, receipt)
        except (AlreadyExistsError, ServiceError):
            if not is_in_use:
                await self._contents.discard(content)  # the transaction was rolled back: nothing refers to it
            raise
        if performed.release.blob_id != content.blob_id:
            await self._contents.discard(content)  # the app had this content already
        return package

    async def _restore(self, caller: Caller, app: AppRecord, content: Content) -> bool:
        """Replace a lost archive of the same content by this one; return whether there was one."""
        async with self._store.read() as records:
            lost = await self._contents.lost(records, app.id, content)
        if lost is None:
            return False
        try:
            async with self._changes.by(caller) as change:
                await self._contents.replace(change, lost, content)
        except MissingError:  # another release was faster
            return False
        return True

    @overload
    async def run(self, caller: Caller, action: Promote | Rollback, *, receipt: Receipt | None = None) -> Package: ...

    @overload
    async def run(self, caller: Caller, action: Patch | Clear) -> Package | None: ...

    async def run(self, caller: Caller, action: ReleaseAction, *, receipt: Receipt | None = None) -> Package | None:
        """Perform an action as a separate change.

        Args:
            caller: The caller.
            action: The action.
            receipt: Called with the release before it is committed, which it can still prevent.

        Returns:
            The release that the action created or changed; ``None`` if it changed nothing, or cleared a deployment.

        Raises:
            ServiceError: As in `perform`.

        """
        async with self._changes.by(caller) as change:
            performed = await self.perform(change, action)
            return None if performed is None else await self._answer(change, performed, receipt)

    async def perform(self, change: Change, action: ReleaseAction) -> Performed | None:
        """Perform an action within a change; return the created or changed release, if any, with its plan.

        Raises:
            NotFoundError: The caller has no such app, the app no such deployment, or the deployment no such release.
            ForbiddenError: The caller lacks the permission for the action.
            ConflictError: The state of the deployment does not allow the action.

        """
        match action:
            case Release():
                return await self._release(change, action)
            case Promote():
                return await self._promote(change, action)
            case Rollback():
                return await self._rollback(change, action)
            case Patch():
                return await self._patch(change, action)
            case Clear():
                await self._clear(change, action)
                return None

    async def _release(self, change: Change, action: Release) -> Performed:
        deployment = await change.deployment(action.app, action.deployment, "release")
        history = await _locked_history(change, deployment)
        _refuse_unfinished(_pick(history, None), _UNFINISHED_RELEASE)
        app_version = action.info.app_version or ""
        self._refuse_identical(history, app_version, action.content.package_hash, _IDENTICAL_RELEASE)
        package = await self._contents.record(change, deployment.app_id, action.content)
        release = NewRelease(
            **settings(action.info) | {"app_version": app_version},
            package_id=package.id,
            upload_time=change.at,
            release_method="Upload",
            released_by=change.caller.actor,
        )
        return await self._add(change, deployment, history, release, _plan(deployment, release, action.plan))

    async def _promote(self, change: Change, action: Promote) -> Performed:
        app = await change.app(action.app, "promote")
        source = await deployment_of(change.records, app, action.source)
        destination = await deployment_of(change.records, app, action.destination)
        await change.records.deployments.lock(destination.id)
        promoted = _pick(await change.records.releases.history(source.id), action.info.label)
        if promoted is None:
            raise NotFoundError(_NOTHING_TO_PROMOTE, code="nothing_to_promote")
        history = await change.records.releases.history(destination.id)
        _refuse_unfinished(_pick(history, None), _UNFINISHED_PROMOTE)
        self._refuse_identical(history, promoted.app_version, promoted.package_hash, _IDENTICAL_PROMOTE)
        release = NewRelease(
            **overridden(promoted, action.info) | {"rollout": action.info.rollout},
            package_id=promoted.package_id,
            upload_time=change.at,
            release_method="Promote",
            original_label=labels.label(promoted.number),
            original_deployment=action.source,
            released_by=change.caller.actor,
        )
        return await self._add(change, destination, history, release, _plan(destination, release, action.plan))

    async def _rollback(self, change: Change, action: Rollback) -> Performed:
        deployment = await change.deployment(action.app, action.deployment, "rollback")
        history = await _locked_history(change, deployment)
        repeated = rollbacks.target(history, action.label)
        release = NewRelease(
            **settings(repeated) | {"rollout": None},
            package_id=repeated.package_id,
            upload_time=change.at,
            release_method="Rollback",
            original_label=labels.label(repeated.number),
            released_by=change.caller.actor,
        )
        return await self._add(change, deployment, history, release)

    async def _patch(self, change: Change, action: Patch) -> Performed | None:
        deployment = await change.deployment(action.app, action.deployment, "patch_release")
        before = _patchable(await _locked_history(change, deployment), action.info.label)
        wanted = overridden(before, action.info) | {"rollout": _patched_rollout(before.rollout, action.info.rollout)}
        after = msgspec.structs.replace(before, **wanted)
        if after == before:
            return None
        await change.records.releases.update(deployment.id, after)
        await change.note("release.patch", deployment, before=before, after=after)
        change.touches(deployment.id)
        await steps.follow(change, deployment, before, after)
        return Performed(after)

    async def _clear(self, change: Change, action: Clear) -> None:
        deployment = await change.deployment(action.app, action.deployment, "clear_history")
        cleared = await change.records.releases.history(deployment.id)
        await change.records.releases.clear(deployment.id)
        await change.records.rollouts.clear(deployment.id)
        await change.records.devices.clear(deployment.id)
        await change.records.trials.clear(deployment.id)
        await change.note("deployment.clear", deployment, before=_summary(cleared))
        change.touches(deployment.id)

    def _refuse_identical(
        self, history: Sequence[ReleaseRecord], app_version: str, package_hash: str, sentence: str
    ) -> None:
        current = duplicates.current_hash([self._links.package(release) for release in history], app_version)
        if current == package_hash:
            raise ConflictError(sentence, code="identical_package")

    async def _add(
        self,
        change: Change,
        deployment: DeploymentRecord,
        history: Sequence[ReleaseRecord],
        release: NewRelease,
        plan: RolloutPlan | None = None,
    ) -> Performed:
        """Record a release after a history, with its rollout and the jobs that build diffs to it."""
        if plan is not None:
            release = msgspec.structs.replace(release, **steps.first_settings(plan, at=change.at))
        await steps.supersede(change, deployment, history, release.app_version)
        added = await change.records.releases.add(deployment.id, release)
        packages = [self._links.package(one) for one in (*history, added)]
        await self._diffs.queue(change.records, deployment.app_id, release.package_id, packages)
        await change.note(f"release.{release.release_method.lower()}", deployment, after=added)
        change.touches(deployment.id)
        if plan is not None:
            await steps.add(change, deployment, (*history, added), added, plan)
        return Performed(added, plan)

    async def _answer(self, change: Change, performed: Performed, receipt: Receipt | None) -> Package:
        """Return the release that an action created or changed, after calling the receipt with it."""
        package = msgspec.structs.replace(self._links.package(performed.release), rollout_plan=performed.plan)
        if receipt is not None:
            await receipt(change.records, package)
        return package


def _plan(deployment: DeploymentRecord, release: NewRelease, wanted: RolloutPlan | NoPlan | None) -> RolloutPlan | None:
    """Return the plan of a new release: the requested one, or else the default plan of the deployment."""
    if wanted is None and deployment.default_plan is not None:
        return plans.for_release_at(deployment.default_plan, release.rollout)
    return wanted if isinstance(wanted, RolloutPlan) else None


def _summary(history: Sequence[ReleaseRecord]) -> dict[str, object]:
    """Return the fields of cleared releases for the audit trail: their number, and the newest ones."""
    return {
        "releases": len(history),
        "newest": [
            {"label": labels.label(one.number), "packageHash": one.package_hash, **settings(one)}
            for one in history[-_NOTED:]
        ],
    }


async def _locked_history(change: Change, deployment: DeploymentRecord) -> Sequence[ReleaseRecord]:
    await change.records.deployments.lock(deployment.id)
    return await change.records.releases.history(deployment.id)


async def _releasable(
    records: Records, caller: Caller, app_name: str, deployment_name: str
) -> tuple[AppRecord, DeploymentRecord]:
    """Return an app and its deployment that can receive a release; raise as `Releases.check_can_release` does."""
    app, deployment = await find_deployment(records, caller, app_name, deployment_name, "release")
    latest = await records.releases.latest([deployment.id])
    _refuse_unfinished(latest.get(deployment.id), _UNFINISHED_RELEASE)
    return app, deployment


def _refuse_unfinished(latest: ReleaseRecord | None, sentence: str) -> None:
    if latest is None or latest.is_disabled or latest.is_held:
        return
    if rollout.is_unfinished(latest.rollout):
        raise ConflictError(sentence, code="unfinished_rollout")


def _pick(history: Sequence[ReleaseRecord], label: str | None) -> ReleaseRecord | None:
    """Return the release with this label; by default the newest one."""
    if label is None:
        return history[-1] if history else None
    return next((release for release in history if labels.label(release.number) == label), None)


def _patchable(history: Sequence[ReleaseRecord], label: str | None) -> ReleaseRecord:
    if not history:
        raise NotFoundError("Deployment has no releases.", code="no_releases")
    release = _pick(history, label)
    if release is None:
        raise NotFoundError("Release not found for given label.", code="release_not_found", field="label")
    return release


def _patched_rollout(current: int | None, wanted: int | None) -> int | None:
    """Return the rollout after a patch: it can only grow; ``None`` for a complete one."""
    if wanted is None:
        return current
    if not rollout.is_unfinished(current) or current is None:
        raise ConflictError(
            "Cannot update rollout value for a completed rollout release.", code="rollout_complete", field="rollout"
        )
    if wanted <= current:
        raise ConflictError(
            f'Rollout value must be greater than "{current}", the existing value.',
            code="rollout_not_greater",
            field="rollout",
        )
    return None if wanted == COMPLETE_ROLLOUT else wanted
