"""What a middleware is: a layer around one operation, or a rewriter of statements."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from ommi.caching.rows import Kept
from ommi.metadata.model import ModelMetadata
from ommi.planning.plan import Rows
from ommi.plugins.operation import Operation
from ommi.query.nodes import Predicate
from ommi.query.statements import Delete, Update


@dataclass(slots=True, eq=False)
class Answer:
    """What came of an operation.

    `rows` are those of a selection, as the store gave them, and may be answered with again; the
    models are made of them afterwards. `count` is the number of rows that were read, matched or
    added. `value` is what else there is: the models that were added, or a store's plan. Of a
    stream the answer comes before its rows do.
    """

    operation: Operation
    rows: Rows | None = None
    count: int = 0
    value: Any = None

    @property
    def is_kept(self) -> bool:
        """Whether the rows were in a cache, and the store was not asked."""
        return isinstance(self.rows, Kept)


Proceed = Callable[[Operation], Awaitable[Answer]]


@runtime_checkable
class Middleware(Protocol):
    """A layer around every operation of a database; those listed first stand outside.

    It sees the operation, hands it on with `proceed`, and gives back what came of it. It may hand
    on another one (`operation.but(statement)`), answer by itself (an `Answer` that it kept, of an
    operation with the same `plan` and `parameters`), or raise to refuse. What it raises is
    the operation's failure; no connection is held while it runs. It must not swallow a
    `CancelledError`, nor proceed twice with a write. It may also be `Watching` and `Opening`.
    """

    async def __call__(self, operation: Operation, proceed: Proceed, /) -> Answer:
        """Do, or have done, what the operation says."""
        ...


@runtime_checkable
class Policy(Protocol):
    """Says which rows there are, for all who ask, however they ask.

    Policies come before every middleware, and apply to what relations load, to rows that a
    question joins, to counts, streams, updates, deletes, batches and transactions alike.
    """

    @property
    def checks_writes(self) -> bool:
        """Whether a row that is added, or given new values, must meet its guard too."""
        ...

    def guard(self, model: ModelMetadata, /) -> Predicate | None:
        """Give the condition on its own fields that a row of a model must meet, here and now.

        `None` where there is none; raises `PolicyViolation` where rows of it must not be asked
        for. Asked for every model that a statement sees.
        """
        ...

    def rewritten(self, statement: Update | Delete, /) -> Update | Delete:
        """Give what is done instead of a write; usually the same."""
        ...


@dataclass(frozen=True, slots=True)
class Opened:
    """A database that was opened: its store, what its pool tells of itself, and its layers."""

    store: str
    pool: Callable[[], object] | None
    middleware: Sequence[object]


@runtime_checkable
class Opening(Protocol):
    """A middleware or policy that wants to know the database that it serves."""

    def opened(self, database: Opened, /) -> None:
        """Take note that the database is open."""
        ...


class Observer:
    """A middleware that only looks: override `begun` and `ended`.

    `ended` is called once for each operation, for a stream when its last row was given, or when
    nobody wanted more.
    """

    def begun(self, operation: Operation) -> object:
        """Take note of a beginning; what is given is handed to `ended`."""

    def ended(self, operation: Operation, report: Report, begun: Any) -> None:  # noqa: ANN401
        """Take note of an end."""

    async def __call__(self, operation: Operation, proceed: Proceed, /) -> Answer:
        """Hand the operation on, and watch."""
        begun = self.begun(operation)
        clock = operation.clock
        start = clock()
        try:
            answer = await proceed(operation)
        except BaseException as error:
            self.ended(operation, Report(clock() - start, 0, error), begun)
            raise
        if not operation.is_stream:
            self.ended(operation, Report(clock() - start, answer.count, None), begun)
            return answer

        def over(count: int, error: BaseException | None) -> None:
            self.ended(operation, Report(clock() - start, count, error), begun)

        operation.when_over(over)
        return answer


@dataclass(frozen=True, slots=True)
class Report:
    """How an operation went: seconds, rows read, matched or added, and what went wrong."""

    seconds: float
    count: int
    error: BaseException | None
