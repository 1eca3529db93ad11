"""From a statement to its plan: looked up by shape, compiled only when the shape is new."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ommi.metadata.model import ModelMetadata
from ommi.metadata.relations import Relation
from ommi.planning.cache import RecentlyUsed
from ommi.planning.compiler import Compiler, JoiningCompiler
from ommi.planning.plan import Hydrator, Plan, ResultColumn, binder
from ommi.query.fields import Equality
from ommi.query.prepared_select import PreparedSelect
from ommi.query.statements import Count, Guarded, Select, Statement
from ommi.query.transform import Lifter

MOST_PLANS = 1024
MOST_VALUES_KEPT = 1000
"""A statement with more values is compiled each time: its like will hardly come again."""

Related = tuple[Relation, Sequence[ResultColumn]]
MakeHydrator = Callable[[ModelMetadata, Sequence[ResultColumn], Sequence[Related]], Hydrator]


class Planner:
    """Makes plans for one store and keeps them."""

    def __init__(
        self,
        compiler: Compiler,
        make_hydrator: MakeHydrator,
        runs_user_code: Callable[[ModelMetadata], bool],
    ) -> None:
        self.compile_by(compiler)
        self.cache: RecentlyUsed[Plan] = RecentlyUsed(MOST_PLANS)
        self._known = self.cache.kept
        self._make_hydrator = make_hydrator
        self._runs_user_code = runs_user_code
        self._hydrators: RecentlyUsed[tuple[Hydrator, bool]] = RecentlyUsed(MOST_PLANS)

    def compile_by(self, compiler: Compiler) -> None:
        """Take another compiler from now on; only one that can tell columns can join."""
        self.compiler: Compiler = compiler
        self._joining = compiler if isinstance(compiler, JoiningCompiler) else None

    @property
    def can_join(self) -> bool:
        """Whether rows of other models can come beside those asked for."""
        return self._joining is not None

    def plan(self, statement: Statement | Guarded) -> tuple[Plan, list[object]]:
        """Give the plan of a statement, and the values to bind it with."""
        values: list[object] = []
        shape = statement.shape(values)
        plan = self._known[shape]
        if plan is None:
            plan = self._compiled(statement)
            if len(values) <= MOST_VALUES_KEPT:
                self.cache.put(shape, plan)
        return plan, values

    def plan_of_any(self, select: Select, count: int) -> tuple[Plan, list[object]]:
        """Give the plan of any `count` rows of a selection without a limit, and its values."""
        if type(select) is Select:
            where = select.where
            if type(where) is Equality and select.offset is None and not select.beside:
                # Most questions for one row: what `select.any_of_them(count).shape` would give.
                plan = self._known[select.model, where.left.equality_shape, count]
                if plan is not None:
                    return plan, [where.right]
        elif isinstance(select, PreparedSelect):
            shape, values = select.asked_of_any(count)
            plan = self._known[shape]
            if plan is not None:
                return plan, values
        return self.plan(select.any_of_them(count))

    def _compiled(self, statement: Statement | Guarded) -> Plan:
        lifted = Lifter().statement(statement)
        compiled = self.compiler.compile(lifted)
        model = lifted.select.model if isinstance(lifted, Count) else lifted.model
        hydrate, runs_user_code = None, False
        if isinstance(lifted, Select):
            hydrate, runs_user_code = self._hydrator(model, compiled.columns, lifted.beside)
        return Plan(
            command=compiled.command,
            statement=lifted,
            slots=compiled.slots,
            bind=binder(compiled.slots),
            columns=compiled.columns,
            hydrate=hydrate,
            runs_user_code=runs_user_code,
            model=model,
            note=compiled.note,
        )

    def _hydrator(
        self,
        model: ModelMetadata,
        columns: tuple[ResultColumn, ...],
        beside: tuple[Relation, ...],
    ) -> tuple[Hydrator, bool]:
        # Most selects of a model read the same columns; generating code again would be the
        # dearest part of a new plan.
        key = model, columns, beside
        made = self._hydrators.get(key)
        if made is None:
            related = [(relation, self._columns_of(relation.target)) for relation in beside]
            models = (model, *(relation.target for relation in beside))
            made = (
                self._make_hydrator(model, columns, related),
                any(map(self._runs_user_code, models)),
            )
            self._hydrators.put(key, made)
        return made

    def _columns_of(self, model: ModelMetadata) -> Sequence[ResultColumn]:
        assert self._joining is not None  # noqa: S101 - else nobody asks for a join
        return self._joining.columns_of(model)
