"""Small things that only Ommi 0.2 had."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from ommi.database import Ommi
from ommi.errors import NotFound
from ommi.legacy.asking import Rows
from ommi.metadata.collection import DEFAULT_COLLECTION, ModelCollection
from ommi.metadata.model import find_metadata
from ommi.query.operators import OrderDirection
from ommi.results import Failure, Result, Success
from ommi.selection import Finding


class _IsModel(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return find_metadata(type(instance)) is not None

    def __subclasscheck__(cls, kind: type) -> bool:
        return find_metadata(kind) is not None


class OmmiModel(metaclass=_IsModel):
    """What every model is an instance of, without being derived from it."""


@dataclass(frozen=True)
class FieldType:
    """Said what a field was stored as; the annotation says it now, and this says nothing."""

    type: object = None


class ResultOrdering(Enum):
    """The directions of an order, as they were called."""

    ASCENDING = OrderDirection.ASC
    DESCENDING = OrderDirection.DESC


class DBResult:
    """The two kinds of results, as they were called."""

    DBSuccess = Success
    DBFailure = Failure


class DBQueryResult:
    """The two kinds of results of questions, as they were called."""

    DBQuerySuccess = Success
    DBQueryFailure = Failure


class DatabaseResult:
    """The two kinds of results of drivers, as they were called."""

    Success = Success
    Failure = Failure


def get_global_collection() -> ModelCollection:
    """Give the collection of models that name no other."""
    return DEFAULT_COLLECTION


class Schema:
    """`db.schema(collection)`: make and drop its tables."""

    def __init__(self, db: Ommi, *collections: ModelCollection) -> None:
        self._db = db
        self._collections = collections

    async def create_models(self) -> None:
        """Make the tables that are not there."""
        await self._db.use_models(*self._collections)

    async def delete_models(self) -> None:
        """Drop the tables."""
        await self._db.remove_models(*self._collections)


def adopt() -> None:
    """Let results, questions and databases answer to what they were asked in Ommi 0.2.

    The only place where anything is put into a class of Ommi's from outside; it is done when the
    first older module or name is used.
    """
    kinds: tuple[Any, ...] = Result, Success, Failure, Finding, Ommi
    result, success, failure, finding, database = kinds
    result.result = property(lambda self: self.value)
    result.result_or = lambda self, default: self.value_or(default)
    success.exception = property(_no_exception)
    failure.exception = property(lambda self: self.error)
    result.exception_or = lambda self, default: default if self.error is None else self.error
    finding.all = property(lambda self: self.fetch.map(Rows))
    database.schema = lambda self, *every: Schema(self, *every)  # noqa: PLW0108 - it binds


def _no_exception(self: object) -> None:
    raise NotFound("", f"{self!r} has no exception")
