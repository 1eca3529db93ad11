from __future__ import annotations

import dataclasses
import typing
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Annotated, Any

import pytest

from ommi.database import Ommi
from ommi.decorator import ommi_model, register
from ommi.errors import QueryError
from ommi.metadata.annotations import Auto, Key, ReferenceTo
from ommi.metadata.collection import ModelCollection
from ommi.query.fields import fields
from ommi.relations import Lazy, LazyList  # noqa: F401 - the annotations name them
from ommi.testing.compliance.fixtures import tables
from ommi.testing.compliance.models import new_collection

Make = Callable[[str, dict[str, object]], type]
Decorate = Callable[[type, ModelCollection], type]


@dataclass(frozen=True)
class Pair:
    """Two models: an author has books, a book an author."""

    author: Any
    book: Any
    collection: ModelCollection


def dataclass_of(**options: bool) -> Make:
    return lambda name, body: dataclasses.dataclass(**options)(type(name, (), body))


def attrs_of(decorator: str) -> Make:
    def make(name: str, body: dict[str, object]) -> type:
        made: type = getattr(pytest.importorskip("attrs"), decorator)(type(name, (), body))
        return made

    return make


def derived_from(module: str, base: str, **options: bool) -> Make:
    def make(name: str, body: dict[str, object]) -> type:
        parent: Any = getattr(pytest.importorskip(module), base)
        made: type = type(parent)(name, (parent,), body, **options)
        return made

    return make


KINDS: dict[str, Make] = {
    "dataclass": dataclass_of(),
    "dataclass with slots": dataclass_of(slots=True),
    "frozen dataclass": dataclass_of(frozen=True),
    "frozen dataclass with slots": dataclass_of(frozen=True, slots=True),
    "attrs": attrs_of("define"),
    "frozen attrs": attrs_of("frozen"),
    "pydantic": derived_from("pydantic", "BaseModel"),
    "frozen pydantic": derived_from("pydantic", "BaseModel", frozen=True),
    "msgspec": derived_from("msgspec", "Struct"),
    "frozen msgspec": derived_from("msgspec", "Struct", frozen=True),
    "plain class": lambda name, body: type(name, (), body),
}
WITHOUT_PLACE = ("dataclass with slots", "frozen dataclass with slots", "attrs", "frozen attrs")
MSGSPEC = ("msgspec", "frozen msgspec")


def class_variable(text: str) -> object:
    """Make `ClassVar["..."]` of models that checkers cannot see."""
    return vars(typing)["ClassVar"][text]


def pair(make: Make, decorate: Decorate) -> Pair:
    """Make both models of new classes of one kind."""
    collection = new_collection()
    books = class_variable("LazyList[Book]")
    cls = make("Author", _body("Author", {"books": books}))
    author: Any = decorate(cls, collection)
    writer = class_variable("Lazy[Author]")
    refers = Annotated[int, ReferenceTo(author)]
    body = _body("Book", {"author_id": refers, "author": writer})
    return Pair(author, decorate(make("Book", {**body, "author_id": 0}), collection), collection)


def _body(name: str, annotations: dict[str, object]) -> dict[str, object]:
    identity = Annotated[int | None, Key | Auto]
    every = {"name": str, **annotations, "id": identity}
    return {"__module__": __name__, "__qualname__": name, "__annotations__": every, "id": None}


@pytest.mark.anyio
class TestRelationsOfDecoratedKinds:
    @pytest.fixture(params=sorted(KINDS))
    def kind(self, request: pytest.FixtureRequest) -> Pair:
        return pair(KINDS[request.param], lambda cls, c: ommi_model(collection=c)(cls))

    @pytest.fixture
    async def db(self, database: Ommi, kind: Pair) -> AsyncGenerator[Ommi, None]:
        async with tables(database, kind.collection):
            yield database

    async def test_relations_are_loaded_when_awaited(self, db: Ommi, kind: Pair) -> None:
        author = await db.add(kind.author(name="a")).or_raise()
        books = await db.add_all(
            kind.book(name=f"b{n}", author_id=author.id) for n in range(3)
        ).or_raise()

        found = await db.query(kind.book).order_by("id").fetch_all()

        assert found == books
        assert [await book.author for book in found] == [author] * 3
        assert await (await db.query(kind.author).one()).books == books
        assert "not loaded" not in repr(found[0].author)

    async def test_relations_are_loaded_on_request(self, db: Ommi, kind: Pair) -> None:
        author = await db.add(kind.author(name="a")).or_raise()
        await db.add(kind.book(name="b", author_id=author.id)).or_raise()

        [found] = await db.query(kind.author).load(kind.author.books.author).fetch_all()

        assert found.books.is_loaded
        [book] = await found.books
        assert book.author.is_loaded
        assert await book.author == author

    async def test_a_page_has_what_it_refers_to(self, db: Ommi, kind: Pair) -> None:
        authors = await db.add_all(kind.author(name=name) for name in "ab").or_raise()
        books = await db.add_all(
            kind.book(name=f"b{n}", author_id=authors[n % 2].id) for n in range(4)
        ).or_raise()

        asked = db.query(kind.book).order_by("id").limit(3).load(kind.book.author)
        found = await asked.fetch_all()

        assert found == books[:3]
        assert [book.author.is_loaded for book in found] == [True] * 3
        assert [await book.author for book in found] == [*authors, authors[0]]
        assert await (await found[0].author).books == [books[0], books[2]]

    async def test_a_graph_is_added(self, db: Ommi, kind: Pair) -> None:
        author, book = kind.author(name="a"), kind.book(name="b")
        author.books.add(book)

        added = await db.add(author).or_raise()

        assert added.books.is_loaded
        [stored] = await added.books
        assert stored.author_id == added.id
        assert await db.query(kind.book).fetch_all() == [stored]

    async def test_relations_show_nowhere(self, db: Ommi, kind: Pair) -> None:
        await db.add(kind.author(name="a")).or_raise()
        [found] = await db.query(kind.author).load(kind.author.books).fetch_all()
        await found.books

        assert found == kind.author(name="a", id=found.id)
        assert repr(found) == repr(kind.author(name="a", id=found.id))
        assert "books" not in getattr(found, "__dict__", {})


@pytest.mark.anyio
class TestRelationsOfRegisteredKinds:
    @pytest.fixture(params=sorted(KINDS.keys() - {"plain class"}))
    def name(self, request: pytest.FixtureRequest) -> str:
        name: str = request.param
        return name

    @pytest.fixture
    def kind(self, name: str) -> Pair:
        return pair(KINDS[name], lambda cls, c: register(cls, collection=c))

    @pytest.fixture
    async def db(self, database: Ommi, kind: Pair) -> AsyncGenerator[Ommi, None]:
        async with tables(database, kind.collection):
            yield database

    async def test_relations_are_loaded_where_there_is_a_place(
        self, db: Ommi, kind: Pair, name: str
    ) -> None:
        author = await db.add(kind.author(name="a")).or_raise()
        book = await db.add(kind.book(name="b", author_id=author.id)).or_raise()
        if name in (*WITHOUT_PLACE, *MSGSPEC):
            with pytest.raises(QueryError, match="has no place for relations"):
                db.query(kind.book).load("author")
            return

        [found] = await db.query(kind.book).load(fields(kind.book).author).fetch_all()

        assert found == book
        assert repr(found) == repr(book)
        assert await found.author == author
        assert await found.author.refresh() == author

    async def test_the_class_has_no_handles(self, db: Ommi, kind: Pair) -> None:
        del db
        assert "books" not in dir(kind.author)
