"""Where our answers differ from the recorded ones on purpose.

Each difference is a rule that recognises its condition in the recorded case, with the reason
beside it. Nothing here knows a case by its number, so other recordings of the same shape can be put
through the same tests. Whatever no rule recognises must be exactly as recorded.
"""

import base64
import hashlib
import html
import io
import json
import re
import stat
import unicodedata
import zipfile
from collections.abc import Callable, Iterable
from typing import Any, Final
from urllib.parse import quote, unquote

from msgspec import Struct

from codepush.rules import semver
from support.vectors import vector_path


class Difference(Struct, frozen=True):
    """One wanted difference.

    ``applies`` recognises it in a recorded case; ``wanted``, where the answer can be said in one
    expression, gives from the case what is expected instead of the recording.
    """

    name: str
    reason: str
    applies: Callable[[Any], bool]
    wanted: Callable[[Any], Any] | None = None


def difference(rules: Iterable[Difference], case: Any) -> Difference | None:
    """Return the first rule that recognises the case, or None when it must be as recorded."""
    return next((rule for rule in rules if rule.applies(case)), None)


def _is_label_of_another_kind(case: Any) -> bool:
    return case["fn"] == "validatePackageInfo" and "throws" in case and not isinstance(case["args"][0]["label"], str)


def _rollout_of(case: Any) -> Any:
    sent = case["args"][0]
    return sent.get("rollout") if case["fn"] == "validatePackageInfo" else sent


def _is_list_for_rollout(case: Any) -> bool:
    return case["fn"] in {"validatePackageInfo", "isValidRolloutField"} and isinstance(_rollout_of(case), list)


def _with_empty_rollout(case: Any) -> Any:
    sent, *others = case["args"]
    empty = sent | {"rollout": []} if case["fn"] == "validatePackageInfo" else []
    return case | {"args": [empty, *others]}


VALIDATION: tuple[Difference, ...] = (
    Difference(
        "list for a rollout",
        "JavaScript writes a list of one number like the number, so the original stores the list; it is as wrong as an "
        "empty list, for which the errors are recorded",
        _is_list_for_rollout,
        _with_empty_rollout,
    ),
    Difference(
        "label that is no text",
        "the original crashes over it with 500; it is as wrong as an empty label, for which the errors are recorded",
        _is_label_of_another_kind,
        lambda case: case | {"args": [case["args"][0] | {"label": ""}, *case["args"][1:]]},
    ),
)


def _without_nulls(answer: Any) -> Any:
    return {name: value for name, value in answer.items() if value is not None}


UPDATE_CHECK: tuple[Difference, ...] = (
    Difference(
        "null description",
        "a release without a description has none stored; null and absent are the same to every phone",
        lambda answer: answer.get("description", "") is None,
        _without_nulls,
    ),
)

# Status reports: a rule sees one step of a sequence and says status and text.

_FIRST_NEW_SDK: Final = "1.5.2-beta"
_ID_DEMANDED: Final = "A deploy status report must contain a valid appVersion, clientUniqueId and deploymentKey."


def sent_field(step: Any, snake: str, camel: str) -> Any:
    """Return a field of a report in either spelling, None when it is absent or empty."""
    return step["json"].get(camel) or step["json"].get(snake) or None


def _echoes_markup(step: Any) -> bool:
    sent = sent_field(step, "status", "status") or ""
    return step["expect"]["text"].startswith("Invalid status: ") and any(sign in sent for sign in "<>&")


REPORTS: tuple[Difference, ...] = (
    Difference(
        "no id demanded",
        "the SDK-version header makes no difference, and a report without an id can be counted",
        lambda step: step["expect"] == {"status": 400, "text": _ID_DEMANDED},
        lambda _: {"status": 200, "text": "OK"},
    ),
    Difference(
        "unsanitised text",
        "errors are sent as plain text that no browser takes for markup, so nothing is taken out of them",
        _echoes_markup,
        lambda step: {"status": 400, "text": f"Invalid status: {sent_field(step, 'status', 'status')}"},
    ),
)

# Counters: a rule sees the steps up to a reading. Where it applies, an independent recount says what is expected.


def _is_from_old_sdk(step: Any) -> bool:
    version = semver.parse_version(step["sdk_version"] or "")
    oldest = semver.parse_version(_FIRST_NEW_SDK)
    return version is None or oldest is None or version.key < oldest.key


def _labelled(case: Any) -> list[Any]:
    """Return the deploy reports about labels that we count, whether or not the original did."""
    accepted = ("OK", _ID_DEMANDED)
    reports = (step for step in case["steps"] if "json" in step and step["path"].endswith("/deploy"))
    return [step for step in reports if step["expect"]["text"] in accepted and step["json"].get("label")]


