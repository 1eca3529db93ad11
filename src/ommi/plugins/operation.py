"""One thing that is asked of a store, as middleware sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from time import perf_counter
from typing import Protocol

from ommi.metadata.model import ModelMetadata
from ommi.metadata.references import touched_by_deletion
from ommi.planning.plan import Parameters, Plan
from ommi.planning.planner import Planner
from ommi.query.guards import models_in
from ommi.query.statements import Count, Delete, Guarded, Insert, Statement

StreamEnd = Callable[[int, BaseException | None], None]


class Verb(StrEnum):
    """What kind of operation it is."""

    SELECT = "SELECT"
    COUNT = "COUNT"
    STREAM = "STREAM"
    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    BATCH = "BATCH"
    """Several writes that happen together; `parts` says which."""
    EXPLAIN = "EXPLAIN"
    CREATE_TABLES = "CREATE TABLES"
    DROP_TABLES = "DROP TABLES"
    RAW = "RAW"
    """A command in the store's own language: nobody knows what it reads or writes."""


class Transacting(Protocol):
    """A transaction that an operation is in."""

    def on_end(self, callback: Callable[[bool], None]) -> None:
        """Have something called when the transaction ends; `True` says that it may be committed.

        One that is done again after a conflict ends more than once.
        """
        ...


class NewRow:
    """A row that is to be added: its model, and its values by column in their stored forms.

    A column that is not there is filled in later: by the store, or with the key of another row
    that is added with it.
    """

    __slots__ = ("model", "values")

    def __init__(self, model: ModelMetadata, values: Mapping[str, object]) -> None:
        self.model: ModelMetadata = model
        self.values: Mapping[str, object] = values


class Operation:
    """What is to be done, before and while it is done; `but` gives another one.

    Everything that has to be worked out is worked out when it is first asked for.
    """

    clock: Callable[[], float] = staticmethod(perf_counter)

    def __init__(
        self,
        verb: Verb,
        statement: Statement | Guarded | None = None,
        *,
        store: str,
        planner: Planner,
        transaction: Transacting | None = None,
        parts: Sequence[Operation] = (),
        rows: Callable[[], Sequence[NewRow]] = tuple,
        tables: Sequence[str] = (),
    ) -> None:
        self.verb: Verb = verb
        self.statement: Statement | Guarded | None = statement
        self.store: str = store
        self.transaction: Transacting | None = transaction
        self.parts: Sequence[Operation] = parts
        self._planner = planner
        self._rows = rows
        self._tables = tables
        self._ends: list[StreamEnd] = []

    def __repr__(self) -> str:
        return f"<{self.verb.value} of {', '.join(sorted(self.tables)) or 'unknown tables'}>"

    def but(self, statement: Statement | Guarded) -> Operation:
        """Give the same operation with another statement, of a verb that fits it."""
        verb = self.verb
        if verb in {Verb.UPDATE, Verb.DELETE}:
            inner = statement.statement if isinstance(statement, Guarded) else statement
            verb = Verb.DELETE if isinstance(inner, Delete) else Verb.UPDATE
        other = Operation(
            verb,
            statement,
            store=self.store,
            planner=self._planner,
            transaction=self.transaction,
            parts=self.parts,
            rows=self._rows,
        )
        other._ends = self._ends
        return other

    def made_of(self, parts: Sequence[Operation]) -> Operation:
        """Give the same batch with other parts."""
        other = Operation(
            self.verb,
            store=self.store,
            planner=self._planner,
            transaction=self.transaction,
            parts=parts,
            rows=self._rows,
        )
        other._ends = self._ends
        return other

    @property
    def is_stream(self) -> bool:
        """Whether the rows come after the answer."""
        return self.verb is Verb.STREAM

    @property
    def is_read(self) -> bool:
        """Whether it changes nothing."""
        return self.verb in {Verb.SELECT, Verb.COUNT, Verb.STREAM, Verb.EXPLAIN}

    @property
    def model(self) -> ModelMetadata | None:
        """The model that is asked for or written; `None` where there are several, or none."""
        known = self.statement
        inner = known.statement if isinstance(known, Guarded) else known
        if isinstance(inner, Count):
            return inner.select.model
        return None if inner is None else inner.model

    @cached_property
    def _planned(self) -> tuple[Plan, Parameters]:
        if self.statement is None:
            raise TypeError(f"{self!r} has no statement of its own; look at its parts")
        plan, values = self._planner.plan(self.statement)
        return plan, () if isinstance(self.statement, Insert) else plan.bind(values)

    @property
    def plan(self) -> Plan:
        """How the statement is done; `TypeError` where there is not just one."""
        return self._planned[0]

    @property
    def parameters(self) -> Parameters:
        """What the command is bound with: values of users, which may be secrets."""
        return self._planned[1]

    @property
    def text(self) -> str:
        """The command, without values; of a batch all of them, a line each."""
        if self.parts:
            return "\n".join(dict.fromkeys(part.text for part in self.parts))
        if self.statement is None:
            return f"{self.verb.value} {', '.join(sorted(self.tables))}"
        return self._planner.compiler.text(self.plan.command)

    @cached_property
    def new_rows(self) -> Sequence[NewRow]:
        """The rows that are to be added, those of a batch included; asked before they are."""
        return [*self._rows(), *(row for part in self.parts for row in part.new_rows)]

    @cached_property
    def tables(self) -> frozenset[str]:
        """The tables that it reads or writes, those of joined rows included."""
        if self.parts:
            return frozenset(table for part in self.parts for table in part.tables)
        if self.statement is None:
            return frozenset(self._tables)
        return frozenset(model.table for model in models_in(self.plan.statement))

    @cached_property
    def written(self) -> frozenset[str]:
        """The tables that it writes, those included that a deletion cascades to."""
        if self.parts:
            return frozenset(table for part in self.parts for table in part.written)
        if self.is_read:
            return frozenset()
        if self.statement is None:
            return frozenset(self._tables)
        statement = self.plan.statement
        if isinstance(statement, Delete):
            return frozenset(model.table for model in touched_by_deletion(statement.model))
        return frozenset((self.plan.model.table,))

    def when_over(self, end: StreamEnd) -> None:
        """Have something called when a stream is over: the rows given, and what went wrong."""
        self._ends.append(end)

    def over(self, count: int, error: BaseException | None) -> None:
        """Tell all who wait for it that the stream is over."""
        ends, self._ends[:] = list(self._ends), []
        for end in ends:
            end(count, error)
