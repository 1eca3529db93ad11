"""PostgreSQL, on asyncpg."""

from ommi.drivers.postgresql.driver import PostgreSQLDriver

__all__ = ["PostgreSQLDriver"]
