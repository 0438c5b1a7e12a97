"""Validation of the fields of requests.

Each field has a rule: a function that returns its value or raises ValueError. Fields are read in the order in which
the original declares them, and all errors are reported together. Unknown fields are ignored; ``null`` counts as
missing. The rules are those of "Validation" in the management protocol.
"""

from __future__ import annotations

import math
import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from msgspec import Struct

from codepush.models import COMPLETE_ROLLOUT, PackageInfo
from codepush.rules import semver
from codepush.rules.javascript import length, number, parse_int, trim
from codepush.rules.labels import is_label

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "AccessKeyInfo",
    "AccountInfo",
    "AppInfo",
    "DeploymentInfo",
    "FieldError",
    "InvalidFields",
    "OrganizationInfo",
    "access_key_info",
    "access_key_request",
    "account_info",
    "app_info",
    "app_name",
    "deployment_info",
    "display_name",
    "email",
    "is_app_version",
    "is_key",
    "organization_info",
    "package_info",
]

T = TypeVar("T")

REQUIRED: Final = "Field is required"
INVALID: Final = "Field is invalid"

_NAME_LENGTH: Final = 1000
_DESCRIPTION_LENGTH: Final = 10_000
_FRIENDLY_NAME_LENGTH: Final = 10_000

_LONGEST_LIFE: Final = 100 * 365 * 24 * 60 * 60 * 1000
"""100 years in milliseconds: more than any access key needs, and still a valid date."""

_NAME: Final = re.compile(r"[^\\/?:\x00-\x1f\x7f-\x9f]+")
_KEY: Final = re.compile(r"[0-9A-Za-z_-]{10,100}")
_SLUG: Final = re.compile(r"(?!\.{1,2}$)[0-9A-Za-z._-]{1,100}")
_ROLLOUT: Final = re.compile(r"100|[1-9][0-9]?")

# An address is ASCII without blanks, quotes and brackets; # * / ? are rejected too, although mail allows them.
_MAILBOX: Final = re.compile(r"[0-9A-Za-z!$%&'+=^_`{|}~-]+(?:\.[0-9A-Za-z!$%&'+=^_`{|}~-]+)*")
_DOMAIN: Final = re.compile(r"(?:[0-9A-Za-z]+(?:-[0-9A-Za-z]+)*\.)+[A-Za-z][0-9A-Za-z]*(?:-[0-9A-Za-z]+)*")
_EMAIL_LENGTH: Final = 254
_MAILBOX_LENGTH: Final = 64
_DOMAIN_LABEL_LENGTH: Final = 63

_ALLOWED: Final = {
    "appVersion": "an exact version or a range of them, such as 1.0.0, ^1.2 or *",
    "displayName": f"1 to {_NAME_LENGTH} characters",
    "description": f"a text of at most {_DESCRIPTION_LENGTH} characters",
    "createdBy": f"1 to {_NAME_LENGTH} characters",
    "email": "an e-mail address",
    "friendlyName": f"1 to {_FRIENDLY_NAME_LENGTH} characters",
    "isDisabled": "true or false",
    "isMandatory": "true or false",
    "key": "10 to 100 letters, digits, hyphens and underscores",
    "label": "a label, such as v1",
    "manuallyProvisionDeployments": "true or false",
    "organization": "the name of an organization, as it stands in addresses",
    "os": f"1 to {_NAME_LENGTH} characters",
    "platform": f"1 to {_NAME_LENGTH} characters",
    "name": f"1 to {_NAME_LENGTH} characters without control characters, \\, /, ? and :",
    "rollout": f"a whole number from 1 to {COMPLETE_ROLLOUT}",
    "ttl": "a number of milliseconds",
}


class FieldError(Struct, frozen=True):
    """An invalid field, by its name in the request."""

    field: str
    message: str


class InvalidFields(ValueError):
    """A request has invalid fields.

    Attributes:
        errors: All errors, in the order in which the fields are declared.
        allowed: Description of the valid values of each field.

    """

    def __init__(self, errors: tuple[FieldError, ...], allowed: Mapping[str, str]) -> None:
        super().__init__(errors)
        self.errors = errors
        self.allowed = allowed

    def __str__(self) -> str:
        """Return a sentence about the first invalid field."""
        first = self.errors[0]
        wrong = "missing" if first.message == REQUIRED else "invalid"
        return f"The field '{first.field}' is {wrong}; send {self.allowed[first.field]}."


class AppInfo(Struct, frozen=True, kw_only=True):
    """The fields of a request that adds an app.

    ``organization``: URL name of the organization that owns it. ``is_manual``: it starts without deployments.
    """

    name: str
    os: str | None = None
    platform: str | None = None
    organization: str | None = None
    is_manual: bool = False


class DeploymentInfo(Struct, frozen=True, kw_only=True):
    """The fields of a request about a deployment: its name, and the key that existing apps use."""

    name: str | None = None
    key: str | None = None


