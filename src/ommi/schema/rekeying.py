"""Another key for a table: a new table is made, gets the rows, and takes the old one's name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from ommi.schema.operations import (
    EVERY_STORE,
    CreateTable,
    DropTable,
    Execute,
    Operation,
    RenameTable,
    Sql,
)
from ommi.schema.snapshot import Column, Index, Table, index_name, shortened_name


def with_new_key(old: Table, wanted: Table) -> Iterator[Operation]:
    """Give what makes a table into the wanted one, whose columns it has but for generated ones.

    Foreign keys, of the table and to it, are dropped before and made anew after.
    """
    ids = {column.name: column.id for column in old.columns}
    name = shortened_name((old.name, "new"))
    made = replace(
        wanted,
        name=name,
        columns=tuple(replace(c, id=ids.get(c.name) or c.id) for c in wanted.columns),
        indexes=tuple(_for_table(name, index) for index in wanted.indexes),
        foreign_keys=(),
        checks=old.checks,
    )
    yield CreateTable(made)
    yield Execute(_copy(old, made), _copy(made, old) if _can_go_back(old, made) else None)
    yield DropTable(old.name)
    yield RenameTable(name, old.name)


def _for_table(name: str, index: Index) -> Index:
    """Name an index for the new table, with which it is renamed."""
    return replace(index, name=index_name(name, index.columns, is_unique=index.is_unique))


def _can_go_back(old: Table, made: Table) -> bool:
    """Tell whether the old table's rows can be made of those of the new one."""
    kept = {column.name for column in made.columns}
    return all(
        column.name in kept
        or column.is_nullable
        or column.is_generated
        or column.default is not None
        for column in old.columns
    )


def _copy(source: Table, target: Table) -> Sql:
    """Give what copies the rows; what the target alone has it makes by itself."""
    there = {column.name for column in source.columns}
    columns = [column for column in target.columns if column.name in there]
    every = _insert(source, target, columns, _quoted)
    # PostgreSQL goes on counting where it was, whatever was inserted.
    counted = tuple(_counted(target, column) for column in columns if column.is_generated)
    texts = {
        EVERY_STORE: (every,),
        "mysql": (_insert(source, target, columns, _in_backticks),),
        **({"postgresql": (every, *counted)} if counted else {}),
    }
    return Sql(tuple(sorted(texts.items())))


def _insert(
    source: Table, target: Table, columns: Sequence[Column], quote: Callable[[str], str]
) -> str:
    names = ", ".join(quote(column.name) for column in columns)
    into = f"INSERT INTO {quote(target.name)} ({names})"
    return f"{into} SELECT {names} FROM {quote(source.name)}"


def _counted(table: Table, column: Column) -> str:
    place = _quoted(table.name).replace("'", "''")
    name = column.name.replace("'", "''")
    highest = f"max({_quoted(column.name)})"
    counted = f"setval(pg_get_serial_sequence('{place}', '{name}'), {highest})"
    return f"SELECT {counted} FROM {_quoted(table.name)}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _in_backticks(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
