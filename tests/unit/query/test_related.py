"""What a question about related rows means, and which are refused, before any store is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import pytest

from ommi import (
    Auto,
    InvalidValue,
    Key,
    Lazy,
    LazyList,
    ModelCollection,
    ModelError,
    Ommi,
    QueryError,
    ReferenceTo,
    UnknownField,
    Using,
    col,
    fields,
    ommi_model,
    register,
    row,
)

COLLECTION = ModelCollection()
Identity = Annotated[int | None, Key | Auto]


@ommi_model(collection=COLLECTION)
@dataclass
class User:
    name: str
    age: int = 0
    boss_id: Annotated[int | None, ReferenceTo("User.id")] = None
    id: Identity = None
    posts: ClassVar[Annotated[LazyList[Post], Using("author_id")]]
    edited: ClassVar[Annotated[LazyList[Post], Using("editor_id")]]
    boss: ClassVar[Lazy[User]]
    team: ClassVar[LazyList[User]]
    badge: ClassVar[Lazy[Badge]]


@ommi_model(collection=COLLECTION)
@dataclass
class Post:
    title: str
    count: int = 0
    author_id: Annotated[int | None, ReferenceTo(User.id)] = None
    editor_id: Annotated[int | None, ReferenceTo(User.id)] = None
    id: Identity = None
    author: ClassVar[Lazy[User]]
    editor: ClassVar[Lazy[User]]
    comments: ClassVar[LazyList[Comment]]


@ommi_model(collection=COLLECTION)
@dataclass
class Comment:
    text: str
    post_id: Annotated[int, ReferenceTo(Post.id)]
    id: Identity = None
    post: ClassVar[Lazy[Post]]


@ommi_model(collection=COLLECTION)
@dataclass
class Badge:
    """Nothing says that a user has no more than one."""

    colour: str
    user_id: Annotated[int, ReferenceTo(User.id)]
    id: Identity = None


@ommi_model(collection=COLLECTION)
@dataclass
class Island:
    name: str
    id: Identity = None


DB = Ommi("sqlite://")


def shape(*conditions: Any) -> object:
    values: list[object] = []
    return DB.query(User, *conditions)._select.shape(values)


def test_two_references_to_one_model_are_a_choice_that_is_asked_for() -> None:
    with pytest.raises(QueryError) as caught:
        DB.query(Post, User.name == "x")

    said = str(caught.value)
    assert "Post.author_id -> User.id; or Post.editor_id -> User.id" in said
    assert "Say which by a relation: Post.author.field == value or Post.editor.field" in said


def test_the_same_choice_is_asked_for_the_other_way_round() -> None:
    with pytest.raises(QueryError, match=r"User\.posts\.any\(\.\.\.\) or User\.edited\.any"):
        DB.query(User, Post.title == "x")
    with pytest.raises(QueryError, match=r"User\.posts\.any\(\.\.\.\)"):
        DB.query(User).where(Comment.text == "x")


def test_without_a_relation_the_choice_is_shown_as_one_to_declare() -> None:
    collection = ModelCollection()

    @ommi_model(collection=collection)
    @dataclass
    class City:
        name: str
        id: Identity = None

    @ommi_model(collection=collection)
    @dataclass
    class Flight:
        start_id: Annotated[int, ReferenceTo(City)]
        end_id: Annotated[int, ReferenceTo(City)]
        id: Identity = None

    with pytest.raises(QueryError, match=r"Annotated\[Lazy\[City\], Using\('start_id'\)\]"):
        DB.query(Flight, fields(City).name == "x")


def test_a_model_that_no_reference_leads_to_is_refused() -> None:
    with pytest.raises(
        QueryError, match=r"Island in a question for Post: no reference.*author_id"
    ):
        DB.query(Post, Island.name == "x")
    with pytest.raises(QueryError, match="no reference leads"):
        DB.query(Post).order_by(Island.name)
    with pytest.raises(QueryError, match="no reference leads"):
        DB.query(Post, Post.title == Island.name)


def test_many_rows_have_no_order() -> None:
    with pytest.raises(QueryError, match=r"many rows of Comment.*order by a count"):
        DB.query(Post).order_by(Comment.text)
    with pytest.raises(QueryError, match=r"User\.posts are many rows, so there is no one title"):
        DB.query(User).order_by(User.posts.title)
    with pytest.raises(QueryError, match=r"User\.posts are many rows; ask for them one by one"):
        User.posts.comments.any()


def test_a_relation_to_one_row_that_may_be_several_is_refused() -> None:
    with pytest.raises(QueryError, match=r"Badge\.user_id is not Unique"):
        User.badge.colour == "red"  # noqa: B015


def test_an_unknown_field_through_a_relation_says_what_there_is() -> None:
    with pytest.raises(UnknownField, match="User has no field 'nmae'; it has name, age"):
        Post.author.nmae
    with pytest.raises(UnknownField, match="Post has no field 'titel'"):
        DB.query(User, lambda user: user.posts.any(lambda post: post.titel == "x"))


def test_values_are_checked_where_they_are_written() -> None:
    with pytest.raises(InvalidValue, match=r"User\.age"):
        Post.author.age == "x"  # noqa: B015
    with pytest.raises(InvalidValue, match="wanted int, found str"):
        User.posts.count() > "3"  # noqa: B015
    with pytest.raises(QueryError, match="only fields of the same type compare"):
        Post.author.age == Post.title  # noqa: B015
    with pytest.raises(QueryError, match="has no starts_with"):
        col(Post.author.age).starts_with("x")  # type: ignore[misc]


def test_what_is_no_condition_is_refused() -> None:
    with pytest.raises(QueryError, match=r"compares with None only.*Post\.author_id"):
        Post.author == User("x")  # noqa: B015
    with pytest.raises(QueryError, match=r"User\.posts\.all\(\) wants a condition"):
        User.posts.all()
    with pytest.raises(TypeError, match="a condition is a predicate"):
        DB.query(User, User.posts)
    with pytest.raises(TypeError, match="neither True nor False"):
        bool(User.posts)
    with pytest.raises(TypeError, match="write & for `and`"):
        User.posts.any() and User.age > 3


def test_an_update_calculates_from_its_own_row_alone() -> None:
    with pytest.raises(QueryError, match="the fields of Post alone"):
        DB.query(Post).update(title=Post.author.name)
    with pytest.raises(QueryError, match="the fields of Post alone"):
        DB.query(Post).update(count=Post.comments.count())


def test_a_row_of_a_lambda_is_not_to_be_kept() -> None:
    kept: list[Any] = []
    User.posts.any(lambda post: kept.append(post) or post.title == "x")

    with pytest.raises(QueryError, match="outside the lambda that it was given to"):
        DB.query(User, User.team.any(kept[0].title == "x"))


def test_questions_that_nest_too_deep_are_refused() -> None:
    asked = User.team.any()
    for _ in range(4):
        asked = User.team.any(asked | (User.age == 3))
    DB.query(User, asked)

    with pytest.raises(QueryError, match="more than 5 levels deep"):
        DB.query(User, User.team.any(asked | (User.age == 3)))


def test_a_broken_reference_elsewhere_is_told_of_only_where_it_could_matter() -> None:
    collection = ModelCollection()

    @ommi_model(collection=collection)
    @dataclass
    class Left:
        id: Identity = None

    @ommi_model(collection=collection)
    @dataclass
    class Right:
        left_id: Annotated[int, ReferenceTo(Left)]
        id: Identity = None

    @ommi_model(collection=collection)
    @dataclass
    class Broken:
        other_id: Annotated[int, ReferenceTo("Nothing")]
        id: Identity = None

    assert "EXISTS" in DB.query(Left, fields(Right).id == 1).sql()
    with pytest.raises(ModelError, match="Nothing"):
        DB.query(Left, fields(Broken).id == 1)


def test_which_row_is_meant_is_part_of_the_shape() -> None:
    shapes = [
        shape(User.name == "x"),
        shape(User.boss.name == "x"),
        shape(User.boss.boss.name == "x"),
        shape(User.team.any(User.name == "x")),
        shape(User.team.none(User.name == "x")),
        shape(User.team.all(User.name == "x")),
        shape(User.team.any()),
        shape(User.posts.any()),
        shape(User.edited.any()),
        shape(User.boss.posts.any()),
        shape(User.posts.count() == 1),
        shape(User.posts.count(Post.count == 1) == 1),
        shape(User.posts.count(Post.count > 1) == 1),
        shape(lambda u: u.team.any(lambda t: t.age > u.age)),
        shape(lambda u: u.team.any(lambda t: u.age > t.age)),
        shape(lambda u: u.team.any(lambda t: t.team.any(lambda v: v.age > t.age))),
        shape(lambda u: u.team.any(lambda t: t.team.any(lambda v: v.age > u.age))),
    ]

    assert len(set(shapes)) == len(shapes)


def test_one_question_has_one_shape_whatever_its_values() -> None:
    def asked(name: str, most: int) -> object:
        return shape(
            lambda u: u.posts.any(lambda p: p.title == name, lambda p: p.comments.count() < most),
            User.boss.name == name,
        )

    assert asked("x", 1) == asked("y", 2)


def test_the_outer_row_is_the_one_that_its_name_means() -> None:
    by_lambda = DB.query(User, lambda u: u.team.any(lambda t: t.age > u.age)).sql()

    assert DB.query(User, User.team.any(lambda t: t.age > User.age)).sql() == by_lambda
    assert by_lambda.endswith('("r1"."age" > "User"."age"))')
    inner = DB.query(User, User.posts.any(lambda p: Post.title == "x")).sql()
    assert inner == DB.query(User, User.posts.any(Post.title == "x")).sql()


def test_a_predicate_made_apart_may_be_used_anywhere() -> None:
    apart = Post.comments.any(lambda c: c.text == "x")

    nested = DB.query(User, User.posts.any(lambda p: apart & (p.title == "y"))).sql()

    assert nested == DB.query(User, User.posts.any(apart & (Post.title == "y"))).sql()


def test_a_condition_without_a_row_of_its_own_may_be_asked_for_beside_one() -> None:
    text = DB.query(Comment, ~(Post.title == "a") & (Post.title == "b")).sql()

    assert text.count("EXISTS") == 2
    assert text.count("NOT EXISTS") == 1


def test_conditions_that_are_added_are_asked_of_the_same_row() -> None:
    at_once = DB.query(Post, Comment.text > "a", Comment.text < "c").sql()

    assert DB.query(Post).where(Comment.text > "a").where(Comment.text < "c").sql() == at_once
    assert at_once.count("EXISTS") == 1


def test_classes_from_outside_are_joined_by_their_references() -> None:
    collection = ModelCollection()

    @dataclass
    class Shop:
        name: str
        id: int = 0

    @dataclass
    class Sale:
        shop_id: Annotated[int, ReferenceTo(Shop)]
        id: int = 0

    register(Shop, collection=collection)
    register(Sale, collection=collection)

    assert "EXISTS" in DB.query(Sale, fields(Shop).name == "x").sql()
    assert "LEFT JOIN" in DB.query(Sale).order_by(fields(Shop).name).sql()


def test_a_row_is_also_what_a_relation_leads_to() -> None:
    text = DB.query(Post, lambda post: row(post.author).name == "x").sql()

    assert text == DB.query(Post, Post.author.name == "x").sql()


def test_a_repr_tells_what_is_asked() -> None:
    assert repr(Post.author.name == "x") == "(Post.author.name == ...)"
    assert repr(User.posts) == "User.posts"
    assert repr(User.posts.any(Post.title == "x")) == "any User.posts((Post.title == ...))"
    assert repr(User.posts.none()) == "no User.posts()"
    assert repr(User.boss.posts.count() > 1) == "(count User.boss.posts() > ...)"
