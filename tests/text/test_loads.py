"""The exact text of what loads relations, beside the rows in the compliance suite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import pytest

from ommi import Auto, Key, ModelCollection, ReferenceTo, fields, ommi_model
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
