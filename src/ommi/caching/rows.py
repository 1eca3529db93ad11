"""Rows that are kept: as they came from the store, and as bytes for another store."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from sys import getsizeof
from typing import Any
from uuid import UUID

from ommi.errors import InvalidValue
from ommi.planning.plan import Rows


class Kept(tuple[tuple[object, ...], ...]):
    """Rows that were, or will be, answered with more than once; nothing in them changes.

    Whoever is given rows of this class is given kept ones.
    """

    __slots__ = ()


class KeptDocuments(Kept):
    """Kept rows with lists or dicts in them, of which everybody is given a copy."""

    __slots__ = ()


_UNCHANGING = frozenset(
    {bool, int, float, str, bytes, type(None), Decimal, datetime, date, time, timedelta, UUID}
)


def kept(rows: Rows) -> Kept | None:
    """Give rows so that they can be kept; `None` where a value may be changed by others."""
    made = Kept(map(tuple, rows))
    changing = {kind for row in made for kind in map(type, row) if not _is_unchanging(kind)}
    if not changing:
        return made
    return KeptDocuments(deepcopy(tuple(made))) if changing <= {list, dict} else None


def given(rows: Kept) -> Kept:
    """Give kept rows to somebody who may change what is in them."""
    return rows if type(rows) is Kept else KeptDocuments(deepcopy(tuple(rows)))


def _is_unchanging(kind: type) -> bool:
    # Client libraries have classes of their own for some of these.
    return kind in _UNCHANGING or issubclass(kind, UUID)


def size_of(value: object) -> int:
    """Give about how many bytes a value takes, with all that it holds."""
    size = getsizeof(value)
    if isinstance(value, tuple | list | set | frozenset):
        return size + sum(map(size_of, value))
    if isinstance(value, dict):
        return size + sum(map(size_of, value)) + sum(map(size_of, value.values()))
    return size


FORMAT = 1
_TAGS: Mapping[type, tuple[str, Callable[[Any], object]]] = {
    bytes: ("b", lambda value: b64encode(value).decode()),
    Decimal: ("n", str),
    datetime: ("T", lambda value: [value.isoformat(), value.fold]),
    date: ("d", date.isoformat),
    time: ("t", lambda value: [value.isoformat(), value.fold]),
    timedelta: ("D", lambda value: [value.days, value.seconds, value.microseconds]),
    UUID: ("u", str),
    list: ("j", lambda value: value),
    dict: ("j", lambda value: value),
}
_READ: Mapping[str, Callable[[Any], object]] = {
    "b": lambda text: b64decode(text, validate=True),
    "n": Decimal,
    "T": lambda parts: datetime.fromisoformat(parts[0]).replace(fold=parts[1]),
    "d": date.fromisoformat,
    "t": lambda parts: time.fromisoformat(parts[0]).replace(fold=parts[1]),
    "D": lambda parts: timedelta(*parts),
    "u": UUID,
    "j": lambda value: value,
}
_PLAIN = frozenset({bool, int, float, str, type(None)})


def encoded(question: str, rows: Kept) -> bytes:
    """Give rows as bytes that say which question they answer.

    Raises `InvalidValue` for a value of a type, or a text, that cannot be written down.
    """
    told = [FORMAT, question, [[_written(value) for value in row] for row in rows]]
    try:
        return json.dumps(
            told, ensure_ascii=False, separators=(",", ":"), allow_nan=False
        ).encode()
    except ValueError as error:
        raise InvalidValue("a value of an answer cannot be written as JSON") from error


def decoded(question: str, data: bytes, width: int | None) -> Kept:
    """Give the rows that bytes stand for.

    `width` is the number of values in each, where that is known. Raises `InvalidValue` for
    anything but what `encoded` gave for the question.
    """
    try:
        number, asked, rows = json.loads(data)
        if (number, asked) != (FORMAT, question) or not isinstance(rows, list):
            raise InvalidValue("a kept answer is to another question")  # noqa: TRY301
        made = kept([[_read(value) for value in row] for row in rows])
    except InvalidValue:
        raise
    except Exception as error:
        raise InvalidValue("a kept answer is not what was written") from error
    if made is None or (width is not None and any(len(row) != width for row in made)):
        raise InvalidValue("a kept answer has another number of columns")
    return made


def _written(value: object) -> object:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind not in _TAGS and isinstance(value, UUID):
        kind = UUID
    if kind not in _TAGS:
        raise InvalidValue(f"a {kind.__name__} of an answer cannot be written down")
    tag, write = _TAGS[kind]
    return [tag, write(value)]


def _read(value: object) -> object:
    if not isinstance(value, list):
        return value if type(value) in _PLAIN else _refuse()
    tag, text = value
    return _READ[tag](text)


def _refuse() -> object:
    raise InvalidValue("a kept answer holds what no column holds")


def typed(values: Sequence[object]) -> tuple[object, ...]:
    """Give values so that no two are equal that differ in type, however deep; hashable."""
    return tuple([(type(value), _frozen(value)) for value in values])


def _frozen(value: object) -> object:
    if isinstance(value, list | tuple):
        return typed(value)
    if isinstance(value, dict):
        return tuple([(key, *typed((part,))) for key, part in value.items()])
    if isinstance(value, set | frozenset):
        return frozenset(typed(tuple(value)))
    return bytes(value) if isinstance(value, bytearray | memoryview) else value
