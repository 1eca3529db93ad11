"""The tree of a question: expressions on rows, and predicates made of them. All frozen.

A predicate holds values in their stored form, checked when it is written, so that a wrong type is
an error at that line and not at the store.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Generic, NoReturn, TypeVar, cast

from ommi.errors import InvalidValue, QueryError
from ommi.metadata.storage import LARGEST_INT, NUMBERS, SMALLEST_INT, Kind, StorageType
from ommi.query.operators import (
    OPERATORS,
    ArithmeticOperator,
    LogicalOperator,
    Operand,
    OrderDirection,
    QueryOperator,
)
from ommi.query.ilike import escape_like, validate_ilike
from ommi.query.regex import parse_regex

if TYPE_CHECKING:
    from ommi.metadata.model import ModelMetadata

T_co = TypeVar("T_co", covariant=True)

DEEPEST = 250
"""How often `&` and `|` may alternate inside each other; SQLite's parser stops at 1,000 nodes."""

LONGEST_INLINE_LIST = 16
"""A longer list travels as one parameter; a shorter one as a power of two of them."""


class Node:
    """A frozen part of a question; compared by identity, since `==` asks a question."""

    __slots__ = ()
    __hash__ = object.__hash__

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a {type(self).__name__} is frozen; make a new one")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a {type(self).__name__} is frozen; make a new one")


class Predicate(Node):
    """Something that is True or False of every row."""

    __slots__ = ()
    depth = 0

    def shape(self, values: list[object]) -> object:
        """Give the predicate without its values, hashable, and append the values in order."""
        raise NotImplementedError

    def __and__(self, other: object) -> Logical:
        return _join(LogicalOperator.AND, self, other)

    def __rand__(self, other: object) -> NoReturn:
        raise _misplaced("&", other)

    def __or__(self, other: object) -> Logical:
        return _join(LogicalOperator.OR, self, other)

    def __ror__(self, other: object) -> NoReturn:
        raise _misplaced("|", other)

    def __invert__(self) -> Predicate:
        return Logical(LogicalOperator.NOT, (self,))

    def And(self, *others: object) -> Predicate:  # noqa: N802 - the name of Ommi 0.2
        """Give the conjunction with `others`."""
        return _join_all(LogicalOperator.AND, self, others)

    def Or(self, *others: object) -> Predicate:  # noqa: N802 - the name of Ommi 0.2
        """Give the disjunction with `others`."""
        return _join_all(LogicalOperator.OR, self, others)

    def __bool__(self) -> NoReturn:
        raise TypeError(
            f"{self!r} is a question to the store, neither True nor False here: write & for `and`, "
            "| for `or`, ~ for `not`, in_(...) for `in`, and between(a, b) or (x > a) & (x < b) "
            "for a chained comparison"
        )

    def _compared(self, operator: QueryOperator, other: object) -> Predicate:
        raise TypeError(
            f"{self!r} cannot be compared with {OPERATORS[operator].method}; & and | bind tighter "
            "than comparisons, so put each comparison in parentheses: (a > 1) & (b == 2)"
        )

    def __eq__(self, other: object) -> Predicate:  # type: ignore[override]
        return self._compared(QueryOperator.EQUALS, other)

    def __ne__(self, other: object) -> Predicate:  # type: ignore[override]
        return self._compared(QueryOperator.NOT_EQUALS, other)

    def __lt__(self, other: object) -> Predicate:
        return self._compared(QueryOperator.LESS_THAN, other)

    def __le__(self, other: object) -> Predicate:
        return self._compared(QueryOperator.LESS_THAN_OR_EQUAL, other)

    def __gt__(self, other: object) -> Predicate:
        return self._compared(QueryOperator.GREATER_THAN, other)

    def __ge__(self, other: object) -> Predicate:
        return self._compared(QueryOperator.GREATER_THAN_OR_EQUAL, other)

    __hash__ = object.__hash__


