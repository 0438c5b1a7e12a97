"""The client's side: one function per route, returning what to send and how to read the answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Generic, Literal, TypeAlias, TypeVar
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from codepush.errors import Invalid
from codepush.wire.messages import Request, Response, Upload, decode_answer, encode_json
from codepush.wire.standalone.shapes import (
    AccountShape,
    AppShape,
    CountersShape,
    DeploymentShape,
    InfoShape,
    PackageShape,
)

if TYPE_CHECKING:
    from codepush.models import Account, App, Deployment, Metrics, Package, PackageInfo

__all__ = [
    "UNCHANGED",
    "Call",
    "account",
    "add_app",
    "add_deployment",
    "app",
    "apps",
    "authenticated",
    "deployment",
    "deployments",
    "history",
    "metrics",
    "patch_release",
    "promote",
    "release",
    "remove_app",
    "segment",
]

T = TypeVar("T")

UNCHANGED: Final = "unchanged"
"""What reading the answer to a patch gives when the server says that nothing changed."""

PatchAnswer: TypeAlias = "Package | Literal['unchanged'] | None"

_UNESCAPED: Final = "-_.!~*'()"  # what JavaScript's encodeURIComponent leaves alone, besides letters and digits
_NO_CONTENT: Final = 204
_LABEL: Final = re.compile(r"v?([0-9]{1,18})")
_JSON_BODY: Final[Mapping[str, str]] = {"Content-Type": "application/json;charset=UTF-8"}


class Call(Struct, Generic[T], frozen=True, kw_only=True):
    """A request and the meaning of its answer.

    ``repeatable`` says that sending it again after a lost answer does no harm and gives the same
    answer. Only reading does: a second removal answers 404 to one that worked, a second patch or
    release 409.
    """

    request: Request
    read: Callable[[Response], T]
    repeatable: bool = False


class _AccountAnswer(Struct, frozen=True):
    account: AccountShape


class _AppAnswer(Struct, frozen=True):
    app: AppShape


class _AppsAnswer(Struct, frozen=True):
    apps: list[AppShape]


class _DeploymentAnswer(Struct, frozen=True):
    deployment: DeploymentShape


class _DeploymentsAnswer(Struct, frozen=True):
    deployments: list[DeploymentShape]


class _PackageAnswer(Struct, frozen=True):
    package: PackageShape | None = None


class _HistoryAnswer(Struct, frozen=True):
    history: list[PackageShape]


class _MetricsAnswer(Struct, frozen=True):
    metrics: dict[str, CountersShape] | None


def authenticated() -> Call[None]:
    """Ask whether the access key is good; a bad one is answered with 401."""
    return _get("/authenticated", _nothing)


def account() -> Call[Account]:
    """Ask whose access key it is."""
    return _get("/account", lambda response: decode_answer(response.body, _AccountAnswer).account.account())


def apps() -> Call[list[App]]:
    """Ask for all apps the account is a collaborator of."""
    return _get("/apps", _read_apps)


def app(app_name: str) -> Call[App]:
    """Ask for one app."""
    return _get(_app_path(app_name), _read_app)


def add_app(app_name: str, *, os: str | None, platform: str | None, manually_provision_deployments: bool) -> Call[App]:
    """Create an app; ``os`` and ``platform`` are only sent when given, as the original server does not know them."""
    fields = {
        "name": app_name,
        "os": os,
        "platform": platform,
        "manuallyProvisionDeployments": manually_provision_deployments,
    }
    return _post("/apps/", {name: value for name, value in fields.items() if value is not None}, _read_app)


def remove_app(app_name: str) -> Call[None]:
    """Remove an app with all that belongs to it."""
    return Call(request=Request(method="DELETE", path=_app_path(app_name)), read=_nothing)


def deployments(app_name: str) -> Call[list[Deployment]]:
    """Ask for all deployments of an app."""
    return _get(f"{_app_path(app_name)}/deployments/", _read_deployments)


def deployment(app_name: str, deployment_name: str) -> Call[Deployment]:
    """Ask for one deployment."""
    return _get(_deployment_path(app_name, deployment_name), _read_deployment)


def add_deployment(app_name: str, deployment_name: str, *, key: str | None) -> Call[Deployment]:
    """Create a deployment; the server makes a key when none is given."""
    fields = {"name": deployment_name} if key is None else {"name": deployment_name, "key": key}
    return _post(f"{_app_path(app_name)}/deployments/", fields, _read_deployment)


def release(app_name: str, deployment_name: str, upload: Upload, info: PackageInfo) -> Call[Package | None]:
    """Release a package, sent as the part ``package`` and followed by the part ``packageInfo``.

    The answer is ``None`` from servers that do not tell what they made of it.

    Args:
        app_name: the app.
        deployment_name: the deployment.
        upload: the file; its ``part`` and ``texts`` are set here.
        info: what is said about it, with the target binary version.

    """
    sent = replace(upload, part="package", texts={"packageInfo": encode_json(InfoShape.of(info)).decode()})
    path = f"{_deployment_path(app_name, deployment_name)}/release"
    return Call(request=Request(method="POST", path=path, upload=sent), read=_read_package)


def patch_release(app_name: str, deployment_name: str, info: PackageInfo) -> Call[PatchAnswer]:
    """Change what is said about a release: the one with ``info.label``, or the newest.

    The answer is the changed release, ``UNCHANGED`` when it was so already, or ``None`` from servers
    that do not tell.
    """
    path = f"{_deployment_path(app_name, deployment_name)}/release"
    request = Request(method="PATCH", path=path, headers=_JSON_BODY, body=_info_body(info))
    return Call(request=request, read=_read_patched)


def promote(app_name: str, source: str, destination: str, info: PackageInfo) -> Call[Package | None]:
    """Release in ``destination`` what ``source`` has: the release with ``info.label``, or the newest.

    The answer is ``None`` from servers that do not tell what they made of it.
    """
    start = _deployment_path(app_name, source, "source_deployment_name")
    path = f"{start}/promote/{segment(destination, 'destination_deployment_name')}"
    request = Request(method="POST", path=path, headers=_JSON_BODY, body=_info_body(info))
    return Call(request=request, read=_read_package)


def history(app_name: str, deployment_name: str) -> Call[list[Package]]:
    """Ask for the releases of a deployment, read oldest first whichever way the server sorts them."""
    return _get(f"{_deployment_path(app_name, deployment_name)}/history", _read_history)


def metrics(app_name: str, deployment_name: str) -> Call[dict[str, Metrics]]:
    """Ask for the counters of a deployment, by label or binary version."""
    return _get(f"{_deployment_path(app_name, deployment_name)}/metrics", _read_metrics)


def segment(name: str, field: str) -> str:
    """Return a name as one segment of a path, encoded as JavaScript's ``encodeURIComponent`` does.

    Args:
        name: any text.
        field: what the name is called, for the error.

    Raises:
        Invalid: the name would make another path: it is empty, ``.`` or ``..``, or not valid Unicode.

    """
    if name in {"", ".", ".."}:
        raise Invalid(f"{name!r} cannot be a name. Give the {field} as the server knows it.", 400, field=field)
    try:
        return quote(name, safe=_UNESCAPED)
    except UnicodeEncodeError as error:
        raise Invalid(f"The {field} holds half of a surrogate pair, which cannot be sent.", 400, field=field) from error


def _app_path(app_name: str) -> str:
    # Old clients replace only the first slash, of "owner/app"; a later one is part of the name.
    return f"/apps/{segment(app_name.replace('/', '~~', 1), 'app_name')}"


def _deployment_path(app_name: str, deployment_name: str, field: str = "deployment_name") -> str:
    return f"{_app_path(app_name)}/deployments/{segment(deployment_name, field)}"


def _get(path: str, read: Callable[[Response], T]) -> Call[T]:
    return Call(request=Request(method="GET", path=path), read=read, repeatable=True)


def _post(path: str, fields: Mapping[str, object], read: Callable[[Response], T]) -> Call[T]:
    return Call(request=Request(method="POST", path=path, headers=_JSON_BODY, body=encode_json(fields)), read=read)


def _info_body(info: PackageInfo) -> bytes:
    return encode_json({"packageInfo": InfoShape.of(info)})


def _nothing(_: Response) -> None:
    """Servers answer 200, 201 or 204, with or without words; the status said it all."""


def _read_apps(response: Response) -> list[App]:
    return [shape.app() for shape in decode_answer(response.body, _AppsAnswer).apps]


def _read_app(response: Response) -> App:
    return decode_answer(response.body, _AppAnswer).app.app()


def _read_deployments(response: Response) -> list[Deployment]:
    return [shape.deployment() for shape in decode_answer(response.body, _DeploymentsAnswer).deployments]


def _read_deployment(response: Response) -> Deployment:
    return decode_answer(response.body, _DeploymentAnswer).deployment.deployment()


def _read_package(response: Response) -> Package | None:
    if not response.body.strip():
        return None
    shape = decode_answer(response.body, _PackageAnswer).package
    return None if shape is None else shape.package()


def _read_patched(response: Response) -> PatchAnswer:
    return UNCHANGED if response.status == _NO_CONTENT else _read_package(response)


def _read_history(response: Response) -> list[Package]:
    releases = [shape.package() for shape in decode_answer(response.body, _HistoryAnswer).history]
    return sorted(releases, key=_number)


def _number(package: Package) -> int:
    label = _LABEL.fullmatch(package.label)
    return int(label[1]) if label else 0


def _read_metrics(response: Response) -> dict[str, Metrics]:
    counters = decode_answer(response.body, _MetricsAnswer).metrics or {}
    return {name: shape.metrics() for name, shape in counters.items()}
