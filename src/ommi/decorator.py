"""`@ommi_model` and `register()`: from a class of the user's to a model."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast, overload

from ommi.errors import ModelError
from ommi.metadata.annotations import IndexTogether, UniqueTogether
from ommi.metadata.collection import DEFAULT_COLLECTION, ModelCollection
from ommi.metadata.inspection import (
    Together,
    inspect_model,
    library_of,
    without_relations,
)
from ommi.metadata.model import ModelMetadata, remember
from ommi.metadata.subclassing import subclass_of
from ommi.query.fields import references
from ommi.query.relation_fields import RelationReference
from ommi.relations import BATCH, ROW, Lazy, LazyList, RelationAttribute, database_of

if TYPE_CHECKING:
    from ommi.results import AsyncResultWrapper

T = TypeVar("T")

_METHODS = ("save", "delete", "reload")
_NEVER_ON_THE_CLASS = frozenset({"register", *_METHODS})


@overload
def ommi_model(cls: type[T], /) -> type[T]: ...
@overload
def ommi_model(
    *together: Together, collection: ModelCollection | None = None, table: str | None = None
) -> Callable[[type[T]], type[T]]: ...
def ommi_model(
    *said: type[T] | Together,
    collection: ModelCollection | None = None,
    table: str | None = None,
) -> type[T] | Callable[[type[T]], type[T]]:
    """Make a model of a class: its fields answer on the class, its instances remember their row.

    Takes `UniqueTogether` and `IndexTogether`, the collection (one for all models otherwise) and
    the name of the table. What comes back is a subclass that behaves as the class did, with
    `save()`, `delete()` and `reload()` unless it has such names. Raises `ModelError` for a class
    that cannot be mapped.
    """
    if len(said) == 1 and isinstance(said[0], type):
        _refuse_other_kinds("ommi_model", said[0], (), collection, table)
        return _decorated(said[0], (), collection, table, _names_around(2))
    together = tuple(each for each in said if not isinstance(each, type))
    _refuse_other_kinds("ommi_model", object, together, collection, table)

    def decorate(cls: type[T]) -> type[T]:
        _refuse_other_kinds("ommi_model", cls, together, collection, table)
        return _decorated(cls, together, collection, table, _names_around(2))

    return decorate


def register(
    cls: type[T],
    /,
    *together: Together,
    collection: ModelCollection | None = None,
    table: str | None = None,
) -> type[T]:
    """Map a class without touching it, and give it back; ask with `fields(cls).name`.

    Raises `ModelError` for a class that cannot be mapped.
    """
    _refuse_other_kinds("register", cls, together, collection, table)
    model = inspect_model(
        cls,
        table=table,
        collection=DEFAULT_COLLECTION if collection is None else collection,
        together=together,
        namespace=_names_around(2),
    )
    _publish(model)
    return cls


def _refuse_other_kinds(
    caller: str, cls: object, together: Sequence[object], collection: object, table: object
) -> None:
    """Say what a decorator takes, to whoever gave it something else."""
    name = getattr(cls, "__name__", type(cls).__name__)
    if not isinstance(cls, type):
        raise ModelError(f"{caller} wants a class, found {type(cls).__name__}", model=name)
    for each in together:
        if not isinstance(each, UniqueTogether | IndexTogether):
            found = type(each).__name__
            advice = "; write collection=..." if isinstance(each, ModelCollection) else ""
            raise ModelError(
                f"{caller} takes UniqueTogether and IndexTogether, found {found}{advice}",
                model=name,
            )
    if collection is not None and not isinstance(collection, ModelCollection):
        raise ModelError(
            f"collection is a ModelCollection, not {type(collection).__name__}", model=name
        )
    if table is not None and not isinstance(table, str):
        raise ModelError(
            f"table is a str, the table's name, not {type(table).__name__}", model=name
        )


def _decorated(
    cls: type[T],
    together: tuple[Together, ...],
    collection: ModelCollection | None,
    table: str | None,
    namespace: Mapping[str, object],
) -> type[T]:
    cls = without_relations(cls, namespace)
    prepared = library_of(cls).prepare(cls)
    found = inspect_model(
        prepared,
        table=table,
        collection=DEFAULT_COLLECTION if collection is None else collection,
        together=together,
        namespace=namespace,
    )
    names = tuple(field.name for field in found.fields)
    _refuse_taken_names(found, names)
    answering = (*names, *found.declared_relations)
    made, set_state, accesses = subclass_of(
        prepared, tuple(n for n in answering if _answers(prepared, n)), _methods(prepared, names)
    )
    model = replace(found, cls=made, set_state=set_state)
    answers: dict[str, object] = {
        **references(model),
        **{name: RelationReference(model, name) for name in model.declared_relations},
    }
    for name, declared in model.declared_relations.items():
        find = partial(model.relation, name)
        setattr(made, name, RelationAttribute(LazyList if declared.is_many else Lazy, find))
    for access in accesses:
        access.answer, access.owner = answers[access.name], made
    _publish(model)
    return cast("type[T]", made)


def _publish(model: ModelMetadata) -> None:
    model.collection.add(model)
    remember(model)


def _answers(cls: type, name: str) -> bool:
    return not (name in _NEVER_ON_THE_CLASS or name.startswith("__") or hasattr(type(cls), name))


def _refuse_taken_names(model: ModelMetadata, names: tuple[str, ...]) -> None:
    for name in (ROW, BATCH):
        if name in names:
            raise ModelError(
                "is the name under which Ommi keeps its own state; rename it",
                model=model.name,
                field=name,
            )


def _methods(cls: type, names: tuple[str, ...]) -> Mapping[str, object]:
    own = {"save": save, "delete": delete, "reload": reload}
    return {
        name: method
        for name, method in own.items()
        if name not in names and not hasattr(cls, name)
    }


def save(self: T) -> AsyncResultWrapper[T]:
    """Write what changed since the instance was read, to the database that it came from."""
    return database_of(self).save(self)


def delete(self: object) -> AsyncResultWrapper[None]:
    """Delete the row of the instance."""
    return database_of(self).delete(self)


def reload(self: T) -> AsyncResultWrapper[T]:
    """Read the row of the instance again."""
    return database_of(self).reload(self)


def _names_around(depth: int) -> Mapping[str, object]:
    """Give the names that only the function around the class can see; none at module level."""
    frame = sys._getframe(depth)  # noqa: SLF001
    return {} if frame.f_locals is frame.f_globals else dict(frame.f_locals)
