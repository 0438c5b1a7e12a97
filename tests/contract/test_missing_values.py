"""Missing and empty parameters of update checks: every parameter, in both spellings, on both paths, against Node."""

import json
import subprocess
from itertools import product
from types import MappingProxyType

import pytest

from codepush.models import DiffPackage, Package
from codepush.server.ports.histories import DeploymentHistory
from codepush.wire import acquisition
from contract.test_update_check_routes import RecordedHistories
from support.fast_path_parity import UpdateCheckPath

pytestmark = pytest.mark.anyio

KEY = "a-deployment-key"
SPELLINGS = MappingProxyType(
    {
        "deployment_key": "deploymentKey",
        "app_version": "appVersion",
        "package_hash": "packageHash",
        "is_companion": "isCompanion",
        "client_unique_id": "clientUniqueId",
    }
)
GOOD = MappingProxyType(
    {
        "deployment_key": KEY,
        "app_version": "1.0.0",
        "package_hash": "hash2",
        "is_companion": "true",
        "client_unique_id": "device",
    }
)
"""A value of each parameter that makes a difference."""


def a_release(number, **fields):
    return Package(
        app_version=fields.pop("app_version", "*"),
        package_hash=f"hash{number}",
        label=f"v{number}",
        blob_url=f"http://h/{number}",
        size=number,
        **fields,
    )


HISTORY = (
    a_release(1, is_mandatory=True),
    a_release(2),
    a_release(3, diff_package_map={"hash2": DiffPackage(size=7, url="http://h/diff")}),
    a_release(4, app_version="1.0.0 || 9.0.0", rollout=99),
)


def query(name, camel, snake, **others):
    """Return a query with a parameter in two spellings, each present (its value), empty or absent (None)."""
    sent = [(SPELLINGS[name], camel), (name, snake)]
    sent += [(other, value) for other, value in others.items() if other != name]
    return "&".join(f"{key}={value}" for key, value in sent if value is not None)


def in_javascript(pairs):
    """Return what Node makes of ``String(a || b)``; ``None`` stands for ``undefined``."""
    script = (
        "const given = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        "const text = ([a, b]) => String((a === null ? undefined : a) || (b === null ? undefined : b));"
        "console.log(JSON.stringify(given.map(text)))"
    )
    done = subprocess.run(["node", "-e", script], input=json.dumps(pairs), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


async def both_paths():
    """Return both paths to one history, which is in memory."""
    made = []
    for fast in (True, False):
        histories = RecordedHistories([])
        histories.histories = {KEY: DeploymentHistory(deployment_id=1, revision=1, packages=HISTORY)}
        made.append(UpdateCheckPath(histories, fast=fast))
        await made[-1].updates.find(KEY)
    return made


async def asked(path, parameters, target="/updateCheck"):
    """Return the response to a check, twice on one connection: the second can come from memory."""
    request = f"GET {target}?{parameters} HTTP/1.1\r\nHost: h\r\n\r\n".encode()
    first, second = [(await path.talk([request]))[0] for _ in range(2)]
    assert first == second
    return first


@pytest.mark.parametrize("name", SPELLINGS)
@pytest.mark.parametrize("label", [None, "", "v2"])
async def test_each_parameter_is_what_javascript_makes_of_it(name, label):
    """All nine combinations get the response to the value that JavaScript has, sent plainly in one spelling."""
    fast, standard = await both_paths()
    pairs = list(product((GOOD[name], "", None), repeat=2))
    others = {**GOOD, "label": label}
    for (camel, snake), value in zip(pairs, in_javascript(pairs), strict=True):
        wanted = await asked(standard, query(name, None, value, **others))
        for last in (False, True):  # the device's id can stand at the end, where the fast path leaves it out
            sent = query(name, camel, snake, **others)
            parameters = "&".join(reversed(sent.split("&"))) if last else sent
            assert await asked(fast, parameters) == wanted, (camel, snake, value)
            assert await asked(standard, parameters) == wanted, (camel, snake, value)


@pytest.mark.parametrize("spelling", ["client_unique_id", "clientUniqueId"])
async def test_an_empty_device_id_after_a_remembered_line(spelling):
    """A line that was remembered with another device's id is not taken for one with an empty id."""
    fast, standard = await both_paths()
    line = f"deployment_key={KEY}&app_version=1.0.0&{spelling}="
    for device in ("device", "", "another", ""):
        assert await asked(fast, line + device) == await asked(standard, line + device)
    selected = b'"label":"v4"' in await asked(fast, line)
    assert selected is (spelling == "clientUniqueId")  # "undefined" has a place below 99; the empty id has none


async def test_both_spellings_of_the_device_id():
    """The camelCase id decides wherever it stands, also after a line with the same beginning."""
    fast, standard = await both_paths()
    beginning = f"deployment_key={KEY}&app_version=1.0.0"
    for camel, snake in product(("device", "2", ""), ("device", "3", "")):
        for pair in ((f"clientUniqueId={camel}", f"client_unique_id={snake}"),):
            for parameters in ("&".join((beginning, *pair)), "&".join((beginning, *reversed(pair)))):
                assert await asked(fast, parameters) == await asked(standard, parameters)


def test_a_literal_undefined_is_the_same_as_a_missing_value():
    """Node's string for a missing value is the one that the rules use."""
    assert in_javascript([[None, None], ["", None], [None, ""], ["", ""], ["a", ""], ["", "b"]]) == [
        *("undefined", "undefined", "", "", "a", "b")
    ]
    assert acquisition.read_check([("packageHash", "")]).package_hash is None
    assert not acquisition.read_check([("package_hash", "")]).package_hash
