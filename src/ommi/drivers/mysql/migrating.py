"""Changes of tables that are there, on one session."""

from __future__ import annotations

import hashlib
import re

from ommi.drivers.mysql.changes import MariaDBWriter
from ommi.drivers.mysql.dialect import MariaDBDialect
from ommi.drivers.mysql.introspection import catalogue
from ommi.drivers.mysql.session import Session
from ommi.drivers.protocol import Manner, Noting
from ommi.schema.operations import Backfill, Execute, HandWritten, Nothing, Operation
from ommi.schema.state import Schema

_CHANGES_ROWS = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE|WITH|SELECT|SET)\b", re.IGNORECASE)


def manner(operation: Operation, store: str) -> Manner:
    """Tell how an operation must be run: what defines tables commits by itself."""
    match operation:
        case Execute(sql):
            texts = sql.get(store) or ()
            is_data = all(map(_CHANGES_ROWS.match, texts))
            return Manner.WITHIN if is_data else Manner.OUTSIDE
        case Backfill() | HandWritten() | Nothing():
            return Manner.WITHIN
        case _:
            return Manner.OUTSIDE


async def change_schema(
    session: Session,
    dialect: MariaDBDialect,
    operation: Operation,
    *,
    is_resumed: bool,
    noting: Noting,
) -> None:
    """Do what an operation says, or what is left of it."""
    names = operation.tables
    known = await catalogue(session, names, dialect.collation) if names else None
    found = Schema.of(known.tables if known else ())
    writer = MariaDBWriter(dialect)
    make = writer.remaining if is_resumed else writer.statements
    texts = make(operation, found)
    await noting()
    for text in texts:
        await session.say(text)


async def lock(session: Session, database: str, wait_seconds: float) -> bool:
    """Take the lock of the database, which ends with the session."""
    text = "SELECT GET_LOCK(?, ?)"
    [[is_held]] = await session.ask(text, _name(database), max(0, round(wait_seconds)))
    return bool(is_held)


async def unlock(session: Session, database: str) -> None:
    """Give the lock back."""
    await session.ask("SELECT RELEASE_LOCK(?)", _name(database))


def _name(database: str) -> str:
    return f"ommi migrations {hashlib.sha256(database.encode()).hexdigest()[:40]}"
