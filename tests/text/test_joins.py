"""The exact SQL of questions about related rows, on every SQL store, beside the rows they give."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import pytest

from ommi import (
    Auto,
    Key,
    Lazy,
    LazyList,
    Length,
    ModelCollection,
    Ommi,
    ReferenceTo,
    Through,
    ommi_model,
)
from ommi.drivers.mysql.dialect import MariaDBDialect, MySQLDialect
from ommi.drivers.postgresql.dialect import DIALECT as POSTGRESQL_DIALECT
from ommi.drivers.sqlite.dialect import DIALECT as SQLITE_DIALECT
from ommi.metadata.model import metadata_of
from ommi.query.builder import conditions_on
from ommi.query.statements import Delete, Select, Statement, Update
from ommi.query.transform import Lifter
from ommi.sql.compiler import SqlCompiler
from ommi.sql.dialect import Dialect
from services.databases import MYSQL, POSTGRESQL, database_on

COLLECTION = ModelCollection()


@ommi_model(collection=COLLECTION, table="users")
@dataclass
class User:
    name: str
    age: int | None = None
    boss_id: Annotated[int | None, ReferenceTo("User.id")] = None
    id: Annotated[int | None, Key | Auto] = None
    boss: ClassVar[Lazy[User]]
    team: ClassVar[LazyList[User]]
    posts: ClassVar[LazyList[Post]]


@ommi_model(collection=COLLECTION, table="posts")
@dataclass
class Post:
    title: str
    author_id: Annotated[int | None, ReferenceTo(User.id)] = None
    id: Annotated[int | None, Key | Auto] = None
    author: ClassVar[Lazy[User]]
    comments: ClassVar[LazyList[Comment]]
    tags: ClassVar[Annotated[LazyList[Tag], Through("Tagging")]]


@ommi_model(collection=COLLECTION, table="comments")
@dataclass
class Comment:
    text: str
    post_id: Annotated[int, ReferenceTo(Post.id)]
    id: Annotated[int | None, Key | Auto] = None
    post: ClassVar[Lazy[Post]]


@ommi_model(collection=COLLECTION, table="tags")
@dataclass
class Tag:
    name: Annotated[str, Key | Length(20)]


@ommi_model(collection=COLLECTION, table="taggings")
@dataclass
class Tagging:
    post_id: Annotated[int, Key, ReferenceTo(Post.id)]
    tag: Annotated[str, Key, ReferenceTo(Tag.name), Length(20)]


@ommi_model(collection=COLLECTION, table="notes")
@dataclass
class Note:
    """Refers to a key of two fields."""

    post_id: Annotated[int | None, ReferenceTo(Tagging.post_id)]
    tag: Annotated[str | None, ReferenceTo(Tagging.tag), Length(20)]
    id: Annotated[int, Key]
    tagging: ClassVar[Lazy[Tagging]]


ROWS: tuple[list[Any], ...] = (
    [User("ann", 30), User("bob", None, 1), User("cy", 40, 1)],
    [Post("x", 1), Post("y", 1), Post("z", 2), Post("w")],
    [Comment("k", 1), Comment("l", 1), Comment("m", 3)],
    [Tag("t"), Tag("u")],
    [Tagging(1, "t"), Tagging(1, "u"), Tagging(2, "t")],
    [Note(1, "t", 1), Note(2, "t", 2), Note(1, None, 3)],
)


@dataclass
class Case:
    """A question, what its rows are called, and what stands in its text behind the columns."""

    model: type
    conditions: tuple[Any, ...]
    found: str
    sqlite: str
    postgresql: str
    mariadb: str
    order: tuple[Any, ...] = ()


CASES: dict[str, Case] = {
    "the field of the row referred to": Case(
        Post,
        (Post.author.name == "ann",),
        "x y",
        sqlite=(
            '"posts" LEFT JOIN "users" AS "r1" ON "r1"."id" = "posts"."author_id" WHERE '
            '"r1"."name" COLLATE BINARY = ?'
        ),
        postgresql=(
            '"posts" LEFT JOIN "users" AS "r1" ON "r1"."id" = "posts"."author_id" WHERE '
            '"r1"."name" COLLATE "C" = $1'
        ),
        mariadb=(
            "`posts` LEFT JOIN `users` AS `r1` ON `r1`.`id` = `posts`.`author_id` WHERE "
            "`r1`.`name` = ? COLLATE utf8mb4_nopad_bin"
        ),
    ),
    "the rest of it, rows that refer to nothing included": Case(
        Post,
        (~(Post.author.name == "ann"),),
        "w z",
        sqlite=(
            '"posts" LEFT JOIN "users" AS "r1" ON "r1"."id" = "posts"."author_id" WHERE '
            '("r1"."name" COLLATE BINARY <> ? OR "r1"."name" IS NULL)'
        ),
        postgresql=(
            '"posts" LEFT JOIN "users" AS "r1" ON "r1"."id" = "posts"."author_id" WHERE '
            '("r1"."name" COLLATE "C" <> $1 OR "r1"."name" IS NULL)'
        ),
        mariadb=(
            "`posts` LEFT JOIN `users` AS `r1` ON `r1`.`id` = `posts`.`author_id` WHERE "
            "(`r1`.`name` <> ? COLLATE utf8mb4_nopad_bin OR `r1`.`name` IS NULL)"
        ),
    ),
    "another model by its name": Case(
        Post,
        (User.name == "ann",),
        "x y",
        sqlite=(
            '"posts" WHERE EXISTS (SELECT 1 FROM "users" AS "r1" WHERE "r1"."id" = '
            '"posts"."author_id" AND "r1"."name" COLLATE BINARY = ?)'
        ),
        postgresql=(
            '"posts" WHERE EXISTS (SELECT 1 FROM "users" AS "r1" WHERE "r1"."id" = '
            '"posts"."author_id" AND "r1"."name" COLLATE "C" = $1)'
        ),
        mariadb=(
            "`posts` WHERE EXISTS (SELECT 1 FROM `users` AS `r1` WHERE `r1`.`id` = "
            "`posts`.`author_id` AND `r1`.`name` = ? COLLATE utf8mb4_nopad_bin)"
        ),
    ),
    "the rest of that": Case(
        Post,
        (~(User.name == "ann"),),
        "w z",
        sqlite=(
            '"posts" WHERE NOT EXISTS (SELECT 1 FROM "users" AS "r1" WHERE "r1"."id" = '
            '"posts"."author_id" AND "r1"."name" COLLATE BINARY = ?)'
        ),
        postgresql=(
            '"posts" WHERE NOT EXISTS (SELECT 1 FROM "users" AS "r1" WHERE "r1"."id" = '
            '"posts"."author_id" AND "r1"."name" COLLATE "C" = $1)'
        ),
        mariadb=(
            "`posts` WHERE NOT EXISTS (SELECT 1 FROM `users` AS `r1` WHERE `r1`.`id` = "
            "`posts`.`author_id` AND `r1`.`name` = ? COLLATE utf8mb4_nopad_bin)"
        ),
    ),
    "another value of a row that is there": Case(
        Post,
        (User.name != "ann",),
        "z",
        sqlite=(
            '"posts" WHERE EXISTS (SELECT 1 FROM "users" AS "r1" WHERE "r1"."id" = '
            '"posts"."author_id" AND ("r1"."name" COLLATE BINARY <> ? OR "r1"."name" IS NULL))'
        ),
        postgresql=(
            '"posts" WHERE EXISTS (SELECT 1 FROM "users" AS "r1" WHERE "r1"."id" = '
            '"posts"."author_id" AND ("r1"."name" COLLATE "C" <> $1 OR "r1"."name" IS NULL))'
        ),
        mariadb=(
            "`posts` WHERE EXISTS (SELECT 1 FROM `users` AS `r1` WHERE `r1`.`id` = "
            "`posts`.`author_id` AND (`r1`.`name` <> ? COLLATE utf8mb4_nopad_bin OR "
            "`r1`.`name` IS NULL))"
        ),
    ),
    "many rows by their model's name": Case(
        User,
        (Post.title == "x",),
        "ann",
        sqlite=(
            '"users" WHERE EXISTS (SELECT 1 FROM "posts" AS "r1" WHERE "r1"."author_id" = '
            '"users"."id" AND "r1"."title" COLLATE BINARY = ?)'
        ),
        postgresql=(
            '"users" WHERE EXISTS (SELECT 1 FROM "posts" AS "r1" WHERE "r1"."author_id" = '
            '"users"."id" AND "r1"."title" COLLATE "C" = $1)'
        ),
        mariadb=(
            "`users` WHERE EXISTS (SELECT 1 FROM `posts` AS `r1` WHERE `r1`.`author_id` = "
            "`users`.`id` AND `r1`.`title` = ? COLLATE utf8mb4_nopad_bin)"
        ),
    ),
    "one row for two conditions, another for what is behind it": Case(
        User,
        ((Post.title == "x") & (Comment.text == "k"),),
        "ann",
        sqlite=(
            '"users" WHERE EXISTS (SELECT 1 FROM "posts" AS "r1" WHERE "r1"."author_id" = '
            '"users"."id" AND ("r1"."title" COLLATE BINARY = ? AND EXISTS (SELECT 1 FROM '
            '"comments" AS "r2" WHERE "r2"."post_id" = "r1"."id" AND "r2"."text" COLLATE '
            "BINARY = ?)))"
        ),
        postgresql=(
            '"users" WHERE EXISTS (SELECT 1 FROM "posts" AS "r1" WHERE "r1"."author_id" = '
            '"users"."id" AND ("r1"."title" COLLATE "C" = $1 AND EXISTS (SELECT 1 FROM '
            '"comments" AS "r2" WHERE "r2"."post_id" = "r1"."id" AND "r2"."text" COLLATE "C" = '
            "$2)))"
        ),
        mariadb=(
            "`users` WHERE EXISTS (SELECT 1 FROM `posts` AS `r1` WHERE `r1`.`author_id` = "
            "`users`.`id` AND (`r1`.`title` = ? COLLATE utf8mb4_nopad_bin AND EXISTS (SELECT 1 "
            "FROM `comments` AS `r2` WHERE `r2`.`post_id` = `r1`.`id` AND `r2`.`text` = ? "
            "COLLATE utf8mb4_nopad_bin)))"
        ),
    ),
    "several references on": Case(
        Comment,
        (User.name == "ann",),
        "k l",
        sqlite=(
            '"comments" WHERE EXISTS (SELECT 1 FROM "posts" AS "r1" JOIN "users" AS "r2" ON '
            '"r2"."id" = "r1"."author_id" WHERE "r1"."id" = "comments"."post_id" AND '
            '"r2"."name" COLLATE BINARY = ?)'
        ),
        postgresql=(
            '"comments" WHERE EXISTS (SELECT 1 FROM "posts" AS "r1" JOIN "users" AS "r2" ON '
            '"r2"."id" = "r1"."author_id" WHERE "r1"."id" = "comments"."post_id" AND '
            '"r2"."name" COLLATE "C" = $1)'
        ),
        mariadb=(
            "`comments` WHERE EXISTS (SELECT 1 FROM `posts` AS `r1` JOIN `users` AS `r2` ON "
            "`r2`.`id` = `r1`.`author_id` WHERE `r1`.`id` = `comments`.`post_id` AND "
            "`r2`.`name` = ? COLLATE utf8mb4_nopad_bin)"
        ),
    ),
    "either of two models": Case(
        User,
        ((Post.title == "z") | (User.age == 40),),
        "bob cy",
        sqlite=(
            '"users" WHERE (EXISTS (SELECT 1 FROM "posts" AS "r1" WHERE "r1"."author_id" = '
            '"users"."id" AND "r1"."title" COLLATE BINARY = ?) OR "users"."age" = ?)'
        ),
        postgresql=(
            '"users" WHERE (EXISTS (SELECT 1 FROM "posts" AS "r1" WHERE "r1"."author_id" = '
            '"users"."id" AND "r1"."title" COLLATE "C" = $1) OR "users"."age" = $2)'
        ),
        mariadb=(
            "`users` WHERE (EXISTS (SELECT 1 FROM `posts` AS `r1` WHERE `r1`.`author_id` = "
            "`users`.`id` AND `r1`.`title` = ? COLLATE utf8mb4_nopad_bin) OR `users`.`age` = ?)"
        ),
    ),
    "what holds without a row": Case(
        User,
        (((Post.title == "x") | (User.age == 40)) & ((Post.title == "y") | (User.name == "cy")),),
        "cy",
        sqlite=(
            '"users" WHERE (EXISTS (SELECT 1 FROM "posts" AS "r1" WHERE "r1"."author_id" = '
            '"users"."id" AND (("r1"."title" COLLATE BINARY = ? OR "users"."age" = ?) AND '
            '("r1"."title" COLLATE BINARY = ? OR "users"."name" COLLATE BINARY = ?))) OR '
            '("users"."age" = ? AND "users"."name" COLLATE BINARY = ?))'
        ),
        postgresql=(
            '"users" WHERE (EXISTS (SELECT 1 FROM "posts" AS "r1" WHERE "r1"."author_id" = '
            '"users"."id" AND (("r1"."title" COLLATE "C" = $1 OR "users"."age" = $2) AND '
            '("r1"."title" COLLATE "C" = $3 OR "users"."name" COLLATE "C" = $4))) OR '
            '("users"."age" = $5 AND "users"."name" COLLATE "C" = $6))'
        ),
        mariadb=(
            "`users` WHERE (EXISTS (SELECT 1 FROM `posts` AS `r1` WHERE `r1`.`author_id` = "
            "`users`.`id` AND ((`r1`.`title` = ? COLLATE utf8mb4_nopad_bin OR `users`.`age` = "
            "?) AND (`r1`.`title` = ? COLLATE utf8mb4_nopad_bin OR `users`.`name` = ? COLLATE "
            "utf8mb4_nopad_bin))) OR (`users`.`age` = ? AND `users`.`name` = ? COLLATE "
            "utf8mb4_nopad_bin))"
        ),
    ),
    "a field of one row beside a field of another": Case(
        User,
        (User.boss.age < User.age,),
        "cy",
        sqlite=(
            '"users" LEFT JOIN "users" AS "r1" ON "r1"."id" = "users"."boss_id" WHERE '
            '("r1"."age" < "users"."age")'
        ),
        postgresql=(
            '"users" LEFT JOIN "users" AS "r1" ON "r1"."id" = "users"."boss_id" WHERE '
            '("r1"."age" < "users"."age")'
        ),
        mariadb=(
            "`users` LEFT JOIN `users` AS `r1` ON `r1`.`id` = `users`.`boss_id` WHERE "
            "(`r1`.`age` < `users`.`age`)"
        ),
    ),
    "any": Case(
        User,
        (User.posts.any(Post.title > "x"),),
        "ann bob",
        sqlite=(
            '"users" WHERE EXISTS (SELECT 1 FROM "posts" AS "r1" WHERE "r1"."author_id" = '
            '"users"."id" AND "r1"."title" COLLATE BINARY > ?)'
        ),
        postgresql=(
            '"users" WHERE EXISTS (SELECT 1 FROM "posts" AS "r1" WHERE "r1"."author_id" = '
            '"users"."id" AND "r1"."title" COLLATE "C" > $1)'
        ),
        mariadb=(
            "`users` WHERE EXISTS (SELECT 1 FROM `posts` AS `r1` WHERE `r1`.`author_id` = "
            "`users`.`id` AND `r1`.`title` > ? COLLATE utf8mb4_nopad_bin)"
        ),
    ),
    "none": Case(
        User,
        (User.posts.none(),),
        "cy",
        sqlite=(
            '"users" WHERE NOT EXISTS (SELECT 1 FROM "posts" AS "r1" WHERE "r1"."author_id" = '
            '"users"."id")'
        ),
        postgresql=(
            '"users" WHERE NOT EXISTS (SELECT 1 FROM "posts" AS "r1" WHERE "r1"."author_id" = '
            '"users"."id")'
        ),
        mariadb=(
            "`users` WHERE NOT EXISTS (SELECT 1 FROM `posts` AS `r1` WHERE `r1`.`author_id` = "
            "`users`.`id`)"
        ),
    ),
    "all": Case(
        User,
        (User.posts.all(Post.title > "x"),),
        "bob cy",
        sqlite=(
            '"users" WHERE NOT EXISTS (SELECT 1 FROM "posts" AS "r1" WHERE "r1"."author_id" = '
            '"users"."id" AND ("r1"."title" COLLATE BINARY <= ? OR "r1"."title" IS NULL))'
        ),
        postgresql=(
            '"users" WHERE NOT EXISTS (SELECT 1 FROM "posts" AS "r1" WHERE "r1"."author_id" = '
            '"users"."id" AND ("r1"."title" COLLATE "C" <= $1 OR "r1"."title" IS NULL))'
        ),
        mariadb=(
            "`users` WHERE NOT EXISTS (SELECT 1 FROM `posts` AS `r1` WHERE `r1`.`author_id` = "
            "`users`.`id` AND (`r1`.`title` <= ? COLLATE utf8mb4_nopad_bin OR `r1`.`title` IS "
            "NULL))"
        ),
    ),
    "an outer row in a lambda": Case(
        User,
        (lambda u: u.team.any(lambda t: t.age > u.age),),
        "ann",
        sqlite=(
            '"users" WHERE EXISTS (SELECT 1 FROM "users" AS "r1" WHERE "r1"."boss_id" = '
            '"users"."id" AND ("r1"."age" > "users"."age"))'
        ),
        postgresql=(
            '"users" WHERE EXISTS (SELECT 1 FROM "users" AS "r1" WHERE "r1"."boss_id" = '
            '"users"."id" AND ("r1"."age" > "users"."age"))'
        ),
        mariadb=(
            "`users` WHERE EXISTS (SELECT 1 FROM `users` AS `r1` WHERE `r1`.`boss_id` = "
            "`users`.`id` AND (`r1`.`age` > `users`.`age`))"
        ),
    ),
    "any through an association": Case(
        Post,
        (Post.tags.any(Tag.name == "t"),),
        "x y",
        sqlite=(
            '"posts" WHERE EXISTS (SELECT 1 FROM "taggings" AS "r1" JOIN "tags" AS "r2" ON '
            '"r2"."name" COLLATE BINARY = "r1"."tag" COLLATE BINARY WHERE "r1"."post_id" = '
            '"posts"."id" AND "r2"."name" COLLATE BINARY = ?)'
        ),
        postgresql=(
            '"posts" WHERE EXISTS (SELECT 1 FROM "taggings" AS "r1" JOIN "tags" AS "r2" ON '
            '"r2"."name" COLLATE "C" = "r1"."tag" COLLATE "C" WHERE "r1"."post_id" = '
            '"posts"."id" AND "r2"."name" COLLATE "C" = $1)'
        ),
        mariadb=(
            "`posts` WHERE EXISTS (SELECT 1 FROM `taggings` AS `r1` JOIN `tags` AS `r2` ON "
            "`r2`.`name` = `r1`.`tag` WHERE `r1`.`post_id` = `posts`.`id` AND `r2`.`name` = ? "
            "COLLATE utf8mb4_nopad_bin)"
        ),
    ),
    "a field of the association": Case(
        Post,
        (Post.tags.any(Tagging.tag != Tag.name),),
        "",
        sqlite=(
            '"posts" WHERE EXISTS (SELECT 1 FROM "taggings" AS "r1" JOIN "tags" AS "r2" ON '
            '"r2"."name" COLLATE BINARY = "r1"."tag" COLLATE BINARY WHERE "r1"."post_id" = '
            '"posts"."id" AND (NOT ("r1"."tag" COLLATE BINARY IS "r2"."name" COLLATE BINARY)))'
        ),
        postgresql=(
            '"posts" WHERE EXISTS (SELECT 1 FROM "taggings" AS "r1" JOIN "tags" AS "r2" ON '
            '"r2"."name" COLLATE "C" = "r1"."tag" COLLATE "C" WHERE "r1"."post_id" = '
            '"posts"."id" AND (NOT ("r1"."tag" COLLATE "C" IS NOT DISTINCT FROM "r2"."name" '
            'COLLATE "C")))'
        ),
        mariadb=(
            "`posts` WHERE EXISTS (SELECT 1 FROM `taggings` AS `r1` JOIN `tags` AS `r2` ON "
            "`r2`.`name` = `r1`.`tag` WHERE `r1`.`post_id` = `posts`.`id` AND (NOT (`r1`.`tag` "
            "<=> `r2`.`name`)))"
        ),
    ),
    "any in any": Case(
        User,
        (User.posts.any(Post.comments.none()),),
        "ann",
        sqlite=(
            '"users" WHERE EXISTS (SELECT 1 FROM "posts" AS "r1" WHERE "r1"."author_id" = '
            '"users"."id" AND NOT EXISTS (SELECT 1 FROM "comments" AS "r2" WHERE '
            '"r2"."post_id" = "r1"."id"))'
        ),
        postgresql=(
            '"users" WHERE EXISTS (SELECT 1 FROM "posts" AS "r1" WHERE "r1"."author_id" = '
            '"users"."id" AND NOT EXISTS (SELECT 1 FROM "comments" AS "r2" WHERE '
            '"r2"."post_id" = "r1"."id"))'
        ),
        mariadb=(
            "`users` WHERE EXISTS (SELECT 1 FROM `posts` AS `r1` WHERE `r1`.`author_id` = "
            "`users`.`id` AND NOT EXISTS (SELECT 1 FROM `comments` AS `r2` WHERE "
            "`r2`.`post_id` = `r1`.`id`))"
        ),
    ),
    "a count": Case(
        User,
        (User.posts.count() > 1,),
        "ann",
        sqlite=(
            '"users" WHERE (SELECT count(*) FROM "posts" AS "r1" WHERE "r1"."author_id" = '
            '"users"."id") > ?'
        ),
        postgresql=(
            '"users" WHERE (SELECT count(*) FROM "posts" AS "r1" WHERE "r1"."author_id" = '
            '"users"."id") > $1'
        ),
        mariadb=(
            "`users` WHERE (SELECT count(*) FROM `posts` AS `r1` WHERE `r1`.`author_id` = "
            "`users`.`id`) > ?"
        ),
    ),
    "the rest of a count": Case(
        User,
        (~(User.posts.count(Post.title != "x") >= 1),),
        "cy",
        sqlite=(
            '"users" WHERE (SELECT count(*) FROM "posts" AS "r1" WHERE "r1"."author_id" = '
            '"users"."id" AND ("r1"."title" COLLATE BINARY <> ? OR "r1"."title" IS NULL)) < ?'
        ),
        postgresql=(
            '"users" WHERE (SELECT count(*) FROM "posts" AS "r1" WHERE "r1"."author_id" = '
            '"users"."id" AND ("r1"."title" COLLATE "C" <> $1 OR "r1"."title" IS NULL)) < $2'
        ),
        mariadb=(
            "`users` WHERE (SELECT count(*) FROM `posts` AS `r1` WHERE `r1`.`author_id` = "
            "`users`.`id` AND (`r1`.`title` <> ? COLLATE utf8mb4_nopad_bin OR `r1`.`title` IS "
            "NULL)) < ?"
        ),
    ),
    "a count through an association": Case(
        Post,
        (Post.tags.count() == 2,),
        "x",
        sqlite=(
            '"posts" WHERE (SELECT count(*) FROM "taggings" AS "r1" JOIN "tags" AS "r2" ON '
            '"r2"."name" COLLATE BINARY = "r1"."tag" COLLATE BINARY WHERE "r1"."post_id" = '
            '"posts"."id") = ?'
        ),
        postgresql=(
            '"posts" WHERE (SELECT count(*) FROM "taggings" AS "r1" JOIN "tags" AS "r2" ON '
            '"r2"."name" COLLATE "C" = "r1"."tag" COLLATE "C" WHERE "r1"."post_id" = '
            '"posts"."id") = $1'
        ),
        mariadb=(
            "`posts` WHERE (SELECT count(*) FROM `taggings` AS `r1` JOIN `tags` AS `r2` ON "
            "`r2`.`name` = `r1`.`tag` WHERE `r1`.`post_id` = `posts`.`id`) = ?"
        ),
    ),
    "a count behind a reference": Case(
        Post,
        (Post.author.posts.count() == 2,),
        "x y",
        sqlite=(
            '"posts" LEFT JOIN "users" AS "r1" ON "r1"."id" = "posts"."author_id" WHERE '
            '(SELECT count(*) FROM "posts" AS "r2" WHERE "r2"."author_id" = "r1"."id") = ?'
        ),
        postgresql=(
            '"posts" LEFT JOIN "users" AS "r1" ON "r1"."id" = "posts"."author_id" WHERE '
            '(SELECT count(*) FROM "posts" AS "r2" WHERE "r2"."author_id" = "r1"."id") = $1'
        ),
        mariadb=(
            "`posts` LEFT JOIN `users` AS `r1` ON `r1`.`id` = `posts`.`author_id` WHERE "
            "(SELECT count(*) FROM `posts` AS `r2` WHERE `r2`.`author_id` = `r1`.`id`) = ?"
        ),
    ),
    "an absent row": Case(
        Post,
        (Post.author.is_null(),),
        "w",
        sqlite=(
            '"posts" WHERE NOT EXISTS (SELECT 1 FROM "users" AS "r1" WHERE "r1"."id" = '
            '"posts"."author_id")'
        ),
        postgresql=(
            '"posts" WHERE NOT EXISTS (SELECT 1 FROM "users" AS "r1" WHERE "r1"."id" = '
            '"posts"."author_id")'
        ),
        mariadb=(
            "`posts` WHERE NOT EXISTS (SELECT 1 FROM `users` AS `r1` WHERE `r1`.`id` = "
            "`posts`.`author_id`)"
        ),
    ),
    "a composite reference": Case(
        Note,
        (Note.tagging.tag == "t",),
        "1 2",
        sqlite=(
            '"notes" LEFT JOIN "taggings" AS "r1" ON "r1"."post_id" = "notes"."post_id" AND '
            '"r1"."tag" COLLATE BINARY = "notes"."tag" COLLATE BINARY WHERE "r1"."tag" COLLATE '
            "BINARY = ?"
        ),
        postgresql=(
            '"notes" LEFT JOIN "taggings" AS "r1" ON "r1"."post_id" = "notes"."post_id" AND '
            '"r1"."tag" COLLATE "C" = "notes"."tag" COLLATE "C" WHERE "r1"."tag" COLLATE "C" = '
            "$1"
        ),
        mariadb=(
            "`notes` LEFT JOIN `taggings` AS `r1` ON `r1`.`post_id` = `notes`.`post_id` AND "
            "`r1`.`tag` = `notes`.`tag` WHERE `r1`.`tag` = ? COLLATE utf8mb4_nopad_bin"
        ),
    ),
    "rows behind a composite reference": Case(
        Note,
        (Post.title == "x",),
        "1",
        sqlite=(
            '"notes" WHERE EXISTS (SELECT 1 FROM "taggings" AS "r1" JOIN "posts" AS "r2" ON '
            '"r2"."id" = "r1"."post_id" WHERE "r1"."post_id" = "notes"."post_id" AND '
            '"r1"."tag" COLLATE BINARY = "notes"."tag" COLLATE BINARY AND "r2"."title" COLLATE '
            "BINARY = ?)"
        ),
        postgresql=(
            '"notes" WHERE EXISTS (SELECT 1 FROM "taggings" AS "r1" JOIN "posts" AS "r2" ON '
            '"r2"."id" = "r1"."post_id" WHERE "r1"."post_id" = "notes"."post_id" AND '
            '"r1"."tag" COLLATE "C" = "notes"."tag" COLLATE "C" AND "r2"."title" COLLATE "C" = '
            "$1)"
        ),
        mariadb=(
            "`notes` WHERE EXISTS (SELECT 1 FROM `taggings` AS `r1` JOIN `posts` AS `r2` ON "
            "`r2`.`id` = `r1`.`post_id` WHERE `r1`.`post_id` = `notes`.`post_id` AND "
            "`r1`.`tag` = `notes`.`tag` AND `r2`.`title` = ? COLLATE utf8mb4_nopad_bin)"
        ),
    ),
    "ordered by the field of another row": Case(
        Post,
        (),
        "w x y z",
        sqlite=(
            '"posts" LEFT JOIN "users" AS "r1" ON "r1"."id" = "posts"."author_id" ORDER BY '
            '"r1"."name" COLLATE BINARY, "posts"."title" COLLATE BINARY'
        ),
        postgresql=(
            '"posts" LEFT JOIN "users" AS "r1" ON "r1"."id" = "posts"."author_id" ORDER BY '
            '"r1"."name" COLLATE "C" NULLS FIRST, "posts"."title" COLLATE "C"'
        ),
        mariadb=(
            "`posts` LEFT JOIN `users` AS `r1` ON `r1`.`id` = `posts`.`author_id` ORDER BY "
            "IF(CHAR_LENGTH(`r1`.`name`) > 5461, 9223372036854775807 + "
            "CHAR_LENGTH(`r1`.`name`), `r1`.`name`) COLLATE utf8mb4_nopad_bin, "
            "IF(CHAR_LENGTH(`posts`.`title`) > 5461, 9223372036854775807 + "
            "CHAR_LENGTH(`posts`.`title`), `posts`.`title`) COLLATE utf8mb4_nopad_bin"
        ),
        order=(Post.author.name, Post.title),
    ),
    "ordered by a count": Case(
        User,
        (),
        "ann bob cy",
        sqlite=(
            '"users" ORDER BY (SELECT count(*) FROM "posts" AS "r1" WHERE "r1"."author_id" = '
            '"users"."id") DESC, "users"."name" COLLATE BINARY DESC'
        ),
        postgresql=(
            '"users" ORDER BY (SELECT count(*) FROM "posts" AS "r1" WHERE "r1"."author_id" = '
            '"users"."id") DESC, "users"."name" COLLATE "C" DESC'
        ),
        mariadb=(
            "`users` ORDER BY (SELECT count(*) FROM `posts` AS `r1` WHERE `r1`.`author_id` = "
            "`users`.`id`) DESC, IF(CHAR_LENGTH(`users`.`name`) > 5461, 9223372036854775807 + "
            "CHAR_LENGTH(`users`.`name`), `users`.`name`) COLLATE utf8mb4_nopad_bin DESC"
        ),
        order=(User.posts.count().desc, User.name.desc),
    ),
}
DIALECTS: dict[str, Dialect] = {
    "sqlite": SQLITE_DIALECT,
    "postgresql": POSTGRESQL_DIALECT,
    "mariadb": MariaDBDialect(),
}


def text_of(statement: Statement, dialect: Dialect) -> str:
    compiled = SqlCompiler(dialect).compile(Lifter().statement(statement))
    return SqlCompiler(dialect).text(compiled.command)


def select(case: Case) -> Select:
    found = Ommi("memory://").query(case.model, *case.conditions).order_by(*case.order)
    return found._select


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("store", DIALECTS)
def test_a_question_has_this_text(store: str, case: Case) -> None:
    text = text_of(select(case), DIALECTS[store])

    assert text.partition(" FROM ")[2] == getattr(case, store)


@pytest.fixture(scope="module")
def databases() -> Iterator[Callable[[Any], Any]]:
    with (
        database_on(POSTGRESQL) as postgresql,
        database_on(MYSQL) as mysql,
        asyncio.Runner() as runner,
    ):
        stores = [Ommi(url) for url in ("memory://", "sqlite://", postgresql, mysql)]
        for store in stores:
            runner.run(filled(store))
        yield lambda ask: [runner.run(ask(store)) for store in stores]
        for store in stores:
            runner.run(store.close())


async def filled(store: Ommi) -> None:
    await store.open()
    await store.use_models(COLLECTION)
    for rows in ROWS:
        for row in rows:
            await store.add(row.__class__(**vars(row))).or_raise()


def name_of(row: Any) -> str:
    return str(next(iter(vars(row).values()))) if not isinstance(row, Note) else str(row.id)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_question_gives_these_rows(databases: Callable[[Any], Any], case: Case) -> None:
    async def ask(store: Ommi) -> str:
        found = await store.query(case.model, *case.conditions).order_by(*case.order).fetch_all()
        names = [name_of(row) for row in found]
        return " ".join(names if case.order else sorted(names))

    assert databases(ask) == [case.found] * 4


def written(statement: Statement) -> dict[str, str]:
    return {name: text_of(statement, dialect) for name, dialect in DIALECTS.items()}


def update(model: type, changes: dict[str, Any], *conditions: Any) -> Update:
    metadata = metadata_of(model)
    changed = tuple((metadata.field(name), value) for name, value in changes.items())
    return Update(metadata, changed, conditions_on(metadata, conditions))


def delete(model: type, *conditions: Any) -> Delete:
    return Delete(metadata_of(model), conditions_on(metadata_of(model), conditions))


def test_an_update_asks_its_own_row_again_and_others_by_key() -> None:
    statement = update(Post, {"title": "new"}, Post.title == "x", Post.author.name == "ann")

    assert written(statement) == {
        "sqlite": (
            'UPDATE "posts" SET "title" = ? WHERE "posts"."title" COLLATE BINARY = ? AND '
            '"posts"."id" IN (SELECT "posts"."id" FROM "posts" LEFT JOIN "users" AS "r1" ON '
            '"r1"."id" = "posts"."author_id" WHERE "r1"."name" COLLATE BINARY = ?)'
        ),
        "postgresql": (
            'UPDATE "posts" SET "title" = $1 WHERE "posts"."title" COLLATE "C" = $2 AND '
            '"posts"."id" IN (SELECT "posts"."id" FROM "posts" LEFT JOIN "users" AS "r1" ON '
            '"r1"."id" = "posts"."author_id" WHERE "r1"."name" COLLATE "C" = $3)'
        ),
        "mariadb": (
            "UPDATE `posts` SET `title` = ? WHERE `posts`.`title` = ? COLLATE utf8mb4_nopad_bin "
            "AND `posts`.`id` IN (SELECT * FROM (SELECT DISTINCT `posts`.`id` FROM `posts` LEFT "
            "JOIN `users` AS `r1` ON `r1`.`id` = `posts`.`author_id` WHERE `r1`.`name` = ? "
            "COLLATE utf8mb4_nopad_bin) AS found)"
        ),
    }


def test_a_delete_goes_by_all_fields_of_a_key() -> None:
    assert written(delete(Tagging, Post.title == "x")) == {
        "sqlite": (
            'DELETE FROM "taggings" WHERE ("taggings"."post_id", "taggings"."tag") IN (SELECT '
            '"taggings"."post_id", "taggings"."tag" FROM "taggings" WHERE EXISTS (SELECT 1 FROM '
            '"posts" AS "r1" WHERE "r1"."id" = "taggings"."post_id" AND "r1"."title" COLLATE '
            "BINARY = ?))"
        ),
        "postgresql": (
            'DELETE FROM "taggings" WHERE ("taggings"."post_id", "taggings"."tag") IN (SELECT '
            '"taggings"."post_id", "taggings"."tag" FROM "taggings" WHERE EXISTS (SELECT 1 FROM '
            '"posts" AS "r1" WHERE "r1"."id" = "taggings"."post_id" AND "r1"."title" COLLATE "C" '
            "= $1))"
        ),
        "mariadb": (
            "DELETE FROM `taggings` WHERE (`taggings`.`post_id`, `taggings`.`tag`) IN (SELECT * "
            "FROM (SELECT DISTINCT `taggings`.`post_id`, `taggings`.`tag` FROM `taggings` WHERE "
            "EXISTS (SELECT 1 FROM `posts` AS `r1` WHERE `r1`.`id` = `taggings`.`post_id` AND "
            "`r1`.`title` = ? COLLATE utf8mb4_nopad_bin)) AS found)"
        ),
    }


def test_writes_reach_these_rows(databases: Callable[[Any], Any]) -> None:
    async def ask(store: Ommi) -> tuple[int, int, int]:
        changed = await store.query(User, User.boss.name == "ann", User.age.is_not_null()).update(
            age=41
        )
        back = await store.query(User, User.boss.team.count() == 2, User.name == "cy").update(
            age=40
        )
        gone = await store.query(Note, Note.tagging.tag == "nothing").delete()
        return changed, back, gone

    assert databases(ask) == [(1, 1, 0)] * 4


def test_mysql_does_not_read_the_table_that_it_writes() -> None:
    text = text_of(delete(User, User.boss.name == "ann"), MySQLDialect())

    assert "IN (SELECT * FROM (SELECT DISTINCT `users`.`id` FROM `users` LEFT JOIN" in text


def test_a_table_may_have_the_name_that_an_alias_would() -> None:
    collection = ModelCollection()

    @ommi_model(collection=collection, table="R1")
    @dataclass
    class Node:
        name: str
        parent_id: Annotated[int | None, ReferenceTo("Node.id")] = None
        id: Annotated[int | None, Key | Auto] = None
        parent: ClassVar[Lazy[Node]]

    text = Ommi("sqlite://").query(Node).order_by(Node.parent.name).sql()

    assert 'FROM "R1" LEFT JOIN "R1" AS "r2" ON "r2"."id" = "R1"."parent_id"' in text
