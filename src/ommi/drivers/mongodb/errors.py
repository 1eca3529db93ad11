"""pymongo's errors as Ommi's: one table by the server's code, the labels before it.

The server's words and documents quote values; they are taken out of the original, too, since that
is the cause and ends up in logs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bson.errors import BSONError
from pymongo import errors as client

from ommi.drivers.mongodb.calculations import NO_BRANCH
from ommi.drivers.mongodb.commands import Command
from ommi.drivers.mongodb.storage import STORE
from ommi.errors import (
    ArithmeticOverflow,
    CheckViolation,
    CommitOutcomeUnknown,
    ConflictError,
    ConnectionFailed,
    ConnectionLost,
    ConnectionPoolExhausted,
    DatabaseError,
    InvalidValue,
    OmmiError,
    StatementTimeout,
    UniqueViolation,
    UnsupportedOperation,
    WrongLoop,
)

TRANSIENT = "TransientTransactionError"
COMMIT_UNKNOWN = "UnknownTransactionCommitResult"

Make = Callable[["Complaint"], OmmiError]


class Complaint:
    """What the server or the client library says, and of which command."""

    def __init__(self, error: client.PyMongoError, command: Command | None) -> None:
        self.details: Mapping[str, Any] = _details(error)
        self.code: int = self.details.get("code") or getattr(error, "code", None) or 0
        self.name: str = str(self.details.get("codeName") or type(error).__name__)
        self.command = command

    @property
    def text(self) -> str | None:
        """The statement, without values."""
        return None if self.command is None else self.command.text

    @property
    def model(self) -> str | None:
        """The model that it is about."""
        return None if self.command is None else self.command.model


@contextmanager
def translating(command: Command | None = None) -> Iterator[None]:
    """Raise Ommi's errors for those of the client library."""
    try:
        yield
    except (client.PyMongoError, BSONError, OverflowError, RuntimeError) as error:
        made = translated(error, command)
        if made is None:
            raise
        raise made from error


def translated(error: Exception, command: Command | None = None) -> OmmiError | None:
    """Give Ommi's error for one of the client library's; `None` for what is none of its."""
    if isinstance(error, RuntimeError):
        is_loop = "event loop" in str(error)
        return WrongLoop(_WRONG_LOOP, store=STORE) if is_loop else None
    if not isinstance(error, client.PyMongoError):
        return _unfit(error, command)
    complaint = Complaint(error, command)
    made = _of(error, complaint)
    _without_values(error, complaint)
    return made


def committing(error: client.PyMongoError) -> OmmiError:
    """Give the error for a commit that failed: its outcome may be unknown."""
    complaint = Complaint(error, None)
    made: OmmiError | None
    if error.has_error_label(COMMIT_UNKNOWN):
        made = CommitOutcomeUnknown(
            "the reply to the commit was lost; it may have happened", store=STORE
        )
    else:
        made = _of(error, complaint)
    _without_values(error, complaint)
    return made


def failed_to_connect(error: Exception, where: str) -> ConnectionFailed:
    """Give the error for a server that could not be reached, or did not let one in."""
    complaint = Complaint(error, None) if isinstance(error, client.PyMongoError) else None
    if complaint is not None and complaint.code in _REFUSED:
        reason = f"it refused: {complaint.name} ({complaint.code})"
    else:
        reason = type(error).__name__
    return ConnectionFailed(f"cannot connect to {where}: {reason}", store=STORE)


def _of(error: client.PyMongoError, complaint: Complaint) -> OmmiError:
    if error.has_error_label(TRANSIENT):
        return _conflict(complaint)
    if isinstance(error, client.InvalidName):
        return UnsupportedOperation("have a collection of this name", STORE, "say table=...")
    if isinstance(error, client.WaitQueueTimeoutError):
        return ConnectionPoolExhausted(0.0, (), store=STORE)
    if isinstance(error, client.InvalidOperation):
        return _invalid(error, complaint)
    if isinstance(error, client.ConnectionFailure):
        reason = f"the connection broke, or there was none: {type(error).__name__}"
        return ConnectionLost(reason, store=STORE, statement=complaint.text)
    return _BY_CODE.get(complaint.code, _other)(complaint)


def _unfit(error: Exception, command: Command | None) -> OmmiError:
    error.args = ("a value does not fit BSON",)
    model = None if command is None else command.model
    if isinstance(error, client.DocumentTooLarge):
        return InvalidValue("a document is larger than 16 MB", model=model)
    return InvalidValue("a value cannot be written as BSON", model=model)


