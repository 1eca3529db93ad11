from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeVar

import pytest

from ommi.database import Ommi
from ommi.errors import (
    InvalidValue,
    LazyLoadRefused,
    NoCurrentDatabase,
    NotFound,
    OmmiError,
    QueryError,
)
from ommi.query.fields import fields
from ommi.results import Failure, Success
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
from ommi.testing.counting import CountingDriver

T = TypeVar("T")


def sent(db: Ommi) -> int:
    """Give the number of commands so far."""
    driver: Any = db.driver
    return int(driver.sent)


def key(instance: Any) -> int:
    """Give the key of an instance that has one."""
    return int(instance.id)


async def found(db: Ommi, instance: T) -> T:
    """Read the row of an instance, by itself."""
    return await db.query(type(instance)).where(fields(type(instance)).id == key(instance)).one()


async def filled(db: Ommi, *, users: int = 3, posts: int = 6) -> tuple[list[User], list[Post]]:
    """Add users, posts that belong to them in turn, two comments each, and tags for some."""
    authors = await db.add_all(User(f"u{n}") for n in range(users)).or_raise()
    written = await db.add_all(
        Post(f"p{n}", key(authors[n % users])) for n in range(posts)
    ).or_raise()
    await db.add_all(
        Comment(f"c{n}", key(written[n % posts]), key(authors[0])) for n in range(2 * posts)
    ).or_raise()
    await db.add_all([Tag("a"), Tag("b"), Tag("none")]).or_raise()
    await db.add_all(
        PostTag(key(post), name) for post in written[:2] for name in ("b", "a")
    ).or_raise()
    return authors, written


class _Suite:
    @pytest.fixture
    async def db(
        self, database: Ommi, make_database: Callable[[], Ommi]
    ) -> AsyncGenerator[Ommi, None]:
        """Give a database that counts what is sent, with the tables of the related models."""
        del database
        async with Ommi(CountingDriver(make_database().driver)) as db, tables(db, RELATED):
            yield db


