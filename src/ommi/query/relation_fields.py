"""The relations of a model in questions: `User.posts`, `fields(Post).author`."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NoReturn

from ommi.errors import QueryError, UnknownField
from ommi.metadata.model import ModelMetadata
from ommi.metadata.paths import Hop, names_one_row
from ommi.metadata.relations import Relation
from ommi.query.builder import when
from ommi.query.expressions import Expression
from ommi.query.nodes import Logical, Node, Predicate
from ommi.query.operators import LogicalOperator
from ommi.query.related import (
    AnyRelated,
    Place,
    RelatedCount,
    RelatedField,
    RelatedRows,
    Scope,
)

if TYPE_CHECKING:
    from ommi.query.loads import RelatedSelection


class RelationReference(Node):
    """A relation of a model; `via` is the relation that leads to its owner, in a path.

    What it leads to is found when it is used. Its parts are private, since the fields of a row
    that it leads to are its attributes; `relation_of` and `steps_to` give them.
    """

    __slots__ = ("_name", "_owner", "_scope", "_via")
    _owner: ModelMetadata
    _name: str
    _via: RelationReference | None
    _scope: Scope | None

    def __new__(  # noqa: PYI034 - it chooses one of the two below
        cls,
        owner: ModelMetadata,
        name: str,
        via: RelationReference | None = None,
        scope: Scope | None = None,
    ) -> RelationReference:
        declared = owner.declared_relations.get(name)
        if declared is None:
            raise UnknownField(owner.name, name, (*owner.by_name, *owner.declared_relations))
        kind = ManyReference if declared.is_many else OneReference
        made = object.__new__(kind)
        object.__setattr__(made, "_owner", owner)
        object.__setattr__(made, "_name", name)
        object.__setattr__(made, "_via", via)
        object.__setattr__(made, "_scope", scope)
        return made

    def __bool__(self) -> NoReturn:
        raise TypeError(f"{self!r} is a relation, neither True nor False")

    def where(self, *conditions: object) -> RelatedSelection:
        """Load only the rows that meet these conditions."""
        return _selected(self).where(*conditions)

    def order_by(self, *keys: object) -> RelatedSelection:
        """Load the rows of each owner in this order."""
        return _selected(self).order_by(*keys)

    def limit(self, count: int) -> RelatedSelection:
        """Load no more than `count` rows for each owner."""
        return _selected(self).limit(count)

    def offset(self, count: int) -> RelatedSelection:
        """Load all but the first `count` rows of each owner."""
        return _selected(self).offset(count)

    def __repr__(self) -> str:
        before = self._owner.name if self._via is None else repr(self._via)
        return f"{before}.{self._name}"


class OneReference(RelationReference):
    """A relation to one row or none: its attributes are the fields and relations of that row.

    They are `None` where there is no row. `[...]` gives a field whose name is that of a method.
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - fields are of any type
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401
        target = relation_of(self).target
        if name in target.by_name:
            return RelatedField(target.by_name[name], _place_of(self))
        return _relation_under(self, target, name)

    def is_null(self) -> Predicate:
        """Ask for rows that have no such row."""
        return AnyRelated(_rows(self), is_negated=True)

    def is_not_null(self) -> Predicate:
        """Ask for rows that have one."""
        return AnyRelated(_rows(self))

    def __eq__(self, other: object) -> Predicate:  # type: ignore[override]
        _refuse_value(self, other)
        return self.is_null()

    def __ne__(self, other: object) -> Predicate:  # type: ignore[override]
        _refuse_value(self, other)
        return self.is_not_null()

    if TYPE_CHECKING:

        def __hash__(self) -> int: ...
    else:
        __hash__ = object.__hash__


class ManyReference(RelationReference):
    """A relation to any number of rows.

    Conditions are on one of those rows; a lambda is asked with it.
    """

    __slots__ = ()

    def any(self, *conditions: object) -> Predicate:
        """Ask for rows to which at least one belongs that meets the conditions."""
        return AnyRelated(_rows(self, conditions))

    def none(self, *conditions: object) -> Predicate:
        """Ask for rows to which none belongs that meets the conditions."""
        return AnyRelated(_rows(self, conditions), is_negated=True)

    def all(self, *conditions: object) -> Predicate:
        """Ask for rows of which every one that belongs to them meets the conditions.

        That is so where none belongs to them.
        """
        rows = _rows(self, conditions)
        if rows.condition is None:
            raise QueryError(f"{self!r}.all() wants a condition that all of them must meet")
        others = rows._replace(condition=Logical(LogicalOperator.NOT, (rows.condition,)))
        return AnyRelated(others, is_negated=True)

    def count(self, *conditions: object) -> Expression[int]:
        """Give the number of those that meet the conditions, to compare with and to order by."""
        return RelatedCount(_rows(self, conditions))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        if name.startswith("__"):
            raise AttributeError(name)
        target = relation_of(self).target
        if name in target.by_name:
            raise QueryError(
                f"{self!r} are many rows, so there is no one {name}; ask "
                f"{self!r}.any({target.name}.{name} == value)"
            )
        return _relation_under(self, target, name)


