"""The objects of requests and responses as JSON Schema.

Schemas of responses are derived from the shapes that write them. Shapes read tolerantly, because servers differ; this
server writes exactly, as the schemas describe: nothing is ever null, and numbers are whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypeAlias, get_args

import msgspec
from msgspec import Struct

from codepush.insight_models import InsightSpan
from codepush.models import COMPLETE_ROLLOUT, ReleaseMethod
from codepush.rollout_models import RolloutReason, RolloutState
from codepush.rollout_plan import OnHalt
from codepush.wire.jsonschema import MOMENT, Schema, map_of, nullable, object_of, reference, wrapped
from codepush.wire.messages import Problem
from codepush.wire.standalone.insight import InsightPointShape, InsightShape
from codepush.wire.standalone.plans import PlanShape, StageShape
from codepush.wire.standalone.rollouts import (
    BaselineShape,
    CountsShape,
    DecisionShape,
    EvidenceShape,
    GapShape,
    PreviewShape,
    RolloutShape,
    StagePreviewShape,
)
from codepush.wire.standalone.shapes import (
    AccessKeyShape,
    AccountShape,
    AppShape,
    CollaboratorShape,
    CountersShape,
    DeploymentShape,
    DiffShape,
    InfoShape,
    PackageShape,
    PointShape,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "BYTES",
    "CHECK",
    "CHECK_NEEDS",
    "COUNT",
    "FLAG",
    "HASH",
    "KEY",
    "LABEL",
    "NAME",
    "ROLLOUT",
    "SHORT",
    "TARGET",
    "TEXT",
    "Described",
    "described",
    "schemas",
]

Field: TypeAlias = "tuple[str, str, Schema]"
"""A field in snake_case and in camelCase, and its schema."""

NAME: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 1000, "pattern": r"^[^\\/?:\x00-\x1f\x7f-\x9f]+$"}
"""Name of an app or a deployment."""

TEXT: Final[Schema] = {"type": "string"}
SHORT: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 1000}
FLAG: Final[Schema] = {"type": "boolean"}
KEY: Final[Schema] = {"type": "string", "pattern": "^[0-9A-Za-z_-]{10,100}$"}
HASH: Final[Schema] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
LABEL: Final[Schema] = {"type": "string", "pattern": "^v[1-9][0-9]*$"}
BYTES: Final[Schema] = {"type": "integer", "minimum": 0, "description": "Bytes."}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
ROLLOUT: Final[Schema] = {
    "type": "integer",
    "minimum": 1,
    "maximum": COMPLETE_ROLLOUT,
    "description": "Percentage of devices that receive it.",
}
TARGET: Final[Schema] = {
    "type": "string",
    "description": "Which binary versions of the app can run it: one, or a range of them as node-semver writes it.",
    "examples": ["1.0.0", "^1.2.0", "*"],
}
_VERSION: Final[Schema] = {
    "type": "string",
    "description": "The binary version of the app. Missing parts of `1` and `1.0` count as 0.",
    "examples": ["1.0.0"],
}


_PERCENT: Final[Schema] = {"type": "number", "minimum": 0, "maximum": 100}
_PERCENTS: Final = map_of(_PERCENT)
_RATIO: Final[Schema] = {"type": "number", "minimum": 0}
_SECONDS: Final[Schema] = {"type": "integer", "minimum": 0, "description": "Seconds."}
_STAGE: Final[Schema] = {"type": "integer", "minimum": 1, "description": "Counted from 1."}

_STAGE_FIELDS: Final[Mapping[str, Schema]] = {
    "percent": ROLLOUT,
    "soakSeconds": _SECONDS | {"description": "The least time there; of the last stage, how long it is watched."},
    "needsApproval": FLAG | {"description": "Whether a person has to resume the rollout before the stage begins."},
}

_PLAN: Final[Mapping[str, Schema]] = {
    "text": TEXT | {"examples": ["5% 4h, 25% 1d, 100%"]},
    "limitPercent": _PERCENT | {"description": "The percentage of failing devices that is tolerated."},
    "onHalt": {"type": "string", "enum": list(get_args(OnHalt))},
    "startsAt": MOMENT,
    "window": TEXT | {"description": "When it may advance.", "examples": ["Mon-Thu 09:00-17:00 Europe/Berlin"]},
    "patienceSeconds": _SECONDS | {"description": "After how long a stage without enough verdicts advances."},
    "ripenSeconds": _SECONDS | {"description": "What is younger does not count yet."},
}

_INTERVAL: Final[Schema] = {"type": "array", "items": _PERCENT, "minItems": 2, "maxItems": 2}

_VERDICTS: Final[Mapping[str, Schema]] = {
    **dict.fromkeys(("began", "ok", "bad", "active", "installed"), COUNT),
    "notCounted": map_of(COUNT),
    "failureSharePercent": _PERCENT,
    "interval": _INTERVAL,
    "evidence": _RATIO,
}

_GIVEN_PLAN: Final[Schema] = {"anyOf": [_PLAN["text"], reference("RolloutPlanRequest")]}

_NOTE: Final[Schema] = {"type": "string", "maxLength": 1000, "description": "Why; it is recorded."}


class Described(Struct, frozen=True, kw_only=True):
    """An object: its shape, a description, the fields that are always present, and details of fields."""

    shape: type[Struct]
    description: str
    always: tuple[str, ...] = ()
    fields: Mapping[str, Schema] = {}


_OBJECTS: Final[Mapping[str, Described]] = {
    "Account": Described(
        shape=AccountShape,
        description="A user who may log in.",
        always=("name", "linkedProviders"),
    ),
    "AccessKey": Described(
        shape=AccessKeyShape,
        description="A secret that authenticates an account until it expires. A session is one that a login created.",
        always=("createdBy", "friendlyName", "description"),
        fields={
            "createdTime": MOMENT,
            "expires": MOMENT,
            "name": TEXT | {"description": "The secret; only returned when the key is created, `(hidden)` in lists."},
            "description": TEXT | {"description": "What old tools call `friendlyName`."},
        },
    ),
    "App": Described(
        shape=AppShape,
        description="An app. Where several have one name, those of others are called `owner's e-mail address:name`.",
        always=("collaborators", "deployments"),
    ),
    "Collaborator": Described(
        shape=CollaboratorShape,
        description="An account's part in an app; the caller's own is marked.",
    ),
    "Counters": Described(
        shape=CountersShape,
        description="The counters of a label, or of a binary version, which has `active` only.",
        always=("active",),
        fields=dict.fromkeys(("active", "downloaded", "failed", "installed"), COUNT),
    ),
    "CountersPoint": Described(
        shape=PointShape,
        description=(
            "The counters of a label, or of a binary version, in an hour or a day in which something changed: "
            "`active` at its end, the others within it."
        ),
        always=("startsAt", "span", "active"),
        fields={
            **dict.fromkeys(("active", "downloaded", "failed", "installed"), COUNT),
            "startsAt": MOMENT,
            "span": {"type": "string", "enum": ["hour", "day"]},
        },
    ),
    "Deployment": Described(
        shape=DeploymentShape,
        description="A channel of releases. Apps contain its key; `package` is its newest release, if it has one.",
        fields={"key": KEY},
    ),
    "Diff": Described(
        shape=DiffShape,
        description="A smaller download for devices that run one particular older package.",
        fields={"size": BYTES},
    ),
    "Insight": Described(
        shape=InsightShape,
        description=(
            "What devices reported of a release. Shares and limits are percent. `failureSharePercent`, `interval` and "
            "`evidence` are of all verdicts since the evidence began; `limitPercent` and what follows from it need a "
            "rollout plan."
        ),
        always=("began", "ok", "bad", "notCounted", "active", "installed", "audience", "interval", "gaps", "points"),
        fields={
            **_VERDICTS,
            "label": LABEL,
            "since": MOMENT,
            "until": MOMENT,
            "span": {"type": "string", "enum": list(get_args(InsightSpan))},
            "audience": COUNT,
            "adoptionPercent": _PERCENT,
            "limitPercent": _PERCENT,
            "evidenceSince": MOMENT,
            "haltedAfter": COUNT | {"description": "Milliseconds from the first counted failure to the halt."},
        },
    ),
    "InsightPoint": Described(
        shape=InsightPointShape,
        description=(
            "What devices reported of the trials that began in a span. `failureSharePercent`, `interval` and "
            "`evidence` are of all verdicts up to here, `gaps` by age in percent."
        ),
        always=("began", "ok", "bad", "notCounted", "active", "installed", "interval", "gaps"),
        fields={**_VERDICTS, "startsAt": MOMENT, "gaps": _PERCENTS},
    ),
    "Package": Described(
        shape=PackageShape,
        description=(
            "A release. `description`, `isDisabled` and `isMandatory` are omitted if they were never set, "
            "`rollout` if it is complete; the response to a release or a change has 100 then."
        ),
        always=("label", "blobUrl", "size", "releaseMethod", "uploadTime", "releasedBy"),
        fields={
            "appVersion": TARGET,
            "packageHash": HASH,
            "label": LABEL,
            "originalLabel": LABEL,
            "rollout": ROLLOUT,
            "size": BYTES,
            "uploadTime": MOMENT,
            "releaseMethod": {"enum": list(get_args(ReleaseMethod))},
        },
    ),
    "PackageInfo": Described(
        shape=InfoShape,
        description="The settings of a release. Omitted fields do not change.",
        fields={
            "appVersion": TARGET,
            "description": TEXT | {"maxLength": 10_000},
            "label": LABEL | {"description": "The release; by default the newest one."},
            "rollout": ROLLOUT,
            "rolloutPlan": nullable(_GIVEN_PLAN)
            | {
                "description": "The rollout plan of a new release: a string, or an object with `text` or `stages`. "
                "Null: none; omitted: the default plan of the deployment. `rollout` must be that of its first stage. "
                "Only for a new release; a patch with it is rejected."
            },
        },
    ),
    "Rollout": Described(
        shape=RolloutShape,
        description=(
            "The rollout of a release with a plan, and its state. Shares and limits are percent. `baseline` and "
            "`limitPercent` are omitted before it has started, `decisions` in lists."
        ),
        always=(
            "stage",
            "percent",
            "isHeld",
            "counts",
            "evidence",
            "gaps",
            "soakedSeconds",
            "waitsFor",
            "decisions",
            "version",
        ),
        fields={
            "label": LABEL,
            "state": {"type": "string", "enum": list(get_args(RolloutState))},
            "reason": {"type": "string", "enum": list(get_args(RolloutReason))},
            "stage": _STAGE,
            "percent": ROLLOUT,
            "limitPercent": _PERCENT,
            "soakedSeconds": _SECONDS,
            "waitsFor": TEXT | {"description": "What has to happen for the next step; empty once it is over."},
            "startedAt": MOMENT,
            "version": COUNT | {"description": "Rises with every step; send it as `expectedVersion`."},
        },
    ),
    "RolloutBaseline": Described(
        shape=BaselineShape,
        description="What earlier releases lead to expect, in percent of the devices; `gaps` by age.",
        always=("verdicts", "releases", "assumed", "gaps", "silenceLimits"),
        fields={
            "percent": _PERCENT,
            "verdicts": COUNT,
            "gaps": _PERCENTS,
            "silenceLimits": _PERCENTS,
            "strangersPercent": _PERCENT,
        },
    ),
    "RolloutCounts": Described(
        shape=CountsShape,
        description="What devices reported. The share of failures lies within `interval`, in percent.",
        always=("began", "ok", "bad", "interval", "standing"),
        fields={
            **dict.fromkeys(("began", "ok", "bad"), COUNT),
            "interval": _INTERVAL,
            "standing": map_of(COUNT),
            "strangersPercent": _PERCENT,
        },
    ),
    "RolloutDecision": Described(
        shape=DecisionShape,
        description="A decision, with the numbers that it can be computed from.",
        always=("actor", "stage", "percent", "note", "numbers", "text"),
        fields={"at": MOMENT, "stage": _STAGE, "percent": ROLLOUT, "numbers": {"type": "object"}},
    ),
    "RolloutEvidence": Described(
        shape=EvidenceShape,
        description=(
            "How many times as likely what was seen is if the release is worse than allowed. From a `total` of 10 on a "
            "rollout is held, from 100 on halted; from a `health` of 10 on it advances."
        ),
        always=("total", "failures", "others", "health"),
        fields=dict.fromkeys(("total", "failures", "silence", "silence1h", "others", "health"), _RATIO),
    ),
    "RolloutGap": Described(
        shape=GapShape,
        description="The percentage of downloads without a verdict at an age, and that of the baseline.",
        fields={
            "age": {"type": "string", "enum": ["1h", "24h"]},
            "percent": _PERCENT,
            "usualPercent": _PERCENT,
        },
    ),
    "RolloutPlan": Described(
        shape=PlanShape,
        description="How a release reaches all devices; `text` spells the stages.",
        always=("text", "onHalt", "ripenSeconds"),
        fields=_PLAN,
    ),
    "RolloutPreview": Described(
        shape=PreviewShape,
        description=(
            "What a plan would do. `noticed`: rises of the failures in percent points that are noticed with a "
            "probability of so many percent."
        ),
        always=("audience", "stages", "noticed", "warnings"),
        fields={"limitPercent": _PERCENT, "audience": COUNT, "noticed": _PERCENTS},
    ),
    "RolloutStage": Described(
        shape=StageShape,
        description="A stage of a plan.",
        always=("soakSeconds", "needsApproval"),
        fields=_STAGE_FIELDS,
    ),
    "RolloutStagePreview": Described(
        shape=StagePreviewShape,
        description="What to expect of a stage: devices, verdicts after so many hours, and how many it takes.",
        always=("devices", "verdicts", "needed"),
        fields={"percent": ROLLOUT, "devices": COUNT, "verdicts": map_of(COUNT), "needed": COUNT},
    ),
    "Problem": Described(
        shape=Problem,
        description="A machine-readable error. `code` does not change between versions, `message` is for users.",
        always=("request_id",),
    ),
}

_UPDATE: Final[tuple[Field, ...]] = (
    ("is_available", "isAvailable", FLAG),
    ("should_run_binary_version", "shouldRunBinaryVersion", FLAG),
    ("update_app_version", "updateAppVersion", FLAG),
    ("app_version", "appVersion", TEXT),
    ("target_binary_range", "target_binary_range", TEXT),
    ("download_url", "downloadURL", TEXT),
    ("label", "label", TEXT),
    ("package_hash", "packageHash", TEXT),
    ("package_size", "packageSize", BYTES),
    ("description", "description", TEXT),
    ("is_mandatory", "isMandatory", FLAG),
)
"""The result of an update check, in both spellings."""

_UPDATE_ALWAYS: Final = 9
"""Number of these that are always present: the first ones; the others only if the release has them."""

_DOWNLOAD: Final[tuple[Field, ...]] = (
    ("deployment_key", "deploymentKey", SHORT),
    ("label", "label", SHORT),
    ("client_unique_id", "clientUniqueId", TEXT),
)
"""The report of a download, in both spellings."""

_DEPLOY: Final[tuple[Field, ...]] = (
    ("deployment_key", "deploymentKey", SHORT),
    ("app_version", "appVersion", SHORT),
    ("label", "label", TEXT),
    ("status", "status", {"enum": ["DeploymentSucceeded", "DeploymentFailed", "Downloaded"]}),
    ("client_unique_id", "clientUniqueId", TEXT),
    ("previous_deployment_key", "previousDeploymentKey", TEXT),
    ("previous_label_or_app_version", "previousLabelOrAppVersion", TEXT),
)
"""The report of an installation or a rollback, in both spellings."""

_REPORT_NEEDS: Final = 2
"""Number of required fields of a report: the first ones."""

CHECK: Final[tuple[Field, ...]] = (
    ("deployment_key", "deploymentKey", KEY),
    ("app_version", "appVersion", _VERSION),
    ("package_hash", "packageHash", TEXT | {"description": "The hash of the package that it runs."}),
    ("label", "label", TEXT | {"description": "The label that it runs."}),
    ("is_companion", "isCompanion", FLAG | {"description": "Whether targets do not matter, as for companion apps."}),
    ("client_unique_id", "clientUniqueId", TEXT | {"description": "The device ID, for rollouts."}),
)
"""The parameters of an update check, in both spellings."""

CHECK_NEEDS: Final = 2
"""Number of required parameters: the first ones."""


def schemas() -> dict[str, Schema]:
    """Return the schema of every object by its name."""
    objects = described(_OBJECTS)
    return objects | {"NewApp": _new_app(objects["App"])} | _requests() | _devices()


def described(objects: Mapping[str, Described]) -> dict[str, Schema]:
    """Return the schemas of the objects of a dialect by their names; they refer to one another only."""
    names = {one.shape.__name__: name for name, one in objects.items()}
    _, derived = msgspec.json.schema_components([one.shape for one in objects.values()], ref_template="{name}")
    return {name: _exact(derived[one.shape.__name__], one, names) for name, one in objects.items()}


def _exact(derived: Schema, one: Described, names: Mapping[str, str]) -> Schema:
    """Return the schema of what this server writes, from that of what servers may write."""
    fields = {field: one.fields.get(field) or _one(schema, names) for field, schema in derived["properties"].items()}
    return object_of(fields, required=(*derived["required"], *one.always), description=one.description)


def _one(schema: Schema, names: Mapping[str, str]) -> Schema:
    """Return the first of the alternatives of a schema, which this server writes."""
    first = schema["anyOf"][0] if "anyOf" in schema else schema
    if "$ref" in first:
        return reference(names[first["$ref"]])
    return {
        key: _one(value, names) if isinstance(value, dict) else value
        for key, value in first.items()
        if key != "default"
    }


def _exactly(fields: Mapping[str, Schema], *, description: str | None = None) -> Schema:
    """Return the schema of an object in a request that rejects other fields."""
    return object_of(fields, description=description) | {"additionalProperties": False}


def _new_app(app: Schema) -> Schema:
    fields = app["properties"] | {"deployments": {"type": ["array", "null"], "items": TEXT}}
    description = "An app that was just created; `deployments` is null when it has none."
    return object_of(fields, required=app["required"], description=description)


def _requests() -> dict[str, Schema]:
    """Return the bodies of requests. Other fields are ignored, and null counts as missing."""
    called = {"type": "string", "minLength": 1, "maxLength": 10_000, "pattern": r"\S"}
    life = {"type": "integer", "description": "Milliseconds from now."}
    return {
        "AccessKeyChange": object_of({"friendlyName": called, "ttl": life | {"minimum": 0}}),
        "AccessKeyCreation": object_of(
            {
                "friendlyName": called,
                "ttl": life
                | {
                    "minimum": 1,
                    "default": 5_184_000_000,
                    "description": "Lifetime in milliseconds; it ends with that of the requesting key at the latest.",
                },
                "createdBy": TEXT | {"maxLength": 1000, "description": "The machine that it is for."},
                "name": KEY
                | {
                    "pattern": "^[0-9A-Za-z_-]{32,100}$",
                    "description": "The access key itself; 256 random bits by default.",
                },
            },
            required=["friendlyName"],
        ),
        "AppCreation": object_of(
            {
                "name": NAME,
                "os": SHORT,
                "platform": SHORT,
                "organization": TEXT
                | {
                    "pattern": "^[0-9A-Za-z_-][0-9A-Za-z._-]{0,99}$",
                    "description": "The organization that owns it; by default the account does.",
                },
                "manuallyProvisionDeployments": FLAG
                | {"default": False, "description": "Whether it gets no `Production` and `Staging`."},
            },
            required=["name"],
        ),
        "Change": object_of({"packageInfo": reference("PackageInfo")}),
        "PatchChange": object_of(
            {"packageInfo": {"allOf": [reference("PackageInfo"), {"properties": {"rolloutPlan": False}}]}},
            description="A plan belongs to a new release; a patch with one is rejected.",
        ),
        "ControlRequest": _exactly(
            {
                "note": _NOTE,
                "limitPercent": {
                    "type": "number",
                    "exclusiveMinimum": 0,
                    "exclusiveMaximum": 100,
                    "description": "The limit from now on; only to resume.",
                },
                "expectedVersion": COUNT | {"maximum": 2**53, "description": "The version that the caller has seen."},
                "force": FLAG | {"description": "Whether to advance in spite of a suspicion, which needs a note."},
            }
        ),
        "DeploymentCreation": object_of(
            {"name": NAME, "key": KEY | {"description": "Existing key of installed apps; random by default."}},
            required=["name"],
        ),
        "NoteRequest": _exactly({"note": _NOTE}),
        "PlanRequest": object_of({"rolloutPlan": _GIVEN_PLAN}, required=["rolloutPlan"]),
        "PreviewRequest": object_of(
            {"rolloutPlan": _GIVEN_PLAN, "appVersion": TARGET, "isMandatory": FLAG}, required=["rolloutPlan"]
        ),
        "RolloutPlanRequest": _exactly(
            {**_PLAN, "stages": {"type": "array", "minItems": 1, "maxItems": 20, "items": _exactly(_STAGE_FIELDS)}},
            description="A plan: `stages`, or their `text`.",
        ),
        "FieldErrors": {
            "type": "array",
            "items": wrapped(field=TEXT, message={"enum": ["Field is required", "Field is invalid"]}),
        },
        "Release": object_of(
            {
                "package": {
                    "type": "string",
                    "format": "binary",
                    "minLength": 1,
                    "description": "A zip archive, or a single file.",
                },
                "packageInfo": {"allOf": [reference("PackageInfo"), {"required": ["appVersion"]}]},
            },
            required=["package", "packageInfo"],
        ),
        "Renaming": object_of({"name": NAME}),
    }


def _devices() -> dict[str, Schema]:
    """Return the results of update checks and the reports of devices, in both spellings."""
    deploy = {"dependentRequired": {"label": ["status"]}}
    return {
        "Update": _spelled(_UPDATE, camel=False, required=_UPDATE_ALWAYS),
        "LegacyUpdate": _spelled(_UPDATE, camel=True, required=_UPDATE_ALWAYS),
        "DownloadReport": _spelled(_DOWNLOAD, camel=False, required=_REPORT_NEEDS),
        "LegacyDownloadReport": _spelled(_DOWNLOAD, camel=True, required=_REPORT_NEEDS),
        "DeployReport": _spelled(_DEPLOY, camel=False, required=_REPORT_NEEDS) | deploy,
        "LegacyDeployReport": _spelled(_DEPLOY, camel=True, required=_REPORT_NEEDS) | deploy,
    }


def _spelled(fields: Sequence[Field], *, camel: bool, required: int) -> Schema:
    """Return an object in one spelling; its first ``required`` fields are required."""
    properties = {names[camel]: schema for *names, schema in fields}
    return object_of(properties, required=[*properties][:required])
