"""What exactly is said to Redis: where rows are looked for, and what is written with one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import pytest

from ommi import Auto, Index, IndexTogether, Key, ModelCollection, ReferenceTo, Unique, ommi_model
from ommi.drivers.redis.access import access
from ommi.drivers.redis.compiler import RedisCommand, RedisCompiler
from ommi.drivers.redis.introspection import StoredTable, catalogue, read, written
from ommi.drivers.redis.names import Names
from ommi.drivers.redis.pending import Writes
from ommi.drivers.redis.rules import lay, take
from ommi.drivers.redis.values import decoded, encoded, identity
from ommi.metadata.model import metadata_of
from ommi.planning.plan import Compiled
from ommi.query.builder import when
from ommi.query.statements import Select
from ommi.query.transform import Lifter
from ommi.schema.snapshot import table_of

COLLECTION = ModelCollection()


@ommi_model(collection=COLLECTION)
@dataclass
class Team:
    code: Annotated[str, Key]


@ommi_model(IndexTogether("role", "age"), collection=COLLECTION)
@dataclass
class Member:
    name: Annotated[str, Unique]
    role: Annotated[str | None, Index]
    age: Annotated[int, Index]
    team: Annotated[str | None, ReferenceTo(Team.code)] = None
    id: Annotated[int | None, Key | Auto] = None


TABLES = [table_of(metadata_of(model)) for model in (Team, Member)]
KNOWN = catalogue(b"1", [p for t in TABLES for p in (t.name.encode(), written(t))], Names("p"))
MEMBER = KNOWN.table("Member")
ROW = {"name": "A", "role": "x", "age": 3, "team": None, "id": 7}


def way(condition: object, table: StoredTable = MEMBER) -> tuple[bytes, ...]:
    select = Select(metadata_of(Member), when(condition))
    values: list[object] = []
    select.shape(values)
    compiled: Compiled = RedisCompiler().compile(Lifter().statement(select))
    command: Any = compiled.command
    assert isinstance(command, RedisCommand)
    found = access(table, command.bounds, values)
    return found.how, *found.what


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (Member.id == 7, (b"keys", b"7")),
        (Member.id.in_([7, 8, 7]), (b"keys", b"7", b"8")),
        (Member.id.in_([]), (b"keys",)),
        (Member.name == 'A"\n', (b"unique", b"p:unique:Member_name_unique", rb'"A\"\n"')),
        (
            Member.role == "x",
            (b"equal", b"p:equal:Member_role_index", b'["x"\0', b'("x"\x01'),
        ),
        (
            Member.role.is_null(),
            (b"equal", b"p:equal:Member_role_index", b"[null\0", b"(null\x01"),
        ),
        (
            Member.team == "T",
            (b"equal", b"p:equal:Member%2Fteam", b'["T"\0', b'("T"\x01'),
        ),
        (Member.age > 3, (b"score", b"p:range:Member_age_index", b"3.0", b"+inf")),
        (Member.age.between(2, 5), (b"score", b"p:range:Member_age_index", b"2.0", b"5.0")),
        (
            Member.role.starts_with("a*"),
            (b"text", b"p:range:Member_role_index", b"[a*", b"(a*\xff"),
        ),
        (Member.role < "b", (b"text", b"p:range:Member_role_index", b"[", b"(b\x01")),
        ((Member.id == 7) & (Member.age > 3), (b"keys", b"7")),
        (~(Member.age > 3), (b"all",)),
        ((Member.id == 7) | (Member.age > 3), (b"all",)),
        (Member.age + 1 == 3, (b"all",)),
        (Member.name.contains("A"), (b"all",)),
        (Member.id != 7, (b"all",)),
    ],
)
def test_where_rows_are_looked_for(condition: object, said: tuple[bytes, ...]) -> None:
    assert way(condition) == said


def test_a_row_is_written_with_its_places_in_every_index() -> None:
    writes = Writes()
    lay(writes, MEMBER, ROW, b"7", encoded(ROW))

    assert list(writes.arguments()) == [
        b"set", b"p:rows:Member", b"7", b'{"name":"A","role":"x","age":3,"team":null,"id":7}',
        b"set", b"p:unique:Member_name_unique", b'"A"', b"7",
        b"rank", b"p:equal:Member_role_index", b'"x"\x007', b"0",
        b"rank", b"p:equal:Member_age_index", b"3\x007", b"0",
        b"rank", b"p:equal:Member_role_age_index", b'"x",3\x007', b"0",
        b"rank", b"p:equal:Member%2Fteam", b"null\x007", b"0",
        b"rank", b"p:range:Member_name_unique", b"A\x007", b"0",
        b"rank", b"p:range:Member_role_index", b"x\x007", b"0",
        b"rank", b"p:range:Member_age_index", b"7", b"3.0",
        b"rank", b"p:range:Member_role_age_index", b"x\x007", b"0",
        b"raise", b"p:counters", b"Member.id", b"7",
        b"changed", b"Member",
    ]  # fmt: skip


def test_what_is_laid_and_taken_is_gone_from_every_place() -> None:
    writes = Writes()
    lay(writes, MEMBER, ROW, b"7", encoded(ROW))
    take(writes, MEMBER, ROW, b"7")

    verbs = [part for part in writes.arguments() if part in {b"set", b"rank"}]
    assert verbs == []


@pytest.mark.parametrize(
    ("value", "text", "name"),
    [
        (None, b"null", b"null"),
        (True, b"true", b"true"),
        (2**63 - 1, b"9223372036854775807", b"9223372036854775807"),
        (-0.0, b"-0.0", b"0.0"),
        (1e300, b"1e+300", b"1e+300"),
        ("\u00e9\n\x01", b'"\xc3\xa9\\n\\u0001"', b'"\xc3\xa9\\n\\u0001"'),
        (b"\0\xff", b'["bytes","AP8="]', b"AP8="),
        (Decimal("1.50"), b'["decimal","1.50"]', b"15e-1"),
        (Decimal(-100), b'["decimal","-100"]', b"-1e2"),
        (
            datetime(2020, 1, 2, tzinfo=UTC),
            b'["datetime","2020-01-02T00:00:00+00:00"]',
            b"2020-01-02T00:00:00+00:00",
        ),
        (date(2020, 1, 2), b'["date","2020-01-02"]', b"2020-01-02"),
        (time(1, 2, 3, 4), b'["time","01:02:03.000004"]', b"01:02:03.000004"),
        (timedelta(days=-1, microseconds=1), b'["duration",-86399999999]', b"-86399999999"),
        (
            UUID(int=1),
            b'["uuid","00000000-0000-0000-0000-000000000001"]',
            b"00000000-0000-0000-0000-000000000001",
        ),
        ([1, "a", None], b'["json",[1,"a",null]]', b'[1,"a",null]'),
    ],
)
def test_a_value_is_kept_with_its_type_and_comes_back(
    value: object, text: bytes, name: bytes
) -> None:
    kept = encoded({"c": value})

    assert kept == b'{"c":' + text + b"}"
    assert repr(decoded(kept)["c"]) == repr(value)
    assert identity([value]) == name


def test_the_description_of_a_table_comes_back() -> None:
    assert [read(written(table)) for table in TABLES] == TABLES
