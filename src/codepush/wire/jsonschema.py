"""JSON Schemas, composed from smaller ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["MOMENT", "Schema", "list_of", "map_of", "nullable", "object_of", "reference", "wrapped"]

Schema: TypeAlias = "dict[str, Any]"
"""A JSON Schema."""

MOMENT: Final[Schema] = {"type": "integer", "minimum": 0, "description": "Milliseconds since 1970-01-01 UTC."}


def reference(name: str) -> Schema:
    """Return a reference to the schema of this name."""
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(name: str) -> Schema:
    """Return the schema of an array of the objects of this name."""
    return {"type": "array", "items": reference(name)}


def map_of(values: Schema) -> Schema:
    """Return the schema of an object with any keys, whose values all match one schema."""
    return {"type": "object", "additionalProperties": values}


def nullable(schema: Schema) -> Schema:
    """Return a schema that also allows null."""
    return {"anyOf": [schema, {"type": "null"}]}


def wrapped(**fields: Schema) -> Schema:
    """Return the schema of an object whose fields are all required."""
    return object_of(fields, required=fields)


def object_of(
    properties: Mapping[str, Schema], *, required: Iterable[str] = (), description: str | None = None
) -> Schema:
    """Return the schema of an object with these fields."""
    described: Schema = {} if description is None else {"description": description}
    schema: Schema = described | {"type": "object", "properties": dict(properties)}
    return schema | ({"required": list(required)} if required else {})
