from __future__ import annotations

import asyncio

import pytest

from ommi.database import Ommi
from ommi.errors import (
    NotFound,
)
from ommi.query.fields import fields
from ommi.results import Failure, Success
from ommi.testing.compliance.counted import CountedSuite, filled, found, key, sent
from ommi.testing.compliance.related_models import (
    Comment,
    Desk,
    Folder,
    Follow,
    Hall,
    Post,
    Profile,
    Review,
    Tag,
    User,
)


@pytest.mark.anyio
class TestLazyRelations(CountedSuite):
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

    async def test_what_several_statements_load_knows_whom_it_belongs_to(self, db: Ommi) -> None:
        await db.add_all(Hall("n", n) for n in range(600)).or_raise()
        await db.add_all(Desk("n", n) for n in range(600)).or_raise()
        halls = await db.query(Hall).load(Hall.desks).fetch_all()
        before = sent(db)

        owners = [await desk.hall for hall in halls for desk in await hall.desks]

        assert len(owners) == 600
        assert all(owner is hall for owner, hall in zip(owners, halls, strict=True))
        assert sent(db) == before

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
