"""How processes that keep answers agree on what is old. Decisions only: no clock, and no I/O.

All hear the same messages in the same order (`docs/decisions` says why this is enough):

- A member gives kept answers only while its *lease* lasts: for `lease` seconds from when it sent a
  beat that came back to it. With the beat, everything said before it has been heard. It takes none
  in the first `lease` seconds of listening.
- A write announces its tables (INTENT) before it is sent, and says when it is over (DONE) before
  it is reported. In between no member gives or keeps an answer that read them.
- It is reported once all members whose lease may last without their having heard DONE have said
  that they did, or their leases are over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from ommi.caching.messages import Kind, Message
from ommi.caching.versions import DOUBT, EVERYTHING, Tables, Versions, table_of

OF_MANY = 0
"""Stands for the numbers of writes that are told as one."""

DEAF = 5
"""After how many leases without an answer a channel counts as lost."""

MARGIN = 1.1
"""Clocks of two machines count seconds of the same length, but for a tenth."""


@dataclass(slots=True)
class _Write:
    """A write of this member: who has heard that it is done, and who must."""

    told_at: float | None = None
    """When the channel had taken DONE, so that all who listen will hear it."""
    heard: set[str] = field(default_factory=set)
    wanted: dict[str, float] | None = None
    """Members, and until when their leases may last; known once DONE has come back."""


class Agreement:
    """What one member knows of the others, and what it may do."""

    def __init__(self, member: str, versions: Versions, lease: float, now: float) -> None:
        self.member = member
        self.era: str = ""
        self._versions = versions
        self._lease = lease
        self._since: float | None = None
        self._lost_at = now
        self._beats: dict[int, float] = {}
        self._number = 0
        self._peers: dict[str, float] = {}
        self._writes: dict[int, _Write] = {}
        self._intents: dict[tuple[str, int], Tables] = {}
        self._written: dict[str, str] = {}
        self._has_state = False
        self._hello = 0
        self._handlers: dict[Kind, Callable[[Message, float], Iterable[Message]]] = {
            Kind.BEAT: self._beaten,
            Kind.HELLO: self._greeted,
            Kind.STATE: self._told_state,
            Kind.INTENT: self._announced,
            Kind.DONE: self._over,
            Kind.ACK: self._acknowledged,
            Kind.BYE: self._left,
        }
        versions.sure_until = 0.0

    # The channel.

    @property
    def is_listening(self) -> bool:
        """Whether it hears the others."""
        return self._since is not None

    def joined(self, now: float) -> Sequence[Message]:
        """Begin to listen; give what is to be said first."""
        self._since = now
        self._number += 1
        self._hello = self._number
        hello = Message(self.member, Kind.HELLO, self._hello)
        return hello, self.beat(now)

    def lost(self, now: float) -> None:
        """Listen no more: nothing that is kept can be vouched for, then or later."""
        if self._since is not None:
            self._lost_at = now
        self._since = None
        self._beats.clear()
        self._peers.clear()
        self._written.clear()
        self._has_state = False
        self.era = ""
        self._versions.sure_until = 0.0
        self._versions.forget_all()
        for tables in self._intents.values():
            self._versions.end(tables)
        self._intents.clear()

    def beat(self, now: float) -> Message:
        """Give the beat that, once it comes back, makes the lease last from now."""
        self._number += 1
        self._beats[self._number] = now
        return Message(self.member, Kind.BEAT, self._number)

    def is_deaf(self, now: float) -> bool:
        """Tell whether nothing that it says comes back, though the channel seems to be there."""
        return any(sent + DEAF * self._lease < now for sent in self._beats.values())

    def heard(self, message: Message, now: float) -> list[Message]:
        """Take a message in; give what is to be said to it."""
        if self._since is None:
            return []
        if message.member != self.member and message.kind is not Kind.BYE:
            self._peers[message.member] = now
        return list(self._handlers[message.kind](message, now))

    def _beaten(self, message: Message, now: float) -> Iterable[Message]:
        del now
        sent = self._beats.get(message.number) if message.member == self.member else None
        if sent is None or self._since is None:
            return ()
        self._beats = {n: at for n, at in self._beats.items() if n > message.number}
        # Whoever has lost the channel, too, has had the time of a lease to say what it wrote.
        if sent >= self._since + self._lease:
            self._versions.sure_until = sent + self._lease
        return ()

    def _left(self, message: Message, now: float) -> Iterable[Message]:
        del now
        self._gone(message.member)
        for write in self._writes.values():
            if write.wanted is not None:
                write.wanted.pop(message.member, None)
        return ()

    # Versions that all members know by the same names.

    def versions_of(self, tables: Iterable[str]) -> tuple[str, ...] | None:
        """Give the names of the versions of tables; `None` before they are known."""
        if not self._has_state or not self.era:
            return None
        return (self.era, *(self._written.get(table, "") for table in tables))

    def _greeted(self, message: Message, now: float) -> Iterable[Message]:
        if message.member == self.member:
            if message.number == self._hello:
                # From here on every write is heard; what was before, somebody may tell.
                self._hello = -message.number
            return ()
        answer = [self.beat(now)]
        if self._has_state:
            state = Message(self.member, Kind.STATE, era=self.era, versions=dict(self._written))
            answer.append(state)
        return answer

    def first_state(self, now: float) -> Sequence[Message]:
        """Begin an era where nobody has told of one for the time of a lease."""
        is_alone = self._since is not None and now >= self._since + self._lease
        if self._has_state or self._hello > 0 or not is_alone:
            return ()
        self._number += 1
        return (Message(self.member, Kind.STATE, era=f"{self.member}.{self._number}"),)

    def _told_state(self, message: Message, now: float) -> Iterable[Message]:
        del now
        if not self._has_state and self._hello < 0:
            self._has_state = True
            # A write of everything since the own hello has begun an era of its own.
            if not self.era:
                self.era = message.era
                self._written = {**message.versions, **self._written}
        return ()

    def _moved_on(self, message: Message) -> None:
        version = f"{message.kind.value[0]}{message.member}.{message.number}"
        if message.tables is None:
            self.era = version
            self._written.clear()
        else:
            self._written.update((table_of(part), version) for part in message.tables)

    # Writes of others.

    def _announced(self, message: Message, now: float) -> Iterable[Message]:
        del now
        self._moved_on(message)
        if message.member != self.member:
            self._intents[message.member, message.number] = message.tables
            self._versions.begin(message.tables)
        return ()

    def _over(self, message: Message, now: float) -> Iterable[Message]:
        self._moved_on(message)
        name = message.member, message.number
        if message.member == self.member:
            self._came_back(message.number, now)
            return ()
        if name in self._intents:
            self._versions.end(self._intents.pop(name))
        else:
            self._versions.begin(message.tables)
            self._versions.end(message.tables)
        return (Message(self.member, Kind.ACK, of=(name,)),)

    def give_up_silent(self, now: float) -> None:
        """Take members for dead that were silent for `DOUBT` seconds; their writes are over."""
        for member, heard_at in list(self._peers.items()):
            if heard_at + DOUBT <= now:
                self._gone(member)

    def _gone(self, member: str) -> None:
        self._peers.pop(member, None)
        for name in [name for name in self._intents if name[0] == member]:
            self._versions.end(self._intents.pop(name))

    # Writes of this member.

    def announced(self, tables: Tables) -> Message:
        """Give what is to be said before a write."""
        self._number += 1
        return Message(self.member, Kind.INTENT, self._number, tables)

    def done(self, number: int, tables: Tables, *, is_awaited: bool) -> Message:
        """Give what is to be said once a write is over; `forget` ends the waiting for it."""
        if is_awaited:
            self._writes[number] = _Write()
        return Message(self.member, Kind.DONE, number, tables)

    def all_done(self) -> Message:
        """Give what says that any number of writes, of anything, are over."""
        return Message(self.member, Kind.DONE, OF_MANY, EVERYTHING)

    def told(self, number: int, now: float) -> None:
        """Take note that the channel has taken what was said of a write that is over."""
        written = self._writes if number == OF_MANY else [number]
        for each in written:
            write = self._writes.get(each)
            if write is not None and write.told_at is None:
                write.told_at = now

    def forget(self, number: int) -> None:
        """Wait for a write no longer."""
        self._writes.pop(number, None)

    def _came_back(self, number: int, now: float) -> None:
        write = self._writes.get(number)
        if write is None or write.wanted is not None:
            return
        until = self._lease * MARGIN
        write.wanted = {member: at + until for member, at in self._peers.items()}
        if self._since is not None and now < self._since + until:
            # Before it listened somebody may have been there of whom it has not heard.
            write.wanted[""] = self._since + until

    def _acknowledged(self, message: Message, now: float) -> Iterable[Message]:
        del now
        for member, number in message.of:
            write = self._writes.get(number) if member == self.member else None
            if write is not None:
                write.heard.add(message.member)
        return ()

    def wait(self, number: int, now: float) -> float:
        """Give the seconds until a write can be reported, if nothing is heard; 0 if it can be.

        Where the channel is lost, others have lost it too, or will be told as soon as it is back:
        what can be done is to wait until the leases of the former are over.
        """
        write = self._writes.get(number)
        if write is None:
            return 0.0
        until = self._lease * MARGIN
        if write.told_at is None:
            return max(0.0, self._lost_at + until - now) if self._since is None else until
        if write.wanted is None or self._since is None:
            return max(0.0, write.told_at + until - now)
        waited = [
            at - now
            for member, at in write.wanted.items()
            if member not in write.heard and at > now
        ]
        return max(waited, default=0.0)
