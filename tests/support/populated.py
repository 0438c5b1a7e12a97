"""A server's data with something of everything in it, made once and copied for each test."""

import os
import shutil
import sqlite3
from contextlib import closing

import anyio
import pytest

from codepush import PackageInfo
from codepush.device import SimulatedDevice
from codepush.server import operations
from codepush.server.settings import Settings
from codepush.testing import live_server
from support.packages import make_bundle
from support.stores import wait_for_jobs

SCRIPT = "".join(f"function f{n}(a) {{ return a * {n * 7919 % 1000} + g{n % 13}(a) }}\n" for n in range(3000))
"""Long and dull enough to be packed smaller at the best level."""


@pytest.fixture(scope="session")
def populated_template(tmp_path_factory):
    """Make the data: an app, three releases with diffs, one promoted, one of a file; a phone that has reported."""
    folder = tmp_path_factory.mktemp("populated")
    with live_server(folder / "data") as server, server.client() as client:
        server.add_account("ada@example.test")
        client.add_app("Shop")
        client.add_collaborator("Shop", "ada@example.test")
        key = client.add_deployment("Shop", "Fixed").key
        (folder / "key").write_text(key)
        phone = SimulatedDevice(folder / "phone", server_url=server.url, deployment_key=key, app_version="1.0.0")
        picture = os.urandom(50_000)
        for number in (1, 2, 3):
            bundle = make_bundle(folder / str(number), f"console.log({number})")
            (bundle / "picture.jpg").write_bytes(picture)
            (bundle / "vendor.js").write_text(SCRIPT)
            client.release("Shop", "Fixed", bundle, "1.0.0", PackageInfo(description=f"Größe {number}"))
            wait_for_jobs(server.settings)
            if number < 3:
                phone.sync()
                phone.restart()
                phone.report()
        client.promote("Shop", "Fixed", "Production", PackageInfo(rollout=25))
        script = folder / "main.jsbundle"
        script.write_text("console.log('alone')")
        client.release("Shop", "Staging", script, "^1.0.0", PackageInfo(is_mandatory=True))
        wait_for_jobs(server.settings)
    return folder


@pytest.fixture
def populated(populated_template, tmp_path):
    """Give the settings of a copy of the data, with no server on it."""
    shutil.copytree(populated_template / "data", tmp_path / "data")
    return settings(tmp_path / "data")


@pytest.fixture
def updated_phone(populated_template, tmp_path):
    """Give a maker of the phone that runs v2, at some server's address."""
    shutil.copytree(populated_template / "phone", tmp_path / "phone")
    key = (populated_template / "key").read_text()
    return lambda url: SimulatedDevice(tmp_path / "phone", server_url=url, deployment_key=key, app_version="1.0.0")


def settings(data, **flags):
    """Return the settings of a server's data."""
    return Settings.load({"data": data, **flags}, {})


def check(place, *, deep=True, repair=False):
    """Check a server's data."""
    return anyio.run(lambda: operations.check(place, deep=deep, repair=repair))


def change(place, statement, *values):
    """Change the database of a server behind its back."""
    with closing(sqlite3.connect(place.data / "codepush.db")) as connection, connection:
        return connection.execute(statement, values).fetchall()


def stored(place, blob_id):
    """Return the file of an archive."""
    return place.storage / blob_id[:2] / blob_id
