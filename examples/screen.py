"""Shows questions and answers in the terminal: with rich where it is installed, else as text."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

T = TypeVar("T")
Row = Mapping[str, object]
Answer = Sequence[Row] | str


class Screen(Protocol):
    """What the demo needs of a terminal."""

    def say(self, text: str) -> None:
        """Show a line."""

    def question(self, number: int, asked: str, code: str, answer: Answer) -> None:
        """Show a question, the code that asks it, and the answer."""

    def progress(self, title: str, batches: Sequence[Sequence[T]]) -> Iterator[Sequence[T]]:
        """Give the batches one by one, and show how far the work on them is."""


class TextScreen:
    """Plain text."""

    def say(self, text: str) -> None:
        print(text)

    def question(self, number: int, asked: str, code: str, answer: Answer) -> None:
        print(f"\n{number}. {asked}\n")
        print(textwrap.indent(code, "    > "), end="\n\n")
        print(textwrap.indent(answer if isinstance(answer, str) else _columns(answer), "    "))

    def progress(self, title: str, batches: Sequence[Sequence[T]]) -> Iterator[Sequence[T]]:
        done, total = 0, sum(map(len, batches))
        for batch in batches:
            yield batch
            done += len(batch)
            print(f"\r{title}: {done:,} of {total:,}", end="", flush=True)
        print()


class RichScreen:
    """Colours, tables and a progress bar; raises ImportError where rich is missing."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console()

    def say(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False)

    def question(self, number: int, asked: str, code: str, answer: Answer) -> None:
        from rich.padding import Padding
        from rich.syntax import Syntax

        self._console.rule(f"[bold]{number}. {asked}", align="left")
        self._console.print(Syntax(code, "python", theme="ansi_dark", word_wrap=True))
        if isinstance(answer, str):
            self._console.print(Padding(answer, (0, 2)), highlight=False, markup=False)
        else:
            self._table(answer)

    def _table(self, rows: Sequence[Row]) -> None:
        from rich.table import Table

        table = Table(*_headers(rows))
        for row in rows:
            table.add_row(*map(_cell, row.values()))
        self._console.print(table if rows else "  nothing")

    def progress(self, title: str, batches: Sequence[Sequence[T]]) -> Iterator[Sequence[T]]:
        from rich.progress import Progress

        with Progress(console=self._console) as bar:
            task = bar.add_task(title, total=sum(map(len, batches)))
            for batch in batches:
                yield batch
                bar.advance(task, len(batch))


def screen() -> Screen:
    """Give the best screen there is."""
    try:
        return RichScreen()
    except ImportError:
        return TextScreen()


def code_of(function: Callable[..., object]) -> str:
    """Give the body of a function, as it was written."""
    lines, _ = inspect.getsourcelines(function)
    heading = next(i for i, line in enumerate(lines) if line.endswith(":\n"))
    return textwrap.dedent("".join(lines[heading + 1 :])).strip()


def _headers(rows: Sequence[Row]) -> list[str]:
    return list(rows[0]) if rows else []


def _columns(rows: Sequence[Row]) -> str:
    if not rows:
        return "nothing"
    lines = [_headers(rows), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,.1f}" if isinstance(value, float) else str(value)
