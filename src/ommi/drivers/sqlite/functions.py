"""What SQLite lacks, as functions in Python: the meaning of `query/evaluate.py` itself."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from decimal import Decimal, Inexact, InvalidOperation
from functools import partial, wraps
from typing import Any

from ommi.drivers.sqlite.dialect import LARGEST_SCALED
from ommi.errors import ArithmeticOverflow
from ommi.metadata.json_text import canonical_json, parse_json
from ommi.query.evaluate import EXACT, calculate
from ommi.query.ilike import ilike_matches
from ommi.query.operators import ArithmeticOperator, has
from ommi.query.regex import search


def register(connection: sqlite3.Connection) -> None:
    """Make the functions known to a connection."""
    for name, count, function in _FUNCTIONS:
        connection.create_function(f"ommi_{name}", count, _guarded(function), deterministic=True)
    connection.create_collation("ommi_decimal", _compare_decimals)


def _guarded(function: Callable[..., object]) -> Callable[..., Any]:
    @wraps(function)
    def call(*arguments: object) -> object:
        if None in arguments:
            return None
        try:
            return function(*arguments)
        except Exception as error:
            # SQLite only says that a function raised something.
            _RAISED.error = error
            raise

    return call


_RAISED = threading.local()


def raised_in_function() -> Exception | None:
    """Give what a function raised last in this thread, once."""
    error: Exception | None = getattr(_RAISED, "error", None)
    _RAISED.error = None
    return error


def _regex(pattern: str, text: str) -> bool:
    return search(pattern, text)


def _ilike(pattern: str, text: str) -> bool:
    return ilike_matches(pattern, text)


def _json(text: str) -> str:
    return canonical_json(parse_json(text))


def _has(text: str, element: str) -> bool:
    return has(parse_json(text), parse_json(element))


def _decimal(scaled: int, scale: int) -> str:
    return f"{EXACT.scaleb(Decimal(scaled), -scale):f}"


def _stored_decimal(text: str, precision: int, scale: int) -> str | int:
    """Give a decimal as its column holds it: scaled if 18 digits suffice, else text."""
    try:
        exact = EXACT.quantize(Decimal(text), Decimal(1).scaleb(-scale))
    except (InvalidOperation, Inexact):
        exact = None
    if exact is None or exact != Decimal(text) or abs(exact) >= 10 ** (precision - scale):
        raise ArithmeticOverflow(
            f"a calculated decimal does not fit {precision} digits with {scale} behind the point"
        )
    return int(exact.scaleb(scale)) if precision <= LARGEST_SCALED else f"{exact:f}"


def _calculated(operator: ArithmeticOperator, left: object, right: object) -> object:
    if isinstance(left, str) and isinstance(right, str):
        return f"{calculate(operator, Decimal(left), Decimal(right)):f}"
    return calculate(operator, left, right)


def _compare_decimals(left: str, right: str) -> int:
    one, other = Decimal(left), Decimal(right)
    return (one > other) - (one < other)


_FUNCTIONS: tuple[tuple[str, int, Callable[..., object]], ...] = (
    ("regex", 2, _regex),
    ("ilike", 2, _ilike),
    ("json", 1, _json),
    ("has", 2, _has),
    ("real", 1, float),
    ("blob", 1, bytes.fromhex),
    ("decimal", 2, _decimal),
    ("stored_decimal", 3, _stored_decimal),
    ("add", 2, partial(_calculated, ArithmeticOperator.ADD)),
    ("subtract", 2, partial(_calculated, ArithmeticOperator.SUBTRACT)),
    ("multiply", 2, partial(_calculated, ArithmeticOperator.MULTIPLY)),
)
