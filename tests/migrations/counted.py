"""Migrations that count how often each of their steps was done."""

from __future__ import annotations

from ommi.metadata.storage import Kind, StorageType
from ommi.migrations import Migration
from ommi.schema.operations import AddColumn, AddIndex, CreateTable, Execute, Operation, Sql
from ommi.schema.snapshot import Column, Index, Table

COUNTING = 4


def _column(name: str, *, is_nullable: bool = False) -> Column:
    return Column(name, StorageType(Kind.INT), is_nullable, id=name)


def _counting(number: int) -> list[Operation]:
    return [
        AddColumn("tally", _column(f"extra_{number}", is_nullable=True)),
        Execute(Sql.of(f"UPDATE tally SET done = done + 1 WHERE id = {number}")),
    ]


MIGRATIONS = (
    Migration(
        "1",
        operations=[
            CreateTable(Table("tally", (_column("id"), _column("done")), ("id",))),
            *(
                Execute(Sql.of(f"INSERT INTO tally (id, done) VALUES ({n}, 0)"))
                for n in range(2, COUNTING + 2)
            ),
        ],
    ),
    *(Migration(str(n), operations=_counting(n)) for n in range(2, COUNTING + 2)),
    Migration(
        str(COUNTING + 2),
        operations=[
            AddIndex("tally", Index("tally_done_index", ("done",)), is_concurrent=True),
        ],
    ),
)
