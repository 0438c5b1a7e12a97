"""The standalone dialect: what is sent, how answers are read, what the server writes."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, strategies as st
from msgspec.structs import replace

from codepush.errors import APIError, Conflict, DecodeError, Invalid, NotFound, RateLimited, ServerError, Unauthorized
from codepush.models import (
    AccessKey,
    Account,
    App,
    Collaborator,
    Deployment,
    DiffPackage,
    Metrics,
    Package,
    PackageInfo,
    Session,
)
from codepush.wire import standalone
from codepush.wire.messages import Problem, Response, Upload, decode_json, encode_problem

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
PACKAGE = Package(
    app_version="^1.2.0",
    package_hash="ab" * 32,
    label="v7",
    description="",
    is_disabled=False,
    is_mandatory=True,
    rollout=25,
    blob_url="https://cdn.example.com/blobs/1",
    size=1234,
    upload_time=NOW + timedelta(milliseconds=7),
    release_method="Promote",
    original_label="v3",
    original_deployment="Staging",
    released_by="a@example.com",
    diff_package_map={"cd" * 32: DiffPackage(size=12, url="https://cdn.example.com/blobs/2")},
)


ACCESS_KEY = AccessKey(
    name="ci", created_by="build-7", created_time=NOW, expires=NOW + timedelta(days=60), key="cpk_secret_of_a_build"
)


def answer(body=b"", status=200, **headers):
    return Response(
        status=status, body=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


def upload():
    return Upload(part="", filename="x.zip", content_type="application/zip", size=3, open=lambda: BytesIO(b"abc"))


# What is sent


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("My App", "/apps/My%20App"),
        ("own:a b/c/d", "/apps/own%3Aa%20b~~c%2Fd"),
        ("a@b.c", "/apps/a%40b.c"),
        ("-_.!~*'()", "/apps/-_.!~*'()"),
        ("?#%&+;=", "/apps/%3F%23%25%26%2B%3B%3D"),
        ("日本", "/apps/%E6%97%A5%E6%9C%AC"),
        ("...", "/apps/..."),
    ],
)
def test_names_are_encoded_as_the_original_tools_do(name, path):
    """Each name is one segment; only the first slash becomes two tildes."""
    assert standalone.app(name).request.path == path


@pytest.mark.parametrize("name", ["", ".", "..", "\ud800"])
def test_names_that_would_make_another_path_are_refused(name):
    """An empty name would list all apps, or remove more than was meant."""
    with pytest.raises(Invalid) as caught:
        standalone.remove_app(name)
    assert (caught.value.status_code, caught.value.field) == (400, "app_name")


def test_the_field_that_is_wrong_is_named():
    """A call with several names says which of them is wrong."""
    with pytest.raises(Invalid) as caught:
        standalone.promote("a", "", "Production", PackageInfo())
    assert caught.value.field == "source_deployment_name"
    with pytest.raises(Invalid) as caught:
        standalone.promote("a", "Staging", "", PackageInfo())
    assert caught.value.field == "destination_deployment_name"


def test_an_app_is_created_with_what_was_given():
    """The operating system and platform are sent only when given."""
    plain = standalone.add_app("x", os=None, platform=None, manually_provision_deployments=False).request
    assert (plain.method, plain.path) == ("POST", "/apps/")
    assert decode_json(plain.body) == {"name": "x", "manuallyProvisionDeployments": False}
    full = standalone.add_app("x", os="iOS", platform="Cordova", manually_provision_deployments=True).request
    assert decode_json(full.body) == {
        "name": "x",
        "os": "iOS",
        "platform": "Cordova",
        "manuallyProvisionDeployments": True,
    }


def test_a_deployment_is_created_with_or_without_a_key():
    """The key is only sent when the caller chose one."""
    assert decode_json(standalone.add_deployment("a", "Beta", key=None).request.body) == {"name": "Beta"}
    chosen = standalone.add_deployment("a", "Beta", key="k" * 10).request
    assert (chosen.path, decode_json(chosen.body)) == ("/apps/a/deployments/", {"name": "Beta", "key": "k" * 10})


def test_a_release_sends_the_file_and_then_what_is_said_about_it():
    """The parts are named as the server expects; what was not said is not sent."""
    info = PackageInfo(app_version="1.0.0", is_mandatory=True, description="")
    request = standalone.release("a", "Staging", upload(), info).request
    assert (request.method, request.path, request.body) == ("POST", "/apps/a/deployments/Staging/release", None)
    assert request.upload.part == "package"
    assert list(request.upload.texts) == ["packageInfo"]
    sent = decode_json(request.upload.texts["packageInfo"].encode())
    assert sent == {"appVersion": "1.0.0", "isMandatory": True, "description": ""}


def test_a_patch_and_a_promotion_wrap_what_is_said():
    """Both carry it under one key, false and 0-like values included; a patch also says that there is no version."""
    info = PackageInfo(label="v3", is_disabled=False, rollout=50)
    expected = {"label": "v3", "isDisabled": False, "rollout": 50}
    patch = standalone.patch_release("a", "Staging", info).request
    promotion = standalone.promote("a", "Staging", "Production", info).request
    assert (patch.method, patch.path) == ("PATCH", "/apps/a/deployments/Staging/release")
    assert (promotion.method, promotion.path) == ("POST", "/apps/a/deployments/Staging/promote/Production")
    assert decode_json(patch.body) == {"packageInfo": {"appVersion": None, **expected}}
    assert decode_json(promotion.body) == {"packageInfo": expected}


def test_further_changes_have_the_documented_routes():
    """Names are segments of the path; bodies say what was given and nothing else."""
    day = timedelta(days=1)
    sent: list[tuple[standalone.Call[Any], object]] = [
        (
            standalone.add_access_key("ci", created_by="m", ttl=day),
            ("POST", "/accessKeys/", {"createdBy": "m", "friendlyName": "ci", "ttl": 86_400_000}),
        ),
        (
            standalone.add_access_key("ci", created_by="m", ttl=None),
            ("POST", "/accessKeys/", {"createdBy": "m", "friendlyName": "ci"}),
        ),
        (standalone.patch_access_key("a b", new_name="c", ttl=0), ("PATCH", "/accessKeys/a%20b", _named("c", ttl=0))),
        (standalone.patch_access_key("a", new_name=None, ttl=5), ("PATCH", "/accessKeys/a", {"ttl": 5})),
        (standalone.remove_access_key("ci"), ("DELETE", "/accessKeys/ci", None)),
        (standalone.remove_session("my/machine"), ("DELETE", "/sessions/my%2Fmachine", None)),
        (standalone.rename_app("o/a", "b"), ("PATCH", "/apps/o~~a", {"name": "b"})),
        (standalone.transfer_app("a", "b@x.y"), ("POST", "/apps/a/transfer/b%40x.y", None)),
        (standalone.add_collaborator("a", "b@x.y"), ("POST", "/apps/a/collaborators/b%40x.y", None)),
        (standalone.remove_collaborator("a", "b@x.y"), ("DELETE", "/apps/a/collaborators/b%40x.y", None)),
        (standalone.rename_deployment("a", "d", "e"), ("PATCH", "/apps/a/deployments/d", {"name": "e"})),
        (standalone.remove_deployment("a", "d"), ("DELETE", "/apps/a/deployments/d", None)),
        (standalone.clear_history("a", "d"), ("DELETE", "/apps/a/deployments/d/history", None)),
        (standalone.rollback("a", "d", None), ("POST", "/apps/a/deployments/d/rollback/", None)),
        (standalone.rollback("a", "d", "v3"), ("POST", "/apps/a/deployments/d/rollback/v3", None)),
    ]
    for call, expected in sent:
        body = None if call.request.body is None else decode_json(call.request.body)
        assert (call.request.method, call.request.path, body) == expected
        assert ("Content-Type" in call.request.headers) == (body is not None)


def _named(name, **more):
    return {"friendlyName": name, **more}


def test_a_call_with_a_key_carries_it_beside_its_own_headers():
    """The key is one more header, and the call says that it has one."""
    call = standalone.promote("a", "s", "d", PackageInfo())
    keyed = standalone.keyed(call, "k-1")
    assert keyed.request.headers == {**call.request.headers, "Idempotency-Key": "k-1"}
    assert (call.is_keyed, keyed.is_keyed, keyed.repeatable) == (False, True, False)
    assert (keyed.request.path, keyed.request.body) == (call.request.path, call.request.body)


@pytest.mark.parametrize(
    ("headers", "known"),
    [({"x_codepush_server": "codepush/0.1.0"}, True), ({"x_codepush_server": "other/1"}, False), ({}, False)],
)
def test_servers_that_honour_keys_say_who_they_are(headers, known):
    """Whatever else they answer."""
    assert standalone.honours_keys(answer(b"No.", 401, **headers)) is known
    assert standalone.server_honours_keys().read(answer(b"{}", **headers)) is known


def test_only_reading_is_repeatable():
    """A change might otherwise happen twice, or a removal that worked be answered with 404."""
    reading: list[standalone.Call[Any]] = [
        standalone.authenticated(),
        standalone.account(),
        standalone.apps(),
        standalone.app("a"),
        standalone.deployments("a"),
        standalone.deployment("a", "d"),
        standalone.history("a", "d"),
        standalone.metrics("a", "d"),
        standalone.access_keys(),
        standalone.access_key("k"),
        standalone.sessions(NOW),
        standalone.collaborators("a"),
        standalone.server_honours_keys(),
    ]
    changing: list[standalone.Call[Any]] = [
        standalone.add_app("a", os=None, platform=None, manually_provision_deployments=False),
        standalone.remove_app("a"),
        standalone.add_deployment("a", "d", key=None),
        standalone.release("a", "d", upload(), PackageInfo()),
        standalone.patch_release("a", "d", PackageInfo()),
        standalone.promote("a", "s", "d", PackageInfo()),
        standalone.rollback("a", "d", None),
        standalone.add_access_key("k", created_by="m", ttl=None),
        standalone.patch_access_key("k", new_name="l", ttl=None),
        standalone.remove_access_key("k"),
        standalone.remove_session("m"),
        standalone.rename_app("a", "b"),
        standalone.transfer_app("a", "b@x"),
        standalone.add_collaborator("a", "b@x"),
        standalone.remove_collaborator("a", "b@x"),
        standalone.rename_deployment("a", "d", "e"),
        standalone.remove_deployment("a", "d"),
        standalone.clear_history("a", "d"),
    ]
    assert all(call.repeatable and call.request.method == "GET" for call in reading)
    assert not any(call.repeatable for call in changing)


# What the server writes, and the client reads


def test_models_survive_the_wire():
    """What the server's side writes is what the client's side reads, to the millisecond."""
    account = Account(email="a@example.com", name="A", linked_providers=("GitHub",))
    people = {
        "a@example.com": Collaborator(permission="Owner", is_current_account=True),
        "b@example.com": Collaborator(permission="Collaborator"),
    }
    app = App(name="a", collaborators=people, deployments=("Production", "Staging"), os="iOS", platform="Cordova")
    deployment = Deployment(name="Staging", key="k", package=PACKAGE)
    counters = {"v1": Metrics(active=1, downloaded=2, failed=0, installed=3), "1.0.0": Metrics(active=4)}
    without_secret = replace(ACCESS_KEY, key=None)
    creation = standalone.add_access_key("ci", created_by="m", ttl=None)
    exchanges: list[tuple[standalone.Call[Any], Any, object]] = [
        (creation, standalone.created_access_key_body, ACCESS_KEY),
        (standalone.access_key("ci"), standalone.access_key_body, without_secret),
        (standalone.access_keys(), standalone.access_keys_body, [without_secret]),
        (standalone.collaborators("a"), standalone.collaborators_body, people),
        (standalone.account(), standalone.account_body, account),
        (standalone.apps(), standalone.apps_body, [app, App(name="b")]),
        (standalone.app("a"), standalone.app_body, app),
        (standalone.deployments("a"), standalone.deployments_body, [deployment, Deployment(name="P", key="q")]),
        (standalone.deployment("a", "d"), standalone.deployment_body, deployment),
        (standalone.history("a", "d"), standalone.history_body, [PACKAGE]),
        (standalone.metrics("a", "d"), standalone.metrics_body, counters),
        (standalone.promote("a", "s", "d", PackageInfo()), standalone.package_body, PACKAGE),
    ]
    for call, body, value in exchanges:
        assert call.read(answer(body(value))) == value


def test_an_access_key_tells_its_secret_once():
    """Only the answer to its creation; lists show that there is one, a single key does not."""
    created = decode_json(standalone.created_access_key_body(ACCESS_KEY))
    assert list(created["accessKey"].items()) == [
        ("createdBy", "build-7"),
        ("friendlyName", "ci"),
        ("description", "ci"),
        ("name", "cpk_secret_of_a_build"),
        ("createdTime", int(NOW.timestamp() * 1000)),
        ("expires", int(NOW.timestamp() * 1000) + 60 * 86_400_000),
    ]
    (listed,) = decode_json(standalone.access_keys_body([ACCESS_KEY]))["accessKeys"]
    assert listed == {**created["accessKey"], "name": "(hidden)"}
    one = decode_json(standalone.access_key_body(ACCESS_KEY))["accessKey"]
    assert one == {name: value for name, value in listed.items() if name != "name"}


def test_sessions_say_that_they_are():
    """The mark is only there when it is true."""
    session = replace(ACCESS_KEY, is_session=True)
    listed = decode_json(standalone.access_keys_body([session, ACCESS_KEY]))["accessKeys"]
    assert [one.get("isSession") for one in listed] == [True, None]


def test_access_keys_and_sessions_are_told_apart():
    """One list of the server is read as keys without sessions, or as the last valid session of each machine."""
    later = replace(ACCESS_KEY, is_session=True, name="Login-2", created_time=NOW + timedelta(hours=1))
    stale = replace(ACCESS_KEY, is_session=True, name="Login-3", created_by="old", expires=NOW)
    body = standalone.access_keys_body([ACCESS_KEY, replace(later, name="Login-1", created_time=NOW), later, stale])
    assert [one.name for one in standalone.access_keys().read(answer(body))] == ["ci"]
    sessions = standalone.sessions(NOW).read(answer(body))
    assert sessions == [Session(machine_name="build-7", logged_in_time=later.created_time)]


def test_an_access_key_does_not_show_its_secret():
    """Neither its repr nor an error about an answer that holds one."""
    assert "ci" in repr(ACCESS_KEY)
    assert "secret" not in f"{ACCESS_KEY} {ACCESS_KEY!r} {ACCESS_KEY.__rich_repr__()}"
    with pytest.raises(DecodeError, match="may hold a secret") as caught:
        standalone.access_key("ci").read(answer(b'{"accessKey": {"name": "cpk_of_somebody"}}'))
    assert "cpk_of_somebody" not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_authenticated_says_so():
    """The one answer of this kind has the documented words."""
    assert decode_json(standalone.authenticated_body()) == {"authenticated": True}


def test_a_finished_rollout_reads_100_in_replies_and_stays_away_elsewhere():
    """A reply to a release says 100; history and deployments tell what is stored."""
    package = Package(app_version="1.0.0", package_hash="ab")
    assert decode_json(standalone.package_body(package))["package"]["rollout"] == 100
    assert "rollout" not in decode_json(standalone.history_body([package]))["history"][0]
    deployment = Deployment(name="d", key="k", package=package)
    assert "rollout" not in decode_json(standalone.deployment_body(deployment))["deployment"]["package"]


def test_what_is_not_known_is_left_out():
    """Nothing is ever null, as clients tell absent fields from empty ones."""
    package = decode_json(standalone.history_body([Package(app_version="1.0.0", package_hash="ab", label="v1")]))
    assert package["history"] == [
        {"appVersion": "1.0.0", "packageHash": "ab", "label": "v1", "blobUrl": "", "size": 0},
    ]
    deployment = decode_json(standalone.deployment_body(Deployment(name="d", key="k")))
    assert deployment == {"deployment": {"name": "d", "key": "k"}}
    metrics = decode_json(standalone.metrics_body({"1.0.0": Metrics(active=0)}))
    assert metrics["metrics"].keys() == {"1.0.0"}


def test_counters_that_are_zero_are_sent():
    """Zero is a count; only what is not counted is left out."""
    body = standalone.metrics_body({"v1": Metrics(active=0, downloaded=0, failed=0, installed=0), "1.0": Metrics()})
    assert decode_json(body)["metrics"] == {
        "v1": {"active": 0, "downloaded": 0, "failed": 0, "installed": 0},
        "1.0": {"active": 0},
    }


def test_a_created_app_does_not_say_who_asked():
    """The answer to a creation differs from the others, as recorded."""
    app = App(name="a", collaborators={"a@example.com": Collaborator(permission="Owner", is_current_account=True)})
    assert decode_json(standalone.created_app_body(app))["app"] == {
        "name": "a",
        "collaborators": {"a@example.com": {"permission": "Owner"}},
        "deployments": None,
    }


# Other people's servers


def test_missing_fields_are_tolerated():
    """Servers leave out or null what they do not have."""
    body = b'{"apps": [{"name": "a", "collaborators": null}], "page": 1}'
    assert standalone.apps().read(answer(body)) == [App(name="a")]
    account = standalone.account().read(answer(b'{"account": {"email": "a@example.com", "linkedProviders": null}}'))
    assert account == Account(email="a@example.com")


def test_unknown_fields_are_kept():
    """What servers say beyond what we know is found on the value they say it of, however deep."""
    people = b'{"a@x": {"permission": "Owner", "since": 2019}}'
    app = b'{"name": "a", "isOwner": true, "collaborators": %s}' % people
    package = (
        b'{"appVersion": "1", "packageHash": "h", "id": 7, "diffPackageMap": {"o": {"size": 1, "url": "u", "n": 2}}}'
    )
    deployment = b'{"name": "d", "key": "k", "createdTime": 5, "package": %s}' % package
    key = b'{"friendlyName": "k", "createdTime": 0, "expires": 0, "scope": "all"}'
    (read,) = standalone.apps().read(answer(b'{"apps": [%s]}' % app))
    assert (read.extra, read.collaborators["a@x"].extra) == ({"isOwner": True}, {"since": 2019})
    assert standalone.app("a").read(answer(b'{"app": %s}' % app)) == read
    told = standalone.collaborators("a").read(answer(b'{"collaborators": %s}' % people))
    assert told == read.collaborators
    (found,) = standalone.deployments("a").read(answer(b'{"deployments": [%s]}' % deployment))
    assert (found.extra, found.package.extra) == ({"createdTime": 5}, {"id": 7})
    assert found.package.diff_package_map["o"].extra == {"n": 2}
    assert standalone.deployment("a", "d").read(answer(b'{"deployment": %s}' % deployment)) == found
    assert standalone.history("a", "d").read(answer(b'{"history": [%s]}' % package)) == [found.package]
    assert standalone.rollback("a", "d", None).read(answer(b'{"package": %s}' % package)) == found.package
    assert standalone.access_key("k").read(answer(b'{"accessKey": %s}' % key)).extra == {"scope": "all"}
    (listed,) = standalone.access_keys().read(answer(b'{"accessKeys": [%s]}' % key))
    assert listed.extra == {"scope": "all"}
    counted = standalone.metrics("a", "d").read(answer(b'{"metrics": {"v1": {"active": 1, "crashed": 2}}}'))
    assert counted["v1"].extra == {"crashed": 2}
    account = standalone.account().read(answer(b'{"account": {"email": "a@x", "plan": null}}'))
    assert account.extra == {"plan": None}


def test_what_is_known_is_nothing_extra():
    """An answer of our own leaves nothing over, and what is left over is not written again."""
    package = standalone.rollback("a", "d", None).read(answer(standalone.package_body(PACKAGE)))
    assert package.extra == {}
    assert standalone.package_body(replace(package, extra={"foo": 1})) == standalone.package_body(PACKAGE)


def test_numbers_are_read_however_they_are_written():
    """A rollout may be text and whole numbers may have a fraction."""
    body = (
        b'{"history": [{"appVersion": "1.0.0", "packageHash": "ab", "rollout": "39", "size": 3.0,'
        b' "uploadTime": 1700000000123.0, "releaseMethod": "Import", "diffPackageMap": null}]}'
    )
    (package,) = standalone.history("a", "d").read(answer(body))
    assert (package.rollout, package.size, package.release_method) == (39, 3, None)
    assert package.upload_time == datetime(2023, 11, 14, 22, 13, 20, 123000, tzinfo=UTC)


def test_history_is_oldest_first_whichever_way_it_comes():
    """Some servers list the newest release first."""
    body = standalone.history_body(
        [Package(app_version="1", package_hash="h", label=label) for label in ("v10", "v9", "v2")]
    )
    assert [package.label for package in standalone.history("a", "d").read(answer(body))] == ["v2", "v9", "v10"]


def test_metrics_and_history_may_be_null():
    """A server without any says null where others have something empty."""
    assert standalone.metrics("a", "d").read(answer(b'{"metrics": null}')) == {}
    assert standalone.history("a", "d").read(answer(b'{"history": null}')) == []


@pytest.mark.parametrize(
    "body",
    [b"", b'{"msg": "succeed"}', b'{"package": null}', b'{"package": {"package_hash": "h"}}', b"\n", b"ok", b"OK\n"],
)
def test_a_release_may_be_answered_without_a_package(body):
    """Some servers only say that it worked."""
    assert standalone.release("a", "d", upload(), PackageInfo()).read(answer(body)) is None
    assert standalone.patch_release("a", "d", PackageInfo()).read(answer(body)) is None
    assert standalone.rollback("a", "d", None).read(answer(body)) is None


def test_a_deployment_may_be_answered_with_a_promise():
    """One server forgets to wait for what it means to send; it says only that there is a deployment."""
    body = b'{"deployment": {"isFulfilled": false, "isRejected": false}}'
    assert standalone.deployment("a", "d").read(answer(body)) is None


def test_a_patch_that_changed_nothing_is_told_from_one_that_is_not_described():
    """Status 204 says unchanged; an empty 200 says nothing."""
    call = standalone.patch_release("a", "d", PackageInfo())
    assert call.read(answer(status=204)) == standalone.UNCHANGED
    assert call.read(answer(standalone.package_body(PACKAGE))) == PACKAGE


@pytest.mark.parametrize(
    "body",
    [
        b"OK",
        b"{}",
        b'{"history": [{"appVersion": "1.0.0"}]}',
        b'{"history": [{"appVersion": "1", "packageHash": "h", "rollout": "half"}]}',
        b'{"history": [{"appVersion": "1", "packageHash": "h", "uploadTime": 1e300}]}',
        b'{"history": "none"}',
    ],
)
def test_answers_that_lack_what_is_needed_are_decode_errors(body):
    """The message quotes the start of what came instead."""
    with pytest.raises(DecodeError, match=r"^Could not parse response: "):
        standalone.history("a", "d").read(answer(body))


@given(st.binary(max_size=200))
def test_no_answer_makes_reading_crash(body):
    """Whatever a server sends, reading gives a value or a decode error."""
    try:
        standalone.history("a", "d").read(answer(body))
    except DecodeError as error:
        assert error.status_code == 500  # noqa: PT017 - either outcome is fine, a crash is not


# Refusals


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Invalid), (401, Unauthorized), (404, NotFound), (406, Invalid), (409, Conflict), (503, ServerError)],
)
def test_refusals_carry_the_text_of_the_answer(status, kind):
    """The message is the whole body, whatever the server calls its type."""
    error = standalone.error_from(answer(b'App "x" does not exist.\n', status, content_type="text/html"), NOW)
    assert type(error) is kind
    assert (error.message, error.status_code) == ('App "x" does not exist.', status)


def test_a_problem_document_is_taken_apart():
    """Code, field and the id of the request come from it; the header's id wins."""
    problem = Problem(status=400, code="invalid_rollout", message="Too much.", field="rollout", request_id="r1")
    body = encode_problem(problem)
    error = standalone.error_from(answer(body, 400, content_type="application/problem+json; charset=utf-8"), NOW)
    assert (error.message, error.code, error.field) == ("Too much.", "invalid_rollout", "rollout")
    assert error.request_id == "r1"
    named = answer(body, 400, content_type="application/problem+json", x_request_id="r2")
    assert standalone.error_from(named, NOW).request_id == "r2"


