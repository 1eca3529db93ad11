"""The schema over time: migrations, their history in the store, and what applies them."""

from ommi.migrations.history import HistoryRecord, State
from ommi.migrations.manager import SchemaManager
from ommi.migrations.migration import ZERO, Migration, ordered
from ommi.migrations.migrator import Migrator
from ommi.migrations.offline import sql_of
from ommi.migrations.plan import Direction, MigrationStatus, Plan, PlannedMigration, Progress

__all__ = [
    "ZERO",
    "Direction",
    "HistoryRecord",
    "Migration",
    "MigrationStatus",
    "Migrator",
    "Plan",
    "PlannedMigration",
    "Progress",
    "SchemaManager",
    "State",
    "ordered",
    "sql_of",
]
