"""What policies make of an operation before anything else sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ommi.caching.rows import typed
from ommi.errors import PolicyViolation, QueryError
from ommi.metadata.model import ModelMetadata
from ommi.planning.cache import RecentlyUsed
from ommi.plugins.operation import Operation, Verb
from ommi.plugins.protocol import Policy
from ommi.query.builder import when
from ommi.query.evaluate import condition
from ommi.query.expressions import Expression
from ommi.query.guards import columns_in, models_in
from ommi.query.negation import normalised
from ommi.query.nodes import Logical, Predicate
from ommi.query.operators import LogicalOperator
from ommi.query.reach import is_own
from ommi.query.statements import Count, Delete, Guarded, Insert, Select, Statement, Update
from ommi.query.transform import Lifter

MOST_SHAPES = 1024


class Policing:
    """The policies of one database."""

    def __init__(self, policies: Sequence[Policy]) -> None:
        self._policies = policies
        self._models: RecentlyUsed[frozenset[ModelMetadata]] = RecentlyUsed(MOST_SHAPES)

    def allowed(self, operation: Operation) -> Operation:
        """Give an operation as the policies let it be; raises `PolicyViolation`."""
        if not self._policies:
            return operation
        if operation.verb is Verb.RAW:
            raise PolicyViolation(
                type(self._policies[0]).__name__,
                "a command in the store's own language may see rows that it hides",
            )
        for row in operation.new_rows:
            self._check(row.model, row.values, is_new=True)
        return self._restricted(operation)

    def _restricted(self, operation: Operation) -> Operation:
        if operation.parts:
            return operation.made_of([self._restricted(part) for part in operation.parts])
        statement = operation.statement
        if statement is None or isinstance(statement, Insert):
            return operation
        return operation.but(self.statement(statement))

    def statement(self, statement: Statement | Guarded) -> Statement | Guarded:
        """Give a statement as the policies let it be; raises `PolicyViolation`."""
        if isinstance(statement, Guarded | Insert) or not self._policies:
            return statement
        guards = [
            (model, guard)
            for model in self._seen(statement)
            if (guard := self._guard(model)) is not None
        ]
        if isinstance(statement, Update):
            self._check_changes(statement)
        if isinstance(statement, Update | Delete):
            for policy in self._policies:
                statement = policy.rewritten(statement)
        return Guarded(statement, tuple(guards)) if guards else statement

    def view_of(self, models: Sequence[ModelMetadata]) -> object:
        """Give what is the same, and only then, for all who see the same rows of some models."""
        if not self._policies:
            return None
        view: list[object] = []
        for model in models:
            guard, values = self._guard(model), list[object]()
            view.append(None if guard is None else (guard.shape(values), typed(values)))
        return tuple(view)

    def _seen(self, statement: Select | Count | Update | Delete) -> Sequence[ModelMetadata]:
        shape = statement.shape([])
        models = self._models.get(shape)
        if models is None:
            models = models_in(Lifter().statement(statement))
            self._models.put(shape, models)
        # In an order of their own, so that the same question has the same shape.
        return sorted(models, key=lambda model: (model.table, model.name))

    def _guard(self, model: ModelMetadata) -> Predicate | None:
        known = [each for _, each in self._guards(model)]
        return when(*known) if known else None

    def _guards(self, model: ModelMetadata) -> Iterator[tuple[Policy, Predicate]]:
        for policy in self._policies:
            guard = policy.guard(model)
            if guard is None:
                continue
            guard = when(guard)
            if not is_own(guard, model):
                raise QueryError(
                    f"the {type(policy).__name__} of {model.name} names more than the fields of "
                    f"{model.name} itself: {guard!r}"
                )
            yield policy, guard

    def _check_changes(self, update: Update) -> None:
        changed = {
            field.column: value
            for field, value in update.changes
            if not isinstance(value, Expression)
        }
        calculated = {field.column for field, value in update.changes} - changed.keys()
        self._check(update.model, changed, is_new=False, calculated=calculated)

    def _check(
        self,
        model: ModelMetadata,
        values: Mapping[str, object],
        *,
        is_new: bool,
        calculated: set[str] | frozenset[str] = frozenset(),
    ) -> None:
        """Raise where a row with these values would be, or could be, outside of a guard.

        What an update does not change is known to be inside.
        """
        for policy, guard in self._guards(model):
            if not policy.checks_writes:
                continue
            for part in _conjuncts(guard):
                columns = columns_in(part)
                if not is_new and not columns & (values.keys() | calculated):
                    continue
                if not columns <= values.keys():
                    reason = "whether the row would be inside is known only when it is written"
                elif condition(normalised(part))(values, ()):
                    continue
                else:
                    reason = f"the {'new row' if is_new else 'update'} would be outside"
                raise PolicyViolation(
                    type(policy).__name__, f"{reason}: {part!r}", model=model.name
                )


def _conjuncts(guard: Predicate) -> Iterator[Predicate]:
    if isinstance(guard, Logical) and guard.operator is LogicalOperator.AND:
        for part in guard.flattened():
            yield when(part)
    else:
        yield guard
