"""A piece of work: rows are read, changes gathered, and made all at once or not at all.

Everything read is checked again when the changes are made; if it is no longer so, nothing is done.
That is one statement, a batch, or a transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from enum import Enum, auto
from itertools import chain
from typing import cast

from ommi.drivers.redis.access import Access
from ommi.drivers.redis.introspection import STORE, Catalogue, Expiry, StoredTable
from ommi.drivers.redis.names import Names
from ommi.drivers.redis.pending import Group, Moved, Place, Seen, Writes, limits
from ommi.drivers.redis.scripts import COMMIT, ENDED, LOOK, READ, RESERVE
from ommi.drivers.redis.session import Session
from ommi.drivers.redis.values import Row, decoded, instant, microseconds
from ommi.errors import TooManyRows

Found = list[tuple[bytes, Row]]

AT_ONCE = b"1000"
"""How many rows that have expired are cleared away in one step."""


class Memory(Enum):
    """What of that which was read must still be so when changes are made."""

    NOTHING = auto()
    """For a question that reads once, and so sees one moment."""
    ROWS = auto()
    """The rows that were meant. Others may have come that would be meant, too."""
    ANSWERS = auto()
    """The rows that were meant, and that there are no others."""


class OutOfDate(Exception):
    """Tables were made or removed since the catalogue was read."""


class Work:
    """What was read and what is to be written, over one session."""

    def __init__(
        self,
        session: Session,
        catalogue: Catalogue,
        names: Names,
        scan_limit: int,
        memory: Memory = Memory.ROWS,
    ) -> None:
        self.session = session
        self.catalogue = catalogue
        self.names = names
        self.writes: Writes = Writes()
        self.seen: Seen = Seen()
        self._scan_limit = scan_limit
        self._memory = memory
        self._passing: dict[bytes, bytes] = {}
        self._clock: bytes | None = None
        self._now: datetime | None = None
        self._start = (names.clock, names.changes, catalogue.version)

    @property
    def is_untouched(self) -> bool:
        """Whether nothing was read and nothing is to be written."""
        return self._clock is None and not self.writes

    async def rows(self, table: StoredTable, access: Access) -> Found:
        """Give rows as they will be; rows that were changed are among them in any case.

        Those that have expired are not.
        """
        found = await self._stored(table, access)
        written = self.writes.fields.get(table.rows)
        if written:
            # What was read is remembered as it was.
            changed = {**found, **written}
            found = {id_: text for id_, text in changed.items() if text is not None}
        rows: Found = [(id_, decoded(text)) for id_, text in found.items()]
        if table.expiry is None:
            return rows
        return [(id_, row) for id_, row in rows if self._is_there(table.expiry, row)]

    def _is_there(self, expiry: Expiry, row: Row) -> bool:
        end = expiry.end(row)
        return end is None or self._now is None or end > self._now

    async def _stored(self, table: StoredTable, access: Access) -> dict[bytes, bytes]:
        if access.is_empty:
            return {}
        name = table.name.encode()
        most = str(self._scan_limit).encode()
        ends = b"" if table.expiry is None else table.expiry.key
        reply = await self.session.run(
            READ, (*self._start, name, table.rows, ends, most, access.how, *access.what)
        )
        if isinstance(reply, int):
            if reply == 0:
                raise OutOfDate
            raise TooManyRows(table.name, reply, self._scan_limit, store=STORE)
        clock, changed, now = cast("list[bytes]", reply[:3])
        found: dict[bytes, bytes] = dict(zip(reply[3::2], reply[4::2], strict=True))
        if table.expiry is not None:
            found = self._living(table.expiry, found, now)
        self._remember(table, access, found, changed)
        await self._at(clock)
        if access.how == b"all" or None not in found.values():
            return found
        return {id_: text for id_, text in found.items() if text is not None}

    def _living(
        self, expiry: Expiry, found: Mapping[bytes, bytes], now: bytes
    ) -> dict[bytes, bytes]:
        """Give the rows that have not expired; raises `Moved` where one just did."""
        self._now = instant(now)
        living = {
            id_: text
            for id_, text in found.items()
            if text is None or self._is_there(expiry, decoded(text))
        }
        if self.is_checked and len(living) < len(found):
            raise Moved  # Those that had expired before were cleared away.
        return living

    def _remember(
        self, table: StoredTable, access: Access, found: dict[bytes, bytes], changed: bytes
    ) -> None:
        if self._memory is Memory.NOTHING:
            return
        is_one = len(access.values) == 1
        if access.how == b"unique" and is_one:
            self.seen.field(Place(access.what[0], access.values[0]), next(iter(found), None))
        elif access.how != b"keys" and self._memory is Memory.ROWS:
            self._passing = found
            return
        elif access.how == b"equal" and is_one:
            self.seen.group(Group(access.what[0], access.values[0]), frozenset(found))
        elif access.how != b"keys":
            # Whatever is written to the table may change the answer.
            self.seen.table(table.name.encode(), changed)
            for text in found.values():
                self._see_end(table, text)
            return
        for id_, text in found.items():
            self._see(table, id_, text)

    def _see(self, table: StoredTable, id_: bytes, text: bytes | None) -> None:
        self.seen.field(Place(table.rows, id_), text)
        self._see_end(table, text)

    def _see_end(self, table: StoredTable, text: bytes | None) -> None:
        if table.expiry is not None and text is not None:
            end = table.expiry.end(decoded(text))
            if end is not None:
                self.seen.expiring(microseconds(end))

    @property
    def is_checked(self) -> bool:
        """Whether what is read must still be so later."""
        return self._memory is not Memory.NOTHING

    @property
    def wants_to_know(self) -> bool:
        """Whether `meant` has to be told."""
        return self._memory is Memory.ROWS

    def passing(self) -> dict[bytes, bytes]:
        """Give the texts of the rows that were read last, for `meant`."""
        passing, self._passing = self._passing, {}
        return passing

    def meant(
        self, table: StoredTable, passing: Mapping[bytes, bytes], ids: Iterable[bytes]
    ) -> None:
        """Remember which of the rows that were read were meant."""
        for id_ in ids:
            if id_ in passing:
                self._see(table, id_, passing[id_])

    async def look(
        self, places: Iterable[Place], groups: Iterable[Group] = (), of: str = ""
    ) -> None:
        """See what is at places and in groups, unless that is known.

        Raises `TooManyRows` where a group of a table's rows is larger than the limit.
        """
        fields = [p for p in dict.fromkeys(places) if p not in self.seen.fields]
        others = [group for group in dict.fromkeys(groups) if group not in self.seen.groups]
        if not fields and not others:
            return
        wanted = chain.from_iterable(
            (
                *((b"field", *place) for place in fields),
                *((b"group", group.key, *limits(group.value)) for group in others),
            )
        )
        most = str(self._scan_limit).encode()
        reply = await self.session.run(LOOK, (*self._start, most, *wanted))
        if isinstance(reply, int):
            raise OutOfDate
        clock, *told = cast("list[object]", reply)
        for place, value in zip(fields, told, strict=False):
            self.seen.field(place, cast("bytes | None", value))
        for group, members in zip(
            others, cast("list[list[bytes]]", told[len(fields) :]), strict=True
        ):
            if len(members) > self._scan_limit:
                raise TooManyRows(of, len(members), self._scan_limit, store=STORE)
            start = len(group.value) + 1
            self.seen.group(group, frozenset(member[start:] for member in members))
        await self._at(cast("bytes", clock))

    async def ended(self, table: StoredTable, expiry: Expiry) -> Found:
        """Give rows that have expired, if there are any, to be written away."""
        reply = await self.session.run(ENDED, (*self._start, expiry.key, table.rows, AT_ONCE))
        if isinstance(reply, int):
            raise OutOfDate
        pairs = list(zip(reply[::2], reply[1::2], strict=True))
        for id_, text in pairs:
            self.seen.field(Place(table.rows, id_), text)
        return [(id_, decoded(text)) for id_, text in pairs]

    def beside(self) -> Work:
        """Give another piece of work, which is not part of this one."""
        return Work(self.session, self.catalogue, self.names, self._scan_limit)

    def value(self, place: Place) -> bytes | None:
        """Give what will be at a place that was looked at or is written."""
        written = self.writes.fields.get(place.key)
        if written is not None and place.field in written:
            return written[place.field]
        return self.seen.fields[place]

    def members(self, group: Group) -> Collection[bytes]:
        """Give what will be in a group that was looked at."""
        members = set(self.seen.groups[group])
        for id_, is_in in self.writes.groups.get(group, {}).items():
            (members.add if is_in else members.discard)(id_)
        return members

    async def reserve(self, counter: Place, many: int, above: int) -> int:
        """Draw generated keys, all above a number and above those given; gives the last."""
        above = max(above, int(self.writes.raised.get(counter, b"0")))
        numbers = (str(number).encode() for number in (above, many))
        return int(await self.session.run(RESERVE, (*counter, *numbers)))

    async def _at(self, clock: bytes) -> None:
        """Know what time it is; where others wrote meanwhile, what was seen must still be so."""
        earlier, self._clock = self._clock, clock
        if earlier is not None and (earlier != clock or self.seen.until is not None):
            await self.send(Writes())

    async def commit(self) -> None:
        """Make the changes; raises `Moved`, and does nothing, where what was seen is not so."""
        if self.writes:
            await self.send(self.writes)

    async def send(self, writes: Writes) -> None:
        """Make some changes, if what was seen is still so."""
        checks = self.seen.checks(self.names.changes)
        number = str(len(checks)).encode()
        reply = await self.session.run(
            COMMIT,
            (*self._start, number, *chain.from_iterable(checks), *writes.arguments()),
        )
        if isinstance(reply, int):
            raise OutOfDate if reply == 0 else Moved
