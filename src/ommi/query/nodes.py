"""The tree of a question: terms on rows, and predicates made of them. All frozen.

A predicate holds values in their stored form, checked when it is written, so that a wrong type is
an error at that line and not at the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn, cast

from ommi.errors import QueryError
from ommi.query.operators import OPERATORS, LogicalOperator, Operand, QueryOperator

if TYPE_CHECKING:
    from ommi.metadata.model import ModelMetadata
    from ommi.metadata.storage import Kind, StorageType

DEEPEST = 50
"""How often `&` and `|` may alternate inside each other; SQLite's parser keeps a stack of 100."""

LONGEST_INLINE_LIST = 16
"""Up to this length each value of a list takes a place of its own, else the list takes one."""
LONGEST_SHORT_LIST = 1024
"""Up to this length a store may look up each value by itself."""
"""A longer list travels as one parameter; a shorter one as a power of two of them."""


class Node:
    """A frozen part of a question; compared by identity, since `==` asks a question."""

    __slots__ = ()
    if TYPE_CHECKING:

        def __hash__(self) -> int: ...
    else:
        __hash__ = object.__hash__

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a {type(self).__name__} is frozen; make a new one")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a {type(self).__name__} is frozen; make a new one")


class Joinable(Node):
    """What `&`, `|` and `~` make predicates of: a predicate, or a field that stands for one."""

    __slots__ = ()

    def __and__(self, other: object) -> Logical:
        return join(LogicalOperator.AND, self, other)

    def __rand__(self, other: object) -> NoReturn:
        raise misplaced("&", other)

    def __or__(self, other: object) -> Logical:
        return join(LogicalOperator.OR, self, other)

    def __ror__(self, other: object) -> NoReturn:
        raise misplaced("|", other)

    def __invert__(self) -> Predicate:
        return Logical(LogicalOperator.NOT, (cast("Predicate | Term", self),))


class Term(Joinable):
    """Something that has a value in every row; what questions know of an expression.

    `kind` is `None` where only the row knows it, under a JSON path of unknown type; then the term
    `is_dynamic`.
    """

    __slots__ = ()
    depth = 0
    is_dynamic = False
    operators: frozenset[QueryOperator]

    @property
    def is_nullable(self) -> bool:
        """Whether the value may be `None` in a row."""
        return True

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
        """Give the term without its values, hashable, and append the values in order."""
        raise NotImplementedError

    def accepted(self, operator: QueryOperator, operand: object) -> object:
        """Give the operand in its stored form; raises `InvalidValue` or `QueryError`."""
        raise NotImplementedError

    def compared(self, operator: QueryOperator, other: object) -> Predicate:
        """Make the comparison; equality with `None` asks for null."""
        if other is None and operator is QueryOperator.EQUALS:
            operator = QueryOperator.IS_NULL
        elif other is None and operator is QueryOperator.NOT_EQUALS:
            operator = QueryOperator.IS_NOT_NULL
        return Comparison(self, operator, other)

    def models(self) -> Iterator[ModelMetadata]:
        """Give the models whose rows the term reads."""
        raise NotImplementedError


class Predicate(Joinable):
    """Something that is True or False of every row."""

    __slots__ = ()
    depth = 0

    def shape(self, values: list[object]) -> object:
        """Give the predicate without its values, hashable, and append the values in order."""
        raise NotImplementedError

    def And(self, *others: object) -> Predicate:  # noqa: N802 - the name of Ommi 0.2
        """Give the conjunction with `others`."""
        return join_all(LogicalOperator.AND, self, others)

    def Or(self, *others: object) -> Predicate:  # noqa: N802 - the name of Ommi 0.2
        """Give the disjunction with `others`."""
        return join_all(LogicalOperator.OR, self, others)

    def __bool__(self) -> NoReturn:
        raise TypeError(
            f"{self!r} is a question to the store, neither True nor False: write & for `and`, "
            "| for `or`, ~ for `not`, in_(...) for `in`, and between(a, b) or (x > a) & (x < b) "
            "for a chained comparison"
        )

    def compared(self, operator: QueryOperator, other: object) -> Predicate:
        """Compare what stands at the right end; raises `TypeError` where that means nothing."""
        del other
        raise TypeError(
            f"{self!r} cannot be compared with {OPERATORS[operator].method}; & and | bind tighter "
            "than comparisons, so put each comparison in parentheses: (a > 1) & (b == 2)"
        )

    def __eq__(self, other: object) -> Predicate:  # type: ignore[override]
        return self.compared(QueryOperator.EQUALS, other)

    def __ne__(self, other: object) -> Predicate:  # type: ignore[override]
        return self.compared(QueryOperator.NOT_EQUALS, other)

    def __lt__(self, other: object) -> Predicate:
        return self.compared(QueryOperator.LESS_THAN, other)

    def __le__(self, other: object) -> Predicate:
        return self.compared(QueryOperator.LESS_THAN_OR_EQUAL, other)

    def __gt__(self, other: object) -> Predicate:
        return self.compared(QueryOperator.GREATER_THAN, other)

    def __ge__(self, other: object) -> Predicate:
        return self.compared(QueryOperator.GREATER_THAN_OR_EQUAL, other)

    if TYPE_CHECKING:

        def __hash__(self) -> int: ...
    else:
        __hash__ = object.__hash__


