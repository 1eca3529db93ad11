"""How one SQL store says things. A dialect is a page of overrides of these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from ommi.metadata.storage import StorageType
from ommi.planning.plan import ByKeys, Conversion, StoreCodec
from ommi.query.operators import ArithmeticOperator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ommi.metadata.model import FieldMetadata, ModelMetadata
    from ommi.query.expressions import Arithmetic
    from ommi.query.fields import FieldReference
    from ommi.query.nodes import Term
    from ommi.query.statements import Insert
    from ommi.schema.snapshot import Column, Table


Changes: TypeAlias = "Sequence[tuple[FieldMetadata, object]]"


class Bind(Protocol):
    """Takes one more parameter of the value at hand and gives its placeholder."""

    def __call__(self, encode: Conversion | None = None) -> str: ...


@dataclass(frozen=True, slots=True)
class SqlCommand:
    """A statement as text, and what its errors should call things.

    An INSERT names its `columns`. Where all that it returns is the row's generated key, that is
    `key_column`, and `text_with_key` is the same INSERT with the key as its last parameter. Where
    it gives the key that the store would generate, that is `given_key`. `by_keys` is for a SELECT
    of the row with a key, whose only parameter that is.
    """

    text: str
    model: str
    table: str
    names: Mapping[str, str]
    is_write: bool = False
    returns_rows: bool = True
    columns: tuple[str, ...] = ()
    given_key: str | None = None
    key_column: str | None = None
    text_with_key: str | None = None
    by_keys: ByKeys | None = None


def of_a_missing_table(reason: str, command: SqlCommand | None) -> str:
    """Give what a server says of a table that is not there, and what makes a model's."""
    is_model = command is not None and bool(command.table) and command.table in reason
    return f"{reason}; use_models() makes it, or a migration" if is_model else reason


