"""Database files that cannot be used: a clear error, in time, and never a damaged file."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest

from ommi import (
    Auto,
    ConfigurationError,
    ConflictError,
    ConnectionFailed,
    Key,
    ModelCollection,
    Ommi,
    UnsupportedOperation,
    fields,
    ommi_model,
)

pytestmark = pytest.mark.anyio

COLLECTION = ModelCollection()

HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute(sys.argv[2])
print("held", flush=True)
sys.stdin.read()
connection.execute("ROLLBACK")
"""


@ommi_model(collection=COLLECTION)
@dataclass
class Note:
    text: str
    id: Annotated[int | None, Key | Auto] = None


@asynccontextmanager
async def opened(path: Path, query: str = "") -> AsyncIterator[Ommi]:
    async with Ommi(f"sqlite:///{path}{query}") as database:
        yield database


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    made = tmp_path / "notes.db"
    async with opened(made) as database:
        await database.use_models(COLLECTION)
        await database.add(Note("first")).or_raise()
    return made


@contextmanager
def held(path: Path, statement: str) -> Iterator[subprocess.Popen[str]]:
    """Hold a lock in another process until its input ends."""
    command = [sys.executable, "-c", HOLD, str(path), statement]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
        holder.communicate()


@pytest.mark.parametrize(
    "content", [b"no database at all" * 100, b"SQLite format 3\0" + b"x" * 200]
)
async def test_a_file_that_is_no_database_is_refused_and_left_alone(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "report.db"
    path.write_bytes(content)

    with pytest.raises(ConnectionFailed, match=r"report\.db"):
        async with opened(path):
            pass

    assert path.read_bytes() == content
    assert names(tmp_path) == ["report.db"]


async def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(ConnectionFailed, match="cannot open"):
        async with opened(tmp_path):
            pass


async def test_a_missing_folder_is_named_and_not_made(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "notes.db"

    with pytest.raises(ConnectionFailed, match="missing"):
        async with opened(path):
            pass

    assert not path.parent.exists()


async def test_a_missing_file_opened_for_reading_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"

    with pytest.raises(ConnectionFailed, match=r"notes\.db"):
        async with opened(path, "?mode=ro"):
            pass

    assert not path.exists()


@pytest.mark.parametrize(
    "query", ["?mode=rw", "?timeout=0", "?timeout=soon", "?readers=x", "?cache=1"]
)
def test_an_option_without_a_meaning_is_refused(query: str) -> None:
    with pytest.raises(ConfigurationError):
        Ommi(f"sqlite:///notes.db?{query}")


async def test_what_is_opened_for_reading_is_read_and_never_written(path: Path) -> None:
    async with opened(path, "?mode=ro") as database:
        await database.use_models(COLLECTION)
        assert await database.query(Note).count() == 1
        note = await database.query(Note).one()
        note.text = "second"

        errors = [
            await database.add(Note("x")).error,
            await database.add_all([Note("x"), Note("y")]).error,
            await database.save(note).error,
            await database.delete(note).error,
            await database.find(Note).update(text="x").error,
            await database.find(Note).delete().error,
        ]

        assert [type(error) for error in errors] == [UnsupportedOperation] * 6
        with pytest.raises(UnsupportedOperation):
            await database.remove_models(COLLECTION)
        assert [note.text for note in await database.query(Note).fetch_all()] == ["first"]


@pytest.mark.parametrize("statement", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
async def test_a_write_that_waits_too_long_for_another_process_is_a_conflict(
    path: Path, statement: str
) -> None:
    async with opened(path, "?timeout=0.3") as database:
        with held(path, statement):
            error = await database.add(Note("second")).error
            batch = await database.add_all([Note("a"), Note("b")]).error
            assert await database.query(Note).count() == 1

        assert isinstance(error, ConflictError)
        assert error.retryable
        assert "another connection is writing" in str(error)
        assert isinstance(batch, ConflictError)
        await database.add(Note("second")).or_raise()
        assert await database.query(Note).count() == 2


async def test_a_write_goes_on_as_soon_as_the_other_process_is_done(path: Path) -> None:
    async with opened(path, "?timeout=60") as database:
        with held(path, "BEGIN IMMEDIATE") as holder:
            write = asyncio.ensure_future(database.add(Note("second")).or_raise())
            await asyncio.sleep(0)
            assert not write.done()
            assert holder.stdin is not None
            holder.stdin.close()
            holder.stdin = None
            async with asyncio.timeout(30):
                await write

        assert await database.query(Note).count() == 2


@pytest.mark.parametrize("many", [False, True])
async def test_a_write_that_waits_for_a_lock_can_be_cancelled(path: Path, many: bool) -> None:
    async with opened(path, "?timeout=600") as database:
        with held(path, "BEGIN IMMEDIATE"):
            notes = [Note("a"), Note("b")] if many else [Note("a")]
            write = asyncio.ensure_future(database.add_all(notes).or_raise())
            behind = asyncio.ensure_future(database.find(Note).update(text="b").or_raise())
            # Reads pass the lock by, and give the writes the time to meet it.
            for _ in range(20):
                assert await database.query(Note).count() == 1
            write.cancel()
            behind.cancel()
            async with asyncio.timeout(30):
                gone = await asyncio.gather(write, behind, return_exceptions=True)

        assert [type(error) for error in gone] == [asyncio.CancelledError] * 2
        await database.add(Note("after")).or_raise()
        assert [note.text for note in await database.query(Note).fetch_all()] == ["first", "after"]


async def test_opening_waits_for_a_lock_no_longer_than_its_timeout(tmp_path: Path) -> None:
    # A new file is locked while the other process turns its first pages into a database.
    path = tmp_path / "new.db"

    with held(path, "BEGIN EXCLUSIVE"), pytest.raises(ConnectionFailed, match="locked"):
        async with opened(path, "?timeout=0.3"):
            pass


async def test_a_torn_file_is_an_error_and_never_wrong_rows(path: Path) -> None:
    async with opened(path) as database:
        await database.add_all([Note("x" * 200) for _ in range(500)]).or_raise()
    tear(path)

    with pytest.raises(ConnectionFailed):
        async with opened(path) as database:
            await database.query(Note, fields(Note).id > 100).fetch_all()


def tear(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
