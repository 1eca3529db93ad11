"""MariaDB's way of saying things, and where MySQL's differs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, cast

from ommi.drivers.mysql.json_paths import JsonPaths, MySQLJsonPaths
from ommi.drivers.mysql.literals import ValueList
from ommi.drivers.mysql.storage import (
    LONGEST_INDEXED,
    bounded_codec,
    calculated,
    codec,
    comparable_codec,
    is_indexed,
    is_short,
)
from ommi.errors import UnsupportedOperation
from ommi.metadata.model import FieldMetadata, ModelMetadata
from ommi.metadata.storage import Kind, StorageType
from ommi.planning.plan import Conversion, StoreCodec
from ommi.query.expressions import Arithmetic
from ommi.query.fields import FieldReference
from ommi.query.ilike_regex import ilike_regex
from ommi.query.nodes import Term
from ommi.query.operators import ArithmeticOperator
from ommi.query.regex import PCRE, parse_regex, render, trim
from ommi.query.statements import Insert
from ommi.schema.snapshot import Column
from ommi.sql.dialect import Bind, Changes, Dialect

SORTED_BYTES = 16_384
"""How much of a text the sessions order by."""

_TOO_LARGE = 2**63 - 1
_MOST_DIGITS = 65
_TYPES = {
    Kind.BOOL: "TINYINT(1)",
    Kind.INT: "BIGINT",
    Kind.FLOAT: "DOUBLE",
    Kind.DATETIME: "DATETIME(6)",
    Kind.INSTANT: "DATETIME(6)",
    Kind.DATE: "DATE",
    Kind.TIME: "TIME(6)",
    Kind.DURATION: "BIGINT",
    Kind.JSON: "LONGTEXT",
}


class MariaDBDialect(Dialect):
    """MariaDB 10.11 or later.

    A COLLATE on a column keeps its index from being used, so it stands on what the column is
    compared with. `foreign` names the columns, as (table, column), that are known to have a
    collation of their own.
    """

    name = "MariaDB"
    pages_before_joining = False
    identifier_quote = "`"
    collation = "utf8mb4_nopad_bin"
    ascii_collation = "ascii_nopad_bin"
    no_values = "() VALUES ()"
    most_fraction = 38
    operand_scale = 14
    sorted_characters = SORTED_BYTES // 3

    def __init__(self) -> None:
        self.foreign: set[tuple[str, str]] = set()
        self._json = JsonPaths(self.literal)

    @property
    def table_suffix(self) -> str:  # type: ignore[override]
        """The words behind a table."""
        return f" ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={self.collation}"

    def literal(self, text: str) -> str:
        return super().literal(text.replace("\\", "\\\\"))

    def placeholder(self, number: int) -> str:
        del number
        return "?"

    def codec(self, storage: StorageType) -> StoreCodec:
        return codec(storage)

    def field_codec(self, field: FieldMetadata, model: ModelMetadata) -> StoreCodec:
        return bounded_codec(self.codec(field.storage), field, model)

    def column_type(self, column: Column) -> str:
        storage = cast("StorageType", column.storage)
        length = storage.length
        match storage.kind:
            case Kind.TEXT:
                is_long = length is None or length > LONGEST_INDEXED
                text = "LONGTEXT" if is_long else f"VARCHAR({length})"
                return f"{text} COLLATE {self.collation}"
            case Kind.BYTES:
                is_long = length is None or length > LONGEST_INDEXED
                return "LONGBLOB" if is_long else f"VARBINARY({length})"
            case Kind.DECIMAL:
                return self._decimal(storage)
            case Kind.UUID:
                return f"CHAR(36) CHARACTER SET ascii COLLATE {self.ascii_collation}"
            case kind:
                generated = " AUTO_INCREMENT" if column.is_generated else ""
                return f"{_TYPES[kind]}{generated}"

    def _decimal(self, storage: StorageType) -> str:
        precision, scale = storage.precision or 0, storage.scale or 0
        if precision > _MOST_DIGITS or scale > self.most_fraction:
            raise UnsupportedOperation(
                f"keep decimals of {precision} digits with {scale} behind the point", self.name
            )
        return f"DECIMAL({precision},{scale})"

    def column_check(self, column: Column) -> str:
        """Name the storage type in a check, where the column's own type does not tell it."""
        storage = cast("StorageType", column.storage)
        condition = _condition(self.quote(column.name), storage)
        if condition is None:
            return ""
        length = "" if storage.length is None else f"_{storage.length}"
        name = self.quote(f"ommi_{storage.kind}{length}_{column.name}")
        return f"CONSTRAINT {name} CHECK ({condition})"

    def has_inline_key(self, table: object) -> bool:
        del table
        return False

    def operand(self, mark: str, storage: StorageType, *, is_native: bool) -> str:
        if storage.kind is Kind.JSON:
            return f"{self.document(mark)} COLLATE {self.collation}"
        if storage.kind is Kind.TEXT and not is_native:
            return f"{mark} COLLATE {self.collation}"
        return mark

    def collated(self, text: str, field: FieldReference[object]) -> str:
        metadata = field.metadata
        if field.kind is not Kind.TEXT or metadata.has_database_collation:
            return text
        is_own = (field.owner.table, metadata.column) not in self.foreign
        if is_own and is_indexed(metadata, field.owner):
            return text
        return f"{text} COLLATE {self.collation}"

    def path(self, text: str, path: tuple[str | int, ...], storage: StorageType | None) -> str:
        found = self._json.extracted(text, path)
        match None if storage is None else storage.kind:
            case Kind.TEXT:
                return f"{self._json.text(found)} COLLATE {self.collation}"
            case Kind.BOOL:
                return self._json.flag(found)
            case Kind.INT:
                return self._json.number(found)
            case Kind.FLOAT:
                return self._json.double(found)
            case _:
                return self._json.known(found)

    def path_is(self, text: str, path: tuple[str | int, ...], storage: StorageType) -> str:
        return self._json.is_a(self._json.extracted(text, path), storage.kind)

    def path_codec(self, storage: StorageType) -> StoreCodec:
        del storage
        return StoreCodec()

    def document(self, text: str) -> str:
        return f"JSON_NORMALIZE({text})"

    def same(self, left: str, right: str) -> str:
        return f"{left} <=> {right}"

    def among(
        self,
        text: str,
        storage: StorageType,
        bind: Bind,
        encode: Conversion | None,
        *,
        is_looked_up: bool,
    ) -> str:
        del storage, is_looked_up

        def encode_list(values: object) -> ValueList:
            listed = cast("Sequence[object]", values)
            return ValueList(listed if encode is None else map(encode, listed))

        # Unlike the text for a list of one, which is prepared.
        return f"{text} IN (/* list */ {bind(encode_list)})"

    def contains(self, text: str, bind: Bind) -> str:
        return f"LOCATE({bind()}, {text}) > 0"

    def has_element(self, text: str, bind: Bind) -> str:
        # In a list of its own: JSON_NORMALIZE reads beyond a number that ends the text.
        element = self.document("CONCAT('[', elements.element, ']')")
        return (
            f"(JSON_TYPE({text}) = 'ARRAY' AND EXISTS (SELECT 1 FROM "
            f"JSON_TABLE({text}, '$[*]' COLUMNS (element JSON PATH '$')) AS elements "
            f"WHERE {element} = {bind(_in_list)}))"
        )

    def starts_with(self, text: str, bind: Bind) -> str:
        return f"{text} LIKE {bind(_prefix)} ESCAPE '|'"

    def ends_with(self, text: str, bind: Bind) -> str:
        return f"RIGHT({text}, CHAR_LENGTH({bind()})) = {bind()}"

    def regex(self, text: str, bind: Bind) -> str:
        return f"{text} REGEXP {bind(_regex)}"

    def ilike(self, text: str, bind: Bind) -> str:
        return f"{text} REGEXP {bind(_ilike)}"

    def calculable_codec(self, storage: StorageType) -> StoreCodec:
        if storage.kind is not Kind.DECIMAL:
            return self.codec(storage)
        return calculated(self.operand_scale, self.name)

    def check_calculation(self, node: Arithmetic) -> None:
        # What goes beyond the last place is cut off, and nothing is said.
        if node.kind is Kind.DECIMAL and self._scale(node) > self.most_fraction:
            raise UnsupportedOperation(
                f"calculate exactly with more than {self.most_fraction} digits behind the point",
                self.name,
                "multiply fewer decimals",
            )

    def _scale(self, node: object) -> int:
        """Give how many digits behind the point a calculation may come to."""
        match node:
            case Arithmetic(operator=operator, left=left, right=right):
                scales = self._scale(left), self._scale(right)
                return sum(scales) if operator is ArithmeticOperator.MULTIPLY else max(scales)
            case FieldReference():
                return node.storage.scale or 0
            case _:
                return self.operand_scale

    def assigned(self, write: Callable[[], str], storage: StorageType) -> str:
        if storage.kind is not Kind.DECIMAL:
            return write()
        # A column rounds what is put into it, and says so only in a note.
        fits = f"{write()} = CAST({write()} AS {self._decimal(storage)})"
        return f"IF({fits}, {write()}, {_TOO_LARGE} + IF({write()} IS NULL, NULL, 1))"

    def keys_found(self, keys: str, source: str) -> str:
        # A table that is written may be read below a table that is made first, which DISTINCT
        # makes sure of.
        return f"SELECT * FROM (SELECT DISTINCT {keys} {source}) AS found"

    def ordering(
        self, write: Callable[[], str], term: Term, *, is_descending: bool, puts_nulls_last: bool
    ) -> str:
        key = self._sorted(write, term) + (" DESC" if is_descending else "")
        if puts_nulls_last is is_descending:
            return key
        return f"{write()} IS NULL{'' if puts_nulls_last else ' DESC'}, {key}"

    def _sorted(self, write: Callable[[], str], term: Term) -> str:
        """Give what to order by: a text longer than the sessions compare is an error."""
        is_bounded = isinstance(term, FieldReference) and is_short(term.metadata, term.owner)
        if term.kind is not Kind.TEXT or is_bounded:
            return write()
        text = write()
        bare = text.removesuffix(f" COLLATE {self.collation}")
        length = f"CHAR_LENGTH({bare})"
        guarded = f"IF({length} > {self.sorted_characters}, {_TOO_LARGE} + {length}, {bare})"
        return guarded if bare == text else f"{guarded} COLLATE {self.collation}"

    def bounds(self, limit: str | None, offset: str | None) -> str:
        every = "18446744073709551615" if limit is None and offset is not None else limit
        return super().bounds(every, offset)

    def tells_key(self, insert: Insert) -> bool:
        return len(insert.returning) == 1 and insert.returning[0].is_auto


