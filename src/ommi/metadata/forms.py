"""What a value looks like inside a JSON document: forms, and where in one a value does not fit."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from uuid import UUID

from ommi.metadata.scalars import scalar_codec, wanted
from ommi.metadata.storage import LARGEST_INT, SMALLEST_INT, Codec, Kind, StorageType, Unfit
from ommi.values import frozen

Convert = Callable[[object], object]


@frozen
class Form:
    """How the values of one annotation are written into a document and read from it.

    Both directions raise `Unfit`, and both give a copy that shares nothing that can change.
    """

    dump: Convert
    load: Convert


class Misplaced(Unfit):
    """A value inside a document does not fit; `path` says where."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(path, reason)

    def __str__(self) -> str:
        return f"{self.path.removeprefix('.')}: {self.reason}"


ANY_KEY = "[...]"
"""The step into an entry of a dict or a set: the key may be a secret."""


def within(step: str, error: Unfit) -> Misplaced:
    """Put a step in front of the place that an error names."""
    if isinstance(error, Misplaced):
        return Misplaced(step + error.path, error.reason)
    return Misplaced(step, str(error))


def plain(value: object) -> object:
    """Copy plain JSON; raises `Unfit` for anything else in it."""
    kind = type(value)
    if kind in _COPIERS:
        return _COPIERS[kind](value)
    for cls in (str, int, float, list, dict):
        if isinstance(value, cls):
            return _COPIERS[cls](value)
    raise wanted("plain JSON", value)


def _plain_list(value: list[object]) -> list[object]:
    result: list[object] = []
    try:
        result.extend(map(plain, value))
    except Unfit as error:
        raise within(f"[{len(result)}]", error) from None
    return result


def _plain_dict(value: dict[object, object]) -> dict[object, object]:
    try:
        return {_key(key): plain(item) for key, item in value.items()}
    except Unfit as error:
        raise within(ANY_KEY, error) from None


def _key(value: object) -> object:
    if isinstance(value, str):
        return _text(value)
    raise wanted("str for every key", value)


_bool = scalar_codec(StorageType(Kind.BOOL)).dump
_integer = scalar_codec(StorageType(Kind.INT)).dump
_float = scalar_codec(StorageType(Kind.FLOAT)).dump
_text = scalar_codec(StorageType(Kind.TEXT)).dump


def _null(value: object) -> None:
    if value is not None:
        raise wanted("None", value)


_COPIERS: Mapping[type, Callable[..., object]] = {
    type(None): _null,
    bool: _bool,
    int: _integer,
    float: _float,
    str: _text,
    list: _plain_list,
    dict: _plain_dict,
}

PLAIN = Form(plain, plain)
NULL = Form(_null, _null)


def nullable(form: Form) -> Form:
    """Let `None` through."""
    dump, load = form.dump, form.load
    return Form(
        lambda value: None if value is None else dump(value),
        lambda stored: None if stored is None else load(stored),
    )


def single_form(codec: Codec) -> Form:
    """Give the form of single values whose codec is known."""
    check = scalar_codec(codec.storage).dump
    decode = codec.load
    if codec.storage.kind not in _WIRE:
        return Form(codec.dump, check if decode is None else _chain(check, decode))
    wire = _WIRE[codec.storage.kind]
    read = _chain(wire.read, check)
    return Form(_chain(codec.dump, wire.write), read if decode is None else _chain(read, decode))


def _chain(first: Convert, second: Convert) -> Convert:
    return lambda value: second(first(value))


def json_type(storage: StorageType) -> type:
    """Tell which type of JSON a single value has inside a document."""
    return _NATIVE.get(storage.kind, str)


_NATIVE: Mapping[Kind, type] = {
    Kind.BOOL: bool,
    Kind.INT: int,
    Kind.FLOAT: float,
    Kind.DURATION: int,
}


@frozen
class _Wire:
    write: Callable[..., object]
    read: Convert


def _reader(parse: Callable[[str], object], what: str) -> Convert:
    def read(stored: object) -> object:
        if type(stored) is not str:
            raise wanted(f"{what} as text", stored)
        try:
            return parse(stored)
        except (ValueError, InvalidOperation):
            raise Unfit(f"wanted {what} as text, found other text") from None

    return read


def _read_duration(stored: object) -> object:
    if type(stored) is int and SMALLEST_INT <= stored <= LARGEST_INT:
        return timedelta(microseconds=stored)
    raise wanted("timedelta as microseconds (64 bit)", stored)


def _with_microseconds(value: datetime | time) -> str:
    return value.isoformat(timespec="microseconds")


# Text of fixed width, so that equal values have equal text and times sort as text.
_DATETIME = _Wire(_with_microseconds, _reader(datetime.fromisoformat, "datetime"))
_MICROSECOND = timedelta(microseconds=1)
_WIRE: Mapping[Kind, _Wire] = {
    Kind.BYTES: _Wire(
        lambda value: b64encode(value).decode("ascii"),
        _reader(lambda text: b64decode(text, validate=True), "bytes"),
    ),
    Kind.DECIMAL: _Wire(lambda value: format(value, "f"), _reader(Decimal, "Decimal")),
    Kind.DATETIME: _DATETIME,
    Kind.INSTANT: _DATETIME,
    Kind.DATE: _Wire(date.isoformat, _reader(date.fromisoformat, "date")),
    Kind.TIME: _Wire(_with_microseconds, _reader(time.fromisoformat, "time")),
    Kind.DURATION: _Wire(lambda value: value // _MICROSECOND, _read_duration),
    Kind.UUID: _Wire(str, _reader(UUID, "UUID")),
}
