"""What questions mean, said a second time: in plain Python, on the user's own objects.

Nothing here is taken from `ommi.query`: it is what each store, the one in memory too, must agree
with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Context, Decimal
from enum import Enum
from typing import Any

from properties.things import Place

EXACT = Context(prec=200)


def same(left: Any, right: Any) -> bool:
    """Tell whether two values are equal; `True` is not 1, at any depth."""
    left, right = plain(left), plain(right)
    if isinstance(left, bool) is not isinstance(right, bool):
        return False
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def holds(left: Any, right: Any) -> bool:
        left, right = plain(left), plain(right)
        return (
            left is not None and right is not None and _alike(left, right) and compare(left, right)
        )

    return holds


def plain(value: Any) -> Any:
    """Give what a member of an enumeration stands for."""
    return value.value if isinstance(value, Enum) else value


def _alike(left: Any, right: Any) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return isinstance(left, bool) and isinstance(right, bool)
    if isinstance(left, int | float) and isinstance(right, int | float):
        return True
    return type(left) is type(right) and not isinstance(left, list | dict)


def _text(holds: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    return lambda value, operand: isinstance(value, str) and holds(value, operand)


def contains(value: Any, part: Any) -> bool:
    if value is None:
        return False
    if isinstance(value, str | bytes):
        return part in value
    return any(same(element, part) for element in value)


def like(value: str, pattern: str) -> bool:
    """Match the whole text, letters by their own lower case."""
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    wild = {"%": "(?:.|\n)*", "_": "(?:.|\n)"}
    regex = "".join(wild.get(part, re.escape(_folded(part[-1]))) for part in parts)
    return re.fullmatch(regex, "".join(map(_folded, value))) is not None


def _folded(char: str) -> str:
    lower = char.lower()
    return lower if len(lower) == 1 else char


def icontains(value: str, part: str) -> bool:
    return "".join(map(_folded, part)) in "".join(map(_folded, value))


def matches(value: str, pattern: str) -> bool:
    """Search; `$` is the very end. No pattern here has an escaped or bracketed `$`."""
    return re.search(pattern.replace("$", r"\Z"), value, re.ASCII) is not None


def between(value: Any, bounds: tuple[Any, Any]) -> bool:
    low, high = bounds
    return HOLDS[">="](value, low) and HOLDS["<="](value, high)


def among(value: Any, values: Sequence[Any]) -> bool:
    return any(same(value, each) for each in values)


HOLDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": same,
    "!=": lambda left, right: not same(left, right),
    "<": _ordered(lambda left, right: left < right),
    "<=": _ordered(lambda left, right: left <= right),
    ">": _ordered(lambda left, right: left > right),
    ">=": _ordered(lambda left, right: left >= right),
    "in_": among,
    "not_in": lambda value, values: not among(value, values),
    "between": between,
    "contains": contains,
    "not_contains": lambda value, part: not contains(value, part),
    "starts_with": _text(str.startswith),
    "ends_with": _text(str.endswith),
    "icontains": _text(icontains),
    "ilike": _text(like),
    "regex": _text(matches),
    "is_null": lambda value, _: value is None,
    "is_not_null": lambda value, _: value is not None,
}

_EXACTLY = {"+": EXACT.add, "-": EXACT.subtract, "*": EXACT.multiply}
_CALCULATED: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
}


def calculated(sign: str, left: Any, right: Any) -> Any:
    if left is None or right is None:
        return None
    return (_EXACTLY if isinstance(left, Decimal) else _CALCULATED)[sign](left, right)


def found_at(value: Any, path: Sequence[str | int]) -> Any:
    """Follow a path into objects, dicts and lists; `None` where nothing is."""
    for step in path:
        if isinstance(value, Place):
            value = getattr(value, str(step))
        elif isinstance(value, dict):
            value = value.get(step) if isinstance(step, str) else None
        elif isinstance(value, list | tuple):
            is_there = isinstance(step, int) and step < len(value)
            value = value[step] if is_there else None
        else:
            value = None
    return value


def ordered(
    rows: Sequence[Any], order: Sequence[tuple[Callable[[Any], Any], bool, bool | None]]
) -> list[Any]:
    """Sort by (what, whether downwards, whether `None` is last); `None` is the smallest."""
    done = list(rows)
    for read, is_descending, has_nulls_last in reversed(order):
        none_last = is_descending if has_nulls_last is None else has_nulls_last
        known = [row for row in done if read(row) is not None]
        known.sort(key=lambda row, read=read: plain(read(row)), reverse=is_descending)  # type: ignore[misc]
        unknown = [row for row in done if read(row) is None]
        done = [*known, *unknown] if none_last else [*unknown, *known]
    return done
