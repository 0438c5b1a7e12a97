"""App Center's words for what others call otherwise."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from codepush.models import Deployment, DiffPackage, Metrics, Package
from codepush.wire import appcenter
from codepush.wire.appcenter.shapes import moment
from codepush.wire.messages import decode_json, encode_json

PACKAGE = Package(
    app_version="^1.0.0",
    package_hash="a" * 64,
    label="v2",
    is_mandatory=True,
    blob_url="https://example.test/blobs/x",
    size=7,
    upload_time=datetime(2026, 3, 1, 12, tzinfo=UTC),
    release_method="Promote",
    original_label="v1",
    original_deployment="Staging",
    released_by="ada@example.test",
    diff_package_map={"b" * 64: DiffPackage(size=3, url="https://example.test/blobs/y")},
)


def plain(value):
    return decode_json(encode_json(value))


def test_a_release():
    """Its flags are always true or false, and what is not known is left out."""
    assert plain(appcenter.ReleaseShape.of(PACKAGE)) == {
        "target_binary_range": "^1.0.0",
        "package_hash": "a" * 64,
        "label": "v2",
        "is_disabled": False,
        "is_mandatory": True,
        "blob_url": "https://example.test/blobs/x",
        "size": 7,
        "upload_time": 1772366400000,
        "release_method": "Promote",
        "original_label": "v1",
        "original_deployment": "Staging",
        "released_by": "ada@example.test",
        "diff_package_map": {"b" * 64: {"size": 3, "url": "https://example.test/blobs/y"}},
    }


def test_a_finished_rollout_reads_100_in_a_reply():
    """One that is not finished is told as it is."""
    unfinished = Package(app_version="1.0.0", package_hash="a" * 64, rollout=20)
    assert plain(appcenter.ReleaseShape.of_reply(PACKAGE))["rollout"] == 100
    assert plain(appcenter.ReleaseShape.of_reply(unfinished))["rollout"] == 20


def test_a_deployment():
    """Its newest release is left out where nothing was released."""
    bare = Deployment(name="Staging", key="some-key-of-it")
    assert plain(appcenter.DeploymentShape.of(bare)) == {"name": "Staging", "key": "some-key-of-it"}
    full = Deployment(name="Staging", key="some-key-of-it", package=PACKAGE)
    assert plain(appcenter.DeploymentShape.of(full))["latest_release"]["label"] == "v2"


def test_counters():
    """Zero is told; what is not counted is left out."""
    label = Metrics(active=1, downloaded=2, failed=0, installed=2)
    told = plain(appcenter.MetricShape.of("v1", label))
    assert told == {"label": "v1", "active": 1, "downloaded": 2, "failed": 0, "installed": 2}
    assert plain(appcenter.MetricShape.of("1.0.0", Metrics(active=0))) == {"label": "1.0.0", "active": 0}


def test_times_are_utc_with_milliseconds():
    """Whatever the zone, JavaScript reads the same moment."""
    told = moment(datetime(2026, 3, 1, 14, 0, 0, 5000, tzinfo=timezone(timedelta(hours=2))))
    assert told == "2026-03-01T12:00:00.005Z"


def test_identifiers():
    """One thing always has the same UUID, and no other thing has it."""
    assert appcenter.identifier("user", 1) == appcenter.identifier("user", 1)
    found = {appcenter.identifier(kind, number) for kind in ("user", "org", "app") for number in range(10)}
    assert len({UUID(one) for one in found}) == 30


@pytest.mark.parametrize(
    ("word", "permission", "role"),
    [
        ("manager", "Manager", "manager"),
        ("admin", "Manager", "manager"),
        ("developer", "Collaborator", "developer"),
        ("collaborator", "Collaborator", "developer"),
        ("viewer", "Reader", "viewer"),
        ("member", "Reader", "viewer"),
    ],
)
def test_words_for_permissions(word, permission, role):
    """Both vocabularies are understood wherever one is asked for."""
    assert appcenter.permission(word) == permission
    assert appcenter.permissions([word]) == permission
    assert appcenter.role(word) == role


def test_told_words_are_understood():
    """What is answered can be sent back."""
    for permission in ("Manager", "Collaborator", "Reader"):
        assert appcenter.permission(appcenter.permission_word(permission)) == permission
    for role in ("manager", "developer", "viewer"):
        assert appcenter.role(appcenter.role_word(role)) == role


@pytest.mark.parametrize("read", [appcenter.permission, appcenter.permissions, appcenter.role])
@pytest.mark.parametrize(
    "word", [None, "tester", "Manager", 1, True, [], ["viewer", "viewer"], {}, [None], [["viewer"]]]
)
def test_other_words_are_refused(read, word):
    """Nothing else is taken for one of them."""
    with pytest.raises(ValueError, match="Send"):
        read(word)


def test_nothing_can_stand_for_a_word():
    """Where a request need not say, the caller says what that means."""
    assert appcenter.permission(None, otherwise="Collaborator") == "Collaborator"
    assert appcenter.role(None, otherwise="developer") == "developer"


@pytest.mark.parametrize("scope", [None, [], ["all"]])
def test_full_scopes(scope):
    """A token is good for everything, said or not."""
    appcenter.scope(scope)


@pytest.mark.parametrize("scope", [["viewer"], ["all", "viewer"], "all", 1, {}])
def test_lesser_scopes_are_refused(scope):
    """A token that could do more than was asked for would be a trap."""
    with pytest.raises(ValueError, match="only read are not offered"):
        appcenter.scope(scope)


def test_fields_under_other_names():
    """Only known fields are taken over, null too, and a body that is no object has none."""
    body = {"target_binary_range": "1.0.0", "is_disabled": None, "appVersion": "2.0.0", "diff_package_map": {}}
    assert appcenter.in_our_words(body, appcenter.CHANGE_FIELDS) == {"appVersion": "1.0.0", "isDisabled": None}
    released = {"target_binary_version": "1.0.0", "disabled": True, "mandatory": False, "rollout": 5}
    assert appcenter.in_our_words(released, appcenter.RELEASE_FIELDS) == {
        "appVersion": "1.0.0",
        "isDisabled": True,
        "isMandatory": False,
        "rollout": 5,
    }
    assert appcenter.in_our_words([1], appcenter.CHANGE_FIELDS) == {}
