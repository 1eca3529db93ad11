"""How values rest in a store: the storage types, and what a codec is.

A codec turns the value of a field into its *stored form* and back. The stored form is the same for
every store: a `bool`, `int`, `float`, `str`, `bytes`, `Decimal`, `datetime`, `date`, `time`,
`timedelta` or `UUID`, or, for JSON, plain lists, dicts and scalars. What a driver's client library
wants instead is the driver's own affair.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from ommi.values import frozen

SMALLEST_INT = -(2**63)
LARGEST_INT = 2**63 - 1


class Kind(StrEnum):
    """The families of stored values."""

    BOOL = "bool"
    INT = "int"
    FLOAT = "float"
    TEXT = "text"
    BYTES = "bytes"
    DECIMAL = "decimal"
    DATETIME = "datetime"
    INSTANT = "instant"
    DATE = "date"
    TIME = "time"
    DURATION = "duration"
    UUID = "uuid"
    JSON = "json"


NUMBERS = frozenset({Kind.INT, Kind.FLOAT, Kind.DECIMAL})


@frozen
class StorageType:
    """What a column holds: its kind and, where it has them, its bounds."""

    kind: Kind
    length: int | None = None
    precision: int | None = None
    scale: int | None = None

    def __str__(self) -> str:
        bounds = [str(b) for b in (self.length, self.precision, self.scale) if b is not None]
        return f"{self.kind}({', '.join(bounds)})" if bounds else str(self.kind)


class Unfit(ValueError):
    """A value does not fit; the text says what was wanted and the type that was found.

    It is raised by codecs, which do not know their field, and becomes an `InvalidValue` that names
    model and field one level above.
    """


@frozen
class Codec:
    """How the values of one annotation, `None` aside, become stored forms and come back.

    `dump` gives the stored form or raises `Unfit`. `load` is its inverse, `None` where the stored
    form is the value itself; what it raises means that the stored value cannot be decoded.
    `passes` is a Python condition on `{value}` under which `dump` would return the value
    unchanged; generated code tests it in line to save the call.
    """

    storage: StorageType
    dump: Callable[[object], object]
    load: Callable[[object], object] | None = None
    passes: str | None = None
