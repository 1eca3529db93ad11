"""Tables to files and back: a CSV file for each, and one that describes them all."""

from __future__ import annotations

import csv
import json
import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

from ommi.metadata.storage import Kind, StorageType
from ommi.schema.snapshot import Column, ForeignKey, Index, Table

DESCRIPTION = "tables.json"
Row = Mapping[str, object]

_WRITE: Mapping[Kind, Callable[[Any], str]] = {
    Kind.BOOL: lambda value: "true" if value else "false",
    Kind.BYTES: lambda value: b64encode(value).decode(),
    Kind.DATE: date.isoformat,
    Kind.DATETIME: datetime.isoformat,
    Kind.DURATION: lambda value: str(value // timedelta(microseconds=1)),
    Kind.FLOAT: repr,
    Kind.INSTANT: datetime.isoformat,
    Kind.JSON: json.dumps,
    Kind.TEXT: lambda value: json.dumps(value) if value[:1] in {"", '"'} else value,
    Kind.TIME: time.isoformat,
}
_READ: Mapping[Kind, Callable[[str], object]] = {
    Kind.BOOL: lambda text: text == "true",
    Kind.BYTES: b64decode,
    Kind.DATE: date.fromisoformat,
    Kind.DATETIME: datetime.fromisoformat,
    Kind.DECIMAL: Decimal,
    Kind.DURATION: lambda text: timedelta(microseconds=int(text)),
    Kind.FLOAT: float,
    Kind.INSTANT: datetime.fromisoformat,
    Kind.INT: int,
    Kind.JSON: json.loads,
    Kind.TEXT: lambda text: json.loads(text) if text[:1] == '"' else text,
    Kind.TIME: time.fromisoformat,
    Kind.UUID: UUID,
}


def stamp(folder: Path) -> int:
    """Give a number that changes whenever the files do."""
    try:
        return (folder / DESCRIPTION).stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def read(folder: Path) -> list[tuple[Table, list[Row]]]:
    """Give the tables of a folder with their rows."""
    if not (folder / DESCRIPTION).exists():
        return []
    tables = [_table(each) for each in json.loads((folder / DESCRIPTION).read_text("utf-8"))]
    return [(table, list(_rows(folder, table))) for table in tables]


def write(folder: Path, tables: Iterable[tuple[Table, Iterable[Row]]]) -> None:
    """Write tables and rows; a file is exchanged when the new one is complete."""
    known = list(tables)
    for table, rows in known:
        with _exchanged(_file(folder, table)) as place, place.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([column.name for column in table.columns])
            for row in rows:
                writer.writerow([_cell(column, row[column.name]) for column in table.columns])
    with _exchanged(folder / DESCRIPTION) as place:
        place.write_text(json.dumps([asdict(table) for table, _ in known], indent=2), "utf-8")


class _exchanged:  # noqa: N801 - used like a function
    def __init__(self, place: Path) -> None:
        self._place = place
        self._new = place.with_suffix(f"{place.suffix}.new")

    def __enter__(self) -> Path:
        return self._new

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if error is None:
            os.replace(self._new, self._place)  # noqa: PTH105


def _file(folder: Path, table: Table) -> Path:
    # No name of a table may lead out of the folder.
    return folder / f"{quote(table.name, safe='')}.csv"


def _cell(column: Column, value: object) -> str:
    if value is None:
        return ""
    assert column.storage is not None
    return _WRITE.get(column.storage.kind, str)(value)


def _rows(folder: Path, table: Table) -> Iterable[Row]:
    with _file(folder, table).open(newline="") as file:
        _, *lines = csv.reader(file)
    for line in lines:
        yield {
            column.name: _value(column, text)
            for column, text in zip(table.columns, line, strict=True)
        }


def _value(column: Column, text: str) -> object:
    assert column.storage is not None
    return None if text == "" else _READ[column.storage.kind](text)


def _table(said: Mapping[str, Any]) -> Table:
    return Table(
        said["name"],
        tuple(_column(each) for each in said["columns"]),
        tuple(said["key"]),
        tuple(Index(i["name"], tuple(i["columns"]), i["is_unique"]) for i in said["indexes"]),
        tuple(
            ForeignKey(tuple(f["columns"]), f["table"], tuple(f["target_columns"]), f["on_delete"])
            for f in said["foreign_keys"]
        ),
    )


def _column(said: Mapping[str, Any]) -> Column:
    storage = said["storage"]
    kind = StorageType(**{**storage, "kind": Kind(storage["kind"])})
    return Column(**{**said, "storage": kind})
