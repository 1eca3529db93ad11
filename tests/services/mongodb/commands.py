"""The commands that a server answers, as far as the driver and its client library send them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from services.mongodb.match import Refused, matches
from services.mongodb.store import Database

Document = dict[str, Any]
BATCH = 101


class Commands:
    """Answers commands; databases, cursors and transactions live here."""

    def __init__(self, *, is_replica_set: bool) -> None:
        self.is_replica_set = is_replica_set
        self.databases: dict[str, Database] = {}
        self.cursors: dict[int, tuple[str, list[Document]]] = {}
        self._numbers = count(1)

    def reply(self, command: Document) -> Document:
        """Give the answer to a command; raises `Refused`, and `Busy` for what has to wait."""
        name = next(iter(command))
        answer = getattr(self, f"_on_{name}", None)
        if answer is None:
            raise Refused(59, "CommandNotFound", errmsg=f"no such command: '{name}'")
        database = self.databases.setdefault(str(command.get("$db")), Database())
        key = self._transaction(command, database, name)
        if key is None or name in {"commitTransaction", "abortTransaction"}:
            return {**answer(command, database, key), "ok": 1.0}
        try:
            return {**answer(command, database, key), "ok": 1.0}
        except Refused:
            # Whatever is refused in a transaction ends it.
            database.abort(key)
            raise

    def _transaction(self, command: Document, database: Database, name: str) -> Any:
        if "autocommit" not in command:
            return None
        if not self.is_replica_set:
            raise Refused(20, "IllegalOperation")
        if command["autocommit"] is not False or "lsid" not in command:
            raise Refused(72, "InvalidOptions")
        key = (bytes(command["lsid"]["id"]), int(command["txnNumber"]))
        if command.get("startTransaction"):
            database.begin(key)
            return key
        if name in {"commitTransaction", "abortTransaction"}:
            return key
        if key not in database.open:
            raise Refused(251, "NoSuchTransaction", errorLabels=["TransientTransactionError"])
        return key

    def _on_hello(self, *_: Any) -> Document:
        own = {"setName": "tests", "hosts": ["127.0.0.1"]} if self.is_replica_set else {}
        return {
            "helloOk": True, "isWritablePrimary": True, "ismaster": True, **own,
            "maxBsonObjectSize": 16 << 20, "maxMessageSizeBytes": 48_000_000,
            "maxWriteBatchSize": 100_000, "logicalSessionTimeoutMinutes": 30,
            "minWireVersion": 0, "maxWireVersion": 21, "readOnly": False,
        }  # fmt: skip

    _on_ismaster = _on_isMaster = _on_hello  # noqa: N815 - what the wire calls it

    def _on_ping(self, *_: Any) -> Document:
        return {}

    def _on_endSessions(self, *_: Any) -> Document:
        return {}

    def _on_saslStart(self, *_: Any) -> Document:
        raise Refused(18, "AuthenticationFailed")

    def _on_find(self, command: Document, database: Database, key: Any) -> Document:
        name = command["find"]
        return self._cursor(command, name, database.find(name, command, key))

    def _on_aggregate(self, command: Document, database: Database, key: Any) -> Document:
        name = command["aggregate"]
        rows = database.aggregate(name, command["pipeline"], key)
        return self._cursor(command, name, rows)

    def _cursor(self, command: Document, name: str, rows: list[Document]) -> Document:
        size = (command.get("cursor") or command).get("batchSize", BATCH)
        number = 0
        if len(rows) > size:
            number = next(self._numbers)
            self.cursors[number] = (name, rows[size:])
        place = f"{command['$db']}.{name}"
        return {"cursor": {"firstBatch": rows[:size], "id": number, "ns": place}}

    def _on_getMore(self, command: Document, *_: Any) -> Document:
        number = command["getMore"]
        if number not in self.cursors:
            raise Refused(43, "CursorNotFound")
        name, rows = self.cursors.pop(number)
        size = command.get("batchSize", len(rows))
        if len(rows) > size:
            self.cursors[number] = (name, rows[size:])
        left = number if number in self.cursors else 0
        place = f"{command['$db']}.{name}"
        return {"cursor": {"nextBatch": rows[:size], "id": left, "ns": place}}

    def _on_killCursors(self, command: Document, *_: Any) -> Document:
        for number in command["cursors"]:
            self.cursors.pop(number, None)
        return {"cursorsKilled": command["cursors"]}

    def _on_insert(self, command: Document, database: Database, key: Any) -> Document:
        def write(document: Document) -> int:
            database.insert(command["insert"], document, key)
            return 1

        return self._writes(command["documents"], write, is_within=key is not None)

    def _on_update(self, command: Document, database: Database, key: Any) -> Document:
        added: list[Any] = []

        def write(asked: Document) -> int:
            matched, _, upserted = database.update(command["update"], asked, key)
            added.extend(upserted)
            return matched

        reply = self._writes(command["updates"], write, is_within=key is not None)
        upserted = [{"index": at, "_id": each} for at, each in enumerate(added)]
        return {**reply, "nModified": reply["n"], **({"upserted": upserted} if added else {})}

    def _on_delete(self, command: Document, database: Database, key: Any) -> Document:
        name = command["delete"]
        return self._writes(
            command["deletes"],
            lambda asked: database.delete(name, asked, key),
            is_within=key is not None,
        )

    def _writes(
        self, parts: list[Document], write: Callable[[Document], int], *, is_within: bool
    ) -> Document:
        done = 0
        for at, part in enumerate(parts):
            try:
                done += write(part)
            except Refused as error:
                if is_within and "errorLabels" in error.facts:
                    raise
                if is_within:
                    raise
                facts = {"errmsg": error.name, **error.facts}
                return {"n": done, "writeErrors": [{"index": at, "code": error.code, **facts}]}
        return {"n": done}

    def _on_findAndModify(self, command: Document, database: Database, key: Any) -> Document:
        found = database.modify(command["findAndModify"], command, key)
        return {"value": found, "lastErrorObject": {"n": int(found is not None)}}

    def _on_commitTransaction(self, _: Document, __: Database, key: Any) -> Document:
        for database in self.databases.values():
            if key in database.open:
                database.commit(key)
                self._committed = key
                return {}
        if getattr(self, "_committed", None) == key:
            return {}
        raise Refused(251, "NoSuchTransaction", errorLabels=["TransientTransactionError"])

    def _on_abortTransaction(self, _: Document, __: Database, key: Any) -> Document:
        for database in self.databases.values():
            database.abort(key)
        return {}

    def _on_create(self, command: Document, database: Database, _: Any) -> Document:
        database.create(command["create"], {"validator": command.get("validator") or {}})
        return {}

    def _on_collMod(self, command: Document, database: Database, _: Any) -> Document:
        held = database.shared.held[command["collMod"]]
        held.options = {**held.options, "validator": command["validator"]}
        return {}

    def _on_createIndexes(self, command: Document, database: Database, _: Any) -> Document:
        database.create_indexes(command["createIndexes"], command["indexes"])
        return {}

    def _on_drop(self, command: Document, database: Database, _: Any) -> Document:
        if database.shared.held.pop(command["drop"], None) is None:
            raise Refused(26, "NamespaceNotFound", errmsg="ns not found")
        return {}

    def _on_listCollections(self, command: Document, database: Database, _: Any) -> Document:
        every = [
            {"name": name, "type": "collection", "options": each.options}
            for name, each in database.shared.held.items()
        ]
        found = [each for each in every if matches(command.get("filter") or {}, each)]
        return self._cursor(command, "$cmd.listCollections", found)

    def _on_listIndexes(self, command: Document, database: Database, _: Any) -> Document:
        held = database.shared.held[command["listIndexes"]]
        rows = [{"name": "_id_", "key": {"_id": 1}}, *held.indexes]
        return self._cursor(command, command["listIndexes"], rows)

    def _on_explain(self, command: Document, *_: Any) -> Document:
        inner = command["explain"]
        if "find" in inner:
            plan: Document = {"winningPlan": {"stage": "COLLSCAN"}}
            return {"queryPlanner": plan}
        stages = [{next(iter(stage)): {}} for stage in inner["pipeline"]]
        return {"stages": stages}
