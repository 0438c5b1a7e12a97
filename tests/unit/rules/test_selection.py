"""The update decision, told in small stories."""

from typing import NamedTuple

import pytest
from hypothesis import given, strategies as st

from codepush.models import DiffPackage, Package, UpdateCheck
from codepush.rules import rollout, selection, semver


def release(number, **fields):
    """Return the release ``v<number>`` for every version, with hash ``h<number>``."""
    standard = {"app_version": "*", "package_hash": f"h{number}", "label": f"v{number}", "blob_url": f"/b{number}"}
    return Package(**standard | fields)


def history(*releases):
    return selection.candidates(releases)


def check(**fields):
    return UpdateCheck(**{"deployment_key": "key", "app_version": "1.0.0"} | fields)


def device_with(*, selected, percent, label):
    """Return the id of a device that is, or is not, selected."""
    numbers = (str(number) for number in range(1000))
    return next(one for one in numbers if rollout.is_selected(one, percent, label) is selected)


def test_the_newest_fitting_release_is_offered():
    """Of several releases for a phone's version, it is offered the newest; its own version is repeated exactly."""
    candidates = history(release(1), release(2), release(3, app_version="2.0.0"))
    told = selection.answer(candidates, check(label="v1", package_hash="h1"))
    assert (told.is_available, told.label, told.download_url, told.app_version) == (True, "v2", "/b2", "1.0.0")


def test_a_phone_on_the_newest_release_is_told_nothing_new():
    """The phone that runs what it would be offered gets no update."""
    told = selection.answer(history(release(1), release(2)), check(label="v2", package_hash="h2"))
    assert not told.is_available
    assert not told.should_run_binary_version


def test_a_mandatory_release_in_between_makes_the_offer_mandatory():
    """Who skips a mandatory release is offered the newest one as mandatory; who is past it is not."""
    candidates = history(release(1), release(2, is_mandatory=True), release(3, is_mandatory=False))
    assert selection.answer(candidates, check(label="v1", package_hash="h1")).is_mandatory
    assert not selection.answer(candidates, check(label="v2", package_hash="h2")).is_mandatory


@pytest.mark.parametrize(("label", "package_hash"), [(None, None), (None, ""), ("", None)])
def test_a_fresh_install_skips_the_whole_history(label, package_hash):
    """A device that leaves out its label or hash is behind every mandatory release there ever was."""
    candidates = history(release(1, is_mandatory=True), release(2))
    assert selection.answer(candidates, check(label=label, package_hash=package_hash)).is_mandatory


def test_a_device_with_empty_label_and_hash_counts_as_current():
    """A device that sends both empty skips no mandatory release, as in the original."""
    candidates = history(release(1, is_mandatory=True), release(2))
    assert not selection.answer(candidates, check(label="", package_hash="")).is_mandatory


def test_an_empty_device_id_is_in_no_rollout():
    """A device with an empty id gets the earlier release, at any percentage; one without an id has a place."""
    candidates = history(release(1), release(2, rollout=99))
    assert selection.answer(candidates, check(client_unique_id="")).label == "v1"
    assert selection.answer(candidates, check(client_unique_id=None)).label == "v2"


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({"label": "v1"}, 7),
        ({"label": "v9"}, 7),
        ({"label": None}, 100),
        ({"label": ""}, 100),
        ({"label": "undefined"}, 100),
        ({"label": "v1", "applies_diffs": False}, 100),
    ],
)
def test_a_diff_that_does_not_fit_a_store_build_is_for_releases_only(fields, size):
    """Without a label the device runs its store build: it gets the whole package, as does a client without diffs."""
    diff = DiffPackage(size=7, url="/d", fits_binary=False)
    candidates = history(release(1), release(2, size=100, diff_package_map={"h1": diff}))
    assert selection.answer(candidates, check(package_hash="h1", **fields)).package_size == size


def test_a_hash_finds_the_running_release_only_beside_an_empty_label():
    """With an empty label the hash tells where the phone is; without any label it does not. Phones rely on both."""
    candidates = history(release(1, is_mandatory=True), release(2), release(3))
    assert not selection.answer(candidates, check(label="", package_hash="h2")).is_mandatory
    assert selection.answer(candidates, check(label=None, package_hash="h2")).is_mandatory


