"""Operations to the Python that makes them again, laid out as a formatter would."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from uuid import UUID

from ommi.schema.operations import Sql

WIDTH = 96
_INDENT = "    "


def written(value: object, names: set[str], depth: int = 0) -> str:
    """Write a value as Python that makes it again, fit to stand `depth` levels in.

    Fields that have their default are left out. The names that must be imported go to `names`.
    """
    return _Writer(names).text(value, depth)


def imports(names: Iterable[str]) -> str:
    """Write the imports for names that `written` needed."""
    others = [_STANDARD[name] for name in sorted(names) if name in _STANDARD]
    own = sorted(name for name in names if name not in _STANDARD)
    line = f"from ommi.migrations.operations import {', '.join(own)}"
    if len(line) > WIDTH:
        listed = "".join(f"    {name},\n" for name in own)
        line = f"from ommi.migrations.operations import (\n{listed})"
    return "\n\n".join(filter(None, ("\n".join(others), line if own else "")))


def quoted(value: str) -> str:
    """Write a text in double quotes, where that needs no escapes."""
    text = repr(value)
    return f'"{text[1:-1]}"' if text.startswith("'") and '"' not in value else text


_STANDARD = {
    "Decimal": "from decimal import Decimal",
    "UUID": "from uuid import UUID",
    "datetime": "import datetime",
}
_PLAIN: tuple[tuple[type | tuple[type, ...], str], ...] = (
    ((date, time, timedelta), "datetime"),
    (Decimal, "Decimal"),
    (UUID, "UUID"),
)


@dataclass(frozen=True, slots=True)
class _Part:
    """One of several values between brackets; `name` stands before it."""

    name: str
    value: object


class _Writer:
    def __init__(self, names: set[str]) -> None:
        self._names = names

    def text(self, value: object, depth: int) -> str:
        """Write on one line what fits there, else a part on each."""
        line = self._joined(value, depth, self._flat)
        if len(line) + depth * len(_INDENT) <= WIDTH:
            return line
        return self._joined(value, depth, self._tall)

    def _flat(self, parts: list[_Part], depth: int, *, is_tuple: bool) -> str:
        texts = [f"{part.name}{self._joined(part.value, depth, self._flat)}" for part in parts]
        return f"{', '.join(texts)}{',' if is_tuple and len(texts) == 1 else ''}"

    def _tall(self, parts: list[_Part], depth: int, *, is_tuple: bool) -> str:
        del is_tuple
        inner = _INDENT * (depth + 1)
        lines = (f"{inner}{part.name}{self.text(part.value, depth + 1)},\n" for part in parts)
        return f"\n{''.join(lines)}{_INDENT * depth}" if parts else ""

    def _joined(self, value: object, depth: int, join: Callable[..., str]) -> str:
        if isinstance(value, Sql):
            return self._sql(value, depth, join)
        if isinstance(value, Enum):
            self._names.add(type(value).__name__)
            return f"{type(value).__name__}.{value.name}"
        if is_dataclass(value) and not isinstance(value, type):
            self._names.add(type(value).__name__)
            body = join(list(_said(value)), depth, is_tuple=False)
            return f"{type(value).__name__}({body})"
        if isinstance(value, tuple | list):
            body = join([_Part("", each) for each in value], depth, is_tuple=True)
            return f"({body})" if isinstance(value, tuple) else f"[{body.removesuffix(',')}]"
        if isinstance(value, Mapping):
            parts = [_Part(f"{self.text(key, 0)}: ", each) for key, each in value.items()]
            return f"{{{join(parts, depth, is_tuple=False)}}}"
        self._names.update(name for kinds, name in _PLAIN if isinstance(value, kinds))
        return quoted(value) if isinstance(value, str) else repr(value)

    def _sql(self, value: Sql, depth: int, join: Callable[..., str]) -> str:
        """Write SQL as `Sql.of`, where it is one statement a store."""
        self._names.add("Sql")
        if any(len(texts) != 1 for _, texts in value.texts):
            return f"Sql({self.text(value.texts, depth)})"
        said = {store: texts[0] for store, texts in value.texts}
        one = said["*"] if set(said) == {"*"} else said
        return f"Sql.of({join([_Part('', one)], depth, is_tuple=False)})"


def _said(value: object) -> Iterator[_Part]:
    """Give the fields that are not as they are by default; those that have none go unnamed."""
    for field in fields(value):  # type: ignore[arg-type]
        part = getattr(value, field.name)
        is_required = field.default is MISSING and field.default_factory is MISSING
        if field.init and not _is_default(field, part):
            yield _Part("" if is_required else f"{field.name}=", part)


def _is_default(field: Field[object], part: object) -> bool:
    if field.default is not MISSING:
        return part is field.default or (
            part == field.default and bool(part) is bool(field.default)
        )
    return field.default_factory is not MISSING and part == field.default_factory()
