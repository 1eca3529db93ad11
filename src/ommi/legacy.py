"""Names that things have elsewhere: in the reference document, and in Ommi 0.2.

This is the one place that knows them; `ommi.__getattr__` serves them from here.
"""

from __future__ import annotations

from ommi.metadata.annotations import Through
from ommi.query.fields import FieldReference
from ommi.query.nodes import Comparison, Logical, Node
from ommi.relations import Lazy, LazyList, use_database
from ommi.selection import Query
from ommi.transactions import Transaction

ASTComparisonNode = Comparison
ASTLogicalNode = Logical
ASTNode = Node
ASTReferenceNode = FieldReference
AssociateUsing = Through
LazyLoadEveryRelated = LazyList
LazyLoadTheRelated = Lazy
OmmiTransaction = Transaction
QueryBuilder = Query
UseDriver = use_database
use_driver = use_database

__all__ = [
    "ASTComparisonNode",
    "ASTLogicalNode",
    "ASTNode",
    "ASTReferenceNode",
    "AssociateUsing",
    "LazyLoadEveryRelated",
    "LazyLoadTheRelated",
    "OmmiTransaction",
    "QueryBuilder",
    "UseDriver",
    "use_driver",
]
