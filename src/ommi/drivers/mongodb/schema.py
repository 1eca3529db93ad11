"""Collections made of tables: validators, indexes, counters.

A collection is made under the title `ommi: being made`, gets its indexes, and then its own title.
Until then it is not there, so whoever comes between, or after a crash, goes on with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo import IndexModel
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure

from ommi.drivers.mongodb.compiler import check_collection
from ommi.drivers.mongodb.counters import Counters
from ommi.drivers.mongodb.documents import KEY, place_of_column
from ommi.drivers.mongodb.storage import BSON_TYPES, STORE, codec
from ommi.errors import UnsupportedOperation
from ommi.metadata.storage import Kind
from ommi.schema.snapshot import Column, Index, Table

BEING_MADE = "ommi: being made"
MADE = "ommi"
EXISTS = 48

Document = dict[str, Any]
Database = AsyncDatabase[Document]


async def create(database: Database, tables: Sequence[Table]) -> None:
    """Make the collections that are not there; those that were made go again if one fails."""
    for table in tables:
        _check(table)
    made: list[Table] = []
    try:
        for table in tables:
            if await _is_made_here(database, table):
                made.append(table)
            await _finish(database, table)
    except Exception:
        await drop(database, made)
        raise


async def _is_made_here(database: Database, table: Table) -> bool:
    try:
        await database.command("create", table.name, validator=validator(table, BEING_MADE))
    except OperationFailure as error:
        if error.code == EXISTS:
            return False
        raise
    return True


async def _finish(database: Database, table: Table) -> None:
    [options] = await _options(database, [table.name]) or [{}]
    if title_of(options) != BEING_MADE:
        return
    indexes = [index_of(table, index) for index in table.indexes]
    if indexes:
        await database[table.name].create_indexes(indexes)
    await database.command("collMod", table.name, validator=validator(table, MADE))


async def _options(database: Database, names: Sequence[str]) -> list[Document]:
    cursor = await database.list_collections(filter={"name": {"$in": list(names)}})
    async with cursor:
        return [dict(each.get("options") or {}) async for each in cursor]


async def drop(database: Database, tables: Sequence[Table]) -> None:
    """Remove the collections that are there, and forget their generated keys."""
    counters = Counters(database)
    for table in tables:
        await database.drop_collection(table.name)
        if any(column.is_generated for column in table.columns):
            await counters.forget(table.name)


def title_of(options: Mapping[str, Any]) -> str | None:
    """Give the title of a collection's validator, `None` where Ommi did not make it."""
    schema = (options.get("validator") or {}).get("$jsonSchema") or {}
    title = schema.get("title")
    return title if title in {BEING_MADE, MADE} else None


def validator(table: Table, title: str) -> Document:
    """Give the rules that every document of a table keeps; its titles tell what columns hold."""
    schema: Document = {"bsonType": "object", "title": title, "required": [], "properties": {}}
    for column in table.columns:
        outer, _, inner = place_of_column(column.name, table.key).partition(".")
        holder = schema
        if inner:
            holder = schema["properties"].setdefault(
                outer, {"bsonType": "object", "required": [], "properties": {}}
            )
        name = inner or outer
        holder["properties"][name] = _property(column)
        if not column.is_nullable:
            holder["required"].append(name)
    schema["required"] = list(dict.fromkeys([KEY, *schema["required"]]))
    return {"$jsonSchema": schema}


def _property(column: Column) -> Document:
    storage = column.storage
    if storage is None:
        raise UnsupportedOperation(f"make the column {column.name!r} of no type", STORE)
    types = list(BSON_TYPES[storage.kind])
    if storage.kind is Kind.DECIMAL:
        codec(storage)  # refuses too many digits
    rules: Document = {"bsonType": [*types, *(["null"] if column.is_nullable else [])]}
    if storage.kind is Kind.TEXT and storage.length is not None:
        rules["maxLength"] = storage.length
    rules["title"] = f"{storage}{' generated' if column.is_generated else ''}"
    rules["description"] = column.name
    return rules


def index_of(table: Table, index: Index) -> IndexModel:
    """Give an index; a unique one leaves out rows in which a column is null."""
    places = [place_of_column(column, table.key) for column in index.columns]
    nullable = {column.name for column in table.columns if column.is_nullable}
    facts: Document = {"name": index.name}
    if index.is_unique:
        facts["unique"] = True
        there = [p for p, c in zip(places, index.columns, strict=True) if c in nullable]
        if there:
            facts["partialFilterExpression"] = {place: {"$exists": True} for place in there}
    return IndexModel([(place, 1) for place in places], **facts)


def _check(table: Table) -> None:
    check_collection(table.name)
    for column in table.columns:
        if column.default is not None:
            raise UnsupportedOperation(
                "fill a field with Default(sql=...)", STORE, "give it a default"
            )
        is_list = column.storage is not None and column.storage.kind is Kind.JSON
        if is_list and column.name in table.key:
            raise UnsupportedOperation(f"have a document as key, {column.name!r}", STORE)
        if is_list and any(column.name in index.columns for index in table.indexes):
            # An index on a list is one on each of its elements.
            raise UnsupportedOperation(f"have an index on the document {column.name!r}", STORE)
