"""Tables to the SQL that makes and removes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
from math import isfinite

from ommi.metadata.storage import StorageType
from ommi.schema.snapshot import Check, Column, ForeignKey, Index, Table, foreign_key_name
from ommi.sql.dialect import Dialect

# RESTRICT looks before the statement is done: deleting parents and children together would fail.
_RULES = {"restrict": "NO ACTION", "cascade": "CASCADE", "set_null": "SET NULL"}


def create_table(table: Table, dialect: Dialect) -> Iterator[str]:
    """Give the statements that make a table and its indexes where it is not there yet."""
    quote = dialect.quote
    lines = [column_text(column, table, dialect) for column in table.columns]
    if len(table.key) > 1 or not dialect.has_inline_key(table):
        lines.append(f"PRIMARY KEY ({_names(table.key, dialect)})")
    lines.extend(foreign_key_text(foreign_key, dialect) for foreign_key in table.foreign_keys)
    lines.extend(check_text(check, dialect) for check in table.checks)
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


def drop_tables(tables: Iterable[Table], dialect: Dialect) -> Iterator[str]:
    """Give the statements that remove tables where they are there."""
    for table in tables:
        yield f"DROP TABLE IF EXISTS {dialect.quote(table.name)}"


def column_text(column: Column, table: Table, dialect: Dialect) -> str:
    """Give a column as it stands in a table."""
    words = [dialect.quote(column.name), dialect.column_type(column)]
    if table.key == (column.name,) and dialect.has_inline_key(table):
        words.append("PRIMARY KEY")
    elif not column.is_nullable:
        words.append("NOT NULL")
    if column.default is not None:
        words.append(f"DEFAULT ({column.default})")
    words.append(dialect.column_check(column))
    return " ".join(filter(None, words))


def check_text(check: Check, dialect: Dialect) -> str:
    """Give a check as it stands in a table."""
    return f"CONSTRAINT {dialect.quote(check.name)} CHECK ({check.condition})"


def value_text(value: object, storage: StorageType, dialect: Dialect) -> str:
    """Give a stored form as the store writes it in a statement."""
    if value is None:
        return "NULL"
    encode = dialect.codec(storage).encode
    match value if encode is None else encode(value):
        case bool() as flag:
            return "TRUE" if flag else "FALSE"
        case int() | Decimal() as number:
            return str(number)
        case float() as number:
            return repr(number) if isfinite(number) else dialect.literal(str(number))
        case bytes() as raw:
            return dialect.bytes_literal(raw)
        case datetime() as moment:
            return dialect.literal(moment.isoformat(" "))
        case date() | time() as moment:
            return dialect.literal(moment.isoformat())
        case other:
            return dialect.literal(str(other))


def named_foreign_key_text(foreign_key: ForeignKey, table: str, dialect: Dialect) -> str:
    """Give a foreign key with its name, or the one that it gets, as it stands in a table."""
    named = replace(foreign_key, name=foreign_key_name(table, foreign_key))
    return foreign_key_text(named, dialect)


def foreign_key_text(foreign_key: ForeignKey, dialect: Dialect) -> str:
    """Give a foreign key as it stands in a table."""
    name = "" if foreign_key.name is None else f"CONSTRAINT {dialect.quote(foreign_key.name)} "
    return (
        f"{name}FOREIGN KEY ({_names(foreign_key.columns, dialect)}) REFERENCES "
        f"{dialect.quote(foreign_key.table)} ({_names(foreign_key.target_columns, dialect)}) "
        f"ON DELETE {_RULES[foreign_key.on_delete]}"
    )


def _names(columns: Sequence[str], dialect: Dialect) -> str:
    return ", ".join(map(dialect.quote, columns))