class Comparison(Predicate):
    """An expression, an operator and its operand: a stored form, a list of them, or a field.

    Raises `QueryError` for an operator that the field does not have, and `InvalidValue` for an
    operand that does not fit it.
    """

    __slots__ = ("is_negated", "left", "operator", "right")
    __match_args__ = ("left", "operator", "right")
    left: Expression[object]
    operator: QueryOperator
    right: object
    is_negated: bool

    def __init__(self, left: Expression[object], operator: QueryOperator, right: object) -> None:
        if operator not in left.operators:
            raise QueryError(
                f"{left!r} is stored as {left.storage or 'JSON'}, which has no "
                f"{OPERATORS[operator].method}"
            )
        _set_left(self, left)
        _set_operator(self, operator)
        _set_right(self, _ACCEPT[operator](left, right))
        _set_is_negated(self, False)  # noqa: FBT003 - a slot's own setter

    @classmethod
    def unchecked(
        cls,
        left: Expression[object],
        operator: QueryOperator,
        right: object,
        *,
        is_negated: bool = False,
    ) -> Comparison:
        """Make a comparison from parts that were checked before."""
        node = cls.__new__(cls)
        _set_left(node, left)
        _set_operator(node, operator)
        _set_right(node, right)
        _set_is_negated(node, is_negated)
        return node

    def shape(self, values: list[object]) -> object:
        left = self.left.shape(values)
        right = self.right
        if isinstance(right, Expression):
            return left, self.operator, right.shape(values)
        operand = OPERATORS[self.operator].operand
        if operand is Operand.NOTHING:
            return left, self.operator
        values.append(right)
        if operand is Operand.LIST:
            return left, self.operator, inline_count(cast("Sequence[object]", right))
        if self.left.kind is None:
            # Under a path of unknown type the literal's own type decides what is asked.
            return left, self.operator, type(right)
        return left, self.operator

    def __repr__(self) -> str:
        method = OPERATORS[self.operator].method
        right = repr(self.right) if isinstance(self.right, Expression) else "..."
        if method[0] in "=!<>":
            return f"({self.left!r} {method} {right})"
        is_bare = OPERATORS[self.operator].operand is Operand.NOTHING
        return f"{self.left!r}.{method}({'' if is_bare else right})"


_set_left = Comparison.left.__set__  # type: ignore[attr-defined]
_set_operator = Comparison.operator.__set__  # type: ignore[attr-defined]
_set_right = Comparison.right.__set__  # type: ignore[attr-defined]
_set_is_negated = Comparison.is_negated.__set__  # type: ignore[attr-defined]


class Logical(Predicate):
    """Predicates joined by AND or OR, or one negated; a part may be a bare field."""

    __slots__ = ("depth", "operator", "parts")
    __match_args__ = ("operator", "parts")
    operator: LogicalOperator
    parts: tuple[Predicate | Expression[object], ...]
    depth: int

    def __init__(
        self, operator: LogicalOperator, parts: Iterable[Predicate | Expression[object]]
    ) -> None:
        parts = tuple(parts)
        depth = 0
        for part in parts:
            alike = type(part) is Logical and part.operator is operator
            depth = max(depth, part.depth + (0 if alike else 1))
        if depth > DEEPEST:
            raise QueryError(
                f"a predicate in which & and | alternate more than {DEEPEST} levels deep; "
                "join the parts of one level with one operator"
            )
        object.__setattr__(self, "operator", operator)
        object.__setattr__(self, "parts", parts)
        object.__setattr__(self, "depth", depth)

    def flattened(self) -> Iterator[Predicate | Expression[object]]:
        """Give the parts, those of nested nodes with the same operator among them, in order."""
        waiting: list[Predicate | Expression[object]] = [self]
        while waiting:
            part = waiting.pop()
            if type(part) is Logical and part.operator is self.operator:
                waiting.extend(reversed(part.parts))
            else:
                yield part

    def shape(self, values: list[object]) -> object:
        if self.operator is LogicalOperator.NOT:
            return LogicalOperator.NOT, self.parts[0].shape(values)
        return self.operator, *[part.shape(values) for part in self.flattened()]

    def __invert__(self) -> Predicate:
        if self.operator is LogicalOperator.NOT and isinstance(self.parts[0], Predicate):
            return self.parts[0]
        return super().__invert__()

    def _compared(self, operator: QueryOperator, other: object) -> Predicate:
        """Hand the comparison to a bare field at the right end.

        Python reads `a & User.x > 1` as `(a & User.x) > 1`; it can only have been meant as
        `a & (User.x > 1)`.
        """
        *head, last = self.parts
        if self.operator is LogicalOperator.NOT:
            return super()._compared(operator, other)
        if isinstance(last, Expression):
            return Logical(self.operator, (*head, last.compared(operator, other)))
        return Logical(self.operator, (*head, last._compared(operator, other)))  # noqa: SLF001

    def __repr__(self) -> str:
        if self.operator is LogicalOperator.NOT:
            return f"~{self.parts[0]!r}"
        sign = " & " if self.operator is LogicalOperator.AND else " | "
        return f"({sign.join(map(repr, self.flattened()))})"


