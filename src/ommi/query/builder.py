"""What users say, turned into parts of a question, and checked on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, cast

from ommi.errors import InvalidValue, QueryError
from ommi.metadata.model import FieldMetadata, ModelMetadata, find_metadata
from ommi.metadata.storage import LARGEST_INT, Kind
from ommi.query.expressions import Expression
from ommi.query.fields import Equality, FieldReference, fields, references
from ommi.query.nodes import Comparison, Logical, Predicate, Term
from ommi.query.operators import LogicalOperator, OrderDirection
from ommi.query.ordering import Ordering
from ommi.query.placeholders import Placeholder
from ommi.query.reach import is_own
from ommi.query.scopes import resolved, resolved_ordering
from ommi.query.statements import Select, rows_where
from ommi.query.transform import checked, models_of


def when(*conditions: object) -> Predicate:
    """Give the conjunction of conditions."""
    if not conditions:
        raise QueryError("when() wants at least one condition")
    sound = [checked(condition) for condition in conditions]
    return sound[0] if len(sound) == 1 else Logical(LogicalOperator.AND, sound)


def asked(arguments: tuple[object, ...]) -> Select:
    """Give the question that the arguments of `find` mean."""
    if len(arguments) == 1:
        condition = arguments[0]
        if type(condition) is Equality:
            # As `rows_where`, whose frame would be one more for every such question.
            return _new(Select, (condition.left.owner, condition, (), None, None, None, (), ()))
        if type(condition) is Comparison:
            left = condition.left
            if type(left) is FieldReference and not isinstance(condition.right, Term):
                # There is nothing to check.
                return rows_where(left.owner, condition)
    model, conditions = subject(arguments)
    return rows_where(model, conditions_on(model, conditions))


def conditions_on(model: ModelMetadata, conditions: tuple[object, ...]) -> Predicate | None:
    """Give the conjunction of conditions on a model; a function is asked with the model's row.

    Raises `QueryError` for a condition on a model that no reference leads to, or several.
    """
    if not conditions:
        return None
    if len(conditions) == 1:
        only = conditions[0]
        if type(only) is Equality and only.left.owner is model:
            return only
        if _is_plain(only, model):
            return cast("Predicate", only)
    told = [_asked(model, condition) for condition in conditions]
    predicate = when(*told)
    # The names keep what they say until a plan is made: the shape of a question is their shape.
    resolved(predicate, model)
    return predicate


def _is_plain(condition: object, model: ModelMetadata) -> bool:
    """Tell whether a condition is a field of the model compared with a value: nothing to check."""
    return (
        type(condition) is Comparison
        and type(condition.left) is FieldReference
        and condition.left.owner is model
        and not isinstance(condition.right, Term)
    )


def _asked(model: ModelMetadata, condition: object) -> object:
    if isinstance(condition, Predicate | Expression) or not callable(condition):
        return condition
    return cast("Callable[[object], object]", condition)(fields(model.cls))


def subject(arguments: tuple[object, ...]) -> tuple[ModelMetadata, tuple[object, ...]]:
    """Give the model that `find` asks for, and the conditions.

    It is the first argument if that is a model, else the only one that the conditions name.
    """
    if arguments and isinstance(arguments[0], type):
        model = find_metadata(arguments[0])
        if model is None:
            raise QueryError(
                f"{arguments[0].__name__} is not a model; decorate it with @ommi_model or "
                "register() it"
            )
        return model, arguments[1:]
    named = list(dict.fromkeys(_named(arguments)))
    if len(named) != 1:
        found = ", ".join(model.name for model in named) or "none"
        raise QueryError(
            f"find() wants to know which model is asked for: give it first, as in "
            f"find(User, ...); the conditions name {found}"
        )
    return named[0], arguments


def _named(conditions: tuple[object, ...]) -> Iterator[ModelMetadata]:
    for condition in conditions:
        if isinstance(condition, Predicate | Expression):
            yield from cast("Iterator[ModelMetadata]", models_of(condition))


def orderings(model: ModelMetadata, arguments: tuple[object, ...]) -> Iterator[Ordering]:
    """Give what `order_by` was told: names, `-name`, fields, orderings; a direction after any."""
    if len(arguments) == 1 and type(arguments[0]) is FieldReference:
        # The usual one, made before.
        ordering = _ascending(model).get(arguments[0].metadata)
        if ordering is not None:
            yield ordering
            return
    position = 0
    while position < len(arguments):
        ordering = _ordering(model, arguments[position])
        position += 1
        if position < len(arguments) and isinstance(arguments[position], OrderDirection):
            ordering = Ordering(ordering.expression, cast("OrderDirection", arguments[position]))
            position += 1
        yield ordering


@cache
def _ascending(model: ModelMetadata) -> dict[FieldMetadata, Ordering]:
    each = references(model).values()
    return {field.metadata: field.asc for field in each if field.kind not in {None, Kind.JSON}}


def _ordering(model: ModelMetadata, said: object) -> Ordering:
    if isinstance(said, str):
        name = said.removeprefix("-")
        expression: Expression[object] = references(model)[model.field(name).name]
        return expression.desc if said.startswith("-") else expression.asc
    if isinstance(said, Ordering | Expression):
        ordering = said if isinstance(said, Ordering) else said.asc
        resolved_ordering(ordering, model)
        return ordering
    if callable(said):
        return _ordering(model, said(fields(model.cls)))
    raise QueryError(
        f"order_by wants a name, '-name', a field, or field.desc, found {type(said).__name__}"
    )


def bound(name: str, count: object) -> int:
    """Give a limit or an offset; raises `InvalidValue` for anything but a count."""
    if isinstance(count, bool) or not isinstance(count, int):
        if isinstance(count, Placeholder):
            # It goes for the number that it will be.
            return cast("int", count.blank(partial(bound, name)))
        raise InvalidValue(f"{name} wants an int, found {type(count).__name__}")
    if not 0 <= count <= LARGEST_INT:
        raise InvalidValue(f"{name} wants 0 or more, and at most {LARGEST_INT}")
    return count


def changes(model: ModelMetadata, values: dict[str, object]) -> list[tuple[FieldMetadata, object]]:
    """Give the new values of a bulk update, as stored forms or expressions."""
    if not values:
        raise QueryError(f"update() of {model.name} wants at least one field, as in update(age=1)")
    changed = []
    for name, value in values.items():
        field = model.by_name.get(name)
        if field is None or field.is_key or field.is_version:
            raise _unchangeable(model, name)
        if isinstance(value, Expression):
            value = _new_value(model, field, value)  # noqa: PLW2901
        else:
            value = field.dump(value)  # noqa: PLW2901
        changed.append((field, value))
    return changed


def _unchangeable(model: ModelMetadata, name: str) -> QueryError:
    what = "the key" if model.field(name).is_key else "the version"
    return QueryError(f"{model.name}.{name} is {what}, which update() does not change")


def _new_value(model: ModelMetadata, field: FieldMetadata, value: Expression[Any]) -> object:
    if not is_own(value, model):
        raise QueryError(
            f"{model.name}.{field.name} cannot be set to {value!r}: update() calculates from the "
            f"fields of {model.name} alone"
        )
    is_same_column = isinstance(value, FieldReference) and value.storage == field.storage
    is_number = not isinstance(value, FieldReference) and value.kind is field.storage.kind
    if not is_same_column and not is_number:
        raise QueryError(
            f"{model.name}.{field.name} is stored as {field.storage} and {value!r} as "
            f"{value.storage or 'JSON'}; only the same type can be assigned"
        )
    return value


_new = tuple.__new__
