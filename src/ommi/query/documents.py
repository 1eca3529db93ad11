"""What questions may ask of the inside of a JSON field."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args, get_origin

from ommi.metadata.choices import single_codec
from ommi.metadata.documents import json_codec
from ommi.metadata.storage import Codec, Kind, StorageType
from ommi.metadata.typesystem import without_none
from ommi.query.operators import OPERATORS, Operand, QueryOperator

_KINDS = {
    Kind.BOOL: Kind.BOOL,
    Kind.INT: Kind.INT,
    Kind.DURATION: Kind.INT,
    Kind.FLOAT: Kind.FLOAT,
    Kind.JSON: Kind.JSON,
}
_UNORDERED = frozenset({Kind.DECIMAL, Kind.BYTES, Kind.JSON})
_EQUALITY = frozenset(
    {QueryOperator.EQUALS, QueryOperator.NOT_EQUALS, QueryOperator.IN, QueryOperator.NOT_IN}
)
_NULLS = frozenset({QueryOperator.IS_NULL, QueryOperator.IS_NOT_NULL})


def member_codec(annotation: object) -> Codec | None:
    """Give the codec of a value inside a document; `None` where only the row knows its type."""
    core, markers = without_none(annotation)
    if core is Any:
        return None
    single = single_codec(core, markers)
    if single is None:
        return json_codec(core) if _is_container(core) else None
    kind = _KINDS.get(single.storage.kind, Kind.TEXT)
    return replace(json_codec(core, markers), storage=StorageType(kind))


def _is_container(core: object) -> bool:
    return isinstance(get_origin(core) or core, type)


def member_operators(annotation: object) -> frozenset[QueryOperator]:
    """Give the operators of a value inside a document.

    A decimal and bytes are written there as text whose order is not theirs.
    """
    core, markers = without_none(annotation)
    single = None if core is Any else single_codec(core, markers)
    if single is None:
        return _unknown_operators() if member_codec(annotation) is None else _container_operators()
    kind = single.storage.kind
    if kind in _UNORDERED:
        return _EQUALITY | _NULLS
    return frozenset(operator for operator, facts in OPERATORS.items() if kind in facts.kinds)


def _unknown_operators() -> frozenset[QueryOperator]:
    # A substring or an element? Only the row would know.
    return frozenset(o for o, facts in OPERATORS.items() if facts.operand is not Operand.ELEMENT)


def _container_operators() -> frozenset[QueryOperator]:
    return frozenset(o for o, facts in OPERATORS.items() if Kind.JSON in facts.kinds)


def element_codec(annotation: object) -> Codec | None:
    """Give the codec of the elements of a list, tuple or set; `None` for anything else."""
    core, _ = without_none(annotation)
    origin = get_origin(core) or core
    if origin not in {list, tuple, set, frozenset}:
        return None
    items = [argument for argument in get_args(core) if argument is not Ellipsis]
    if not items:
        return json_codec(Any)
    if len(items) == 1:
        return json_codec(items[0])
    return json_codec(Any)