class MySQLDialect(MariaDBDialect):
    """MySQL 8.0.17 or later."""

    name = "MySQL"
    collation = "utf8mb4_0900_bin"
    ascii_collation = "ascii_bin"
    most_fraction = 30
    operand_scale = 10
    sorted_characters = SORTED_BYTES // 4

    def __init__(self) -> None:
        super().__init__()
        self._json = MySQLJsonPaths(self.literal)

    def operand(self, mark: str, storage: StorageType, *, is_native: bool) -> str:
        if storage.kind is Kind.JSON:
            return self.document(mark)
        return super().operand(mark, storage, is_native=is_native)

    def codec(self, storage: StorageType) -> StoreCodec:
        return comparable_codec(storage)

    def document(self, text: str) -> str:
        return f"CAST({text} AS JSON)"

    def has_element(self, text: str, bind: Bind) -> str:
        return f"({self._json.kind(text)} = 'ARRAY' AND {bind()} MEMBER OF({text}))"

    def regex(self, text: str, bind: Bind) -> str:
        return f"REGEXP_LIKE({text}, {bind(_regex)}, 'c')"

    def ilike(self, text: str, bind: Bind) -> str:
        return f"REGEXP_LIKE({text}, {bind(_ilike)}, 'c')"

    def updated(self, table: str, key: Sequence[str], changes: Changes) -> tuple[str, str]:
        # Without MariaDB's SIMULTANEOUS_ASSIGNMENT, each sees what those before it did. Those to
        # another name of the rows are made when all of it has been read.
        changed: set[FieldMetadata] = set()
        for field, value in changes:
            if _read(value) & changed:
                new, old = self.quote(_UPDATED), self.quote(table)
                same = " AND ".join(f"{new}.{k} = {old}.{k}" for k in map(self.quote, key))
                return f"{old} JOIN {old} AS {new} ON {same}", f"{new}."
            changed.add(field)
        return super().updated(table, key, changes)

    def tells_key(self, insert: Insert) -> bool:
        if not super().tells_key(insert):
            raise UnsupportedOperation(
                "tell what it filled in besides one generated key",
                self.name,
                "give the other values yourself",
            )
        return True


