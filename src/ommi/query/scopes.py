"""Which row every name in a question means.

A condition on another model asks for a row of that model, related to the one asked for, that meets
it. What stands together without a `~` is asked of one such row; `~p` is the rest of `p`, so inside
it another row may be meant. Said exactly: choose for each other model a related row, or none; a
comparison that names a model without a row is False; a condition is True where any choice makes it
so. What is written here makes that choice with `Exists`, one for each row that is chosen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import cast

from ommi.errors import QueryError
from ommi.metadata.model import FieldMetadata, ModelMetadata
from ommi.metadata.paths import Hop, Path, names_one_row
from ommi.query.expressions import Arithmetic
from ommi.query.fields import FieldReference, JsonPath, references
from ommi.query.joins import path_between
from ommi.query.negation import normalised
from ommi.query.nodes import Comparison, Logical, Predicate, Term
from ommi.query.operators import LogicalOperator
from ommi.query.ordering import Ordering
from ommi.query.reach import is_own, parts_of, refuse_too_deep
from ommi.query.related import (
    AnyRelated,
    Exists,
    OuterField,
    Place,
    RelatedCount,
    RelatedField,
    RelatedRows,
    RowCount,
    Rows,
    Scope,
)
from ommi.values import frozen


def resolved(node: Predicate, model: ModelMetadata) -> Predicate:
    """Give a condition on rows of a model in which every name has its row; raises `QueryError`."""
    if is_own(node, model):
        return node
    found = _Rows((_Frame(model),)).condition(node)
    refuse_too_deep(found)
    return found


def resolved_ordering(ordering: Ordering, model: ModelMetadata) -> Ordering:
    """Give an ordering in which every name has its row; another model must be one row or none."""
    if is_own(ordering.expression, model):
        return ordering
    here = _Rows((_Frame(model),))
    expression = here.term(here.reached(ordering.expression))
    refuse_too_deep(expression)
    return Ordering(expression, ordering.direction, has_nulls_last=ordering.has_nulls_last)


@frozen
class _Frame:
    """One row that is at hand: a scope of the question.

    A `route` says that it was joined by its model's name in a `region`, and from where.
    """

    model: ModelMetadata
    scope: Scope | None = None
    route: Path | None = None
    region: object = None


@frozen
class _Rows:
    """The rows at hand, the innermost last, and the region: what stands together without `~`."""

    frames: tuple[_Frame, ...]
    region: object = None

    def condition(self, node: Predicate | Term) -> Predicate:
        """Resolve a condition on the innermost row that stands by itself."""
        return replace(self, region=object()).closed(node)

    def closed(self, node: Predicate | Term) -> Predicate:
        """Resolve a part of a region, and ask for the rows that it names and nobody chose."""
        if isinstance(node, Logical) and node.operator is LogicalOperator.NOT:
            return Logical(LogicalOperator.NOT, [self.condition(node.parts[0])])
        if isinstance(node, Logical) and node.operator is LogicalOperator.OR:
            return _joined(LogicalOperator.OR, [self.closed(part) for part in parts_of(node)])
        if isinstance(node, Logical):
            groups = self._entangled(list(parts_of(node)))
            return _joined(LogicalOperator.AND, [self._asked_together(each) for each in groups])
        missing = self._missing(node)
        return self._chosen([node], missing[0]) if missing else self._leaf(node)

    def _entangled(self, parts: list[Predicate | Term]) -> Iterator[list[Predicate | Term]]:
        """Give the parts of a conjunction in groups; those that name one row stay together."""
        groups: list[tuple[set[Path], list[Predicate | Term]]] = []
        for part in parts:
            routes = set(self._missing(part))
            touched = [group for group in groups if group[0] & routes]
            if not touched:
                groups.append((routes, [part]))
                continue
            first, *more = touched
            first[0].update(routes, *(group[0] for group in more))
            first[1].extend([*(p for group in more for p in group[1]), part])
            groups = [group for group in groups if group not in more]
        return (group for _, group in groups)

    def _asked_together(self, parts: list[Predicate | Term]) -> Predicate:
        if len(parts) == 1:
            return self.closed(parts[0])
        return self._chosen(parts, self._missing(parts[0])[0])

    def _chosen(self, parts: list[Predicate | Term], route: Path) -> Predicate:
        """Ask for a row at the end of a route that meets the parts, or that they hold without."""
        start = self._position(route[:-1])
        joined = _Frame(route[-1].far, route=route, region=self.region)
        inside = replace(self, frames=(*self.frames, joined))
        condition = normalised(_joined(LogicalOperator.AND, [inside.together(parts)]))
        found = Exists(self._hop(route[-1], start, (), condition))
        without = _all([self._without(part, route) for part in parts])
        if without is None:
            return found
        return _joined(LogicalOperator.OR, [found, self.closed(without)])

    def together(self, parts: list[Predicate | Term]) -> Predicate:
        return self.closed(parts[0] if len(parts) == 1 else Logical(LogicalOperator.AND, parts))

    def _without(self, node: Predicate | Term, route: Path) -> Predicate | Term | None:
        """Give what is left where there is no row at the end of a route; `None` for False."""
        if not isinstance(node, Logical):
            return None if route in self._missing(node) else node
        if node.operator is LogicalOperator.NOT:
            return node
        parts = [self._without(part, route) for part in parts_of(node)]
        if node.operator is LogicalOperator.AND:
            return _all(parts)
        known = [part for part in parts if part is not None]
        return Logical(LogicalOperator.OR, known) if len(known) > 1 else next(iter(known), None)

    def _missing(self, node: Predicate | Term) -> list[Path]:
        """Give the routes from rows at hand to rows that a part of the region needs."""
        if isinstance(node, Logical):
            if node.operator is LogicalOperator.NOT:
                return []
            return list(dict.fromkeys(r for p in parts_of(node) for r in self._missing(p)))
        found: dict[Path, None] = {}
        for base, scope in _places(node):
            route = self._route(base, scope)
            bound = [self._position(route[:n]) is not None for n in range(1, len(route) + 1)]
            if False in bound:
                found[route[: bound.index(False) + 1]] = None
        return list(found)

    def _leaf(self, node: Predicate | Term) -> Predicate:
        match node:
            case Comparison(left, operator, right):
                sides = [self.term(s) if isinstance(s, Term) else s for s in (left, right)]
                return Comparison.unchecked(
                    cast("Term", sides[0]), operator, sides[1], is_negated=node.is_negated
                )
            case AnyRelated(rows):
                return Exists(self._rows(rows), is_negated=node.is_negated)
            case _:
                raise TypeError(f"not a checked predicate: {type(node).__name__}")

    def term(self, node: Term) -> Term:
        """Resolve a term all of whose rows are at hand."""
        match node:
            case RelatedField(reached_from=place, metadata=metadata):
                return self._field(metadata, place)
            case FieldReference(metadata=metadata, owner=owner):
                return self._field(metadata, Place(owner))
            case JsonPath(root=root, path=path):
                return JsonPath(cast("FieldReference[object]", self.term(root)), path)
            case Arithmetic(operator=operator, left=left, right=right):
                sides = [self.term(s) if isinstance(s, Term) else s for s in (left, right)]
                return Arithmetic.unchecked(operator, sides[0], sides[1], node.storage)
            case RelatedCount(rows):
                return RowCount(self._counted(rows))
            case _:
                return node

    def _field(self, metadata: FieldMetadata, place: Place) -> FieldReference[object]:
        field: FieldReference[object] = references(place.model)[metadata.name]
        level = self._level(place)
        if level == 0 and not place.path:
            return field
        return OuterField(field.metadata, field.owner, level, place.path)

    def _level(self, place: Place) -> int:
        """Say how many scopes further out the row of a place is."""
        route = self._route(place.base, place.scope)
        if route:
            return self.level_of(cast("int", self._position(route)))
        return self.level_of(cast("int", self._named(place.base, place.scope)))

    def level_of(self, position: int) -> int:
        return len(self.frames) - 1 - position

    def _named(self, base: ModelMetadata, scope: Scope | None) -> int | None:
        """Give the position of the row that a name means by itself.

        The row of a lambda goes by the lambda's argument, and by its model's name only where that
        means no other.
        """
        outwards = [(n, f) for n, f in enumerate(self.frames) if f.route is None][::-1]
        if scope is not None:
            found = [n for n, frame in outwards if frame.scope is scope]
            if not found:
                raise QueryError(
                    f"a row of {base.name} is used outside the lambda that it was given to"
                )
            return found[0]
        alike = [(n, frame.scope) for n, frame in outwards if frame.model is base]
        plain = [n for n, its_scope in alike if its_scope is None]
        return next(iter([*plain, *(n for n, _ in alike)]), None)

    def _route(self, base: ModelMetadata, scope: Scope | None) -> Path:
        """Give the way to a row that only references lead to; empty for one that has a name."""
        if self._named(base, scope) is not None:
            return ()
        return path_between(self.frames[self._innermost()].model, base)

    def _innermost(self) -> int:
        return max(n for n, frame in enumerate(self.frames) if frame.route is None)

    def _position(self, route: Path) -> int | None:
        """Give the position of a row that was chosen in this region, `None` if it is not yet."""
        if not route:
            return self._innermost()
        for position, frame in enumerate(self.frames):
            if frame.region is self.region and frame.route == route:
                return position
        return None

    def _rows(self, rows: RelatedRows) -> Rows:
        start = len(self.frames) - 1 - self._level(rows.place)
        return self.along(rows.hops, start, rows.place.path, rows)

    def along(self, hops: Sequence[Hop], start: int, path: Path, rows: RelatedRows) -> Rows:
        """Follow hops; the row at the end must meet the condition."""
        first, *more = hops
        frame = _Frame(first.far, None if more else rows.scope)
        inside = replace(self, frames=(*self.frames, frame))
        if more:
            further = inside.along(more, len(self.frames), (), rows)
            return self._hop(first, start, path, Exists(further))
        asked = rows.condition
        condition = None if asked is None else normalised(inside.condition(asked))
        return self._hop(first, start, path, condition)

    def _hop(self, hop: Hop, start: int | None, path: Path, condition: Predicate | None) -> Rows:
        level = self.level_of(cast("int", start))
        pairs = tuple((_near(hop, n, level, path), far) for n, (_, far) in enumerate(hop.pairs))
        return Rows(hop.far, pairs, condition)

    def _counted(self, rows: RelatedRows) -> Rows:
        if len(rows.hops) == 1 or _names_each_once(rows.hops):
            return self._rows(rows)
        # Several rows between may lead to one: count what they lead to, not the rows between.
        there, on = rows.hops
        start = len(self.frames) - 1 - self._level(rows.place)
        inside = replace(self, frames=(*self.frames, _Frame(on.far, rows.scope)))
        level = inside.level_of(start)
        pairs = [
            *(
                (_near(there, n, level, rows.place.path), f)
                for n, (_, f) in enumerate(there.pairs)
            ),
            *((references(on.far)[far.name], near) for near, far in on.pairs),
        ]
        between: Predicate = Exists(Rows(there.far, tuple(pairs)))
        if rows.condition is None:
            return Rows(on.far, (), between)
        condition = normalised(inside.condition(rows.condition))
        return Rows(on.far, (), _joined(LogicalOperator.AND, [between, condition]))

    def reached(self, node: Term) -> Term:
        """Give a term on other models as one on the rows that single references lead to."""
        match node:
            case FieldReference() | RelatedField():
                place = getattr(node, "reached_from", Place(node.owner))
                route = self._route(place.base, place.scope)
                _refuse_many(node, route)
                start = self.frames[self._innermost()].model
                joined = place if not route else Place(start, (*route, *place.path))
                return RelatedField(node.metadata, joined)
            case JsonPath(root=root, path=path):
                return JsonPath(cast("FieldReference[object]", self.reached(root)), path)
            case Arithmetic(operator=operator, left=left, right=right):
                sides = [self.reached(s) if isinstance(s, Term) else s for s in (left, right)]
                return Arithmetic.unchecked(operator, sides[0], sides[1], node.storage)
            case RelatedCount(rows):
                route = self._route(rows.place.base, rows.place.scope)
                _refuse_many(node, route)
                if not route:
                    return node
                start = self.frames[self._innermost()].model
                place = Place(start, (*route, *rows.place.path))
                return RelatedCount(rows._replace(place=place))
            case _:
                return node


def _near(hop: Hop, number: int, level: int, path: Path) -> FieldReference[object]:
    near = references(hop.near)[hop.pairs[number][0].name]
    return near if level == 0 and not path else OuterField(near.metadata, near.owner, level, path)


def _refuse_many(node: Term, route: Path) -> None:
    if any(hop.is_many for hop in route):
        raise QueryError(
            f"{node!r}: there may be many rows of {route[-1].far.name}, so their values have no "
            "order; order by a count of them, or ask for them"
        )


def _names_each_once(hops: Sequence[Hop]) -> bool:
    """Tell whether no two rows of an association say the same."""
    there, on = hops
    said = [*(field for _, field in there.pairs), *(field for field, _ in on.pairs)]
    return names_one_row(there.far, said)


def _places(node: Predicate | Term | object) -> Iterator[tuple[ModelMetadata, Scope | None]]:
    """Give the rows that a leaf names, but for those inside of what it asks of related rows."""
    match node:
        case Comparison(left, _, right):
            yield from _places(left)
            yield from _places(right)
        case AnyRelated(rows) | RelatedCount(rows):
            yield rows.place.base, rows.place.scope
        case RelatedField(reached_from=place):
            yield place.base, place.scope
        case FieldReference(owner=owner):
            yield owner, None
        case JsonPath(root=root):
            yield from _places(root)
        case Arithmetic(left=left, right=right):
            yield from _places(left)
            yield from _places(right)


def _all(parts: Sequence[Predicate | Term | None]) -> Predicate | Term | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return known[0] if len(known) == 1 else Logical(LogicalOperator.AND, known)


def _joined(operator: LogicalOperator, parts: Sequence[Predicate]) -> Predicate:
    return parts[0] if len(parts) == 1 else Logical(operator, parts)
