"""Conditions that every row must meet that a question sees, wherever in it the row stands.

They are put in where all names have their rows already, so that none is forgotten: to the rows
asked for, to related ones, and to those that a reference leads to. A row that does not meet its
guard is as if it were not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from ommi.errors import QueryError
from ommi.metadata.model import ModelMetadata
from ommi.metadata.paths import Hop, Path
from ommi.query.expressions import Arithmetic, Expression, Parameter
from ommi.query.fields import FieldReference, JsonPath, references
from ommi.query.negation import normalised
from ommi.query.nodes import Comparison, Logical, Predicate, Term
from ommi.query.operators import LogicalOperator, QueryOperator
from ommi.query.ordering import Ordering
from ommi.query.reach import parts_of, refuse_too_deep
from ommi.query.related import Exists, OuterField, RowCount, Rows
from ommi.query.statements import Count, Delete, Insert, Select, Update

Guards = Mapping[ModelMetadata, Predicate]
Lifted = Select | Count | Insert | Update | Delete


def guarded(statement: Lifted, guards: Guards) -> Lifted:
    """Give a resolved statement that sees no row but those that meet the guards.

    Raises `QueryError` for a question that reads a guarded row in a way that cannot tell whether
    it is there.
    """
    match statement:
        case Insert():
            return statement
        case Count(select):
            return Count(cast("Select", guarded(select, guards)))
        case Select(model=model, where=where, order=order):
            seen = tuple(_ordering(ordering, guards) for ordering in order)
            return statement._replace(where=_where(model, where, guards), order=seen)
        case Update(model=model, where=where, changes=changes):
            for _, value in changes:
                _check_term(value, guards)
            return statement._replace(where=_where(model, where, guards))
        case Delete(model=model, where=where):
            return statement._replace(where=_where(model, where, guards))


def models_in(statement: Lifted) -> frozenset[ModelMetadata]:
    """Give every model whose rows a resolved statement reads or writes."""
    match statement:
        case Count(select):
            return models_in(select)
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
            yield from (hop.far for hop in path)
        case _:
            return


def columns_in(node: object) -> frozenset[str]:
    """Give the columns that a condition on the row itself reads."""
    match node:
        case Comparison(left, _, right):
            return columns_in(left) | columns_in(right)
        case Logical():
            return frozenset().union(*map(columns_in, parts_of(node)))
        case Arithmetic(left=left, right=right):
            return columns_in(left) | columns_in(right)
        case JsonPath(root=root):
            return columns_in(root)
        case FieldReference(metadata=field):
            return frozenset((field.column,))
        case _:
            return frozenset()


def _where(model: ModelMetadata, where: Predicate | None, guards: Guards) -> Predicate | None:
    found = None if where is None else _predicate(where, guards)
    guard = guards.get(model)
    if guard is None:
        return found
    together = normalised(guard if found is None else _and(found, guard))
    refuse_too_deep(together)
    return together


def _predicate(node: Predicate | Term, guards: Guards) -> Predicate:
    match node:
        case Exists(rows):
            found = Exists(_rows(rows, guards), is_negated=node.is_negated)
            return _seen(found, _path(rows.pairs[0][0]), guards, node.is_negated)
        case Comparison(left, operator, right):
            return _comparison(node, left, operator, right, guards)
        case Logical(operator, _):
            return Logical(operator, [_predicate(part, guards) for part in parts_of(node)])
        case _:
            raise TypeError(f"not a resolved predicate: {type(node).__name__}")


def _comparison(
    node: Comparison, left: Term, operator: QueryOperator, right: object, guards: Guards
) -> Predicate:
    sides = [left, right] if isinstance(right, Term) else [left]
    hidden = [side for side in sides if _leads_to_guarded(side, guards)]
    if not hidden:
        counted = [_counted(side, guards) for side in (left, right)]
        return Comparison.unchecked(
            cast("Term", counted[0]), operator, counted[1], is_negated=node.is_negated
        )
    if operator is QueryOperator.IN or len(hidden) > 1:
        raise _unknowable(hidden[0])
    other = right if hidden[0] is left else left
    if isinstance(other, Term):
        _check_term(other, guards)
    return _seen(node, _path(hidden[0]), guards, _of_none(node, operator, other))


def _of_none(node: Comparison, operator: QueryOperator, other: object) -> Predicate | bool:
    """Say what a comparison is when one of its sides is `None`: known, or asked of the other.

    Negations are at the leaves already, and what a leaf negates is a primitive operator.
    """
    if operator is not QueryOperator.EQUALS or not isinstance(other, Term):
        return (operator is QueryOperator.IS_NULL) is not node.is_negated
    if isinstance(other, Parameter):
        return node.is_negated  # A question for `None` asks for null.
    return Comparison.unchecked(other, QueryOperator.IS_NULL, None, is_negated=node.is_negated)


def _leads_to_guarded(side: Term, guards: Guards) -> bool:
    return any(hop.far in guards for _, hop in _path(side))


def _counted(side: object, guards: Guards) -> object:
    """Give a side of a comparison that counts only the rows that are there."""
    if isinstance(side, RowCount):
        for near, _ in side.rows.pairs:
            _check_term(near, guards)
        return RowCount(_rows(side.rows, guards))
    if isinstance(side, Term):
        _check_term(side, guards)
    return side


def _rows(rows: Rows, guards: Guards) -> Rows:
    return rows._replace(condition=_where(rows.model, rows.condition, guards))


def _path(term: object) -> list[tuple[OuterField[Any], Hop]]:
    """Give the hops from the row at hand to the row of a term."""
    term = term.root if isinstance(term, JsonPath) else term
    return [(term, hop) for hop in term.path] if isinstance(term, OuterField) else []


def _seen(
    node: Predicate,
    path: list[tuple[OuterField[Any], Hop]],
    guards: Guards,
    of_none: Predicate | bool,  # noqa: FBT001 - what it is, not whether
) -> Predicate:
    """Let what a path leads to count only where every row on it is there; else it is `None`."""
    if not any(hop.far in guards for _, hop in path):
        return node
    there = _leads(tuple(hop for _, hop in path), path[0][0].level, guards)
    if of_none is False:
        return _and(there, node)
    hidden: Predicate = Exists(there.rows, is_negated=True)
    if of_none is True:
        return Logical(LogicalOperator.OR, [hidden, node])
    return Logical(LogicalOperator.OR, [_and(there, node), _and(hidden, of_none)])


def _leads(path: Path, level: int, guards: Guards) -> Exists:
    """Ask for the rows on a path that starts some scopes further out."""
    hop, *rest = path
    near = references(hop.near)
    pairs = tuple(
        (near[n.name] if level == 0 else OuterField(n, hop.near, level), far)
        for n, far in hop.pairs
    )
    parts = [guards[hop.far]] if hop.far in guards else []
    if rest:
        parts.append(_leads(tuple(rest), 0, guards))
    condition = None if not parts else parts[0] if len(parts) == 1 else _and(*parts)
    return Exists(Rows(hop.far, pairs, None if condition is None else normalised(condition)))


def _ordering(ordering: Ordering, guards: Guards) -> Ordering:
    expression = cast("Expression[Any]", _counted(ordering.expression, guards))
    return Ordering(expression, ordering.direction, has_nulls_last=ordering.has_nulls_last)


def _check_term(term: object, guards: Guards) -> None:
    """Raise where the value of a term would tell of a row that may not be there."""
    if isinstance(term, Term) and not isinstance(term, RowCount) and _is_guarded(term, guards):
        raise _unknowable(term)


def _is_guarded(term: Term, guards: Guards) -> bool:
    return any(model in guards for model in _models(term))


def _unknowable(term: Term) -> QueryError:
    return QueryError(
        f"{term!r} is read from rows under a policy, which may hide them; compare it with one "
        "value, or ask with any(...)"
    )


def _and(*parts: Predicate) -> Predicate:
    return Logical(LogicalOperator.AND, parts)