class Dialect:
    """The defaults are standard SQL."""

    name = "SQL"
    identifier_quote = '"'
    table_suffix = ""
    no_values = "DEFAULT VALUES"
    """What an INSERT says that gives no value."""

    pages_before_joining = True
    """Whether a page is to be cut out before other rows are joined to it."""

    walks_before_joining = False
    """Whether it need not be where rows come in the order of their key: then none is sorted."""

    def quote(self, identifier: str) -> str:
        """Quote a name."""
        quote = self.identifier_quote
        return f"{quote}{identifier.replace(quote, quote * 2)}{quote}"

    def literal(self, text: str) -> str:
        """Quote a text that is part of a statement's shape, never a value."""
        return "'" + text.replace("'", "''") + "'"

    def bytes_literal(self, raw: bytes) -> str:
        """Quote bytes that are part of a statement's shape, never a value."""
        return f"X'{raw.hex()}'"

    def placeholder(self, number: int) -> str:
        """Give the placeholder of the parameter with this number, counted from 1."""
        raise NotImplementedError

    def codec(self, storage: StorageType) -> StoreCodec:
        """Say how values travel."""
        raise NotImplementedError

    def field_codec(self, field: FieldMetadata, model: ModelMetadata) -> StoreCodec:
        """Say how values travel into the column of a field; may refuse with `InvalidValue`."""
        del model
        return self.codec(field.storage)

    def column_type(self, column: Column) -> str:
        """Give the type of a column, its collation included."""
        raise NotImplementedError

    def column_check(self, column: Column) -> str:
        """Give the check that belongs to the type of a column, if there is one."""
        del column
        return ""

    def index_key(self, column: Column) -> str:
        """Give a column as an index holds it."""
        return self.quote(column.name)

    def has_inline_key(self, table: Table) -> bool:
        """Tell whether the key stands behind its column; else it is a line of its own."""
        return len(table.key) == 1

    def compared(self, text: str, storage: StorageType, *, is_native: bool) -> str:
        """Give a column as comparisons and orderings want it; `is_native` keeps its collation."""
        del storage, is_native
        return text

    def collated(self, text: str, field: FieldReference[object]) -> str:
        """Give a column that stands alone: ordered by, or compared with another column."""
        is_native = field.metadata.has_database_collation
        return self.compared(text, field.storage, is_native=is_native)

    def path(self, text: str, path: tuple[str | int, ...], storage: StorageType | None) -> str:
        """Give what stands at a path inside a JSON column, as a value of that storage type."""
        raise NotImplementedError

    def path_is(self, text: str, path: tuple[str | int, ...], storage: StorageType) -> str | None:
        """Give the condition that what stands there is of that type, if one is needed."""
        raise NotImplementedError

    def operand(self, mark: str, storage: StorageType, *, is_native: bool) -> str:
        """Give a placeholder as a comparison wants it; `is_native` as in `compared`."""
        del storage, is_native
        return mark

    def document(self, text: str) -> str:
        """Give a JSON column in the one form in which equal documents are equal texts."""
        raise NotImplementedError

    def same(self, left: str, right: str) -> str:
        """Compare two expressions, either of which may be null, and null equals null."""
        return f"{left} IS NOT DISTINCT FROM {right}"

    def path_codec(self, storage: StorageType) -> StoreCodec:
        """Say how a value travels that is compared with one inside a JSON column."""
        return self.codec(storage)

    def among(
        self,
        text: str,
        storage: StorageType,
        bind: Bind,
        encode: Conversion | None,
        *,
        is_looked_up: bool,
    ) -> str:
        """Ask for a value in a list that travels as one parameter; `encode` is for one value.

        `is_looked_up` says that the list is short, and that rows are found by an index.
        """
        raise NotImplementedError

    def contains(self, text: str, bind: Bind) -> str:
        """Ask for a substring."""
        raise NotImplementedError

    def has_element(self, text: str, bind: Bind) -> str:
        """Ask for an element of a JSON list, given as JSON text."""
        raise NotImplementedError

    def starts_with(self, text: str, bind: Bind) -> str:
        """Ask for a prefix."""
        raise NotImplementedError

    def ends_with(self, text: str, bind: Bind) -> str:
        """Ask for a suffix."""
        raise NotImplementedError

    def regex(self, text: str, bind: Bind) -> str:
        """Ask for a match of the subset of regular expressions."""
        raise NotImplementedError

    def ilike(self, text: str, bind: Bind) -> str:
        """Ask for a match of the whole text, letter case aside."""
        raise NotImplementedError

    def arithmetic(self, operator: ArithmeticOperator, left: str, right: str) -> str:
        """Calculate; overflow must be an error."""
        return f"({left} {operator.value} {right})"

    def float_arithmetic(self, operator: ArithmeticOperator, left: str, right: str) -> str:
        """Calculate with floats; what is too small becomes zero."""
        return self.arithmetic(operator, left, right)

    def check_calculation(self, node: Arithmetic) -> None:
        """Raise `UnsupportedOperation` for what the store cannot calculate exactly."""

    def calculable(self, text: str, storage: StorageType) -> str:
        """Give a number as calculations want it."""
        del storage
        return text

    def calculable_codec(self, storage: StorageType) -> StoreCodec:
        """Say how a number travels into a calculation or is compared with its result."""
        return self.codec(storage)

    def calculated(self, text: str, storage: StorageType) -> str:
        """Give the result of a calculation as a column of that storage type holds it."""
        del storage
        return text

    def assigned(self, write: Callable[[], str], storage: StorageType) -> str:
        """Give the result of a calculation for a column; `write` may be called again."""
        return self.calculated(write(), storage)

    def updated(self, table: str, key: Sequence[str], changes: Changes) -> tuple[str, str]:
        """Give what an UPDATE names, and what stands before each column that it changes."""
        del key, changes
        return self.quote(table), ""

    def keys_found(self, keys: str, source: str) -> str:
        """Give the subquery for the keys of rows that are about to be written."""
        return f"SELECT {keys} {source}"

    def ordering(
        self, write: Callable[[], str], term: Term, *, is_descending: bool, puts_nulls_last: bool
    ) -> str:
        """Give one key of an ordering; `write` gives the text of the term, and again if wanted."""
        del term
        nulls = self.nulls(is_descending=is_descending, puts_nulls_last=puts_nulls_last)
        return f"{write()}{' DESC' if is_descending else ''}{nulls}"

    def nulls(self, *, is_descending: bool, puts_nulls_last: bool) -> str:
        """Give the words that put null where it belongs; empty where it goes there by itself."""
        del is_descending
        return " NULLS LAST" if puts_nulls_last else " NULLS FIRST"

    def tells_key(self, insert: Insert) -> bool:
        """Tell whether the store gives the new key without RETURNING."""
        del insert
        return False

    def bounds(self, limit: str | None, offset: str | None) -> str:
        """Give the words for a limit and an offset."""
        words = "" if limit is None else f" LIMIT {limit}"
        return words if offset is None else f"{words} OFFSET {offset}"