class Expression(Node, Generic[T_co]):
    """Something that has a value in every row: a field, a part of one, or a calculation.

    `kind` is `None` where only the row knows it: under a JSON path of unknown type.
    """

    __slots__ = ()
    depth = 0
    operators: frozenset[QueryOperator]

    @property
    def storage(self) -> StorageType | None:
        """How the value is stored."""
        raise NotImplementedError

    @property
    def kind(self) -> Kind | None:
        """The kind of the stored value."""
        storage = self.storage
        return None if storage is None else storage.kind

    def shape(self, values: list[object]) -> object:
        """Give the expression without its values, hashable, and append the values in order."""
        raise NotImplementedError

    def dump(self, value: object) -> object:
        """Give the stored form of a value to compare with; raises `InvalidValue`."""
        raise NotImplementedError

    def dump_element(self, value: object) -> object:
        """Give the stored form of a part of this value; raises `InvalidValue`."""
        raise NotImplementedError

    def models(self) -> Iterator[ModelMetadata]:
        """Give the models whose rows the expression reads."""
        raise NotImplementedError

    def compared(self, operator: QueryOperator, other: object) -> Predicate:
        """Make the comparison; equality with `None` asks for null."""
        if other is None and operator is QueryOperator.EQUALS:
            operator = QueryOperator.IS_NULL
        elif other is None and operator is QueryOperator.NOT_EQUALS:
            operator = QueryOperator.IS_NOT_NULL
        return Comparison(self, operator, other)

    def __eq__(self, other: object) -> Predicate:  # type: ignore[override]
        if other is None:
            return Comparison(self, QueryOperator.IS_NULL, None)
        return Comparison(self, QueryOperator.EQUALS, other)

    def __ne__(self, other: object) -> Predicate:  # type: ignore[override]
        if other is None:
            return Comparison(self, QueryOperator.IS_NOT_NULL, None)
        return Comparison(self, QueryOperator.NOT_EQUALS, other)

    def __lt__(self, other: object) -> Predicate:
        return Comparison(self, QueryOperator.LESS_THAN, other)

    def __le__(self, other: object) -> Predicate:
        return Comparison(self, QueryOperator.LESS_THAN_OR_EQUAL, other)

    def __gt__(self, other: object) -> Predicate:
        return Comparison(self, QueryOperator.GREATER_THAN, other)

    def __ge__(self, other: object) -> Predicate:
        return Comparison(self, QueryOperator.GREATER_THAN_OR_EQUAL, other)

    def in_(self, values: Iterable[object]) -> Predicate:
        """Ask for rows whose value is among `values`; `None` may be one of them."""
        known, has_none = _without_none(self, values)
        found = _among(self, known)
        return found | self.is_null() if has_none else found

    def not_in(self, values: Iterable[object]) -> Predicate:
        """Ask for rows whose value is not among `values`; those with `None` are in it."""
        return ~self.in_(values)

    def contains(self, part: object) -> Predicate:
        """Ask for `part in value`: a substring, or an element of a list or set."""
        return Comparison(self, QueryOperator.CONTAINS, part)

    def not_contains(self, part: object) -> Predicate:
        """Ask for the rest of `contains`, `None` included."""
        return Comparison(self, QueryOperator.NOT_CONTAINS, part)

    def starts_with(self: Expression[str] | Expression[str | None], prefix: str) -> Predicate:
        """Ask for `value.startswith(prefix)`."""
        return Comparison(self, QueryOperator.STARTS_WITH, prefix)

    def ends_with(self: Expression[str] | Expression[str | None], suffix: str) -> Predicate:
        """Ask for `value.endswith(suffix)`."""
        return Comparison(self, QueryOperator.ENDS_WITH, suffix)

    # What a `str` calls them, so that a lambda over a row reads, and type-checks, as Python.
    startswith = starts_with
    endswith = ends_with

    def regex(self: Expression[str] | Expression[str | None], pattern: str) -> Predicate:
        """Ask for a match of `pattern` anywhere in the text; the syntax is a subset of `re`'s."""
        return Comparison(self, QueryOperator.REGEX, pattern)

    def ilike(self: Expression[str] | Expression[str | None], pattern: str) -> Predicate:
        r"""Ask for the whole text to match, letter case aside: `%` any run, `_` one, `\` escapes."""
        return Comparison(self, QueryOperator.ILIKE, pattern)

    def icontains(self: Expression[str] | Expression[str | None], part: str) -> Predicate:
        """Ask for a substring, letter case aside."""
        if not isinstance(part, str):
            raise InvalidValue(f"{self!r}.icontains wants str, found {type(part).__name__}")
        return Comparison(self, QueryOperator.ILIKE, f"%{escape_like(part)}%")

    def is_null(self) -> Predicate:
        """Ask for `None`."""
        return Comparison(self, QueryOperator.IS_NULL, None)

    def is_not_null(self) -> Predicate:
        """Ask for anything but `None`."""
        return Comparison(self, QueryOperator.IS_NOT_NULL, None)

    def between(self, lowest: object, highest: object) -> Predicate:
        """Ask for `lowest <= value <= highest`."""
        return (self >= lowest) & (self <= highest)

    @property
    def asc(self) -> Ordering:
        """Order by this, smallest first."""
        return Ordering(self, OrderDirection.ASC)

    @property
    def desc(self) -> Ordering:
        """Order by this, largest first."""
        return Ordering(self, OrderDirection.DESC)

    def __and__(self, other: object) -> Logical:
        return _join(LogicalOperator.AND, self, other)

    def __rand__(self, other: object) -> NoReturn:
        raise _misplaced("&", other)

    def __or__(self, other: object) -> Logical:
        return _join(LogicalOperator.OR, self, other)

    def __ror__(self, other: object) -> NoReturn:
        raise _misplaced("|", other)

    def __invert__(self) -> Logical:
        return Logical(LogicalOperator.NOT, (self,))

    def __add__(self, other: object) -> Arithmetic:
        return Arithmetic(ArithmeticOperator.ADD, self, other)

    def __radd__(self, other: object) -> Arithmetic:
        return Arithmetic(ArithmeticOperator.ADD, other, self)

    def __sub__(self, other: object) -> Arithmetic:
        return Arithmetic(ArithmeticOperator.SUBTRACT, self, other)

    def __rsub__(self, other: object) -> Arithmetic:
        return Arithmetic(ArithmeticOperator.SUBTRACT, other, self)

    def __mul__(self, other: object) -> Arithmetic:
        return Arithmetic(ArithmeticOperator.MULTIPLY, self, other)

    def __rmul__(self, other: object) -> Arithmetic:
        return Arithmetic(ArithmeticOperator.MULTIPLY, other, self)

    def __bool__(self) -> NoReturn:
        raise TypeError(
            f"{self!r} has a value in each row, none here: write & for `and`, | for `or`, ~ for "
            "`not`, and between(a, b) for a chained comparison"
        )

    def __contains__(self, part: object) -> NoReturn:
        raise TypeError(f"`in` cannot be asked of a store: write {self!r}.contains(...)")

    __iter__ = None
    __hash__ = object.__hash__


