"""Every error that Ommi raises, as one tree.

An error is named for what happened and carries the facts as attributes; its message is made from
them. The client library's own error is its `__cause__`. Statements are shown, values and passwords
never.

    OmmiError
    ├── ConfigurationError (ValueError) a URL or an option that means nothing
    ├── ModelError                      a class cannot be mapped
    ├── QueryError                      a question that has no meaning
    │   ├── UnknownField                a name that is no field of the model
    │   └── InvalidValue (ValueError)   a value that does not fit its field
    ├── NotFound                        `one` found no row
    ├── MultipleFound                   `one` found more than one row
    ├── UnsupportedOperation            this store cannot do it
    ├── PolicyViolation                 a policy of this database does not allow it
    ├── OperationCancelled              it was cancelled, and never runs twice
    ├── NoCurrentDatabase               an instance that knows no database
    ├── LazyLoadRefused                 a relation was awaited that was to be loaded before
    └── DatabaseError                   the store refused or failed
        ├── ConstraintViolation
        │   ├── UniqueViolation
        │   ├── ForeignKeyViolation
        │   ├── NotNullViolation
        │   └── CheckViolation
        ├── ConflictError               somebody else was there first; `retryable`
        ├── StatementTimeout
        ├── TransactionFailed           a statement failed before, so nothing more is done
        ├── TransactionClosed           it has ended, and takes no more statements
        ├── TransactionTimeout (TimeoutError)
        ├── CommitOutcomeUnknown        the reply to COMMIT was lost; never retried
        ├── ArithmeticOverflow          a sum, difference or product outside its type
        ├── TooManyRows                 a question would have to look at more rows than it may
        ├── SchemaMismatch              a table is not what its model says
        ├── ConnectionPoolExhausted     every connection is lent, and none came back in time
        ├── PoolDeadlock                who holds the connections waits for one
        ├── StaleLease                  a connection used, or given back, after it was given back
        ├── WrongLoop                   a database belongs to the event loop that opened it
        ├── ForkedPool                  a pool belongs to the process that opened it
        └── ConnectionFailed            no connection could be had
            └── ConnectionLost          one was had, and broke

    OmmiWarning (UserWarning)
    ├── UnhandledFailureWarning         a Failure that nobody looked at
    ├── UnawaitedOperationWarning       a write that was never awaited
    └── RepeatedQuestionWarning         a question that a loop asks again and again
"""

from __future__ import annotations

from collections.abc import Sequence

_SHOWN = 63
"""A name may come from outside; no longer one is a name anyway."""


class OmmiError(Exception):
    """What every error of Ommi is. It can be pickled, facts included."""

    def __reduce__(self) -> tuple[object, ...]:
        return _restored, (type(self), self.args, self.__dict__)


class ConfigurationError(OmmiError, ValueError):
    """A URL or an option that means nothing; passwords are never shown."""


class OperationCancelled(OmmiError, RuntimeError):
    """The one run of `operation` was cancelled; it never runs twice."""

    def __init__(self, operation: str) -> None:
        self.operation = operation
        super().__init__(f"{operation} was cancelled; it never runs twice, so make a new one")


class ModelError(OmmiError):
    """A class cannot be mapped; `model` and `field` say where."""

    def __init__(self, reason: str, *, model: str, field: str | None = None) -> None:
        self.model = model
        self.field = field
        self.reason = reason
        where = model if field is None else f"{model}.{field}"
        super().__init__(f"{where}: {reason}")


class QueryError(OmmiError):
    """A question that has no meaning, refused before anything is sent."""


class UnknownField(QueryError):
    """`name` is no field of `model`; `known` lists those that are."""

    def __init__(self, model: str, name: str, known: Sequence[str]) -> None:
        self.model = model
        self.name = name
        self.known: tuple[str, ...] = tuple(known)
        shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}..."
        super().__init__(f"{model} has no field {shown!r}; it has {', '.join(self.known)}")


