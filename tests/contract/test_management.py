"""Management requests over HTTP, against recorded sequences of the original's routes.

Each sequence starts from an empty server that has the recorded accounts. Every step must have the
recorded answer: status, address, type and body, but for the wanted differences, which are applied one
by one to what was recorded. Words in angle brackets stand for what differs from run to run.
"""

import base64
import json
import re
import shutil

import anyio
import pytest

from codepush.rules.validation import AccessKeyInfo
from codepush.server.assembly.parts import open_parts
from codepush.server.services.caller import operator
from codepush.server.settings import Settings
from contract.differences import MANAGEMENT
from support.serving import serving
from support.vectors import load

pytestmark = pytest.mark.anyio

RECORDING = load("history_ops")

SHORT_SECRETS = {
    secret
    for case in RECORDING["cases"]
    for step in case["steps"]
    if (step["method"], step["path"]) == ("POST", "/accessKeys")
    and (secret := (step.get("json") or {}).get("name"))
    and len(secret) < 32
}
"""Chosen access keys of the recording that are too short here, as ``tests/scenarios/test_access_attacks.py`` shows."""


def _with_longer_secrets(case):
    """Return a sequence with twice as long access keys in requests and answers, so that its other steps still count."""
    text = json.dumps(case)
    for secret in SHORT_SECRETS:
        text = text.replace(secret, secret * 2)
    return json.loads(text)


CASES = [_with_longer_secrets(case) for case in RECORDING["cases"]]
CONTENTS = {name: base64.b64decode(package["base64"]) for name, package in RECORDING["packages"].items()}

MASKS = {
    "<time>": lambda found: isinstance(found, int) and found > 1_600_000_000_000,
    "<url>": lambda found: re.fullmatch(r"http://codepush\.test/blobs/[\w-]+", found),
    "<key>": lambda found: re.fullmatch(r"[A-Za-z0-9_-]{10,100}", found),
    "<label>": lambda found: re.fullmatch(r"v[1-9][0-9]*", found),
    "<size>": lambda found: isinstance(found, int) and found > 0,
    "<email>": lambda found: found in RECORDING["accounts"].values(),
    "<complete>": lambda found: found in {None, 100},
    "<text>": lambda found: isinstance(found, str) and found,
    "<html error page>": lambda found: isinstance(found, str) and found,
    "<anything>": lambda _: True,
}


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    """Give a server's folder with the recorded accounts, and a key of each of them."""
    data = tmp_path_factory.mktemp("ground") / "data"
    return data, anyio.run(_lay_ground, Settings.load({"data": data}, {}))


async def _lay_ground(settings):
    keys = {}
    async with open_parts(settings) as parts:
        for name, email in RECORDING["accounts"].items():
            await parts.access.accounts.add(operator("setup"), email, name)
            _, added = await parts.access.accounts.add_key(
                operator("setup"), email, AccessKeyInfo(friendly_name=f"setup-{name}")
            )
            keys[name] = added.key
    return keys


async def test_every_recorded_sequence(ground, tmp_path):
    """Each request, in its sequence, gets the answer that is wanted."""
    data, keys = ground
    wrong, asked = [], 0
    for case in CASES:
        folder = tmp_path / str(case["id"])
        shutil.copytree(data, folder)
        async with serving(folder) as client:
            await _remove_first_keys(client, keys)
            for number, step in enumerate(case["steps"]):
                asked += 1
                found = _answer(await client.send(_request(client, step, keys)))
                expected = wanted(step, case["steps"][:number])
                if not agree(expected, found):
                    wrong.append({"case": case["id"], "step": number, "note": step.get("note"), **step["expect"]})
                    wrong[-1] |= {"wanted": expected, "found": found}
    assert asked
    assert not wrong, json.dumps(wrong[:3], indent=1, ensure_ascii=False)


async def _remove_first_keys(client, keys):
    """Leave each account with the recorded key only, and not the one that every new account gets."""
    for key in keys.values():
        answer = await client.delete("/accessKeys/first%20key", headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 204


def _request(client, step, keys):
    key = {"none": None, "bad": "unknown-key-of-nobody"}.get(step["as"], keys.get(step["as"]))
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    if "raw_body" in step:
        headers["Content-Type"] = "application/json"
    return client.build_request(
        step["method"],
        step["path"],
        headers=headers,
        json=step.get("json"),
        content=step.get("raw_body"),
        files=_parts(step["multipart"]) if "multipart" in step else None,
    )


def _parts(multipart):
    parts = []
    if (file := multipart.get("file")) is not None:
        name = RECORDING["packages"][file["package"]]["filename"]
        parts.append((file["field"], (name, CONTENTS[file["package"]], "application/octet-stream")))
    if "packageInfo" in multipart:
        parts.append(("packageInfo", (None, multipart["packageInfo"])))
    return parts


def _answer(response):
    answer = {
        "status": response.status_code,
        "location": response.headers.get("location"),
        "content_type": response.headers.get("content-type"),
    }
    is_json = (answer["content_type"] or "").startswith("application/json") and response.content
    return answer | ({"json": _without_diffs(response.json())} if is_json else {"text": response.text})


def _without_diffs(value):
    """Leave out diffs: they come when they are ready, from the background."""
    if isinstance(value, list):
        return [_without_diffs(item) for item in value]
    if not isinstance(value, dict):
        return value
    for diff in value.get("diffPackageMap", {}).values():
        assert MASKS["<url>"](diff["url"])
    return {name: _without_diffs(item) for name, item in value.items() if name != "diffPackageMap"}


def wanted(step, earlier):
    """Return the answer that is expected at a step: as recorded, changed by every difference that applies."""
    seen = {**step, "earlier": earlier, "contents": CONTENTS, "accounts": RECORDING["accounts"]}
    for rule in MANAGEMENT:
        if rule.applies(seen):
            seen = rule.wanted(seen)
    return seen["expect"]


def agree(expected, found):
    """Return whether an answer is as expected, where masks stand for any value of their kind."""
    if isinstance(expected, str) and expected in MASKS:
        return bool(MASKS[expected](found))
    if isinstance(expected, dict):
        return (
            isinstance(found, dict)
            and found.keys() == {name for name in expected if name in found or expected[name] != "<complete>"}
            and all(agree(value, found.get(name)) for name, value in expected.items())
        )
    if isinstance(expected, list):
        rest = expected[-1:] == ["<more>"]
        known = expected[: len(expected) - rest]
        return (
            isinstance(found, list)
            and (len(found) >= len(known) if rest else len(found) == len(known))
            and all(map(agree, known, found))
        )
    return type(expected) is type(found) and expected == found
