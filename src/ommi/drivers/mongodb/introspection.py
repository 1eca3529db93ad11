"""What tables a database has: read from the validators that Ommi gave its collections."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from ommi.drivers.mongodb.documents import KEY
from ommi.drivers.mongodb.schema import BEING_MADE, title_of
from ommi.metadata.storage import Kind, StorageType
from ommi.schema.snapshot import Column, Index, Table

_TITLE = re.compile(r"([a-z]+)(?:\((\d+)(?:, (\d+))?\))?( generated)?")
Document = Mapping[str, Any]


async def tables(database: AsyncDatabase[dict[str, Any]], names: Collection[str]) -> list[Table]:
    """Tell what those of the named tables look like that are there and whole."""
    cursor = await database.list_collections(filter={"name": {"$in": sorted(names)}})
    async with cursor:
        found = {each["name"]: each.get("options") or {} async for each in cursor}
    described = []
    for name, options in found.items():
        if title_of(options) == BEING_MADE:
            continue
        indexes = await (await database[name].list_indexes()).to_list()
        described.append(_table(name, options, indexes))
    return described


def _table(name: str, options: Document, indexes: Sequence[Document]) -> Table:
    schema = (options.get("validator") or {}).get("$jsonSchema") or {}
    is_folding = (options.get("collation") or {}).get("locale", "simple") != "simple"
    properties: Document = schema.get("properties") or {}
    inner: Document = (properties.get(KEY) or {}).get("properties") or {}
    columns = []
    if inner:
        columns += list(_columns(inner, (properties[KEY]).get("required") or ()))
        key = tuple(column.name for column in columns)
        columns += list(_columns(properties, schema.get("required") or (), KEY))
    else:
        columns = list(_columns(properties, schema.get("required") or ()))
        key = tuple(
            str(properties[KEY].get("description") or KEY) for _ in [0] if KEY in properties
        )
    if is_folding:
        columns = [_without_text(column) for column in columns]
    places = dict(_places(properties))
    places.update({f"{KEY}.{place}": column for place, column in _places(inner)})
    return Table(name, tuple(columns), key, tuple(_indexes(indexes, places)))


def _columns(properties: Document, required: Collection[str], *without: str) -> Iterator[Column]:
    for place, rules in properties.items():
        if place in without:
            continue
        match = _TITLE.fullmatch(str(rules.get("title") or ""))
        yield Column(
            name=str(rules.get("description") or place),
            storage=None if match is None else _storage(match),
            is_nullable=place not in required,
            is_generated=match is not None and match[4] is not None,
            declared=str(rules.get("bsonType") or ""),
        )


def _storage(match: re.Match[str]) -> StorageType | None:
    if match[1] not in set(Kind):
        return None
    kind, first = Kind(match[1]), None if match[2] is None else int(match[2])
    if kind is Kind.DECIMAL:
        return StorageType(kind, precision=first, scale=int(match[3] or 0))
    return StorageType(kind, length=first)


def _without_text(column: Column) -> Column:
    if column.storage is None or column.storage.kind is not Kind.TEXT:
        return column
    return Column(column.name, None, column.is_nullable, declared="text with a collation")


def _places(properties: Document) -> Iterator[tuple[str, str]]:
    for place, rules in properties.items():
        yield place, str(rules.get("description") or place)


def _indexes(indexes: Sequence[Document], places: Mapping[str, str]) -> Iterator[Index]:
    for index in indexes:
        keys = list(index["key"])
        if keys != [KEY]:
            columns = tuple(places.get(key, key) for key in keys)
            yield Index(str(index["name"]), columns, bool(index.get("unique")))