@pytest.mark.anyio
class TestLazyRelations(_Suite):
    async def test_a_relation_to_one_gives_the_row(self, db: Ommi) -> None:
        await filled(db)

        post = await db.query(Post).where(lambda p: p.title == "p1").one()

        assert (await post.author).name == "u1"
        assert await post.author is await post.author

    async def test_a_relation_to_many_gives_the_rows_in_order_of_their_key(self, db: Ommi) -> None:
        await filled(db)

        user = await db.query(User).where(lambda u: u.name == "u1").one()

        assert [post.title for post in await user.posts] == ["p1", "p4"]
        assert await user.posts is await user.posts

    async def test_no_rows_are_an_empty_list(self, db: Ommi) -> None:
        await db.add(User("lonely")).or_raise()

        assert await (await db.query(User).one()).posts == []

    async def test_one_statement_loads_for_all_that_were_read_together(self, db: Ommi) -> None:
        await filled(db, users=5, posts=50)
        before = sent(db)

        posts = await db.query(Post).order_by("id").fetch_all()
        names = [(await post.author).name for post in posts]

        assert names == [f"u{n % 5}" for n in range(50)]
        assert sent(db) - before == 2

    async def test_so_it_is_with_relations_to_many(self, db: Ommi) -> None:
        await filled(db, users=5, posts=50)
        before = sent(db)

        users = await db.query(User).fetch_all()
        counts = [len(await user.posts) for user in users]

        assert counts == [10] * 5
        assert sent(db) - before == 2

    async def test_awaits_of_one_turn_are_one_statement(self, db: Ommi) -> None:
        _, posts = await filled(db, users=5, posts=50)
        one_by_one = [
            await db.query(Post).where(fields(Post).id == post.id).one() for post in posts
        ]
        before = sent(db)

        authors: list[User] = await asyncio.gather(*(post.author for post in one_by_one))

        assert [user.name for user in authors] == [f"u{n % 5}" for n in range(50)]
        assert sent(db) - before == 1

    async def test_awaits_of_one_turn_do_not_share_their_lists(self, db: Ommi) -> None:
        users, _ = await filled(db)
        again = [await found(db, users[0]) for _ in "ab"]

        one, other = await asyncio.gather(*(user.posts for user in again))

        assert one == other
        assert one is not other

    async def test_a_cancelled_await_leaves_the_others_alone(self, db: Ommi) -> None:
        await filled(db)
        posts = await db.query(Post).fetch_all()
        tasks = [asyncio.ensure_future(post.author) for post in posts]
        await asyncio.sleep(0)

        tasks[0].cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)

        assert isinstance(done[0], asyncio.CancelledError)
        assert all(isinstance(each, User) for each in done[1:])

    async def test_many_to_many_leads_through_the_association(self, db: Ommi) -> None:
        await filled(db)
        before = sent(db)

        posts = await db.query(Post).order_by("id").fetch_all()
        names = [[tag.name for tag in await post.tags] for post in posts]

        assert names == [["a", "b"], ["a", "b"], [], [], [], []]
        assert sent(db) - before == 3
        tags = await db.query(Tag).order_by("name").fetch_all()
        assert [[post.title for post in await tag.posts] for tag in tags] == [
            ["p0", "p1"],
            ["p0", "p1"],
            [],
        ]

    async def test_a_model_may_be_associated_with_itself(self, db: Ommi) -> None:
        users, _ = await filled(db)
        one, two, three = map(key, users)
        await db.add_all([Follow(one, two), Follow(one, three), Follow(two, one)]).or_raise()

        found = await db.query(User).order_by("id").fetch_all()

        assert [[u.name for u in await user.followed] for user in found] == [
            ["u1", "u2"],
            ["u0"],
            [],
        ]
        assert [[u.name for u in await user.followers] for user in found] == [
            ["u1"],
            ["u0"],
            ["u0"],
        ]

    async def test_of_two_references_the_name_or_using_chooses(self, db: Ommi) -> None:
        users, _ = await filled(db)
        await db.add(Review(key(users[0]), key(users[1]))).or_raise()

        review = await db.query(Review).one()

        assert (await review.reader).name == "u0"
        assert await review.writer == await review.checked_by == users[1]
        assert await (await found(db, users[1])).reviews == [review]

    async def test_one_to_one_is_found_from_both_sides(self, db: Ommi) -> None:
        users, _ = await filled(db)
        await db.add(Profile("about", key(users[0]))).or_raise()
        found = await db.query(User).order_by("id").fetch_all()

        assert await found[0].profile == Profile("about", key(users[0]))
        assert await found[1].profile.get(None) is None
        assert await (await db.query(Profile).one()).user == users[0]

    async def test_none_leads_to_nothing_and_asks_nobody(self, db: Ommi) -> None:
        users, posts = await filled(db)
        await db.add(Comment("anonymous", key(posts[0]))).or_raise()
        comment = await db.query(Comment).where(fields(Comment).author_id == None).one()  # noqa: E711
        before = sent(db)

        assert await comment.author is None
        assert await comment.author.get(users[0]) is users[0]
        assert sent(db) == before

    async def test_a_reference_of_two_fields_is_followed_both_ways(self, db: Ommi) -> None:
        await db.add_all([Hall("n", 1), Hall("n", 2), Hall("s", 1)]).or_raise()
        await db.add_all([Desk("n", 1), Desk("n", 2), Desk("n", 1), Desk(), Desk("s")]).or_raise()
        before = sent(db)

        desks = await db.query(Desk).order_by("id").fetch_all()
        halls = await db.query(Hall).order_by("name", "floor").fetch_all()

        assert [await desk.hall for desk in desks] == [
            Hall("n", 1),
            Hall("n", 2),
            Hall("n", 1),
            None,
            None,
        ]
        assert [[desk.id for desk in await hall.desks] for hall in halls] == [
            [desks[0].id, desks[2].id],
            [desks[1].id],
            [],
        ]
        assert sent(db) - before == 4

    async def test_many_keys_of_two_fields_are_found(self, db: Ommi) -> None:
        await db.add_all(Hall("n", n) for n in range(600)).or_raise()
        await db.add_all(Desk("n", n) for n in range(600)).or_raise()

        desks = await db.query(Desk).fetch_all()

        assert [await desk.hall for desk in desks] == [
            Hall("n", desk.hall_floor or 0) for desk in desks
        ]

    async def test_a_table_that_refers_to_itself_is_followed_both_ways(self, db: Ommi) -> None:
        root = await db.add(Folder("root")).or_raise()
        await db.add_all([Folder("a", root.id), Folder("b", root.id)]).or_raise()

        found = await db.query(Folder).order_by("id").fetch_all()

        assert [await folder.parent for folder in found] == [None, root, root]
        assert [f.name for f in await found[0].folders] == ["a", "b"]
        assert await (await found[0].folders)[0].parent == root

    async def test_a_row_may_refer_to_itself(self, db: Ommi) -> None:
        await db.add(Folder("self", 9, 9)).or_raise()

        folder = await db.query(Folder).load("parent.parent", "folders").one()

        assert await (await folder.folders)[0].parent == folder
        assert repr(folder.parent) == "<Lazy Folder.parent, loaded>"

    async def test_reading_does_not_load_and_the_repr_tells(self, db: Ommi) -> None:
        await filled(db)
        post = await db.query(Post).where(lambda p: p.title == "p0").one()
        before = sent(db)

        assert repr(post.author) == "<Lazy Post.author, not loaded>"
        assert not post.author.is_loaded
        assert sent(db) == before
        await post.author
        assert repr(post.author) == "<Lazy Post.author, loaded>"
        assert post.author.is_loaded

    async def test_value_result_and_get(self, db: Ommi) -> None:
        users, _ = await filled(db)
        post = await db.query(Post).where(lambda p: p.title == "p0").one()

        assert await post.author.value == users[0]
        assert await post.author.get(None) == users[0]
        assert await post.author.refresh_if_needed() == users[0]
        match await post.author.result:
            case Success(user):
                assert user == users[0]
            case Failure(error):
                raise error

    async def test_refresh_loads_again(self, db: Ommi) -> None:
        users, _ = await filled(db)
        user = await found(db, users[1])
        before_list = await user.posts
        await db.add(Post("new", key(user))).or_raise()

        assert await user.posts is before_list
        assert [post.title for post in await user.posts.refresh()] == ["p1", "p4", "new"]
        assert len(await user.posts) == 3

    async def test_a_changed_reference_leads_elsewhere(self, db: Ommi) -> None:
        users, _ = await filled(db)
        post = await db.query(Post).where(lambda p: p.title == "p0").one()
        assert await post.author == users[0]

        post.author_id = key(users[2])

        assert not post.author.is_loaded
        assert await post.author == users[2]

    async def test_a_row_that_is_gone_is_not_found(self, db: Ommi) -> None:
        await filled(db)
        post = await db.query(Post).where(lambda p: p.title == "p0").one()
        post.author_id = 999

        with pytest.raises(NotFound, match=r"Post\.author"):
            await post.author
        assert await post.author.get(None) is None

    async def test_added_instances_have_relations_too(self, db: Ommi) -> None:
        users, posts = await filled(db, users=2, posts=10)
        before = sent(db)

        assert [await post.author for post in posts] == [users[n % 2] for n in range(10)]
        assert sent(db) - before == 1

    async def test_a_saved_instance_knows_what_was_loaded(self, db: Ommi) -> None:
        await filled(db, users=2, posts=10)
        posts = await db.query(Post).fetch_all()
        await posts[0].author

        for post in posts:
            post.title += "!"
            await db.save(post).or_raise()

        assert all(post.author.is_loaded for post in posts)

    async def test_streamed_instances_load_a_chunk_at_a_time(self, db: Ommi) -> None:
        await filled(db, users=2, posts=10)
        before = sent(db)

        names = [(await post.author).name async for post in db.query(Post).order_by("id")]

        assert names == ["u0", "u1"] * 5
        assert sent(db) - before == 2


