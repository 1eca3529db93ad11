"""Which questions may be asked of the inside of a JSON field."""

from __future__ import annotations

from typing import Any

from ommi.metadata.choices import single_codec
from ommi.metadata.documents import member_codec
from ommi.metadata.hints import is_union
from ommi.metadata.storage import Kind, StorageType
from ommi.metadata.typesystem import without_none
from ommi.query.operators import OPERATORS, Operand, QueryOperator

_WITHOUT_ORDER = frozenset({Kind.DECIMAL, Kind.BYTES})
_EQUALITY = frozenset(
    {
        QueryOperator.EQUALS,
        QueryOperator.NOT_EQUALS,
        QueryOperator.IN,
        QueryOperator.NOT_IN,
        QueryOperator.IS_NULL,
        QueryOperator.IS_NOT_NULL,
    }
)


def member_storage(annotation: object) -> StorageType | None:
    """Give the storage type inside the document; `None` where only the row knows it."""
    core, _ = without_none(annotation)
    return None if core is Any or is_union(core) else member_codec(annotation).storage


def member_operators(annotation: object) -> frozenset[QueryOperator]:
    """Give the operators of a value inside a document.

    A decimal and bytes are written there as text, whose order is not theirs. Where only the row
    knows the type, `contains` could mean a substring or an element.
    """
    storage = member_storage(annotation)
    if storage is None:
        return frozenset(o for o, f in OPERATORS.items() if f.operand is not Operand.ELEMENT)
    single = single_codec(*without_none(annotation))
    kind = storage.kind if single is None else single.storage.kind
    if kind in _WITHOUT_ORDER:
        return _EQUALITY
    return frozenset(operator for operator, facts in OPERATORS.items() if kind in facts.kinds)