def test_a_diff_is_offered_to_who_runs_its_base():
    """A diff from what the phone runs replaces the whole package, address and size."""
    diff = DiffPackage(size=7, url="/d")
    candidates = history(release(1), release(2, size=100, diff_package_map={"h1": diff}))
    assert selection.answer(candidates, check(label="v1", package_hash="h1")).package_size == 7
    assert selection.answer(candidates, check()).package_size == 100


def test_disabled_releases_are_not_offered():
    """A disabled release is passed over; when there is no other, the phone is sent back to its binary."""
    only = selection.answer(history(release(1, is_disabled=True)), check())
    assert (only.is_available, only.should_run_binary_version) == (False, True)
    assert selection.answer(history(release(1), release(2, is_disabled=True)), check()).label == "v1"


def test_an_unfinished_rollout_divides_the_phones():
    """Selected devices get the rolling-out release, the others the one before."""
    candidates = history(release(1), release(2, rollout=30))
    inside = device_with(selected=True, percent=30, label="v2")
    outside = device_with(selected=False, percent=30, label="v2")
    assert selection.answer(candidates, check(client_unique_id=inside)).label == "v2"
    assert selection.answer(candidates, check(client_unique_id=outside)).label == "v1"


def test_a_decision_serves_all_phones_that_say_the_same():
    """One decision, chosen from for each device, gives what each would have been told by itself."""
    candidates = history(release(1), release(2, rollout=50))
    decision = selection.resolve(candidates, check(label="v1", package_hash="h1"))
    for device in map(str, range(50)):
        alone = selection.answer(candidates, check(label="v1", package_hash="h1", client_unique_id=device))
        assert selection.choose(decision, device) == alone


def test_a_phone_with_a_short_version_sees_its_own_spelling():
    """The padded version decides, the sent one is repeated: phones refuse any other text."""
    told = selection.answer(history(release(1, app_version="1.2.0")), check(app_version="1.2"))
    assert (told.is_available, told.app_version) == (True, "1.2")


def test_a_short_version_stays_padded_when_only_the_rollout_offers():
    """The sent spelling comes back only with an offer that is there without the rollout too; so it was recorded."""
    candidates = history(release(1), release(2, rollout=30))
    inside = device_with(selected=True, percent=30, label="v2")
    fresh = selection.answer(candidates, check(app_version="1", client_unique_id=inside))
    current = selection.answer(
        candidates, check(app_version="1", client_unique_id=inside, label="v1", package_hash="h1")
    )
    assert (fresh.label, fresh.app_version) == ("v2", "1")
    assert (current.label, current.app_version) == ("v2", "1.0.0")


def test_an_app_that_is_too_old_is_sent_to_the_store():
    """When the newest release is for later binaries, the phone learns for which; when for earlier ones, only that."""
    candidates = history(release(1, app_version="^2.0.0"))
    old = selection.answer(candidates, check(app_version="1.0.0"))
    new = selection.answer(candidates, check(app_version="3.0.0"))
    assert (old.app_version, old.update_app_version) == ("^2.0.0", True)
    assert (new.app_version, new.update_app_version) == ("^2.0.0", False)


def test_a_broken_version_is_an_error():
    """A binary version that cannot be completed raises ValueError, whatever the history."""
    with pytest.raises(ValueError, match="Invalid version"):
        selection.answer(history(), check(app_version="one"))


def test_deciding_parses_no_release_again():
    """Ranges are parsed when candidates are prepared, so a decision asks the parser only about the phone's version."""
    candidates = history(*(release(number, app_version=f"~1.{number}") for number in range(1, 50)))
    semver.ranges._parsed.cache_clear()
    assert selection.answer(candidates, check(app_version="1.30.5")).label == "v30"
    assert semver.ranges._parsed.cache_info().currsize == 0


HASHES = st.sampled_from(["h1", "h2", "h3", "h9", "", None])
LABELS = st.sampled_from(["v1", "v2", "v3", "v9", "", None])
RELEASES = st.lists(
    st.builds(
        dict,
        app_version=st.sampled_from(["*", "1.0.0", "^1.0.0", "2.0.0"]),
        is_disabled=st.sampled_from([None, False, True]),
        is_mandatory=st.sampled_from([None, False, True]),
        rollout=st.sampled_from([None, 1, 50, 99, 100]),
    ),
    max_size=5,
)