class AccessKeyInfo(Struct, frozen=True, kw_only=True):
    """The fields of a request about an access key; ``None`` for each missing one.

    ``name`` is the secret, if the user chooses it; ``ttl`` is the lifetime in milliseconds; ``created_by`` is the
    machine that uses the key.
    """

    friendly_name: str | None = None
    ttl: int | None = None
    name: str | None = None
    created_by: str | None = None


class OrganizationInfo(Struct, frozen=True, kw_only=True):
    """The fields of a request about an organization: its URL name and its display name."""

    name: str | None = None
    display_name: str | None = None


class AccountInfo(Struct, frozen=True, kw_only=True):
    """The fields of a request about an account."""

    email: str | None = None
    name: str | None = None


def app_name(raw: object, *, is_required: bool) -> str | None:
    """Read the name in a request that adds or renames an app.

    Args:
        raw: The decoded JSON of the request.
        is_required: Whether a missing name is an error (not so when renaming).

    Raises:
        InvalidFields: The name is missing or invalid.

    """
    fields = _Fields(raw)
    name = fields.read("name", _name, is_required=is_required)
    fields.check()
    return name


def display_name(raw: object) -> str | None:
    """Read the display name in an App Center request that adds or changes an app.

    Args:
        raw: Decoded JSON of the request, with the name as ``displayName``.

    Raises:
        InvalidFields: The name is invalid.

    """
    fields = _Fields(raw)
    name = fields.read("displayName", _person)
    fields.check()
    return name


def app_info(raw: object) -> AppInfo:
    """Read a request that adds an app.

    Args:
        raw: The decoded JSON of the request.

    Raises:
        InvalidFields: The name is missing, or a field is invalid.

    """
    fields = _Fields(raw)
    name = fields.read("name", _name, is_required=True)
    os, platform = fields.read("os", _person), fields.read("platform", _person)
    organization = fields.read("organization", _slug)
    is_manual = fields.read("manuallyProvisionDeployments", _boolean)
    fields.check()
    assert name is not None  # required, and checked
    return AppInfo(name=name, os=os, platform=platform, organization=organization, is_manual=bool(is_manual))


def deployment_info(raw: object, *, is_name_required: bool) -> DeploymentInfo:
    """Read a request that adds or renames a deployment.

    Args:
        raw: The decoded JSON of the request.
        is_name_required: Whether a missing name is an error (not so when renaming).

    Raises:
        InvalidFields: A field is missing or invalid.

    """
    fields = _Fields(raw)
    info = DeploymentInfo(
        name=fields.read("name", _name, is_required=is_name_required),
        key=fields.read("key", _key),
    )
    fields.check()
    return info


def package_info(raw: object, *, require_app_version: bool) -> PackageInfo:
    """Read a request that creates or changes a release.

    Args:
        raw: Decoded JSON; anything but an object counts as an empty one.
        require_app_version: Whether a missing target is an error, as it is for a new release.

    Returns:
        The fields of the request. ``rollout`` is a number even if it was sent as a string.

    Raises:
        InvalidFields: A field is missing or invalid.

    """
    fields = _Fields(raw)
    sent = {
        name: fields.read(field, read, is_required=require_app_version and name == "app_version")
        for name, (field, read) in _PACKAGE_INFO.items()
    }
    fields.check()
    return PackageInfo(**sent)


def access_key_request(raw: object) -> dict[str, Any]:
    """Return the normalised fields of a request about an access key, before validation.

    Old tools send ``description`` for ``friendlyName``; names are trimmed, and a lifetime is the integer at the start
    of its string. A lifetime that is neither a number nor a string is NaN.

    Args:
        raw: Decoded JSON of the request.

    Returns:
        ``createdBy``, ``ttl``, ``name``, ``friendlyName`` and ``description``, if sent.

    """
    body = raw if isinstance(raw, dict) else {}
    request = {field: body[field] for field in ("createdBy", "name") if body.get(field) is not None}
    if body.get("ttl") is not None:
        request["ttl"] = parse_int(body["ttl"]) if isinstance(body["ttl"], int | float | str) else math.nan
    called = [body[field] for field in ("friendlyName", "description") if body.get(field) is not None]
    if called:
        request["friendlyName"] = trim(called[0]) if isinstance(called[0], str) else called[0]
        request["description"] = request["friendlyName"]
    return request


def access_key_info(request: object, *, is_update: bool, is_name_required: bool = True) -> AccessKeyInfo:
    """Read a request that adds or changes an access key.

    Args:
        request: Fields as :func:`access_key_request` returns them.
        is_update: Whether the key exists: then nothing is required, a lifetime of 0 expires it immediately, and the
            secret is ignored.
        is_name_required: Whether a new key needs a secret.

    Raises:
        InvalidFields: A field is missing or invalid.

    """
    fields = _Fields(request)
    info = AccessKeyInfo(
        friendly_name=fields.read("friendlyName", _friendly_name, is_required=not is_update),
        ttl=fields.read("ttl", partial(_life, least=0 if is_update else 1)),
        name=None if is_update else fields.read("name", _key, is_required=is_name_required),
        created_by=fields.read("createdBy", _machine),
    )
    fields.check(_ALLOWED | {"name": _ALLOWED["key"]})
    return info


