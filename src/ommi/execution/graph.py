"""Adding instances together with what was attached to them: `user.posts.add(post)`."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

from ommi.drivers.protocol import Step
from ommi.errors import InvalidValue, QueryError
from ommi.execution.insertion import Insertion, completed
from ommi.execution.relations import put_related
from ommi.execution.times import times_of
from ommi.execution.writing import Writer
from ommi.metadata.model import MISSING, FieldMetadata, ModelMetadata, metadata_of
from ommi.metadata.relations import Relation
from ommi.planning.plan import Parameters, Rows
from ommi.query.statements import Delete, Update
from ommi.relations import ATTACHED, Batch, attachments_of, state_of
from ommi.values import frozen


class GraphWriter(Writer):
    """Writes instances, and in the same transaction what was attached to them."""

    # A coroutine of its own would be one more on the way of every add.
    def add(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        instance: Any,  # noqa: ANN401 - of the user's own class
    ) -> Coroutine[Any, Any, Any]:
        """Add one row, and what was attached; give the instance with what the store filled in."""
        if type(instance) in ATTACHED and attachments_of(instance):
            return self._with_attached(instance)
        return super().add(instance)

    async def _with_attached(self, instance: Any) -> Any:  # noqa: ANN401 - of the user's own class
        return (await self._graph([instance]))[0]

    async def add_all(self, instances: Sequence[Any]) -> list[Any]:
        """Add rows, and what was attached, together or not at all; give the instances in order."""
        if (
            ATTACHED
            and not ATTACHED.isdisjoint(map(type, instances))
            and any(map(attachments_of, instances))
        ):
            return await self._graph(instances)
        return await super().add_all(instances)

    async def run_together(self, works: Sequence[Update | Delete | list[Any]]) -> list[Any]:
        """Run writes and adds together; refuses instances to which others are attached."""
        for work in works:
            if isinstance(work, list) and any(map(attachments_of, work)):
                raise QueryError(
                    "batch() adds single rows, and others are attached to one of them; add() adds "
                    "them together, in a transaction if more is to happen"
                )
        return await super().run_together(works)

    async def _graph(self, instances: Sequence[Any]) -> list[Any]:
        nodes = _nodes(instances)
        runs = [_Run(self._insertion_of(group[0]), group) for group in _groups(nodes)]
        for number, run in enumerate(runs):
            for place, node in enumerate(run.nodes):
                node.run, node.place = number, place
                node.start(run.insertion)
        told = await self._executor.connection.run_batch([run.step(runs) for run in runs])
        for run, returned in zip(runs, told, strict=True):
            run.complete(returned, Batch(self._executor.database))
        for node in nodes:
            node.remember()
        return [node.added for node in nodes[: len(instances)]]

    def _insertion_of(self, node: _Node) -> Insertion:
        omitted = tuple(f for f in node.model.generated if node.is_left_to_store(f))
        return self._insertion_without(node.model, omitted)


def nodes_of(instances: Sequence[Any]) -> list[tuple[ModelMetadata, dict[str, object]]]:
    """Tell the rows that adding instances adds: their models, and what is known of their values.

    Values are stored forms by column; what the store gives, or another row's key, is not there.
    """
    if any(map(attachments_of, instances)):
        return [node.known() for node in _nodes(instances)]
    return [_Node(metadata_of(type(instance)), instance).known() for instance in instances]


@dataclass(eq=False)
class _Node:
    """A row to be added: of an instance, or of an association between two."""

    model: ModelMetadata
    instance: Any = None
    attached: list[tuple[Relation, list[_Node | Any]]] = field(default_factory=list)
    links: list[_Link] = field(default_factory=list)
    run: int = 0
    place: int = 0
    stored: dict[FieldMetadata, object] = field(default_factory=dict)
    filled: dict[str, object] = field(default_factory=dict)
    added: Any = None
    level: int = -1

    def is_left_to_store(self, each: FieldMetadata) -> bool:
        """Tell whether the store is to give the value of a field."""
        linked = any(each is near for link in self.links for near, _ in link.pairs)
        return not linked and self._value(each) is None

    def known(self) -> tuple[ModelMetadata, dict[str, object]]:
        """Tell what is known of the row before it is added."""
        filled = times_of(self.model, self.instance or _Nothing(), is_new=True)
        linked = {near for link in self.links for near, _ in link.pairs}
        values = {
            each.column: each.dump(filled.get(each.name, self._value(each)))
            for each in self.model.fields
            if each not in linked and not self.is_left_to_store_by(each, filled)
        }
        return self.model, values

    def is_left_to_store_by(self, each: FieldMetadata, filled: dict[str, object]) -> bool:
        """Tell whether the store fills in a field that the clock does not."""
        is_generated = each in self.model.generated and each.name not in filled
        return is_generated and self.is_left_to_store(each)

    def start(self, insertion: Insertion) -> None:
        """Work out all that is known before anything is sent."""
        self.filled = {}
        if self.model.times:
            self.filled = times_of(self.model, self.instance or _Nothing(), is_new=True)
        linked = {near for link in self.links for near, _ in link.pairs}
        for each in insertion.fields:
            if each not in linked:
                value = self.filled.get(each.name, self._value(each))
                self.stored[each] = each.dump(value)
        for link in self.links:
            for near, far in link.pairs:
                if not isinstance(link.other, _Node):
                    self.stored[near] = far.dump(getattr(link.other, far.name))

    def follow(self, runs: Sequence[_Run], told: Sequence[Rows]) -> None:
        """Take over the keys of the rows before this one that it refers to."""
        for link in self.links:
            if isinstance(link.other, _Node):
                for near, far in link.pairs:
                    self.stored[near] = link.other.key(far, runs, told)

    def key(self, each: FieldMetadata, runs: Sequence[_Run], told: Sequence[Rows]) -> object:
        """Give the stored form of a field of this row, which was added before."""
        if each in self.stored:
            return self.stored[each]
        insertion = runs[self.run].insertion
        place = insertion.returning.index(each)
        return each.dump(insertion.plan.columns[place].value(told[self.run][self.place][place]))

    def remember(self) -> None:
        """Let the instance know what was attached to it as loaded."""
        batch = None if self.added is None else state_of(self.added)
        for relation, others in self.attached:
            if batch is not None:
                found = [other.added if isinstance(other, _Node) else other for other in others]
                key = relation.key_of(self.added)
                put_related(relation, batch[1], {key: found if relation.is_many else found[0]})

    def _value(self, each: FieldMetadata) -> object:
        if self.instance is not None:
            return getattr(self.instance, each.name, None)
        if each.default is not MISSING:
            return each.default
        if each.default_factory is not None:
            return each.default_factory()
        if each.may_be_left_out:
            return None
        raise InvalidValue(
            "must have a value, and the relation through it gives none; add the rows of "
            f"{self.model.name} yourself",
            model=self.model.name,
            field=each.name,
        )


@frozen
class _Link:
    """A reference of a node, and the row that it refers to: one to be added, or one in store."""

    pairs: tuple[tuple[FieldMetadata, FieldMetadata], ...]
    other: _Node | Any


class _Nothing:
    """Stands for the instance of an association's row, which has none."""

    def __getattr__(self, name: str) -> None:
        return None


