"""Files of migrations: written, read, and what of them counts."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from ommi.errors import MigrationError
from ommi.migrations.files import FileMigration, next_version, read_file, read_folder, source_of
from ommi.migrations.operations import (
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    Backfill,
    Check,
    Column,
    CreateTable,
    Execute,
    ForeignKey,
    HandWritten,
    Index,
    Kind,
    RenameColumn,
    Sql,
    StorageType,
    Table,
)

TEXT = StorageType(Kind.TEXT)
EVERY = (
    CreateTable(
        Table(
            'a "quoted" name',
            (Column("id", StorageType(Kind.INT), is_generated=True), Column("naïve\n", TEXT)),
            ("id",),
            (Index("i", ("id",), is_unique=True),),
            (ForeignKey(("id",), "b", ("id",), "cascade", "named"),),
            (Check("c", "id > 0"),),
        )
    ),
    AddColumn("t", Column("a", StorageType(Kind.DECIMAL, precision=8, scale=2)), Decimal("1.50")),
    AddColumn("t", Column("b", StorageType(Kind.UUID)), UUID(int=7)),
    AddColumn("t", Column("c", StorageType(Kind.DATE)), dt.date(2026, 1, 2)),
    AddColumn(
        "t",
        Column("d", StorageType(Kind.INSTANT)),
        dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
    ),
    AddColumn("t", Column("e", StorageType(Kind.DURATION)), dt.timedelta(seconds=3)),
    AddColumn("t", Column("f", StorageType(Kind.BYTES, length=3)), b"\x00'"),
    AddColumn("t", Column("g", StorageType(Kind.JSON)), {"a": [1, None, "x"], "b": {}}),
    AddColumn("t", Column("h", StorageType(Kind.BOOL), default="TRUE", id="old")),
    AddColumn("t", Column("i", TEXT, choices=("a", "b")), ""),
    AlterColumn("t", Column("a", TEXT), using=Sql.of("a::text"), fill="it's"),
    AddIndex("t", Index("x" * 60, tuple("abcdefghijklmnopqrstuvwxyz")), is_concurrent=True),
    AddConstraint("t", Check("positive", "a > 0"), is_validated=False),
    RenameColumn("t", "a", "b"),
    Execute(Sql.of({"postgresql": "VACUUM", "*": "SELECT 1"}), Sql((("*", ("a", "b")),))),
    Backfill("t", (("a", Sql.of("b + 1")),), where=Sql.of("a IS NULL"), size=10),
)


def written(folder: Path, migration: FileMigration, code: str = "") -> Path:
    path = folder / f"{migration.version}.py"
    path.write_text(source_of(migration, code), encoding="utf-8")
    return path


def test_operations_come_back_as_they_were_written(tmp_path: Path) -> None:
    migration = FileMigration(
        "0007_every", 'Every "kind"', operations=EVERY, depends=["0006_a"], replaces=["0001_b"]
    )

    again = read_file(written(tmp_path, migration))

    assert again.operations == EVERY
    assert (again.depends, again.replaces) == (("0006_a",), ("0001_b",))
    assert again.description == "Every 'kind'"
    assert again.checksum == migration.checksum
    assert source_of(again) == source_of(migration)


def test_lines_are_no_longer_than_a_formatter_has_them(tmp_path: Path) -> None:
    migration = FileMigration("0007_every", operations=EVERY)

    source = written(tmp_path, migration).read_text(encoding="utf-8")

    assert max(map(len, source.splitlines())) <= 100


def test_neither_layout_nor_comments_change_the_checksum(tmp_path: Path) -> None:
    path = written(tmp_path, FileMigration("0001_a", operations=EVERY[1:3]))
    before = read_file(path).checksum

    text = path.read_text().replace("    ", "  ").replace("\n", "\r\n")
    path.write_bytes(b"# mine\r\n" + text.encode())

    assert read_file(path).checksum == before


def test_code_beside_the_operations_is_a_step_and_counts(tmp_path: Path) -> None:
    code = "async def up(schema):\n    pass\n\n\nasync def down(schema):\n    pass\n"
    path = written(tmp_path, FileMigration("0001_a", operations=EVERY[1:2]), code)
    migration = read_file(path)
    before = migration.checksum

    path.write_text(path.read_text().replace("pass", "await schema.nothing()", 1))

    step = migration.operations[-1]
    assert isinstance(step, HandWritten)
    assert step.down is not None
    assert migration.operations[:-1] == EVERY[1:2]
    assert read_file(path).checksum != before


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").write_text("")
    (tmp_path / "_helpers.py").write_text("1 / 0")
    (tmp_path / "ommi.lock").write_text("")

    assert read_folder(tmp_path) == ()
    assert read_folder(tmp_path / "nowhere") == ()


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("start", "operations = ()", "a migration's name is a number and words"),
        ("0001_a", "", "has neither `operations` nor `async def up(schema)`"),
        ("0001_a", "operations = 1", "operations is a tuple, found int"),
        ("0001_a", "operations = (1,)", "operations has a int, which is no operation"),
        ("0001_a", "depends = 'x'\noperations = ()", "depends is a tuple of versions"),
        ("0001_a", "up = 1", "up is a function"),
        ("0001_a", "\n1 / 0", "0001_a.py, line 2: ZeroDivisionError: division by zero"),
        ("0001_a", "\ndef", "0001_a.py, line 2: SyntaxError: invalid syntax"),
        ("0001_a", "import nothing_like_it", "No module named 'nothing_like_it'"),
        ("0001_a", "raise SystemExit(1)", "SystemExit: 1"),
    ],
)
def test_a_file_that_is_no_migration_is_explained(
    tmp_path: Path, name: str, text: str, complaint: str
) -> None:
    path = tmp_path / f"{name}.py"
    path.write_text(text)

    with pytest.raises(MigrationError) as caught:
        read_file(path)

    assert complaint in str(caught.value)


def test_versions_count_on_and_are_made_of_words() -> None:
    existing = [FileMigration("0009_a"), FileMigration("0010_b")]

    assert next_version(existing, "Add User.e-mail, now!") == "0011_add_user_e_mail_now"
    assert next_version([], "   ") == "0001_change"
    assert len(next_version([], "x" * 300)) < 60


def test_a_long_name_of_a_file_ends_with_a_whole_word() -> None:
    assert next_version([], "Rename column User.name to given_name and 12 more") == (
        "0001_rename_column_user_name_to_given_name_and_12"
    )
    assert next_version([], "x" * 60) == f"0001_{'x' * 48}"
    assert next_version([], "?") == "0001_change"
