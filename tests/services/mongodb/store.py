"""Collections in memory: documents, indexes, validators, and transactions on snapshots.

Documents are never changed in place, so a snapshot is a copy of the dictionaries that hold them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bson.decimal128 import Decimal128
from bson.objectid import ObjectId

from services.mongodb.expressions import evaluate
from services.mongodb.match import Refused, matches
from services.mongodb.order import MISSING, by_order, compare
from services.mongodb.stages import put, run, sorted_by

Document = dict[str, Any]
TRANSIENT = ["TransientTransactionError"]


class Busy(Exception):
    """A write outside of transactions has to wait for one that wrote the same."""


@dataclass
class Collection:
    """Documents by the order of their keys, and the rules for them."""

    documents: dict[Any, Document] = field(default_factory=dict)
    options: Document = field(default_factory=dict)
    indexes: list[Document] = field(default_factory=list)

    taken: dict[str, dict[Any, Any]] = field(default_factory=dict)
    """For each unique index the keys of the documents by the values in it."""

    def copy(self) -> Collection:
        taken = {name: dict(places) for name, places in self.taken.items()}
        return Collection(dict(self.documents), self.options, self.indexes, taken)

    def replace(self, place: Any, document: Document | None) -> None:
        """Put a document in the place of another, or of none; checks the unique indexes."""
        old = self.documents.get(place)
        for index in self.indexes:
            if not index.get("unique"):
                continue
            taken = self.taken.setdefault(index["name"], {})
            if document is not None and _is_in(index, document):
                owner = taken.get(hashable(_values(index, document)), place)
                if owner != place:
                    raise duplicate(index["key"], document)
        for index in self.indexes:
            taken = self.taken.setdefault(index["name"], {})
            if old is not None and _is_in(index, old):
                taken.pop(hashable(_values(index, old)), None)
            if document is not None and _is_in(index, document):
                taken[hashable(_values(index, document))] = place
        if document is None:
            self.documents.pop(place, None)
        else:
            self.documents[place] = document


def hashable(value: Any) -> Any:
    """Give something that is equal and hashed alike where values are equal."""
    match value:
        case dict():
            return "object", tuple((name, hashable(each)) for name, each in value.items())
        case list():
            return "array", tuple(map(hashable, value))
        case bool():
            return "bool", value
        case None:
            return ("null",)
        case int() | float():
            return "number", value
        case bytes():
            return "binary", getattr(value, "subtype", 0), bytes(value)
        case Decimal128():
            return "number", value.to_decimal()
        case _:
            return type(value).__name__, value


class Tables:
    """The collections of one database, of a transaction or of everybody."""

    def __init__(self, held: dict[str, Collection] | None = None) -> None:
        self.held: dict[str, Collection] = {} if held is None else held

    def copy(self) -> Tables:
        return Tables({name: each.copy() for name, each in self.held.items()})

    def documents(self, name: str) -> list[Document]:
        found = self.held.get(name)
        return [] if found is None else list(found.documents.values())

    def collection(self, name: str) -> Collection:
        return self.held.setdefault(name, Collection())


@dataclass
class Transaction:
    """What one has seen, and which keys it has written."""

    seen: Tables
    own: Tables
    written: dict[tuple[str, Any], Document | None] = field(default_factory=dict)
    claims: set[Any] = field(default_factory=set)


class Database:
    """One database: what commands of it do."""

    def __init__(self) -> None:
        self.shared = Tables()
        self.open: dict[Any, Transaction] = {}

    def begin(self, key: Any) -> None:
        self.open[key] = Transaction(self.shared.copy(), self.shared.copy())

    def commit(self, key: Any) -> None:
        transaction = self.open.pop(key)
        for (name, place), document in transaction.written.items():
            self.shared.collection(name).replace(place, document)

    def abort(self, key: Any) -> None:
        self.open.pop(key, None)

    def tables(self, key: Any) -> Tables:
        return self.open[key].own if key in self.open else self.shared

    # Reading.

    def find(self, name: str, asked: Document, key: Any) -> list[Document]:
        filter_ = asked.get("filter", {})
        documents = self._candidates(name, filter_, key)
        found = [document for document in documents if matches(filter_, document)]
        found = sorted_by(asked.get("sort") or {}, found)
        found = found[asked.get("skip", 0) :]
        limit = asked.get("limit", 0)
        return found[:limit] if limit else found

    def _candidates(self, name: str, filter_: Document, key: Any) -> list[Document]:
        """Give all documents, or those with one of the keys that a filter names."""
        parts = filter_.get("$or") or [filter_]
        if not all(list(part) == ["_id"] and list(part["_id"]) == ["$eq"] for part in parts):
            return self.tables(key).documents(name)
        held = self.tables(key).collection(name).documents
        places = {hashable(part["_id"]["$eq"]): None for part in parts}
        return [held[place] for place in places if place in held]

    def aggregate(self, name: str, pipeline: list[Document], key: Any) -> list[Document]:
        tables = self.tables(key)
        return run(pipeline, tables.documents(name), tables.documents)

    # Writing.

    def insert(self, name: str, document: Document, key: Any) -> None:
        made = document if "_id" in document else {"_id": ObjectId(), **document}
        if hashable(made["_id"]) in self.tables(key).collection(name).documents:
            raise duplicate({"_id": 1}, made)
        self._write(name, None, made, key)

    def update(self, name: str, asked: Document, key: Any) -> tuple[int, int, list[Any]]:
        """Give how many matched, how many changed, and the keys of those added."""
        found = [d for d in self.tables(key).documents(name) if matches(asked["q"], d)]
        if not asked.get("multi"):
            found = found[:1]
        if not found and asked.get("upsert"):
            made = self._changed({"_id": asked["q"]["_id"]["$eq"]}, asked["u"])
            self._write(name, None, made, key)
            return 1, 0, [made["_id"]]
        for document in found:
            self._write(name, document, self._changed(document, asked["u"]), key)
        return len(found), len(found), []

    def modify(self, name: str, asked: Document, key: Any) -> Document | None:
        found = [d for d in self.tables(key).documents(name) if matches(asked["query"], d)][:1]
        for document in found:
            made = self._changed(document, asked["update"])
            self._write(name, document, made, key)
            return made
        return None

    def delete(self, name: str, asked: Document, key: Any) -> int:
        found = [d for d in self.tables(key).documents(name) if matches(asked["q"], d)]
        for document in found:
            self._write(name, document, None, key)
        return len(found)

    def _changed(self, document: Document, update: Any) -> Document:
        made = dict(document)
        if isinstance(update, list):
            [[(stage, asked)]] = [list(part.items()) for part in update]
            if stage != "$set":
                raise Refused(1, f"the evaluator updates by $set, not {stage}")
            values = {path: evaluate(each, document, {}) for path, each in asked.items()}
            for path, value in values.items():
                put(made, path, value)
        else:
            for sign, asked in update.items():
                for path, value in asked.items():
                    self._apply(made, sign, path, value)
        if compare(made["_id"], document["_id"]):
            raise Refused(66, "ImmutableField")
        return made

    def _apply(self, made: Document, sign: str, path: str, value: Any) -> None:
        before = made.get(path)
        match sign:
            case "$set":
                put(made, path, value)
            case "$unset":
                put(made, path, MISSING)
            case "$inc":
                put(made, path, value + (before or 0))
            case "$max":
                put(made, path, value if before is None else max(before, value))
            case _:
                raise Refused(9, f"FailedToParse: Unknown modifier: {sign}")

    def _write(self, name: str, old: Document | None, new: Document | None, key: Any) -> None:
        tables = self.tables(key)
        collection = tables.collection(name)
        place = hashable((new or old or {})["_id"])
        claims = {(name, "_id", place), *self._claims(collection, name, new)}
        self._check_claims(claims, key, name, place)
        if new is not None:
            self._check(collection, new)
        collection.replace(place, new)
        if key in self.open:
            self.open[key].claims |= claims
            self.open[key].written[name, place] = new

    def _check_claims(self, claims: set[Any], key: Any, name: str, place: Any) -> None:
        others = [each for other, each in self.open.items() if other != key]
        if any(claims & other.claims for other in others):
            if key not in self.open:
                raise Busy
            self.abort(key)
            raise Refused(112, "WriteConflict", errorLabels=TRANSIENT)
        if key in self.open:
            seen = self.open[key].seen.collection(name).documents.get(place)
            if seen is not self.shared.collection(name).documents.get(place):
                self.abort(key)
                raise Refused(112, "WriteConflict", errorLabels=TRANSIENT)

    def _claims(
        self, collection: Collection, name: str, document: Document | None
    ) -> Iterator[Any]:
        for index in collection.indexes if document is not None else ():
            if index.get("unique") and _is_in(index, document or {}):
                yield name, index["name"], hashable(_values(index, document or {}))

    def _check(self, collection: Collection, document: Document) -> None:
        validator = collection.options.get("validator")
        if validator and not matches(validator, document):
            from services.mongodb.validation import failing

            wrong = failing(validator["$jsonSchema"], document)
            rules = [{"propertyName": name} for name in wrong]
            details = {"schemaRulesNotSatisfied": rules, "consideredValue": document}
            raise Refused(121, "DocumentValidationFailure", errInfo={"details": details})

    # The schema.

    def create(self, name: str, options: Document) -> None:
        if name in self.shared.held:
            raise Refused(48, "NamespaceExists")
        self.shared.held[name] = Collection(options=options)

    def create_indexes(self, name: str, indexes: list[Document]) -> None:
        collection = self.shared.collection(name)
        known = {index["name"] for index in collection.indexes}
        for index in indexes:
            if index["name"] not in known:
                collection.indexes.append(index)


def _is_in(index: Document, document: Document) -> bool:
    return matches(index.get("partialFilterExpression") or {}, document)


def _values(index: Document, document: Document) -> list[Any]:
    found: list[Any] = []
    for path in index["key"]:
        value: Any = document
        for step in path.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        found.append(value)
    return found


def duplicate(keys: Document, document: Document) -> Refused:
    values = _values({"key": keys}, document)
    return Refused(
        11000,
        "DuplicateKey",
        keyPattern=dict(keys),
        keyValue=dict(zip(keys, values, strict=True)),
        errmsg=f"E11000 duplicate key error dup key: {values}",
    )


__all__ = ["Busy", "Collection", "Database", "Tables", "by_order", "duplicate", "hashable"]