class ScopedRow:
    """The row that a lambda is asked with: its fields and relations as attributes."""

    def __init__(self, scope: Scope) -> None:
        self.__dict__["__scope__"] = scope

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        if name.startswith("__"):
            raise AttributeError(name)
        scope: Scope = self.__dict__["__scope__"]
        model = scope.model
        if name in model.declared_relations:
            return RelationReference(model, name, scope=scope)
        return RelatedField(model.field(name), Place(model, (), scope))

    def __repr__(self) -> str:
        return f"row({self.__dict__['__scope__'].model.name})"


def _selected(reference: RelationReference) -> RelatedSelection:
    from ommi.query.loads import RelatedSelection

    return RelatedSelection(reference)


def relation_of(reference: RelationReference) -> Relation:
    """Give what a reference leads to; raises `ModelError` where that is nothing."""
    return reference._owner.relation(reference._name)  # noqa: SLF001


def steps_to(reference: RelationReference) -> list[RelationReference]:
    """Give the references of a path, the first one first."""
    steps = [reference]
    while steps[0]._via is not None:  # noqa: SLF001
        steps.insert(0, steps[0]._via)  # noqa: SLF001
    return steps


def owner_of(reference: RelationReference) -> ModelMetadata:
    """Give the model that a relation belongs to."""
    return reference._owner  # noqa: SLF001


def is_of(reference: RelationReference, model: ModelMetadata) -> bool:
    """Tell whether a relation is one of the model's own, and no path."""
    return reference._owner is model and reference._via is None  # noqa: SLF001


def _relation_under(
    reference: RelationReference, target: ModelMetadata, name: str
) -> RelationReference:
    return RelationReference(target, name, reference)


def _place_of(reference: RelationReference) -> Place:
    """Give the row that relations to one row lead to."""
    steps = steps_to(reference)
    path = []
    for step in steps:
        hop = _hops(relation_of(step))[-1]
        if isinstance(step, ManyReference):
            raise QueryError(
                f"{step!r} are many rows; ask for them one by one: {step!r}.any(lambda ...)"
            )
        if hop.is_many:
            fields = " + ".join(far.name for _, far in hop.pairs)
            raise QueryError(
                f"{step!r} may lead to several rows, since {hop.far.name}.{fields} is not Unique; "
                "mark it Unique, or make the relation a LazyList"
            )
        path.append(hop)
    return Place(owner_of(steps[0]), tuple(path), steps[0]._scope)  # noqa: SLF001


def _rows(reference: RelationReference, conditions: tuple[object, ...] = ()) -> RelatedRows:
    via = reference._via  # noqa: SLF001
    start = Place(owner_of(reference), (), reference._scope)  # noqa: SLF001
    place = start if via is None else _place_of(via)
    relation = relation_of(reference)
    if not conditions:
        return RelatedRows(place, _hops(relation))
    has_lambda = any(callable(each) for each in conditions)
    scope = Scope(relation.target, _DEPTH.get() + 1) if has_lambda else None
    told = [_asked(scope, each) for each in conditions]
    return RelatedRows(place, _hops(relation), when(*told), scope)


_DEPTH: ContextVar[int] = ContextVar("ommi_lambda_depth", default=0)


def _asked(scope: Scope | None, condition: object) -> object:
    if scope is None or not callable(condition):
        return condition
    token = _DEPTH.set(scope.depth)
    try:
        return condition(ScopedRow(scope))
    finally:
        _DEPTH.reset(token)


def _hops(relation: Relation) -> tuple[Hop, ...]:
    middle = relation.association
    far = relation.target if middle is None else middle.model
    fields = [far_field for _, far_field in relation.pairs]
    is_many = relation.is_reversed and not names_one_row(far, fields)
    there = Hop(relation.owner, far, relation.pairs, is_many, relation.name)
    if middle is None:
        return (there,)
    return there, Hop(far, relation.target, middle.pairs, is_many=False, name=relation.name)


def _refuse_value(reference: RelationReference, other: object) -> None:
    if other is not None:
        pairs = relation_of(reference).pairs
        keys = " and ".join(f"{reference._owner.name}.{near.name}" for near, _ in pairs)  # noqa: SLF001
        raise QueryError(
            f"{reference!r} compares with None only; to ask for one {type(other).__name__}, "
            f"compare {keys} with its key"
        )
