"""Relations are found by the references that the models declare."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import pytest

from ommi import (
    Auto,
    Key,
    Lazy,
    LazyList,
    ModelCollection,
    ModelError,
    ReferenceTo,
    Through,
    UnknownField,
    Using,
    ommi_model,
    register,
)
from ommi.metadata.model import ModelMetadata, metadata_of
from ommi.metadata.relations import Relation
from ommi.query.relation_fields import RelationReference, relation_of

Identity = Annotated[int | None, Key | Auto]
BLOG = ModelCollection()


@ommi_model(collection=BLOG)
@dataclass
class User:
    name: str
    id: Identity = None
    posts: ClassVar[LazyList["Post"]]
    edited: ClassVar[Annotated[LazyList["Article"], Using("editor_id")]]
    articles: ClassVar[LazyList["Article"]]
    profile: ClassVar[Lazy["Profile"]]
    followed: ClassVar[Annotated[LazyList["User"], Through("Follow"), Using("follower_id")]]
    followers: ClassVar[Annotated[LazyList["User"], Through("Follow"), Using("followed_id")]]
    strangers: ClassVar[Annotated[LazyList["User"], Through("Follow")]]


@ommi_model(collection=BLOG)
@dataclass
class Post:
    title: str
    author_id: Annotated[int, ReferenceTo(User)]
    id: Identity = None
    author: ClassVar[Lazy[User]]
    writer: ClassVar["Lazy[User]"]
    tags: ClassVar[Annotated[LazyList["Tag"], Through("PostTag")]]
    nothing: ClassVar[Lazy["Tag"]]
    nobody: ClassVar[Lazy["Missing"]]  # type: ignore[name-defined]  # noqa: F821


@ommi_model(collection=BLOG)
@dataclass
class Article:
    author_id: Annotated[int | None, ReferenceTo(User)] = None
    editor_id: Annotated[int | None, ReferenceTo(User)] = None
    id: Identity = None
    author: ClassVar[Lazy[User | None]]
    editor: ClassVar[Lazy["User | None"]]
    proofreader: ClassVar[Lazy[User]]
    checked_by: ClassVar[Annotated[Lazy[User], Using("editor_id")]]
    misled: ClassVar[Annotated[Lazy[User], Using("id")]]


@ommi_model(collection=BLOG)
@dataclass
class Profile:
    user_id: Annotated[int, Key, ReferenceTo("User.id")]
    user: ClassVar[Lazy[User]]


@ommi_model(collection=BLOG)
@dataclass
class Tag:
    name: Annotated[str, Key]
    posts: ClassVar[Annotated[LazyList[Post], Through("PostTag")]]


@ommi_model(collection=BLOG)
@dataclass
class PostTag:
    post_id: Annotated[int, Key, ReferenceTo(Post)]
    tag_name: Annotated[str, Key, ReferenceTo(Tag.name)]


@ommi_model(collection=BLOG)
@dataclass
class Follow:
    follower_id: Annotated[int, Key, ReferenceTo(User)]
    followed_id: Annotated[int, Key, ReferenceTo(User)]


@ommi_model(collection=BLOG)
@dataclass
class Hall:
    name: Annotated[str, Key]
    floor: Annotated[int, Key]
    desks: ClassVar[LazyList["Desk"]]


@ommi_model(collection=BLOG)
@dataclass
class Desk:
    hall_name: Annotated[str | None, ReferenceTo(Hall.name)] = None
    hall_floor: Annotated[int | None, ReferenceTo(Hall.floor)] = None
    above_id: Annotated[int | None, ReferenceTo("Desk")] = None
    id: Identity = None
    hall: ClassVar[Lazy[Hall]]
    above: "ClassVar[Lazy[Desk]]"
    below: ClassVar[LazyList["Desk"]]


def relation(model: type, name: str) -> Relation:
    return metadata_of(model).relation(name)


def pairs(found: Relation) -> list[tuple[str, str]]:
    return [(near.name, far.name) for near, far in found.pairs]


def test_a_relation_to_one_goes_by_the_only_reference_to_its_model() -> None:
    for name in ("author", "writer"):
        found = relation(Post, name)

        assert found.owner is metadata_of(Post)
        assert found.target is metadata_of(User)
        assert pairs(found) == [("author_id", "id")]
        assert not found.is_many
        assert not found.is_reversed
        assert not found.is_nullable


def test_of_several_references_the_name_chooses_one() -> None:
    assert pairs(relation(Article, "author")) == [("author_id", "id")]
    assert pairs(relation(Article, "editor")) == [("editor_id", "id")]
    assert relation(Article, "editor").is_nullable


def test_using_chooses_a_reference() -> None:
    assert pairs(relation(Article, "checked_by")) == [("editor_id", "id")]
    assert pairs(relation(User, "edited")) == [("id", "editor_id")]


@pytest.mark.parametrize(
    ("model", "name"), [(Article, "proofreader"), (User, "articles"), (User, "strangers")]
)
def test_several_references_without_a_choice_are_listed(model: type, name: str) -> None:
    with pytest.raises(ModelError) as caught:
        relation(model, name)

    assert caught.value.field == name
    both = ("Follow.follower_id, Follow.followed_id", "Article.author_id, Article.editor_id")
    assert any(text in str(caught.value) for text in both)
    assert "Using(" in str(caught.value)


def test_using_that_names_no_reference_is_refused() -> None:
    with pytest.raises(ModelError, match=r"Article\.misled: .*'id'"):
        relation(Article, "misled")


def test_a_relation_to_many_goes_by_the_reference_back() -> None:
    found = relation(User, "posts")

    assert found.target is metadata_of(Post)
    assert pairs(found) == [("id", "author_id")]
    assert found.is_many
    assert found.is_reversed


def test_a_relation_to_one_without_a_reference_goes_by_the_one_back() -> None:
    found = relation(User, "profile")

    assert pairs(found) == [("id", "user_id")]
    assert not found.is_many
    assert found.is_reversed
    assert found.is_nullable


def test_fields_of_one_reference_stay_together() -> None:
    assert pairs(relation(Desk, "hall")) == [("hall_name", "name"), ("hall_floor", "floor")]
    assert pairs(relation(Hall, "desks")) == [("name", "hall_name"), ("floor", "hall_floor")]
    assert relation(Desk, "hall").is_nullable


def test_a_model_may_refer_to_itself() -> None:
    assert pairs(relation(Desk, "above")) == [("above_id", "id")]
    assert pairs(relation(Desk, "below")) == [("id", "above_id")]


def test_many_to_many_leads_through_an_association() -> None:
    found = relation(Post, "tags")

    assert found.association is not None
    assert found.association.model is metadata_of(PostTag)
    assert pairs(found) == [("id", "post_id")]
    assert [(a.name, b.name) for a, b in found.association.pairs] == [("tag_name", "name")]
    assert pairs(relation(Tag, "posts")) == [("name", "tag_name")]


def test_using_tells_the_sides_of_an_association_of_a_model_with_itself() -> None:
    followed, followers = relation(User, "followed"), relation(User, "followers")

    assert pairs(followed) == [("id", "follower_id")]
    assert pairs(followers) == [("id", "followed_id")]
    assert followers.association is not None
    assert [(a.name, b.name) for a, b in followers.association.pairs] == [("follower_id", "id")]


def test_a_relation_to_a_model_without_any_reference_is_refused() -> None:
    with pytest.raises(ModelError, match=r"Post\.nothing: Tag has no field with ReferenceTo"):
        relation(Post, "nothing")


def test_a_relation_to_a_missing_model_is_refused() -> None:
    with pytest.raises(ModelError, match=r"Post\.nobody: .*'Missing'"):
        relation(Post, "nobody")


def test_a_relation_to_what_is_no_model_is_refused() -> None:
    here = ModelCollection()

    @ommi_model(collection=here)
    @dataclass
    class Odd:
        id: Identity = None
        number: ClassVar[Lazy[int]]
        bare: ClassVar[LazyList]  # type: ignore[type-arg]
        written: "ClassVar[Lazy]"  # type: ignore[type-arg]
        counted: ClassVar[int] = 3
        through: ClassVar[Annotated[Lazy[User], Through("Follow")]]

    assert set(metadata_of(Odd).declared_relations) == {"number", "bare", "written", "through"}
    for name, reason in (
        ("number", "leads to int, which is not a model"),
        ("bare", r"write LazyList\[Model\]"),
        ("written", r"write Lazy\[Model\]"),
        ("through", "is for LazyList"),
    ):
        with pytest.raises(ModelError, match=rf"Odd\.{name}: .*{reason}"):
            relation(Odd, name)


def test_an_unknown_relation_is_refused() -> None:
    with pytest.raises(UnknownField, match="authors"):
        relation(Post, "authors")


def test_the_class_answers_with_its_relations() -> None:
    found: object = User.posts

    assert isinstance(found, RelationReference)
    assert relation_of(found) is relation(User, "posts")
    assert repr(found) == "User.posts"


def test_relations_are_no_fields() -> None:
    assert list(metadata_of(Post).by_name) == ["title", "author_id", "id"]
    assert set(metadata_of(Tag).relations) == {"posts"}


def test_models_of_one_function_find_each_other() -> None:
    here = ModelCollection()

    @ommi_model(collection=here)
    @dataclass
    class Parent:
        id: Identity = None
        children: ClassVar[LazyList["Child"]]

    @ommi_model(collection=here)
    @dataclass
    class Child:
        parent_id: Annotated[int, ReferenceTo(Parent)]
        id: Identity = None
        parent: ClassVar[Lazy[Parent]]

    assert relation(Parent, "children").target is metadata_of(Child)
    assert relation(Child, "parent").target is metadata_of(Parent)


def test_a_registered_class_has_relations_too() -> None:
    here = ModelCollection()

    @dataclass
    class Owner:
        id: Identity = None
        pets: ClassVar[LazyList["Pet"]]

    @dataclass
    class Pet:
        owner_id: Annotated[int, ReferenceTo(Owner)]
        id: Identity = None

    register(Owner, collection=here)
    register(Pet, collection=here)

    assert pairs(relation(Owner, "pets")) == [("id", "owner_id")]
    assert "pets" not in vars(Owner)


def test_what_is_found_is_kept() -> None:
    model: ModelMetadata = metadata_of(Post)

    assert model.relation("author") is model.relation("author")