def test_another_kind_of_problem_document_is_shown_as_text():
    """What we cannot take apart is still shown."""
    body = b'{"title": "No", "detail": "Not today."}'
    error = standalone.error_from(answer(body, 403, content_type="application/problem+json"), NOW)
    assert (error.message, error.code) == (body.decode(), None)


def test_an_empty_refusal_is_named():
    """A status is not left without words, known or not."""
    assert standalone.error_from(answer(status=409), NOW).message == "The server answered 409 Conflict."
    assert standalone.error_from(answer(status=599), NOW).message == "The server answered 599."


@pytest.mark.parametrize(
    ("error", "duplicate"),
    [
        (Conflict("Somehow said.", 409, code="identical_package"), True),
        (
            Conflict("... it is identical to the contents of the specified deployment's current release.", 409),
            True,
        ),
        (Invalid("The uploaded package is identical to the contents of the specified deployment.", 406), True),
        (Conflict("Please update the previous release to 100% rollout before releasing a new package.", 409), False),
        (Conflict("Somehow said.", 409, code="unfinished_rollout"), False),
    ],
)
def test_duplicates_are_told_from_other_refusals(error, duplicate):
    """By our server's code, or by the words of the others."""
    assert standalone.is_duplicate(error) is duplicate


def test_a_redirection_says_where_it_points():
    """The access key is not sent elsewhere, so the caller decides."""
    error = standalone.error_from(answer(b"Moved", 301, location="https://new.example.com/apps"), NOW)
    assert isinstance(error, APIError)
    assert "https://new.example.com/apps" in error.message


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        (" 7 ", 7.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("٣", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value, seconds):
    """Both forms count from now; nonsense counts as not said."""
    error = standalone.error_from(answer(b"Slow down.", 429, retry_after=value), NOW)
    assert isinstance(error, RateLimited)
    assert error.retry_after == seconds
