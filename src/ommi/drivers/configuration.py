"""Configurations of drivers, checked against the JSON Schema of their plug-in.

A part of JSON Schema that is enough for settings; a schema that asks for more is refused, since a
rule that nobody checks is worse than none. Values are never shown: one may be a password.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from ommi.errors import ConfigurationError

Schema = Mapping[str, Any]
Configuration = dict[str, Any]

POOL_PROPERTIES: Mapping[str, Schema] = {
    "min_connections": {"type": "integer", "exclusiveMinimum": 0},
    "max_connections": {"type": "integer", "exclusiveMinimum": 0},
    "connection_timeout": {"type": "number", "exclusiveMinimum": 0},
    "idle_timeout": {"type": "number", "exclusiveMinimum": 0},
    "max_lifetime": {"type": "number", "exclusiveMinimum": 0},
}
"""What a driver whose connections want a pool puts among the properties of its schema.

Times are in seconds. These never reach the plug-in: the pool is Ommi's.
"""

SERVER_PROPERTIES: Mapping[str, Schema] = {
    "host": {"type": "string", "minLength": 1},
    "port": {"type": "integer", "minimum": 1, "maximum": 65535},
    "user": {"type": "string", "minLength": 1},
    "password": {"type": "string", "writeOnly": True},
    "database": {"type": "string", "minLength": 1},
}
"""What a URL says of a server, for the schema of its driver."""

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (Mapping,),
    "array": (list, tuple),
    "null": (type(None),),
}
_BOOLEANS = {"true": True, "false": False}
_NOTES = frozenset(
    ("$schema", "$id", "title", "description", "examples", "default", "deprecated", "writeOnly")
)
"""Keywords that tell a reader something and forbid nothing."""


def checked(schema: Schema, given: Mapping[str, object], whose: str) -> Configuration:
    """Give a configuration that meets a schema: texts turned into numbers, defaults filled in.

    Raises `ConfigurationError`, which names `whose` configuration it is, the key, and what is
    wanted.
    """
    found = _valid({"type": "object", **schema}, dict(given), _Place(whose, schema))
    return cast("Configuration", found)


class _Place:
    """Where in a configuration a value stands."""

    def __init__(self, whose: str, schema: Schema, key: str = "") -> None:
        self.whose = whose
        self.key = key
        self._schema = schema

    def at(self, key: str) -> _Place:
        return _Place(self.whose, self._schema, f"{self.key}.{key}" if self.key else key)

    def wrong(self, reason: str) -> ConfigurationError:
        examples = self._schema.get("examples", ())
        advice = f"; as in {examples[0]}" if examples else ""
        key = f" {self.key}:" if self.key else ""
        return ConfigurationError(f"{self.whose}:{key} {reason}{advice}")


def _valid(schema: Schema, value: object, place: _Place) -> object:
    value = _read(schema, value)
    for keyword, wanted in schema.items():
        if keyword in _NOTES or keyword in _OF_OBJECTS:
            continue
        check = _CHECKS.get(keyword)
        if check is None:
            raise ConfigurationError(
                f"the schema of {place.whose} asks for {keyword!r}, which Ommi does not check"
            )
        reason = check(wanted, value)
        if reason is not None:
            raise place.wrong(reason)
    if isinstance(value, Mapping):
        return _valid_object(schema, value, place)
    if isinstance(value, list | tuple) and "items" in schema:
        return [_valid(schema["items"], each, place.at(str(n))) for n, each in enumerate(value)]
    return value


def _valid_object(
    schema: Schema, given: Mapping[str, object], place: _Place
) -> Mapping[str, object]:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    for key in schema.get("required", ()):
        if given.get(key) is None:
            raise place.at(key).wrong("it must be given")
    others: Schema | bool = schema.get("additionalProperties", True)
    found: Configuration = {
        key: rules["default"]
        for key, rules in properties.items()
        if "default" in rules and key not in given
    }
    for key, value in given.items():
        rules: Schema | bool = properties.get(key, others)
        if rules is False:
            raise place.at(key).wrong(f"there is no such option; there are {_listed(properties)}")
        found[key] = value if rules is True else _valid(rules, value, place.at(key))
    return found


def _read(schema: Schema, value: object) -> object:
    """Give what a text of a URL means where something else is wanted."""
    kinds = _kinds(schema.get("type", ()))
    if not isinstance(value, str) or not kinds or "string" in kinds:
        return value
    for kind in kinds:
        if kind == "boolean" and value.lower() in _BOOLEANS:
            return _BOOLEANS[value.lower()]
        if kind in {"integer", "number"}:
            try:
                return int(value) if kind == "integer" else float(value)
            except ValueError:
                continue
    return value


def _kinds(said: str | Sequence[str]) -> Sequence[str]:
    return (said,) if isinstance(said, str) else said


def _is_of(kind: str, value: object) -> bool:
    if kind in {"integer", "number"} and isinstance(value, bool):
        return False
    return isinstance(value, _TYPES[kind])


def _type(wanted: str | Sequence[str], value: object) -> str | None:
    kinds = _kinds(wanted)
    if any(_is_of(kind, value) for kind in kinds):
        return None
    return f"{' or '.join(kinds)} wanted, found {type(value).__name__}"


def _enum(wanted: Sequence[object], value: object) -> str | None:
    return None if value in wanted else f"one of {_listed(wanted)} wanted"


def _pattern(wanted: str, value: object) -> str | None:
    if not isinstance(value, str) or re.search(wanted, value):
        return None
    return f"a text that matches {wanted} wanted"


def _bound(
    words: str, holds: Callable[[float, float], bool]
) -> Callable[[float, object], str | None]:
    def check(wanted: float, value: object) -> str | None:
        if not isinstance(value, int | float) or holds(value, wanted):
            return None
        return f"a number {words} {wanted:g} wanted"

    return check


def _length(
    words: str, holds: Callable[[int, int], bool], *kinds: type
) -> Callable[[int, object], str | None]:
    def check(wanted: int, value: object) -> str | None:
        if not isinstance(value, kinds) or holds(len(cast("Sequence[object]", value)), wanted):
            return None
        return f"{words} {wanted} wanted"

    return check


_OF_OBJECTS = frozenset(("properties", "required", "additionalProperties", "items"))
_CHECKS: Mapping[str, Callable[[Any, object], str | None]] = {
    "type": _type,
    "enum": _enum,
    "const": lambda wanted, value: _enum((wanted,), value),
    "pattern": _pattern,
    # A NaN is not below anything, nor above.
    "minimum": _bound("not below", lambda value, bound: value >= bound),
    "maximum": _bound("not above", lambda value, bound: value <= bound),
    "exclusiveMinimum": _bound("above", lambda value, bound: value > bound),
    "exclusiveMaximum": _bound("below", lambda value, bound: value < bound),
    "minLength": _length("a length of at least", lambda length, n: length >= n, str),
    "maxLength": _length("a length of at most", lambda length, n: length <= n, str),
    "minItems": _length("a list of at least", lambda length, n: length >= n, list, tuple),
    "maxItems": _length("a list of at most", lambda length, n: length <= n, list, tuple),
}


def _listed(names: object) -> str:
    return ", ".join(map(str, cast("Sequence[object]", names))) or "none"