@pytest.mark.anyio
class TestEagerRelations(_Suite):
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


@pytest.mark.anyio
class TestAttaching(_Suite):
    async def test_children_are_added_with_their_parent(self, db: Ommi) -> None:
        user, one, two = User("u"), Post("one"), Post("two")
        user.posts.add(one, two)
        before = sent(db)

        added = await db.add(user).or_raise()

        assert sent(db) - before == 1
        assert added is user
        assert one.author_id == two.author_id == user.id
        assert await db.query(Post).order_by("id").fetch_all() == [one, two]
        assert await user.posts == [one, two]

    async def test_a_whole_graph_is_one_batch(self, db: Ommi) -> None:
        user, post, comment, tag = User("u"), Post("p"), Comment("c"), Tag("t")
        user.posts.add(post)
        post.comments.add(comment)
        post.tags.add(tag)
        comment.author.set(user)
        before = sent(db)

        await db.add(user).or_raise()

        assert sent(db) - before == 1
        found = await db.query(User).load("posts.comments.author", "posts.tags").one()
        [stored] = await found.posts
        assert await stored.tags == [tag]
        assert await (await stored.comments)[0].author == user
        assert (await db.query(PostTag).one()).weight == 1

    async def test_a_parent_is_added_with_its_child(self, db: Ommi) -> None:
        user, post = User("u"), Post("p")
        post.author.set(user)

        await db.add(post).or_raise()

        assert post.author_id == user.id
        assert await post.author is user

    async def test_a_parent_that_is_stored_gives_its_key(self, db: Ommi) -> None:
        user = await db.add(User("u")).or_raise()
        post = Post("p")
        post.author.set(user)

        await db.add(post).or_raise()

        assert (await db.query(Post).one()).author_id == user.id

    async def test_many_roots_may_share_what_is_attached(self, db: Ommi) -> None:
        user = User("u")
        posts = [Post(f"p{n}") for n in range(5)]
        for post in posts:
            post.author.set(user)
            post.tags.add(Tag(post.title))

        added = await db.add_all(posts).or_raise()

        assert added == posts
        assert {post.author_id for post in posts} == {user.id}
        assert await db.query(User).count() == 1
        assert await db.query(PostTag).count() == 5

    async def test_trees_of_one_table_are_added_from_the_root(self, db: Ommi) -> None:
        root, middle, leaf = Folder("root"), Folder("middle"), Folder("leaf")
        middle.folders.add(leaf)
        root.folders.add(middle)

        await db.add(root).or_raise()

        assert (root.parent_id, middle.parent_id, leaf.parent_id) == (None, root.id, middle.id)

    async def test_keys_of_two_fields_are_handed_on(self, db: Ommi) -> None:
        hall, desk = Hall("n", 3), Desk()
        hall.desks.add(desk)

        await db.add(hall).or_raise()

        assert (desk.hall_name, desk.hall_floor) == ("n", 3)
        assert await (await db.query(Desk).one()).hall == hall

    async def test_what_is_attached_is_known_before_it_is_added(self, db: Ommi) -> None:
        user, post = User("u"), Post("p")
        user.posts.add(post)
        post.author.set(user)
        before = sent(db)

        assert await user.posts == [post]
        assert await post.author is user
        assert sent(db) == before
        await db.add(user).or_raise()
        assert await db.query(Post).count() == 1

    async def test_all_or_nothing_is_added(self, db: Ommi) -> None:
        user = User("u")
        user.posts.add(Post("good"))
        [post] = await user.posts
        post.comments.add(Comment("bad", author_id=999))

        failure = await db.add(user)

        assert isinstance(failure.error, OmmiError)
        assert await db.query(User).count() == await db.query(Post).count() == 0
        assert (user.id, post.id) == (None, None)

    async def test_a_circle_of_instances_is_refused(self, db: Ommi) -> None:
        one, two = Folder("one"), Folder("two")
        one.folders.add(two)
        two.folders.add(one)
        before = sent(db)

        failure = await db.add(one)

        assert isinstance(failure.error, QueryError)
        assert "circle (Folder -> Folder -> Folder)" in str(failure.error)
        assert sent(db) == before

    async def test_nothing_is_attached_to_a_stored_instance(self, db: Ommi) -> None:
        users, posts = await filled(db)

        with pytest.raises(QueryError, match="add the Post itself, with author_id"):
            users[0].posts.add(Post("p"))
        with pytest.raises(QueryError, match="assign author_id and save it"):
            posts[0].author.set(users[1])

    async def test_a_stored_child_is_not_attached(self, db: Ommi) -> None:
        _, posts = await filled(db)
        user = User("u")
        user.posts.add(posts[0])

        failure = await db.add(user)

        assert isinstance(failure.error, QueryError)
        assert await db.query(User).count() == 3

    async def test_only_the_model_of_the_relation_is_attached(self, db: Ommi) -> None:
        del db
        with pytest.raises(InvalidValue, match=r"User\.posts: wanted Post, found Comment"):
            User("u").posts.add(Comment("c"))  # type: ignore[arg-type]


@pytest.mark.anyio
class TestRelationsOutOfReach(_Suite):
    async def test_an_instance_without_a_key_has_no_rows(self, db: Ommi) -> None:
        before = sent(db)

        with pytest.raises(InvalidValue, match=r"User\.id: .*add the instance first"):
            await User("u").posts
        assert sent(db) == before

    async def test_no_database_in_reach_is_told(self, db: Ommi) -> None:
        async with Ommi("memory://"):
            with pytest.raises(NoCurrentDatabase, match="Post"):
                await Post("p", 1).author
        del db

    async def test_a_handle_is_not_what_it_leads_to(self, db: Ommi) -> None:
        await filled(db)
        post = await db.query(Post).where(lambda p: p.title == "p0").one()

        with pytest.raises(AttributeError, match="await it first"):
            post.author.name  # type: ignore[attr-defined]  # noqa: B018
        with pytest.raises(TypeError, match="await it first"):
            bool(post.author)
