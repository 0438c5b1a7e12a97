"""``codepush server check``: what is lost, damaged or inconsistent is named; what is not, is not."""

import hashlib
import json
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import anyio
import pytest

from codepush.server import operations
from codepush.testing import live_server
from support.populated import change, check, stored
from support.stores import wait_for_jobs

COMMAND = [str(Path(sys.executable).with_name("codepush")), "server", "check"]


def test_what_is_in_order(populated):
    """Nothing is found in data that nobody tampered with, and nothing is changed."""
    findings = check(populated)
    assert (findings.problems, findings.orphans) == ((), ())
    assert findings.counts["packages"] == 4
    assert findings.counts["diffs"] >= 2


@pytest.mark.parametrize("deep", [True, False])
def test_a_lost_package(populated, deep):
    """Every release of it is named."""
    stored(populated, package_of(populated, 3)).unlink()
    [problem] = check(populated, deep=deep).problems
    assert problem.kind == "package_missing"
    assert problem.subject == "Shop/Fixed v3, Shop/Production v1"
    assert "is missing. Release the same content again" in problem.message


def test_a_package_in_which_a_bit_has_flipped(populated):
    """It has its size, so that only reading it tells."""
    flip(stored(populated, package_of(populated, 2)))
    assert check(populated, deep=False).problems == ()
    [problem] = check(populated).problems
    assert (problem.kind, problem.subject) == ("package_damaged", "Shop/Fixed v2")


def test_a_package_that_was_cut_off(populated):
    """A quick look at its size is enough."""
    os.truncate(stored(populated, package_of(populated, 2)), 100)
    [problem] = check(populated, deep=False).problems
    assert "it has 100 bytes instead of" in problem.message


def test_a_package_with_another_content_under_its_checksum(populated):
    """Even if whoever exchanged it exchanged the checksum too, the package hash gives it away."""
    two, three = package_of(populated, 2), package_of(populated, 3)
    stored(populated, two).write_bytes(stored(populated, three).read_bytes())
    change(
        populated,
        "UPDATE blobs SET (size, sha256) = (SELECT size, sha256 FROM blobs WHERE id = ?) WHERE id = ?",
        three,
        two,
    )
    assert ("package_damaged", "Shop/Fixed v2") in kinds(check(populated))


def test_a_lost_and_a_damaged_diff(populated):
    """Each is named with what it leads to and from."""
    (lost, lost_hash), (damaged, damaged_hash) = diffs_to(populated, 3)
    stored(populated, lost).unlink()
    flip(stored(populated, damaged))
    assert sorted(kinds(check(populated))) == [
        ("diff_damaged", f"Shop/Fixed v3, Shop/Production v1 from {damaged_hash}"),
        ("diff_missing", f"Shop/Fixed v3, Shop/Production v1 from {lost_hash}"),
    ]


def test_lost_diffs_are_made_again(populated, updated_phone):
    """Until then phones get the whole package; with --repair nothing is wrong any more, and the remains can go."""
    for diff, _ in diffs_to(populated, 3):
        stored(populated, diff).unlink()
    findings = check(populated, repair=True)
    assert [problem.repaired for problem in findings.problems] == [True, True]
    assert findings.ok
    assert check(populated).problems == ()
    assert diffs_to(populated, 3) == []
    with live_server(populated.data) as server:
        wait_for_jobs(server.settings)
        assert len(diffs_to(populated, 3)) == 2
        phone = updated_phone(server.url)
        phone.sync()
        assert phone.restart().label == "v3"
    anyio.run(lambda: operations.clean(populated, retired_days=30, dry_run=False))
    findings = check(populated)
    assert (findings.problems, findings.orphans) == ((), ())


