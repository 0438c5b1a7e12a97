"""JSON results, with the field names of the standalone dialect.

Times are milliseconds since 1970, sizes are bytes; unknown values are omitted. Rollout plans are as the API has them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from codepush.client.rollout_plans import as_json
from codepush.models import Package
from codepush.rollout_models import RolloutPlan

__all__ = ["plain"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HIDDEN: Final = frozenset({"extra"})
_ON_SERVERS: Final = frozenset({"is_held"})
"""Fields of a package that no management API sends."""


def plain(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """Return a model, or a list or dictionary of models, as JSON; unknown values are omitted."""
    match value:
        case RolloutPlan():
            return as_json(value)
        case Struct():
            return _fields(value)
        case datetime():
            return (value - _EPOCH) // timedelta(milliseconds=1)
        case Mapping():
            return {key: plain(one) for key, one in value.items()}
        case Sequence() if not isinstance(value, str):
            return [plain(one) for one in value]
        case _:
            return value


def _fields(value: Struct) -> dict[str, Any]:
    hidden = _HIDDEN | _ON_SERVERS if isinstance(value, Package) else _HIDDEN
    fields = {name: getattr(value, name) for name in value.__struct_fields__ if name not in hidden}
    return {_camel(name): plain(one) for name, one in fields.items() if one is not None}


def _camel(name: str) -> str:
    return re.sub("_([a-z])", lambda match: match[1].upper(), name)