def _run_or_failure(step: Any) -> tuple[Any, ...]:
    """Return which device reported which label of which deployment."""
    return (
        sent_field(step, "deployment_key", "deploymentKey"),
        sent_field(step, "client_unique_id", "clientUniqueId"),
        step["json"]["label"],
    )


def _claims_a_download(case: Any) -> bool:
    return any(_is_from_old_sdk(step) and step["json"]["status"] == "Downloaded" for step in _labelled(case))


def _old_failures(case: Any) -> list[Any]:
    return [step for step in _labelled(case) if _is_from_old_sdk(step) and step["json"]["status"] == "DeploymentFailed"]


def _fails_unnamed(case: Any) -> bool:
    return any(step["expect"]["text"] == _ID_DEMANDED for step in _old_failures(case))


def _fails_after_success(case: Any) -> bool:
    succeeded = {_run_or_failure(step) for step in _labelled(case) if step["json"]["status"] == "DeploymentSucceeded"}
    return any(_run_or_failure(step) in succeeded for step in _old_failures(case))


def _runs_unnamed(case: Any) -> bool:
    runs = (step for step in _labelled(case) if step["json"]["status"] != "DeploymentFailed")
    return any(step["expect"]["text"] == _ID_DEMANDED for step in runs)


def _repeats(case: Any) -> bool:
    runs = [step for step in _labelled(case) if step["json"]["status"] != "DeploymentFailed"]
    named = [_run_or_failure(step) for step in runs if _run_or_failure(step)[1]]
    return len(set(named)) < len(named) or any(_repeats_itself(step) for step in runs)


def _repeats_itself(step: Any) -> bool:
    return step["json"]["label"] == sent_field(step, "previous_label_or_app_version", "previousLabelOrAppVersion")


def _downloads(case: Any) -> list[Any]:
    reports = (step for step in case["steps"] if "json" in step and step["path"].endswith("/download"))
    return [step for step in reports if step["expect"]["text"] == "OK"]


def _failures(case: Any) -> list[Any]:
    return [step for step in _labelled(case) if step["json"]["status"] == "DeploymentFailed"]


def _has_repeat_in(reports: Callable[[Any], list[Any]]) -> Callable[[Any], bool]:
    """Return the rule that recognises a case in which a device sends the same of these reports twice."""

    def applies(case: Any) -> bool:
        named = [_run_or_failure(step) for step in reports(case) if not is_unnamed(step)]
        return len(set(named)) < len(named)

    return applies


PRESUMED_RELEASES: Final = tuple(f"v{number}" for number in range(1, 11))
"""The labels that recorded reports presume to be released; the original counted any text."""


def is_unnamed(step: Any) -> bool:
    """Return whether a step is a report without a device id."""
    return "json" in step and not sent_field(step, "client_unique_id", "clientUniqueId")


def _names_other_labels(case: Any) -> bool:
    reports = (step for step in case["steps"] if "json" in step)
    return any(step["json"].get("label") not in {None, "", *PRESUMED_RELEASES} for step in reports)


def _moves_unnamed(case: Any) -> bool:
    return any(_names_another_deployment(step) for step in case["steps"] if is_unnamed(step))


def _names_another_deployment(step: Any) -> bool:
    origin = sent_field(step, "previous_deployment_key", "previousDeploymentKey")
    return origin not in {None, sent_field(step, "deployment_key", "deploymentKey")}


ACTIVE: tuple[Difference, ...] = (
    Difference(
        "unnamed device from another deployment",
        "deployment keys are public, so anyone could empty the counters of any deployment with reports without an id",
        _moves_unnamed,
    ),
)
"""Differences of the active devices besides those of all counters, which a recount finds in any case."""

_LABELS: Final = Difference(
    "label that was not released",
    "only what a deployment released is counted, so that no one can fill the database with labels",
    _names_other_labels,
)

METRICS: dict[str, tuple[Difference, ...]] = {
    "downloaded": (
        _LABELS,
        Difference(
            "download on the deploy route",
            "from old SDKs it counts as a download there, from new ones as an installation; here always as the latter",
            _claims_a_download,
        ),
        Difference("repeated download", "a device's repeated download counts once", _has_repeat_in(_downloads)),
    ),
    "failed": (
        _LABELS,
        Difference("repeated failure", "a device's repeated failure counts once", _has_repeat_in(_failures)),
        Difference("unnamed failure", "a failure counts without an id too", _fails_unnamed),
        Difference(
            "failure after success",
            "old SDKs' failures of the label that the device ran before are lost in the original",
            _fails_after_success,
        ),
    ),
    "installed": (
        _LABELS,
        Difference("unnamed run", "an installation counts without an id too", _runs_unnamed),
        Difference("repeat", "a device's repeated report counts once, whatever its SDK", _repeats),
        Difference(
            "download on the deploy route", "it counts as an installation, whatever the SDK", _claims_a_download
        ),
    ),
}