@frozen
class _Run:
    """Rows that are added by one command."""

    insertion: Insertion
    nodes: list[_Node]

    def step(self, runs: Sequence[_Run]) -> Step:
        """Give the step of the batch; its parameters wait for the keys of earlier ones."""
        if not any(isinstance(link.other, _Node) for node in self.nodes for link in node.links):
            return Step(self.insertion.plan.command, self._parameters(), self.insertion.told)

        def follow(told: Sequence[Rows]) -> list[Parameters]:
            for node in self.nodes:
                node.follow(runs, told)
            return self._parameters()

        return Step(self.insertion.plan.command, (), self.insertion.told, follow)

    def complete(self, returned: Rows, batch: Batch) -> None:
        """Give the instances what was filled in."""
        each = returned if self.insertion.returning else repeat((), len(self.nodes))
        rows = []
        for node, parameters, told in zip(self.nodes, self._parameters(), each, strict=True):
            for link in node.links:
                for near, _ in link.pairs:
                    node.filled[near.name] = near.load(node.stored[near])
            if node.instance is None:
                continue
            node.added = completed(
                self.insertion, node.instance, node.filled, parameters, told, batch
            )
            state = state_of(node.added)
            rows.append(() if state is None else state[0])
        batch.rows = rows

    def _parameters(self) -> list[Parameters]:
        bind, fields = self.insertion.plan.bind, self.insertion.fields
        return [bind([node.stored[each] for each in fields]) for node in self.nodes]


