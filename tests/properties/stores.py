"""The same rows in each store, and what a question gives there."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from ommi import ModelCollection, Ommi, Query
from properties.pages import Page
from properties.questions import Question
from properties.things import COLLECTION, Thing
from services.databases import MYSQL, POSTGRESQL, REDIS, database_on, prefix_on
from services.mariadb import MySQL
from services.private import started

T = TypeVar("T")


class Stores:
    """Open databases with the same rows, and the loop that they live in."""

    def __init__(self, runner: asyncio.Runner, databases: dict[str, Ommi]) -> None:
        self._loop = runner.get_loop()
        self.databases = databases
        self.rows: list[Thing] = []

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(coroutine)

    def load(self, rows: Sequence[Thing]) -> None:
        """Replace all rows in all stores."""
        self.rows = list(rows)
        for database in self.databases.values():
            self.run(_reload(database, rows))


async def _reload(database: Ommi, rows: Sequence[Thing]) -> None:
    await database.query(Thing).delete()
    await database.add_all(rows).or_raise()


@contextmanager
def opened(
    folder: Path, collection: ModelCollection = COLLECTION, **others: str
) -> Iterator[Stores]:
    """Open one store of each kind, and others by their URLs, with the tables of a collection."""
    with ExitStack() as servers, asyncio.Runner() as runner:
        locations = {
            "memory": "memory://",
            "SQLite in memory": "sqlite://",
            "SQLite file": f"sqlite:///{folder / 'things.db'}",
            "PostgreSQL": servers.enter_context(database_on(POSTGRESQL)),
            "MariaDB": servers.enter_context(database_on(MYSQL)),
            "Redis": servers.enter_context(prefix_on(REDIS)),
            **others,
        }
        if mysql := started(MySQL):
            locations["MySQL"] = servers.enter_context(database_on(mysql.url))
        databases = {name: Ommi(location) for name, location in locations.items()}
        stores = Stores(runner, databases)
        for database in databases.values():
            runner.run(database.open())
            runner.run(database.use_models(collection))
        try:
            yield stores
        finally:
            for database in databases.values():
                runner.run(database.close())


async def keys(query: Query[Thing]) -> list[str]:
    """Give the keys of a query's rows in order, without building the rows."""
    executor, select = query._executor, query._select
    plan, values = executor.planner.plan(select)
    return await executor.connection.fetch(
        plan.command, plan.bind(values), lambda rows: [row[0] for row in rows]
    )


def asked(
    database: Ommi, question: Question | None = None, page: Page | None = None
) -> Query[Thing]:
    """Give the query for a question, and for a page of its answer."""
    query = database.query(Thing)
    if question is not None:
        query = query.where(question.predicate())
    if page is None:
        return query
    query = query.order_by(*(key.ordering() for key in page.keys))
    query = query if page.limit is None else query.limit(page.limit)
    query = query if page.offset is None else query.offset(page.offset)
    return query.order_by("key") if page.limit is page.offset is None else query


async def answer(database: Ommi, question: Question | None, page: Page) -> tuple[list[str], int]:
    """Give the keys of a page of the answer, and their number as the store counts it."""
    query = asked(database, question, page)
    return await keys(query), await query.count()
