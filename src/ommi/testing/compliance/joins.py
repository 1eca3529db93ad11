from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest

from ommi.database import Ommi
from ommi.decorator import ommi_model, register
from ommi.errors import QueryError
from ommi.query.fields import fields, row
from ommi.testing.compliance.fixtures import tables
from ommi.testing.compliance.related_models import (
    RELATED,
    Comment,
    Desk,
    Folder,
    Follow,
    Hall,
    Post,
    PostTag,
    Profile,
    Review,
    Tag,
    User,
)
from ommi.testing.compliance.relation_kinds import KINDS, Pair, pair

# Python's type of a relation says nothing of what its attribute of the class can be asked.
POST: Any = fields(Post)
USER: Any = fields(User)
COMMENT: Any = fields(Comment)
REVIEW: Any = fields(Review)
DESK: Any = fields(Desk)
HALL: Any = fields(Hall)
FOLDER: Any = fields(Folder)
TAG: Any = fields(Tag)

QUESTIONS: dict[str, tuple[type[Any], Callable[[], Any], str]] = {
    "another model": (Post, lambda: USER.name == "ann", "p1 p2"),
    "its rest": (Post, lambda: ~(USER.name == "ann"), "p3"),
    "another value of it": (Post, lambda: USER.name != "ann", "p3"),
    "many rows": (User, lambda: POST.title == "p1", "ann"),
    "one of many for both": (User, lambda: (POST.title == "p1") & (POST.title == "p2"), ""),
    "any row for each": (
        User,
        lambda: USER.posts.any(POST.title == "p1") & USER.posts.any(POST.title == "p2"),
        "ann",
    ),
    "several on": (User, lambda: TAG.name == "t2", "ann"),
    "behind an association": (Post, lambda: TAG.name == "t1", "p1 p3"),
    "none at all": (Tag, lambda: ~(POST.title > ""), "t3"),
    "either": (User, lambda: (POST.title == "p3") | (USER.name == "cy"), "bob cy"),
    "a field by reference": (Post, lambda: POST.author.name == "bob", "p3"),
    "a field of no row": (Comment, lambda: COMMENT.author.name == None, "c2"),  # noqa: E711
    "another value than a field of no row": (
        Comment,
        lambda: COMMENT.author.name != "bob",
        "c2 c3",
    ),
    "two fields by one reference": (
        Comment,
        lambda: (COMMENT.author.name < "c") & (COMMENT.author.id > 0),
        "c1 c3",
    ),
    "no row": (Comment, lambda: COMMENT.author == None, "c2"),  # noqa: E711
    "a row": (Comment, COMMENT.author.is_not_null, "c1 c3"),
    "several references": (Comment, lambda: COMMENT.post.author.name == "bob", "c3"),
    "fields of two rows": (Comment, lambda: COMMENT.author.id == COMMENT.post.author_id, ""),
    "a row that has the key": (User, lambda: USER.profile.about == "x", "ann"),
    "any": (User, USER.posts.any, "ann bob"),
    "none": (User, USER.posts.none, "cy"),
    "all": (User, lambda: USER.posts.all(POST.title > "p1"), "bob cy"),
    "a lambda": (User, lambda: USER.posts.any(lambda post: post.title == "p3"), "bob"),
    "in each other": (
        User,
        lambda: USER.posts.any(lambda post: post.comments.any(lambda c: c.text == "c3")),
        "bob",
    ),
    "the row around": (
        User,
        lambda: USER.followed.any(lambda other: other.name > USER.name),
        "ann bob",
    ),
    "through an association": (Post, lambda: POST.tags.any(TAG.name == "t2"), "p1"),
    "the same model through it": (User, lambda: USER.followers.any(USER.name == "ann"), "bob cy"),
    "how many": (User, lambda: USER.posts.count() > 1, "ann"),
    "how many of them": (User, lambda: USER.posts.count(POST.title > "p1") == 1, "ann bob"),
    "how many through an association": (Post, lambda: POST.tags.count() == 0, "p2"),
    "a calculation": (User, lambda: USER.posts.count() * 2 == USER.id + 3, "ann"),
    "a composite reference": (Desk, lambda: DESK.hall.floor == 2, "2"),
    "half of a composite reference": (Desk, lambda: DESK.hall == None, "3"),  # noqa: E711
    "the other side of it": (Hall, lambda: HALL.desks.any(DESK.id == 1), "h1"),
    "its own table": (Folder, lambda: FOLDER.parent.parent.name == "root", "leaf"),
    "its own table by a lambda": (
        Folder,
        lambda: FOLDER.folders.any(lambda inner: inner.name < FOLDER.name),
        "twig",
    ),
    "the chosen of two references": (Review, lambda: REVIEW.writer.name == "bob", "1"),
}
ORDERS: dict[str, tuple[type[Any], Callable[[], tuple[Any, ...]], str]] = {
    "a field by reference": (Post, lambda: (POST.author.name.desc, "title"), "p3 p1 p2"),
    "another model": (Post, lambda: (USER.name.desc, POST.title.desc), "p3 p2 p1"),
    "no row first": (Comment, lambda: (COMMENT.author.name,), "c2 c3 c1"),
    "no row last": (Comment, lambda: (COMMENT.author.name.asc.nulls_last(),), "c3 c1 c2"),
    "a count": (User, lambda: (USER.posts.count().desc,), "ann bob cy"),
    "a lambda": (Post, lambda: (lambda post: row(post.author).name, "-title"), "p2 p1 p3"),
}


