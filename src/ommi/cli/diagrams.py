"""Tables as diagrams in the languages that other programs draw: Mermaid and Graphviz's DOT."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ommi.schema.snapshot import Column, ForeignKey, Table


def mermaid(tables: Sequence[Table]) -> str:
    """Give an entity relationship diagram as Mermaid."""
    return "\n".join(["erDiagram", *_entities(tables), *_relationships(tables)]) + "\n"


def dot(tables: Sequence[Table]) -> str:
    """Give the same as DOT; a reference leads from its column to the one referred to."""
    lines = ["digraph schema {", "  rankdir=LR;", '  node [shape=plain, fontname="sans-serif"];']
    lines.extend(f"  {_quoted(table.name)} [label=<{_html(table)}>];" for table in tables)
    lines.extend(
        f"  {_quoted(table.name)}:{_quoted(key.columns[0])} -> "
        f"{_quoted(key.table)}:{_quoted(key.target_columns[0])};"
        for table, key in _references(tables)
    )
    return "\n".join([*lines, "}"]) + "\n"


def roles(table: Table, column: Column) -> tuple[str, ...]:
    """Tell what a column is: part of the key, of a reference, unique by itself."""
    found = []
    if column.name in table.key:
        found.append("PK")
    if any(column.name in key.columns for key in table.foreign_keys):
        found.append("FK")
    if any(index.is_unique and index.columns == (column.name,) for index in table.indexes):
        found.append("UK")
    return tuple(found)


def type_name(column: Column) -> str:
    """Give the type of a column in Ommi's words, or else in the store's."""
    return str(column.storage) if column.storage is not None else column.declared or "unknown"


def _entities(tables: Sequence[Table]) -> Iterator[str]:
    for table in tables:
        yield f"    {_entity(table.name)} {{"
        for column in table.columns:
            kind = re.sub(r"\W+", "_", type_name(column)).strip("_") or "unknown"
            name = re.sub(r"\W", "_", column.name)
            named = name if re.match(r"[A-Za-z_]", name) else f"_{name}"
            words = [kind, named, ", ".join(roles(table, column))]
            words.append('"may be null"' if column.is_nullable else "")
            yield f"        {' '.join(filter(None, words))}"
        yield "    }"


def _relationships(tables: Sequence[Table]) -> Iterator[str]:
    for table, key in _references(tables):
        ends = f"{_one(table, key)}--{_many(table, key)}"
        label = ", ".join(key.columns).replace('"', "'")
        yield f'    {_entity(key.table)} {ends} {_entity(table.name)} : "{label}"'


def _references(tables: Sequence[Table]) -> Iterator[tuple[Table, ForeignKey]]:
    """Give every reference whose target is in the picture, too."""
    known = {table.name for table in tables}
    for table in tables:
        yield from ((table, key) for key in table.foreign_keys if key.table in known)


def _one(table: Table, key: ForeignKey) -> str:
    may_be_null = any(c.is_nullable for c in table.columns if c.name in key.columns)
    return "|o" if may_be_null else "||"


def _many(table: Table, key: ForeignKey) -> str:
    unique = [set(index.columns) for index in table.indexes if index.is_unique]
    return "o|" if set(key.columns) in [*unique, set(table.key)] else "o{"


def _entity(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z]\w*", name) else '"' + name.replace('"', "'") + '"'


def _html(table: Table) -> str:
    rows = [f'<tr><td bgcolor="#e8eef7"><b>{_escaped(table.name)}</b></td></tr>']
    for column in table.columns:
        said = " ".join((column.name, type_name(column), *roles(table, column)))
        mark = "?" if column.is_nullable else ""
        rows.append(
            f'<tr><td align="left" port="{_escaped(column.name)}">{_escaped(said)}{mark}</td></tr>'
        )
    return f'<table border="0" cellborder="1" cellspacing="0">{"".join(rows)}</table>'


def _escaped(text: str) -> str:
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(character, entity)
    return text


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