def _invalid(error: client.PyMongoError, complaint: Complaint) -> OmmiError:
    if "after close" in str(error):
        return ConnectionLost("the database was closed", store=STORE, statement=complaint.text)
    return DatabaseError(str(error), store=STORE, statement=complaint.text)


def _details(error: client.PyMongoError) -> Mapping[str, Any]:
    details = getattr(error, "details", None)
    if not isinstance(details, Mapping):
        return {}
    listed = details.get("writeErrors")
    return listed[0] if listed else details


def _without_values(error: client.PyMongoError, complaint: Complaint) -> None:
    """Leave of an error its name and code; it keeps its labels."""
    error.args = (f"{complaint.name} ({complaint.code})",)
    if isinstance(error, client.OperationFailure):
        error._OperationFailure__details = None  # type: ignore[attr-defined]  # noqa: SLF001
    for name in ("details", "errors"):
        if name in vars(error):
            setattr(error, name, {})


def _duplicate(complaint: Complaint) -> OmmiError:
    names = {} if complaint.command is None else complaint.command.names
    places = list(complaint.details.get("keyPattern") or {})
    fields = [name for place in places for name in _fields_at(place, names)]
    named = f" ({', '.join(fields)})" if fields else ""
    return UniqueViolation(
        f"{complaint.model or 'a row'}{named}: another row already has this value",
        model=complaint.model,
        fields=fields,
        store=STORE,
        statement=complaint.text,
    )


def _fields_at(place: str, names: Mapping[str, str]) -> list[str]:
    if place in names:
        return [names[place]]
    return [name for known, name in names.items() if known.startswith(f"{place}.")]


def _invalid_document(complaint: Complaint) -> OmmiError:
    fields = tuple(dict.fromkeys(_failing(complaint.details.get("errInfo"))))
    names = {} if complaint.command is None else complaint.command.names
    told = tuple(names.get(place, place) for place in fields)
    named = f" ({', '.join(told)})" if told else ""
    return CheckViolation(
        f"{complaint.model or 'a row'}{named}: the validator of the collection refused it",
        model=complaint.model,
        fields=told,
        store=STORE,
        statement=complaint.text,
    )


def _failing(info: object) -> Iterator[str]:
    """Give the properties that a validator tells of, wherever it tells them."""
    if isinstance(info, Mapping):
        if isinstance(info.get("propertyName"), str):
            yield info["propertyName"]
        for name in info.get("missingProperties") or ():
            yield str(name)
        for part in info.values():
            yield from _failing(part)
    elif isinstance(info, list):
        for part in info:
            yield from _failing(part)


def _conflict(complaint: Complaint) -> OmmiError:
    reason = f"another transaction was there first: {complaint.name} ({complaint.code}); try again"
    return ConflictError(reason, store=STORE, statement=complaint.text)


def _stopped(complaint: Complaint) -> OmmiError:
    reason = f"it took too long: {complaint.name} ({complaint.code})"
    return StatementTimeout(reason, store=STORE, statement=complaint.text)


def _overflow(complaint: Complaint) -> OmmiError:
    reason = "a number does not fit its type"
    return ArithmeticOverflow(reason, store=STORE, statement=complaint.text)


def _refused(complaint: Complaint) -> OmmiError:
    reason = f"it refused: {complaint.name} ({complaint.code})"
    return ConnectionFailed(reason, store=STORE, statement=complaint.text)


def _without_transactions(complaint: Complaint) -> OmmiError:
    advice = "run the server as a replica set; one member is enough"
    return UnsupportedOperation("transactions", STORE, f"{complaint.name}; {advice}")


def _other(complaint: Complaint) -> OmmiError:
    reason = f"{complaint.name} ({complaint.code})"
    return DatabaseError(reason, store=STORE, statement=complaint.text)


_WRONG_LOOP = "it belongs to the event loop that opened it; open another there"
_REFUSED = (8000, 13, 18)
_BY_CODE: Mapping[int, Make] = {
    **dict.fromkeys((11000, 11001, 12582), _duplicate),
    121: _invalid_document,
    **dict.fromkeys((112, 24, 246, 251), _conflict),
    **dict.fromkeys((50, 262), _stopped),
    NO_BRANCH: _overflow,
    **dict.fromkeys(_REFUSED, _refused),
    263: _without_transactions,
    20: _without_transactions,
}
