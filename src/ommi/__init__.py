"""Ommi: an async object mapper for the user's own model classes and any database.

async with Ommi("sqlite:///app.db") as db:
    await db.use_models()
    await db.add(User(name="Alice", age=31)).or_raise()
    adults = await db.find(User.age >= 18).fetch.all()
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

from ommi.database import Ommi
from ommi.decorator import ommi_model, register
from ommi.drivers.plugin import DriverPlugin
from ommi.drivers.protocol import IsolationLevel, Outcome
from ommi.errors import (
    ArithmeticOverflow,
    CheckViolation,
    CommitOutcomeUnknown,
    ConfigurationError,
    ConflictError,
    ConnectionFailed,
    ConnectionLost,
    ConnectionPoolExhausted,
    ConstraintViolation,
    DatabaseError,
    ForeignKeyViolation,
    ForkedPool,
    InvalidValue,
    LazyLoadRefused,
    MigrationError,
    ModelError,
    MultipleFound,
    NoCurrentDatabase,
    NotFound,
    NotNullViolation,
    OmmiError,
    OmmiWarning,
    OperationCancelled,
    PolicyViolation,
    PoolDeadlock,
    QueryError,
    RepeatedQuestionWarning,
    SchemaMismatch,
    StaleLease,
    StatementTimeout,
    TooManyRows,
    TransactionClosed,
    TransactionFailed,
    TransactionTimeout,
    UnawaitedOperationWarning,
    UnhandledFailureWarning,
    UniqueViolation,
    UnknownField,
    UnsupportedOperation,
    WrongLoop,
)
from ommi.execution.executor import Explanation
from ommi.execution.transaction.policy import TransactionOptions
from ommi.extensions import PluginManager
from ommi.metadata.annotations import (
    Auto,
    Aware,
    Collation,
    CreatedAt,
    Default,
    Digits,
    Expires,
    FieldId,
    Index,
    IndexTogether,
    Key,
    Length,
    ReferenceTo,
    StoreAs,
    Through,
    Unique,
    UniqueTogether,
    UpdatedAt,
    Using,
    Version,
)
from ommi.metadata.collection import ModelCollection
from ommi.metadata.model import FieldMetadata
from ommi.metadata.typesystem import TypeSystem
from ommi.older_modules import serve as _serve_older_modules
from ommi.query.builder import when
from ommi.query.expressions import Expression
from ommi.query.fields import FieldReference, col, fields, row
from ommi.query.ilike import escape_like
from ommi.query.nodes import Comparison, Logical, Node, Predicate
from ommi.query.operators import LogicalOperator, OrderDirection, QueryOperator
from ommi.relations import Lazy, LazyList
from ommi.results import Answer, AsyncResultWrapper, Failure, Result, Success
from ommi.selection import Finding, Query
from ommi.transactions import Transaction, transaction

if _TYPE_CHECKING:
    from ommi.caching.query_cache import CacheEntry as CacheEntry
    from ommi.caching.query_cache import CacheStats as CacheStats
    from ommi.caching.query_cache import QueryCache as QueryCache
    from ommi.execution.pool import ConnectionPool as ConnectionPool
    from ommi.execution.pool import ConnectionStats as ConnectionStats
    from ommi.legacy import AssociateUsing as AssociateUsing
    from ommi.legacy import ASTComparisonNode as ASTComparisonNode
    from ommi.legacy import ASTLogicalNode as ASTLogicalNode
    from ommi.legacy import ASTNode as ASTNode
    from ommi.legacy import ASTReferenceNode as ASTReferenceNode
    from ommi.legacy import BaseDriver as BaseDriver
    from ommi.legacy import BaseDriverTransaction as BaseDriverTransaction
    from ommi.legacy import DatabaseDriver as DatabaseDriver
    from ommi.legacy import DatabaseResult as DatabaseResult
    from ommi.legacy import DBQueryResult as DBQueryResult
    from ommi.legacy import DBResult as DBResult
    from ommi.legacy import FieldType as FieldType
    from ommi.legacy import LazyLoadEveryRelated as LazyLoadEveryRelated
    from ommi.legacy import LazyLoadTheRelated as LazyLoadTheRelated
    from ommi.legacy import OmmiModel as OmmiModel
    from ommi.legacy import OmmiTransaction as OmmiTransaction
    from ommi.legacy import QueryBuilder as QueryBuilder
    from ommi.legacy import UseDriver as UseDriver
    from ommi.legacy import active_driver as active_driver
    from ommi.legacy import use_driver as use_driver
    from ommi.migrations import Migration as Migration
    from ommi.migrations import SchemaManager as SchemaManager
    from ommi.plugins.protocol import Middleware as Middleware

__version__ = "1.0.0.dev0"

_LATE = {
    "CacheEntry": "ommi.caching.query_cache",
    "CacheStats": "ommi.caching.query_cache",
    "ConnectionPool": "ommi.execution.pool",
    "ConnectionStats": "ommi.execution.pool",
    "Middleware": "ommi.plugins.protocol",
    "Migration": "ommi.migrations",
    "QueryCache": "ommi.caching.query_cache",
    "SchemaManager": "ommi.migrations",
}
"""What not every program needs, and so is imported when it is asked for."""

__all__ = [
    "Answer",
    "ArithmeticOverflow",
    "AsyncResultWrapper",
    "Auto",
    "Aware",
    "CacheEntry",
    "CacheStats",
    "CheckViolation",
    "Collation",
    "CommitOutcomeUnknown",
    "Comparison",
    "ConfigurationError",
    "ConflictError",
    "ConnectionFailed",
    "ConnectionLost",
    "ConnectionPool",
    "ConnectionPoolExhausted",
    "ConnectionStats",
    "ConstraintViolation",
    "CreatedAt",
    "DatabaseError",
    "Default",
    "Digits",
    "DriverPlugin",
    "Expires",
    "Explanation",
    "Expression",
    "Failure",
    "FieldId",
    "FieldMetadata",
    "FieldReference",
    "Finding",
    "ForeignKeyViolation",
    "ForkedPool",
    "Index",
    "IndexTogether",
    "InvalidValue",
    "IsolationLevel",
    "Key",
    "Lazy",
    "LazyList",
    "LazyLoadRefused",
    "Length",
    "Logical",
    "LogicalOperator",
    "Middleware",
    "Migration",
    "MigrationError",
    "ModelCollection",
    "ModelError",
    "MultipleFound",
    "NoCurrentDatabase",
    "Node",
    "NotFound",
    "NotNullViolation",
    "Ommi",
    "OmmiError",
    "OmmiWarning",
    "OperationCancelled",
    "OrderDirection",
    "Outcome",
    "PluginManager",
    "PolicyViolation",
    "PoolDeadlock",
    "Predicate",
    "Query",
    "QueryCache",
    "QueryError",
    "QueryOperator",
    "ReferenceTo",
    "RepeatedQuestionWarning",
    "Result",
    "SchemaManager",
    "SchemaMismatch",
    "StaleLease",
    "StatementTimeout",
    "StoreAs",
    "Success",
    "Through",
    "TooManyRows",
    "Transaction",
    "TransactionClosed",
    "TransactionFailed",
    "TransactionOptions",
    "TransactionTimeout",
    "TypeSystem",
    "UnawaitedOperationWarning",
    "UnhandledFailureWarning",
    "Unique",
    "UniqueTogether",
    "UniqueViolation",
    "UnknownField",
    "UnsupportedOperation",
    "UpdatedAt",
    "Using",
    "Version",
    "WrongLoop",
    "col",
    "escape_like",
    "fields",
    "ommi_model",
    "register",
    "row",
    "transaction",
    "when",
]


_serve_older_modules()


def __getattr__(name: str) -> object:
    """Give what has another name here than elsewhere; the names are in `ommi.legacy`."""
    if name in _LATE:
        return getattr(_import_module(_LATE[name]), name)
    if not name.startswith("__"):
        legacy = _import_module("ommi.legacy")
        if name in legacy.__all__:
            return getattr(legacy, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATE, *_import_module("ommi.legacy").__all__})
