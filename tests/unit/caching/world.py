"""Processes, a channel and a store, made up: every step is drawn, and the clock is a number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from ommi.caching.agreement import Agreement
from ommi.caching.messages import Kind, Message, decoded
from ommi.caching.query_cache import QueryCache
from ommi.caching.versions import Tables, TableVersion, Versions, row_of

LEASE = 1.0
TABLES = ("users", "posts", "tags")
BY_KEY = "tags"
"""The table of which everybody reads and writes the one row with a key."""
KEY = 5


class Channel:
    """Hands messages on in one order; a member hears them when it comes to it."""

    def __init__(self) -> None:
        self.log: list[bytes] = []
        self.is_up = True


@dataclass
class Write:
    """A write under way: what it changes, and how far it is."""

    table: str
    value: int
    number: int
    touched: Tables
    is_committed: bool = False
    is_over: bool = False


@dataclass
class Read:
    """A question that the store was asked, and its answer, not taken in yet."""

    table: str
    value: int
    stamp: object
    question: str | None


class Member:
    """A process: what it keeps, hears, says and writes."""

    def __init__(self, name: str, world: World) -> None:
        self.world = world
        self.versions = Versions(lambda: world.now)
        self.cache = QueryCache(ttl=10_000, clock=lambda: world.now)
        self.agreement = Agreement(name, self.versions, LEASE, world.now)
        self.place: int | None = None
        self.outbox: list[Message] = []
        self.writes: list[Write] = []
        self.reads: list[Read] = []
        self.next_beat = 0.0

    def join(self) -> None:
        self.place = len(self.world.channel.log)
        self.outbox.extend(self.agreement.joined(self.world.now))

    def lose(self) -> None:
        self.place = None
        self.agreement.lost(self.world.now)
        self.outbox = [m for m in self.outbox if m.kind is Kind.DONE]

    def say(self) -> None:
        if self.place is None or not self.world.channel.is_up or not self.outbox:
            return
        message = self.outbox.pop(0)
        self.world.channel.log.append(message.encoded())
        if message.kind is Kind.DONE:
            self.agreement.told(message.number, self.world.now)

    def hear(self) -> None:
        if self.place is not None and self.place < len(self.world.channel.log):
            message = decoded(self.world.channel.log[self.place])
            self.place += 1
            assert message is not None
            self.outbox.extend(self.agreement.heard(message, self.world.now))

    def beat(self) -> None:
        if self.place is not None and self.world.now >= self.next_beat:
            self.next_beat = self.world.now + LEASE / 4
            self.outbox.append(self.agreement.beat(self.world.now))
            self.outbox.extend(self.agreement.first_state(self.world.now))

    # Reads.

    def look(self, table: str) -> int | None:
        """Give what is kept of a table, as a question would be answered."""
        if self.world.now >= self.versions.sure_until:
            return None
        entry = self.cache.find(table)
        return None if entry is None else int(entry.value)

    def question(self, table: str) -> str | None:
        versions = self.agreement.versions_of([table])
        return None if versions is None else f"{table} {versions}"

    def ask(self, table: str) -> None:
        stamp = self.versions.stamp(self._reads(table))
        if stamp is None:
            return
        question = self.question(table)
        found = None if question is None else self.world.shared.get(question)
        value = self.world.rows[table] if found is None else found
        self.reads.append(Read(table, value, stamp, question))

    def _reads(self, table: str) -> tuple[TableVersion, ...]:
        if table != BY_KEY:
            return self.versions.of([table])
        parts = self.versions.rows_of(table, "id")
        return parts.others, parts.rows[KEY]

    def take_in(self) -> None:
        if not self.reads:
            return
        read = self.reads.pop(self.world.random.randrange(len(self.reads)))
        if self.versions.stamp(self._reads(read.table)) == read.stamp:
            self.cache.keep(read.table, read.value, stamp=read.stamp)  # type: ignore[arg-type]
            if read.question is not None:
                self.world.shared[read.question] = read.value

    # Writes, a step at a time.

    @property
    def is_cut_off(self) -> bool:
        """Whether others hear each other, and not this one: what it writes then, none is told."""
        return self.place is None and self.world.channel.is_up

    def begin(self, table: str) -> None:
        if self.writes or self.is_cut_off or self.world.random.random() < 0.6:
            return
        part = row_of(table, "id", KEY) if table == BY_KEY else table
        # Now and then more than is written: it is not known what.
        kind = self.world.random.random()
        touched = None if kind < 0.1 else frozenset((table if kind < 0.2 else part,))
        self.versions.begin(touched)
        message = self.agreement.announced(touched)
        if self.place is not None:
            self.outbox.append(message)
        self.writes.append(Write(table, 0, message.number, touched))

    def go_on(self) -> None:
        for write in [] if self.is_cut_off else list(self.writes):
            if not write.is_committed:
                is_said = not any(m.number == write.number for m in self.outbox)
                if is_said and self.world.random.random() < 0.5:
                    self.world.commits += 1
                    write.value = self.world.rows[write.table] = self.world.commits
                    write.is_committed = True
            elif not write.is_over:
                self.outbox.append(
                    self.agreement.done(write.number, write.touched, is_awaited=True)
                )
                write.is_over = True
            elif self.agreement.wait(write.number, self.world.now) <= 0:
                self.agreement.forget(write.number)
                self.versions.end(write.touched)
                self.writes.remove(write)
                reported = self.world.reported
                reported[write.table] = max(reported[write.table], write.value)


@dataclass
class World:
    """All of it."""

    random: Random
    now: float = 0.0
    commits: int = 0
    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TABLES, 0))
    reported: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TABLES, 0))
    shared: dict[str, int] = field(default_factory=dict)
    channel: Channel = field(default_factory=Channel)
    members: list[Member] = field(default_factory=list)
    hits: int = 0
    stale: int = 0
    named: int = 0

    def add(self) -> None:
        self.named += 1
        member = Member(f"m{self.named}", self)
        if self.channel.is_up:
            member.join()
        self.members.append(member)

    def steps(self) -> Iterator[None]:
        """Let something happen, and look at what everybody would answer, again and again."""
        for _ in range(3):
            self.add()
        while True:
            self.now += self.random.choice((0.0, 0.0005, 0.001, 0.002, 0.01))
            happening = self.random.random()
            if happening < 0.0015:
                self.fail()
            else:
                self.random.choice(self._moves())()
            for member in self.members:
                for table in TABLES:
                    found = member.look(table)
                    if found is not None:
                        self.hits += 1
                        self.stale += found < self.reported[table]
            yield

    def fail(self) -> None:
        kind = self.random.randrange(4)
        member = self.random.choice(self.members)
        if kind == 0:
            member.lose()
        elif kind == 1:
            self.channel.is_up = not self.channel.is_up
            for each in self.members:
                # All that lost the channel try again at once.
                each.join() if self.channel.is_up else each.lose()
        elif kind == 2 and not member.outbox:
            # It is killed: what it announced may be committed, and is never said to be done.
            self.members.remove(member)
            self.add()
        else:
            self.now += 3 * LEASE

    def _moves(self) -> list[Callable[[], None]]:
        member = self.random.choice(self.members)
        table = self.random.choice(TABLES)
        if member.is_cut_off and self.random.random() < 0.01:
            member.join()
        return [
            lambda: member.ask(table),
            lambda: member.ask(table),
            member.take_in,
            member.take_in,
            lambda: member.begin(table),
            member.go_on,
            member.go_on,
            member.hear,
            member.hear,
            member.hear,
            member.say,
            member.say,
            member.beat,
        ]
