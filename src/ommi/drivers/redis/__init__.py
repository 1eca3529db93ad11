"""Redis: rows as JSON by key, indexes beside them, and questions answered in Python."""

from ommi.drivers.redis.driver import RedisDriver

__all__ = ["RedisDriver"]