REFUSED: Final = "refused"
"""What is wanted of a package that must not be stored."""

_DRIVE: Final = re.compile("[A-Za-z]:")


def _refused(_case):
    return REFUSED


def _put_in(case):
    """The names as they were put in: the files of a directory, or the entries of an archive."""
    if case["kind"] == "directory":
        return [f"{case['directory_name']}/{file['path']}" for file in case["files"]]
    names = [(entry["name"], entry.get("name_base64")) for entry in case.get("entries", ())]
    return [base64.b64decode(encoded).decode("cp437") if name is None else name for name, encoded in names]


def _names(case):
    """The names as the original read them, or as they were put in where it read nothing."""
    recorded = case.get("manifest")
    return _put_in(case) if recorded is None else [name for name, _ in recorded]


def _is_package(case):
    return case["kind"] in {"zip", "directory"}


def _is_macos_litter(name):
    return name.startswith("__MACOSX/") or f"/{name}".endswith("/.DS_Store")


def _is_signature(name):
    return f"/{name}".endswith("/.codepushrelease")


def _is_unsafe(name):
    strange = {"", ".", ".."} & set(name.removesuffix("/").split("/"))
    return bool(strange or _DRIVE.match(name) or "\\" in name or "\0" in name)


def _place(name):
    return unicodedata.normalize("NFD", name)


def _files_meet(case):
    places = [_place(name) for name in set(_names(case)) if not name.endswith("/")]
    return _is_package(case) and len(set(places)) < len(places)


def _file_is_folder(case):
    places = {_place(name) for name in _names(case)}
    return _is_package(case) and any(other.startswith(f"{place}/") for place in places for other in places)


def _has_list(case):
    """Whether a file or a folder with files at the top is named like the list of a diff."""
    tops = [name.split("/")[0] for name in _names(case) if not name.endswith("/")]
    return _is_package(case) and any(top.casefold() == "hotcodepush.json" for top in tops)


def _counts_nothing(case):
    """Whether there is no file but signatures and what macOS leaves behind."""
    files = [name for name in _names(case) if not name.endswith("/")]
    return _is_package(case) and all(_is_macos_litter(name) or _is_signature(name) for name in files)


def _contradicts_itself(case):
    """Whether one name has two contents."""
    contents = {}
    for entry in case.get("entries", ()):
        contents.setdefault((entry["name"], entry.get("name_base64")), set()).add(entry["sha256"])
    return any(len(found) > 1 for found in contents.values())


def _hides_entries(case):
    """Whether the original saw fewer files than were put in."""
    kept = {name for name in _put_in(case) if not _is_macos_litter(name)}
    return case["kind"] == "zip" and case["outcome"] == "ok" and len(case["manifest"]) < len(kept)


def _any_entry(condition):
    """The rule that asks something of every entry of the archive itself, read by Python's own ``zipfile``."""

    def applies(case):
        if case["kind"] != "zip":
            return False
        with zipfile.ZipFile(vector_path(case["zip"])) as archive:
            return any(condition(archive, entry) for entry in archive.infolist())

    return applies


def _is_encrypted(_archive, entry):
    return bool(entry.flag_bits & 1)


def _is_link(_archive, entry):
    return stat.S_ISLNK(entry.external_attr >> 16)


def _is_damaged(archive, entry):
    try:
        archive.read(entry)
    except zipfile.BadZipFile:
        return True
    return False


def _has_prefix(case):
    return case["kind"] == "zip" and not vector_path(case["zip"]).read_bytes().startswith(b"PK")


def _starts_like_an_archive(case):
    return case["kind"] == "file" and base64.b64decode(case["base64"]).startswith((b"PK\3\4", b"PK\5\6"))


def _has_folder_entries(case):
    return case["kind"] == "zip" and any(name.endswith("/") for name in _names(case))


