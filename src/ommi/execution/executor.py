"""The one funnel: plan, connection, rows. Everything that asks a store goes through here."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import aclosing
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast

from ommi.drivers.protocol import Connection, Driver, Explaining
from ommi.errors import (
    ConnectionFailed,
    ForeignKeyViolation,
    TransactionClosed,
    UnsupportedOperation,
)
from ommi.execution.building import runs_user_code
from ommi.execution.hydration import hydrator
from ommi.execution.transaction.scope import SCOPE
from ommi.metadata.model import ModelMetadata
from ommi.metadata.references import keeping_from_deletion
from ommi.metadata.relations import Relation
from ommi.planning.plan import Hydrator, Parameters, Plan, Rows, unchanged
from ommi.planning.planner import MOST_PLANS, Planner
from ommi.query.statements import ORDER, PLAIN, Count, Delete, Select, Statement, Update
from ommi.query.transform import with_key
from ommi.relations import Batch, Database
from ommi.values import frozen

if TYPE_CHECKING:
    from ommi.execution.transaction.block import Block

MOST_TIMES = 64
"""For how many times of `cached(ttl)` what gives their answers is held ready."""
CHUNK = 1000
"""How many rows of a stream are built at a time."""


@frozen
class Explanation:
    """How a store would run a question: the command, and the store's own plan, a line each."""

    command: str
    plan: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join((self.command, *(f"  {line}" for line in self.plan)))


class KeptView(Connection, Protocol):
    """A connection that gives kept answers."""

    def key_of(self, note: object, parameters: Parameters) -> object:
        """Give the key of a question that is always the same; `None` where there is none.

        `note` is that of its plan.
        """
        ...

    def at_once(self, key: object) -> Rows | None:
        """Give the rows that are kept under a key, without waiting; `None` without any."""
        ...


class Keeping(Protocol):
    """A connection that keeps answers."""

    def kept(self, ttl: float | None) -> KeptView:
        """Give a connection that gives kept answers, and keeps others for `ttl` seconds."""
        ...


Finish = Callable[[list[Any]], Awaitable[None]]


