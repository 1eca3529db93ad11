"""The source of the function that builds models from rows.

It is made of the names of fields and parameters, each checked to be an identifier; every value and
function comes in through a closure. It takes the rows and their batch; where it loops over them
anyway, it also lets the instances remember both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import starmap
from keyword import iskeyword
from types import MemberDescriptorType
from typing import Any

from ommi.metadata.builtin_values import holds_only_builtins
from ommi.metadata.libraries.constructor import is_pythons_own
from ommi.metadata.libraries.protocol import Bypass, DeclaredField
from ommi.metadata.model import ModelMetadata
from ommi.planning.plan import ResultColumn
from ommi.relations import BATCH, ROW


class Source:
    """The text of a function over values that are bound to short names.

    `remembers` says that a builder lets the instances remember their rows. Every name begins with
    `prefix`: so several models can be built in one function.
    """

    def __init__(self, prefix: str = "") -> None:
        self.bound: dict[str, object] = {}
        self.lines: Sequence[str] = ()
        self.prefix = prefix
        self.remembers = False

    def local(self, name: str) -> str:
        """Give what a variable is called."""
        return self.prefix + name

    def bind(self, name: str, value: object) -> str:
        """Make a value known under a name and give what it is called."""
        name = self.local(name)
        self.bound[name] = value
        return name

    def define(self, lines: Sequence[str]) -> Source:
        """Take the lines of the function, which is called `made`."""
        self.lines = lines
        return self

    @property
    def text(self) -> str:
        """A function `make` that takes the bound values and gives the function `made`."""
        body = "\n".join(f"    {line}" for line in self.lines)
        return f"def make({', '.join(self.bound)}):\n{body}\n    return made\n"


def runs_user_code(model: ModelMetadata) -> bool:
    """Tell whether building an instance of the model runs code of the user's."""
    return model.library.construction(model.cls).runs_user_code or not all(
        holds_only_builtins(field.type_annotation) for field in model.fields
    )


def builder(
    model: ModelMetadata, columns: Sequence[ResultColumn], *, may_remember: bool = True
) -> Source:
    """Write the function that makes an instance of each row, the cheapest way that is right."""
    declared = model.library.declared_fields(
        model.cls, {field.name: field.type_annotation for field in model.fields}
    )
    bypass = model.library.construction(model.cls).bypass
    if bypass is Bypass.NONE or not _covers(columns, declared):
        return _by_constructor(model, columns, declared)
    source = Source()
    source.remembers = may_remember and in_order(model, columns) and model.set_state is not None
    # As long as nothing needs to be decoded, straight from the row into the instance.
    straight = _undecoded(columns) if bypass is Bypass.PLAIN else 0
    unpacked = [f"m.{spelled(column.field.name)}" for column in columns[:straight]]
    unpacked += [f"c{number}" for number in range(straight, len(columns))]
    statements = _WAYS[bypass](source, model, columns)[straight:]
    return _looping(source, model, f"{', '.join(unpacked)}, = row", statements)


def instance_made(
    source: Source, model: ModelMetadata, columns: Sequence[ResultColumn]
) -> list[str] | None:
    """Give the statements that make `m` of the variables `c0`, `c1`...; `None` without any.

    They are without any where only the constructor makes an instance.
    """
    declared = model.library.declared_fields(
        model.cls, {field.name: field.type_annotation for field in model.fields}
    )
    bypass = model.library.construction(model.cls).bypass
    if bypass is Bypass.NONE or not _covers(columns, declared):
        return None
    filled = _WAYS[bypass](source, model, columns)
    new = source.bind("new", object.__new__)
    return [f"{source.local('m')} = {new}({source.bind('cls', model.cls)})", *filled]


def in_order(model: ModelMetadata, columns: Sequence[ResultColumn]) -> bool:
    """Tell whether a row is what an instance remembers, which has the order of the fields."""
    return [column.field for column in columns] == list(model.fields)


def _covers(columns: Sequence[ResultColumn], declared: Sequence[DeclaredField]) -> bool:
    return {column.field.name for column in columns} >= {each.name for each in declared}


