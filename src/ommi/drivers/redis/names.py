"""The keys that Ommi has in a Redis database, all below one prefix."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Names:
    """Makes keys; names inside them are written so that no two keys can be the same.

    - `PREFIX:tables`: a hash, what each table looks like
    - `PREFIX:changes`: a hash, when each table was last changed; under the empty name, the schema
    - `PREFIX:clock`: how many commits there have been
    - `PREFIX:counters`: a hash, the last generated key by table and column
    - `PREFIX:rows:TABLE`: a hash, rows by key
    - `PREFIX:unique:INDEX`: a hash, keys of rows by value
    - `PREFIX:equal:INDEX`: a sorted set, values in front of keys of rows, in order of their bytes
    - `PREFIX:values:KEY`: a value of somebody's key, which ends by itself
    - `PREFIX:ends:TABLE`: a sorted set, keys of rows by when they expire, in microseconds
    - `PREFIX:range:INDEX`: a sorted set, keys of rows by the value of the index's first column
    """

    prefix: str

    @property
    def tables(self) -> bytes:
        return self._key("tables")

    @property
    def changes(self) -> bytes:
        return self._key("changes")

    @property
    def clock(self) -> bytes:
        return self._key("clock")

    @property
    def counters(self) -> bytes:
        return self._key("counters")

    def values(self, key: str) -> bytes:
        """Give the key of somebody's value."""
        return self._key("values", key)

    def rows(self, table: str) -> bytes:
        return self._key("rows", table)

    def ends(self, table: str) -> bytes:
        return self._key("ends", table)

    def unique(self, index: str) -> bytes:
        return self._key("unique", index)

    def equal(self, index: str) -> bytes:
        return self._key("equal", index)

    def range(self, index: str) -> bytes:
        return self._key("range", index)

    def _key(self, *parts: str) -> bytes:
        return ":".join((self.prefix, *(quote(part, safe="") for part in parts))).encode()


def counter(table: str, column: str) -> bytes:
    """Give the field of the counter of a column."""
    return f"{quote(table, safe='')}.{quote(column, safe='')}".encode()
