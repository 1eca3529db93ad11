"""The processes that keep answers of one database: what each tells the others, and hears."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import islice
from typing import Protocol
from uuid import uuid4

from ommi.caching.agreement import Agreement
from ommi.caching.messages import Kind, Message, decoded
from ommi.caching.versions import Tables, Versions
from ommi.drivers.protocol import Channel, Notifying
from ommi.errors import OmmiError

CHANNEL = "ommi_cache"
"""All databases of a channel's store hear each other: too much is safe, too little is not."""

BEATS_PER_LEASE = 4
RETRY_SECONDS = 0.1
LISTEN_SECONDS = 5.0
"""How long it may take to open the channel."""
TELL_SECONDS = 2.0
"""How long the channel may take to accept what is said; then it counts as lost."""
MOST_ACKS = 100
MOST_UNTOLD = 1000
"""How many writes wait to be told one by one; more are told as one of everything."""

_log = logging.getLogger("ommi.cache")


class Group(Protocol):
    """Whom a write is told to."""

    async def announce(self, tables: Tables) -> int:
        """Tell the others what is about to be written; give the number of the write."""
        ...

    def done(self, number: int, tables: Tables, *, is_awaited: bool) -> None:
        """Have the others told that a write is over; `is_awaited` if `settled` follows."""
        ...

    async def settled(self, number: int) -> None:
        """Wait until nobody gives an answer any more that is older than the write."""
        ...

    def versions_of(self, tables: Sequence[str]) -> tuple[str, ...] | None:
        """Give the names of versions that all know; `None` where none are known."""
        ...

    async def close(self) -> None:
        """Leave."""
        ...


class Alone:
    """Nobody else."""

    async def announce(self, tables: Tables) -> int:
        """Tell nobody."""
        del tables
        return 0

    def done(self, number: int, tables: Tables, *, is_awaited: bool) -> None:
        """Tell nobody."""

    async def settled(self, number: int) -> None:
        """Wait for nobody."""

    def versions_of(self, tables: Sequence[str]) -> tuple[str, ...] | None:
        """Give none."""
        del tables
        return None

    async def close(self) -> None:
        """Do nothing."""


ALONE = Alone()


