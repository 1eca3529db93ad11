"""`ommi.lock`: the checksum of every migration, each line chained to the one before it.

A file that was changed shows, and two branches that each add a migration meet as a conflict in
git, not in the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ommi.errors import MigrationError

NAME = "ommi.lock"
_HEAD = "# Written by ommi. A conflict in this file: keep both lines, then run `ommi merge`."
_LENGTH_OF_CHAIN = 16


@dataclass(frozen=True, slots=True)
class Entry:
    """One migration: its name, its checksum, and the chain up to it."""

    name: str
    checksum: str
    chain: str


def chained(checksums: Mapping[str, str]) -> tuple[Entry, ...]:
    """Give the lines for migrations in their order."""
    entries = []
    chain = ""
    for name, checksum in checksums.items():
        chain = sha256(f"{chain} {name} {checksum}".encode()).hexdigest()[:_LENGTH_OF_CHAIN]
        entries.append(Entry(name, checksum, chain))
    return tuple(entries)


def text_of(entries: Iterable[Entry]) -> str:
    """Write the file."""
    lines = (f"{each.name} {each.checksum} {each.chain}" for each in entries)
    return "\n".join([_HEAD, *lines]) + "\n"


def read_lock(folder: Path) -> tuple[Entry, ...] | None:
    """Read the file, `None` where there is none; raises `MigrationError` for a broken one."""
    path = folder / NAME
    if not path.is_file():
        return None
    entries = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        words = line.split()
        if len(words) != len(Entry.__dataclass_fields__):
            raise MigrationError(
                f"{path}, line {number}: wanted a name, a checksum and a chain; after a conflict "
                "keep the lines of both sides, without git's marks, and run `ommi merge`"
            )
        entries.append(Entry(*words))
    return tuple(entries)


def differences(checksums: Mapping[str, str], locked: Iterable[Entry]) -> tuple[str, ...]:
    """Tell in words what the file says otherwise than the migrations, which are in order."""
    locked = tuple(locked)
    known = {entry.name: entry.checksum for entry in locked}
    told = [f"{name} is gone" for name in known if name not in checksums]
    told.extend(
        f"{name} is not in {NAME}" if name not in known else f"{name} was changed"
        for name, checksum in checksums.items()
        if known.get(name) != checksum
    )
    if not told and chained(checksums) != locked:
        told.append(f"the lines of {NAME} are not in the order of the migrations")
    return tuple(told)
