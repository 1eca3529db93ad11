"""What is loaded with the rows that are asked for: `load(User.posts, Post.comments)`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, cast

from ommi.errors import QueryError
from ommi.metadata.model import ModelMetadata
from ommi.metadata.relations import Relation
from ommi.query.builder import bound, conditions_on, orderings, when
from ommi.query.fields import fields
from ommi.query.nodes import Predicate
from ommi.query.ordering import Ordering
from ommi.query.relation_fields import RelationReference, is_of, owner_of, relation_of, steps_to


class RelatedSelection(NamedTuple):
    """Part of the rows that a relation leads to; limit and offset count for each owner."""

    reference: RelationReference
    filter: Predicate | None = None
    order: tuple[Ordering, ...] = ()
    most: int | None = None
    skipped: int = 0

    def where(self, *conditions: object) -> RelatedSelection:
        """Take only the rows that meet these conditions too."""
        more = conditions_on(self._target, conditions)
        known = [part for part in (self.filter, more) if part is not None]
        return self._replace(filter=when(*known) if known else None)

    def order_by(self, *keys: object) -> RelatedSelection:
        """Order the rows of each owner."""
        return self._replace(order=(*self.order, *orderings(self._target, keys)))

    def limit(self, count: int) -> RelatedSelection:
        """Take no more than `count` rows for each owner."""
        self._check_many("limit")
        return self._replace(most=bound("limit", count))

    def offset(self, count: int) -> RelatedSelection:
        """Leave out the first `count` rows of each owner."""
        self._check_many("offset")
        return self._replace(skipped=bound("offset", count))

    @property
    def is_whole(self) -> bool:
        """Whether it is all that the relation leads to."""
        return self.filter is None and self.most is None and not self.skipped

    @property
    def _target(self) -> ModelMetadata:
        return relation_of(self.reference).target

    def _check_many(self, verb: str) -> None:
        if not relation_of(self.reference).is_many:
            raise QueryError(f"{self.reference!r} leads to one row, so it has no {verb}()")


class Load(NamedTuple):
    """A relation to load, and what to load with the rows that it leads to."""

    relation: Relation
    selection: RelatedSelection
    nested: tuple[Load, ...] = ()


def loads(model: ModelMetadata, known: Sequence[Load], said: Iterable[object]) -> tuple[Load, ...]:
    """Add what `load()` was told to what is known to be loaded with rows of `model`.

    A relation of a model that an earlier one leads to is loaded with the rows of that.
    """
    if model.set_state is None and not model.cls.__dictoffset__:
        raise QueryError(
            f"load() has no place for relations in instances of {model.name}, which is registered "
            "and has slots; decorate it with @ommi_model"
        )
    found = tuple(known)
    for each in said:
        if not found and isinstance(each, RelationReference) and is_of(each, model):
            # The usual one, without a look for its place.
            found = (Load(relation_of(each), RelatedSelection(each)),)
            continue
        found = _with(model, found, _selection(model, each))
    return found


def _selection(model: ModelMetadata, said: object) -> RelatedSelection:
    if isinstance(said, str):
        reference: RelationReference | None = None
        owner = model
        for name in said.split("."):
            reference = RelationReference(owner, name, reference)
            owner = relation_of(reference).target
        said = reference
    elif callable(said):
        said = cast("Callable[[object], object]", said)(fields(model.cls))
    if isinstance(said, RelationReference):
        said = RelatedSelection(said)
    if not isinstance(said, RelatedSelection):
        raise QueryError(
            f"load() wants a relation such as {model.name}.{_example(model)}, "
            f"found {type(said).__name__}"
        )
    return said


def _with(
    model: ModelMetadata, known: tuple[Load, ...], selection: RelatedSelection
) -> tuple[Load, ...]:
    path = steps_to(selection.reference)
    if owner_of(path[0]) is model:
        return _put(known, path, selection)
    grown, is_placed = _placed(known, path, selection)
    if not is_placed:
        raise QueryError(
            f"load({selection.reference!r}): {owner_of(path[0]).name} is neither {model.name}, "
            "which is asked for, nor what a relation named before it leads to"
        )
    return grown


def _placed(
    known: tuple[Load, ...], path: Sequence[RelationReference], selection: RelatedSelection
) -> tuple[tuple[Load, ...], bool]:
    """Put a path below every relation that leads to its model."""
    grown, is_placed = [], False
    for load in known:
        nested, is_deeper = _placed(load.nested, path, selection)
        is_here = load.relation.target is owner_of(path[0]) and not is_deeper
        if is_here:
            nested = _put(nested, path, selection)
        is_placed = is_placed or is_deeper or is_here
        grown.append(load._replace(nested=nested))
    return tuple(grown), is_placed


def _put(
    known: tuple[Load, ...], path: Sequence[RelationReference], selection: RelatedSelection
) -> tuple[Load, ...]:
    relation = relation_of(path[0])
    is_last = len(path) == 1
    old = next((load for load in known if load.relation is relation), None)
    load = old or Load(relation, RelatedSelection(path[0]))
    if is_last:
        load = load._replace(selection=selection)
    else:
        load = load._replace(nested=_put(load.nested, path[1:], selection))
    return (*(each for each in known if each is not old), load)


def _example(model: ModelMetadata) -> str:
    return next(iter(model.declared_relations), "author")
