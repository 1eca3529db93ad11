from __future__ import annotations

import pytest

from ommi.database import Ommi
from ommi.errors import NotFound
from ommi.query.fields import fields, row
from ommi.testing.compliance.counted import CountedSuite, filled, key, sent
from ommi.testing.compliance.related_models import Comment, Desk, Folder, Hall, Post, Profile, User


@pytest.mark.anyio
class TestPagesWithRelations(CountedSuite):
    """Pages of rows with the row that each refers to, which a store may give beside them."""

    async def test_each_row_has_its_own_and_those_alike_the_same(self, db: Ommi) -> None:
        users, _ = await filled(db, users=3, posts=12)
        before = sent(db)

        posts = (
            await db.query(Post).order_by("id").offset(1).limit(7).load(Post.author).fetch_all()
        )
        authors = [await post.author for post in posts]

        assert [post.title for post in posts] == [f"p{n}" for n in range(1, 8)]
        assert authors == [users[n % 3] for n in range(1, 8)]
        assert authors[0] is authors[3]
        assert sent(db) - before <= 2

    async def test_a_row_given_beside_others_can_be_changed_and_saved(self, db: Ommi) -> None:
        await filled(db)
        post = await db.query(Post).order_by("-id").load(Post.author).first()
        assert post is not None
        author = await post.author

        author.name, post.title = "new", "newer"
        await db.save(author).or_raise()
        await db.save(post).or_raise()

        assert await db.query(User).where(lambda u: u.name == "new").one() == author
        assert await db.query(Post).where(lambda p: p.title == "newer").one() == post
        assert (await author.posts)[-1] == post

    async def test_none_is_where_there_is_no_row(self, db: Ommi) -> None:
        users, posts = await filled(db, users=2, posts=1)
        await db.add(Comment("anonymous", key(posts[0]))).or_raise()
        asked = db.query(Comment).order_by("id").limit(100).load(Comment.author, Comment.post)

        comments = await asked.fetch_all()
        before = sent(db)

        assert [await comment.author for comment in comments] == [users[0], users[0], None]
        assert [await comment.post for comment in comments] == posts * 3
        assert sent(db) == before

    async def test_what_is_further_on_is_loaded_too(self, db: Ommi) -> None:
        await filled(db)
        asked = db.query(Comment).order_by("-id").limit(2).load("post.author", "post.tags")

        comments = await asked.fetch_all()
        before = sent(db)

        posts = [await comment.post for comment in comments]
        assert [(await post.author).name for post in posts] == ["u2", "u1"]
        assert [await post.tags for post in posts] == [[], []]
        assert sent(db) == before

    async def test_relations_to_many_are_loaded_beside_them(self, db: Ommi) -> None:
        await filled(db)

        post = await db.query(Post).order_by("id").load(Post.author, Post.comments).first()

        assert post is not None
        assert (await post.author).name == "u0"
        assert [comment.text for comment in await post.comments] == ["c0", "c6"]

    async def test_a_table_that_refers_to_itself(self, db: Ommi) -> None:
        root = await db.add(Folder("root")).or_raise()
        await db.add_all([Folder("a", root.id), Folder("b", root.id)]).or_raise()

        found = await db.query(Folder).order_by("-name").limit(3).load(Folder.parent).fetch_all()

        assert [folder.name for folder in found] == ["root", "b", "a"]
        assert [await folder.parent for folder in found] == [None, root, root]

    async def test_a_reference_of_two_fields(self, db: Ommi) -> None:
        await db.add_all([Hall("n", 1), Hall("n", 2)]).or_raise()
        await db.add_all([Desk("n", 2), Desk("n"), Desk("n", 1), Desk("n", 2)]).or_raise()

        desks = await db.query(Desk).order_by("id").limit(10).load(Desk.hall).fetch_all()
        halls = [await desk.hall for desk in desks]

        assert halls == [Hall("n", 2), None, Hall("n", 1), Hall("n", 2)]
        assert halls[0] is halls[3]

    async def test_from_either_side_of_one_to_one(self, db: Ommi) -> None:
        users, _ = await filled(db, users=2, posts=1)
        profile = await db.add(Profile("about", key(users[1]))).or_raise()

        found = await db.query(User).order_by("id").limit(5).load(User.profile).fetch_all()
        [back] = await db.query(Profile).limit(5).load(Profile.user).fetch_all()

        assert [await user.profile.get(None) for user in found] == [None, profile]
        assert await back.user == users[1]

    async def test_with_conditions_and_orders_that_follow_the_same_reference(
        self, db: Ommi
    ) -> None:
        await filled(db, users=3, posts=6)
        asked = db.query(Post).where(lambda p: row(p.author).name != "u0").load(Post.author)

        by_key = await asked.order_by("id").limit(3).fetch_all()
        by_author = await asked.order_by(lambda p: row(p.author).name, "-id").limit(3).fetch_all()
        one = await asked.where(lambda p: p.title == "p4").one()

        assert [post.title for post in by_key] == ["p1", "p2", "p4"]
        assert [post.title for post in by_author] == ["p4", "p1", "p5"]
        for post in (*by_key, *by_author, one):
            assert post.author.is_loaded
            assert (await post.author).id == post.author_id

    async def test_part_of_a_relation_is_only_that_part(self, db: Ommi) -> None:
        await filled(db)
        others = fields(Post).author.where(lambda u: u.name != "u0")

        posts = await db.query(Post).order_by("id").limit(3).load(others).fetch_all()

        assert [post.author.is_loaded for post in posts] == [True] * 3
        assert (await posts[1].author).name == "u1"
        with pytest.raises(NotFound):
            await posts[0].author

    async def test_a_page_without_rows(self, db: Ommi) -> None:
        asked = db.query(Post).limit(5).load("author.posts")

        assert await asked.fetch_all() == []
        assert await asked.first() is None

    async def test_in_a_transaction(self, db: Ommi) -> None:
        async with db.transaction():
            users, _ = await filled(db)
            posts = await db.query(Post).order_by("id").limit(3).load(Post.author).fetch_all()

            assert [await post.author for post in posts] == users