_UPDATED = "ommi_updated"


def _read(value: object) -> set[FieldMetadata]:
    """Give the fields that a new value is made of."""
    match value:
        case Arithmetic(left=left, right=right):
            return _read(left) | _read(right)
        case FieldReference(metadata=metadata):
            return {metadata}
        case _:
            return set()


def _condition(column: str, storage: StorageType) -> str | None:
    match storage.kind:
        case Kind.BOOL:
            return f"{column} IN (0, 1)"
        case Kind.JSON:
            return f"JSON_VALID({column})"
        case Kind.INSTANT:
            return f"YEAR({column}) > 0"
        case Kind.DURATION:
            return f"{column} = {column}"
        case Kind.TEXT if storage.length is not None and storage.length > LONGEST_INDEXED:
            return f"CHAR_LENGTH({column}) <= {storage.length}"
        case Kind.BYTES if storage.length is not None and storage.length > LONGEST_INDEXED:
            return f"LENGTH({column}) <= {storage.length}"
        case _:
            return None


def _in_list(element: object) -> str:
    return f"[{element}]"


_SPECIAL = str.maketrans({char: f"|{char}" for char in "%_|"})


def _prefix(text: object) -> str:
    return f"{cast('str', text).translate(_SPECIAL)}%"


_EMPTY = "(?:)"
"""MySQL's engine takes no pattern without anything in it."""


@lru_cache(maxsize=256)
def _rendered(pattern: str) -> str:
    return render(trim(parse_regex(pattern)), PCRE) or _EMPTY


@lru_cache(maxsize=256)
def _rendered_ilike(pattern: str) -> str:
    return render(ilike_regex(pattern), PCRE) or _EMPTY


def _regex(pattern: Any) -> str:  # noqa: ANN401 - checked when the question was asked
    return _rendered(pattern)


def _ilike(pattern: Any) -> str:  # noqa: ANN401
    return _rendered_ilike(pattern)
