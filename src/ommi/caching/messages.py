"""What processes tell each other, as bytes: small, and safe to read whoever wrote them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ommi.caching.versions import EVERYTHING, Tables

MOST_BYTES = 7000
"""PostgreSQL takes 8,000 bytes; a longer list of tables is said as all of them."""


class Kind(StrEnum):
    """What a message says."""

    BEAT = "beat"
    """Somebody is there; its `number` comes back to it."""
    HELLO = "hello"
    """Somebody came, and wants to know the versions."""
    STATE = "state"
    """The versions of all tables: `era`, and those that were written since by name."""
    INTENT = "intent"
    """Tables are about to be written; the write has the `number`."""
    DONE = "done"
    """They were written, or were not."""
    ACK = "ack"
    """Writes that are done were heard of: their members and numbers."""
    BYE = "bye"
    """Somebody leaves, and has written all that it announced."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something that a member of the group tells all members."""

    member: str
    kind: Kind
    number: int = 0
    tables: Tables = frozenset()
    of: tuple[tuple[str, int], ...] = ()
    era: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """Give the message as bytes."""
        told = self._encoded(self.tables)
        return told if len(told) <= MOST_BYTES else self._encoded(EVERYTHING)

    def _encoded(self, tables: Tables) -> bytes:
        facts = {
            "member": self.member,
            "kind": self.kind.value,
            "number": self.number,
            "tables": None if tables is None else sorted(tables),
            "of": self.of,
            "era": self.era,
            "versions": self.versions,
        }
        told = {name: fact for name, fact in facts.items() if fact or fact is None}
        return json.dumps(told, separators=(",", ":")).encode()


def decoded(data: bytes) -> Message | None:
    """Give the message that bytes stand for; `None` where nobody of ours can have written it."""
    try:
        told = json.loads(data)
        tables = told.get("tables", ())
        return Message(
            member=str(told["member"]),
            kind=Kind(told["kind"]),
            number=int(told.get("number", 0)),
            tables=None if tables is None else frozenset(map(str, tables)),
            of=tuple((str(member), int(number)) for member, number in told.get("of", ())),
            era=str(told.get("era", "")),
            versions={str(k): str(v) for k, v in dict(told.get("versions", {})).items()},
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