def _nodes(instances: Sequence[Any]) -> list[_Node]:
    """Give a node for each instance, for all that is attached to them, and for associations."""
    known: dict[int, _Node] = {}
    between: list[_Node] = []
    waiting = [_node(instance, known) for instance in instances]
    if len(known) < len(instances):
        raise QueryError("the same instance is to be added twice")
    while waiting:
        node = waiting.pop(0)
        for name, others in attachments_of(node.instance).items():
            relation = node.model.relation(name)
            ends: list[_Node | Any] = []
            for other in others:
                if state_of(other) is not None:
                    ends.append(_in_store(relation, other))
                    continue
                if id(other) not in known:
                    waiting.append(_node(other, known))
                ends.append(known[id(other)])
            node.attached.append((relation, ends))
            between.extend(_linked(relation, node, ends))
    return [*known.values(), *between]


def _node(instance: Any, known: dict[int, _Node]) -> _Node:  # noqa: ANN401 - of the user's class
    node = known[id(instance)] = _Node(metadata_of(type(instance)), instance)
    return node


def _in_store(relation: Relation, other: object) -> object:
    if relation.is_reversed and relation.association is None:
        name = relation.far_fields[0].name
        raise QueryError(
            f"{relation!r}: the {type(other).__name__} is in the store already; add the "
            f"{relation.owner.name}, then assign {name} and save it"
        )
    return other


def _linked(relation: Relation, node: _Node, ends: Sequence[_Node | Any]) -> Iterator[_Node]:
    """Link the rows that a relation ties together; give those between them."""
    back = tuple((far, near) for near, far in relation.pairs)
    for end in ends:
        if relation.association is not None:
            links = [_Link(back, node), _Link(relation.association.pairs, end)]
            yield _Node(relation.association.model, links=links)
        elif relation.is_reversed:
            end.links.append(_Link(back, node))
        else:
            node.links.append(_Link(relation.pairs, end))


def _groups(nodes: Sequence[_Node]) -> Iterable[list[_Node]]:
    """Give the rows that one command can add, those first that others refer to."""
    for node in nodes:
        _place(node, [])
    groups: dict[object, list[_Node]] = {}
    for node in sorted(nodes, key=lambda node: node.level):
        omitted = tuple(f for f in node.model.generated if node.is_left_to_store(f))
        groups.setdefault((node.level, node.model, omitted), []).append(node)
    return groups.values()


def _place(node: _Node, below: list[_Node]) -> None:
    if node in below:
        names = " -> ".join(each.model.name for each in (*below[below.index(node) :], node))
        raise QueryError(
            f"the instances to be added refer to each other in a circle ({names}); add one "
            "without its reference, then assign that and save it"
        )
    if node.level < 0:
        others = [link.other for link in node.links if isinstance(link.other, _Node)]
        for other in others:
            _place(other, [*below, node])
        node.level = 1 + max((other.level for other in others), default=-1)
