"""An onion around every operation: it sees, rewrites, answers and refuses; none costs nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Annotated, Any

import pytest

from ommi import (
    Auto,
    ConfigurationError,
    ConflictError,
    Key,
    LazyList,
    Middleware,
    ModelCollection,
    Ommi,
    PluginManager,
    QueryError,
    ReferenceTo,
    TransactionOptions,
    ommi_model,
)
from ommi.execution.executor import Executor
from ommi.execution.graph import GraphWriter
from ommi.plugins.operation import Operation, Verb
from ommi.plugins.protocol import Answer, Observer, Proceed, Report

pytestmark = pytest.mark.anyio

models = ModelCollection()


@ommi_model(collection=models)
@dataclass
class Author:
    name: str
    id: Annotated[int | None, Key | Auto] = None
    books: "LazyList[Book]" = None  # type: ignore[assignment] # noqa: UP037


@ommi_model(collection=models)
@dataclass
class Book:
    title: str
    author_id: Annotated[int | None, ReferenceTo(Author.id, on_delete="cascade")] = None
    id: Annotated[int | None, Key | Auto] = None


class Diary:
    """Notes everything that it sees."""

    def __init__(self) -> None:
        self.seen: list[Operation] = []

    async def __call__(self, operation: Operation, proceed: Proceed) -> Answer:
        self.seen.append(operation)
        assert operation.new_rows is not None  # Looked at later, they were added already.
        return await proceed(operation)

    def told(self) -> list[str]:
        told = [f"{each.verb.value} {','.join(sorted(each.tables))}" for each in self.seen]
        self.seen.clear()
        return told


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture(params=["memory://", "sqlite://"])
async def db(request: pytest.FixtureRequest, diary: Diary) -> AsyncGenerator[Ommi, None]:
    async with Ommi(request.param, middleware=[diary]) as opened:
        await opened.use_models(models)
        assert diary.told() == ["CREATE TABLES Author,Book"]
        yield opened


def test_without_middleware_nothing_stands_in_the_way() -> None:
    db = Ommi("memory://")

    assert type(db._executor) is Executor
    assert type(db._writer) is GraphWriter


async def test_every_way_to_the_store_is_seen(db: Ommi, diary: Diary) -> None:
    ann = await db.add(Author("Ann")).or_raise()
    await db.add_all([Book("a", ann.id), Book("b", ann.id)]).or_raise()
    assert diary.told() == ["INSERT Author", "INSERT Book"]

    ann.name = "Anne"
    await db.save(ann).or_raise()
    await db.reload(ann).or_raise()
    assert [book.title for book in await ann.books] == ["a", "b"]
    assert diary.told() == ["UPDATE Author", "SELECT Author", "SELECT Book"]

    assert len(await db.query(Author).load(Author.books).fetch_all()) == 1
    assert await db.find(Book.title == "a").count.or_raise() == 1
    assert await db.find(Book).exists.or_raise()
    assert [book.title async for book in db.find(Book).order_by("title")] == ["a", "b"]
    assert diary.told() == [
        "SELECT Author",
        "SELECT Book",
        "COUNT Book",
        "COUNT Book",
        "STREAM Book",
    ]

    await db.find(Author, Author.books.any(Book.title == "a")).explain().or_raise()  # type: ignore[attr-defined]
    await db.find(Book.title == "a").update(title="c").or_raise()
    await db.batch(db.add(Book("d")), db.find(Book.title == "c").delete()).or_raise()
    await db.delete(ann).or_raise()
    await db.remove_models(models)
    assert diary.told() == [
        "EXPLAIN Author,Book",
        "UPDATE Book",
        "BATCH Book",
        "DELETE Author",
        "DROP TABLES Author,Book",
    ]


async def test_a_graph_is_seen_as_one_batch(db: Ommi, diary: Diary) -> None:
    ann = Author("Ann")
    ann.books.add(Book("a"), Book("b"))

    await db.add(ann).or_raise()

    [operation] = diary.seen
    assert operation.verb is Verb.BATCH
    assert operation.written == {"Author", "Book"}
    assert [(row.model.name, row.values) for row in operation.new_rows] == [
        ("Author", {"name": "Ann"}),
        ("Book", {"title": "a"}),
        ("Book", {"title": "b"}),
    ]


async def test_a_deletion_is_heard_of_for_all_tables_that_it_touches(
    db: Ommi, diary: Diary
) -> None:
    await db.find(Author).delete().or_raise()

    assert diary.seen[0].written == {"Author", "Book"}


async def test_an_operation_knows_plan_parameters_and_text(diary: Diary) -> None:
    async with Ommi("sqlite://", middleware=[diary]) as db:
        await db.use_models(models)
        await db.find(Author.name == "Ann").fetch.all()

    operation = diary.seen[-1]
    assert operation.model is not None
    assert (operation.model.name, operation.store) == ("Author", "SQLite")
    assert list(operation.parameters) == ["Ann"]
    assert "Author" in operation.text
    assert "Ann" not in operation.text
    assert operation.is_read
    assert operation.written == frozenset()


async def test_layers_stand_in_the_order_that_they_are_listed_in() -> None:
    told: list[str] = []

    def layer(name: str) -> Middleware:
        async def through(operation: Operation, proceed: Proceed) -> Answer:
            told.append(f"{name} in")
            answer = await proceed(operation)
            told.append(f"{name} out")
            return answer

        return through

    manager = PluginManager()
    manager.register_middleware(layer("a"))
    async with Ommi("memory://", plugins=manager, middleware=[layer("b")]) as db:
        await db.use_models(models)
        told.clear()
        await db.find(Author).count.or_raise()

    assert told == ["a in", "b in", "b out", "a out"]


async def test_a_middleware_may_ask_something_else() -> None:
    async def only_ann(operation: Operation, proceed: Proceed) -> Answer:
        if operation.verb is Verb.SELECT:
            asked = operation.statement._replace(where=Author.name == "Ann")  # type: ignore[union-attr]
            operation = operation.but(asked)
        return await proceed(operation)

    async with Ommi("memory://", middleware=[only_ann]) as db:
        await db.use_models(models)
        await db.add(Author("Ann"), Author("Bob")).or_raise()

        assert [each.name for each in await db.query(Author).fetch_all()] == ["Ann"]


class Kept:
    """A cache as small as can be: answers reads without a statement, forgets what is written."""

    def __init__(self) -> None:
        self.known: dict[object, Answer] = {}
        self.forgotten: list[tuple[frozenset[str], bool]] = []

    async def __call__(self, operation: Operation, proceed: Proceed) -> Answer:
        if operation.verb in {Verb.SELECT, Verb.COUNT} and operation.transaction is None:
            key = id(operation.plan.command), tuple(operation.parameters)
            if key not in self.known:
                self.known[key] = await proceed(operation)
            return self.known[key]
        answer = await proceed(operation)
        if operation.written:
            if operation.transaction is None:
                self.forget(operation.written, may_be_committed=True)
            else:
                operation.transaction.on_end(
                    lambda done, tables=operation.written: self.forget(
                        tables, may_be_committed=done
                    )
                )
        return answer

    def forget(self, tables: frozenset[str], *, may_be_committed: bool) -> None:
        self.known.clear()
        self.forgotten.append((tables, may_be_committed))


@pytest.mark.parametrize("url", ["memory://", "sqlite://"])
async def test_a_read_is_answered_without_a_statement(url: str) -> None:
    kept, below = Kept(), Diary()
    async with Ommi(url, middleware=[kept, below]) as db:
        await db.use_models(models)
        await db.add(Author("Ann")).or_raise()
        below.told()

        first = await db.find(Author.name == "Ann").fetch.all()
        second = await db.find(Author.name == "Ann").fetch.all()
        counts = [await db.find(Author).count.or_raise() for _ in range(2)]

    assert first == second
    assert first[0] is not second[0]
    assert counts == [1, 1]
    assert below.told() == ["SELECT Author", "COUNT Author"]


@pytest.mark.parametrize("url", ["memory://", "sqlite://"])
async def test_writes_in_a_transaction_are_heard_of_and_how_it_ended(url: str) -> None:
    kept = Kept()
    async with Ommi(url, middleware=[kept]) as db:
        await db.use_models(models)
        kept.forgotten.clear()
        async with db.transaction():
            await db.add(Author("Ann"))
            async with db.transaction() as inner:
                await inner.add(Book("a"))
            assert kept.forgotten == []
        with pytest.raises(ZeroDivisionError):
            async with db.transaction() as tx:
                await tx.add(Author("Bob"))
                1 / 0

    assert kept.forgotten == [
        (frozenset({"Author"}), True),
        (frozenset({"Book"}), True),
        (frozenset({"Author"}), False),
    ]


async def test_a_transaction_that_is_done_again_tells_how_it_ends_at_last() -> None:
    kept = Kept()
    async with Ommi("memory://", middleware=[kept]) as db:
        await db.use_models(models)
        kept.forgotten.clear()
        options = TransactionOptions(retry_on_conflict=True, max_retries=1)
        async with db.transaction(options) as tx:
            await db.add(Author("Ann"))
            core = tx._begun().core
            await core._done_again(ConflictError("somebody was there first"))
        assert await db.find(Author).count.or_raise() == 1

    assert [done for _, done in kept.forgotten] == [False, True]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_middleware_that_raises_loses_no_connection(when: str) -> None:
    async def broken(operation: Operation, proceed: Proceed) -> Answer:
        if operation.verb in {Verb.CREATE_TABLES, Verb.COUNT}:
            return await proceed(operation)
        if when == "after":
            await proceed(operation)
        raise RuntimeError("a layer that breaks")

    async with Ommi("sqlite://", middleware=[broken]) as db:
        await db.use_models(models)
        for _ in range(20):
            assert isinstance(await db.find(Author).fetch().error, RuntimeError)
            assert isinstance(await db.add(Author("a")).error, RuntimeError)
            with pytest.raises(RuntimeError):
                async for _row in db.find(Author):
                    pass
            with pytest.raises(RuntimeError):
                async with db.transaction():
                    await db.add(Author("b"))

        added = 20 if when == "after" else 0
        assert await db.find(Author).count.or_raise() == added


async def test_a_middleware_that_refuses_in_a_transaction_does_not_spoil_it() -> None:
    async def no_bobs(operation: Operation, proceed: Proceed) -> Answer:
        if any(row.values.get("name") == "Bob" for row in operation.new_rows):
            raise QueryError("no Bobs here")
        return await proceed(operation)

    async with Ommi("sqlite://", middleware=[no_bobs]) as db:
        await db.use_models(models)
        async with db.transaction():
            await db.add(Author("Ann"))
            assert isinstance(await db.add(Author("Bob")).error, QueryError)
        assert [each.name for each in await db.query(Author).fetch_all()] == ["Ann"]


async def test_what_gives_no_answer_is_named() -> None:
    async def silent(operation: Operation, proceed: Proceed) -> Any:
        await proceed(operation)

    async with Ommi("memory://", middleware=[silent]) as db:
        with pytest.raises(ConfigurationError, match="silent gave NoneType for <CREATE TABLES"):
            await db.use_models(models)


@pytest.mark.parametrize(
    ("middleware", "told"),
    [
        ([object()], "takes middleware and policies, found object"),
        ([Diary], "takes middleware and policies, found the class Diary itself"),
        (["nonsense"], "no middleware is called 'nonsense'; there are metrics, query_log"),
    ],
)
def test_what_is_no_middleware_is_refused(middleware: Any, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        Ommi("memory://", middleware=middleware)


async def test_an_observer_hears_of_a_stream_when_it_is_over() -> None:
    class Watch(Observer):
        def __init__(self) -> None:
            self.told: list[tuple[str, int, str | None]] = []

        def ended(self, operation: Operation, report: Report, begun: object) -> None:
            assert report.seconds >= 0
            error = None if report.error is None else type(report.error).__name__
            self.told.append((operation.verb.value, report.count, error))

    watch = Watch()
    async with Ommi("sqlite://", middleware=[watch]) as db:
        await db.use_models(models)
        await db.add_all(Author(f"a{number}") for number in range(5)).or_raise()
        watch.told.clear()

        stream = db.find(Author).stream()
        async for _author in stream:
            assert watch.told == []
            break
        await stream.aclose()
        async for _author in db.find(Author):
            pass
        await db.remove_models(models)
        assert await db.find(Author).fetch().error is not None

    assert watch.told[:3] == [("STREAM", 1, None), ("STREAM", 5, None), ("DROP TABLES", 2, None)]
    assert watch.told[3][:2] == ("SELECT", 0)
    assert watch.told[3][2] is not None