def _hash_without_folders(case):
    """The hash over the recorded files, computed as the protocol pages write it down."""
    counted = (f"{name}:{digest}" for name, digest in case["manifest"] if not name.endswith("/"))
    lines = sorted((line for line in counted if not _is_signature(line[:-65])), key=_utf16)
    text = json.dumps(lines, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _utf16(text):
    return text.encode("utf-16-be")


def _canonical(case):
    return sorted(([name, digest] for name, digest in case["manifest"]), key=lambda pair: _utf16(pair[0]))


def _order_is_javascript(case):
    """Whether storing the manifest the original's way moves or loses a name."""
    return case["kind"] == "manifest" and [*json.loads(case["manifest_json"]).items()] != [
        *map(tuple, _canonical(case))
    ]


PACKAGES: tuple[Difference, ...] = (
    Difference(
        "unreadable archives",
        "what the original answers with 500, or never, is a mistake of the sender: it is refused with a sentence",
        lambda case: case["kind"] == "zip" and case["outcome"] in {"error", "hang"},
        _refused,
    ),
    Difference(
        "half archives",
        "a phone unpacks what starts like an archive; one that cannot be read must not become a bundle",
        _starts_like_an_archive,
        _refused,
    ),
    Difference(
        "empty files",
        "a bundle without a byte cannot run",
        lambda case: case["kind"] == "file" and not case["base64"],
        _refused,
    ),
    Difference("nothing to run", "a package without a file that counts cannot run", _counts_nothing, _refused),
    Difference(
        "unsafe names",
        "an empty, dotted or absolute path, a drive, a backslash or a NUL means different places to different readers",
        lambda case: _is_package(case) and any(_is_unsafe(name) for name in {*_names(case), *_put_in(case)}),
        _refused,
    ),
    Difference("names that meet", "iOS does not tell composed from decomposed accents", _files_meet, _refused),
    Difference(
        "a list of deleted files", "a device treats a package with one at its top as a diff", _has_list, _refused
    ),
    Difference("file and folder", "a name cannot be both on any phone", _file_is_folder, _refused),
    Difference(
        "two contents", "readers disagree which of two entries of one name counts", _contradicts_itself, _refused
    ),
    Difference("hidden entries", "readers disagree on entries that the count leaves out", _hides_entries, _refused),
    Difference("bytes in front", "a phone would take the archive for a bundle", _has_prefix, _refused),
    Difference("encrypted entries", "a phone cannot decrypt them", _any_entry(_is_encrypted), _refused),
    Difference("links", "a link can lead out of the package", _any_entry(_is_link), _refused),
    Difference(
        "damaged entries",
        "a wrong checksum, or two headers that disagree, mean that some reader sees something else",
        _any_entry(_is_damaged),
        _refused,
    ),
    Difference(
        "folder content",
        "an entry that is named like a folder cannot hold anything",
        lambda case: any(entry["size"] and (entry["name"] or "").endswith("/") for entry in case.get("entries", ())),
        _refused,
    ),
    Difference(
        "folder entries",
        "phones hash files only, so an archive whose folders count could never be verified",
        _has_folder_entries,
        _hash_without_folders,
    ),
    Difference(
        "manifest order",
        "manifests are stored in canonical order; JavaScript's moves number-like names to the front, loses __proto__",
        _order_is_javascript,
        _canonical,
    ),
)

# Signing: a rule sees a signed directory and says which hash the signature must be for.


def _paths(case):
    return [file["path"] for file in case.get("files", ())]


def _hash_by_server(case):
    return case["package_hash_before"]["server"]


def _is_single_file(case):
    """Whether a single file was given: its signature was written to a temporary folder."""
    return case["outcome"] == "ok" and "signature_path" not in case and len(case["files"]) == 1


def _hash_in_app_folder(case):
    (file,) = case["files"]
    digest = hashlib.sha256(base64.b64decode(file["base64"])).hexdigest()
    text = json.dumps([f"CodePush/{file['path']}:{digest}"], separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


SIGNING: tuple[Difference, ...] = (
    Difference(
        "nothing to sign",
        "a package without a file that counts cannot run",
        lambda case: "files" in case and _counts_nothing({**case, "kind": "directory"}),
        _refused,
    ),
    Difference(
        "signed before",
        "the original cannot remove an old signature; a release may be signed as often as one likes",
        lambda case: case["outcome"] == "error" and ".codepushrelease" in _paths(case),
        _hash_by_server,
    ),
    Difference(
        "nested signature",
        "the original's tool counts it, its server and phones do not; phones would refuse what the tool signed",
        lambda case: case["outcome"] == "ok" and any("/" in path and _is_signature(path) for path in _paths(case)),
        _hash_by_server,
    ),
    Difference(
        "single file",
        "the original signs it in a folder of random name and sends it unsigned; here it is sent in a folder CodePush",
        _is_single_file,
        _hash_in_app_folder,
    ),
)

# Diffs: a rule sees a recorded pair of packages and returns it as it is wanted. All that apply do so, one by one.


def _as_package(zip_name, manifest):
    """One side of a pair in the shape that the rules about packages see; without a manifest it is a single file."""
    if manifest is None:
        return {"kind": "file", "base64": base64.b64encode(vector_path(zip_name).read_bytes())}
    with zipfile.ZipFile(vector_path(zip_name)) as archive:
        entries = [
            {"name": entry.filename, "size": entry.file_size, "sha256": hashlib.sha256(archive.read(entry)).hexdigest()}
            for entry in archive.infolist()
        ]
    return {"kind": "zip", "outcome": "ok", "zip": zip_name, "manifest": manifest, "entries": entries}


def _is_never_stored(zip_name, manifest):
    """Whether a package is refused when it is released, so that there is nothing to make a diff of."""
    rule = difference(PACKAGES, _as_package(zip_name, manifest))
    return rule is not None and rule.wanted is _refused


def _either_is_refused(case):
    return any(_is_never_stored(case[f"{side}_zip"], case[f"{side}_manifest"]) for side in ("old", "new"))


def _has_diff(case):
    return case["outcome"] == "archive"


def _carried(case):
    """The recorded names behind the list."""
    return [entry["name"] for entry in case["archive_entries"][1:]] if _has_diff(case) else []


def _without_diff(case):
    return case | {"outcome": "none"}


def _with_contents(case, deleted, entries):
    """The case with another list, written as JavaScript writes JSON, and other entries behind it."""
    text = json.dumps({"deletedFiles": deleted}, separators=(",", ":"), ensure_ascii=False)
    content = text.encode()
    listing = case["archive_entries"][0] | {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    outcome = "archive" if deleted or entries else "none"
    changed = {"deleted_files": deleted, "hotcodepush_json": text, "archive_entries": [listing, *entries]}
    return case | changed | {"outcome": outcome}


def _has_folders(case):
    return _has_diff(case) and any(name.endswith("/") for name in [*_carried(case), *case["deleted_files"]])


def _without_folders(case):
    deleted = [name for name in case["deleted_files"] if not name.endswith("/")]
    entries = [entry for entry in case["archive_entries"][1:] if not entry["directory"]]
    return _with_contents(case, deleted, entries)


def _carries_twice(case):
    return len(set(_carried(case))) < len(_carried(case))


def _carried_once(case):
    entries = {entry["name"]: entry for entry in case["archive_entries"][1:]}
    return _with_contents(case, case["deleted_files"], [*entries.values()])


def _replaces_folder(case):
    return any(old.startswith(f"{name}/") for name in _carried(case) for old, _ in case["old_manifest"])


def _in_canonical_order(case):
    entries = sorted(case["archive_entries"][1:], key=lambda entry: _utf16(entry["name"]))
    return _with_contents(case, sorted(case["deleted_files"], key=_utf16), entries)


DIFFS: tuple[Difference, ...] = (
    Difference(
        "refused packages",
        "a package that is refused when it is released is on neither side of a diff",
        _either_is_refused,
        lambda case: case | {"outcome": REFUSED},
    ),
    Difference(
        "folder entries",
        "they are never stored, so they are neither carried nor deleted, and alone they are no change",
        _has_folders,
        _without_folders,
    ),
    Difference("one name twice", "the same file twice is stored once", _carries_twice, _carried_once),
    Difference(
        "a file in the place of a folder",
        "phones delete the files of the folder but not the folder, which is then in the way",
        _replaces_folder,
        _without_diff,
    ),
    Difference(
        "canonical order",
        "entries and deleted files are in the order of manifests; JavaScript's moves number-like names to the front",
        lambda case: _has_diff(case) and _in_canonical_order(case) != case,
        _in_canonical_order,
    ),
)

# Management: a rule sees a step of a sequence, with the steps before it, the contents of packages and
# the accounts, and returns the step as it is wanted. All that apply do so, one by one.

_PACKAGE_FIELDS: Final = frozenset(
    (
        "appVersion",
        "blobUrl",
        "description",
        "isDisabled",
        "isMandatory",
        "label",
        "originalDeployment",
        "originalLabel",
        "packageHash",
        "releaseMethod",
        "releasedBy",
        "rollout",
        "size",
        "uploadTime",
    )
)

_BLOCKED: Final = "Please update the previous release to 100% rollout before releasing a new package."
_COMPLETE: Final = "Cannot update rollout value for a completed rollout release."
_TAKEN: Final = "The provided resource already exists"
_MEMBER: Final = "The given account is already a collaborator for this app."


def _with_answer(step, **changes):
    return step | {"expect": step["expect"] | changes}


def _refusal(step, status, text="<text>"):
    kept = {name: value for name, value in step["expect"].items() if name not in {"json", "text"}}
    plain = {"status": status, "location": None, "content_type": "text/plain; charset=utf-8", "text": text}
    return step | {"expect": kept | plain}


def _repeats_secret(step):
    """Whether a chosen access key is refused in words that repeat it."""
    secret = (step.get("json") or {}).get("name") if step["path"] == "/accessKeys" else None
    return bool(secret) and secret in step["expect"].get("text", "")


def _as_recorded(location):
    """An address as the original sends it: its bytes are UTF-8, and are read as Latin-1."""
    return location.encode().decode("latin-1")


def _success(step, location, body):
    kept = {name: value for name, value in step["expect"].items() if name != "text"}
    made = {"status": 201, "location": location, "content_type": "application/json; charset=utf-8", "json": body}
    return step | {"expect": kept | made}


def _mapped(value, change):
    """A JSON value with a change made to every object in it, from the inside out."""
    if isinstance(value, list):
        return [_mapped(item, change) for item in value]
    if isinstance(value, dict):
        return change({name: _mapped(item, change) for name, item in value.items()})
    return value


def _in_packages(change):
    """The rule that changes every package of an answer."""

    def on_package(found):
        return change(found) if "packageHash" in found else found

    def wanted(step):
        return _with_answer(step, json=_mapped(step["expect"]["json"], on_package))

    return wanted


def _shows_packages(step):
    return "packageHash" in json.dumps(step["expect"].get("json"))


def _documented(package):
    """The fields of a package that the protocol names, but for what is null or only came from the sender."""
    from_sender = {"originalLabel", "originalDeployment"} if package.get("releaseMethod") == "Upload" else set()
    names = _PACKAGE_FIELDS - from_sender
    return {name: value for name, value in package.items() if name in names and value is not None}


def _rollout_as_number(package):
    rollout = str(package.get("rollout"))
    return package | ({"rollout": int(rollout)} if rollout.isdecimal() else {})


def _without_leaks(found):
    is_deployment = "key" in found and "name" in found
    leaks = {"id", "createdTime"} if is_deployment else {"id"} if "friendlyName" in found else set()
    return {name: value for name, value in found.items() if name not in leaks}


def _leaks(step):
    return '"id"' in json.dumps(step["expect"].get("json"))


def _sizes_masked(step):
    files = {len(content) for content in step["contents"].values() if not content.startswith(b"PK")}

    def change(package):
        return package | ({} if package["size"] in files else {"size": "<size>"})

    return _in_packages(change)(step)


def _is_rollback(step):
    return step["method"] == "POST" and "/rollback" in step["path"] and step["expect"]["status"] == 201


def _with_label(step):
    return _in_packages(lambda package: package | {"label": "<label>"})(step)


def _location_encoded(step):
    location = step["expect"]["location"].encode("latin-1").decode()
    return _with_answer(step, location="/".join(quote(segment, safe="") for segment in location.split("/")))


def _name_sent(step):
    body = step.get("json")
    name = body.get("name") if isinstance(body, dict) else None
    return name if isinstance(name, str) else ""


def _collection(step):
    """What a request adds to: apps, deployments or something else."""
    return step["path"].rstrip("/").rsplit("/", 1)[-1] if step["method"] == "POST" else ""


def _is_latin(text):
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def _app_made(step):
    name, email = _name_sent(step), step["accounts"][step["as"]]
    is_manual = step["json"].get("manuallyProvisionDeployments")
    app = {
        "name": name,
        "collaborators": {email: {"permission": "Owner"}},
        "deployments": None if is_manual else ["Production", "Staging"],
    }
    return _success(step, _as_recorded(f"/apps/{name}"), {"app": app})


def _is_broken_json(step):
    return "raw_body" in step and step["expect"]["status"] == 500


def _sent_content(step):
    file = step.get("multipart", {}).get("file", {})
    return step["contents"].get(file.get("package")) if file.get("field") == "package" else None


def _cannot_be_released(content):
    return content is not None and (not content or (content.startswith(b"PK") and not _is_plain_archive(content)))


def _is_plain_archive(content):
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return bool(archive.namelist()) and not any(_is_unsafe(entry.orig_filename) for entry in archive.filelist)
    except zipfile.BadZipFile:
        return False


def _is_refused_release(step):
    is_release = step["method"] == "POST" and step["path"].endswith("/release")
    return is_release and step["expect"]["status"] in {201, 500} and _cannot_be_released(_sent_content(step))


def _refused_hashes(step):
    """The hashes of what was released before this step in the recording, and is refused now."""
    earlier = [one | {"contents": step["contents"]} for one in step["earlier"]]
    answers = [one["expect"]["json"]["package"] for one in earlier if _is_refused_release(one) and _made(one)]
    return {answer["packageHash"] for answer in answers}


def _made(step):
    return step["expect"]["status"] == 201


def _history_without_refused(step):
    hashes = _refused_hashes(step)
    kept = [package for package in step["expect"]["json"]["history"] if package["packageHash"] not in hashes]
    return _with_answer(step, json={"history": kept})


def _is_history(step):
    return _shown(step, "history") is not None


def _says_all_in_text(step):
    """Whether a release says the rollout 100 as a text, which blocks the deployment in the original."""
    sent = step.get("multipart", {}).get("packageInfo", "")
    return '"rollout":"100"' in sent.replace(" ", "") and _made(step)


def _was_blocked(step):
    return any(_says_all_in_text(one) for one in step["earlier"])


def _unblocked(step):
    location = unquote(step["path"]).removesuffix("/release")
    return _success(step, _as_recorded(location), {"package": "<anything>"})


def _history_after_block(step):
    known = [package | {"rollout": "<complete>"} for package in step["expect"]["json"]["history"]]
    return _with_answer(step, json={"history": [*known, "<more>"]})


def _apps_left(step):
    """The names of the caller's own apps at a step, as they follow from the steps before."""
    names = set()
    for one in step["earlier"]:
        app = unquote(one["path"].removeprefix("/apps/"))
        status, name = one["expect"]["status"], _name_sent(one)
        if one["as"] != step["as"]:
            continue
        if _collection(one) == "apps" and status == 201:
            names.add(name)
        elif one["method"] == "DELETE" and status == 204:
            names.discard(app)
        elif one["method"] == "PATCH" and status == 200 and app in names and name:
            names = {*names, name} - {app}
    return names


def _loses_apps(step):
    shown = {app["name"] for app in _shown(step, "apps") or ()}
    return _shown(step, "apps") is not None and bool(_apps_left(step) - shown)


def _with_apps_left(step):
    listings = [one["expect"]["json"]["apps"] for one in step["earlier"] if _shown(one, "apps")]
    known = {app["name"]: app for listing in listings for app in listing}
    return _with_answer(step, json={"apps": [known.get(name, "<anything>") for name in sorted(_apps_left(step))]})


def _key_used_twice(step):
    key = (step.get("json") or {}).get("key") if isinstance(step.get("json"), dict) else None
    return _collection(step) == "deployments" and _made(step) and key in _keys_before(step)


def _keys_before(step):
    made = [one for one in step["earlier"] if _collection(one) == "deployments" and _made(one)]
    return {one["json"]["key"] for one in made if "key" in one["json"]}


def _shown(step, name):
    """What an answer shows under a name, if it is an object that has one."""
    body = step["expect"].get("json")
    return body.get(name) if isinstance(body, dict) else None


def _has_twins(step):
    found = _shown(step, "deployments") or ()
    keys = [deployment["key"] for deployment in found if deployment["key"] != "<key>"]
    return len(set(keys)) < len(keys)


def _without_twins(step):
    keys, kept = set(), []
    for deployment in step["expect"]["json"]["deployments"]:
        if deployment["key"] == "<key>" or deployment["key"] not in keys:
            kept.append(deployment)
        keys.add(deployment["key"])
    return _with_answer(step, json={"deployments": kept})


def _about_people(step):
    return "/collaborators/" in step["path"] or "/transfer/" in step["path"]


def _is_added_again(step):
    """Whether a collaborator is added whom the app has, in another letter case."""
    same = [one for one in step["earlier"] if one["path"].casefold() == step["path"].casefold()]
    adds = "/collaborators/" in step["path"] and step["method"] == "POST"
    return adds and _made(step) and any(one["method"] == "POST" and _made(one) for one in same)


def _in_production_words(step):
    if "/transfer/" in step["path"]:
        text = "The given account already owns the app."
    elif step["method"] == "POST":
        text = _MEMBER
    elif step["expect"]["status"] == 409:
        text = "Cannot remove the owner of the app from collaborator list."
    else:
        text = "The given email is not a collaborator for this app."
    return _refusal(step, step["expect"]["status"], text)


MANAGEMENT: tuple[Difference, ...] = (
    Difference(
        "broken JSON",
        "the original fails with a stack trace over a mistake of the sender",
        _is_broken_json,
        lambda step: _refusal(step, 400),
    ),
    Difference(
        "packages that cannot be released",
        "an archive with unsafe names, or a file without a byte, would fail on every phone; see the rules on packages",
        _is_refused_release,
        lambda step: _refusal(step, 400),
    ),
    Difference(
        "history without them",
        "what was refused is not in the history",
        lambda step: _is_history(step) and bool(_refused_hashes(step)),
        _history_without_refused,
    ),
    Difference(
        "names outside of Latin-1",
        "the original makes the app and then fails to write its address",
        lambda step: (
            _collection(step) == "apps" and step["expect"]["status"] == 500 and not _is_latin(_name_sent(step))
        ),
        _app_made,
    ),
    Difference(
        "the rollout 100 as a text",
        "it says that the rollout is complete; in the original it blocks the deployment for good",
        lambda step: _was_blocked(step) and step["expect"].get("text") == _BLOCKED,
        _unblocked,
    ),
    Difference(
        "patch after the rollout 100 as a text",
        "the rollout is complete",
        lambda step: _was_blocked(step) and "greater than" in step["expect"].get("text", ""),
        lambda step: _refusal(step, 409, _COMPLETE),
    ),
    Difference(
        "history after the rollout 100 as a text",
        "it holds what was blocked in the original",
        lambda step: _was_blocked(step) and _is_history(step),
        _history_after_block,
    ),
    Difference(
        "deployment key used twice",
        "the second deployment would take the first one's phones; the original's production store refuses it too",
        _key_used_twice,
        lambda step: _refusal(step, 409),
    ),
    Difference("deployments without twins", "what was refused is not in the list", _has_twins, _without_twins),
    Difference(
        "collaborator added again",
        "an address means the same in any letter case, as in the original's production store",
        _is_added_again,
        lambda step: _refusal(step, 409, _MEMBER),
    ),
    Difference(
        "words of the production store",
        "the recording was taken from a store for tests, which has one sentence for all of them",
        lambda step: _about_people(step) and step["expect"].get("text") in {_TAKEN, "Not Found"},
        _in_production_words,
    ),
    Difference(
        "apps that are left",
        "in the recorded store, removing an app takes the others out of the list",
        _loses_apps,
        _with_apps_left,
    ),
    Difference(
        "secrets in responses",
        "a chosen access key that is taken is named by no response",
        _repeats_secret,
        lambda step: _with_answer(step, text="The access key already exists."),
    ),
    Difference(
        "health",
        "the recorded server had no metrics store, which it takes for a failure",
        lambda step: step["path"] == "/health",
        lambda step: _with_answer(step, status=200, text="Healthy"),
    ),
    Difference(
        "sanitised texts",
        "plain text needs no markup escaped",
        lambda step: "&amp;" in step["expect"].get("text", ""),
        lambda step: _with_answer(step, text=html.unescape(step["expect"]["text"])),
    ),
    Difference(
        "completed markup",
        "plain text needs no markup closed",
        lambda step: step["expect"]["status"] == 409 and "<" in _name_sent(step),
        lambda step: _with_answer(step, text=re.sub(r"</\w+>\Z", "", step["expect"]["text"])),
    ),
    Difference(
        "text",
        "texts are sent as what they are, so that no browser takes a name for markup",
        lambda step: (step["expect"]["content_type"] or "").startswith("text/html"),
        lambda step: _with_answer(step, content_type="text/plain; charset=utf-8"),
    ),
    Difference(
        "addresses",
        "a header cannot carry every name",
        lambda step: bool(step["expect"]["location"]),
        _location_encoded,
    ),
    Difference(
        "documented fields",
        "nothing internal leaves the server, and nothing that only the sender said; null and absent are the same",
        _shows_packages,
        _in_packages(_documented),
    ),
    Difference(
        "leaked identifiers",
        "internal identifiers and times stay inside",
        _leaks,
        lambda step: _with_answer(step, json=_mapped(step["expect"]["json"], _without_leaks)),
    ),
    Difference("rollouts as texts", "a rollout is a number", _shows_packages, _in_packages(_rollout_as_number)),
    Difference(
        "sizes",
        "an archive is packed anew, and its size is that of what phones download",
        _shows_packages,
        _sizes_masked,
    ),
    Difference(
        "who released",
        "the original's production store tells it; the recorded one does not",
        _shows_packages,
        _in_packages(lambda package: package | {"releasedBy": "<email>"}),
    ),
    Difference(
        "label of a rollback", "whoever rolls back wants to know which release that made", _is_rollback, _with_label
    ),
)
