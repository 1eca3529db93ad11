"""The language of filters, strictly: what is not known here is an error, never no match."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from services.mongodb.expressions import evaluate, truth
from services.mongodb.order import MISSING, NUMBERS, compare, rank, type_of

Test = Callable[[Any], bool]
Document = dict[str, Any]


class Refused(Exception):
    """What a server would refuse, with its code."""

    def __init__(self, code: int, name: str, **facts: Any) -> None:
        super().__init__(f"{name} ({code})")
        self.code, self.name, self.facts = code, name, facts


def matches(  # noqa: C901, PLR0912 - a table
    filter_: Document, document: Document, variables: Document | None = None
) -> bool:
    """Tell whether a document meets a filter."""
    for name, asked in filter_.items():
        if name == "$and":
            if not all(matches(part, document, variables) for part in _some(asked)):
                return False
        elif name == "$or":
            if not any(matches(part, document, variables) for part in _some(asked)):
                return False
        elif name == "$nor":
            if any(matches(part, document, variables) for part in _some(asked)):
                return False
        elif name == "$expr":
            if not truth(evaluate(asked, document, variables or {})):
                return False
        elif name == "$jsonSchema":
            from services.mongodb.validation import failing

            if failing(asked, document):
                return False
        elif name.startswith("$"):
            raise Refused(2, f"BadValue: unknown top level operator: {name}")
        elif not _field(asked, name, document):
            return False
    return True


def _some(parts: Any) -> list[Document]:
    if not isinstance(parts, list) or not parts:
        raise Refused(2, "BadValue: $and/$or/$nor must be a nonempty array")
    return parts


def _field(asked: Any, path: str, document: Document) -> bool:
    if not isinstance(asked, dict) or not any(name.startswith("$") for name in asked):
        return _equals(asked, path, document)
    if not all(name.startswith("$") for name in asked):
        raise Refused(2, f"BadValue: unknown operator in {list(asked)}")
    return all(_operator(name, operand, path, document) for name, operand in asked.items())


def _operator(name: str, operand: Any, path: str, document: Document) -> bool:  # noqa: C901
    match name:
        case "$eq":
            return _equals(operand, path, document)
        case "$ne":
            return not _equals(operand, path, document)
        case "$gt" | "$gte" | "$lt" | "$lte":
            return any(map(_comparing(name, operand), _each(document, path)))
        case "$in":
            return any(_equals(value, path, document) for value in _listed(operand))
        case "$nin":
            return not any(_equals(value, path, document) for value in _listed(operand))
        case "$not":
            if not isinstance(operand, dict) or not operand:
                raise Refused(2, "BadValue: $not needs a regex or a document")
            return not _field(operand, path, document)
        case "$exists":
            return any(found is not MISSING for found in reached(document, path)) is bool(operand)
        case "$type":
            return any(_is_type(value, operand) for value in _each(document, path))
        case "$size":
            return any(
                isinstance(found, list) and len(found) == operand
                for found in reached(document, path)
            )
        case "$regex":
            search = pcre(operand).search
            return any(isinstance(v, str) and bool(search(v)) for v in _each(document, path))
        case _:
            raise Refused(2, f"BadValue: unknown operator: {name}")


def _listed(operand: Any) -> list[Any]:
    if not isinstance(operand, list):
        raise Refused(2, "BadValue: $in needs an array")
    if any(isinstance(value, dict) and next(iter(value), "").startswith("$") for value in operand):
        raise Refused(2, "BadValue: cannot nest $ under $in")
    return operand


def _equals(value: Any, path: str, document: Document) -> bool:
    for found in _each(document, path):
        if value is None:
            if found is None or found is MISSING:
                return True
        elif found is not MISSING and compare(found, value) == 0:
            return True
    return False


def _comparing(name: str, operand: Any) -> Test:
    if operand is None:
        return lambda value: name in {"$gte", "$lte"} and (value is None or value is MISSING)

    def test(value: Any) -> bool:
        if value is MISSING or rank(value) != rank(operand):
            return False
        found = compare(value, operand)
        return {"$gt": found > 0, "$gte": found >= 0, "$lt": found < 0, "$lte": found <= 0}[name]

    return test


def _is_type(value: Any, operand: Any) -> bool:
    wanted = operand if isinstance(operand, list) else [operand]
    found = type_of(value)
    return found in wanted or ("number" in wanted and found in NUMBERS)


def _each(document: Document, path: str) -> Iterator[Any]:
    """Give what a path leads to, and the elements of what is a list at its end."""
    for found in reached(document, path):
        yield found
        if isinstance(found, list):
            yield from found


def reached(document: Any, path: str) -> Iterator[Any]:
    """Follow a dotted path, through the elements of lists on its way, too."""
    name, _, rest = path.partition(".")
    if isinstance(document, dict):
        found = document.get(name, MISSING)
        if not rest:
            yield found
        elif isinstance(found, list):
            index, _, further = rest.partition(".")
            if index.isdecimal() and int(index) < len(found):
                element = found[int(index)]
                yield from reached(element, further) if further else iter([element])
            for element in found:
                if isinstance(element, dict):
                    yield from reached(element, rest)
        else:
            yield from reached(found, rest)
    else:
        yield MISSING


@lru_cache(maxsize=512)
def pcre(pattern: Any) -> re.Pattern[str]:
    """Compile what PCRE and Python take alike."""
    if not isinstance(pattern, str):
        raise Refused(2, "BadValue: $regex has to be a string")
    if "\0" in pattern or len(pattern.encode()) > 32_764:
        raise Refused(51091, "Regular expression is invalid: too long")
    return re.compile(pattern, re.ASCII)
