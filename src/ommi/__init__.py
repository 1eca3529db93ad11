"""Ommi: an async object mapper for the user's own model classes and any database.

async with Ommi("sqlite:///app.db") as db:
    await db.use_models()
    await db.add(User(name="Alice", age=31)).or_raise()
    adults = await db.find(User.age >= 18).fetch.all()
"""

from ommi.database import Ommi
from ommi.decorator import ommi_model, register
from ommi.errors import (
    ArithmeticOverflow,
    CheckViolation,
    ConfigurationError,
    ConflictError,
    ConnectionFailed,
    ConnectionLost,
    ConstraintViolation,
    DatabaseError,
    ForeignKeyViolation,
    InvalidValue,
    ModelError,
    MultipleFound,
    NoCurrentDatabase,
    NotFound,
    NotNullViolation,
    OmmiError,
    OmmiWarning,
    OperationCancelled,
    QueryError,
    SchemaMismatch,
    StatementTimeout,
    UnawaitedOperationWarning,
    UnhandledFailureWarning,
    UniqueViolation,
    UnknownField,
    UnsupportedOperation,
)
from ommi.execution.executor import Explanation
from ommi.metadata.annotations import (
    Auto,
    Aware,
    Collation,
    CreatedAt,
    Default,
    Digits,
    Index,
    IndexTogether,
    Key,
    Length,
    ReferenceTo,
    StoreAs,
    Unique,
    UniqueTogether,
    UpdatedAt,
    Version,
)
from ommi.metadata.collection import ModelCollection
from ommi.metadata.model import FieldMetadata
from ommi.metadata.typesystem import TypeSystem
from ommi.query.builder import when
from ommi.query.expressions import Expression
from ommi.query.fields import FieldReference, col, fields, row
from ommi.query.nodes import Comparison, Logical, Node, Predicate
from ommi.query.operators import LogicalOperator, OrderDirection, QueryOperator
from ommi.results import Answer, AsyncResultWrapper, Failure, Result, Success
from ommi.selection import Finding, Query

__version__ = "1.0.0.dev0"

__all__ = [
    "Answer",
    "ArithmeticOverflow",
    "AsyncResultWrapper",
    "Auto",
    "Aware",
    "CheckViolation",
    "Collation",
    "Comparison",
    "ConfigurationError",
    "ConflictError",
    "ConnectionFailed",
    "ConnectionLost",
    "ConstraintViolation",
    "CreatedAt",
    "DatabaseError",
    "Default",
    "Digits",
    "Explanation",
    "Expression",
    "Failure",
    "FieldMetadata",
    "FieldReference",
    "Finding",
    "ForeignKeyViolation",
    "Index",
    "IndexTogether",
    "InvalidValue",
    "Key",
    "Length",
    "Logical",
    "LogicalOperator",
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
    "Predicate",
    "Query",
    "QueryError",
    "QueryOperator",
    "ReferenceTo",
    "Result",
    "SchemaMismatch",
    "StatementTimeout",
    "StoreAs",
    "Success",
    "TypeSystem",
    "UnawaitedOperationWarning",
    "UnhandledFailureWarning",
    "Unique",
    "UniqueTogether",
    "UniqueViolation",
    "UnknownField",
    "UnsupportedOperation",
    "UpdatedAt",
    "Version",
    "col",
    "fields",
    "ommi_model",
    "register",
    "row",
    "when",
]
