"""Codecs of single values: one builder per kind of storage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Context, Decimal, Inexact, InvalidOperation
from math import isfinite
from sys import maxsize
from typing import TypeVar
from uuid import UUID

from ommi.metadata.annotations import Aware, Digits, Length, Marker
from ommi.metadata.storage import LARGEST_INT, SMALLEST_INT, Codec, Kind, StorageType, Unfit
from ommi.metadata.typesystem import is_exact_float

Markers = tuple[Marker, ...]
T = TypeVar("T")

DEFAULT_DIGITS = Digits(28, 10)
SHORTEST_DURATION = timedelta(microseconds=SMALLEST_INT)
LONGEST_DURATION = timedelta(microseconds=LARGEST_INT)
_ONE_DIGIT = 2**30 - 1
"""The largest int that CPython keeps in one of its digits."""

_KINDS: Mapping[type, Kind] = {
    bool: Kind.BOOL,
    int: Kind.INT,
    float: Kind.FLOAT,
    str: Kind.TEXT,
    bytes: Kind.BYTES,
    Decimal: Kind.DECIMAL,
    datetime: Kind.DATETIME,
    date: Kind.DATE,
    time: Kind.TIME,
    timedelta: Kind.DURATION,
    UUID: Kind.UUID,
}


def storage_of(cls: object, markers: Markers) -> StorageType | None:
    """Say how values of a built-in class are stored; `None` for any other class.

    Of several markers of a kind the last one counts. Raises `TypeError` for one without meaning.
    """
    kind = _KINDS.get(cls) if isinstance(cls, type) else None
    match kind:
        case None:
            return None
        case Kind.TEXT | Kind.BYTES:
            return StorageType(kind, length=_length(markers))
        case Kind.DECIMAL:
            digits = _digits(markers)
            return StorageType(kind, precision=digits.precision, scale=digits.scale)
        case Kind.DATETIME if Aware in markers:
            return StorageType(Kind.INSTANT)
    return StorageType(kind)


def _length(markers: Markers) -> int | None:
    maximum = next((m.maximum for m in reversed(markers) if isinstance(m, Length)), None)
    if maximum is not None and maximum < 1:
        raise TypeError(f"Length({maximum}) leaves room for nothing; it must be at least 1")
    return maximum


def _digits(markers: Markers) -> Digits:
    digits = next((m for m in reversed(markers) if isinstance(m, Digits)), DEFAULT_DIGITS)
    if not 0 <= digits.scale <= digits.precision or digits.precision < 1:
        raise TypeError(
            f"Digits({digits.precision}, {digits.scale}) is impossible: the scale is the part of "
            "the precision that comes after the point"
        )
    return digits


def scalar_codec(storage: StorageType) -> Codec:
    """Make the codec for plain values of a storage type other than JSON."""
    return _BUILDERS[storage.kind](storage)


def wanted(what: str, value: object) -> Unfit:
    """Make the error that names what was wanted and the type that was found."""
    return Unfit(f"wanted {what}, found {type(value).__name__}")


def _bool(storage: StorageType) -> Codec:
    def dump(value: object) -> object:
        if value is True or value is False:
            return value
        raise wanted("bool", value)

    return Codec(storage, dump, passes="({value} is True or {value} is False)")


def _int(storage: StorageType) -> Codec:
    def dump(value: object) -> int:
        number = value if type(value) is int else _as_int(value)
        if SMALLEST_INT <= number <= LARGEST_INT:
            return number
        raise Unfit("wanted int (64 bit), found int outside 64 bits")

    # Most are small, and Python compares small ones sooner.
    small = f"{-_ONE_DIGIT} <= {{value}} <= {_ONE_DIGIT}"
    fits = f"type({{value}}) is int and ({small} or {SMALLEST_INT} <= {{value}} <= {LARGEST_INT})"
    return Codec(storage, dump, passes=fits)


def _as_int(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return int.__int__(value)
    raise wanted("int (64 bit)", value)


def _float(storage: StorageType) -> Codec:
    def dump(value: object) -> float:
        number = value if type(value) is float else _as_float(value)
        if isfinite(number):
            # Not every store keeps the sign of zero, so none does.
            return number or 0.0
        raise Unfit("wanted float, found NaN or an infinity")

    largest = 1.7976931348623157e308
    bounds = f"0.0 < {{value}} <= {largest} or {-largest} <= {{value}} < 0.0"
    fits = f"type({{value}}) is float and ({bounds})"
    return Codec(storage, dump, passes=fits)


def _as_float(value: object) -> float:
    if isinstance(value, float):
        return float.__float__(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise wanted("float", value)
    if not is_exact_float(value):
        raise Unfit("wanted float, found int that no float holds exactly")
    return float(value)


def _text(storage: StorageType) -> Codec:
    limit = maxsize if storage.length is None else storage.length

    def dump(value: object) -> str:
        text = value if type(value) is str else _as_str(value)
        if len(text) > limit:
            raise Unfit(f"wanted str of at most {limit} characters, found {len(text)}")
        if "\0" in text:
            raise Unfit("wanted str, found str with a NUL character")
        if not text.isascii():
            _refuse_surrogates(text)
        return text

    bound = "" if storage.length is None else f" and len({{value}}) <= {limit}"
    fits = f'type({{value}}) is str{bound} and {{value}}.isascii() and "\\0" not in {{value}}'
    return Codec(storage, dump, passes=fits)


def _as_str(value: object) -> str:
    if isinstance(value, str):
        # `str(value)` would give the name of a member of an enumeration derived from `str`.
        return str.__str__(value)
    raise wanted("str", value)


def _refuse_surrogates(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Unfit("wanted str, found str with a lone surrogate") from None


def _bytes(storage: StorageType) -> Codec:
    limit = maxsize if storage.length is None else storage.length

    def dump(value: object) -> bytes:
        if not isinstance(value, bytes):
            raise wanted("bytes", value)
        if len(value) > limit:
            raise Unfit(f"wanted at most {limit} bytes, found {len(value)}")
        return bytes.__bytes__(value)

    bound = "" if storage.length is None else f" and len({{value}}) <= {limit}"
    return Codec(storage, dump, passes=f"type({{value}}) is bytes{bound}")


def _decimal(storage: StorageType) -> Codec:
    precision, scale = storage.precision or 0, storage.scale or 0
    # Not the thread's own context: its precision and traps are the user's to change.
    quantize = Context(prec=precision, traps=[InvalidOperation, Inexact]).quantize
    step = Decimal(1).scaleb(-scale)
    zero = Decimal(0).quantize(step)

    def dump(value: object) -> Decimal:
        if not isinstance(value, Decimal):
            raise wanted("Decimal", value)
        try:
            fitting = quantize(value, step)
        except (InvalidOperation, Inexact):
            raise _misfit(value) from None
        if not fitting.is_finite():
            raise _misfit(value)
        return fitting or zero

    def _misfit(value: Decimal) -> Unfit:
        if not value.is_finite():
            return Unfit("wanted Decimal, found NaN or an infinity")
        return Unfit(
            f"wanted Decimal with at most {precision - scale} digits before the point and {scale} "
            "after it, found one with more"
        )

    return Codec(storage, dump)


def _datetime(storage: StorageType) -> Codec:
    def dump(value: object) -> datetime:
        if type(value) is datetime and value.tzinfo is None:
            return value
        if not isinstance(value, datetime):
            raise wanted("datetime", value)
        if value.tzinfo is not None:
            raise Unfit("wanted datetime without time zone, found one with; see Aware")
        return _plain_datetime(value)

    return Codec(storage, dump)


def _instant(storage: StorageType) -> Codec:
    def dump(value: object) -> datetime:
        if type(value) is datetime and value.tzinfo is UTC:
            return value
        if not isinstance(value, datetime):
            raise wanted("datetime", value)
        if value.utcoffset() is None:
            raise Unfit("wanted datetime with a time zone, found one without")
        try:
            return _plain_datetime(value.astimezone(UTC))
        except OverflowError:
            raise Unfit(
                "wanted datetime in the years 1 to 9999 of UTC, found one outside"
            ) from None

    return Codec(storage, dump)


def _plain_datetime(value: datetime) -> datetime:
    if type(value) is datetime:
        return value
    try:
        plain = datetime.combine(
            date(value.year, value.month, value.day),
            time(value.hour, value.minute, value.second, value.microsecond, value.tzinfo),
        )
    except TypeError:  # pandas' "not a time" is a datetime without year
        raise wanted("datetime", value) from None
    return _same(plain, value)


def _same(plain: T, value: object) -> T:
    # A derived class may know more, such as pandas' nanoseconds, which would be lost.
    if plain == value:
        return plain
    raise wanted(type(plain).__name__, value)


def _date(storage: StorageType) -> Codec:
    def dump(value: object) -> date:
        if type(value) is date:
            return value
        if not isinstance(value, date) or isinstance(value, datetime):
            raise wanted("date", value)
        return date(value.year, value.month, value.day)

    return Codec(storage, dump)


def _time(storage: StorageType) -> Codec:
    def dump(value: object) -> time:
        if not isinstance(value, time):
            raise wanted("time", value)
        if value.tzinfo is not None:
            raise Unfit("wanted time without time zone, found one with")
        if type(value) is time:
            return value
        return time(value.hour, value.minute, value.second, value.microsecond)

    return Codec(storage, dump)


def _duration(storage: StorageType) -> Codec:
    def dump(value: object) -> timedelta:
        if not isinstance(value, timedelta):
            raise wanted("timedelta", value)
        if not SHORTEST_DURATION <= value <= LONGEST_DURATION:
            raise Unfit("wanted timedelta (64 bit of microseconds), found a longer one")
        if type(value) is timedelta:
            return value
        return _same(timedelta(value.days, value.seconds, value.microseconds), value)

    return Codec(storage, dump)


def _uuid(storage: StorageType) -> Codec:
    def dump(value: object) -> UUID:
        if type(value) is UUID:
            return value
        if not isinstance(value, UUID):
            raise wanted("UUID", value)
        return UUID(int=value.int)

    return Codec(storage, dump)


_BUILDERS: Mapping[Kind, Callable[[StorageType], Codec]] = {
    Kind.BOOL: _bool,
    Kind.INT: _int,
    Kind.FLOAT: _float,
    Kind.TEXT: _text,
    Kind.BYTES: _bytes,
    Kind.DECIMAL: _decimal,
    Kind.DATETIME: _datetime,
    Kind.INSTANT: _instant,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.DURATION: _duration,
    Kind.UUID: _uuid,
}
