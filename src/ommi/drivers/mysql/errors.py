"""The server's errors as Ommi's: one table, by number."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from asyncmy.errors import InternalError, MySQLError

from ommi.errors import (
    ArithmeticOverflow,
    CheckViolation,
    ConflictError,
    ConnectionFailed,
    ConnectionLost,
    ConstraintViolation,
    DatabaseError,
    ForeignKeyViolation,
    NotNullViolation,
    OmmiError,
    StatementTimeout,
    UniqueViolation,
    UnsupportedOperation,
)
from ommi.sql.dialect import SqlCommand, of_a_missing_table

CLIENT_ERRORS = (MySQLError, OSError)
"""All that asyncmy raises."""

DUPLICATE = frozenset({1062, 1169, 1586})
OUTDATED = frozenset({1243, 1615})
"""The statement has to be prepared again; it was refused before it did anything."""

Make = Callable[["Complaint"], OmmiError]


class Complaint:
    """An error of the server, and what it was about."""

    def __init__(
        self, code: int, message: str, store: str, command: SqlCommand | None = None
    ) -> None:
        self.code = code
        self.message = message
        self.store = store
        self.command = command

    @property
    def text(self) -> str | None:
        """The statement, without values."""
        return None if self.command is None else self.command.text

    def fields(self, columns: Sequence[str]) -> tuple[str, ...]:
        """Name the fields of columns; none where one of them is unknown."""
        names: Mapping[str, str] = {} if self.command is None else self.command.names
        return tuple(names[c] for c in columns) if all(c in names for c in columns) else ()


def code_of(error: BaseException) -> int:
    """Give the number of an error, 0 where it has none."""
    first = error.args[0] if error.args else 0
    return first if isinstance(first, int) else 0


def translated(error: Exception, store: str, command: SqlCommand | None = None) -> OmmiError:
    """Give Ommi's error for one of asyncmy's; the caller raises it from the original.

    What the original says is kept from showing values: it ends up in logs.
    """
    message = str(error.args[1]) if len(error.args) > 1 else str(error)
    complaint = Complaint(code_of(error), message, store, command)
    if not isinstance(error, MySQLError) or isinstance(error, InternalError):
        made = _lost(complaint)
    else:
        made = _BY_CODE.get(complaint.code, _other)(complaint)
    if complaint.code in _SHOWING_VALUES:
        error.args = (complaint.code, _without_values(message))
    return made


def warned(code: int, message: str, store: str, command: SqlCommand | None) -> OmmiError:
    """Give the error for a warning: an answer with one may be a wrong answer."""
    if code == _DECIMAL_OVERFLOW or (code == _TRUNCATED and "DECIMAL" in message):
        return _overflow(Complaint(code, message, store, command))
    if code in _SHOWING_VALUES:
        message = _without_values(message)
    return DatabaseError(
        f"answered with a warning, so the answer may be wrong: {message} ({code})",
        store=store,
        statement=None if command is None else command.text,
    )


def duplicate(
    error: Exception, store: str, command: SqlCommand | None, columns: Sequence[str]
) -> OmmiError:
    """Give the error for a value that another row has, in the columns of the index."""
    error.args = (code_of(error), _without_values(str(error.args[1])))
    complaint = Complaint(code_of(error), "", store, command)
    return _violation(
        UniqueViolation, "another row already has this value", complaint, complaint.fields(columns)
    )


def index_named(error: Exception) -> str:
    """Give the name of the index that refused a value."""
    named = re.findall(r"for key '((?:[^'])*)'", str(error.args[1]) if len(error.args) > 1 else "")
    return named[-1].rpartition(".")[2] if named else ""


def failed_to_connect(error: Exception, where: str) -> ConnectionFailed:
    """Give the error for a connection that could not be opened."""
    message = error.args[1] if len(error.args) > 1 else error
    return ConnectionFailed(f"cannot connect to {where}: {message}")


def _without_values(message: str) -> str:
    """Cut a message at its first quote: a value may hold quotes too."""
    head, quote, _ = message.partition("'")
    return f"{head}…" if quote else message


def _violation(
    kind: type[ConstraintViolation], reason: str, complaint: Complaint, fields: tuple[str, ...]
) -> OmmiError:
    model = None if complaint.command is None else complaint.command.model
    named = f" ({', '.join(fields)})" if fields else ""
    return kind(
        f"{model or 'a row'}{named}: {reason}",
        model=model,
        fields=fields,
        store=complaint.store,
        statement=complaint.text,
    )


def _not_null(complaint: Complaint) -> OmmiError:
    columns = re.findall(r"'([^']*)'", complaint.message)[:1]
    return _violation(
        NotNullViolation, "a value is required", complaint, complaint.fields(columns)
    )


def _referred(complaint: Complaint) -> OmmiError:
    return _violation(ForeignKeyViolation, "the row is still referred to", complaint, ())


def _refers_to_nothing(complaint: Complaint) -> OmmiError:
    listed = re.search(r"FOREIGN KEY \(([^)]*)\)", complaint.message)
    columns = re.findall(r"`([^`]*)`", listed[1]) if listed else []
    reason = "a reference leads to no row"
    return _violation(ForeignKeyViolation, reason, complaint, complaint.fields(columns))


def _check(complaint: Complaint) -> OmmiError:
    found = re.search(r"[`'](?:[^`']*\.)?(\w+)[`']", complaint.message)
    name = found[1] if found else ""
    known = () if complaint.command is None else tuple(complaint.command.names)
    # A check of Ommi's is named for the column at its end.
    ends = [c for c in known if name.startswith("ommi_") and name.endswith(f"_{c}")]
    columns = [max(ends, key=len)] if ends else []
    reason = "a check of the table refused the row"
    return _violation(CheckViolation, reason, complaint, complaint.fields(columns))


def _conflict(complaint: Complaint) -> OmmiError:
    reason = f"{complaint.message}; try again"
    return ConflictError(reason, store=complaint.store, statement=complaint.text)


def _stopped(complaint: Complaint) -> OmmiError:
    return StatementTimeout(complaint.message, store=complaint.store, statement=complaint.text)


def _overflow(complaint: Complaint) -> OmmiError:
    reason = "a number does not fit its type"
    return ArithmeticOverflow(reason, store=complaint.store, statement=complaint.text)


def _out_of_range(complaint: Complaint) -> OmmiError:
    is_update = complaint.text is not None and complaint.text.startswith("UPDATE")
    return _overflow(complaint) if is_update else _bad_data(complaint)


def _bad_data(complaint: Complaint) -> OmmiError:
    column = re.search(r"column '([^']*)'", complaint.message)
    where = f" of {column[1].rpartition('.')[2]}" if column else ""
    reason = f"a value does not fit the column{where} ({complaint.code})"
    return DatabaseError(reason, store=complaint.store, statement=complaint.text)


def _read_only(complaint: Complaint) -> OmmiError:
    return UnsupportedOperation("write", complaint.store, complaint.message)


def _no_name(complaint: Complaint) -> OmmiError:
    return refused_name(complaint.store)


def refused_name(store: str) -> UnsupportedOperation:
    """Say that the server takes no such name."""
    return UnsupportedOperation(
        "have a table or a column of this name",
        store,
        "its names do not end with white space, and have no characters beyond U+FFFF; say "
        "table=... or StoreAs(...)",
    )


def _failed(complaint: Complaint) -> OmmiError:
    return ConnectionFailed(complaint.message, store=complaint.store, statement=complaint.text)


def _lost(complaint: Complaint) -> OmmiError:
    return ConnectionLost(complaint.message, store=complaint.store, statement=complaint.text)


def _other(complaint: Complaint) -> OmmiError:
    message = complaint.message
    if complaint.code in _SHOWING_VALUES:
        message = _without_values(message)
    reason = f"{message} ({complaint.code})"
    if complaint.code == _NO_TABLE:
        reason = of_a_missing_table(reason, complaint.command)
    return DatabaseError(reason, store=complaint.store, statement=complaint.text)


_NO_TABLE = 1146
_DECIMAL_OVERFLOW = 1916
_TRUNCATED = 1292
"""What MySQL says of a decimal that has no place in what it sorts by."""
_SHOWING_VALUES = frozenset({1062, 1064, 1169, 1264, 1265, 1292, 1366, 1411, 1525, 1586, 1690})
"""Their messages quote values, or the statement with values in it."""

_BY_CODE: Mapping[int, Make] = {
    0: _lost,
    **dict.fromkeys((1048, 1364), _not_null),
    **dict.fromkeys((1217, 1451), _referred),
    **dict.fromkeys((1216, 1452), _refers_to_nothing),
    **dict.fromkeys((3819, 4025), _check),
    **dict.fromkeys((1020, 1205, 1213, 1637, 3572), _conflict),
    **dict.fromkeys((1969, 3024), _stopped),
    1690: _overflow,
    1264: _out_of_range,
    **dict.fromkeys((1265, 1292, 1366, 1406, 1411, 1525), _bad_data),
    **dict.fromkeys((1290, 1792, 1836), _read_only),
    **dict.fromkeys((1103, 1166, 1300), _no_name),
    **dict.fromkeys((1040, 1044, 1045, 1049, 1129, 1130, 1203, 1698), _failed),
    **dict.fromkeys(
        (1053, 1080, 1152, 1153, 1156, 1158, 1159, 1160, 1161, 1927, 2006, 2013, 2014, 2055, 4031),
        _lost,
    ),
}
