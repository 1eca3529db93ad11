"""The connection of a database that keeps answers: it knows of every write, and of every commit.

A database without a cache has none of this around its own.
"""

from ommi.execution.keeping.connection import keeping, lent
from ommi.execution.keeping.group import Channelled, Group
from ommi.execution.keeping.keeper import Keeper
from ommi.execution.keeping.shared import StoredEntries

__all__ = ["Channelled", "Group", "Keeper", "StoredEntries", "keeping", "lent"]