def named(found: Any) -> str:
    """Call a row by its first text, else by its key."""
    return str(
        next(
            (getattr(found, n) for n in ("name", "title", "text") if hasattr(found, n)),
            getattr(found, "id", None),
        )
    )


@pytest.mark.anyio
class TestJoins:
    @pytest.fixture
    async def db(self, database: Ommi) -> AsyncGenerator[Ommi, None]:
        async with tables(database, RELATED):
            for rows in (
                [User("ann", 1), User("bob", 2), User("cy", 3)],
                [Post("p1", 1, 1), Post("p2", 1, 2), Post("p3", 2, 3)],
                [Comment("c1", 1, 2, 1), Comment("c2", 1, None, 2), Comment("c3", 3, 1, 3)],
                [Tag("t1"), Tag("t2"), Tag("t3")],
                [PostTag(1, "t1"), PostTag(1, "t2"), PostTag(3, "t1")],
                [Follow(1, 2), Follow(1, 3), Follow(2, 3), Follow(3, 1)],
                [Profile("x", 1)],
                [Review(1, 2, 1), Review(2, None, 2)],
                [Hall("h1", 1), Hall("h2", 2)],
                [Desk("h1", 1, id=1), Desk("h2", 2, id=2), Desk("h1", None, id=3)],
                [Folder("root", None, 1), Folder("twig", 1, 2), Folder("leaf", 2, 3)],
            ):
                await database.add_all(rows).or_raise()
            yield database

    @pytest.mark.parametrize("name", QUESTIONS)
    async def test_a_question_finds_each_row_once_and_its_rest_the_others(
        self, db: Ommi, name: str
    ) -> None:
        model, asks, expected = QUESTIONS[name]

        found = [named(each) for each in await db.query(model, asks()).fetch_all()]
        rest = [named(each) for each in await db.query(model, ~asks()).fetch_all()]
        every = [named(each) for each in await db.query(model).fetch_all()]

        assert " ".join(sorted(found)) == expected
        assert sorted(found + rest) == sorted(every)
        assert await db.query(model, asks()).count() == len(found)

    @pytest.mark.parametrize("name", ORDERS)
    async def test_rows_are_ordered_by_what_they_refer_to(self, db: Ommi, name: str) -> None:
        model, order, expected = ORDERS[name]
        query = db.query(model).order_by(*order())

        assert " ".join([named(each) for each in await query.fetch_all()]) == expected
        assert " ".join([named(each) async for each in query]) == expected
        pages = [await query.limit(1).offset(n).first() for n in range(3)]
        assert " ".join(map(named, pages)) == expected

    async def test_an_update_reaches_the_rows_that_a_question_finds(self, db: Ommi) -> None:
        found = db.query(Post, USER.name == "ann", POST.title == "p1")

        assert await found.update(title="new") == 1
        assert await db.query(Post, POST.author.name == "ann").update(author_id=3) == 2
        assert {p.title: p.author_id for p in await db.query(Post).fetch_all()} == {
            "new": 3,
            "p2": 3,
            "p3": 2,
        }

    async def test_a_write_may_ask_about_its_own_table(self, db: Ommi) -> None:
        followed = db.query(User, USER.followers.any(lambda other: other.name == "ann"))

        assert await followed.update(name="new") == 2
        assert await db.query(User, USER.name == "new").count() == 2

    async def test_a_delete_reaches_rows_of_a_composite_key(self, db: Ommi) -> None:
        gone = await db.query(PostTag, POST.title == "p1").delete()

        assert gone == 2
        assert [tag.post_id for tag in await db.query(PostTag).fetch_all()] == [3]

    async def test_two_references_want_a_choice(self, db: Ommi) -> None:
        with pytest.raises(QueryError, match=r"Review\.reader\.field == value"):
            db.query(Review, USER.name == "ann")


