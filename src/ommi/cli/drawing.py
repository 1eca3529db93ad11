"""Tables as a picture: SVG, laid out here, so that nothing else need be installed.

Tables stand in columns, those that refer to others to the right of them; lines lead from the
column that refers to the one referred to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from ommi.cli.diagrams import roles, type_name
from ommi.schema.snapshot import Table

_CHARACTER = 7.4
"""The width of a character, in pixels, at the size of the text."""
_LINE = 20
_MARGIN = 24
_BETWEEN_COLUMNS = 90
_BETWEEN_TABLES = 28
_PADDING = 10
_STYLE = (
    "text{font:12px ui-monospace,monospace;fill:#1b2733}"
    ".name{font-weight:bold}.kind{fill:#5b6b7b}"
    ".box{fill:#fff;stroke:#8496a9}.head{fill:#e8eef7;stroke:#8496a9}"
    ".line{fill:none;stroke:#3d6fb4;stroke-width:1.4}"
)

_ARROW = (
    '<marker id="end" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" '
    'orient="auto"><path d="M0 0L8 4L0 8z" fill="#3d6fb4"/></marker>'
)


@dataclass(frozen=True, slots=True)
class _Box:
    """A table and its place."""

    table: Table
    x: float
    y: float
    width: float

    @property
    def height(self) -> float:
        return _height(self.table)

    def line_of(self, column: str) -> float:
        """Give the height at which a column stands."""
        names = [each.name for each in self.table.columns]
        row = names.index(column) + 1 if column in names else 0
        return self.y + _LINE * (row + 0.5)


def svg(tables: Sequence[Table]) -> str:
    """Draw tables and references as SVG."""
    boxes = {box.table.name: box for box in _placed(tables)}
    width = max((box.x + box.width for box in boxes.values()), default=0) + _MARGIN
    height = max((box.y + box.height for box in boxes.values()), default=0) + _MARGIN
    size = f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
        f"<style>{_STYLE}</style>",
        f"<defs>{_ARROW}</defs>",
        *(part for box in boxes.values() for part in _drawn(box)),
        *_lines(boxes),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _placed(tables: Sequence[Table]) -> Iterator[_Box]:
    ranks = _ranks(tables)
    x = float(_MARGIN)
    for rank in sorted(set(ranks.values())):
        column = [table for table in tables if ranks[table.name] == rank]
        width = max(map(_width, column))
        y = float(_MARGIN)
        for table in column:
            yield _Box(table, x, y, width)
            y += _height(table) + _BETWEEN_TABLES
        x += width + _BETWEEN_COLUMNS


def _ranks(tables: Sequence[Table]) -> dict[str, int]:
    """Give each table a rank above those it refers to, as far as circles allow."""
    targets = {
        table.name: {key.table for key in table.foreign_keys} - {table.name} for table in tables
    }
    ranks = dict.fromkeys(targets, 0)
    for _ in targets:
        risen = {
            name: max((ranks[each] + 1 for each in others if each in ranks), default=0)
            for name, others in targets.items()
        }
        if risen == ranks or max(risen.values()) >= len(targets):
            break
        ranks = risen
    return ranks


def _height(table: Table) -> float:
    return _LINE * (len(table.columns) + 1)


def _width(table: Table) -> float:
    lengths = [len(table.name)]
    lengths.extend(
        len(column.name) + len(_kind(table, index)) + 3
        for index, column in enumerate(table.columns)
    )
    return max(lengths) * _CHARACTER + 2 * _PADDING


def _kind(table: Table, index: int) -> str:
    column = table.columns[index]
    mark = "?" if column.is_nullable else ""
    return " ".join((f"{type_name(column)}{mark}", *roles(table, column)))


def _drawn(box: _Box) -> Iterator[str]:
    x, y, width = box.x, box.y, box.width
    yield f'<rect class="box" x="{x:g}" y="{y:g}" width="{width:g}" height="{box.height:g}"/>'
    yield f'<rect class="head" x="{x:g}" y="{y:g}" width="{width:g}" height="{_LINE}"/>'
    yield _text(x + _PADDING, y + _LINE * 0.7, box.table.name, "name")
    for index, column in enumerate(box.table.columns):
        base = y + _LINE * (index + 1.7)
        yield _text(x + _PADDING, base, column.name, "field")
        kind = _kind(box.table, index)
        yield _text(x + width - _PADDING, base, kind, "kind", ' text-anchor="end"')


def _text(x: float, y: float, text: str, kind: str, more: str = "") -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}"{more}>{escape(text)}</text>'


def _lines(boxes: dict[str, _Box]) -> Iterator[str]:
    for box in boxes.values():
        for key in box.table.foreign_keys:
            target = boxes.get(key.table)
            if target is None:
                continue
            start = box.line_of(key.columns[0])
            end = target.line_of(key.target_columns[0])
            curve = _curve(box, start, target, end)
            yield f'<path class="line" marker-end="url(#end)" d="{curve}"/>'


def _curve(box: _Box, start: float, target: _Box, end: float) -> str:
    """Lead from the left of a box to the right of its target; around, where that is not left."""
    bend = _BETWEEN_COLUMNS * 0.6
    if target.x < box.x:
        x, to = box.x, target.x + target.width
        return f"M{x:g} {start:g}C{x - bend:g} {start:g} {to + bend:g} {end:g} {to:g} {end:g}"
    x, to = box.x + box.width, target.x + target.width
    far = max(x, to) + bend
    return f"M{x:g} {start:g}C{far:g} {start:g} {far:g} {end:g} {to:g} {end:g}"