class Comparison(Predicate):
    """An expression, an operator and its operand: a stored form, a list of them, or a field.

    Raises `QueryError` for an operator that the field does not have, and `InvalidValue` for an
    operand that does not fit it.
    """

    __slots__ = ("is_negated", "left", "operator", "right")
    __match_args__ = ("left", "operator", "right")
    left: Term
    operator: QueryOperator
    right: object
    is_negated: bool

    def __init__(self, left: Term, operator: QueryOperator, right: object) -> None:
        if operator not in left.operators:
            raise QueryError(
                f"{left!r} is stored as {left.storage or 'JSON'}, which has no "
                f"{OPERATORS[operator].method}"
            )
        set_left(self, left)
        _set_operator(self, operator)
        set_right(self, left.accepted(operator, right))
        _set_is_negated(self, False)  # noqa: FBT003 - a slot's own setter

    @classmethod
    def unchecked(
        cls,
        left: Term,
        operator: QueryOperator,
        right: object,
        *,
        is_negated: bool = False,
    ) -> Comparison:
        """Make a comparison from parts that were checked before."""
        node = cls.__new__(cls)
        set_left(node, left)
        _set_operator(node, operator)
        set_right(node, right)
        _set_is_negated(node, is_negated)
        return node

    def shape(self, values: list[object]) -> object:
        left, operator, right = self.left, self.operator, self.right
        if isinstance(right, Term):
            return left.shape(values), operator, right.shape(values)
        shape = left.shape(values)
        if operator in _WITHOUT_VALUE:
            return shape, operator
        values.append(right)
        if operator in _WITH_LIST:
            known = cast("Sequence[object]", right)
            alike = type(known[0]) if left.is_dynamic and known else None
            return shape, operator, inline_count(known), alike
        if left.is_dynamic:
            # Only the literal's own type says what is asked.
            return shape, operator, type(right)
        return shape, operator

    def __repr__(self) -> str:
        method = OPERATORS[self.operator].method
        right = repr(self.right) if isinstance(self.right, Term) else "..."
        if method[0] in "=!<>":
            return f"({self.left!r} {method} {right})"
        is_bare = OPERATORS[self.operator].operand is Operand.NOTHING
        return f"{self.left!r}.{method}({'' if is_bare else right})"


_WITH_LIST = frozenset(o for o, f in OPERATORS.items() if f.operand is Operand.LIST)
_WITHOUT_VALUE = frozenset(o for o, f in OPERATORS.items() if f.operand is Operand.NOTHING)
# Slots' own setters pass by the class's refusal to be changed.
set_left = Comparison.__dict__["left"].__set__
set_right = Comparison.__dict__["right"].__set__
_set_operator = Comparison.__dict__["operator"].__set__
_set_is_negated = Comparison.__dict__["is_negated"].__set__


class Logical(Predicate):
    """Predicates joined by AND or OR, or one negated; a part may be a bare field."""

    __slots__ = ("depth", "operator", "parts")
    __match_args__ = ("operator", "parts")
    operator: LogicalOperator
    parts: tuple[Predicate | Term, ...]
    depth: int

    def __init__(self, operator: LogicalOperator, parts: Iterable[Predicate | Term]) -> None:
        parts = tuple(parts)
        depth = 0
        for part in parts:
            alike = type(part) is Logical and part.operator is operator is not LogicalOperator.NOT
            depth = max(depth, part.depth + (0 if alike else 1))
        if depth > DEEPEST:
            raise QueryError(
                f"a predicate in which & and | alternate more than {DEEPEST} levels deep; "
                "join the parts of one level with one operator"
            )
        object.__setattr__(self, "operator", operator)
        object.__setattr__(self, "parts", parts)
        object.__setattr__(self, "depth", depth)

    def flattened(self) -> Iterator[Predicate | Term]:
        """Give the parts, those of nested nodes with the same operator among them, in order."""
        waiting: list[Predicate | Term] = [self]
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

    def compared(self, operator: QueryOperator, other: object) -> Predicate:
        """Hand the comparison to a bare field at the right end.

        Python reads `a & User.x > 1` as `(a & User.x) > 1`; it can only have been meant as
        `a & (User.x > 1)`.
        """
        *head, last = self.parts
        if self.operator is LogicalOperator.NOT:
            return super().compared(operator, other)
        return Logical(self.operator, (*head, last.compared(operator, other)))

    def __repr__(self) -> str:
        if self.operator is LogicalOperator.NOT:
            return f"~{self.parts[0]!r}"
        sign = " & " if self.operator is LogicalOperator.AND else " | "
        return f"({sign.join(map(repr, self.flattened()))})"


def inline_count(values: Sequence[object]) -> int:
    """Say how many values the lists have at most that are asked for alike; 0 for any number."""
    count = len(values)
    if count <= LONGEST_INLINE_LIST:
        return 1 << (count - 1).bit_length() if count else 0
    return LONGEST_SHORT_LIST if count <= LONGEST_SHORT_LIST else 0


def join(operator: LogicalOperator, left: Joinable, right: object) -> Logical:
    if isinstance(right, Predicate | Term):
        return Logical(operator, (cast("Predicate | Term", left), right))
    raise misplaced("&" if operator is LogicalOperator.AND else "|", right)


def join_all(operator: LogicalOperator, first: Predicate, others: Sequence[object]) -> Predicate:
    joined = first
    for other in others:
        joined = join(operator, joined, other)
    return joined


def misplaced(sign: str, found: object) -> TypeError:
    return TypeError(
        f"{sign} joins predicates, found {type(found).__name__}; {sign} binds tighter than "
        f"comparisons, so put each comparison in parentheses: (a > 1) {sign} (b == 2)"
    )