def _undecoded(columns: Sequence[ResultColumn]) -> int:
    decoded = (n for n, column in enumerate(columns) if column.decode or column.inline)
    return next(decoded, len(columns))


def state_set(source: Source, model: ModelMetadata) -> str:
    """Give the statement that lets `m` remember `row` and `batch`, of a class that can."""
    m, row, batch = map(source.local, ("m", "row", "batch"))
    if has_plain_slot(model.cls):
        return f"{m}.{ROW} = {row}; {m}.{BATCH} = {batch}"
    return f"{source.bind('set_state', model.set_state)}({m}, ({row}, {batch}))"


def has_plain_slot(cls: type) -> bool:
    """Tell whether plain assignment sets what an instance remembers."""
    is_slot = isinstance(vars(cls).get(BATCH), MemberDescriptorType)
    return is_slot and is_pythons_own(cls, "__setattr__")


def is_positional(columns: Sequence[ResultColumn], declared: Sequence[DeclaredField]) -> bool:
    """Tell whether a row is what the constructor wants, value for value."""
    return (
        all(column.decode is None for column in columns)
        and all(d.parameter is not None and not d.is_keyword_only for d in declared)
        and [column.field.name for column in columns] == [d.name for d in declared]
    )


def _by_constructor(
    model: ModelMetadata, columns: Sequence[ResultColumn], declared: Sequence[DeclaredField]
) -> Source:
    source = Source()
    name = source.bind("cls", model.cls)
    if is_positional(columns, declared):
        source.bind("starmap", starmap)
        return source.define(
            [
                "def made(rows, batch):",
                f"    if len(rows) == 1: return [{name}(*rows[0])]",
                f"    return list(starmap({name}, rows))",
            ]
        )
    values = dict(_values(source, columns))
    call = f"{name}({', '.join(_arguments(source, declared, values))})"
    rest = {d.name: values[d.name] for d in declared if d.parameter is None and d.name in values}
    if not rest:
        return _listing(source, columns, call)
    is_frozen = model.library.is_frozen(model.cls)
    puts = (_put(source, field, value, is_frozen=is_frozen) for field, value in rest.items())
    return _constructing(source, columns, [f"m = {call}", *puts])


def _arguments(
    source: Source, declared: Sequence[DeclaredField], values: Mapping[str, str]
) -> list[str]:
    positional: list[str] = []
    named: list[str] = []
    unspellable: list[str] = []
    is_unbroken = True
    for each in declared:
        if each.parameter is None:
            continue
        value = values.get(each.name)
        is_unbroken = is_unbroken and (value is not None or each.is_keyword_only)
        if value is None:
            continue
        if is_unbroken and not each.is_keyword_only:
            positional.append(value)
        elif _is_name(each.parameter):
            named.append(f"{each.parameter}={value}")
        else:
            key = source.bind(f"k{len(unspellable)}", each.parameter)
            unspellable.append(f"{key}: {value}")
    rest = [f"**{{{', '.join(unspellable)}}}"] if unspellable else []
    return [*positional, *named, *rest]


def _put(source: Source, name: str, value: str, *, is_frozen: bool) -> str:
    if not is_frozen:
        return f"m.{spelled(name)} = {value}"
    put = source.bind("put", object.__setattr__)
    return f"{put}({source.local('m')}, '{spelled(name)}', {value})"


def _plainly(source: Source, model: ModelMetadata, columns: Sequence[ResultColumn]) -> list[str]:
    del model
    m = source.local("m")
    return [f"{m}.{spelled(name)} = {value}" for name, value in _values(source, columns)]


def _into_dict(source: Source, model: ModelMetadata, columns: Sequence[ResultColumn]) -> list[str]:
    del model
    m, d = source.local("m"), source.local("d")
    put = [f"{d}['{spelled(name)}'] = {value}" for name, value in _values(source, columns)]
    return [f"{d} = {m}.__dict__", *put]


def _by_assignment(
    source: Source, model: ModelMetadata, columns: Sequence[ResultColumn]
) -> list[str]:
    lines = []
    for number, (name, value) in enumerate(_values(source, columns)):
        slot = _slot(model.cls, name)
        if slot is None:
            lines.append(_put(source, name, value, is_frozen=True))
        else:
            put = source.bind(f"s{number}", slot.__set__)
            lines.append(f"{put}({source.local('m')}, {value})")
    return lines


