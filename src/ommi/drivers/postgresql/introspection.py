"""What tables the current schema has, read from the catalogue."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from ommi.drivers.postgresql.client import Client
from ommi.metadata.annotations import OnDelete
from ommi.metadata.storage import Kind, StorageType
from ommi.schema.snapshot import Check, Column, ForeignKey, Index, Table

_HERE = """
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relname = ANY($1::text[])"""
_NAMES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND NOT c.relispartition
ORDER BY c.relname"""
_COLUMNS = f"""
SELECT c.relname, a.attname, t.typname, a.atttypmod, format_type(a.atttypid, a.atttypmod),
    NOT a.attnotnull,
    a.attidentity <> '' OR a.attgenerated <> '' OR d.text IS NOT NULL AND d.text LIKE 'nextval(%',
    CASE WHEN a.attgenerated = '' THEN d.text END,
    EXISTS (
        SELECT FROM pg_constraint k
        WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum]
            AND starts_with(k.conname::text, 'ommi_duration_')
    ),
    ARRAY(
        SELECT e.enumlabel::text FROM pg_enum e
        WHERE e.enumtypid = a.atttypid ORDER BY e.enumsortorder
    )
FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN LATERAL (
        SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef
        WHERE adrelid = c.oid AND adnum = a.attnum
    ) d (text) ON TRUE
    {_HERE} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
ORDER BY c.relname, a.attnum"""
_INDEXES = f"""
SELECT c.relname, i.relname, x.indisprimary, x.indisunique,
    ARRAY(
        SELECT a.attname::text
        FROM unnest(x.indkey::int2[]) WITH ORDINALITY AS k (number, place)
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
        WHERE k.place <= x.indnkeyatts
        ORDER BY k.place
    )
FROM pg_index x
    JOIN pg_class i ON i.oid = x.indexrelid
    JOIN pg_class c ON c.oid = x.indrelid
    {_HERE} AND x.indexprs IS NULL AND x.indpred IS NULL AND x.indisvalid
ORDER BY x.indexrelid"""
_FOREIGN_KEYS = f"""
SELECT c.relname, target.relname, k.confdeltype::text,
    ARRAY(
        SELECT a.attname::text
        FROM unnest(k.conkey) WITH ORDINALITY AS p (number, place)
            JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.number
        ORDER BY p.place
    ),
    ARRAY(
        SELECT a.attname::text
        FROM unnest(k.confkey) WITH ORDINALITY AS p (number, place)
            JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = p.number
        ORDER BY p.place
    ),
    k.conname::text
FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid
    JOIN pg_class target ON target.oid = k.confrelid
    {_HERE} AND k.contype = 'f'
ORDER BY k.oid"""
_CHECKS = f"""
SELECT c.relname, k.conname::text, pg_get_expr(k.conbin, k.conrelid)
FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid
    {_HERE} AND k.contype = 'c' AND NOT starts_with(k.conname::text, 'ommi_duration_')
ORDER BY k.oid"""

_RULES: dict[str, OnDelete] = {"c": "cascade", "n": "set_null"}
_KINDS = {
    "bool": Kind.BOOL,
    "int8": Kind.INT,
    "float8": Kind.FLOAT,
    "text": Kind.TEXT,
    "varchar": Kind.TEXT,
    "bytea": Kind.BYTES,
    "numeric": Kind.DECIMAL,
    "timestamp": Kind.DATETIME,
    "timestamptz": Kind.INSTANT,
    "date": Kind.DATE,
    "time": Kind.TIME,
    "uuid": Kind.UUID,
    "jsonb": Kind.JSON,
}
_HEADER = 4
"""What is added to a length, or to digits, in a type's modifier."""
_MICROSECONDS = 6


async def table_names(client: Client) -> list[str]:
    """Give the names of all tables of the current schema."""
    return [str(name) for (name,) in await client.fetch(_NAMES)]


async def tables(client: Client, names: Collection[str]) -> list[Table]:
    """Tell what those of the named tables look like that are there."""
    wanted = list(names)
    columns = _grouped(await client.fetch(_COLUMNS, wanted))
    indexes = _grouped(await client.fetch(_INDEXES, wanted))
    foreign_keys = _grouped(await client.fetch(_FOREIGN_KEYS, wanted))
    checks = _grouped(await client.fetch(_CHECKS, wanted))
    return [
        Table(
            name=name,
            columns=tuple(map(_column, rows)),
            key=next((tuple(row[4]) for row in indexes.get(name, ()) if row[2]), ()),
            indexes=tuple(
                Index(row[1], tuple(row[4]), row[3]) for row in indexes.get(name, ()) if not row[2]
            ),
            foreign_keys=tuple(map(_foreign_key, foreign_keys.get(name, ()))),
            checks=tuple(Check(row[1], row[2]) for row in checks.get(name, ())),
        )
        for name, rows in columns.items()
    ]


def _grouped(rows: Iterable[Sequence[Any]]) -> dict[str, list[Sequence[Any]]]:
    groups: dict[str, list[Sequence[Any]]] = {}
    for row in rows:
        groups.setdefault(row[0], []).append(row)
    return groups


def _column(row: Sequence[Any]) -> Column:
    _, name, type_name, modifier, declared, is_nullable, is_generated, default, *rest = row
    is_duration, labels = rest
    storage = StorageType(Kind.DURATION) if is_duration else _storage(type_name, modifier)
    return Column(
        name=name,
        storage=storage,
        is_nullable=is_nullable,
        is_generated=is_generated,
        default=default,
        declared=declared,
        choices=tuple(labels),
    )


def _storage(type_name: str, modifier: int) -> StorageType | None:
    """Give the storage type; `None` for one that cannot hold every value of a Python type."""
    kind = _KINDS.get(type_name)
    if kind is None or modifier < 0:
        return None if kind is None else StorageType(kind)
    if kind is Kind.TEXT:
        return StorageType(kind, length=modifier - _HEADER)
    if kind is Kind.DECIMAL:
        precision, scale = divmod(modifier - _HEADER, 1 << 16)
        return StorageType(kind, precision=precision, scale=scale)
    return StorageType(kind) if modifier >= _MICROSECONDS else None


def _foreign_key(row: Sequence[Any]) -> ForeignKey:
    _, table, rule, columns, target_columns, name = row
    return ForeignKey(
        columns=tuple(columns),
        table=table,
        target_columns=tuple(target_columns),
        on_delete=_RULES.get(rule, "restrict"),
        name=name,
    )