@given(RELEASES, HASHES, LABELS, st.sampled_from(["1.0.0", "1.5.0", "2.0.0", "1"]), st.text(max_size=5))
def test_an_offer_is_always_one_the_phone_can_take(releases, package_hash, label, version, device):
    """Whatever is offered is enabled, fits, is new to the phone, and repeats its version, at most padded."""
    numbered = {f"v{number}": release(number, **fields) for number, fields in enumerate(releases, 1)}
    asked = check(app_version=version, package_hash=package_hash, label=label, client_unique_id=device)
    told = selection.answer(history(*numbered.values()), asked)
    if told.is_available:
        offered = numbered[told.label]
        assert not offered.is_disabled
        assert semver.satisfies(semver.normalise_app_version(version), offered.app_version)
        assert told.package_hash not in {package_hash, ""}
        assert told.app_version in {version, semver.normalise_app_version(version)}


class Told(NamedTuple):
    """What a look through the history finds, by place."""

    enabled: str | None
    fitting: str | None
    has_newer_mandatory: bool


def by_scanning(releases, asked, *, skip_unfinished):
    """Return what the original's loop finds, from the newest release down: the rule as it is written."""
    is_found, enabled, fitting = False, None, None
    for one in reversed(releases):
        runs = one.label == asked.label if asked.label else one.package_hash == asked.package_hash
        is_found = is_found or runs or not (asked.label or asked.package_hash)
        if one.is_disabled or (skip_unfinished and rollout.is_unfinished(one.rollout)):
            continue
        enabled = enabled or one.label
        if not asked.is_companion and not semver.satisfies(asked.app_version, one.app_version):
            continue
        fitting = fitting or one.label
        if is_found or one.is_mandatory:
            return Told(enabled, fitting, not is_found)
    return Told(enabled, fitting, has_newer_mandatory=False)


RANGES = st.sampled_from(
    [
        "*",
        "1.0.0",
        "^1.0.0",
        "2.0.0",
        "~1.2",
        ">=1.0.0-beta <2.0.0",
        "1.0.0-beta.2 || 3.x",
        "nonsense",
        "<1.0.0 || >2",
        "",
    ]
)
VERSIONS = st.sampled_from(
    ["1.0.0", "1.2.7", "2.0.0", "2.0.1", "3.1.0", "0.9.9", "1.0.0-beta", "1.0.0-beta.2", "1.5.0-rc", "3.0.0-a"]
)
LONG = st.lists(
    st.builds(
        dict,
        app_version=RANGES,
        is_disabled=st.sampled_from([None, False, True]),
        is_mandatory=st.sampled_from([None, False, False, True]),
        rollout=st.sampled_from([None, None, 50]),
        package_hash=st.sampled_from(["h1", "h2", "h3", "h4"]),
    ),
    max_size=12,
)


ASKED = st.builds(check, app_version=VERSIONS, package_hash=HASHES, label=LABELS, is_companion=st.booleans())


@given(LONG, ASKED, st.booleans())
def test_the_index_finds_what_a_scan_finds(fields, asked, skip_unfinished):
    """Looking up finds the same as looking through every release, the second time too."""
    releases = [release(number, **one) for number, one in enumerate(fields, 1)]
    candidates = history(*releases)
    for _ in range(2):
        found = candidates.look_through(asked, skip_unfinished=skip_unfinished)
        enabled, fitting = found.latest_enabled, found.latest_fitting
        told = Told(enabled and enabled.label, fitting and fitting.label, found.has_newer_mandatory)
        assert told == by_scanning(releases, asked, skip_unfinished=skip_unfinished)


def test_a_decision_does_not_look_at_every_release(monkeypatch):
    """Two phones of versions that no range tells apart cost one comparison each, however long the history is."""
    candidates = history(*(release(number, app_version=f"~1.{number % 9}") for number in range(1, 1000)))
    compared = []
    contains = semver.Range.contains
    monkeypatch.setattr(semver.Range, "contains", lambda one, version: compared.append(one) or contains(one, version))
    assert selection.answer(candidates, check(app_version="1.3.5")).label == "v993"
    assert len(compared) <= 10
    compared.clear()
    assert selection.answer(candidates, check(app_version="1.3.6")).label == "v993"
    assert compared == []
