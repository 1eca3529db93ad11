"""How values rest in BSON: so that they compare as the project means, and come back as they were.

BSON's own date keeps milliseconds, so times are text of one width, which sorts by time. `Decimal`
is Decimal128, whose 34 digits are exact; more are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Context, Decimal
from typing import cast
from uuid import UUID

from bson.binary import UUID_SUBTYPE, Binary
from bson.codec_options import TypeCodec
from bson.decimal128 import Decimal128

from ommi.drivers.mongodb import documents
from ommi.errors import UnsupportedOperation
from ommi.metadata.storage import Kind, StorageType
from ommi.planning.plan import StoreCodec

STORE = "MongoDB"
MOST_DIGITS = 34
"""The digits of a Decimal128."""

NUMBERS = ("int", "long", "double", "decimal")
BSON_TYPES: Mapping[Kind, tuple[str, ...]] = {
    Kind.BOOL: ("bool",),
    Kind.INT: ("int", "long"),
    Kind.FLOAT: ("double",),
    Kind.TEXT: ("string",),
    Kind.BYTES: ("binData",),
    Kind.DECIMAL: ("decimal",),
    Kind.DATETIME: ("string",),
    Kind.INSTANT: ("string",),
    Kind.DATE: ("string",),
    Kind.TIME: ("string",),
    Kind.DURATION: ("int", "long"),
    Kind.UUID: ("binData",),
    Kind.JSON: ("object", "array", "string", "int", "long", "double", "bool"),
}
"""What a stored value of a kind is, in the words of `$type`."""


class DecimalCodec(TypeCodec):
    """Lets `Decimal` travel as Decimal128, which itself has no hash and no order."""

    python_type = Decimal
    bson_type = Decimal128

    def transform_python(self, value: Decimal) -> Decimal128:
        return Decimal128(value)

    def transform_bson(self, value: Decimal128) -> Decimal:
        return value.to_decimal()


_MICROSECOND = timedelta(microseconds=1)
_EVERY_DIGIT = Context(prec=MOST_DIGITS)


def codec(storage: StorageType) -> StoreCodec:
    """Say how values of a storage type travel; raises `UnsupportedOperation` for what cannot."""
    if storage.kind is Kind.DECIMAL:
        return _decimal(storage)
    return _CODECS[storage.kind]


def _decimal(storage: StorageType) -> StoreCodec:
    precision, scale = storage.precision, storage.scale
    if precision is not None and precision > MOST_DIGITS:
        raise UnsupportedOperation(
            f"keep a Decimal of {precision} digits", STORE, f"Digits takes {MOST_DIGITS} there"
        )
    if scale is None:
        return StoreCodec(encode=_exact_decimal)
    step = Decimal(1).scaleb(-scale)

    def decode(value: object) -> Decimal:
        return cast("Decimal", value).quantize(step, context=_EVERY_DIGIT)

    return StoreCodec(encode=_exact_decimal, decode=decode)


def _exact_decimal(value: object) -> Decimal:
    number = cast("Decimal", value)
    if len(number.normalize(Context(prec=200)).as_tuple().digits) > MOST_DIGITS:
        raise UnsupportedOperation(
            f"compare or calculate with a Decimal of more than {MOST_DIGITS} digits", STORE
        )
    return _EVERY_DIGIT.create_decimal(number)


def _from_datetime(value: object) -> str:
    return cast("datetime", value).isoformat(timespec="microseconds")


def _from_instant(value: object) -> str:
    moment = cast("datetime", value).replace(tzinfo=None)
    return f"{moment.isoformat(timespec='microseconds')}Z"


def _from_time(value: object) -> str:
    return cast("time", value).isoformat(timespec="microseconds")


def _from_uuid(value: object) -> Binary:
    return Binary(cast("UUID", value).bytes, UUID_SUBTYPE)


_CODECS: Mapping[Kind, StoreCodec] = {
    Kind.BOOL: StoreCodec(),
    Kind.INT: StoreCodec(decode=int, inline="int({value})"),  # type: ignore[arg-type]
    Kind.FLOAT: StoreCodec(),
    Kind.TEXT: StoreCodec(),
    Kind.BYTES: StoreCodec(),
    Kind.DATETIME: StoreCodec(_from_datetime, lambda v: datetime.fromisoformat(cast("str", v))),
    Kind.INSTANT: StoreCodec(_from_instant, lambda v: datetime.fromisoformat(cast("str", v))),
    Kind.DATE: StoreCodec(
        lambda v: cast("date", v).isoformat(), lambda v: date.fromisoformat(cast("str", v))
    ),
    Kind.TIME: StoreCodec(_from_time, lambda v: time.fromisoformat(cast("str", v))),
    Kind.DURATION: StoreCodec(
        lambda v: cast("timedelta", v) // _MICROSECOND,
        lambda v: timedelta(microseconds=cast("int", v)),
    ),
    Kind.UUID: StoreCodec(_from_uuid, lambda v: UUID(bytes=bytes(cast("bytes", v)))),
    Kind.JSON: StoreCodec(documents.stored, documents.known),
}
