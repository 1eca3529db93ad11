"""The funnel with layers around it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any, cast

from ommi.drivers.protocol import Connection, Driver, Outcome
from ommi.execution.executor import (
    BoundExecutor,
    Executor,
    Explanation,
    Finish,
    KeptExecutor,
    counting,
    deleted,
    without_ties,
)
from ommi.execution.pool import PooledConnection
from ommi.execution.transaction.block import Block
from ommi.execution.watched.chain import Chain
from ommi.execution.watched.connection import WatchedConnection, WatchedUnit
from ommi.metadata.relations import Relation
from ommi.planning.plan import Hydrator, Rows
from ommi.plugins.operation import Operation, Transacting, Verb
from ommi.plugins.protocol import Answer, Opened
from ommi.query.statements import Delete, Select, Statement, Update
from ommi.relations import Batch, Database


class WatchedExecutor(Executor):
    """Does what an executor does, each time through the layers."""

    __slots__ = ()
    is_watched = True
    chain: Chain

    def bound(self, block: Block | None = None) -> WatchedBoundExecutor:
        """Give the executor of one transaction, whose block may come later."""
        return WatchedBoundExecutor(self, block)

    def _keeping_for(self, ttl: float | None) -> WatchedKeptExecutor:
        return WatchedKeptExecutor(self, ttl)

    @property
    def can_join(self) -> bool:
        """Whether rows of related models may come beside others: layers see each model's own."""
        return False

    def place_of(self, relation: Relation) -> object:
        """Give what those have in common who may load together: the rows that they may see too."""
        between = relation.association
        models = (relation.target,) if between is None else (between.model, relation.target)
        return self.connection, self.chain.policies.view_of(models)

    def around(self, connection: Connection) -> Connection:
        """Give the connection of the database, with layers around what they see of it."""
        pool = connection.pool if isinstance(connection, PooledConnection) else None
        stats = None if pool is None else lambda: pool.stats
        self.chain.opened(Opened(self.driver.name, stats, self.chain.layers))
        return cast("Connection", WatchedConnection(connection, self))

    def operation(self, verb: Verb, statement: Statement | None = None, **more: Any) -> Operation:  # noqa: ANN401
        """Make the operation for a statement here and now."""
        return Operation(
            verb,
            statement,
            store=self.driver.name,
            planner=self.planner,
            transaction=transaction_of(self.connection),
            **more,
        )

    def select(self, select: Select, any_of: int | None = None) -> Coroutine[Any, Any, list[Any]]:
        return self._selected(select if any_of is None else select.any_of_them(any_of))

    async def _selected(self, select: Select) -> list[Any]:
        answer = await self.chain.run(self.operation(Verb.SELECT, select), self._read)
        hydrate = cast("Hydrator", answer.operation.plan.hydrate)
        return hydrate(answer.rows or (), Batch(self.database))

    async def _read(self, operation: Operation) -> Answer:
        command, parameters = operation.plan.command, operation.parameters
        rows: Rows = await self.connection.fetch(command, parameters, _as_they_are)
        return Answer(operation, rows, len(rows))

    def count(self, select: Select) -> Coroutine[Any, Any, int]:
        return self._counted(select)

    async def _counted(self, select: Select) -> int:
        answer = await self.chain.run(self.operation(Verb.COUNT, counting(select)), self._read)
        number: int = (answer.rows or ((0,),))[0][0]  # type: ignore[assignment]  # of a count
        return number

    def write(self, statement: Update | Delete) -> Coroutine[Any, Any, int]:
        return self._written(statement)

    async def _written(self, statement: Update | Delete) -> int:
        verb = Verb.UPDATE if isinstance(statement, Update) else Verb.DELETE
        return (await self.chain.run(self.operation(verb, statement), self._write)).count

    async def _write(self, operation: Operation) -> Answer:
        plan = operation.plan
        running = self.connection.execute(plan.command, operation.parameters)
        is_deletion = isinstance(plan.statement, Delete)
        return Answer(
            operation, count=await (deleted(plan.model, running) if is_deletion else running)
        )

    def stream(self, select: Select, finish: Finish | None = None) -> AsyncGenerator[Any, None]:
        return self._streaming(without_ties(select), finish)

    async def _streaming(self, select: Select, finish: Finish | None) -> AsyncGenerator[Any, None]:
        operation = self.operation(Verb.STREAM, select)
        count, error = 0, None
        try:
            begun = (await self.chain.run(operation, _begun)).operation
            models = self.streamed(begun.plan, begun.parameters, finish)
            async with aclosing(models):
                async for model in models:
                    count += 1
                    yield model
        except Exception as caught:
            error = caught
            raise
        finally:
            operation.over(count, error)

    def text(self, statement: Statement) -> str:
        return super().text(cast("Statement", self.chain.policies.statement(statement)))

    async def explain(self, statement: Statement) -> Explanation:
        answer = await self.chain.run(self.operation(Verb.EXPLAIN, statement), self._explain)
        explanation: Explanation = answer.value
        return explanation

    async def _explain(self, operation: Operation) -> Answer:
        statement = cast("Statement", operation.statement)
        return Answer(operation, value=await super().explain(statement))


class WatchedHomeExecutor(WatchedExecutor):
    """Runs statements on the database, or in the transaction that they stand in."""

    __slots__ = ("chain",)

    def __init__(self, driver: Driver, database: Database, chain: Chain) -> None:
        super().__init__(driver, database)
        self.chain: Chain = chain


class WatchedBoundExecutor(WatchedExecutor, BoundExecutor):
    """Runs statements of a database in one transaction, wherever they stand."""

    __slots__ = ("chain",)

    def __init__(self, executor: WatchedExecutor, block: Block | None = None) -> None:
        BoundExecutor.__init__(self, executor, block)
        self.chain: Chain = executor.chain


class WatchedKeptExecutor(WatchedExecutor, KeptExecutor):
    """Answers questions by what is kept, where anything is."""

    __slots__ = ("chain",)

    def __init__(self, executor: WatchedExecutor, ttl: float | None) -> None:
        KeptExecutor.__init__(self, executor, ttl)
        self.chain: Chain = executor.chain


def transaction_of(connection: Connection) -> Transacting | None:
    """Give the transaction that a connection belongs to, if that still goes on."""
    if not isinstance(connection, Block):
        return None
    unit = connection.core.unit
    return unit if isinstance(unit, WatchedUnit) and unit.outcome is Outcome.OPEN else None


async def _begun(operation: Operation) -> Answer:
    return Answer(operation)


def _as_they_are(rows: Rows) -> Rows:
    return rows