def test_a_diff_that_leads_elsewhere(populated):
    """An archive that is whole, and whose checksum is right, is still followed to its end."""
    (diff, old_hash), _ = diffs_to(populated, 3)
    with zipfile.ZipFile(stored(populated, diff), "w") as archive:
        archive.writestr("hotcodepush.json", '{"deletedFiles":[]}')
        archive.writestr("CodePush/index.android.bundle", "console.log('elsewhere')")
    describe_anew(populated, diff)
    [problem] = check(populated).problems
    assert (problem.kind, problem.subject) == ("diff_wrong", f"Shop/Fixed v3, Shop/Production v1 from {old_hash}")


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_gap_in_the_labels(populated, number):
    """A release that has vanished is noticed, be it the first, the last or one between."""
    change(populated, "DELETE FROM releases WHERE number = ? AND deployment_id = ?", number, fixed(populated))
    [problem] = check(populated).problems
    assert (problem.kind, problem.subject) == ("label_gap", "Shop/Fixed")
    assert "they should be all from v1 to v3" in problem.message


def test_a_counter_that_does_not_agree_with_the_devices(populated):
    """One device runs v2; a counter that says two is wrong, and so is a device that nobody counts."""
    change(populated, "UPDATE counters SET value = 2 WHERE kind = 'active' AND subject = 'v2'")
    [problem] = check(populated).problems
    assert (problem.kind, problem.subject) == ("counter_wrong", "Shop/Fixed v2")
    change(populated, "DELETE FROM counters WHERE kind = 'active' AND subject = 'v2'")
    [problem] = check(populated).problems
    assert "counts 0 active devices on v2, but stores 1" in problem.message


def test_orphans(populated):
    """An archive that nothing points to is no problem, and named once it is a day old."""
    for blob_id, hours in (("young-0123456789-abc", 1), ("old-0123456789-abcde", 25)):
        path = stored(populated, blob_id)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"orphan")
        os.utime(path, (time.time() - hours * 3600,) * 2)
    findings = check(populated)
    assert (findings.problems, findings.orphans) == ((), ("old-0123456789-abcde",))


def test_the_command(populated):
    """Exit code 0 and a sentence, or 1 and what is wrong; the same as JSON."""
    place = ["--data", str(populated.data)]
    done = subprocess.run([*COMMAND, *place], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("no problems.\n")
    stored(populated, package_of(populated, 2)).unlink()
    done = subprocess.run([*COMMAND, *place, "--quick"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "of Shop/Fixed v2 is missing." in done.stdout
    done = subprocess.run([*COMMAND, *place, "--json"], capture_output=True, text=True, check=False)
    shown = json.loads(done.stdout)
    assert (done.returncode, shown["ok"], shown["orphans"]) == (1, False, [])
    assert [(problem["kind"], problem["subject"]) for problem in shown["problems"]] == [
        ("package_missing", "Shop/Fixed v2")
    ]


def test_a_database_that_is_not_there(tmp_path):
    """None is made by looking for one."""
    done = subprocess.run([*COMMAND, "--data", str(tmp_path / "nowhere")], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "There is no database" in done.stderr
    assert not (tmp_path / "nowhere").exists()


def fixed(place):
    [(deployment_id,)] = change(place, "SELECT id FROM deployments WHERE name = 'Fixed'")
    return deployment_id


def package_of(place, number):
    query = (
        "SELECT p.blob_id FROM releases r JOIN packages p ON p.id = r.package_id WHERE number = ? AND deployment_id = ?"
    )
    [(blob_id,)] = change(place, query, number, fixed(place))
    return blob_id


def diffs_to(place, number):
    query = (
        "SELECT d.blob_id, d.old_hash FROM releases r JOIN diffs d ON d.package_id = r.package_id "
        "WHERE number = ? AND deployment_id = ? AND d.blob_id IS NOT NULL"
    )
    return change(place, query, number, fixed(place))


def describe_anew(place, blob_id):
    content = stored(place, blob_id).read_bytes()
    values = len(content), hashlib.sha256(content).hexdigest()
    change(place, "UPDATE blobs SET size = ?, sha256 = ? WHERE id = ?", *values, blob_id)


def kinds(findings):
    return [(problem.kind, problem.subject) for problem in findings.problems]


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
