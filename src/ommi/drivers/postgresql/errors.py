"""PostgreSQL's errors as Ommi's: one table, by SQLSTATE."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import asyncpg  # type: ignore[import-untyped]

from ommi.drivers.postgresql.dialect import PostgreSQLDialect
from ommi.errors import (
    ArithmeticOverflow,
    CheckViolation,
    ConflictError,
    ConnectionFailed,
    ConnectionLost,
    ConstraintViolation,
    DatabaseError,
    ForeignKeyViolation,
    InvalidValue,
    NotNullViolation,
    OmmiError,
    StatementTimeout,
    UniqueViolation,
    UnsupportedOperation,
)
from ommi.sql.dialect import SqlCommand, of_a_missing_table

STORE = PostgreSQLDialect.name

UNFIT = (ValueError, TypeError, OverflowError)
"""What asyncpg raises for a value that it cannot write as the column's type."""

CLIENT_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,  # TimeoutError is one
    *UNFIT,
)
"""All that asyncpg raises."""

OUTDATED = (asyncpg.InvalidCachedStatementError, asyncpg.InvalidSQLStatementNameError)
"""The statement has to be prepared again; it was refused before it did anything."""

Make = Callable[[asyncpg.PostgresError, SqlCommand | None], OmmiError]


def translated(error: Exception, command: SqlCommand | None, *, is_lost: bool) -> OmmiError:
    """Give Ommi's error for one of asyncpg's; the caller raises it from the original.

    What the original says is kept from showing values: it ends up in logs.
    """
    if _is_unfit(error):
        error.args = ("a value does not fit its parameter",)
        return InvalidValue(
            "a value does not fit the type that its column has in the store",
            model=None if command is None else command.model,
        )
    if isinstance(error, asyncpg.PostgresError):
        return _of_server(error, command)
    if is_lost or isinstance(error, OSError):
        return ConnectionLost(_words(error), store=STORE, statement=_text(command))
    return DatabaseError(_words(error), store=STORE, statement=_text(command))


def _is_unfit(error: Exception) -> bool:
    # The same class as the server's, with nothing of what the server would say.
    never_sent = isinstance(error, asyncpg.DataError) and error.severity is None
    return never_sent or isinstance(error, UNFIT)


def failed_to_connect(error: Exception, where: str) -> ConnectionFailed:
    """Give the error for a connection that could not be opened."""
    return ConnectionFailed(f"cannot connect to {where}: {_words(error)}", store=STORE)


def _words(error: Exception) -> str:
    if isinstance(error, OSError):
        return str(error) or type(error).__name__
    return str(error.args[0] if error.args else "") or type(error).__name__


def _of_server(error: asyncpg.PostgresError, command: SqlCommand | None) -> OmmiError:
    code = error.sqlstate or ""
    make = _BY_CODE.get(code) or _BY_CLASS.get(code[:2], _other)
    made = make(error, command)
    error.detail = None
    return made


def _constraint(kind: type[ConstraintViolation], reason: str) -> Make:
    def make(error: asyncpg.PostgresError, command: SqlCommand | None) -> OmmiError:
        model = None if command is None else command.model
        fields = () if command is None else _fields(error, command)
        named = f" ({', '.join(fields)})" if fields else ""
        return kind(
            f"{model or 'a row'}{named}: {reason}",
            model=model,
            fields=fields,
            store=STORE,
            statement=_text(command),
        )

    return make


_KEY = re.compile(r"\((.+?)\)=\(")
_COLUMN = re.compile(r'"((?:[^"]|"")*)"|[^", ]+')


def _fields(error: asyncpg.PostgresError, command: SqlCommand) -> tuple[str, ...]:
    """Name the fields that a constraint guards, by what the server says of it."""
    if error.column_name:
        columns = [error.column_name]
    elif key := _KEY.search(error.detail or ""):
        # In every language it is `(email)=(…)`.
        found = _COLUMN.finditer(key[1])
        columns = [m[0] if m[1] is None else m[1].replace('""', '"') for m in found]
    else:
        columns = _columns_in_name(error.constraint_name or "", command)
    known = all(column in command.names for column in columns)
    return tuple(command.names[column] for column in columns) if known else ()


def _columns_in_name(constraint: str, command: SqlCommand) -> list[str]:
    middle = constraint.removeprefix(f"{command.table}_").rpartition("_")[0]
    return [middle] if middle in command.names else []


def _conflict(error: asyncpg.PostgresError, command: SqlCommand | None) -> OmmiError:
    return ConflictError(f"{_words(error)}; try again", store=STORE, statement=_text(command))


def _lost(error: asyncpg.PostgresError, command: SqlCommand | None) -> OmmiError:
    return ConnectionLost(_words(error), store=STORE, statement=_text(command))


def _stopped(error: asyncpg.PostgresError, command: SqlCommand | None) -> OmmiError:
    return StatementTimeout(_words(error), store=STORE, statement=_text(command))


def _overflow(error: asyncpg.PostgresError, command: SqlCommand | None) -> OmmiError:
    error.args = ("a number is out of range",)
    return ArithmeticOverflow(
        "a number does not fit its type", store=STORE, statement=_text(command)
    )


def _read_only(error: asyncpg.PostgresError, command: SqlCommand | None) -> OmmiError:
    del command
    return UnsupportedOperation("write", STORE, _words(error))


def _bad_data(error: asyncpg.PostgresError, command: SqlCommand | None) -> OmmiError:
    # Messages of this class show the value.
    error.args = (type(error).__name__,)
    reason = f"a value was refused: {type(error).__name__}"
    return DatabaseError(reason, store=STORE, statement=_text(command))


def _other(error: asyncpg.PostgresError, command: SqlCommand | None) -> OmmiError:
    reason = _words(error)
    if error.sqlstate == _STILL_NEEDED and error.detail:
        reason = f"{reason}: {error.detail}"
    if error.sqlstate == _NO_TABLE:
        reason = of_a_missing_table(reason, command)
    return DatabaseError(reason, store=STORE, statement=_text(command))


def _text(command: SqlCommand | None) -> str | None:
    return None if command is None else command.text


_STILL_NEEDED = "2BP01"
"""Other things depend on a table; which ones, only the detail says."""

_NO_TABLE = "42P01"

_BY_CODE: Mapping[str, Make] = {
    "22003": _overflow,
    "23001": _constraint(ForeignKeyViolation, "the row is still referred to"),
    "23502": _constraint(NotNullViolation, "a value is required"),
    "23503": _constraint(
        ForeignKeyViolation, "a reference leads to no row, or the row is still referred to"
    ),
    "23505": _constraint(UniqueViolation, "another row already has this value"),
    "23514": _constraint(CheckViolation, "a check of the table refused the row"),
    "23P01": _constraint(UniqueViolation, "the row collides with another"),
    "25006": _read_only,
    "25P03": _lost,
    "40001": _conflict,
    "40P01": _conflict,
    "55P03": _conflict,
    "57014": _stopped,
    "57P01": _lost,
    "57P02": _lost,
    "57P03": _lost,
    "57P04": _lost,
    "57P05": _lost,
}
_BY_CLASS: Mapping[str, Make] = {
    "08": _lost,
    "22": _bad_data,
    "23": _constraint(ConstraintViolation, "a rule of the table refused the row"),
}
