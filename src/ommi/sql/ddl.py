"""Tables to the SQL that makes and removes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ommi.schema.snapshot import Column, ForeignKey, Index, Table
from ommi.sql.dialect import Dialect

# RESTRICT looks before the statement is done: deleting parents and children together would fail.
_RULES = {"restrict": "NO ACTION", "cascade": "CASCADE", "set_null": "SET NULL"}


def create_table(table: Table, dialect: Dialect) -> Iterator[str]:
    """Give the statements that make a table and its indexes where it is not there yet."""
    quote = dialect.quote
    lines = [_column(column, table, dialect) for column in table.columns]
    if len(table.key) > 1 or not dialect.has_inline_key(table):
        lines.append(f"PRIMARY KEY ({_names(table.key, dialect)})")
    lines.extend(_foreign_key(foreign_key, dialect) for foreign_key in table.foreign_keys)
    body = ",\n  ".join(lines)
    yield (f"CREATE TABLE IF NOT EXISTS {quote(table.name)} (\n  {body}\n){dialect.table_suffix}")
    for index in table.indexes:
        yield create_index(index, table, dialect)


def create_index(index: Index, table: Table, dialect: Dialect) -> str:
    """Give the statement that makes an index where it is not there yet."""
    unique = "UNIQUE " if index.is_unique else ""
    columns = {column.name: column for column in table.columns}
    keys = ", ".join(dialect.index_key(columns[name]) for name in index.columns)
    quote = dialect.quote
    return (
        f"CREATE {unique}INDEX IF NOT EXISTS {quote(index.name)} ON {quote(table.name)} ({keys})"
    )


def add_foreign_key(foreign_key: ForeignKey, table: Table, dialect: Dialect, name: str) -> str:
    """Give the statement that adds a foreign key to a table that is there."""
    quote = dialect.quote
    return (
        f"ALTER TABLE {quote(table.name)} ADD CONSTRAINT {quote(name)} "
        f"{_foreign_key(foreign_key, dialect)}"
    )


def drop_tables(tables: Iterable[Table], dialect: Dialect) -> Iterator[str]:
    """Give the statements that remove tables where they are there."""
    for table in tables:
        yield f"DROP TABLE IF EXISTS {dialect.quote(table.name)}"


def _column(column: Column, table: Table, dialect: Dialect) -> str:
    words = [dialect.quote(column.name), dialect.column_type(column)]
    if table.key == (column.name,) and dialect.has_inline_key(table):
        words.append("PRIMARY KEY")
    elif not column.is_nullable:
        words.append("NOT NULL")
    if column.default is not None:
        words.append(f"DEFAULT ({column.default})")
    words.append(dialect.column_check(column))
    return " ".join(filter(None, words))


def _foreign_key(foreign_key: ForeignKey, dialect: Dialect) -> str:
    return (
        f"FOREIGN KEY ({_names(foreign_key.columns, dialect)}) REFERENCES "
        f"{dialect.quote(foreign_key.table)} ({_names(foreign_key.target_columns, dialect)}) "
        f"ON DELETE {_RULES[foreign_key.on_delete]}"
    )


def _names(columns: Sequence[str], dialect: Dialect) -> str:
    return ", ".join(map(dialect.quote, columns))