class Executor:
    """Runs statements of one database: on `home`, or in the transaction that they stand in."""

    __slots__ = ("_kept", "database", "driver", "home", "planner")
    is_watched: ClassVar[bool] = False
    """Whether anybody looks at the statements before they are run."""
    is_anywhere: ClassVar[bool] = True
    """Whether its statements go home wherever no transaction has begun."""
    home: Connection
    database: Database
    driver: Driver
    planner: Planner
    _kept: dict[float | None, KeptExecutor]

    def __init__(self, driver: Driver, database: Database) -> None:
        self.driver = driver
        self.database = database
        self.home = NOT_OPEN
        self.planner = Planner(driver.compiler, hydrator, runs_user_code)
        self._kept = {}

    @property
    def connection(self) -> Connection:
        """What statements here and now go to."""
        scope = SCOPE.get()
        if scope is None:
            return self.home
        # Nearly always it is the innermost block's; asking that would be one call more.
        block = scope.block if scope.owner is self else scope.block_of(self)
        return block or self.home

    def place_of(self, relation: Relation) -> object:
        """Give what those have in common, here and now, who may load a relation together."""
        del relation  # Who holds a connection must not wait for somebody who waits for one.
        return self.connection

    def bound(self, block: Block | None = None) -> BoundExecutor:
        """Give the executor of one transaction, whose block may come later."""
        return BoundExecutor(self, block)

    @property
    def can_join(self) -> bool:
        """Whether rows of related models may come beside those asked for."""
        return self.planner.can_join

    def cached(self, ttl: float | None) -> Executor:
        """Give one whose questions are answered by what is kept, where anything is."""
        known = self._kept.get(ttl)
        if known is None:
            if len(self._kept) >= MOST_TIMES:
                self._kept.clear()
            known = self._kept[ttl] = self._keeping_for(ttl)
        return known

    def _keeping_for(self, ttl: float | None) -> KeptExecutor:
        return KeptExecutor(self, ttl)

    def around(self, connection: Connection) -> Connection:
        """Give what is to be the connection of the database, once it is open."""
        return connection

    # These hand on what the connection gives to await, since a coroutine of their own would only
    # be one more on the way.

    def select(self, select: Select, any_of: int | None = None) -> Coroutine[Any, Any, list[Any]]:
        """Give the models that a selection means, when awaited.

        Of one without a limit it may be `any_of` them, in no order.
        """
        planner = self.planner
        plan, values = (
            planner.plan(select) if any_of is None else planner.plan_of_any(select, any_of)
        )
        hydrate, batch = plan.hydrate, Batch(self.database)

        def build(rows: Rows) -> list[object]:
            return hydrate(rows, batch)  # type: ignore[misc]  # a selection has one

        # Code of the user runs in the driver's thread, but in the caller's context.
        context = copy_context() if plan.runs_user_code else None
        bind = plan.bind
        parameters = values if bind is unchanged else bind(values)
        at_home = self.is_anywhere and SCOPE.get() is None
        connection = self.home if at_home else self.connection
        return connection.fetch(plan.command, parameters, build, context)

    def count(self, select: Select) -> Coroutine[Any, Any, int]:
        """Give the number of rows of a selection, when awaited."""
        counted = counting(select) if select.order else Count(select)
        plan, values = self.planner.plan(counted)
        return self.connection.fetch(plan.command, plan.bind(values), only_number)

    def write(self, statement: Update | Delete) -> Coroutine[Any, Any, int]:
        """Run a write, when awaited, and give the number of rows that it matched."""
        plan, values = self.planner.plan(statement)
        bind = plan.bind
        parameters = values if bind is unchanged else bind(values)
        at_home = self.is_anywhere and SCOPE.get() is None
        connection = self.home if at_home else self.connection
        running = connection.execute(plan.command, parameters)
        return running if type(statement) is Update else deleted(statement.model, running)

    def stream(self, select: Select, finish: Finish | None = None) -> AsyncGenerator[Any, None]:
        """Give the models that a selection means one by one, a chunk of them in memory.

        `finish` is awaited with each chunk before its first model is given.
        """
        plan, values = self.planner.plan(without_ties(select))
        return self.streamed(plan, plan.bind(values), finish)

    async def streamed(
        self, plan: Plan, parameters: Parameters, finish: Finish | None
    ) -> AsyncGenerator[Any, None]:
        """Give the models of a planned selection one by one."""
        hydrate = cast("Hydrator", plan.hydrate)
        context = copy_context() if plan.runs_user_code else None
        chunks = self.connection.stream(
            plan.command,
            parameters,
            CHUNK,
            lambda rows: hydrate(rows, Batch(self.database)),
            context,
        )
        async with aclosing(cast("AsyncGenerator[list[object], None]", chunks)):
            async for models in chunks:
                if finish is not None:
                    await finish(models)
                for model in models:
                    yield model

    def text(self, statement: Statement) -> str:
        """Show the command of a statement, without its values; nothing is sent."""
        plan, _ = self.planner.plan(statement)
        return self.driver.compiler.text(plan.command)

    async def explain(self, statement: Statement) -> Explanation:
        """Ask the store how it would run a statement."""
        plan, values = self.planner.plan(statement)
        connection = self.connection
        if not isinstance(connection, Explaining):
            raise UnsupportedOperation("tell its plan", self.driver.name)
        lines = await connection.explain(plan.command, plan.bind(values))
        return Explanation(self.driver.compiler.text(plan.command), tuple(lines))


class BoundExecutor(Executor):
    """Runs statements of a database in one transaction, wherever they stand."""

    __slots__ = ("block",)
    is_anywhere = False
    block: Block | None

    def __init__(self, executor: Executor, block: Block | None = None) -> None:
        self.driver: Driver = executor.driver
        self.database: Database = executor.database
        self.home: Connection = executor.home
        self.planner: Planner = executor.planner
        self.block = block

    @property
    def connection(self) -> Block:
        """The transaction's block; raises `TransactionClosed` where there is none yet."""
        if self.block is None:
            raise TransactionClosed(
                "the transaction has not begun; write `async with` it, or await begin()",
                store=self.driver.name,
            )
        return self.block

    def cached(self, ttl: float | None) -> Executor:
        """Give itself: nothing that is kept is given in a transaction."""
        del ttl
        return self


