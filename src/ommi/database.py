"""Ommi: what users hold of a database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable
from functools import partial
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, cast, overload

from ommi.drivers.protocol import Connection, Driver, Poolable, SchemaKeeping
from ommi.drivers.registry import driver_for, pool_options
from ommi.errors import ConfigurationError, QueryError, SchemaMismatch, UnsupportedOperation
from ommi.execution.executor import NOT_OPEN, Executor
from ommi.execution.graph import GraphWriter
from ommi.execution.pool import ConnectionPool, PoolableConnection, PooledConnection
from ommi.execution.relations import RelationLoader
from ommi.metadata.collection import DEFAULT_COLLECTION, ModelCollection
from ommi.metadata.model import ModelMetadata, metadata_of
from ommi.metadata.relations import Relation
from ommi.query.builder import asked
from ommi.query.expressions import Expression
from ommi.query.nodes import Predicate
from ommi.relations import RelationFacts, database_closed, database_opened
from ommi.results import AsyncResultWrapper, WriteOperation
from ommi.schema.diff import differences
from ommi.schema.snapshot import (
    Table,
    check_index_names,
    check_targets,
    in_dependency_order,
    table_of,
)
from ommi.selection import Condition, Finding, Query

T = TypeVar("T")
Models = ModelCollection | type


class Ommi:
    """A database: opened once, asked from anywhere.

    `location` is a URL (`sqlite:///app.db`, `sqlite:////absolute.db`, `sqlite://` and nothing for
    one in memory, `memory://`) or a driver; `options` are the driver's. With `lazy="raise"`, for
    tests, a relation that is awaited and not loaded is a `LazyLoadRefused`.

        async with Ommi("sqlite:///app.db") as db:
            await db.use_models()
            ...
    """

    def __init__(
        self,
        location: str | Driver = "sqlite://",
        *,
        lazy: Literal["load", "raise"] = "load",
        **options: object,
    ) -> None:
        if isinstance(location, str):
            self._driver, self._pool_options = driver_for(location, options)
        else:
            self._driver, self._pool_options = location, pool_options(options)
        self._executor = Executor(self._driver, self)
        self._writer = GraphWriter(self._executor)
        self._loader = RelationLoader(self._executor, refuses=_refuses(lazy))

    def __repr__(self) -> str:
        state = "open" if self.is_open else "not open"
        return f"<Ommi on {self._driver!r}, {state}>"

    @property
    def driver(self) -> Driver:
        """The driver of the store."""
        return self._driver

    @property
    def is_open(self) -> bool:
        """Whether the database can be asked."""
        return self._executor.connection is not NOT_OPEN

    async def open(self) -> Self:
        """Open a connection and try it; raises `ConnectionFailed`."""
        if not self.is_open:
            self._executor.connection = await self._connected()
            database_opened(self)
        return self

    async def _connected(self) -> Connection:
        """Open the first connection; one that serves a caller at a time gets a pool in front."""
        connect = cast("Callable[[], Awaitable[PoolableConnection]]", self._driver.connect)
        # Made first: what it refuses must not leave a connection behind.
        pool = ConnectionPool(**self._pool_options, connect=connect, store=self._driver.name)
        first = await self._driver.connect()
        if not isinstance(first, Poolable):
            return first
        pool.adopt(cast("PoolableConnection", first))
        return PooledConnection(pool)

    async def close(self) -> None:
        """Close every connection; what still waits fails with `ConnectionLost`."""
        connection, self._executor.connection = self._executor.connection, NOT_OPEN
        database_closed(self)
        if connection is not NOT_OPEN:
            await connection.close()

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    @overload
    def find(self, model: type[T], /, *conditions: Condition[T]) -> Finding[T]: ...
    @overload
    def find(self, *conditions: Predicate | Expression[Any] | bool) -> Finding[Any]: ...
    def find(self, *conditions: Any) -> Finding[Any]:
        """Ask for rows; what comes back gives operations, which answer with Results.

        The model is the first argument if that is one, else the only one that the conditions name.
        """
        return Finding(self._executor, asked(conditions))

    def query(self, model: type[T], /, *conditions: Condition[T]) -> Query[T]:
        """Ask for rows; what comes back gives plain values and raises."""
        return Query(self._executor, asked((model, *conditions)))

    @overload
    def add(self, model: T, /) -> AsyncResultWrapper[T]: ...
    @overload
    def add(self, first: T, second: T, /, *more: T) -> AsyncResultWrapper[list[T]]: ...
    def add(self, *models: Any) -> AsyncResultWrapper[Any]:
        """Add one model, or several together or not at all; gives it or them, keys filled in.

        A frozen model is given back as a new instance.
        """
        if not models:
            raise QueryError("add() wants at least one model")
        for model in models:
            if isinstance(model, list | tuple | set):
                raise QueryError("add(a, b) takes models one by one; add_all(models) takes a list")
            if isinstance(model, type):
                raise QueryError(
                    f"add() wants an instance, found the class {model.__name__} itself"
                )
        if len(models) == 1:
            return WriteOperation(partial(self._writer.add, models[0]), partial(_add, models))
        return self.add_all(models)

    def add_all(self, models: Iterable[T]) -> AsyncResultWrapper[list[T]]:
        """Add models together or not at all; gives them in order, keys filled in."""
        every = list(models)
        return WriteOperation(partial(self._writer.add_all, every), partial(_add, every))

    def save(self, model: T, /) -> AsyncResultWrapper[T]:
        """Write what changed since the row was read, or every field where that is not known.

        Fails with `NotFound` where there is no such row, and with `ConflictError` where a
        `Version` has moved on.
        """
        return WriteOperation(partial(self._writer.save, model), partial(_verb, "save", model))

    def delete(self, model: object, /) -> AsyncResultWrapper[None]:
        """Delete the row of a model; fails as `save` does."""
        return WriteOperation(partial(self._writer.delete, model), partial(_verb, "delete", model))

    def reload(self, model: T, /) -> AsyncResultWrapper[T]:
        """Read the row of a model again; a frozen model is given back as a new instance."""
        return WriteOperation(partial(self._writer.reload, model), partial(_verb, "reload", model))

    def load_related(
        self, instance: object, relation: RelationFacts, /, *, again: bool = False
    ) -> Coroutine[Any, Any, object]:
        """Load a relation of an instance and of those read with it: what handles ask for."""
        return self._loader.load(instance, cast("Relation", relation), again=again)

    async def use_models(self, *models: Models) -> None:
        """Create the tables and indexes of a collection that are not there.

        What exists is never altered, dropped or emptied: a table on which a model cannot work is a
        `SchemaMismatch`, and then nothing is created.
        """
        wanted = in_dependency_order(table_of(model) for model in _chosen(models))
        check_index_names(wanted)
        keeping = self._schema_keeping()
        found = await self._checked_tables(keeping, wanted)
        check_targets(wanted, found)
        missing = [table for table in wanted if table.name not in found]
        if missing:
            await keeping.create_tables(missing)
            # Somebody else may have made one of them meanwhile, and made it differently.
            await self._checked_tables(keeping, missing)

    async def remove_models(self, *models: Models) -> None:
        """Drop the tables of a collection, with everything in them."""
        tables = in_dependency_order(table_of(model) for model in _chosen(models))
        await self._schema_keeping().drop_tables(tuple(reversed(tables)))

    async def _checked_tables(
        self, keeping: SchemaKeeping, wanted: Iterable[Table]
    ) -> dict[str, Table]:
        names = {table.name: table for table in wanted}
        referred = {f.table for table in names.values() for f in table.foreign_keys}
        found = {table.name: table for table in await keeping.tables({*names, *referred})}
        wrong = [
            text
            for name, table in names.items()
            if name in found
            for text in differences(table, found[name])
        ]
        if wrong:
            raise SchemaMismatch(wrong, store=self._driver.name)
        return found

    def _schema_keeping(self) -> SchemaKeeping:
        connection: Connection = self._executor.connection
        if not isinstance(connection, SchemaKeeping):
            raise UnsupportedOperation("make tables", self._driver.name)
        return connection


def _chosen(models: tuple[Models, ...]) -> list[ModelMetadata]:
    chosen: dict[ModelMetadata, None] = {}
    for said in models or (DEFAULT_COLLECTION,):
        if isinstance(said, ModelCollection):
            chosen.update(dict.fromkeys(said))
        else:
            chosen[metadata_of(said)] = None
    return list(chosen)


def _refuses(lazy: str) -> bool:
    if lazy not in ("load", "raise"):
        raise ConfigurationError(f"lazy={lazy!r} is neither 'load' nor 'raise'")
    return lazy == "raise"


def _add(models: Iterable[object]) -> str:
    names = dict.fromkeys(type(model).__name__ for model in models)
    return f"add({', '.join(names)})"


def _verb(verb: str, model: object) -> str:
    return f"{verb}({type(model).__name__})"