class InvalidValue(QueryError, ValueError):
    """A value does not fit its field; the value itself is never shown."""

    def __init__(self, reason: str, *, model: str | None = None, field: str | None = None) -> None:
        self.model = model
        self.field = field
        self.reason = reason
        where = ".".join(part for part in (model, field) if part)
        super().__init__(f"{where}: {reason}" if where else reason)


class NotFound(OmmiError):
    """One row was asked for and none is there."""

    def __init__(self, model: str, reason: str | None = None) -> None:
        self.model = model
        super().__init__(
            reason or f"no {model} matches; ask with one.or_use(default) if that is expected"
        )


class MultipleFound(OmmiError):
    """One row was asked for and several are there."""

    def __init__(self, model: str) -> None:
        self.model = model
        super().__init__(
            f"more than one {model} matches; narrow the question, or take the first with first"
        )


class UnsupportedOperation(OmmiError):
    """The store cannot do `operation`; nothing was sent."""

    def __init__(self, operation: str, store: str, advice: str | None = None) -> None:
        self.operation = operation
        self.store = store
        self.advice = advice
        super().__init__(
            f"{store} cannot do this: {operation}" + (f"; {advice}" if advice else "")
        )


class PolicyViolation(OmmiError):
    """A policy of the database does not allow it; nothing was sent."""

    def __init__(self, policy: str, reason: str, *, model: str | None = None) -> None:
        self.policy = policy
        self.model = model
        self.reason = reason
        super().__init__(f"{policy}: {model}: {reason}" if model else f"{policy}: {reason}")


class NoCurrentDatabase(OmmiError):
    """An instance was asked to act and no database is in reach."""


class LazyLoadRefused(OmmiError):
    """A relation was awaited that is not loaded, in a database that refuses to load it then.

    `file` and `line` say where; `None` where a task awaited the handle itself.
    """

    def __init__(self, relation: str, file: str | None, line: int | None) -> None:
        self.relation = relation
        self.file = file
        self.line = line
        where = "a task" if file is None else f"{file}:{line}"
        super().__init__(
            f"{relation} is not loaded and was awaited in {where}; add .load({relation}) to the "
            "question that gave the instance"
        )


class DatabaseError(OmmiError):
    """The store refused or failed; `statement` is what it was asked, without values."""

    retryable = False

    def __init__(
        self, reason: str, *, store: str | None = None, statement: str | None = None
    ) -> None:
        self.reason = reason
        self.store = store
        self.statement = statement
        message = f"{store}: {reason}" if store else reason
        super().__init__(f"{message}\n  in: {statement}" if statement else message)


class ConstraintViolation(DatabaseError):
    """A rule of the schema refused the row; `model` and `fields` name what it guards."""

    def __init__(
        self,
        reason: str,
        *,
        model: str | None = None,
        fields: Sequence[str] = (),
        store: str | None = None,
        statement: str | None = None,
    ) -> None:
        super().__init__(reason, store=store, statement=statement)
        self.model = model
        self.fields: tuple[str, ...] = tuple(fields)


class UniqueViolation(ConstraintViolation):
    """Another row already has this value of `fields`."""


class ForeignKeyViolation(ConstraintViolation):
    """A reference to a row that is not there, or a row that others still refer to.

    `referring` names the models whose rows may refer to one that was to be deleted.
    """

    referring: tuple[str, ...] = ()


class NotNullViolation(ConstraintViolation):
    """A field that must have a value has none."""


class CheckViolation(ConstraintViolation):
    """A CHECK of the table refused the row."""


class ConflictError(DatabaseError):
    """Somebody else was there first: a serialization failure, a deadlock, a lock, a version."""

    def __init__(
        self,
        reason: str,
        *,
        retryable: bool = True,
        store: str | None = None,
        statement: str | None = None,
    ) -> None:
        super().__init__(reason, store=store, statement=statement)
        self.retryable = retryable


class StatementTimeout(DatabaseError):
    """The statement took longer than it may and was stopped."""


