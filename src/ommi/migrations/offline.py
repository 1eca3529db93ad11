"""The SQL of operations, without a database."""

from __future__ import annotations

from collections.abc import Iterable

from ommi.drivers.registry import schema_writer
from ommi.schema.operations import Operation
from ommi.schema.state import Schema


def sql_of(
    operations: Iterable[Operation], store: str, before: Schema | None = None
) -> tuple[str, ...]:
    """Give the statements, without a semicolon, that do on a store what operations say.

    `store` is `sqlite`, `postgresql`, `mariadb` or `mysql`, and `before` is the schema that they
    start from, an empty one where it is left out. Raises `MigrationError` for a step in Python.
    """
    writer = schema_writer(store)
    schema = Schema() if before is None else before
    texts: list[str] = []
    for operation in operations:
        texts.extend(writer.statements(operation, schema))
        schema = operation.apply(schema)
    return tuple(texts)
