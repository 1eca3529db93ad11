"""A configuration is checked against its JSON Schema; an error names the key, never the value."""

from __future__ import annotations

import math
from typing import Any

import pytest

from ommi import ConfigurationError
from ommi.drivers.configuration import checked

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "host": {"type": "string", "minLength": 2, "maxLength": 5, "pattern": "^[a-z]+$"},
        "port": {"type": "integer", "minimum": 1, "maximum": 9, "default": 5},
        "timeout": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 10},
        "mode": {"enum": ["ro", "rw"]},
        "is_safe": {"type": "boolean"},
        "version": {"const": 3},
        "password": {"type": "string", "writeOnly": True},
        "nodes": {
            "type": "array",
            "minItems": 1,
            "maxItems": 2,
            "items": {
                "type": "object",
                "properties": {"name": {"type": "string"}},
                "required": ["name"],
            },
        },
        "either": {"type": ["string", "null"]},
    },
    "required": ["host"],
    "additionalProperties": False,
    "examples": ["shop://host"],
}


def test_what_fits_is_given_back_with_defaults() -> None:
    found = checked(SCHEMA, {"host": "abc", "nodes": [{"name": "a"}], "either": None}, "shop")

    assert found == {"host": "abc", "port": 5, "nodes": [{"name": "a"}], "either": None}


def test_texts_of_a_url_become_what_is_wanted() -> None:
    given = {"host": "abc", "port": "7", "timeout": "1.5", "is_safe": "true"}

    found = checked(SCHEMA, given, "shop")

    assert found == {"host": "abc", "port": 7, "timeout": 1.5, "is_safe": True}


SECRET = "hunter2hunter2"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "host: it must be given"),
        ({"host": None}, "host: it must be given"),
        ({"host": 3}, "host: string wanted, found int"),
        ({"host": "a"}, "host: a length of at least 2 wanted"),
        ({"host": SECRET}, "host: a length of at most 5 wanted"),
        ({"host": "a1"}, "host: a text that matches"),
        ({"host": "abc", "port": 0}, "port: a number not below 1 wanted"),
        ({"host": "abc", "port": 10}, "port: a number not above 9 wanted"),
        ({"host": "abc", "port": True}, "port: integer wanted, found bool"),
        ({"host": "abc", "port": 1.5}, "port: integer wanted, found float"),
        ({"host": "abc", "port": SECRET}, "port: integer wanted, found str"),
        ({"host": "abc", "timeout": 0}, "timeout: a number above 0 wanted"),
        ({"host": "abc", "timeout": 10}, "timeout: a number below 10 wanted"),
        ({"host": "abc", "timeout": math.nan}, "timeout: a number"),
        ({"host": "abc", "timeout": "nan"}, "timeout: a number"),
        ({"host": "abc", "mode": SECRET}, "mode: one of ro, rw wanted"),
        ({"host": "abc", "is_safe": "perhaps"}, "is_safe: boolean wanted, found str"),
        ({"host": "abc", "version": 4}, "version: one of 3 wanted"),
        ({"host": "abc", "password": 5}, "password: string wanted, found int"),
        ({"host": "abc", "nodes": []}, "nodes: a list of at least 1 wanted"),
        ({"host": "abc", "nodes": [{}] * 3}, "nodes: a list of at most 2 wanted"),
        ({"host": "abc", "nodes": [{"name": "a"}, {}]}, "nodes.1.name: it must be given"),
        ({"host": "abc", "either": 3}, "either: string or null wanted, found int"),
        ({"host": "abc", "hots": SECRET}, "hots: there is no such option; there are host, port"),
    ],
)
def test_what_does_not_fit_is_named_with_what_is_wanted(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        checked(SCHEMA, given, "shop")

    assert str(caught.value).startswith(f"shop: {told}")
    assert str(caught.value).endswith("; as in shop://host")
    assert SECRET not in str(caught.value)


def test_a_rule_that_nobody_checks_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'oneOf', which Ommi does not check"):
        checked({"properties": {"host": {"oneOf": []}}}, {"host": "a"}, "shop")
