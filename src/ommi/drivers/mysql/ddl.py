"""Tables to the SQL that makes them: one statement each, since each commits by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ommi.drivers.mysql.dialect import MariaDBDialect
from ommi.drivers.mysql.storage import with_bounds
from ommi.schema.snapshot import Column, ForeignKey, Index, Table, foreign_key_name
from ommi.sql.ddl import check_text
from ommi.sql.dialect import Dialect

# InnoDB looks at once whichever of the two words is said.
_RULES = {"restrict": "RESTRICT", "cascade": "CASCADE", "set_null": "SET NULL"}


def with_named_keys(tables: Sequence[Table]) -> Iterator[Table]:
    """Give tables whose foreign keys have the names by which migrations know them.

    A name is one of a whole database; a second key that would get the same is left to the server.
    """
    used: set[str] = set()
    for table in tables:
        keys: list[ForeignKey] = []
        for key in table.foreign_keys:
            name = foreign_key_name(table.name, key)
            keys.append(key if name in used else replace(key, name=name))
            used.add(name)
        yield replace(table, foreign_keys=tuple(keys))


def create_table(table: Table, dialect: MariaDBDialect) -> str:
    """Give the statement that makes a table, its indexes and its foreign keys."""
    body = ",\n  ".join(_lines(with_bounds(table), dialect))
    name = dialect.quote(table.name)
    return f"CREATE TABLE IF NOT EXISTS {name} (\n  {body}\n){dialect.table_suffix}"


def _lines(table: Table, dialect: MariaDBDialect) -> Iterator[str]:
    for column in table.columns:
        yield column_text(column, dialect)
    yield f"PRIMARY KEY ({_names(table.key, dialect)})"
    generated = [column.name for column in table.columns if column.is_generated]
    if generated and generated[0] != table.key[0]:
        # A column that counts must be the first of some index.
        yield f"KEY ({_names(generated, dialect)})"
    for index in table.indexes:
        yield index_text(index, dialect)
    for foreign_key in table.foreign_keys:
        yield foreign_key_text(foreign_key, dialect)
    # MariaDB lets a check behind its column have no name.
    yield from filter(None, map(dialect.column_check, table.columns))
    for check in table.checks:
        yield check_text(check, dialect)


def column_text(column: Column, dialect: MariaDBDialect) -> str:
    """Give a column as it stands in a table."""
    words = [dialect.quote(column.name), dialect.column_type(column)]
    words.append("NULL" if column.is_nullable else "NOT NULL")
    if column.default is not None:
        words.append(f"DEFAULT ({column.default})")
    return " ".join(words)


def index_text(index: Index, dialect: Dialect) -> str:
    """Give an index as it stands in a table."""
    unique = "UNIQUE " if index.is_unique else ""
    return f"{unique}KEY {dialect.quote(index.name)} ({_names(index.columns, dialect)})"


def foreign_key_text(key: ForeignKey, dialect: Dialect) -> str:
    """Give a foreign key as it stands in a table."""
    name = "" if key.name is None else f"CONSTRAINT {dialect.quote(key.name)} "
    return (
        f"{name}FOREIGN KEY ({_names(key.columns, dialect)}) REFERENCES "
        f"{dialect.quote(key.table)} ({_names(key.target_columns, dialect)}) "
        f"ON DELETE {_RULES[key.on_delete]}"
    )


def _names(columns: Sequence[str], dialect: Dialect) -> str:
    return ", ".join(map(dialect.quote, columns))
