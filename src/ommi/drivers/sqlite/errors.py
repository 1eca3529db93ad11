"""SQLite's errors as Ommi's: one table."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from ommi.drivers.sqlite.functions import raised_in_function
from ommi.errors import (
    CheckViolation,
    ConflictError,
    ConnectionFailed,
    ConstraintViolation,
    DatabaseError,
    ForeignKeyViolation,
    NotNullViolation,
    OmmiError,
    UniqueViolation,
    UnsupportedOperation,
)
from ommi.sql.dialect import SqlCommand, of_a_missing_table

STORE = "SQLite"


@contextmanager
def translating(command: SqlCommand | None = None) -> Iterator[None]:
    """Raise Ommi's errors for SQLite's, in the thread in which they happen."""
    try:
        yield
    except sqlite3.Error as error:
        raise translated(error, command) from error


def translated(error: sqlite3.Error, command: SqlCommand | None) -> OmmiError:
    """Give Ommi's error for one of SQLite's; the caller raises it from the original."""
    raised = raised_in_function()
    if isinstance(raised, OmmiError):
        return raised
    code = getattr(error, "sqlite_errorcode", None)
    make = _CAUSES.get(code) or _CAUSES.get(None if code is None else code & _PRIMARY)
    return _other(error, command) if make is None else make(error, command)


def _constraint(
    kind: type[ConstraintViolation], reason: str
) -> Callable[[sqlite3.Error, SqlCommand | None], OmmiError]:
    def make(error: sqlite3.Error, command: SqlCommand | None) -> OmmiError:
        fields = _fields(str(error), command)
        named = f" ({', '.join(fields)})" if fields else ""
        model = None if command is None else command.model
        return kind(
            f"{model or 'a row'}{named}: {reason}",
            model=model,
            fields=fields,
            store=STORE,
            statement=_text(command),
        )

    return make


def _fields(message: str, command: SqlCommand | None) -> tuple[str, ...]:
    """Find the fields in messages such as `UNIQUE constraint failed: users.email`."""
    _, _, named = message.partition("constraint failed: ")
    if command is None or not named:
        return ()
    prefix = f"{command.table}."
    columns = [part.removeprefix(prefix) for part in named.split(", ")]
    if all(column in command.names for column in columns):
        return tuple(command.names[column] for column in columns)
    # A check of Ommi's is named for the column at its end.
    ends = [c for c in command.names if named.startswith("ommi_") and named.endswith(f"_{c}")]
    return (command.names[max(ends, key=len)],) if ends else ()


def _busy(error: sqlite3.Error, command: SqlCommand | None) -> OmmiError:
    return ConflictError(
        f"{error}: another connection is writing and did not finish in time; try again",
        store=STORE,
        statement=_text(command),
    )


def _read_only(error: sqlite3.Error, command: SqlCommand | None) -> OmmiError:
    del command
    return UnsupportedOperation("write", STORE, f"{error}; its file or folder is read-only")


def _unreadable(error: sqlite3.Error, command: SqlCommand | None) -> OmmiError:
    return ConnectionFailed(str(error), store=STORE, statement=_text(command))


def _other(error: sqlite3.Error, command: SqlCommand | None) -> OmmiError:
    reason = str(error)
    if reason.startswith("no such table"):
        reason = of_a_missing_table(reason, command)
    return DatabaseError(reason, store=STORE, statement=_text(command))


def _text(command: SqlCommand | None) -> str | None:
    return None if command is None else command.text


_PRIMARY = 0xFF
"""The low byte of an extended code is the primary one."""

_CAUSES: Mapping[int | None, Callable[[sqlite3.Error, SqlCommand | None], OmmiError]] = {
    sqlite3.SQLITE_CONSTRAINT_UNIQUE: _constraint(
        UniqueViolation, "another row already has this value"
    ),
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: _constraint(
        UniqueViolation, "another row already has this key"
    ),
    sqlite3.SQLITE_CONSTRAINT_ROWID: _constraint(
        UniqueViolation, "another row already has this key"
    ),
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: _constraint(
        ForeignKeyViolation,
        "a reference leads to no row, or the row is still referred to",
    ),
    sqlite3.SQLITE_CONSTRAINT_TRIGGER: _constraint(
        ForeignKeyViolation, "the row is still referred to"
    ),
    sqlite3.SQLITE_CONSTRAINT_NOTNULL: _constraint(NotNullViolation, "a value is required"),
    sqlite3.SQLITE_CONSTRAINT: _constraint(CheckViolation, "a check of the table refused the row"),
    sqlite3.SQLITE_BUSY: _busy,
    sqlite3.SQLITE_LOCKED: _busy,
    sqlite3.SQLITE_READONLY: _read_only,
    sqlite3.SQLITE_NOTADB: _unreadable,
    sqlite3.SQLITE_CANTOPEN: _unreadable,
    sqlite3.SQLITE_CORRUPT: _unreadable,
}