class Arithmetic(Expression[object]):
    """The sum, difference or product of two numbers of one type; `None` with any of them `None`."""

    __slots__ = ("_storage", "left", "operator", "operators", "right")
    left: object
    operator: ArithmeticOperator
    right: object

    def __init__(self, operator: ArithmeticOperator, left: object, right: object) -> None:
        known = left if isinstance(left, Expression) else cast("Expression[object]", right)
        if known.kind not in NUMBERS or known.storage is None:
            raise QueryError(
                f"{known!r} is stored as {known.storage or 'JSON'}; {operator.value} is for numbers"
            )
        object.__setattr__(self, "operator", operator)
        object.__setattr__(self, "left", _calculated_with(known, left, operator))
        object.__setattr__(self, "right", _calculated_with(known, right, operator))
        object.__setattr__(self, "_storage", StorageType(known.storage.kind))
        object.__setattr__(self, "operators", operators_for(known.storage.kind))

    @classmethod
    def unchecked(
        cls, operator: ArithmeticOperator, left: object, right: object, storage: StorageType
    ) -> Arithmetic:
        """Make a calculation from parts that were checked before."""
        node = cls.__new__(cls)
        for name, value in zip(
            ("operator", "left", "right", "_storage", "operators"),
            (operator, left, right, storage, operators_for(storage.kind)),
            strict=True,
        ):
            object.__setattr__(node, name, value)
        return node

    @property
    def storage(self) -> StorageType:
        return cast("StorageType", self._storage)

    def shape(self, values: list[object]) -> object:
        return self.operator, _operand_shape(self.left, values), _operand_shape(self.right, values)

    def dump(self, value: object) -> object:
        return _number(self, value)

    def models(self) -> Iterator[ModelMetadata]:
        for side in (self.left, self.right):
            if isinstance(side, Expression):
                yield from side.models()

    def __repr__(self) -> str:
        sides = [repr(s) if isinstance(s, Expression) else "..." for s in (self.left, self.right)]
        return f"({sides[0]} {self.operator.value} {sides[1]})"