class KindSuite:
    """What holds however the classes became models; needs a fixture `kind`."""

    @pytest.fixture
    async def db(self, database: Ommi, kind: Pair) -> AsyncGenerator[Ommi, None]:
        async with tables(database, kind.collection):
            yield database

    async def test_rows_are_found_by_what_is_related_to_them(self, db: Ommi, kind: Pair) -> None:
        ann, bob = [await db.add(kind.author(name=name)).or_raise() for name in ("ann", "bob")]
        await db.add(
            kind.book(name="b", author_id=bob.id), kind.book(name="a", author_id=ann.id)
        ).or_raise()
        author, book = fields(kind.author), fields(kind.book)

        assert [b.name for b in await db.query(kind.book, author.name == "ann").fetch_all()] == [
            "a"
        ]
        assert [a.name for a in await db.query(kind.author, book.name == "b").fetch_all()] == [
            "bob"
        ]
        ordered = await db.query(kind.book).order_by(author.name.desc).fetch_all()
        assert [each.name for each in ordered] == ["b", "a"]
        assert await db.query(kind.book, author.name == "ann").delete() == 1


@pytest.mark.anyio
class TestJoinsOfDecoratedKinds(KindSuite):
    @pytest.fixture(params=sorted(KINDS))
    def kind(self, request: pytest.FixtureRequest) -> Pair:
        return pair(KINDS[request.param], lambda cls, c: ommi_model(collection=c)(cls))

    async def test_relations_are_asked_on_the_class(self, db: Ommi, kind: Pair) -> None:
        ann = await db.add(kind.author(name="ann")).or_raise()
        await db.add(kind.author(name="bob")).or_raise()
        await db.add(kind.book(name="b", author_id=ann.id)).or_raise()

        assert await db.query(kind.book, kind.book.author.name == "ann").count() == 1
        assert await db.query(kind.book, lambda book: row(book.author).name == "bob").count() == 0
        busy = await db.query(kind.author, kind.author.books.any()).fetch_all()
        idle = await db.query(kind.author, lambda author: author.books.count() == 0).fetch_all()
        assert ([a.name for a in busy], [a.name for a in idle]) == (["ann"], ["bob"])


@pytest.mark.anyio
class TestJoinsOfRegisteredKinds(KindSuite):
    @pytest.fixture(params=sorted(KINDS.keys() - {"plain class"}))
    def kind(self, request: pytest.FixtureRequest) -> Pair:
        return pair(KINDS[request.param], lambda cls, c: register(cls, collection=c))
