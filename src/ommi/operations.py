"""What can be asked of a database, and of a transaction in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast, overload

from ommi.drivers.protocol import Connection, SchemaKeeping
from ommi.errors import ModelError, QueryError, SchemaMismatch, UnsupportedOperation
from ommi.execution.executor import Executor
from ommi.execution.writing import Writer
from ommi.metadata.collection import DEFAULT_COLLECTION, ModelCollection
from ommi.metadata.model import ModelMetadata, metadata_of
from ommi.planning.capabilities import Capability
from ommi.prepared import prepared
from ommi.query.builder import asked
from ommi.query.expressions import Expression
from ommi.query.nodes import Predicate
from ommi.query.statements import Delete, Update
from ommi.results import AsyncResultWrapper, WriteOperation
from ommi.selection import Condition, Finding, Query, Selection

if TYPE_CHECKING:
    from ommi.schema.snapshot import Table

T = TypeVar("T")
P = ParamSpec("P")
S = TypeVar("S", bound=Selection[Any])
Models = ModelCollection | type


class Operations:
    """Questions and writes, through an executor."""

    _executor: Executor
    _writer: Writer

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

    def prepare(self, question: Callable[P, S], /) -> Callable[P, S]:
        """Put a question together once, to ask it with other values many times.

            @db.prepare
            def by_age(lowest: int, most: int = 10) -> Query[User]:
                return db.query(User).where(User.age >= lowest).order_by("name").limit(most)


            await by_age(18).fetch_all()

        `question` is a function that gives a question of this database. It is run here and now,
        with placeholders for its parameters, which can be compared with fields and calculated
        with them, and be a limit or an offset. What comes back has the same parameters, and gives
        the same question. Raises `QueryError`.
        """
        return cast("Callable[P, S]", prepared(question, self._executor))

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
            return WriteOperation(partial(self._writer.add, models[0]), (_add, models))
        return self.add_all(models)

    def add_all(self, models: Iterable[T]) -> AsyncResultWrapper[list[T]]:
        """Add models together or not at all; gives them in order, keys filled in."""
        if not isinstance(models, Iterable):
            raise QueryError(
                f"add_all(models) takes a list, found {type(models).__name__}; add(a, b) takes "
                "models one by one"
            )
        every = list(models)
        return WriteOperation(partial(self._writer.add_all, every), (_add, every))

    def save(self, model: T, /) -> AsyncResultWrapper[T]:
        """Write what changed since the row was read, or every field where that is not known.

        Fails with `NotFound` where there is no such row, and with `ConflictError` where a
        `Version` has moved on.
        """
        return WriteOperation(partial(self._writer.save, model), (_verb, "save", model))

    def delete(self, model: object, /) -> AsyncResultWrapper[None]:
        """Delete the row of a model; fails as `save` does."""
        return WriteOperation(partial(self._writer.delete, model), (_verb, "delete", model))

    def reload(self, model: T, /) -> AsyncResultWrapper[T]:
        """Read the row of a model again; a frozen model is given back as a new instance."""
        return WriteOperation(partial(self._writer.reload, model), (_verb, "reload", model))

    def batch(self, *operations: AsyncResultWrapper[Any]) -> AsyncResultWrapper[list[Any]]:
        """Run writes that were not awaited together or not at all, and nothing in between.

        Takes what `add`, `add_all`, `find(...).update` and `.delete` give; gives the models that
        were added, in order, and `None` for the others. One round trip where the driver can.
        """
        works = [self._work_of(operation) for operation in operations]
        for operation in operations:
            operation.close()
        return WriteOperation(partial(self._run_together, works), "batch")

    async def _run_together(
        self, works: list[tuple[Update | Delete | list[Any], bool]]
    ) -> list[Any]:
        given = await self._writer.run_together([work for work, _ in works])
        return [
            one[0] if is_single else one for one, (_, is_single) in zip(given, works, strict=True)
        ]

    def _work_of(self, operation: object) -> tuple[Update | Delete | list[Any], bool]:
        """Tell what an operation would write, and whether that is one model by itself."""
        run = operation.work if isinstance(operation, WriteOperation) else None
        if isinstance(run, partial):
            if run.func in {self._executor.write, self._writer.add_all}:
                return run.args[0], False
            if run.func == self._writer.add:
                return [run.args[0]], True
        raise QueryError(
            "batch() takes operations of this database that were not awaited: add, add_all, "
            "find(...).update and find(...).delete"
        )

    async def use_models(self, *models: Models) -> None:
        """Create the tables and indexes of a collection that are not there.

        What exists is never altered, dropped or emptied: a table on which a model cannot work is a
        `SchemaMismatch`, and then nothing is created.
        """
        from ommi.schema.snapshot import (
            check_expiry,
            check_index_names,
            check_targets,
            in_dependency_order,
            table_of,
        )

        every = chosen(models or (DEFAULT_COLLECTION,))
        wanted = in_dependency_order(map(table_of, every))
        check_index_names(wanted)
        self._check_expiry(every)
        keeping = self._schema_keeping()
        found = await self._checked_tables(keeping, wanted)
        check_targets(wanted, found)
        check_expiry(wanted, found.values())
        missing = [table for table in wanted if table.name not in found]
        if missing:
            await keeping.create_tables(missing)
            # Somebody else may have made one of them meanwhile, and made it differently.
            await self._checked_tables(keeping, missing)

    async def remove_models(self, *models: Models) -> None:
        """Drop the tables of a collection, with everything in them."""
        from ommi.schema.snapshot import in_dependency_order, table_of

        tables = in_dependency_order(map(table_of, chosen(models or (DEFAULT_COLLECTION,))))
        await self._schema_keeping().drop_tables(tuple(reversed(tables)))

    async def _checked_tables(
        self, keeping: SchemaKeeping, wanted: Iterable[Table]
    ) -> dict[str, Table]:
        from ommi.schema.diff import differences

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
            raise SchemaMismatch(wrong, store=self._executor.driver.name)
        return found

    def _check_expiry(self, models: Iterable[ModelMetadata]) -> None:
        driver = self._executor.driver
        if Capability.EXPIRY in driver.capabilities:
            return
        for model in models:
            if model.expiry is not None:
                raise UnsupportedOperation(
                    f"let rows of {model.name} expire by {model.expiry.name}",
                    driver.name,
                    "leave Expires out, and delete them yourself, or keep them in Redis",
                )

    def _schema_keeping(self) -> SchemaKeeping:
        connection: Connection = self._executor.connection
        if not isinstance(connection, SchemaKeeping):
            raise UnsupportedOperation("make tables", self._executor.driver.name)
        return connection


def chosen(models: Iterable[Models]) -> list[ModelMetadata]:
    """Give the models that are said one by one, or as collections."""
    found: dict[ModelMetadata, None] = {}
    for said in models:
        if isinstance(said, ModelCollection):
            found.update(dict.fromkeys(said))
        else:
            found[metadata_of(_class(said))] = None
    return list(found)


def _class(said: object) -> type:
    if not isinstance(said, type):
        raise ModelError(
            "model classes and collections are wanted, one by one, not an instance",
            model=type(said).__name__,
        )
    return said


def _add(models: Iterable[object]) -> str:
    names = dict.fromkeys(type(model).__name__ for model in models)
    return f"add({', '.join(names)})"


def _verb(verb: str, model: object) -> str:
    return f"{verb}({type(model).__name__})"
