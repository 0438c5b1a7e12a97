"""Values as people type them."""

from datetime import timedelta

import click
import pytest

from codepush.cli.app import _OS
from codepush.cli.values import DESCRIPTION, DURATION, EMAIL, ROLLOUT, TARGET, check_contents


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("5m", timedelta(minutes=5)),
        ("60d", timedelta(days=60)),
        ("1y", timedelta(days=365.25)),
        ("1h30m", timedelta(minutes=90)),
        ("1 hour, 30 minutes", timedelta(minutes=90)),
        ("1.5h", timedelta(minutes=90)),
        ("1500", timedelta(seconds=1.5)),
        ("2W", timedelta(weeks=2)),
        ("0s", timedelta(0)),
    ],
)
def test_durations(text, duration):
    """A duration is a number with a unit, or several of them."""
    assert DURATION.convert(text, None, None) == duration


@pytest.mark.parametrize("text", ["", "x", "5 parsecs", "-5m", "m", "5m!", "9999999999999y", "٣m"])
def test_no_durations(text):
    """What is no duration is refused with an example of one."""
    with pytest.raises(click.BadParameter, match=r"is not a duration such as|is too long"):
        DURATION.convert(text, None, None)


@pytest.mark.parametrize(("text", "rollout"), [("1", 1), ("25%", 25), ("100", 100), ("100%", 100)])
def test_rollouts(text, rollout):
    """A rollout is a whole percentage, with or without its sign."""
    assert ROLLOUT.convert(text, None, None) == rollout


@pytest.mark.parametrize("text", ["0", "101", "5.5", "05", "", "%", "-1", "50%%"])
def test_no_rollouts(text):
    """What is no rollout is refused."""
    with pytest.raises(click.BadParameter, match="whole percentage from 1 to 100"):
        ROLLOUT.convert(text, None, None)


@pytest.mark.parametrize("text", ["1.0.0", "*", "^1.2.3", "1.2", ">=1 <2", "1.0.0 - 2.0.0"])
def test_targets(text):
    """Versions and ranges stay as they were typed."""
    assert TARGET.convert(text, None, None) == text


@pytest.mark.parametrize("text", ["abc", "1.0.0.0", "01.0.0"])
def test_no_targets(text):
    """What is neither is refused with the original's sentence."""
    with pytest.raises(click.BadParameter, match="Please use a semver-compliant target binary version range"):
        TARGET.convert(text, None, None)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (r"one\ntwo", "one\ntwo"),
        (r"tab\there", "tab\there"),
        (r"back\\slash", r"back\slash"),
        (r"\u00e9\x41\"", 'éA"'),
        ("ümläut 😀", "ümläut 😀"),
        ("ends with \\", "ends with \\"),
    ],
)
def test_descriptions(typed, meant):
    """Backslashes in a description are read as JavaScript reads them."""
    assert DESCRIPTION.convert(typed, None, None) == meant


def test_addresses():
    """An e-mail address has an at sign, and something on both sides."""
    assert EMAIL.convert("a@b", None, None) == "a@b"
    for text in ("a", "@b", "a@", "a b@c", "a@b@c"):
        with pytest.raises(click.BadParameter, match="is an invalid e-mail address"):
            EMAIL.convert(text, None, None)


def test_operating_systems():
    """An OS may be typed in any letter case; another one is refused with those there are."""
    assert _OS.convert("IOS", None, None) == "iOS"
    with pytest.raises(click.BadParameter, match='Available options are "ios", "android", "windows"'):
        _OS.convert("symbian", None, None)


@pytest.mark.parametrize("path", ["update.zip", "build/app.APK", "App.ipa"])
def test_contents(path):
    """Archives and binaries are refused with the original's sentence; whatever else may be released."""
    with pytest.raises(click.BadParameter, match=r"It is unnecessary to package releases in a \.zip or binary file"):
        check_contents(path)
    check_contents("main.jsbundle")
