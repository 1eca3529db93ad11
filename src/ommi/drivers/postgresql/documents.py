"""Documents as `jsonb` keeps them, so that every number comes back as the type it had.

`jsonb` holds numbers as decimals: it keeps how many digits stand behind the point, but neither an
exponent nor the sign of zero. So a float is written with a digit behind the point, and minus zero
with two.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal

_encode = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False
).encode
_string_or_number = re.compile(r'"(?:[^"\\]|\\.)*"|-?[0-9][-+.0-9e]*')
_MINUS_ZERO = "0.00"


def write_document(stored: object) -> str:
    """Give the JSON text of a stored form, for a `jsonb` column."""
    text = _encode(stored)
    if "e+" in text or "-0.0" in text:
        return _string_or_number.sub(_kept, text)
    return text


def _kept(match: re.Match[str]) -> str:
    found = match[0]
    if found == "-0.0":
        return _MINUS_ZERO
    if found[0] != '"' and "e+" in found:
        return f"{exact_number(float(found)):f}.0"
    return found


def exact_number(number: object) -> Decimal:
    """Give a number as `jsonb` keeps it: equal to another if, and only if, Python says so.

    A float that is a 64-bit integer is that integer; other floats are their shortest notation.
    """
    if isinstance(number, float) and number.is_integer() and -(2.0**63) <= number < 2.0**63:
        return Decimal(int(number))
    return Decimal(repr(number))


def read_document(text: object) -> object:
    """Give the stored form that PostgreSQL's text of a document stands for."""
    document = str(text)
    return (_decode_with_signs if _MINUS_ZERO in document else _decode)(document)


def _signed(digits: str) -> float:
    return -0.0 if digits == _MINUS_ZERO else float(digits)


_decode = json.JSONDecoder().decode
_decode_with_signs = json.JSONDecoder(parse_float=_signed).decode
