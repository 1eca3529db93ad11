"""Names that things have elsewhere: in the reference document, and in Ommi 0.2.

This is the one place that knows them. `ommi.__getattr__` serves `__all__` from here, and the
import finder in `ommi.older_modules` serves `MODULES`.
"""

from __future__ import annotations

from collections.abc import Mapping

from ommi.database import Ommi
from ommi.decorator import ommi_model
from ommi.drivers.protocol import Driver
from ommi.errors import ConnectionFailed, DatabaseError, NotFound, TransactionFailed
from ommi.legacy.asking import Asked, when
from ommi.legacy.drivers import (
    BaseDriver,
    BaseDriverTransaction,
    MongoDBDriver,
    PostgreSQLDriver,
    SQLiteDriver,
    UseDriver,
    active_driver,
    get_current_driver,
    use_driver,
)
from ommi.legacy.names import (
    DatabaseResult,
    DBQueryResult,
    DBResult,
    FieldType,
    OmmiModel,
    ResultOrdering,
    adopt,
    get_global_collection,
)
from ommi.metadata.annotations import Auto, Key, ReferenceTo, StoreAs, Through
from ommi.metadata.collection import ModelCollection
from ommi.metadata.model import FieldMetadata
from ommi.query.fields import FieldReference
from ommi.query.nodes import Comparison, Logical, Node
from ommi.query.operators import LogicalOperator, QueryOperator
from ommi.relations import Lazy, LazyList
from ommi.results import Failure, Success
from ommi.selection import Query
from ommi.transactions import Transaction

ASTComparisonNode = Comparison
ASTLogicalNode = Logical
ASTNode = Node
ASTReferenceNode = FieldReference
AssociateUsing = Through
DatabaseDriver = Driver
LazyLoadEveryRelated = LazyList
LazyLoadTheRelated = Lazy
OmmiTransaction = Transaction
QueryBuilder = Query

__all__ = [
    "ASTComparisonNode",
    "ASTLogicalNode",
    "ASTNode",
    "ASTReferenceNode",
    "AssociateUsing",
    "BaseDriver",
    "BaseDriverTransaction",
    "DBQueryResult",
    "DBResult",
    "DatabaseDriver",
    "DatabaseResult",
    "FieldType",
    "LazyLoadEveryRelated",
    "LazyLoadTheRelated",
    "OmmiModel",
    "OmmiTransaction",
    "QueryBuilder",
    "UseDriver",
    "active_driver",
    "use_driver",
]

_COLLECTIONS = {
    "ModelCollection": ModelCollection,
    "get_global_collection": get_global_collection,
}
_FIELDS = {
    "Auto": Auto,
    "FieldMetadata": FieldMetadata,
    "FieldType": FieldType,
    "Key": Key,
    "ReferenceTo": ReferenceTo,
    "StoreAs": StoreAs,
}
_RELATED = {
    "AssociateUsing": AssociateUsing,
    "LazyLoadEveryRelated": LazyLoadEveryRelated,
    "LazyLoadTheRelated": LazyLoadTheRelated,
}
_RESULTS = {
    "DBFailure": Failure,
    "DBResult": DBResult,
    "DBStatusNoResultException": NotFound,
    "DBSuccess": Success,
}
_QUERY_RESULTS = {
    "DBEmptyQueryException": NotFound,
    "DBQueryFailure": Failure,
    "DBQueryResult": DBQueryResult,
    "DBQuerySuccess": Success,
}
_DRIVERS = {
    "BaseDriver": BaseDriver,
    "BaseDriverTransaction": BaseDriverTransaction,
    "DatabaseResult": DatabaseResult,
}
_SQLITE = {"SQLiteDriver": SQLiteDriver}
_POSTGRESQL = {"PostgreSQLDriver": PostgreSQLDriver}
_MONGODB = {"MongoDBDriver": MongoDBDriver}
_MODELS = {"OmmiModel": OmmiModel, "ommi_model": ommi_model}

MODULES: Mapping[str, Mapping[str, object]] = {
    "ommi.database": {**_RESULTS, **_QUERY_RESULTS, "OmmiTransaction": OmmiTransaction},
    "ommi.database.ommi": {"Ommi": Ommi},
    "ommi.database.query_results": _QUERY_RESULTS,
    "ommi.database.results": _RESULTS,
    "ommi.database.transaction": {"OmmiTransaction": OmmiTransaction},
    "ommi.driver_context": {
        "UseDriver": UseDriver,
        "active_driver": active_driver,
        "get_current_driver": get_current_driver,
        "use_driver": use_driver,
    },
    "ommi.drivers": _DRIVERS,
    "ommi.drivers.exceptions": {
        "DriverAddFailed": DatabaseError,
        "DriverConnectFailed": ConnectionFailed,
        "DriverException": DatabaseError,
        "DriverFetchFailed": DatabaseError,
        "DriverTransactionFailed": TransactionFailed,
    },
    "ommi.ext": {},
    "ommi.ext.drivers": {},
    "ommi.ext.drivers.mongodb": _MONGODB,
    "ommi.ext.drivers.mongodb.driver": _MONGODB,
    "ommi.ext.drivers.postgresql": _POSTGRESQL,
    "ommi.ext.drivers.postgresql.driver": _POSTGRESQL,
    "ommi.ext.drivers.sqlite": _SQLITE,
    "ommi.ext.drivers.sqlite.driver": _SQLITE,
    "ommi.models": _MODELS,
    "ommi.models.collections": _COLLECTIONS,
    "ommi.models.field_metadata": _FIELDS,
    "ommi.models.models": _MODELS,
    "ommi.models.query_fields": _RELATED,
    "ommi.query_ast": {
        "ASTComparisonNode": ASTComparisonNode,
        "ASTGroupNode": Asked,
        "ASTLogicalOperatorNode": LogicalOperator,
        "ASTNode": ASTNode,
        "ASTOperatorNode": QueryOperator,
        "ASTReferenceNode": ASTReferenceNode,
        "ResultOrdering": ResultOrdering,
        "when": when,
    },
}
"""What each module of Ommi 0.2 held; `ommi.database` and `ommi.drivers` hold more today."""

adopt()