class Parameter(Expression[object]):
    """The place of a value in a question whose values were taken out.

    `count` is set for a list: how many places it takes, 0 for a single one that takes it whole.
    """

    __slots__ = ("_storage", "count", "index")
    index: int
    count: int | None

    def __init__(self, index: int, storage: StorageType | None, count: int | None = None) -> None:
        object.__setattr__(self, "index", index)
        object.__setattr__(self, "_storage", storage)
        object.__setattr__(self, "count", count)

    @property
    def storage(self) -> StorageType | None:
        return cast("StorageType | None", self._storage)

    def __repr__(self) -> str:
        return f"<{self.index}>"


class Ordering(Node):
    """An expression to order by; `None` is the smallest unless `nulls_last` says otherwise."""

    __slots__ = ("direction", "expression", "has_nulls_last")
    expression: Expression[object]
    direction: OrderDirection
    has_nulls_last: bool | None

    def __init__(
        self,
        expression: Expression[object],
        direction: OrderDirection = OrderDirection.ASC,
        *,
        has_nulls_last: bool | None = None,
    ) -> None:
        if expression.kind in {None, Kind.JSON}:
            raise QueryError(f"{expression!r} holds JSON of any type, which has no order")
        object.__setattr__(self, "expression", expression)
        object.__setattr__(self, "direction", direction)
        object.__setattr__(self, "has_nulls_last", has_nulls_last)

    def __call__(self) -> Ordering:
        return self

    def nulls_last(self) -> Ordering:
        """Put `None` behind all values, whichever the direction."""
        return Ordering(self.expression, self.direction, has_nulls_last=True)

    def nulls_first(self) -> Ordering:
        """Put `None` before all values, whichever the direction."""
        return Ordering(self.expression, self.direction, has_nulls_last=False)

    @property
    def puts_nulls_last(self) -> bool:
        """Tell where `None` goes in the end."""
        if self.has_nulls_last is None:
            return self.direction is OrderDirection.DESC
        return self.has_nulls_last

    def shape(self, values: list[object]) -> object:
        """Give the ordering without its values, hashable."""
        return self.expression.shape(values), self.direction, self.has_nulls_last

    def __repr__(self) -> str:
        return f"{self.expression!r}.{self.direction.value}"


def operators_for(kind: Kind) -> frozenset[QueryOperator]:
    """Give the operators that an expression of this kind has."""
    return frozenset(operator for operator, facts in OPERATORS.items() if kind in facts.kinds)


def inline_count(values: Sequence[object]) -> int:
    """Say how many parameters a list of this length takes; 0 where it travels as one."""
    if not values or len(values) > LONGEST_INLINE_LIST:
        return 0
    return 1 << (len(values) - 1).bit_length()


def _join(operator: LogicalOperator, left: Predicate | Expression[object], right: object) -> Logical:
    if isinstance(right, Predicate | Expression):
        return Logical(operator, (left, right))
    raise _misplaced("&" if operator is LogicalOperator.AND else "|", right)


def _join_all(
    operator: LogicalOperator, first: Predicate, others: Sequence[object]
) -> Predicate:
    joined = first
    for other in others:
        joined = _join(operator, joined, other)
    return joined


