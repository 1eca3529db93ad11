"""What the command writes: text or JSON, with colours where `rich` is and somebody looks."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

from ommi.cli.exits import Exit

if TYPE_CHECKING:
    from rich.console import Console as RichConsole

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]


@dataclass(frozen=True, slots=True)
class Rows:
    """A small table."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a command found: parts to read, the same as data, and the exit code."""

    parts: tuple[str | Rows, ...] = ()
    data: Mapping[str, Json] = field(default_factory=dict)
    exits: Exit = Exit.DONE


class Console:
    """Writes replies and errors."""

    def __init__(
        self, *, as_json: bool = False, out: TextIO | None = None, err: TextIO | None = None
    ) -> None:
        self.as_json = as_json
        self._out = out or sys.stdout
        self._err = err or sys.stderr

    @property
    def is_interactive(self) -> bool:
        """Whether somebody can be asked."""
        return not self.as_json and sys.stdin.isatty() and self._out.isatty()

    def reply(self, reply: Reply) -> None:
        """Write a reply to standard output."""
        if self.as_json:
            self._document(reply.data)
        else:
            for part in reply.parts:
                self._part(part)
        self._out.flush()

    def error(self, reason: str, kind: str, exits: Exit) -> None:
        """Write why it did not work, to standard error, or as JSON to standard output."""
        if self.as_json:
            self._document({"error": {"kind": kind, "reason": reason, "exit": int(exits)}})
            return
        rich = _rich(self._err)
        if rich is None:
            self._err.write(f"ommi: {reason}\n")
        else:
            rich.print("ommi:", style="bold red", end=" ")
            rich.print(reason, markup=False, highlight=False)

    def note(self, text: str) -> None:
        """Say what happens meanwhile, to standard error; nothing where JSON was asked for."""
        if not self.as_json:
            self._err.write(f"{text}\n")
            self._err.flush()

    def ask(self, question: str) -> str:
        """Ask, and wait for a line; nothing where the input has ended."""
        self._out.write(question)
        self._out.flush()
        return sys.stdin.readline().strip()

    def _part(self, part: str | Rows) -> None:
        if isinstance(part, Rows):
            self._table(part)
        else:
            self._line(part)

    def _document(self, data: Mapping[str, Json]) -> None:
        self._out.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")

    def _line(self, text: str) -> None:
        self._out.write(text if text.endswith("\n") else f"{text}\n")

    def _table(self, table: Rows) -> None:
        rich = _rich(self._out)
        if rich is None:
            self._line("\n".join(_plain(table)))
            return
        from rich.table import Table
        from rich.text import Text

        shown = Table(*table.columns, show_header=any(table.columns))
        for row in table.rows:
            shown.add_row(*map(Text, row))
        rich.print(shown)


def _rich(stream: TextIO) -> RichConsole | None:
    """Give rich's console where it is installed and somebody looks."""
    if not stream.isatty():
        return None
    try:
        from rich.console import Console as RichConsole
    except ImportError:
        return None
    return RichConsole(file=stream)


def _plain(table: Rows) -> list[str]:
    lines = [table.columns, *table.rows] if any(table.columns) else [*table.rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
