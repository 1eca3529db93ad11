"""The documents that a part of a question can read, and the stages that bring others near.

Each scope is a pipeline. The document of the scope `n` levels down from the outermost is the
variable `sn` in those inside it. What lookups find is put into the documents themselves, under
names that no column has.
"""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase

from ommi.drivers.mongodb.documents import place_of
from ommi.drivers.mongodb.storage import STORE
from ommi.drivers.mongodb.templates import Template
from ommi.errors import UnsupportedOperation
from ommi.metadata.model import FieldMetadata, ModelMetadata
from ommi.metadata.paths import Hop, Path

Near = Sequence[tuple[Template, FieldMetadata]]
"""Values, and the fields of other rows that are to have them."""


DEEPEST = 20
"""How many pipelines may stand within each other, to MongoDB."""


class Scope:
    """One pipeline while it is written; `stages` are to come before its conditions."""

    def __init__(self, outer: Scope | None = None) -> None:
        self.stages: list[Template] = []
        self.uses: int = 0
        """How often something was asked for that the stages bring near or calculate."""
        self.depth: int = 0 if outer is None else outer.depth + 1
        if self.depth > DEEPEST:
            raise UnsupportedOperation(
                f"ask for rows that {DEEPEST + 1} questions within each other lead to", STORE
            )
        self._outer = outer
        self._count = 0
        self._reached: dict[tuple[int, Path], str] = {}

    def fresh(self) -> str:
        """Give a name for a field that is calculated."""
        self._count += 1
        self.uses += 1
        return f"%{ascii_lowercase[self.depth]}x{self._count}"

    def path(self, level: int, place: str) -> str:
        """Give the path to a place in the document `level` scopes further out."""
        return f"${place}" if level == 0 else f"$$s{self.depth - level}.{place}"

    def keep(self, expression: Template) -> str:
        """Calculate something for each document; give the name of the field that has it."""
        name = self.fresh()
        self.stages.append({"$set": {name: expression}})
        return name

    def reached(self, level: int, hops: Path) -> str:
        """Bring the row near that single references lead to; give the field that it is in."""
        self.uses += 1
        known = self._reached.get((level, hops))
        if known is None:
            *before, hop = hops
            if before:
                start = self.reached(level, tuple(before))
                near = [(f"${start}.{place_of(hop.near, f)}", far) for f, far in hop.pairs]
            else:
                near = [(self.path(level, place_of(hop.near, f)), far) for f, far in hop.pairs]
            known = self._reached[level, hops] = self._joined(hop, near)
        return known

    def _joined(self, hop: Hop, near: Near) -> str:
        name = self.lookup(hop.far, near, [{"$limit": 1}])
        # An empty list has no first element; null has every field missing.
        self.stages.append({"$set": {name: {"$ifNull": [{"$first": f"${name}"}, None]}}})
        return name

    def lookup(
        self, far: ModelMetadata, near: Near, then: Sequence[Template], *, is_scope: bool = False
    ) -> str:
        """Look rows up into a list; give the field that it is in. A null has no equal."""
        name = self.fresh()
        variables: dict[str, Template] = {f"n{at}": value for at, (value, _) in enumerate(near)}
        if is_scope:
            variables[f"s{self.depth}"] = "$$ROOT"
        matching: list[Template] = []
        if near:
            tests = [{"$gt": [f"$$n{at}", None]} for at in range(len(near))]
            matching = [{"$match": {"$expr": {"$and": [*tests, *_equal(far, near)]}}}]
        self.stages.append(
            {
                "$lookup": {
                    "from": far.table,
                    "let": variables,
                    "pipeline": [*matching, *then],
                    "as": name,
                }
            }
        )
        return name


def _equal(far: ModelMetadata, near: Near) -> list[Template]:
    fields = [field for _, field in near]
    if len(far.keys) > 1 and set(fields) == set(far.keys) and len(fields) == len(far.keys):
        # Only the key as a whole has an index.
        places = {field: f"$$n{at}" for at, field in enumerate(fields)}
        key = {place_of(far, field).partition(".")[2]: places[field] for field in far.keys}
        return [{"$eq": ["$_id", key]}]
    return [{"$eq": [f"${place_of(far, f)}", f"$$n{at}"]} for at, f in enumerate(fields)]
