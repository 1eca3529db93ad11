from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest

from ommi.database import Ommi
from ommi.errors import (
    LazyLoadRefused,
    QueryError,
)
from ommi.query.fields import fields, row
from ommi.testing.compliance.counted import CountedSuite, filled, key, sent
from ommi.testing.compliance.fixtures import tables
from ommi.testing.compliance.related_models import (
    RELATED,
    Comment,
    Post,
    User,
)


@pytest.mark.anyio
class TestEagerRelations(CountedSuite):
    async def test_two_levels_are_three_statements(self, db: Ommi) -> None:
        await filled(db, users=5, posts=50)
        before = sent(db)

        users = await db.query(User).load(User.posts, Post.comments).fetch_all()
        counts = [len(await post.comments) for user in users for post in await user.posts]

        assert counts == [2] * 50
        assert sent(db) - before == 3

    @pytest.mark.parametrize("said", ["posts.comments", lambda user: user.posts.comments])
    async def test_a_path_loads_what_is_on_the_way(self, db: Ommi, said: Any) -> None:
        await filled(db)
        users = await db.query(User).load(said).fetch_all()
        before = sent(db)

        counts = [len(await post.comments) for user in users for post in await user.posts]

        assert counts == [2] * 6
        assert sent(db) == before

    async def test_every_way_of_asking_loads(self, db: Ommi) -> None:
        await filled(db)
        post = Post.author
        asked = db.find(Post).order_by("id").load(post)

        found = [
            (await asked.fetch.all())[0],
            await asked.first.or_raise(),
            await db.query(Post).load(post).order_by("id").fetch_one(),
            await db.query(Post).load(post).where(lambda p: p.title == "p0").one(),
            await db.find(Post, lambda p: p.title == "p0").load(post).one.or_raise(),
            await anext(db.query(Post).order_by("id").load(post).stream()),
        ]

        for each in found:
            assert each is not None
            assert each.author.is_loaded
            assert (await each.author).name == "u0"

    async def test_what_is_loaded_knows_whom_it_belongs_to(self, db: Ommi) -> None:
        await filled(db, users=3, posts=12)
        part = User.posts.order_by("-id").limit(2)
        every = await db.query(User).load(User.posts).fetch_all()
        some = await db.query(User).load(part).fetch_all()
        before = sent(db)

        for user in (*every, *some):
            assert await user.posts
            assert all([await post.author is user for post in await user.posts])
        assert sent(db) == before

    async def test_part_of_a_relation_can_be_loaded(self, db: Ommi) -> None:
        await filled(db)
        some = User.posts.where(lambda p: p.title != "p0").order_by("-title")

        users = await db.query(User).order_by("id").load(some).fetch_all()

        assert [[post.title for post in await user.posts] for user in users] == [
            ["p3"],
            ["p4", "p1"],
            ["p5", "p2"],
        ]

    async def test_a_limit_counts_for_each_owner(self, db: Ommi) -> None:
        await filled(db, users=3, posts=12)
        before = sent(db)

        users = (
            await db.query(User)
            .order_by("id")
            .load(User.posts.order_by("-id").offset(1).limit(2))
            .fetch_all()
        )
        titles = [[post.title for post in await user.posts] for user in users]

        assert titles == [["p6", "p3"], ["p7", "p4"], ["p8", "p5"]]
        assert sent(db) - before == 2

    async def test_an_offset_alone_counts_for_each_owner(self, db: Ommi) -> None:
        await filled(db)

        users = await db.query(User).order_by("id").load(User.posts.offset(1)).fetch_all()

        assert [[p.title for p in await u.posts] for u in users] == [["p3"], ["p4"], ["p5"]]

    async def test_a_limit_counts_for_each_owner_through_an_association(self, db: Ommi) -> None:
        await filled(db)

        posts = (
            await db.query(Post)
            .order_by("id")
            .load(Post.tags.order_by("-name").limit(1))
            .fetch_all()
        )

        assert [[tag.name for tag in await post.tags] for post in posts] == [
            ["b"],
            ["b"],
            [],
            [],
            [],
            [],
        ]

    async def test_what_is_loaded_may_depend_on_other_models(self, db: Ommi) -> None:
        await filled(db, users=2, posts=6)
        some = User.posts.where(
            lambda p: p.comments.any(lambda c: c.text != "c0"),
            lambda p: row(p.author).name != "u0",
        )

        users = await db.query(User).order_by("id").load(some).fetch_all()
        first = (
            await db.query(User)
            .order_by("id")
            .load(User.posts.order_by(lambda p: p.author.name, "-id").limit(2))
            .fetch_all()
        )

        assert [[p.title for p in await u.posts] for u in users] == [[], ["p1", "p3", "p5"]]
        assert [[p.title for p in await u.posts] for u in first] == [["p4", "p2"], ["p5", "p3"]]

    async def test_refresh_gives_all_again(self, db: Ommi) -> None:
        users, _ = await filled(db)

        user = (
            await db.query(User)
            .where(lambda u: u.id == key(users[0]))
            .load(User.posts.limit(1))
            .one()
        )

        assert len(await user.posts) == 1
        assert len(await user.posts.refresh()) == 2

    async def test_a_graph_may_have_cycles(self, db: Ommi) -> None:
        await filled(db)

        users = await db.query(User).load("posts.author.posts.author").fetch_all()
        [post, *_] = await users[0].posts

        assert (await (await (await post.author).posts)[0].author).name == "u0"

    async def test_nothing_asked_for_loads_nothing(self, db: Ommi) -> None:
        before = sent(db)

        assert await db.query(User).load(User.posts, Post.comments).fetch_all() == []
        assert sent(db) - before == 1

    @pytest.mark.parametrize(
        ("said", "reason"),
        [
            (Comment.post, "Comment is neither User"),
            ("nothing", "nothing"),
            ("posts.nothing", "nothing"),
            (3, "int"),
            (fields(User).name, "FieldReference"),
        ],
    )
    async def test_what_cannot_be_loaded_is_refused(
        self, db: Ommi, said: Any, reason: str
    ) -> None:
        before = sent(db)

        with pytest.raises(QueryError, match=reason):
            db.query(User).load(said)
        assert sent(db) == before

    async def test_a_relation_to_one_has_no_limit(self, db: Ommi) -> None:
        del db
        with pytest.raises(QueryError, match=r"Post\.author leads to one row"):
            Post.author.limit(1)  # type: ignore[attr-defined]


@pytest.mark.anyio
class TestRefusedLoads:
    @pytest.fixture
    async def db(
        self, database: Ommi, make_database: Callable[[], Ommi]
    ) -> AsyncGenerator[Ommi, None]:
        del database
        async with Ommi(make_database().driver, lazy="raise") as db, tables(db, RELATED):
            yield db

    async def test_an_await_tells_where_it_is_and_what_to_load(self, db: Ommi) -> None:
        await filled(db)
        [post, *_] = await db.query(Post).fetch_all()

        with pytest.raises(LazyLoadRefused) as caught:
            await post.author

        assert (caught.value.relation, caught.value.file) == ("Post.author", __file__)
        assert f"{__file__}:{caught.value.line}" in str(caught.value)
        assert ".load(Post.author)" in str(caught.value)

    async def test_what_is_loaded_may_be_awaited(self, db: Ommi) -> None:
        await filled(db)

        [post, *_] = await db.query(Post).load(Post.author).fetch_all()

        assert (await post.author).name == "u0"
        assert (await post.author.refresh()).name == "u0"
