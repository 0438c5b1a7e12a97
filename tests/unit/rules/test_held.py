"""Held releases and stopped deployments: what devices are offered, and why."""

import random

import pytest
from msgspec.structs import replace

from codepush.models import UpdateInfo
from codepush.rules import selection, semver
from codepush.rules.explanation import consider
from support.held_releases import Histories, as_seen_by
from unit.rules.test_selection import check, device_with, history, release


def on(number, **fields):
    """Return the check of a device that runs ``v<number>``."""
    return check(**{"label": f"v{number}", "package_hash": f"h{number}"} | fields)


def offered(releases, asked):
    return selection.answer(history(*releases), asked).label


def test_only_devices_that_run_it_keep_a_held_release():
    """They get no update; all others get the release before, as if it were disabled."""
    releases = release(1), release(2, rollout=50, is_held=True)
    told = selection.answer(history(*releases), on(2))
    assert (told.is_available, told.should_run_binary_version) == (False, False)
    for place in map(str, range(20)):
        assert offered(releases, check(client_unique_id=place)) == "v1"
        assert offered(releases, on(1, client_unique_id=place)) == ""


def test_who_runs_it_gets_the_next_release():
    """A newer release for the device's version is offered; one for another version is not."""
    releases = release(1), release(2, is_held=True)
    assert offered([*releases, release(3)], on(2)) == "v3"
    assert offered([*releases, release(3, app_version="2.0.0")], on(2)) == ""


def test_a_newer_rollout_takes_no_device_back():
    """A device that the newer rollout leaves out stays on the held release, whose own rollout is complete by then."""
    releases = release(1), release(2, is_held=True), release(3, rollout=30)
    outside = device_with(selected=False, percent=30, label="v3")
    inside = device_with(selected=True, percent=30, label="v3")
    assert offered(releases, on(2, client_unique_id=outside)) == ""
    assert offered(releases, on(2, client_unique_id=inside)) == "v3"
    assert offered(releases, on(1, client_unique_id=outside)) == ""
    assert offered(releases, check(client_unique_id=outside)) == "v1"


def test_a_held_release_that_is_disabled_is_disabled_for_all():
    """Devices that run it go back."""
    assert offered([release(1), release(2, is_held=True, is_disabled=True)], on(2)) == "v1"


def test_a_held_mandatory_release_escalates_no_offer():
    """Skipping it makes no update mandatory, since to other devices it is not there."""
    releases = release(1), release(2, is_mandatory=True, is_held=True), release(3)
    assert selection.answer(history(*releases), on(1)).is_mandatory is None
    unheld = [replace(one, is_held=False) for one in releases]
    assert selection.answer(history(*unheld), on(1)).is_mandatory is True


def test_a_held_release_does_not_fit_other_versions():
    """A device that runs it on another binary version gets what is for that version."""
    releases = release(1), release(2, app_version="2.0.0", is_held=True)
    assert offered(releases, on(2, app_version="1.0.0")) == "v1"
    assert offered(releases, on(2, app_version="2.0.0")) == ""


def test_a_package_that_was_released_again_is_held_only_there():
    """The same package under an older label is offered; the held label counts for the devices that run the package."""
    releases = release(1), release(2), release(3, package_hash="h1", is_held=True)
    assert offered(releases, check()) == "v2"
    assert offered(releases, on(1)) == ""
    assert offered([*releases[::2], releases[1]], on(1)) == "v2"


@pytest.mark.parametrize("seed", range(10))
def test_held_releases_against_a_model(seed):
    """Devices that run it see a held release as a finished one, all others as a disabled one, in 3,000 histories."""
    source = random.Random(seed)
    histories, told, wrong = Histories(source), set(), []
    for _ in range(300):
        releases = histories.history()
        prepared = selection.candidates(releases)
        for _ in range(10):
            asked = histories.check(releases)
            found = _answer(prepared, asked)
            model = _answer(selection.candidates(as_seen_by(releases, asked.package_hash)), asked)
            told.add(found)
            if found != model:
                wrong.append((releases, asked, found, model))
    assert wrong[:1] == []
    assert len(told) > 100


def _answer(prepared, asked):
    try:
        return selection.answer(prepared, asked)
    except ValueError as error:  # the target of the latest release is not a version
        return str(error)


@pytest.mark.parametrize("seed", range(4))
def test_reasons_and_decisions_agree(seed):
    """What is said to be chosen is what is offered, and a release that is held for others has that verdict."""
    histories, seen = Histories(random.Random(seed)), set()
    for _ in range(500):
        releases = histories.history()
        asked = histories.check(releases)
        told = _answer(selection.candidates(releases), asked)
        considered = consider(releases, asked)
        seen |= {one.verdict for one in considered}
        chosen = [one.release.label for one in considered if one.verdict == "chosen"]
        if not isinstance(told, str):
            assert chosen == [told.label] * told.is_available
    assert seen == {"chosen", "runs_already", "disabled", "held", "other_version", "held_back", "older"}


def test_a_stopped_deployment_offers_nothing():
    """Every check gets no update, and no device is sent back to the store's binary; a malformed one is an error."""
    histories = Histories(random.Random(0))
    for _ in range(200):
        releases = histories.history()
        asked = histories.check(releases)
        stopped = selection.candidates(releases, is_stopped=True)
        assert selection.answer(stopped, asked) == UpdateInfo(is_available=False, should_run_binary_version=False)
        assert {one.verdict for one in consider(releases, asked, is_stopped=True)} == {"stopped"}
    with pytest.raises(ValueError, match="Invalid version"):
        selection.answer(stopped, check(app_version="one"))


def test_a_held_release_costs_one_comparison(monkeypatch):
    """Of many held releases, a check looks at those that the device runs only, and only once for like versions."""
    releases = [release(number, app_version=f"~1.{number}", is_held=number < 500) for number in range(1, 520)]
    prepared = history(*releases)
    compared = []
    contains = semver.Range.contains
    monkeypatch.setattr(semver.Range, "contains", lambda one, version: compared.append(one) or contains(one, version))
    assert offered_by(prepared, on(400, app_version="1.400.5")) == ""
    assert len(compared) <= 25
    compared.clear()
    assert offered_by(prepared, on(400, app_version="1.400.6")) == ""
    assert len(compared) <= 3


def offered_by(prepared, asked):
    return selection.answer(prepared, asked).label
