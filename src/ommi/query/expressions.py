"""Expressions: what can be asked of a value in a row, and calculated from it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Generic, NoReturn, TypeVar, cast

from ommi.errors import InvalidValue, QueryError
from ommi.metadata.storage import LARGEST_INT, NUMBERS, SMALLEST_INT, Kind, StorageType
from ommi.query.ilike import escape_like, validate_ilike
from ommi.query.nodes import Comparison, Predicate, Term, join_all
from ommi.query.operators import (
    OPERATORS,
    ArithmeticOperator,
    LogicalOperator,
    Operand,
    OrderDirection,
    QueryOperator,
)
from ommi.query.ordering import Ordering
from ommi.query.placeholders import Convert, Placeholder

if TYPE_CHECKING:
    from ommi.metadata.model import ModelMetadata

T_co = TypeVar("T_co", covariant=True)


class Expression(Term, Generic[T_co]):
    """A term with the operators of the language: a field, a part of one, or a calculation."""

    __slots__ = ()

    def dump(self, value: object) -> object:
        """Give the stored form of a value to compare with; raises `InvalidValue`."""
        raise NotImplementedError

    def dump_all(self, values: Iterable[object]) -> tuple[object, ...]:
        """Give the stored forms of many values; raises `InvalidValue`."""
        return tuple(map(self.dump, values))

    def dump_element(self, value: object) -> object:
        """Give the stored form of a part of this value; raises `InvalidValue`."""
        raise NotImplementedError

    def accepted(self, operator: QueryOperator, operand: object) -> object:
        if type(operand) is Placeholder:
            if self.is_dynamic:
                operand.varied()
            return operand.blank(self.converter(operator))
        return _ACCEPT[operator](self, operand)

    def converter(self, operator: QueryOperator) -> Convert:
        """Give what makes the stored form of an operand; it raises `InvalidValue` or `Unfit`."""
        return partial(self.accepted, operator)

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
        # Not `~`: on a related row, that would ask for no such row at all.
        known, has_none = _without_none(self, values)
        rest = _not_among(self, known)
        return rest & self.is_not_null() if has_none else rest

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
        r"""Ask for a match of the whole text, letter case aside: `%`, `_`, and `\` to escape."""
        return Comparison(self, QueryOperator.ILIKE, pattern)

    def icontains(self: Expression[str] | Expression[str | None], part: str) -> Predicate:
        """Ask for a substring, letter case aside."""
        if isinstance(part, Placeholder):
            sought: object = part.through(partial(_substring, self))
        else:
            sought = _substring(self, part)
        return Comparison(self, QueryOperator.ILIKE, sought)

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
    if TYPE_CHECKING:

        def __hash__(self) -> int: ...
    else:
        __hash__ = object.__hash__


class Arithmetic(Expression[object]):
    """The sum, difference or product of two numbers of one type; `None` if any of them is."""

    __slots__ = ("_storage", "left", "operator", "operators", "right")
    left: object
    operator: ArithmeticOperator
    right: object
    _storage: StorageType

    def __init__(self, operator: ArithmeticOperator, left: object, right: object) -> None:
        known = left if isinstance(left, Expression) else cast("Expression[object]", right)
        if known.kind not in NUMBERS or known.storage is None:
            raise QueryError(
                f"{known!r} is stored as {known.storage or 'JSON'}; {operator.value} takes numbers"
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
        return self._storage

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

    `count` is set for a list: how many values it has at most, 0 where there may be any number.
    """

    __slots__ = ("_storage", "count", "index")
    index: int
    count: int | None
    _storage: StorageType | None

    def __init__(self, index: int, storage: StorageType | None, count: int | None = None) -> None:
        object.__setattr__(self, "index", index)
        object.__setattr__(self, "_storage", storage)
        object.__setattr__(self, "count", count)

    @property
    def storage(self) -> StorageType | None:
        return self._storage

    def __repr__(self) -> str:
        return f"<{self.index}>"


def operators_for(kind: Kind) -> frozenset[QueryOperator]:
    """Give the operators that an expression of this kind has."""
    return frozenset(operator for operator, facts in OPERATORS.items() if kind in facts.kinds)


def _without_none(
    expression: Expression[object], values: Iterable[object]
) -> tuple[tuple[object, ...], bool]:
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        if isinstance(values, Placeholder):
            return values.varied(), False
        raise InvalidValue(
            f"{expression!r}.in_ wants a list of values, found {type(values).__name__}"
        )
    every = tuple(values)
    known = tuple([value for value in every if value is not None])
    return known, len(known) < len(every)


def _among(expression: Expression[object], known: tuple[object, ...]) -> Predicate:
    parts = [
        expression == values[0]
        if is_document
        else Comparison(expression, QueryOperator.IN, values)
        for values, is_document in _alike_values(expression, known)
    ]
    return join_all(LogicalOperator.OR, parts[0], parts[1:])


def _not_among(expression: Expression[object], known: tuple[object, ...]) -> Predicate:
    parts = [
        expression != values[0]
        if is_document
        else Comparison(expression, QueryOperator.NOT_IN, values)
        for values, is_document in _alike_values(expression, known)
    ]
    return join_all(LogicalOperator.AND, parts[0], parts[1:])


def _alike_values(
    expression: Expression[object], known: tuple[object, ...]
) -> Iterator[tuple[Sequence[object], bool]]:
    """Give the values in groups that one list can hold, and documents, of which none can."""
    if expression.kind is not None or not known:
        yield known, False
        return
    # Under a path of unknown type each value is asked for as the type it has.
    groups: dict[type, list[object]] = {}
    for value in map(expression.dump, known):
        groups.setdefault(type(value), []).append(value)
    for values in groups.values():
        if isinstance(values[0], list | dict):
            yield from (([value], True) for value in values)
        else:
            yield values, False


def _substring(expression: Expression[object], part: object) -> str:
    if not isinstance(part, str):
        raise InvalidValue(f"{expression!r}.icontains wants str, found {type(part).__name__}")
    return f"%{escape_like(part)}%"


def _accept_value(left: Expression[object], right: object) -> object:
    if isinstance(right, Expression):
        if (
            left.storage is None
            or right.storage is None
            or not _alike(left.storage, right.storage)
        ):
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
    return left.dump_all(cast("Iterable[object]", right))


def _accept_element(left: Expression[object], right: object) -> object:
    return left.dump_element(right)


def _accept_text(left: Expression[object], right: object) -> str:
    if not isinstance(right, str):
        raise InvalidValue(f"{left!r} is asked for a text, found {type(right).__name__}")
    return cast("str", left.dump_element(right))


def _accept_regex(left: Expression[object], right: object) -> str:
    from ommi.query.regex import parse_regex

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


COMPARING = frozenset(o for o, facts in OPERATORS.items() if facts.operand is Operand.VALUE)
"""The operators with a value or another expression at their right."""

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
        number = partial(_number, known)
        return side.blank(number) if isinstance(side, Placeholder) else number(side)
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
