"""Connections lent to one caller at a time: what a pool decides, what it has, and what it does."""

from ommi.execution.pool.connection_pool import ConnectionPool
from ommi.execution.pool.lease import Lease, PoolableConnection
from ommi.execution.pool.pooled import PooledConnection
from ommi.execution.pool.state import ConnectionStats

__all__ = ["ConnectionPool", "ConnectionStats", "Lease", "PoolableConnection", "PooledConnection"]