def _misplaced(sign: str, found: object) -> TypeError:
    return TypeError(
        f"{sign} joins predicates, found {type(found).__name__}; {sign} binds tighter than "
        f"comparisons, so put each comparison in parentheses: (a > 1) {sign} (b == 2)"
    )


def _without_none(
    expression: Expression[object], values: Iterable[object]
) -> tuple[tuple[object, ...], bool]:
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise InvalidValue(
            f"{expression!r}.in_ wants a list of values, found {type(values).__name__}"
        )
    every = tuple(values)
    known = tuple(value for value in every if value is not None)
    return known, len(known) < len(every)


def _among(expression: Expression[object], known: tuple[object, ...]) -> Predicate:
    if expression.kind is None and known:
        # Under a path of unknown type each value is asked for as the type it has.
        return _join_all(LogicalOperator.OR, expression == known[0], [expression == v for v in known[1:]])
    return Comparison(expression, QueryOperator.IN, known)


def _accept_value(left: Expression[object], right: object) -> object:
    if isinstance(right, Expression):
        if left.storage is None or right.storage is None or not _alike(left.storage, right.storage):
            raise QueryError(
                f"{left!r} is stored as {left.storage or 'JSON'} and {right!r} as "
                f"{right.storage or 'JSON'}; only fields of the same type compare"
            )
        return right
    if right is None:
        raise InvalidValue(f"{left!r} is compared with None, which has no order; ask is_null()")
    return left.dump(right)


def _alike(left: StorageType, right: StorageType) -> bool:
    return left.kind is right.kind


def _accept_list(left: Expression[object], right: object) -> object:
    dump = left.dump
    return tuple([dump(value) for value in cast("Iterable[object]", right)])


def _accept_element(left: Expression[object], right: object) -> object:
    return left.dump_element(right)


def _accept_text(left: Expression[object], right: object) -> str:
    if not isinstance(right, str):
        raise InvalidValue(f"{left!r} is asked for a text, found {type(right).__name__}")
    return cast("str", left.dump_element(right))


def _accept_regex(left: Expression[object], right: object) -> str:
    pattern = _accept_text(left, right)
    parse_regex(pattern)
    return pattern


def _accept_ilike(left: Expression[object], right: object) -> str:
    pattern = _accept_text(left, right)
    validate_ilike(pattern)
    return pattern


def _accept_nothing(left: Expression[object], right: object) -> None:
    if right is not None:
        raise QueryError(f"{left!r}: is_null takes no operand")


_ACCEPT_OPERAND: dict[Operand, Callable[[Expression[object], object], object]] = {
    Operand.VALUE: _accept_value,
    Operand.LIST: _accept_list,
    Operand.ELEMENT: _accept_element,
    Operand.TEXT: _accept_text,
    Operand.NOTHING: _accept_nothing,
}
_ACCEPT: dict[QueryOperator, Callable[[Expression[object], object], object]] = {
    **{operator: _ACCEPT_OPERAND[facts.operand] for operator, facts in OPERATORS.items()},
    QueryOperator.REGEX: _accept_regex,
    QueryOperator.ILIKE: _accept_ilike,
}


def _operand_shape(side: object, values: list[object]) -> object:
    if isinstance(side, Expression):
        return side.shape(values)
    values.append(side)
    return None


def _calculated_with(
    known: Expression[object], side: object, operator: ArithmeticOperator
) -> object:
    if not isinstance(side, Expression):
        return _number(known, side)
    if side.kind is not known.kind:
        raise QueryError(
            f"{known!r} {operator.value} {side!r}: {known.kind} and {side.kind or 'JSON'} do not "
            "mix"
        )
    return side


def _number(like: Expression[object], value: object) -> object:
    """Give a literal as a number of the same kind; a decimal may have digits of its own."""
    fits = {
        Kind.INT: isinstance(value, int) and SMALLEST_INT <= value <= LARGEST_INT,
        Kind.FLOAT: isinstance(value, int | float) and abs(value) <= sys.float_info.max,
        Kind.DECIMAL: isinstance(value, Decimal) and value.is_finite(),
    }[cast("Kind", like.kind)]
    if isinstance(value, bool) or not fits:
        raise InvalidValue(f"{like!r}: wanted {like.kind}, found {type(value).__name__}")
    return float(cast("float", value)) if like.kind is Kind.FLOAT else value