class Channelled:
    """Those who listen to a channel of a store. Mutable; one per open database.

    A task of its own listens, and says what is to be said, in order; a channel that was lost is
    opened again. Nothing fails because of it: what happened is logged, once for each time.
    """

    def __init__(
        self, driver: Notifying, versions: Versions, lease: float, clock: Callable[[], float]
    ) -> None:
        self.agreement: Agreement = Agreement(uuid4().hex[:16], versions, lease, clock())
        self._driver = driver
        self._lease = lease
        self._clock = clock
        self._outbox: dict[int, tuple[Message, asyncio.Future[None] | None]] = {}
        self._place = 0
        self._next_beat = 0.0
        self._awake = asyncio.Event()
        self._changed = asyncio.Event()
        self._closing = asyncio.Event()
        self._is_reported = False
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to listen; where that cannot be, go on trying."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="ommi cache channel")

    async def announce(self, tables: Tables) -> int:
        message = self.agreement.announced(tables)
        if self.agreement.is_listening:
            taken = asyncio.get_running_loop().create_future()
            self._say(message, taken)
            try:
                await taken
            except BaseException:
                self.done(message.number, tables, is_awaited=False)
                raise
        return message.number

    def done(self, number: int, tables: Tables, *, is_awaited: bool) -> None:
        self._say(self.agreement.done(number, tables, is_awaited=is_awaited))
        if len(self._outbox) > MOST_UNTOLD and not self.agreement.is_listening:
            self._outbox.clear()
            self._say(self.agreement.all_done())

    async def settled(self, number: int) -> None:
        try:
            while (seconds := self.agreement.wait(number, self._clock())) > 0:
                self._changed.clear()
                await _either(self._changed, seconds)
        finally:
            self.agreement.forget(number)

    def versions_of(self, tables: Sequence[str]) -> tuple[str, ...] | None:
        return self.agreement.versions_of(tables)

    async def close(self) -> None:
        if self._task is None:
            return
        self._closing.set()
        if self.agreement.is_listening:
            self._say(Message(self.agreement.member, Kind.BYE))
        with suppress(TimeoutError):
            async with asyncio.timeout(self._lease):
                await asyncio.wait([self._task])
        self._task.cancel()
        await asyncio.wait([self._task])
        self._task = None

    def _say(self, message: Message, taken: asyncio.Future[None] | None = None) -> None:
        self._place += 1
        self._outbox[self._place] = message, taken
        self._awake.set()

    def _heard(self, data: bytes) -> None:
        message = decoded(data)
        if message is None:
            _log.warning("a message on the channel %s is not of a cache; ignored", CHANNEL)
            return
        for answer in self.agreement.heard(message, self._clock()):
            self._say(answer)
        self._changed.set()

    def _lost(self) -> None:
        """Vouch for nothing; let writes go on that wait to be announced, but keep what is DONE."""
        self.agreement.lost(self._clock())
        for place, (message, taken) in list(self._outbox.items()):
            if taken is not None and not taken.done():
                taken.set_result(None)
            if message.kind is not Kind.DONE:
                self._outbox.pop(place, None)
        self._changed.set()
        self._awake.set()

    async def _run(self) -> None:
        try:
            while not self._closing.is_set():
                try:
                    async with asyncio.timeout(LISTEN_SECONDS):
                        channel = await self._driver.listen(CHANNEL, self._heard, self._lost)
                except (OmmiError, TimeoutError) as error:
                    self._report(error)
                    await _either(self._closing, RETRY_SECONDS)
                else:
                    await self._serve(channel)
        finally:
            self._lost()

    async def _serve(self, channel: Channel) -> None:
        try:
            # Behind the writes that were not told yet: nothing rests on a beat before them.
            for message in self.agreement.joined(self._clock()):
                self._say(message)
            while self.agreement.is_listening:
                await self._say_all(channel)
                if self._closing.is_set():
                    break
                if self._is_reported and self.agreement.is_listening:
                    self._is_reported = False
                    _log.warning("the cache's channel is there again")
                seconds = self._next_beat - self._clock()
                if seconds <= 0:
                    self._beat()
                elif not self._outbox:
                    self._awake.clear()
                    await _either(self._awake, seconds)
            else:
                self._report(None)
        except (OmmiError, TimeoutError) as error:
            self._report(error)
        finally:
            self._lost()
            with suppress(OmmiError):
                await channel.close()

    def _beat(self) -> None:
        now = self._clock()
        self._next_beat = now + self._lease / BEATS_PER_LEASE
        if self.agreement.is_deaf(now):
            self._lost()
            return
        self.agreement.give_up_silent(now)
        self._say(self.agreement.beat(now))
        for message in self.agreement.first_state(now):
            self._say(message)

    async def _say_all(self, channel: Channel) -> None:
        """Say what is to be said; acknowledgements, of which there may be many, at once."""
        while self._outbox and self.agreement.is_listening:
            place, (message, taken) = next(iter(self._outbox.items()))
            places = [place]
            if message.kind is Kind.ACK:
                acks = (p for p, (each, _) in self._outbox.items() if each.kind is Kind.ACK)
                places = list(islice(acks, MOST_ACKS))
                of = tuple(name for p in places for name in self._outbox[p][0].of)
                message = Message(message.member, Kind.ACK, of=of)
            async with asyncio.timeout(TELL_SECONDS):
                await channel.tell(message.encoded())
            for each in places:
                self._outbox.pop(each, None)
            if message.kind is Kind.DONE:
                self.agreement.told(message.number, self._clock())
                self._changed.set()
            if taken is not None and not taken.done():
                taken.set_result(None)

    def _report(self, error: BaseException | None) -> None:
        if not self._is_reported and not self._closing.is_set():
            self._is_reported = True
            _log.warning(
                "the cache's channel is lost, so nothing kept is given until it is back%s",
                "" if error is None else f": {type(error).__name__}: {error}",
            )


async def _either(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, but no longer."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