def account_info(raw: object, *, is_name_required: bool) -> AccountInfo:
    """Read a request that adds or changes an account.

    Args:
        raw: Decoded JSON of the request.
        is_name_required: Whether a missing name is an error.

    Raises:
        InvalidFields: A field is missing or invalid.

    """
    fields = _Fields(raw)
    info = AccountInfo(
        email=fields.read("email", _email),
        name=fields.read("name", _person, is_required=is_name_required),
    )
    fields.check()
    return info


def organization_info(raw: object) -> OrganizationInfo:
    """Read a request that adds or changes an organization.

    Args:
        raw: The decoded JSON of the request.

    Raises:
        InvalidFields: A field is invalid.

    """
    fields = _Fields(raw)
    info = OrganizationInfo(name=fields.read("name", _slug), display_name=fields.read("displayName", _person))
    fields.check(_ALLOWED | {"name": "1 to 100 letters, digits, dots, hyphens and underscores"})
    return info


def email(raw: object) -> str:
    """Read a request that names an account.

    Args:
        raw: The decoded JSON of the request.

    Raises:
        InvalidFields: The address is missing or invalid.

    """
    fields = _Fields(raw)
    address = fields.read("email", _email, is_required=True)
    fields.check()
    assert address is not None  # required, and checked
    return address


def is_key(value: object) -> bool:
    """Return whether a value can be a deployment key or an access key."""
    return isinstance(value, str) and _KEY.fullmatch(value) is not None


def is_app_version(value: object) -> bool:
    """Return whether a value is a complete binary version, as an update check must have."""
    return isinstance(value, str) and semver.valid(value) is not None


class _Fields:
    """Reads the fields of one request and remembers which were wrong."""

    def __init__(self, raw: object) -> None:
        self._raw = raw if isinstance(raw, dict) else {}
        self._errors: list[FieldError] = []

    def read(self, field: str, rule: Callable[[object], T], *, is_required: bool = False) -> T | None:
        value = self._raw.get(field)
        if value is None:
            if is_required:
                self._errors.append(FieldError(field, REQUIRED))
            return None
        try:
            return rule(value)
        except ValueError:
            self._errors.append(FieldError(field, INVALID))
            return None

    def check(self, allowed: Mapping[str, str] = _ALLOWED) -> None:
        if self._errors:
            raise InvalidFields(tuple(self._errors), allowed)


def _text(value: object, *, at_least: int, at_most: int) -> str:
    if isinstance(value, str) and at_least <= length(value) <= at_most:
        return value
    raise ValueError


def _name(value: object) -> str:
    return _matching(_NAME, _text(value, at_least=1, at_most=_NAME_LENGTH))


def _person(value: object) -> str:
    return _text(value, at_least=1, at_most=_NAME_LENGTH)


def _slug(value: object) -> str:
    return _matching(_SLUG, value)


def _friendly_name(value: object) -> str:
    return _text(value, at_least=1, at_most=_FRIENDLY_NAME_LENGTH)


def _machine(value: object) -> str | None:
    return _text(value, at_least=0, at_most=_NAME_LENGTH) or None


def _life(value: object, *, least: int) -> int:
    """Return a life in milliseconds. The original's rule is about numbers, and lets fractions be."""
    life = number(value)
    if not life >= 0 or (least and life == 0):
        raise ValueError
    return int(min(life, _LONGEST_LIFE))


def _description(value: object) -> str:
    return _text(value, at_least=0, at_most=_DESCRIPTION_LENGTH)


def _key(value: object) -> str:
    return _matching(_KEY, value)


def _target(value: object) -> str:
    if isinstance(value, str) and semver.valid_range(value) is not None:
        return value
    raise ValueError


def _label(value: object) -> str:
    if isinstance(value, str) and is_label(value):
        return value
    raise ValueError


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError


def _rollout(value: object) -> int:
    if isinstance(value, int | float) and not isinstance(value, bool) and value in range(1, COMPLETE_ROLLOUT + 1):
        return int(value)
    return int(_matching(_ROLLOUT, value))


def _email(value: object) -> str:
    text = _text(value, at_least=1, at_most=_EMAIL_LENGTH)
    mailbox, _, domain = text.rpartition("@")
    _matching(_MAILBOX, _text(mailbox, at_least=1, at_most=_MAILBOX_LENGTH))
    _matching(_DOMAIN, domain)
    for name in domain.split("."):
        _text(name, at_least=1, at_most=_DOMAIN_LABEL_LENGTH)
    return text


def _matching(pattern: re.Pattern[str], value: object) -> str:
    if isinstance(value, str) and pattern.fullmatch(value):
        return value
    raise ValueError


_PACKAGE_INFO: Final[Mapping[str, tuple[str, Callable[[object], Any]]]] = {
    "app_version": ("appVersion", _target),
    "description": ("description", _description),
    "label": ("label", _label),
    "is_disabled": ("isDisabled", _boolean),
    "is_mandatory": ("isMandatory", _boolean),
    "rollout": ("rollout", _rollout),
}
"""Fields of a release in the order of their errors: by attribute, the name in requests and the rule."""
