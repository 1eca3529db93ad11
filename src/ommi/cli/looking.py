"""`inspect` and `erd`: what a store has, as models and as pictures."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

from ommi.cli.command import Command, Context
from ommi.cli.console import Reply
from ommi.cli.diagrams import dot, mermaid
from ommi.cli.drawing import svg
from ommi.cli.exits import CommandError
from ommi.cli.live import tables_of
from ommi.cli.model_source import STYLES, Style, source_of
from ommi.schema.snapshot import Table

_FORMATS: Mapping[str, Callable[[Sequence[Table]], str]] = {
    "mermaid": mermaid,
    "dot": dot,
    "svg": svg,
}


async def inspect(context: Context) -> Reply:
    """Write models for the tables of the store."""
    tables = await tables_of(context.settings.required_url, context.texts("tables"))
    if not tables:
        raise CommandError("the store has no tables, so there is nothing to make models of")
    style = cast("Style", context.text("style"))  # one of the parser's choices
    return _told(context, source_of(tables, style), tables, style=style)


async def erd(context: Context) -> Reply:
    """Draw the tables of the models, or those of the store."""
    if context.flag("live"):
        tables = await tables_of(context.settings.required_url)
    else:
        tables = context.models.tables
    kind = context.text("format") or _format_of(context.text("output"))
    return _told(context, _FORMATS[kind](tables), tables, format=kind)


def _format_of(output: str | None) -> str:
    suffix = Path(output or "").suffix.lower()
    return {".svg": "svg", ".dot": "dot", ".gv": "dot"}.get(suffix, "mermaid")


def _told(context: Context, text: str, tables: Sequence[Table], **facts: Style | str) -> Reply:
    """Write what was made to a file, or give it to be shown."""
    output = context.text("output")
    data = {**facts, "tables": [table.name for table in tables]}
    if output is None:
        return Reply((text,), {**data, "text": text})
    try:
        with Path(output).open("w" if context.flag("force") else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise CommandError(f"{output} exists; say --force to replace it") from None
    return Reply((f"wrote {len(tables)} tables to {output}",), {**data, "output": output})


def _output_options(parser: ArgumentParser) -> None:
    parser.add_argument("-o", "--output", help="a file, instead of standard output")
    parser.add_argument("--force", action="store_true", help="replace the file if it exists")


def _inspect_options(parser: ArgumentParser) -> None:
    parser.add_argument("tables", nargs="*", help="the tables; all, unless some are named")
    parser.add_argument("--style", choices=STYLES, default="dataclass", help="kind of models")
    _output_options(parser)


def _erd_options(parser: ArgumentParser) -> None:
    parser.add_argument("--format", choices=_FORMATS, help="by default that of the output's name")
    parser.add_argument("--live", action="store_true", help="draw the store's tables")
    _output_options(parser)


COMMANDS = (
    Command("inspect", "write models for the tables of a store", inspect, _inspect_options),
    Command("erd", "draw tables and references as Mermaid, DOT or SVG", erd, _erd_options),
)
