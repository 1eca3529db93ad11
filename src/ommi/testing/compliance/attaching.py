from __future__ import annotations

import pytest

from ommi.database import Ommi
from ommi.errors import (
    InvalidValue,
    OmmiError,
    QueryError,
)
from ommi.planning.capabilities import Capability
from ommi.testing.compliance.counted import CountedSuite, filled, sent
from ommi.testing.compliance.related_models import (
    Comment,
    Desk,
    Folder,
    Hall,
    Post,
    PostTag,
    Tag,
    User,
)
from ommi.testing.requirements import requires


@pytest.mark.anyio
class TestAttaching(CountedSuite):
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

    @requires(Capability.TRANSACTIONS)
    async def test_a_graph_belongs_to_the_transaction_around_it(self, db: Ommi) -> None:
        gone, kept = User("gone"), User("kept")
        gone.posts.add(Post("gone"))
        kept.posts.add(Post("kept"))

        async with db.transaction() as tx:
            await tx.add(gone)
            await tx.rollback()
        async with db.transaction():
            await db.add(kept)
            [found] = await db.query(User).load(User.posts).fetch_all()

        assert await found.posts == await kept.posts == await db.query(Post).fetch_all()
        assert [post.title for post in await found.posts] == ["kept"]

    async def test_a_relation_is_loaded_in_the_block_and_after_it(self, db: Ommi) -> None:
        async with db.transaction():
            user = await db.add(User("u")).or_raise()
            post = await db.add(Post("p", author_id=user.id or 0)).or_raise()
            inside = await post.author
            later = await db.query(User).one()

        assert inside == user
        assert await later.posts == [post]

    async def test_a_batch_refuses_what_others_are_attached_to(self, db: Ommi) -> None:
        user = User("u")
        user.posts.add(Post("p"))

        error = await db.batch(db.add(user)).error

        assert isinstance(error, QueryError)
        assert "attached" in str(error)
        assert await db.find(User).count.value == 0

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
