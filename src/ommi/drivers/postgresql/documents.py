"""Documents as `jsonb` keeps them, so that every number comes back as the type it had.

`jsonb` holds numbers as decimals: it keeps how many digits are behind the point, and no exponent.
So a large float, whose notation has one, is written out, with a zero behind the point.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal

_encode = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False
).encode
_string_or_number = re.compile(r'"(?:[^"\\]|\\.)*"|-?[0-9][-+.0-9e]*')


def write_document(stored: object) -> str:
    """Give the JSON text of a stored form, for a `jsonb` column."""
    text = _encode(stored)
    return _string_or_number.sub(_written_out, text) if "e+" in text else text


def _written_out(match: re.Match[str]) -> str:
    found = match[0]
    if found[0] == '"' or "e+" not in found:
        return found
    return f"{exact_number(float(found)):f}.0"


def exact_number(number: object) -> Decimal:
    """Give a number as `jsonb` keeps it: equal to another if, and only if, Python says so.

    A float that is a 64-bit integer is that integer; other floats are their shortest notation.
    """
    if isinstance(number, float) and number.is_integer() and -(2.0**63) <= number < 2.0**63:
        return Decimal(int(number))
    return Decimal(repr(number))
