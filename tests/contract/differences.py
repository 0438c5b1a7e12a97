"""Where our answers differ from the recorded ones on purpose.

Each difference is a rule that recognises its condition in the recorded case, with the reason
beside it. Nothing here knows a case by its number, so other recordings of the same shape can be put
through the same tests. Whatever no rule recognises must be exactly as recorded.
"""

import base64
import hashlib
import json
import re
import stat
import unicodedata
import zipfile
from collections.abc import Callable, Iterable
from typing import Any, Final

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


VALIDATION: tuple[Difference, ...] = (
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


METRICS: dict[str, tuple[Difference, ...]] = {
    "downloaded": (
        Difference(
            "download on the deploy route",
            "from old SDKs it counts as a download there, from new ones as an installation; here always as the latter",
            _claims_a_download,
        ),
    ),
    "failed": (
        Difference("unnamed failure", "a failure counts without an id too", _fails_unnamed),
        Difference(
            "failure after success",
            "old SDKs' failures of the label that the device ran before are lost in the original",
            _fails_after_success,
        ),
    ),
    "installed": (
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
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())


def _files_meet(case):
    places = [_place(name) for name in set(_names(case)) if not name.endswith("/")]
    return _is_package(case) and len(set(places)) < len(places)


def _file_is_folder(case):
    places = {_place(name) for name in _names(case)}
    return _is_package(case) and any(other.startswith(f"{place}/") for place in places for other in places)


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
    Difference("names that meet", "case and accents do not tell files apart on every phone", _files_meet, _refused),
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
        "the package's own list",
        "a phone takes it for the list of deleted files, and readers disagree which of two entries of one name counts",
        lambda case: any(name.split("/")[0].casefold() == "hotcodepush.json" for name in _carried(case)),
        _without_diff,
    ),
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