def _as_pydantic(
    source: Source, model: ModelMetadata, columns: Sequence[ResultColumn]
) -> list[str]:
    values = ", ".join(f"'{spelled(name)}': {value}" for name, value in _values(source, columns))
    names = source.bind("names", {field.name for field in model.fields})
    parts = {
        "__dict__": f"{{{values}}}",
        "__pydantic_fields_set__": f"{names}.copy()",
        "__pydantic_extra__": "None",
        "__pydantic_private__": "None",
    }
    lines = []
    for number, (name, value) in enumerate(parts.items()):
        put = source.bind(f"put{number}", _descriptor(model.cls, name).__set__)
        lines.append(f"{put}({source.local('m')}, {value})")
    return lines


_WAYS = {
    Bypass.PLAIN: _plainly,
    Bypass.DICT: _into_dict,
    Bypass.ASSIGN: _by_assignment,
    Bypass.PYDANTIC: _as_pydantic,
}


def _values(source: Source, columns: Sequence[ResultColumn]) -> Iterator[tuple[str, str]]:
    """Give the name of each column's field and the expression of its value."""
    for number, column in enumerate(columns):
        variable = source.local(f"c{number}")
        if column.inline is not None:
            decoded = column.inline.replace("{value}", variable)
        elif column.decode is not None:
            decoded = f"{source.bind(f'd{number}', column.decode)}({variable})"
        else:
            yield column.field.name, variable
            continue
        yield column.field.name, f"(None if {variable} is None else {decoded})"


def _listing(source: Source, columns: Sequence[ResultColumn], call: str) -> Source:
    target = _target(columns)
    return source.define(
        [
            "def made(rows, batch):",
            # A comprehension is a call more.
            "    if len(rows) == 1:",
            f"        [{target}] = rows",
            f"        return [{call}]",
            f"    return [{call} for {target} in rows]",
        ]
    )


def _constructing(
    source: Source, columns: Sequence[ResultColumn], statements: Sequence[str]
) -> Source:
    lines = [
        "def made(rows, batch):",
        "    built = []",
        "    append = built.append",
        f"    for {_target(columns)} in rows:",
        *(f"        {statement}" for statement in statements),
        "        append(m)",
        "    return built",
    ]
    return source.define(lines)


def _looping(
    source: Source, model: ModelMetadata, unpacking: str, statements: Sequence[str]
) -> Source:
    """Give each row a new instance, and let that remember it where it is to."""
    remembered = [state_set(source, model)] if source.remembers else []
    keeps_rows = source.remembers and model.declared_relations
    source.bind("cls", model.cls)
    source.bind("new", object.__new__)
    lines = [
        "def made(rows, batch):",
        "    built = []",
        "    append = built.append",
        "    for row in rows:",
        "        m = new(cls)",
        f"        {unpacking}",
        *(f"        {statement}" for statement in (*statements, *remembered)),
        "        append(m)",
        # Relations are loaded for all that were read together.
        *(["    batch.rows = rows"] if keeps_rows else []),
        "    return built",
    ]
    return source.define(lines)


def _target(columns: Sequence[ResultColumn]) -> str:
    return "(" + "".join(f"c{number}, " for number in range(len(columns))) + ")"


def _slot(cls: type, name: str) -> MemberDescriptorType | None:
    found = next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), None)
    return found if isinstance(found, MemberDescriptorType) else None


def _descriptor(cls: type, name: str) -> Any:  # noqa: ANN401 - pydantic's own slots
    return next(
        vars(base)[name]
        for base in cls.__mro__
        if "__pydantic_fields_set__" in vars(base) and name in vars(base)
    )


def spelled(name: str) -> str:
    """Give a name that may stand in source text; raises `ValueError` for any other text."""
    if not _is_name(name):
        raise ValueError(f"{name!r} is no identifier")
    return name


def _is_name(text: str) -> bool:
    return text.isidentifier() and not iskeyword(text)
