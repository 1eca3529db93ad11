"""SQLite, on the standard library."""

from ommi.drivers.sqlite.driver import SQLiteDriver

__all__ = ["SQLiteDriver"]
