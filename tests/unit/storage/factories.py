"""Records to test with: only what a test is about has to be said."""

import time
from itertools import count

import anyio
import msgspec
import pytest

from codepush.server.ports.blobs import BlobRecord
from codepush.server.ports.deployments import DeploymentRecord
from codepush.server.ports.devices import DeviceRecord
from codepush.server.ports.errors import UnavailableError
from codepush.server.ports.packages import PackageRecord
from codepush.server.ports.releases import NewRelease

_numbers = count(1)


class Ground(msgspec.Struct, frozen=True):
    """An account with an app, a deployment of it and a package to release there."""

    account_id: int
    app_id: int
    deployment: DeploymentRecord
    package: PackageRecord


async def lay_ground(store):
    """Record a `Ground` of its own and return it."""
    async with store.write() as records:
        account_id = await add_account(records)
        app_id = await add_app(records, account_id)
        deployment = await add_deployment(records, app_id)
        package = await add_package(records, app_id)
    return Ground(account_id, app_id, deployment, package)


async def seconds_to_give_up(store, *, writers):
    """Return after how many seconds the last of several writers that come at once found the store unavailable."""
    began = time.monotonic()
    async with anyio.create_task_group() as group:
        for _ in range(writers):
            group.start_soon(expect_unavailable, store)
    return time.monotonic() - began


async def expect_unavailable(store):
    with pytest.raises(UnavailableError):
        await lay_ground(store)


async def add_account(records, email=None):
    account = await records.accounts.add(email=email or unique("ada") + "@example.com", name="Ada", created_at=1)
    return account.id


async def add_app(records, owner_id, name=None):
    return await records.apps.add(
        owner_id=owner_id, name=name or unique("app"), os="iOS", platform="React-Native", created_at=1
    )


async def add_deployment(records, app_id, name=None, key=None):
    return await records.deployments.add(
        app_id=app_id,
        name=name or unique("Staging"),
        key=key or unique("deployment-key-"),
        device_key=b"\0\xff",
        created_at=1,
    )


async def add_package(records, app_id, package_hash=None, blob_id=None):
    return await records.packages.add(
        app_id=app_id,
        package_hash=package_hash or unique("hash"),
        manifest=b'{"a":"b"}',
        index=b"[]",
        blob=a_blob(blob_id),
        created_at=1,
    )


async def release_labels(store, deployment_id, package_id, count):
    """Release so many times the same package, so that reports may name its labels."""
    async with store.write() as records:
        for _ in range(count):
            await records.releases.add(deployment_id, a_release_of(package_id))


def ran(subject, *devices):
    """Return devices that last ran a label or binary version, by name."""
    return dict.fromkeys(devices, DeviceRecord(subject, 1))


def a_blob(blob_id=None):
    return BlobRecord(id=blob_id or unique("blob-0123456789-"), size=1234, sha256="ab" * 32)


def a_release(package, **changes):
    return msgspec.structs.replace(a_release_of(package.id), **changes)


def a_release_of(package_id):
    return NewRelease(
        package_id=package_id,
        app_version="1.0.0",
        upload_time=1,
        release_method="Upload",
        released_by="ada@example.com",
    )


def unique(text):
    return f"{text}{next(_numbers)}"
