"""`$jsonSchema` as far as the project's validators go, strictly."""

from __future__ import annotations

from typing import Any

from services.mongodb.order import type_of

_KNOWN = {"bsonType", "title", "description", "required", "properties", "maxLength"}


def failing(schema: dict[str, Any], value: Any) -> list[str]:
    """List the rules that a value breaks, by the names of the properties."""
    if unknown := schema.keys() - _KNOWN:
        raise ValueError(f"the evaluator knows no {unknown} of $jsonSchema")
    types = schema.get("bsonType")
    wanted = [types] if isinstance(types, str) else types
    if wanted is not None and type_of(value) not in wanted:
        return [""]
    if isinstance(value, str) and len(value) > schema.get("maxLength", len(value)):
        return [""]
    if not isinstance(value, dict):
        return []
    missing = [name for name in schema.get("required", ()) if name not in value]
    inside = [
        name
        for name, rules in schema.get("properties", {}).items()
        if name in value and failing(rules, value[name])
    ]
    return [*missing, *inside]
