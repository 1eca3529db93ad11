"""Predicates and expressions to SQL text, parameters counted on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple, cast

from ommi.metadata.json_text import canonical_json
from ommi.metadata.model import FieldMetadata, ModelMetadata
from ommi.metadata.paths import Hop, Path, names_one_row
from ommi.metadata.relations import Relation
from ommi.metadata.storage import Kind, StorageType
from ommi.planning.plan import Conversion, Slot, composed
from ommi.query.expressions import Arithmetic, Parameter
from ommi.query.fields import FieldReference, JsonPath, references
from ommi.query.nodes import LONGEST_INLINE_LIST, Comparison, Logical, Predicate, Term
from ommi.query.operators import LogicalOperator, QueryOperator
from ommi.query.related import Exists, OuterField, RowCount, Rows
from ommi.sql.dialect import Bind, Dialect
from ommi.sql.sources import Aliases, Source

_SIGNS = {
    QueryOperator.EQUALS: "=",
    QueryOperator.LESS_THAN: "<",
    QueryOperator.LESS_THAN_OR_EQUAL: "<=",
    QueryOperator.GREATER_THAN: ">",
    QueryOperator.GREATER_THAN_OR_EQUAL: ">=",
}
_OPPOSITE_SIGNS = {"=": "<>", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


class _Side(NamedTuple):
    """One side of a comparison; it has the type asked for only where `guard` is true."""

    text: str
    guard: str | None = None


class Writer:
    """Writes one statement; `slots` say where each placeholder's parameter comes from.

    `sources` are the tables that are being read, that of the innermost subquery last.
    """

    def __init__(self, dialect: Dialect, model: ModelMetadata) -> None:
        self.dialect = dialect
        self.slots: list[Slot] = []
        self.sources: list[Source] = [Source(dialect.quote(model.table))]
        self._aliases = Aliases(dialect, model.table)

    @contextmanager
    def reading(self, source: Source) -> Iterator[Source]:
        """Write a subquery: names that are not said to be further out are those of its rows."""
        self.sources.append(source)
        yield source
        self.sources.pop()

    def where(self, predicate: Predicate | None) -> str:
        """Give the WHERE clause, empty where there is no condition."""
        return "" if predicate is None else f" WHERE {self.predicate(predicate)}"

    def predicate(self, node: Predicate | Term) -> str:
        """Give the text of a normalised predicate."""
        if isinstance(node, Comparison):
            return self._comparison(node)
        if isinstance(node, Exists):
            not_any = "NOT " if node.is_negated else ""
            return f"{not_any}EXISTS ({self._related('1', node.rows)})"
        if not isinstance(node, Logical):
            raise TypeError(f"not a checked predicate: {type(node).__name__}")
        flat = node.flattened()
        if node.depth > (_SHALLOW if len(self.sources) == 1 else _SHALLOW_INSIDE):
            # A parser's stack grows with what is open on the left: the deepest part goes first.
            flat = iter(sorted(flat, key=lambda part: part.depth, reverse=True))
        parts = [self.predicate(part) for part in flat]
        return _balanced(parts, " AND " if node.operator is LogicalOperator.AND else " OR ")

    def expression(self, node: Term) -> str:
        """Give the text of an expression, to order by."""
        match node:
            case FieldReference():
                return self.dialect.collated(self._name(node), node)
            case JsonPath(root=root, path=path):
                return self.dialect.path(self._name(root), path, node.storage)
            case _:
                return self._calculation(node)

    def _related(self, what: str, rows: Rows) -> str:
        """Give a subquery on the rows that belong to the one at hand."""
        nears = [self.expression(near) for near, _ in rows.pairs]
        with self.reading(self._aliases.source(rows.model)) as source:
            conditions = self._paired(rows, nears)
            further, more = self._followed(rows.condition, is_counted=what != "1")
        where = " AND ".join([*conditions, *more])
        return f"SELECT {what} FROM {source.text}{further} WHERE {where}"

    def _followed(self, condition: Predicate | None, *, is_counted: bool) -> tuple[str, list[str]]:
        """Give joins and conditions for what is asked of related rows.

        Where all that is asked is that there be rows further on, they are joined: how often does
        not matter, unless the rows are counted.
        """
        if condition is None:
            return "", []
        if not isinstance(condition, Exists) or condition.is_negated:
            return "", [self.predicate(condition)]
        rows = condition.rows
        if is_counted and not names_one_row(rows.model, [far for _, far in rows.pairs]):
            return "", [self.predicate(condition)]
        nears = [self.expression(near) for near, _ in rows.pairs]
        with self.reading(self._aliases.source(rows.model)) as source:
            pairs = self._paired(rows, nears)
            further, more = self._followed(rows.condition, is_counted=is_counted)
        return f" JOIN {source.joined_on(' AND '.join(pairs))}{further}", more

    def _paired(self, rows: Rows, nears: Sequence[str]) -> list[str]:
        fars = [self.expression(references(rows.model)[far.name]) for _, far in rows.pairs]
        return [f"{far} = {near}" for far, near in zip(fars, nears, strict=True)]

    def joined_by(self, relation: Relation) -> str:
        """Give the name of the row that a relation to one leads to from the row being read."""
        hop = Hop(relation.owner, relation.target, relation.pairs, is_many=False)
        return self._joined(self.sources[-1], (hop,))

    def _joined(self, source: Source, path: Path) -> str:
        """Give the name of the row that single references lead to, joined where it is not yet.

        There is at most one, so a join never multiplies rows; where there is none it is all null.
        """
        if not path:
            return source.name
        known = source.joined.get(path)
        if known is not None:
            return known
        near_name, hop = self._joined(source, path[:-1]), path[-1]
        far = self._aliases.source(hop.far)
        pairs = (
            f"{self._collated(far.name, f, hop.far)} = {self._collated(near_name, n, hop.near)}"
            for n, f in hop.pairs
        )
        source.joins.append(f" LEFT JOIN {far.joined_on(' AND '.join(pairs))}")
        source.joined[path] = far.name
        return far.name

    def _collated(self, name: str, field: FieldMetadata, owner: ModelMetadata) -> str:
        text = f"{name}.{self.dialect.quote(field.column)}"
        return self.dialect.collated(text, references(owner)[field.name])

    def assigned(self, value: object, field: FieldMetadata, model: ModelMetadata) -> str:
        """Give what a column is set to."""
        match value:
            case Parameter(index=index):
                return self.stored(index, field, model)
            case Arithmetic():
                return self.dialect.assigned(partial(self._calculation, value), field.storage)
            case FieldReference():
                return self._name(value)
            case _:
                raise TypeError(f"nothing to assign: {type(value).__name__}")

    def stored(self, index: int, field: FieldMetadata, model: ModelMetadata) -> str:
        """Give the placeholder of a value on its way into a column."""
        return self._bind(Slot(index, self.dialect.field_codec(field, model).encode))

    def bound(self, limit: int | Parameter) -> str:
        """Give a limit or an offset, or its placeholder."""
        return self._bind(Slot(limit.index)) if isinstance(limit, Parameter) else str(limit)

    def _bind(self, slot: Slot) -> str:
        self.slots.append(slot)
        return self.dialect.placeholder(len(self.slots))

    def _name(self, field: FieldReference[object]) -> str:
        name = self.sources[-1].name
        if isinstance(field, OuterField):
            name = self._joined(self.sources[-1 - field.level], field.path)
        return f"{name}.{self.dialect.quote(field.metadata.column)}"

    def _column(self, field: FieldReference[object]) -> str:
        return self.dialect.compared(
            self._name(field), field.storage, is_native=field.metadata.has_database_collation
        )

    def _comparison(self, node: Comparison) -> str:
        if node.operator is QueryOperator.IS_NULL:
            return f"{self._bare(node.left)} IS {'NOT ' if node.is_negated else ''}NULL"
        if isinstance(node.right, Term) and not isinstance(node.right, Parameter):
            return self._two_expressions(node, node.right)
        parameter = cast("Parameter", node.right)
        left = self._side(node, parameter)
        sign = _SIGNS.get(node.operator)
        if sign is not None and left.guard is None:
            return self._with_value(node, left.text, sign, parameter)
        positive = self._positive(node, left.text, parameter)
        if left.guard is not None:
            positive = f"({left.guard} AND {positive})"
        # Only a negative leaf has to think of null: it is not true of it, so it is in the rest.
        return f"(({positive}) IS NOT TRUE)" if node.is_negated else positive

    def _bare(self, node: Term) -> str:
        match node:
            case FieldReference():
                return self._name(node)
            case JsonPath(root=root, path=path):
                return self.dialect.path(self._name(root), path, None)
            case _:
                return self._calculation(node)

    def _side(self, node: Comparison, parameter: Parameter) -> _Side:
        left = node.left
        if isinstance(left, JsonPath):
            asked = cast("StorageType", parameter.storage)
            column = self._name(left.root)
            is_document = asked.kind is Kind.JSON and node.operator is QueryOperator.EQUALS
            text = self.dialect.path(column, left.path, asked)
            return _Side(
                self.dialect.document(text) if is_document else text,
                self.dialect.path_is(column, left.path, asked),
            )
        if left.kind is Kind.JSON and node.operator is QueryOperator.EQUALS:
            return _Side(self.dialect.document(self._bare(left)))
        if isinstance(left, FieldReference):
            return _Side(self._column(left))
        return _Side(self._calculation(left))

    def _with_value(self, node: Comparison, left: str, sign: str, parameter: Parameter) -> str:
        if not node.is_negated:
            return f"{left} {sign} {self._value(node, parameter)}"
        opposite = f"{left} {_OPPOSITE_SIGNS[sign]} {self._value(node, parameter)}"
        if isinstance(node.left, RowCount):
            return opposite
        return f"({opposite} OR {self._bare(node.left)} IS NULL)"

    def _value(self, node: Comparison, parameter: Parameter) -> str:
        storage = cast("StorageType", parameter.storage)
        is_document = storage.kind is Kind.JSON
        encode = canonical_json if is_document else self._encoding(node, storage)
        return self._operand_mark(node, Slot(parameter.index, encode), storage)

    def _operand_mark(self, node: Comparison, slot: Slot, storage: StorageType) -> str:
        left = node.left
        is_native = isinstance(left, FieldReference) and left.metadata.has_database_collation
        return self.dialect.operand(self._bind(slot), storage, is_native=is_native)

    def _encoding(self, node: Comparison, storage: StorageType) -> Conversion | None:
        if isinstance(node.left, Arithmetic):
            return self.dialect.calculable_codec(storage).encode
        if isinstance(node.left, JsonPath):
            return self.dialect.path_codec(storage).encode
        return self.dialect.codec(storage).encode

    def _two_expressions(self, node: Comparison, right: Term) -> str:
        left_text, right_text = self._pair(node.left, right)
        if node.operator is QueryOperator.EQUALS:
            same = self.dialect.same(left_text, right_text)
            return f"(NOT ({same}))" if node.is_negated else f"({same})"
        positive = f"{left_text} {_SIGNS[node.operator]} {right_text}"
        return f"(({positive}) IS NOT TRUE)" if node.is_negated else f"({positive})"

    def _pair(self, left: Term, right: Term) -> tuple[str, str]:
        if Kind.DECIMAL in {left.kind, right.kind} or isinstance(left, Arithmetic | Parameter):
            return self._calculation(left), self._calculation(right)
        if left.kind is Kind.JSON:
            document = self.dialect.document
            return document(self._document_text(left)), document(self._document_text(right))
        return self.expression(left), self.expression(right)

    def _document_text(self, node: Term) -> str:
        if isinstance(node, JsonPath):
            return self.dialect.path(self._name(node.root), node.path, StorageType(Kind.JSON))
        return self._bare(node)

    def _positive(self, node: Comparison, left: str, parameter: Parameter) -> str:
        storage = cast("StorageType", parameter.storage)
        if node.operator is QueryOperator.IN:
            return self._among(node, left, parameter)
        if node.operator in _SIGNS:
            return f"{left} {_SIGNS[node.operator]} {self._value(node, parameter)}"
        if storage.kind is Kind.JSON:
            return self.dialect.has_element(left, self._binding(node, parameter, canonical_json))
        return self._matched(node.operator, left, self._binding(node, parameter, None))

    def _matched(self, operator: QueryOperator, left: str, bind: Bind) -> str:
        match operator:
            case QueryOperator.CONTAINS:
                return self.dialect.contains(left, bind)
            case QueryOperator.STARTS_WITH:
                return self.dialect.starts_with(left, bind)
            case QueryOperator.ENDS_WITH:
                return self.dialect.ends_with(left, bind)
            case QueryOperator.REGEX:
                return self.dialect.regex(left, bind)
            case QueryOperator.ILIKE:
                return self.dialect.ilike(left, bind)
            case _:
                raise TypeError(f"not a primitive operator: {operator}")

    def _among(self, node: Comparison, left: str, parameter: Parameter) -> str:
        storage = cast("StorageType", parameter.storage)
        encode = self._encoding(node, storage)
        if not 0 < cast("int", parameter.count) <= LONGEST_INLINE_LIST:
            bind = self._binding(node, parameter, None)
            is_short = bool(parameter.count) and not node.is_negated
            is_looked_up = is_short and _begins_an_index(node.left)
            return self.dialect.among(left, storage, bind, encode, is_looked_up=is_looked_up)
        places = [
            self._operand_mark(node, Slot(parameter.index, encode, position), storage)
            for position in range(cast("int", parameter.count))
        ]
        return f"{left} IN ({', '.join(places)})"

    def _binding(self, node: Comparison, parameter: Parameter, before: Conversion | None) -> Bind:
        storage = cast("StorageType", parameter.storage)

        def bind(encode: Conversion | None = None) -> str:
            return self._operand_mark(
                node, Slot(parameter.index, composed(before, encode)), storage
            )

        return bind

    def _calculation(self, node: object) -> str:
        """Give a number as calculations want it."""
        match node:
            case Arithmetic(operator=operator, left=left, right=right):
                self.dialect.check_calculation(node)
                sides = [self._operand(side, node.storage) for side in (left, right)]
                is_float = node.storage.kind is Kind.FLOAT
                write = self.dialect.float_arithmetic if is_float else self.dialect.arithmetic
                return self.dialect.compared(
                    write(operator, *sides), node.storage, is_native=False
                )
            case FieldReference():
                text = self.dialect.calculable(self._name(node), node.storage)
                kind = StorageType(node.storage.kind)
                return self.dialect.compared(text, kind, is_native=False)
            case RowCount(rows=rows):
                return f"({self._related('count(*)', rows)})"
            case _:
                raise TypeError(f"not a number: {type(node).__name__}")

    def _operand(self, side: object, storage: StorageType) -> str:
        if isinstance(side, Parameter):
            return self._bind(Slot(side.index, self.dialect.calculable_codec(storage).encode))
        return self._calculation(side)


def _begins_an_index(node: Term) -> bool:
    return isinstance(node, FieldReference) and node.owner.begins_an_index(node.metadata)


def _balanced(parts: Sequence[str], sign: str) -> str:
    """Join conditions as a balanced tree: parsers bound how deep a flat chain may go."""
    if len(parts) == 1:
        return parts[0]
    if len(parts) <= _FLAT:
        return f"({sign.join(parts)})"
    middle = len(parts) // 2
    return f"({_balanced(parts[:middle], sign)}{sign}{_balanced(parts[middle:], sign)})"


_FLAT = 16
_SHALLOW = 16
_SHALLOW_INSIDE = 8
