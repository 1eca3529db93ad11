"""The exact text of what loads relations, beside the rows in the compliance suite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import pytest

from ommi import Auto, Key, Lazy, ModelCollection, ReferenceTo, fields, ommi_model
from ommi.drivers.mysql.dialect import MySQLDialect
from ommi.drivers.postgresql.dialect import PostgreSQLDialect
from ommi.drivers.sqlite.dialect import DIALECT
from ommi.metadata.model import metadata_of
from ommi.query.statements import Select
from ommi.query.transform import Lifter
from ommi.sql.compiler import SqlCompiler

COLLECTION = ModelCollection()


@ommi_model(collection=COLLECTION, table="users")
@dataclass
class User:
    id: Annotated[int | None, Key | Auto] = None


@ommi_model(collection=COLLECTION, table="posts")
@dataclass
class Post:
    title: str
    author_id: Annotated[int, ReferenceTo(User)]
    id: Annotated[int | None, Key | Auto] = None
    author: ClassVar[Lazy[User]]


P: Any = fields(Post)
PAGE = Select(
    metadata_of(Post),
    P.author_id.in_([1, 2]),
    (P.id.desc,),
    limit=7,
    of_each=(metadata_of(Post).field("author_id"),),
)
DIALECTS = {"sqlite": DIALECT, "postgresql": PostgreSQLDialect(), "mariadb": MySQLDialect()}


def text(store: str, select: Select) -> str:
    compiler = SqlCompiler(DIALECTS[store])
    command: Any = compiler.compile(Lifter().statement(select)).command
    return str(command.text).replace("`", '"')


@pytest.mark.parametrize(
    ("store", "limit"), [("sqlite", "?"), ("postgresql", "$3"), ("mariadb", "?")]
)
def test_a_limit_for_each_owner_numbers_their_rows(store: str, limit: str) -> None:
    found = text(store, PAGE)

    head, _, tail = found.partition(" FROM (SELECT ")
    assert head == 'SELECT "posts"."title", "posts"."author_id", "posts"."id"'
    assert tail.startswith(
        '"posts".*, row_number() OVER (PARTITION BY "posts"."author_id" ORDER BY "posts"."id" DESC'
    )
    assert tail.endswith(
        f') AS "posts" WHERE "posts"."ommi place" <= {limit} ORDER BY "posts"."ommi place"'
    )


def test_an_offset_is_left_out_of_each() -> None:
    found = text("postgresql", PAGE._replace(offset=1))

    assert 'WHERE "posts"."ommi place" > $3 AND "posts"."ommi place" - $4 <= $5 ORDER' in found


def test_an_offset_may_come_alone() -> None:
    found = text("sqlite", PAGE._replace(offset=1, limit=None))

    assert 'WHERE "posts"."ommi place" > ? ORDER' in found


BESIDE = Select(
    metadata_of(Post), P.title == "a", limit=5, beside=(metadata_of(Post).relation("author"),)
)
COLUMNS = '"posts"."title", "posts"."author_id", "posts"."id"'
JOIN = ' LEFT JOIN "users" AS "r1" ON "r1"."id" = "posts"."author_id"'


def test_what_a_page_refers_to_is_joined_to_it() -> None:
    assert text("postgresql", BESIDE) == (
        f'SELECT {COLUMNS}, "r1"."id" FROM (SELECT "posts".* FROM "posts" '
        'WHERE "posts"."title" COLLATE "C" = $1 ORDER BY "posts"."id" LIMIT 5) AS "posts"'
        f'{JOIN} ORDER BY "posts"."id"'
    )


def test_mariadb_sorts_before_it_joins() -> None:
    assert text("mariadb", BESIDE).startswith(
        f'SELECT {COLUMNS}, "r1"."id" FROM "posts"{JOIN} WHERE "posts"."title" = '
    )


def test_without_a_page_it_is_joined_to_all() -> None:
    assert text("sqlite", BESIDE._replace(where=None, limit=None, at_most=2)) == (
        f'SELECT {COLUMNS}, "r1"."id" FROM "posts"{JOIN} LIMIT 2'
    )


def test_a_row_that_was_joined_for_a_condition_is_not_joined_again() -> None:
    asked = BESIDE._replace(where=fields(Post).author.id > 3, limit=None, at_most=2)

    assert text("sqlite", asked).count("JOIN") == 1