class TransactionFailed(DatabaseError):
    """The store refused something before, so the transaction does nothing more.

    What was refused is the cause. Until a savepoint from before it is rolled back to, every
    statement fails so, and the block cannot be left with a commit.
    """


class TransactionClosed(DatabaseError):
    """The transaction has ended, and takes no more statements."""


class TransactionTimeout(DatabaseError, TimeoutError):
    """The transaction took longer than it may, and was rolled back."""


class CommitOutcomeUnknown(DatabaseError):
    """The reply to COMMIT was lost: it may have happened, and it is never retried.

    `token` is what `db.resolve(token)` takes, where a commit marker was asked for.
    """

    def __init__(
        self,
        reason: str,
        *,
        token: str | None = None,
        store: str | None = None,
        statement: str | None = None,
    ) -> None:
        super().__init__(reason, store=store, statement=statement)
        self.token = token


class ArithmeticOverflow(DatabaseError):
    """A sum, difference or product does not fit the type of its fields."""


class TooManyRows(DatabaseError):
    """A question would have to look at `rows` rows of a table, and `limit` are the most."""

    def __init__(self, table: str, rows: int, limit: int, *, store: str | None = None) -> None:
        self.table = table
        self.rows = rows
        self.limit = limit
        super().__init__(
            f"the question has to look at more than {limit} rows of {table!r}, one by one; ask by "
            "key or by a field that is Unique or an Index, or raise scan_limit",
            store=store,
        )


class SchemaMismatch(DatabaseError):
    """A table in the store is not what its model says; `differences` lists how."""

    def __init__(self, differences: Sequence[str], *, store: str | None = None) -> None:
        self.differences: tuple[str, ...] = tuple(differences)
        super().__init__(
            "the store's tables differ from the models, and Ommi never alters a table by itself: "
            + "; ".join(self.differences),
            store=store,
        )


class ConnectionFailed(DatabaseError):
    """No connection to the store could be had."""


class ConnectionLost(ConnectionFailed):
    """A connection broke, or was closed, while it was in use."""


class ConnectionPoolExhausted(DatabaseError):
    """Every connection is lent and none came back in time; `holders` tells who has them."""

    def __init__(
        self, waited_seconds: float, holders: Sequence[str], *, store: str | None = None
    ) -> None:
        self.waited_seconds = waited_seconds
        self.holders: tuple[str, ...] = tuple(holders)
        super().__init__(
            f"no connection came free within {waited_seconds:g} s; all {len(self.holders)} are "
            f"lent, to:{_listed(self.holders)}",
            store=store,
        )


class PoolDeadlock(DatabaseError):
    """Every connection is held by a task that waits for one, so that none can come free."""

    def __init__(self, holders: Sequence[str], *, store: str | None = None) -> None:
        self.holders: tuple[str, ...] = tuple(holders)
        super().__init__(
            "every task that holds a connection waits for another; use the one that is held, or "
            f"raise max_connections. Held by:{_listed(self.holders)}",
            store=store,
        )


class StaleLease(DatabaseError):
    """A lent connection was used after it was given back, or given back where it is not lent."""


class WrongLoop(DatabaseError):
    """A database was used in an event loop that is not the one that opened it."""


class ForkedPool(DatabaseError):
    """A pool was used in a child of the process that opened it."""


class OmmiWarning(UserWarning):
    """What every warning of Ommi is."""


class UnhandledFailureWarning(OmmiWarning):
    """A Failure was thrown away and nobody looked at it."""


class UnawaitedOperationWarning(OmmiWarning):
    """A write was made and never awaited, so nothing was written."""


class RepeatedQuestionWarning(OmmiWarning):
    """One line of a program asked the same question again and again, with other values."""


def _listed(lines: Sequence[str]) -> str:
    return "".join(f"\n  {line}" for line in lines)


def _restored(
    kind: type[OmmiError], args: tuple[object, ...], facts: dict[str, object]
) -> OmmiError:
    """Rebuild an error from a pickle: its constructors take facts, not the message."""
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(facts)
    return error
