"""Which models' rows a statement reads, however it comes to them."""

from __future__ import annotations

from collections.abc import Iterator

from ommi.metadata.model import ModelMetadata
from ommi.query.expressions import Arithmetic
from ommi.query.fields import JsonPath
from ommi.query.nodes import Comparison, Logical
from ommi.query.reach import parts_of
from ommi.query.related import Exists, OuterField, RowCount
from ommi.query.statements import Count, Delete, Insert, Select, Statement, Update


def models_read(statement: Statement) -> frozenset[ModelMetadata]:
    """Give every model whose rows a resolved statement reads or writes."""
    match statement:
        case Count(select):
            return models_read(select)
        case Insert(model=model):
            return frozenset((model,))
        case Select(model=model, where=where, order=order):
            parts: list[object] = [where, *(each.expression for each in order)]
        case Update(model=model, where=where, changes=changes):
            parts = [where, *(value for _, value in changes)]
        case Delete(model=model, where=where):
            parts = [where]
    return frozenset((model, *(each for part in parts for each in _models(part))))


def _models(node: object) -> Iterator[ModelMetadata]:
    match node:
        case Comparison(left, _, right):
            yield from _models(left)
            yield from _models(right)
        case Logical():
            for part in parts_of(node):
                yield from _models(part)
        case Exists(rows=rows) | RowCount(rows=rows):
            yield rows.model
            for near, _ in rows.pairs:
                yield from _models(near)
            yield from _models(rows.condition)
        case Arithmetic(left=left, right=right):
            yield from _models(left)
            yield from _models(right)
        case JsonPath(root=root):
            yield from _models(root)
        case OuterField(path=path):
            for hop in path:
                yield hop.near
                yield hop.far
        case _:
            return
