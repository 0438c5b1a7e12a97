"""From which older releases there are diffs."""

import pytest

from codepush.models import Package
from codepush.rules import diffs


def release(number, **fields):
    """Return the release ``v<number>`` for every version, with hash ``h<number>``."""
    return Package(**{"app_version": "*", "package_hash": f"h{number}", "label": f"v{number}"} | fields)


def labels(history, new, **options):
    return [base.label for base in diffs.bases(history, new, **options)]


def test_the_last_five_releases_before_the_new_one_get_a_diff():
    """Without a limit of one's own it is five, told oldest first; what came after the new release does not count."""
    history = [release(number) for number in range(1, 10)]
    assert labels(history, history[7]) == ["v3", "v4", "v5", "v6", "v7"]
    assert labels(history, history[7], limit=2) == ["v6", "v7"]


def test_releases_for_other_versions_do_not_use_up_the_limit():
    """The phones of another binary version never get the new release, so its predecessor is looked for further back."""
    history = [release(1), release(2, app_version="2.0.0"), release(3, app_version="1.0.0"), release(4)]
    assert labels(history, release(4, app_version="1.0.0"), limit=2) == ["v1", "v3"]


def test_the_same_content_needs_no_diff():
    """A release with the new one's own hash is passed over: its phones are offered nothing."""
    history = [release(1), release(2, package_hash="h1"), release(3), release(4, package_hash="h1")]
    assert labels(history, history[3]) == ["v3"]


def test_disabled_releases_get_a_diff():
    """Phones that installed a release before it was disabled still run it."""
    history = [release(1, is_disabled=True), release(2)]
    assert labels(history, history[1]) == ["v1"]


def test_a_limit_of_nothing_means_no_diffs():
    """Diffs can be turned off."""
    history = [release(1), release(2)]
    assert labels(history, history[1], limit=0) == []


@pytest.mark.parametrize(
    ("names", "fits"),
    [
        ({"CodePush/main.jsbundle", "CodePush/assets/a.png"}, True),
        ({"CodePush/main.jsbundle", "CodePush/assets/a.png", "CodePush/assets/a.png.meta"}, True),
        ({"CodePush/main.jsbundle"}, False),
        ({"CodePush/index.android.bundle", "CodePush/drawable-mdpi/a.png"}, False),
        ({"CodePush/main.jsbundle", "CodePush/main.jsbundle.meta", "CodePush/assets/a.png"}, False),
        ({"www/index.html"}, True),
        ({"www/index.html", "www/assets/a.png"}, True),
    ],
)
def test_which_diffs_fit_a_store_build(names, fits):
    """iOS copies the bundle and its assets; without assets, or with more than these two, it can apply no diff."""
    assert diffs.fits_binary(names) is fits
