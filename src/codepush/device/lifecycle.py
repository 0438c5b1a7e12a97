"""State changes at installation and start. Pure functions: no files, no network.

An update is *pending* from its installation until the app notifies that it is ready. The start in
between marks it as loading. An update that is loading at the next start has crashed, so it is rolled
back, and never tried again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

from codepush.device import telemetry
from codepush.device.store import Pending, State

if TYPE_CHECKING:
    from codepush.device.packages import LocalUpdate

__all__ = ["installed", "notified", "started"]


def installed(state: State, package_hash: str) -> State:
    """Return the state with a package that runs from the next start on.

    The package that ran last is kept for a rollback; an update that never started is not.
    """
    pending = Pending(package_hash)
    if package_hash == state.current_package:
        return structs.replace(state, pending=pending)
    replaces_unstarted = state.pending is not None and not state.pending.is_loading
    previous = state.previous_package if replaces_unstarted else state.current_package
    return structs.replace(state, pending=pending, current_package=package_hash, previous_package=previous)


def started(
    state: State,
    *,
    current: LocalUpdate | None,
    previous: LocalUpdate | None,
    binary: tuple[str, str | None],
    deployment_key: str,
) -> State:
    """Return the state after the app's start, up to the moment its JavaScript runs.

    Args:
        state: The state before.
        current: The update that ``state.current_package`` means, ``None`` if there is none.
        previous: The same for ``state.previous_package``.
        binary: Version and package hash of the binary that is started.
        deployment_key: The app's own key.

    """
    state = structs.replace(state, is_notified=False, is_crashed=False, binary_version=binary[0], binary_hash=binary[1])
    if current is None:
        return structs.replace(state, running=None)
    if (current.app_version, current.binary_hash) != binary:
        return _without_updates(state)
    if state.pending is not None and state.pending.is_loading:
        state = _rolled_back(state, current, deployment_key)
        return started(state, current=previous, previous=None, binary=binary, deployment_key=deployment_key)
    if state.pending is not None:
        state = structs.replace(state, pending=structs.replace(state.pending, is_loading=True))
    return structs.replace(state, running=current.package_hash)


def notified(state: State) -> State:
    """Return the state after the app has notified that it is ready: nothing will be rolled back."""
    return structs.replace(state, is_notified=True, pending=None)


def _without_updates(state: State) -> State:
    """Delete all updates, including failed ones: they were for another binary."""
    return structs.replace(state, running=None, current_package=None, previous_package=None, pending=None, failed=())


def _rolled_back(state: State, failed: LocalUpdate, deployment_key: str) -> State:
    report = telemetry.roll_back_report(failed, client_unique_id=state.client_unique_id, deployment_key=deployment_key)
    return structs.replace(
        state,
        current_package=state.previous_package,
        previous_package=None,
        pending=None,
        failed=(*state.failed, failed.package_hash),
        rollback_report=report,
    )
