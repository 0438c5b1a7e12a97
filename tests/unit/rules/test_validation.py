"""What the recordings do not show of field rules."""

import pytest

from codepush.models import PackageInfo
from codepush.rules import validation


@pytest.mark.parametrize(("sent", "meant"), [("100", 100), ("7", 7), (42, 42), (50.0, 50)])
def test_a_rollout_is_stored_as_the_number_it_spells(sent, meant):
    """However a client spells a percentage, a number is what comes out."""
    info = validation.package_info({"rollout": sent}, require_app_version=False)
    assert info.rollout == meant
    assert type(info.rollout) is int


@pytest.mark.parametrize("sent", [0, 101, -1, 1.5, True, "50\n", " 50", "5e1", {}, [], [50], [["9"]], float("nan")])
def test_anything_else_is_no_rollout(sent):
    """A percentage is a whole number from 1 to 100."""
    with pytest.raises(validation.InvalidFields, match="whole number from 1 to 100"):
        validation.package_info({"rollout": sent}, require_app_version=False)


def test_unknown_and_generated_fields_are_ignored():
    """What the server makes itself cannot be sent."""
    raw = {"appVersion": "1.0.0", "foo": 1, "packageHash": "x", "diffPackageMap": {}, "originalLabel": 5}
    assert validation.package_info(raw, require_app_version=True) == PackageInfo(app_version="1.0.0")


@pytest.mark.parametrize("raw", [None, [], "text", 5, True])
def test_what_is_no_object_has_no_fields(raw):
    """Anything but a JSON object is read like an empty one."""
    assert validation.package_info(raw, require_app_version=False) == PackageInfo()
    with pytest.raises(validation.InvalidFields, match="'appVersion' is missing"):
        validation.package_info(raw, require_app_version=True)


def test_all_wrong_fields_are_told_in_order():
    """Errors come in the order in which fields are declared, not in that of the request."""
    raw = {"rollout": 0, "label": 5, "description": 5, "isDisabled": "yes"}
    with pytest.raises(validation.InvalidFields) as caught:
        validation.package_info(raw, require_app_version=True)
    assert [error.field for error in caught.value.errors] == [
        "appVersion",
        "description",
        "label",
        "isDisabled",
        "rollout",
    ]


@pytest.mark.parametrize(("name", "is_valid"), [("\U0001f600" * 500, True), ("\U0001f600" * 501, False), ("", False)])
def test_lengths_count_utf16_units(name, is_valid):
    """A thousand units are five hundred emoji."""
    try:
        validation.app_name({"name": name}, is_required=True)
    except validation.InvalidFields:
        assert not is_valid
    else:
        assert is_valid


@pytest.mark.parametrize("value", ["abcdefghij\n", "abcdefghi", "a" * 101, "abcdefghi\u00e9", None, 5, ["abcdefghij"]])
def test_what_is_no_key(value):
    """A key is 10 to 100 ASCII letters, digits, hyphens and underscores, and no final newline slips through."""
    assert not validation.is_key(value)
