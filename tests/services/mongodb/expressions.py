"""Expressions of aggregations, strictly, as the manual and the order of BSON have them."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Context, Decimal
from typing import Any

from bson.decimal128 import Decimal128
from bson.int64 import Int64

from services.mongodb.order import MISSING, NUMBERS, compare, type_of

Document = dict[str, Any]
Variables = dict[str, Any]

SMALLEST, LARGEST = -(2**63), 2**63 - 1
DECIMAL = Context(prec=34)


def truth(value: Any) -> bool:
    """Tell whether a value is true: all are but false, null, missing and zero."""
    if value is MISSING or value is None or value is False:
        return False
    return type_of(value) not in NUMBERS or bool(compare(value, 0))


def evaluate(expression: Any, document: Document, variables: Variables) -> Any:
    """Give the value of an expression for a document."""
    match expression:
        case str() if expression.startswith("$$"):
            return _variable(expression, document, variables)
        case str() if expression.startswith("$"):
            return _path(document, expression[1:])
        case dict() if len(expression) == 1 and next(iter(expression)).startswith("$"):
            [(name, operand)] = expression.items()
            return _operator(name, operand, document, variables)
        case dict():
            if any(name.startswith("$") or "." in name for name in expression):
                raise _refused(16410, f"a field name of an object: {list(expression)}")
            found = {n: evaluate(e, document, variables) for n, e in expression.items()}
            return {name: value for name, value in found.items() if value is not MISSING}
        case list():
            every = [evaluate(part, document, variables) for part in expression]
            return [None if value is MISSING else value for value in every]
        case _:
            return expression


def _refused(code: int, name: str) -> Exception:
    from services.mongodb.match import Refused

    return Refused(code, name)


def _variable(expression: str, document: Document, variables: Variables) -> Any:
    name, _, path = expression[2:].partition(".")
    if name == "REMOVE":
        return MISSING
    if name in {"ROOT", "CURRENT"}:
        found: Any = document
    elif name in variables:
        found = variables[name]
    else:
        raise _refused(17276, f"Use of undefined variable: {name}")
    return _path(found, path) if path else found


def _path(value: Any, path: str) -> Any:
    """Follow a path: into documents, and element by element into lists of them."""
    if not path or path.startswith("$"):
        raise _refused(16410, f"FieldPath field names may not be {path!r}")
    name, _, rest = path.partition(".")
    if isinstance(value, list):
        found = [_path(element, path) for element in value if isinstance(element, dict | list)]
        return [each for each in found if each is not MISSING]
    if not isinstance(value, dict):
        return MISSING
    inside = value.get(name, MISSING)
    return _path(inside, rest) if rest else inside


def _operator(name: str, operand: Any, document: Document, variables: Variables) -> Any:
    if name == "$literal":
        return operand
    if name in _LAZY:
        return _LAZY[name](operand, document, variables)
    if name not in _EAGER:
        raise _refused(168, f"InvalidPipelineOperator: Unrecognized expression {name!r}")
    count, function = _EAGER[name]
    parts = operand if isinstance(operand, list) else [operand]
    if len(parts) != count:
        raise _refused(16020, f"Expression {name} takes exactly {count} arguments")
    return function(*[evaluate(part, document, variables) for part in parts])


def _nullish(value: Any) -> bool:
    return value is None or value is MISSING


def _and(operand: Any, document: Document, variables: Variables) -> bool:
    return all(truth(evaluate(part, document, variables)) for part in operand)


def _or(operand: Any, document: Document, variables: Variables) -> bool:
    return any(truth(evaluate(part, document, variables)) for part in operand)


def _if_null(operand: Any, document: Document, variables: Variables) -> Any:
    found: Any = MISSING
    for part in operand:
        found = evaluate(part, document, variables)
        if not _nullish(found):
            return found
    return found


def _cond(operand: Any, document: Document, variables: Variables) -> Any:
    if not isinstance(operand, list) or len(operand) != 3:
        raise _refused(16020, "Expression $cond takes exactly 3 arguments")
    condition, yes, no = operand
    is_true = truth(evaluate(condition, document, variables))
    return evaluate(yes if is_true else no, document, variables)


def _switch(operand: Any, document: Document, variables: Variables) -> Any:
    for branch in operand["branches"]:
        if truth(evaluate(branch["case"], document, variables)):
            return evaluate(branch["then"], document, variables)
    if "default" in operand:
        return evaluate(operand["default"], document, variables)
    raise _refused(40066, "$switch could not find a matching branch for an input")


def _let(operand: Any, document: Document, variables: Variables) -> Any:
    made = {n: evaluate(e, document, variables) for n, e in operand["vars"].items()}
    return evaluate(operand["in"], document, {**variables, **made})


def _get_field(operand: Any, document: Document, variables: Variables) -> Any:
    field = evaluate(operand["field"], document, variables)
    if not isinstance(field, str):
        raise _refused(3041704, "$getField requires 'field' to evaluate to a string")
    found = evaluate(operand["input"], document, variables)
    if _nullish(found):
        return found
    return found.get(field, MISSING) if isinstance(found, dict) else MISSING


def _regex_match(operand: Any, document: Document, variables: Variables) -> bool:
    from services.mongodb.match import pcre

    if operand.keys() != {"input", "regex"}:
        raise _refused(31022, "$regexMatch found an unknown argument")
    subject = evaluate(operand["input"], document, variables)
    pattern = evaluate(operand["regex"], document, variables)
    if _nullish(subject) or _nullish(pattern):
        return False
    if not isinstance(subject, str):
        raise _refused(51104, "$regexMatch needs 'input' to be of type string")
    return pcre(pattern).search(subject) is not None


def _in(value: Any, held: Any) -> bool:
    if not isinstance(held, list):
        raise _refused(40081, "$in requires an array as a second argument")
    return any(compare(value, each) == 0 for each in held)


def _array_element(held: Any, index: Any) -> Any:
    if _nullish(held) or _nullish(index):
        return None
    if not isinstance(held, list):
        raise _refused(28689, "$arrayElemAt's first argument must be an array")
    return held[index] if -len(held) <= index < len(held) else MISSING


def _first(held: Any) -> Any:
    if _nullish(held):
        return None
    if not isinstance(held, list):
        raise _refused(28689, "$first's argument must be an array")
    return held[0] if held else MISSING


def _calculating(sign: str) -> Callable[[Any, Any], Any]:
    def calculate(left: Any, right: Any) -> Any:
        if _nullish(left) or _nullish(right):
            return None
        types = {type_of(left), type_of(right)}
        if not types <= NUMBERS:
            raise _refused(14, f"TypeMismatch: {sign} only supports numeric types")
        if "decimal" in types:
            decimals = [_decimal(left), _decimal(right)]
            exact = {"+": DECIMAL.add, "-": DECIMAL.subtract, "*": DECIMAL.multiply}[sign]
            return Decimal128(exact(*decimals))
        if "double" in types:
            return _floating(sign, float(left), float(right))
        left, right = int(left), int(right)
        result = {"+": left + right, "-": left - right, "*": left * right}[sign]
        if not SMALLEST <= result <= LARGEST:
            return float(result)
        return Int64(result) if "long" in types else result

    return calculate


def _floating(sign: str, left: float, right: float) -> float:
    try:
        return {"+": left + right, "-": left - right, "*": left * right}[sign]
    except OverflowError:  # pragma: no cover - floats of Python give infinities
        return math.inf


def _decimal(value: Any) -> Decimal:
    if isinstance(value, Decimal128):
        return value.to_decimal()
    return DECIMAL.create_decimal(value)


def _trunc(value: Any, places: Any) -> Any:
    if _nullish(value):
        return None
    if not isinstance(value, Decimal128):
        raise _refused(51081, "the evaluator truncates decimals only")
    number = value.to_decimal()
    step = Decimal(1).scaleb(-int(places))
    cut = number.quantize(step, rounding="ROUND_DOWN", context=Context(prec=100))
    return Decimal128(DECIMAL.create_decimal(cut))


def _ordering(test: Callable[[int], bool]) -> Callable[[Any, Any], bool]:
    return lambda left, right: test(compare(left, right))


_LAZY: dict[str, Callable[[Any, Document, Variables], Any]] = {
    "$and": _and,
    "$or": _or,
    "$ifNull": _if_null,
    "$cond": _cond,
    "$switch": _switch,
    "$let": _let,
    "$getField": _get_field,
    "$regexMatch": _regex_match,
}
_EAGER: dict[str, tuple[int, Callable[..., Any]]] = {
    "$not": (1, lambda value: not truth(value)),
    "$eq": (2, _ordering(lambda found: found == 0)),
    "$ne": (2, _ordering(lambda found: found != 0)),
    "$gt": (2, _ordering(lambda found: found > 0)),
    "$gte": (2, _ordering(lambda found: found >= 0)),
    "$lt": (2, _ordering(lambda found: found < 0)),
    "$lte": (2, _ordering(lambda found: found <= 0)),
    "$in": (2, _in),
    "$isArray": (1, lambda value: isinstance(value, list)),
    "$type": (1, type_of),
    "$arrayElemAt": (2, _array_element),
    "$first": (1, _first),
    "$add": (2, _calculating("+")),
    "$subtract": (2, _calculating("-")),
    "$multiply": (2, _calculating("*")),
    "$trunc": (2, _trunc),
}
