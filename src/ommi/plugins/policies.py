"""Policies: rows that are not there for who asks. No way to ask leads around them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from ommi.errors import ConfigurationError, PolicyViolation
from ommi.metadata.model import FieldMetadata, ModelMetadata, metadata_of
from ommi.metadata.storage import Kind
from ommi.query.builder import conditions_on
from ommi.query.fields import references
from ommi.query.nodes import Predicate
from ommi.query.statements import Delete, Update


class _Suspendable:
    """Can be set aside in a block of code, for the task that runs it and those that it starts."""

    def __init__(self) -> None:
        self._suspended: ContextVar[bool] = ContextVar(f"{type(self).__name__}.suspended")

    @property
    def is_suspended(self) -> bool:
        """Whether it is set aside here."""
        return self._suspended.get(False)

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Set it aside inside the block; what is awaited there sees and writes every row."""
        token = self._suspended.set(True)
        try:
            yield
        finally:
            self._suspended.reset(token)


class RowPolicy(_Suspendable):
    """Lets only those rows of a model be seen and written that meet a condition.

    `condition` is one, or a function that is called for every question and gives it; it names the
    model's own fields only. Where it gives `None`, every row is there; it may raise
    `PolicyViolation` to refuse. New rows, and what an update writes, must meet it too.

        RowPolicy(Document, lambda: Document.owner_id == current_user.get())
    """

    checks_writes: bool = True

    def __init__(self, model: type, condition: Predicate | Callable[[], Predicate | None]) -> None:
        super().__init__()
        metadata_of(model)
        if not isinstance(condition, Predicate) and not callable(condition):
            raise ConfigurationError(
                "RowPolicy(Model, condition) wants a condition such as Model.owner == 1 or a "
                f"function that gives one, found {type(condition).__name__}"
            )
        self._model = model
        self._condition = condition

    def guard(self, model: ModelMetadata, /) -> Predicate | None:
        """Give the condition on rows of a model."""
        if self.is_suspended or metadata_of(self._model) is not model:
            return None
        said = self._condition
        found = said if isinstance(said, Predicate) else said()
        return None if found is None else conditions_on(model, (found,))

    def rewritten(self, statement: Update | Delete, /) -> Update | Delete:
        """Give what is done instead of a write: the same."""
        return statement


class TenantScope(_Suspendable):
    """Keeps the rows of tenants apart, in every model that has the tenant's field.

    `current` gives the tenant of the code at hand: a context variable, or a function. Without one
    nothing is asked of such a model, and nothing is written: `PolicyViolation`.

        tenant: ContextVar[int] = ContextVar("tenant")
        Ommi(url, middleware=[TenantScope("tenant_id", tenant)])
    """

    checks_writes: bool = True

    def __init__(self, field: str, current: ContextVar[Any] | Callable[[], object]) -> None:
        super().__init__()
        _refuse_no_name("TenantScope", field)
        if not isinstance(current, ContextVar) and not callable(current):
            raise ConfigurationError(
                "TenantScope(field, current) wants a context variable or a function that gives "
                f"the tenant, found {type(current).__name__}"
            )
        self._field = field
        self._current = current

    def guard(self, model: ModelMetadata, /) -> Predicate | None:
        """Give the condition on rows of a model; raises `PolicyViolation` without a tenant."""
        if self.is_suspended or self._field not in model.by_name:
            return None
        current = self._current
        tenant = current.get(None) if isinstance(current, ContextVar) else current()
        if tenant is None:
            raise PolicyViolation(
                "TenantScope",
                f"no tenant is set, and every row has one in {self._field}; set it first, or "
                "enter suspended() for work that spans tenants",
                model=model.name,
            )
        condition: Predicate = references(model)[self._field] == tenant
        return condition

    def rewritten(self, statement: Update | Delete, /) -> Update | Delete:
        """Give what is done instead of a write: the same."""
        return statement


class SoftDelete(_Suspendable):
    """Marks rows as deleted instead of deleting them, in every model that has the field.

    The field is a datetime that is `None` in rows that are there, or a bool. Rows that are marked
    are not found, counted, updated or joined. What refers to a row stays, whatever its `on_delete`
    says: the row stays. In `suspended()` marked rows are seen, and rows are really deleted.
    """

    checks_writes: bool = False

    def __init__(self, field: str = "deleted_at") -> None:
        super().__init__()
        _refuse_no_name("SoftDelete", field)
        self._field = field

    def guard(self, model: ModelMetadata, /) -> Predicate | None:
        """Give the condition that a row is not marked."""
        field = None if self.is_suspended else self._of(model)
        if field is None:
            return None
        reference = references(model)[field.name]
        condition: Predicate = (
            reference == False  # noqa: E712 - a question
            if field.storage.kind is Kind.BOOL
            else reference.is_null()
        )
        return condition

    def rewritten(self, statement: Update | Delete, /) -> Update | Delete:
        """Give an update that marks the rows which were to be deleted."""
        field = None if self.is_suspended else self._of(statement.model)
        if field is None or isinstance(statement, Update):
            return statement
        return Update(statement.model, ((field, _mark(field)),), statement.where)

    def _of(self, model: ModelMetadata) -> FieldMetadata | None:
        field = model.by_name.get(self._field)
        if field is None:
            return None
        is_time = field.storage.kind in {Kind.INSTANT, Kind.DATETIME} and field.is_optional
        if not is_time and field.storage.kind is not Kind.BOOL:
            raise ConfigurationError(
                f"SoftDelete marks {model.name}.{field.name}, which is stored as {field.storage}; "
                "it wants a datetime that may be None, or a bool"
            )
        return field


def _refuse_no_name(policy: str, field: object) -> None:
    if not isinstance(field, str):
        raise ConfigurationError(
            f"{policy} wants the name of a field, as a str, found {type(field).__name__}"
        )


def _mark(field: FieldMetadata) -> object:
    if field.storage.kind is Kind.BOOL:
        return field.dump(True)  # noqa: FBT003 - a value
    now = datetime.now(UTC)
    return field.dump(now if field.storage.kind is Kind.INSTANT else now.replace(tzinfo=None))
