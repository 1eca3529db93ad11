"""JSON as text: one text for equal documents, and back."""

from __future__ import annotations

import json
import re

_encode = json.JSONEncoder(
    ensure_ascii=False,
    sort_keys=True,
    separators=(",", ":"),
    allow_nan=False,
    check_circular=False,
).encode
# The text of every float has this somewhere; so may a string, which costs time and nothing else.
_may_hold_a_float = re.compile(r"[0-9](?:\.|e[+-])[0-9]").search


def canonical_json(stored: object) -> str:
    """Give the one text that stands for a JSON stored form.

    Documents that are equal in Python have the same text: keys are sorted, and a float that is a
    64-bit integer is written as one. `True` stays apart from `1`. Raises `ValueError` for NaN,
    infinities and nesting that is too deep.
    """
    try:
        text = _encode(stored)
        return _encode(_with_integers(stored)) if _may_hold_a_float(text) else text
    except RecursionError:
        raise ValueError("the document nests too deeply") from None


def _with_integers(stored: object) -> object:
    if isinstance(stored, float):
        return int(stored) if stored.is_integer() and -(2.0**63) <= stored < 2.0**63 else stored
    if isinstance(stored, dict):
        return {name: _with_integers(value) for name, value in stored.items()}
    if isinstance(stored, list):
        return [_with_integers(value) for value in stored]
    return stored


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode


def parse_json(text: str) -> object:
    """Give the stored form that a JSON text stands for; raises `ValueError` if it is none."""
    try:
        return _decode(text)
    except json.JSONDecodeError as error:
        # The decoder's own error carries the whole text.
        raise ValueError(f"not JSON: {error.msg} at {error.pos}") from None
    except RecursionError:
        raise ValueError("the document nests too deeply") from None