Of = Callable[[Select], Statement]
"""What is asked of a selection."""

Asked = tuple[Callable[[Rows, object], list[Any]], object, object]
"""What builds the models of a question, the key of its answer, and that of its plan."""


class KeptExecutor(Executor):
    """Answers questions by what is kept, where anything is.

    In a transaction nothing is: that sees what it wrote, and its own snapshot.
    """

    __slots__ = ("_of", "_plans", "_seen", "_ttl", "_view")
    is_anywhere = False

    def __init__(self, executor: Executor, ttl: float | None) -> None:
        self.driver: Driver = executor.driver
        self.database: Database = executor.database
        self.planner: Planner = executor.planner
        self._of = executor
        self._ttl = ttl
        self._plans: dict[object, Plan] = {}
        self._seen: Connection | None = None
        self._view: KeptView | None = None

    @property
    def connection(self) -> Connection:
        """What keeps answers, around the connection that there is."""
        return self.view or self._of.connection

    def cached(self, ttl: float | None) -> Executor:
        """Give one that keeps for another time."""
        return self._of.cached(ttl)

    @property
    def view(self) -> KeptView | None:
        """What keeps answers here and now; `None` where none are kept."""
        of = self._of
        connection = of.home if SCOPE.get() is None else of.connection
        return self._view if connection is self._seen else self._view_of(connection)

    def asked(self, of: Of, select: Select, view: KeptView) -> Asked | None:
        """Make a question of a selection ready to be answered at once; `None` where none can be.

        The values of one without order and bounds are those of the question, whichever it is.
        """
        values: list[object] = []
        shape = select.shape(values)
        asked = (of, shape) if len(shape) == PLAIN else None
        plan = None if asked is None else self._plans.get(asked)
        if plan is None:
            plan, values = self.planner.plan(of(select))
            if asked is not None:
                if len(self._plans) >= MOST_PLANS:
                    self._plans.clear()
                self._plans[asked] = plan
        bind = plan.bind
        key = view.key_of(plan.note, values if bind is unchanged else bind(values))
        return None if key is None else (plan.hydrate, key, asked)  # type: ignore[return-value]

    def missed(self, asked: Asked) -> None:
        """Take note that nothing was kept: the planner may have made the plan anew by now."""
        self._plans.pop(asked[2], None)

    def _view_of(self, connection: Connection) -> KeptView | None:
        # Checking a protocol costs more than an answer that is kept.
        kept = getattr(connection, "kept", None)
        self._view = None if kept is None else cast("Keeping", connection).kept(self._ttl)
        self._seen = connection
        return self._view


def counting(select: Select) -> Count:
    """Give the statement that counts the rows of a selection, whose order says nothing."""
    if select.order and select.limit is None and select.offset is None:
        select = select.but(ORDER, ())
    return Count(select)


def without_ties(select: Select) -> Select:
    """Give a selection whose rows come in one order only."""
    return select.but(ORDER, with_key(select.order, select.model))


async def deleted(model: ModelMetadata, running: Coroutine[Any, Any, int]) -> int:
    """Await a deletion; what refers to a row that cannot be deleted is told by its models."""
    try:
        return await running
    except ForeignKeyViolation as error:
        # Not every store says who refers to the row; the models do.
        names = tuple(each.name for each in keeping_from_deletion(model))
        raise _still_referred_to(model, names, error) from error.__cause__


def _still_referred_to(
    model: ModelMetadata, names: tuple[str, ...], error: ForeignKeyViolation
) -> ForeignKeyViolation:
    told = ForeignKeyViolation(
        f"{model.name}: the row is still referred to by {' or '.join(names) or 'another'}",
        model=model.name,
        fields=error.fields,
        store=error.store,
        statement=error.statement,
    )
    told.referring = names
    return told


def only_number(rows: Rows) -> int:
    number: int = rows[0][0]  # type: ignore[assignment]  # of a count
    return number


class _NotOpen:
    """Stands for the connection of a database that is not open."""

    def __getattr__(self, name: str) -> object:
        raise ConnectionFailed(
            "the database is not open; write `async with Ommi(url) as db:`, or await db.open() "
            "before the first use"
        )


NOT_OPEN = cast("Connection", _NotOpen())
